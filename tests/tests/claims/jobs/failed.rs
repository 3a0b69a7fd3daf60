//! Jobs that were given up: shown without what is somebody's, begun anew, forgotten.

use futures_util::future::join;
use serde_json::{Value, json};
use tests::id::absent;
use tests::job::insert;
use tests::{Engine, World, claims, eventually};

claims![
    administrators_see_why_a_job_was_given_up_and_nobody_s_address,
    jobs_are_begun_anew_as_a_batch,
    a_job_is_begun_anew_once_whoever_asks,
    a_job_that_is_forgotten_is_gone,
    what_is_not_known_any_more_is_not_begun_anew,
    jobs_are_only_administrators_business,
    queues_tell_how_many_wait_run_and_failed,
    failed_jobs_are_listed_by_queue_and_page,
];

/// A world with mails that can't be sent, each of which was given up.
async fn with_mails_given_up(engine: Engine, count: usize) -> (World, tests::User) {
    let world = World::start(engine).await;
    let root = world.administrator("root").await;
    for number in 0..count {
        let payload = format!(r#"{{"to": "no address", "subject": "Number {number}", "text": "Hello"}}"#);
        insert(&world.database, "mail", &payload).await;
    }
    root.so_many_failed_jobs(count).await;
    (world, root)
}

/// Makes mails such that they can be sent.
async fn mend(world: &World) {
    let payload = r#"{"to": "ann@example.org", "subject": "Mended", "text": "Hello"}"#;
    world.database.execute(&format!("UPDATE failed_jobs SET payload = '{payload}'")).await;
}

async fn administrators_see_why_a_job_was_given_up_and_nobody_s_address(world: World) {
    let root = world.administrator("root").await;
    world.server.begin_batch(&[-1], None).await;
    let jobs = root.so_many_failed_jobs(1).await;
    let job = &jobs[0];
    assert!(job["id"].as_str().unwrap().starts_with("fjb_"));
    assert_eq!([&job["queue"], &job["kind"], &job["attempts"]], [&json!("MAIL"), &json!("count"), &json!(1)]);
    assert_eq!(job["error"], "It is below zero, says […]");
    assert!(job["createdAt"].as_str() <= job["failedAt"].as_str());
    let kept = world.database.number("SELECT COUNT(*) FROM failed_jobs WHERE exception LIKE '%example%'").await;
    assert_eq!(kept, 0);
}

async fn jobs_are_begun_anew_as_a_batch(engine: Engine) {
    let (world, root) = with_mails_given_up(engine, 3).await;
    mend(&world).await;
    let none = root.retry_all_jobs(Some("SLOW")).await;
    assert_eq!(none.ok("/failedJobRetryAll/retriedCount"), 0);
    let answer = root.retry_all_jobs(Some("MAIL")).await;
    assert_eq!(answer.ok("/failedJobRetryAll/retriedCount"), 3);
    assert_eq!(answer.ok("/failedJobRetryAll/hasMore"), false);
    let batch = answer.ok("/failedJobRetryAll/batch");
    assert_eq!((&batch["total"], &batch["name"]), (&json!(3), &json!("retry")));
    world.server.mail_to("ann@example.org", "Mended", 3).await;
    let finished = root.finished_batch(batch["id"].as_str().unwrap()).await;
    assert_eq!((&finished["failed"], &finished["progress"]), (&json!(0), &json!(100)));
    assert!(root.failed_jobs().await.is_empty());
    let log = root.audit_log().await;
    let actions: Vec<_> = log.iter().filter(|line| line["action"] == "JOB_RETRY_ALL").collect();
    assert_eq!((actions.len(), &actions[0]["actor"]["id"]), (1, &json!(root.id)), "what changes nothing is no line");
}

async fn a_job_is_begun_anew_once_whoever_asks(engine: Engine) {
    let (world, root) = with_mails_given_up(engine, 1).await;
    let other = world.administrator("other").await;
    mend(&world).await;
    let id = root.failed_jobs().await[0]["id"].as_str().unwrap().to_owned();
    let (one, another) = join(root.retry_job(&id), other.retry_job(&id)).await;
    let retried = [&one, &another].map(|answer| answer.user_errors("failedJobRetry").is_empty());
    assert!(retried[0] != retried[1], "{retried:?}");
    let late = if retried[0] { another } else { one };
    late.refused("failedJobRetry", "NOT_FOUND", &["id"]);
    world.server.mail_to("ann@example.org", "Mended", 1).await;
    tests::job::all_done(&world.database).await;
    assert_eq!(world.server.mails_to("ann@example.org", "Mended").len(), 1);
}

async fn a_job_that_is_forgotten_is_gone(engine: Engine) {
    let (_world, root) = with_mails_given_up(engine, 2).await;
    let ids: Vec<_> = root.failed_jobs().await.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(root.forget_job(&ids[0]).await.text("/failedJobForget/forgottenId"), ids[0]);
    for answer in [root.forget_job(&ids[0]).await, root.forget_job(&absent(&ids[0])).await] {
        answer.refused("failedJobForget", "NOT_FOUND", &["id"]);
    }
    root.retry_job(&ids[0]).await.refused("failedJobRetry", "NOT_FOUND", &["id"]);
    root.forget_job(&root.id).await.refused("failedJobForget", "INVALID", &["id"]);
    let left = root.failed_jobs().await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &json!(ids[1])));
    let log = root.audit_log().await;
    assert_eq!(log.iter().filter(|line| line["action"] == "JOB_FORGET").count(), 1);
}

async fn what_is_not_known_any_more_is_not_begun_anew(engine: Engine) {
    let (world, root) = with_mails_given_up(engine, 1).await;
    // As it is kept once the account is gone.
    world.database.execute("UPDATE failed_jobs SET payload = '{}'").await;
    let id = root.failed_jobs().await[0]["id"].as_str().unwrap().to_owned();
    root.retry_job(&id).await.refused("failedJobRetry", "CONFLICT", &["id"]);
    assert_eq!(root.retry_all_jobs(None).await.ok("/failedJobRetryAll/retriedCount"), 0);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs").await, 0);
}

async fn jobs_are_only_administrators_business(engine: Engine) {
    let (world, root) = with_mails_given_up(engine, 1).await;
    let id = root.failed_jobs().await[0]["id"].as_str().unwrap().to_owned();
    let alice = world.user("alice").await;
    let key = root.create_key(&["READ", "WRITE"]).await.user;
    for user in [&alice, &world.guest("visitor").await] {
        for id in [&id, &absent(&id)] {
            user.retry_job(id).await.refused("failedJobRetry", "NOT_FOUND", &["id"]);
            user.forget_job(id).await.refused("failedJobForget", "NOT_FOUND", &["id"]);
        }
        user.retry_all_jobs(None).await.refused_with("failedJobRetryAll", "FORBIDDEN");
    }
    key.retry_job(&id).await.failed("FORBIDDEN");
    key.forget_job(&id).await.failed("FORBIDDEN");
    key.retry_all_jobs(None).await.failed("FORBIDDEN");
    let input = json!({ "id": id });
    world.anonymous.mutate("failedJobRetry", input, "retriedId").await.failed("UNAUTHENTICATED");
    world.anonymous.mutate("failedJobRetryAll", json!({}), "hasMore").await.failed("UNAUTHENTICATED");
    let document = "{ viewer { administration { failedJobs { nodes { id } } jobQueues { failed } } } }";
    for user in [&alice, &key] {
        let answer = user.graphql(document, Value::Null).await;
        assert_eq!(answer.data(), &json!({ "viewer": { "administration": null } }));
    }
    assert_eq!(root.failed_jobs().await.len(), 1);
}

async fn queues_tell_how_many_wait_run_and_failed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    world.database.count_jobs().await;
    let root = world.administrator("root").await;
    let queues = async || {
        let document = "{ viewer { administration { jobQueues { queue waiting running failed } } } }";
        root.graphql(document, Value::Null).await.ok("/viewer/administration/jobQueues").clone()
    };
    let state = |waiting: i64, running: i64, failed: i64| {
        let mails = json!({ "queue": "MAIL", "waiting": waiting, "running": running, "failed": failed });
        let empty = |queue| json!({ "queue": queue, "waiting": 0, "running": 0, "failed": 0 });
        json!([mails, empty("MINT"), empty("SLOW"), empty("ASSISTANT")])
    };
    let until = async |expected: Value| {
        eventually("the numbers", async || (queues().await == expected).then_some(())).await;
    };
    // The mail that proves root's address waits, too.
    until(state(1, 0, 0)).await;
    world.server.begin_batch(&[1, 2, -1], None).await;
    until(state(4, 0, 0)).await;
    let worker = world.worker(&[]);
    until(state(0, 0, 1)).await;
    world.server.begin_slow_batch(&[3, 4], None, 600_000).await;
    until(state(0, 2, 1)).await;
    worker.kill9();
}

async fn failed_jobs_are_listed_by_queue_and_page(engine: Engine) {
    let (world, root) = with_mails_given_up(engine, 5).await;
    world.database.execute("UPDATE failed_jobs SET queue = 'slow' WHERE CAST(payload AS text) LIKE '%Number 0%'").await;
    let document = "query($queue: JobQueueName, $after: Cursor) { viewer { administration { \
        failedJobs(first: 2, after: $after, queue: $queue) { nodes { id queue } pageInfo { hasNextPage endCursor } } } } }";
    for (queue, expected) in [(Value::Null, 5), (json!("MAIL"), 4), (json!("SLOW"), 1)] {
        let (mut walked, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = root.graphql(document, json!({ "queue": queue, "after": after })).await;
            let page = page.ok("/viewer/administration/failedJobs");
            walked.extend(page["nodes"].as_array().unwrap().clone());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(walked.len(), expected, "{queue}");
        assert!(queue.is_null() || walked.iter().all(|job| job["queue"] == queue), "{walked:?}");
        let ids: Vec<_> = walked.iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert!(ids.is_sorted_by(|one, next| one > next), "the latest first: {ids:?}");
    }
}
