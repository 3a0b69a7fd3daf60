//! Who holds a job: claiming, holding on to it, and letting go.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{BatchId, JobId, LeaseId};
use entity::{Timestamp, failed_job, job, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, Value};

use super::{Queue, Task, failed, rest};
use crate::app::App;
use crate::batch;
use crate::error::{Error, Result};
use crate::infra::db::{self, Engine};
use crate::work;

/// For how long a job is held without a word from who holds it.
const LEASE: Duration = Duration::from_secs(30);

/// How a queue stands.
#[derive(FromQueryResult)]
pub(super) struct Standing {
    stamp: Timestamp,
    due: Option<Timestamp>,
}

impl Standing {
    /// How long it is until the next job is due; none if there is none.
    pub(super) fn due_in(&self) -> Option<Duration> {
        Some((self.due? - self.stamp).to_std().unwrap_or_default())
    }
}

/// Looks at a queue, without locking anything.
pub(super) async fn look(app: &App, queue: Queue) -> Result<Standing> {
    let sql = format!(
        "SELECT {} AS stamp, (SELECT available_at FROM jobs WHERE queue = $1 ORDER BY available_at LIMIT 1) AS due",
        app.db.engine().now()
    );
    let standing = app.db.one(sql, [queue.name().into()]).await?;
    standing.ok_or_else(|| Error::internal("the database told no time"))
}

/// Begins the job that has been due for longest, if there is one that nobody else begins.
pub(super) async fn claim(app: &App, queue: Queue) -> Result<Option<job::Model>> {
    let engine = app.db.engine();
    let lease: LeaseId = app.clock.id();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let now = db::stamp(transaction, engine).await?;
            let sql = format!(
                "UPDATE jobs SET attempts = attempts + 1, reserved_at = $2, available_at = $3, lease_id = $4 WHERE id = \
                 (SELECT id FROM jobs WHERE queue = $1 AND available_at <= $2 ORDER BY available_at, id LIMIT 1{}) \
                 RETURNING *",
                engine.skip_locked()
            );
            let values = [queue.name().into(), now.into(), (now + LEASE).into(), lease.into()];
            Ok(job::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?)
        })
    });
    work.await
}

/// A job that this node has begun. Another one may have begun it since: whatever is written for it asks [`Running::hold`].
#[derive(Clone, Copy, Debug)]
pub struct Running {
    id: JobId,
    attempt: i32,
    /// What tells this beginning from all others. Nodes of before it know attempts only, so both are compared.
    lease: Option<LeaseId>,
    batch_id: Option<BatchId>,
    engine: Engine,
}

/// The job, if it is still held.
const HELD: &str = "WHERE id = $1 AND attempts = $2 AND lease_id = $3";

impl Running {
    pub(super) fn new(app: &App, row: &job::Model) -> Self {
        let job::Model { id, attempts: attempt, lease_id: lease, batch_id, .. } = *row;
        Self { id, attempt, lease, batch_id, engine: app.db.engine() }
    }

    /// Which one.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The batch that it is of.
    pub fn batch_id(&self) -> Option<BatchId> {
        self.batch_id
    }

    /// Holds the job for another while, and nobody else begins it before this transaction ends.
    ///
    /// Errors: another node holds it; nothing should be done for it any more.
    pub async fn hold(&self, on: &DatabaseTransaction) -> Result<()> {
        required(self.extend(on, "", []).await?)
    }

    /// As [`Running::hold`], and notes how far it has come: whoever begins it again goes on from there.
    pub async fn save(&self, on: &DatabaseTransaction, task: &Task) -> Result<()> {
        required(self.extend(on, ", payload = $5", [task.write()?.payload.into()]).await?)
    }

    /// Ends the job in the transaction of what it was to do, so that it is done once, whatever is killed. The last that is done
    /// for a job.
    ///
    /// Errors: another node holds it; nothing should be done for it any more.
    pub async fn complete(&self, app: &App, on: &DatabaseTransaction) -> Result<()> {
        required(self.end(app, on).await?)
    }

    /// Lets it go in the transaction at hand, to be begun again after a pause.
    ///
    /// Errors: another node holds it; nothing should be done for it any more.
    pub async fn postpone(&self, on: &DatabaseTransaction, pause: Duration) -> Result<()> {
        let at = db::stamp(on, self.engine).await? + pause;
        let sql = format!("UPDATE jobs SET reserved_at = NULL, lease_id = NULL, available_at = $4 {HELD}");
        required(self.change(on, &sql, [at.into()]).await?)
    }

    /// Whether it is still held, and then for another while.
    async fn extend<const N: usize>(&self, on: &DatabaseTransaction, set: &str, values: [Value; N]) -> Result<bool> {
        let until = db::stamp(on, self.engine).await? + LEASE;
        self.change(
            on,
            &format!("UPDATE jobs SET available_at = $4{set} {HELD}"),
            [until.into()].into_iter().chain(values),
        )
        .await
    }

    /// Runs a statement on the job. Whether it is still held.
    async fn change(
        &self,
        on: &DatabaseTransaction,
        sql: &str,
        further: impl IntoIterator<Item = Value>,
    ) -> Result<bool> {
        let values = [self.id.into(), self.attempt.into(), self.lease.into()].into_iter().chain(further);
        Ok(on.execute_raw(self.engine.sql(sql, values)).await?.rows_affected() == 1)
    }

    /// Renews the hold for as long as the job runs; returns when somebody else has it.
    pub(super) async fn renew(self, app: &App) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let held = app.db.write(move |transaction| Box::pin(async move { self.extend(transaction, "", []).await }));
            match held.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(job = %self.id, ?error, "a job was not renewed"),
            }
        }
    }

    /// It is done, or was done by [`Running::complete`].
    pub(super) async fn done(self, app: &Arc<App>) -> Result<()> {
        let context = app.clone();
        let work =
            app.db.write(move |transaction| Box::pin(async move { self.end(&context, transaction).await.map(drop) }));
        work.await
    }

    /// Takes it away, and counts it in its batch. Whether it was still held.
    async fn end(&self, app: &App, on: &DatabaseTransaction) -> Result<bool> {
        let held = self.change(on, &format!("DELETE FROM jobs {HELD}"), []).await?;
        if let Some(batch_id) = self.batch_id.filter(|_| held) {
            batch::count(app, on, batch_id, 1).await?;
        }
        Ok(held)
    }

    /// It failed, and is to be begun again after a rest.
    pub(super) async fn again(self, app: &App) -> Result<()> {
        let at = app.db.stamp().await? + rest(self.attempt, app.clock.fraction());
        let sql = format!("UPDATE jobs SET reserved_at = NULL, lease_id = NULL, available_at = $4 {HELD}");
        self.settle(app, sql, at).await
    }

    /// It was begun in vain, which does not count as an attempt: whoever begins it next may do so after `pause`.
    pub(super) async fn put_back(self, app: &App, pause: Duration) -> Result<()> {
        let at = app.db.stamp().await? + pause;
        let sql = format!(
            "UPDATE jobs SET reserved_at = NULL, lease_id = NULL, available_at = $4, attempts = attempts - 1 {HELD}"
        );
        self.settle(app, sql, at).await
    }

    async fn settle(self, app: &App, sql: String, at: Timestamp) -> Result<()> {
        let work = app.db.write(move |transaction| {
            Box::pin(async move { self.change(transaction, &sql, [at.into()]).await.map(drop) })
        });
        work.await
    }

    /// It is given up: what it was to do, and why it did not, is kept.
    pub(super) async fn give_up(self, app: &Arc<App>, row: job::Model, why: &str) -> Result<()> {
        let engine = self.engine;
        let (context, failed_id, exception) = (app.clone(), app.clock.id(), failed::shown(why));
        let work = app.db.write(move |transaction| {
            Box::pin(async move {
                if !self.change(transaction, &format!("DELETE FROM jobs {HELD}"), []).await? {
                    return Ok(());
                }
                if let Some(task) = Task::read(&row) {
                    work::give_up(&context, transaction, &task).await?;
                }
                failed::replace(&context, transaction, self.id).await?;
                let payload = kept(engine, transaction, &row).await?;
                let failed = failed_job::Model {
                    id: failed_id,
                    uuid: row.id,
                    connection: "database".into(),
                    queue: row.queue,
                    kind: row.kind,
                    payload,
                    attempts: row.attempts,
                    exception,
                    batch_id: row.batch_id,
                    created_at: row.created_at,
                    failed_at: db::stamp(transaction, engine).await?,
                    user_id: row.user_id,
                };
                failed_job::Entity::insert(failed.into_active_model()).exec_without_returning(transaction).await?;
                match self.batch_id {
                    Some(batch_id) => batch::count_failed(&context, transaction, batch_id, failed_id).await,
                    None => Ok(()),
                }
            })
        });
        work.await
    }
}

/// What is kept of what a job was to do: no address of an account that is gone, and none that may be anybody's.
async fn kept(engine: Engine, on: &DatabaseTransaction, row: &job::Model) -> Result<serde_json::Value> {
    let nothing = serde_json::json!({});
    let Some(user_id) = row.user_id else {
        // Who still wants a password asks again.
        let of_anybody = matches!(Task::read(row), Some(Task::ResetPassword { .. }));
        return Ok(if of_anybody { nothing } else { row.payload.clone() });
    };
    // Whoever deletes the account has been here before, or waits and finds what is kept.
    let sql = format!("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL{}", engine.for_share());
    let whose = user::Model::find_by_statement(engine.sql(sql, [user_id.into()])).one(on).await?;
    Ok(whose.map_or(nothing, |_| row.payload.clone()))
}

fn required(held: bool) -> Result<()> {
    if held { Ok(()) } else { Err(Error::unavailable("another node has begun this job")) }
}
