//! Jobs: rows of their own, the batches of a test build, and processes that do nothing else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deadline::eventually;
use crate::{Answer, Database, Engine, Server, User, World};

/// A time long ago.
pub const PAST: &str = "2000-01-01T00:00:00+00:00";

/// What an administrator asks of a batch.
pub const BATCH: &str = "id name total pending failed failedJobIds progress cancelledAt createdAt finishedAt";

/// A job that was due long ago.
pub async fn insert(database: &Database, kind: &str, payload: &str) {
    let id = match database.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    insert_as(database, id, kind, payload).await;
}

/// The same with an id, as the engine spells it.
pub async fn insert_as(database: &Database, id: &str, kind: &str, payload: &str) {
    let sql = format!(
        "INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at) \
         VALUES ({id}, 'mail', '{kind}', '{payload}', 0, '{PAST}', '{PAST}')"
    );
    database.execute(&sql).await;
}

/// Waits until no job is left, for as long as there are fewer and fewer of them.
pub async fn all_done(database: &Database) {
    let count = async || database.number("SELECT COUNT(*) FROM jobs").await;
    let mut left = count().await;
    while left > 0 {
        left = eventually("a job to be done", async || Some(count().await).filter(|now| *now < left)).await;
    }
}

/// Waits until there are so many jobs of which this holds.
pub async fn until(database: &Database, count: i64, condition: &str) {
    let sql = format!("SELECT COUNT(*) FROM jobs WHERE {condition}");
    let what = format!("{count} jobs with {condition}");
    eventually(&what, async || (database.number(&sql).await == count).then_some(())).await;
}

impl Database {
    /// Makes the table in which jobs of tests count.
    pub async fn count_jobs(&self) {
        self.execute("CREATE TABLE test_counts (number INTEGER NOT NULL)").await;
    }

    /// What has been counted, in order.
    pub async fn counted(&self) -> Vec<i64> {
        let rows = self.rows("SELECT CAST(number AS BIGINT) FROM test_counts ORDER BY number").await;
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

impl Server {
    /// How many turns a kind of job takes until `look` gives something, while minutes pass.
    pub async fn turns(&self, kind: &str, what: &str, look: impl AsyncFn() -> Option<()>) -> f64 {
        let labels = [("kind", kind), ("outcome", "done")];
        let turns = async || self.metrics().await.sum("linnet_jobs_total", &labels);
        let before = turns().await;
        eventually(what, async || {
            self.advance_clock(Duration::from_secs(61)).await;
            look().await
        })
        .await;
        turns().await - before
    }

    /// Begins a batch of jobs that count these numbers, and one at its end. Numbers below zero can't be counted.
    pub async fn begin_batch(&self, numbers: &[i32], then: Option<i32>) -> String {
        self.begin_slow_batch(numbers, then, 0).await
    }

    /// The same where each job takes a while.
    pub async fn begin_slow_batch(&self, numbers: &[i32], then: Option<i32>, takes_ms: u64) -> String {
        let asked = json!({ "numbers": numbers, "then": then, "takesMs": takes_ms });
        let answer = self.controlled("/test/batch", asked).await;
        answer["id"].as_str().expect("a batch was begun").to_owned()
    }

    /// Remembers under a key what takes a while to find out, which is counted; none if it could not be found out.
    pub async fn remember(&self, key: &str, takes_ms: u64, value: i32) -> Option<i64> {
        let asked = json!({ "key": key, "lifetimeMs": 600_000, "takesMs": takes_ms, "value": value });
        self.controlled("/test/remember", asked).await["value"].as_i64()
    }

    /// Looks whether it is time for recurring work, now.
    pub async fn look_for_recurring_work(&self) {
        self.controlled("/test/recurring", Value::Null).await;
    }
}

impl World {
    /// A process that does jobs on this database, and serves nobody.
    pub fn worker(&self, environment: &[(&str, &str)]) -> Server {
        let worker = Server::prepare(&self.database, environment);
        worker.launch_as(worker.command(&["worker"]));
        worker
    }

    /// An administrator.
    pub async fn administrator(&self, username: &str) -> User {
        let user = self.user(username).await;
        self.grant_admin(username).await;
        user
    }
}

impl User {
    /// A batch as it is now.
    pub async fn batch(&self, id: &str) -> Value {
        let document =
            format!("query($id: ID!) {{ viewer {{ administration {{ jobBatch(id: $id) {{ {BATCH} }} }} }} }}");
        let answer = self.graphql(&document, json!({ "id": id })).await;
        answer.ok("/viewer/administration/jobBatch").clone()
    }

    /// The same once nothing of it is pending.
    pub async fn finished_batch(&self, id: &str) -> Value {
        let finished = async || Some(self.batch(id).await).filter(|batch| !batch["finishedAt"].is_null());
        eventually("the batch to be finished", finished).await
    }

    /// Jobs that were given up.
    pub async fn failed_jobs(&self) -> Vec<Value> {
        let document = "{ viewer { administration { failedJobs { nodes { \
            id queue kind attempts error batchId createdAt failedAt } } } } }";
        self.graphql(document, Value::Null).await.list("/viewer/administration/failedJobs/nodes").clone()
    }

    /// The same once there are so many.
    pub async fn so_many_failed_jobs(&self, count: usize) -> Vec<Value> {
        let enough = async || Some(self.failed_jobs().await).filter(|jobs| jobs.len() == count);
        eventually("jobs to be given up", enough).await
    }

    /// Begins a job anew.
    pub async fn retry_job(&self, id: &str) -> Answer {
        self.mutate("failedJobRetry", json!({ "id": id }), "retriedId").await
    }

    /// Begins all jobs anew.
    pub async fn retry_all_jobs(&self, queue: Option<&str>) -> Answer {
        let select = format!("retriedCount hasMore batch {{ {BATCH} }}");
        self.mutate("failedJobRetryAll", json!({ "queue": queue }), &select).await
    }

    /// Forgets a job.
    pub async fn forget_job(&self, id: &str) -> Answer {
        self.mutate("failedJobForget", json!({ "id": id }), "forgottenId").await
    }

    /// Cancels a batch.
    pub async fn cancel_batch(&self, id: &str) -> Answer {
        self.mutate("jobBatchCancel", json!({ "id": id }), &format!("batch {{ {BATCH} }}")).await
    }
}
