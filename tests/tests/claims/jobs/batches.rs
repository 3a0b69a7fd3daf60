//! Batches: counted right, watched, cancelled, and with one job at the end.

use serde_json::{Value, json};
use tests::id::absent;
use tests::job::BATCH;
use tests::{Engine, Socket, Subscription, World, claims, eventually};

claims![
    a_batch_tells_how_far_it_has_come_and_ends_with_its_last_job,
    a_cancelled_batch_begins_no_more_jobs,
    a_batch_without_jobs_is_finished_at_once,
    jobs_of_a_batch_that_are_given_up_are_counted_and_named,
    a_job_that_is_begun_anew_is_of_its_batch_again,
    a_job_of_a_cancelled_batch_is_not_begun_anew,
    a_batch_is_only_administrators_business,
    who_is_no_administrator_any_more_watches_no_batch,
    batches_are_listed_the_newest_first,
];

/// A world in which nobody does jobs until a worker is started.
async fn without_workers(engine: Engine) -> World {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    world.database.count_jobs().await;
    world
}

async fn watch(socket: &Socket, id: &str) -> Subscription {
    let document = format!("subscription($id: ID!) {{ jobBatchProgress(id: $id) {{ {BATCH} }} }}");
    socket.subscribe(&document, json!({ "id": id })).await
}

async fn a_batch_tells_how_far_it_has_come_and_ends_with_its_last_job(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let numbers: Vec<_> = (0..40).collect();
    let id = world.server.begin_slow_batch(&numbers, Some(100), 600).await;
    assert!(id.starts_with("bat_"));
    let batch = root.batch(&id).await;
    let told = |batch: &Value| ["total", "pending", "failed", "progress"].map(|field| batch[field].as_i64().unwrap());
    assert_eq!((told(&batch), &batch["name"]), ([40, 40, 0, 0], &json!("count")));
    let socket = world.socket(&root).await;
    let mut stream = watch(&socket, &id).await;
    assert_eq!(stream.value().await, batch);
    let worker = world.worker(&[]);
    let mut states = vec![told(&batch)];
    let last = loop {
        let state = stream.value().await;
        states.push(told(&state));
        if !state["finishedAt"].is_null() {
            break state;
        }
    };
    stream.completed().await;
    assert!(states.len() > 2, "it is told on the way: {states:?}");
    assert!(states.is_sorted_by(|one, next| one[1] >= next[1] && one[3] <= next[3]), "{states:?}");
    assert_eq!((told(&last), &last["cancelledAt"]), ([40, 0, 0, 100], &Value::Null));
    let mut expected: Vec<i64> = (0..40).collect();
    expected.push(100);
    tests::job::all_done(&world.database).await;
    assert_eq!(world.database.counted().await, expected);
    assert_eq!(worker.stop().await.code(), Some(0));
    // Whoever comes late is told how it ended.
    let mut late = watch(&socket, &id).await;
    assert_eq!(late.value().await, last);
    late.completed().await;
}

async fn a_cancelled_batch_begins_no_more_jobs(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&(0..30).collect::<Vec<_>>(), Some(100)).await;
    let cancelled = root.cancel_batch(&id).await.ok("/jobBatchCancel/batch").clone();
    assert!(!cancelled["cancelledAt"].is_null() && cancelled["finishedAt"].is_null(), "{cancelled}");
    assert_eq!(root.cancel_batch(&id).await.ok("/jobBatchCancel/batch"), &cancelled, "once");
    let worker = world.worker(&[]);
    let finished = root.finished_batch(&id).await;
    assert_eq!((&finished["pending"], &finished["failed"], &finished["total"]), (&json!(0), &json!(0), &json!(30)));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs").await, 0);
    assert!(world.database.counted().await.is_empty(), "nothing was done, nor at the end");
    assert_eq!(root.cancel_batch(&id).await.ok("/jobBatchCancel/batch"), &finished);
    let log = root.audit_log().await;
    assert_eq!(log.iter().filter(|line| line["action"] == "JOB_BATCH_CANCEL").count(), 1, "{log:?}");
    worker.stop().await;
}

async fn a_batch_without_jobs_is_finished_at_once(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&[], Some(7)).await;
    let batch = root.batch(&id).await;
    assert_eq!((&batch["total"], &batch["progress"]), (&json!(0), &json!(100)));
    assert!(!batch["finishedAt"].is_null());
    let worker = world.worker(&[]);
    eventually("the end", async || (world.database.counted().await == [7]).then_some(())).await;
    worker.stop().await;
}

async fn jobs_of_a_batch_that_are_given_up_are_counted_and_named(engine: Engine) {
    let world = World::start(engine).await;
    world.database.count_jobs().await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&[1, -1, 2, -2, 3], Some(9)).await;
    let batch = root.finished_batch(&id).await;
    assert_eq!((&batch["failed"], &batch["progress"]), (&json!(2), &json!(100)));
    let failed = root.failed_jobs().await;
    let mut named: Vec<_> = batch["failedJobIds"].as_array().unwrap().clone();
    let mut known: Vec<_> = failed.iter().map(|job| job["id"].clone()).collect();
    named.sort_by_key(Value::to_string);
    known.sort_by_key(Value::to_string);
    assert_eq!(named, known);
    assert!(failed.iter().all(|job| job["batchId"] == id.as_str()), "{failed:?}");
    eventually("the end", async || (world.database.counted().await == [1, 2, 3, 9]).then_some(())).await;
    // What is forgotten is not named any more, but it did fail.
    root.forget_job(known[0].as_str().unwrap()).await.ok("/failedJobForget/forgottenId");
    let batch = root.batch(&id).await;
    assert_eq!((&batch["failed"], &batch["failedJobIds"]), (&json!(2), &json!([known[1]])));
}

async fn a_job_that_is_begun_anew_is_of_its_batch_again(engine: Engine) {
    let world = World::start(engine).await;
    world.database.count_jobs().await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&[1, -1, -2], Some(9)).await;
    root.finished_batch(&id).await;
    eventually("the end", async || (world.database.counted().await == [1, 9]).then_some(())).await;
    let failed = root.so_many_failed_jobs(2).await;
    // One is such that it can be done now.
    let payload = r#"{"number": 5, "takes_ms": 0}"#;
    let first = "(SELECT MAX(CAST(id AS text)) FROM failed_jobs)";
    let sql = format!("UPDATE failed_jobs SET payload = '{payload}' WHERE CAST(id AS text) = {first}");
    world.database.execute(&sql).await;
    for job in &failed {
        root.retry_job(job["id"].as_str().unwrap()).await.ok("/failedJobRetry/retriedId");
    }
    let done = async || {
        let batch = root.finished_batch(&id).await;
        (batch["failed"] == 1 && batch["pending"] == 0).then_some(batch)
    };
    let batch = eventually("one to be done", done).await;
    assert_eq!(batch["total"], 3);
    let again = root.so_many_failed_jobs(1).await;
    assert_eq!(batch["failedJobIds"], json!([again[0]["id"]]));
    assert!(failed.iter().all(|job| job["id"] != again[0]["id"]), "it was given up anew");
    assert_eq!(world.database.counted().await, [1, 5, 9], "what is at the end is done once");
}

async fn a_job_of_a_cancelled_batch_is_not_begun_anew(engine: Engine) {
    let world = World::start(engine).await;
    world.database.count_jobs().await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&[-1], None).await;
    let failed = root.so_many_failed_jobs(1).await;
    root.finished_batch(&id).await;
    world.database.execute("UPDATE job_batches SET cancelled_at = finished_at").await;
    let job = failed[0]["id"].as_str().unwrap();
    root.retry_job(job).await.refused("failedJobRetry", "CONFLICT", &["id"]);
    let all = root.retry_all_jobs(None).await;
    assert_eq!(
        all.ok("/failedJobRetryAll"),
        &json!({ "retriedCount": 0, "hasMore": false, "batch": null, "errors": [] })
    );
    assert_eq!(root.failed_jobs().await, failed);
    // Once the batch is gone there is nothing to keep it.
    world.database.execute("DELETE FROM job_batches").await;
    root.retry_job(job).await.ok("/failedJobRetry/retriedId");
    let again = async || Some(root.failed_jobs().await).filter(|jobs| jobs.first().is_some_and(|one| one["id"] != job));
    assert_eq!(eventually("it to be given up again", again).await[0]["batchId"], Value::Null);
}

async fn a_batch_is_only_administrators_business(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let alice = world.user("alice").await;
    let id = world.server.begin_batch(&[1], None).await;
    let key = root.create_key(&["READ", "WRITE"]).await.user;
    for user in [&alice, &world.guest("visitor").await, &key] {
        let socket = world.socket(user).await;
        let there = watch(&socket, &id).await.failed("NOT_FOUND").await;
        let not_there = watch(&socket, &absent(&id)).await.failed("NOT_FOUND").await;
        assert_eq!(there[0]["message"], not_there[0]["message"]);
    }
    for user in [&alice, &world.guest("another").await] {
        for id in [&id, &absent(&id)] {
            user.cancel_batch(id).await.refused("jobBatchCancel", "NOT_FOUND", &["id"]);
        }
    }
    key.cancel_batch(&id).await.failed("FORBIDDEN");
    world.anonymous.mutate("jobBatchCancel", json!({ "id": id }), "batch { id }").await.failed("UNAUTHENTICATED");
    let socket = Socket::connect(&world.server, None).await;
    watch(&socket, &id).await.failed("UNAUTHENTICATED").await;
    assert!(root.batch(&id).await["cancelledAt"].is_null());
    assert_eq!(root.batch(&absent(&id)).await, Value::Null);
    root.cancel_batch(&root.id).await.refused("jobBatchCancel", "INVALID", &["id"]);
    let of_root = world.socket(&root).await;
    watch(&of_root, &root.id).await.failed("INVALID").await;
    watch(&of_root, &absent(&id)).await.failed("NOT_FOUND").await;
}

async fn who_is_no_administrator_any_more_watches_no_batch(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&[1], None).await;
    let socket = world.socket(&root).await;
    let mut stream = watch(&socket, &id).await;
    stream.value().await;
    let output = world.command(&["user", "revoke-admin", "root", "--even-the-last"]).await;
    assert!(output.status.success());
    stream.failed("NOT_FOUND").await;
}

async fn batches_are_listed_the_newest_first(engine: Engine) {
    let world = without_workers(engine).await;
    let root = world.administrator("root").await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.insert(0, world.server.begin_batch(&[number], None).await);
    }
    let document = "query($after: Cursor) { viewer { administration { jobBatches(first: 2, after: $after) { \
        nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }";
    let (mut walked, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = root.graphql(document, json!({ "after": after })).await;
        let page = page.ok("/viewer/administration/jobBatches");
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !walked.is_empty());
        walked.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(walked, ids);
}
