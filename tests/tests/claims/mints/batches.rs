//! Tokens that are asked for together.

use super::*;

claims![
    a_batch_is_asked_for_as_a_whole_and_tells_how_far_it_has_come,
    a_cancelled_batch_mints_nothing_more,
    a_batch_is_told_of_after_its_jobs_are_forgotten,
    a_batch_with_one_wrong_address_asks_for_nothing,
    what_was_begun_of_a_cancelled_batch_comes_to_its_end,
    a_batch_that_an_administrator_cancels_is_taken_back,
    what_is_taken_back_leaves_no_job,
];

async fn a_batch_is_asked_for_as_a_whole_and_tells_how_far_it_has_come(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, None).await;
    let id = alice.request_mints(&birds, 100).await;
    assert!(id.starts_with("bat_"));
    let numbers = |batch: &Value| {
        ["total", "pending", "minted", "failed", "cancelled", "progress"].map(|field| batch[field].as_i64().unwrap())
    };
    let socket = world.socket(&alice).await;
    let mut stream = socket.watch_mint_batch(&id).await;
    let mut states = vec![numbers(&stream.value().await)];
    assert_eq!(states[0], [100, 100, 0, 0, 0, 0]);
    let _worker = world.worker(&[]);
    while states.last().unwrap()[1] > 0 {
        states.push(numbers(&stream.value().await));
    }
    stream.completed().await;
    assert!(states.is_sorted_by(|one, next| one[1] >= next[1] && one[5] <= next[5]), "{states:?}");
    assert_eq!(states.last(), Some(&[100, 0, 100, 0, 0, 100]));
    let batch = alice.mint_batch(&id).await;
    let mints = batch["mints"]["nodes"].as_array().unwrap();
    let uris: BTreeSet<_> = mints.iter().map(|mint| mint["metadataUri"].as_str().unwrap().to_owned()).collect();
    assert_eq!(uris, (1..=100).map(uri).collect());
    assert!(mints.iter().all(|mint| mint["batchId"] == json!(id) && mint["status"] == "MINTED"));
    assert_eq!(world.database.token_numbers().await, (1..=100).collect::<Vec<_>>());
    // Administrators see the jobs of it, as of all batches.
    let root = world.administrator("root").await;
    let jobs = root.batch(&id).await;
    assert_eq!((&jobs["name"], &jobs["total"], &jobs["pending"]), (&json!("mint"), &json!(100), &json!(0)));
}

async fn a_cancelled_batch_mints_nothing_more(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mints(&alice.collection(false, None).await, 20).await;
    let one = alice.mint_batch(&id).await["mints"]["nodes"][0]["id"].as_str().unwrap().to_owned();
    alice.cancel_mint(&one).await.ok("/mintCancel/mint");
    let cancelled = alice.cancel_mint_batch(&id).await.ok("/mintBatchCancel/batch").clone();
    assert_eq!([&cancelled["cancelled"], &cancelled["pending"]], [&json!(20), &json!(0)]);
    assert_eq!(alice.cancel_mint_batch(&id).await.ok("/mintBatchCancel/batch"), &cancelled);
    let _worker = world.worker(&[]);
    until(&world.database, 0, "TRUE").await;
    assert!(world.database.token_numbers().await.is_empty());
}

async fn a_batch_is_told_of_after_its_jobs_are_forgotten(world: World) {
    let alice = world.user("alice").await;
    let birds = alice.collection(false, None).await;
    let input = json!({ "collectionId": birds, "metadataUris": [uri(1), uri(2)], "clientKey": "both" });
    let id = alice.try_mints(input.clone()).await.text("/mintBatchRequest/batch/id");
    let ended = alice.ended_mint_batch(&id).await;
    world.database.execute("DELETE FROM job_batches").await;
    assert_eq!(alice.mint_batch(&id).await, ended);
    assert_eq!(alice.try_mints(input).await.text("/mintBatchRequest/batch/id"), id);
    assert_eq!(alice.cancel_mint_batch(&id).await.ok("/mintBatchCancel/batch")["minted"], 2);
}

async fn a_batch_with_one_wrong_address_asks_for_nothing(world: World) {
    let alice = world.user("alice").await;
    let birds = alice.collection(false, None).await;
    let ask = |uris: Vec<String>| json!({ "collectionId": birds, "metadataUris": uris });
    let answer = alice.try_mints(ask(vec![uri(1), "file:///etc/passwd".into(), uri(3)])).await;
    answer.refused("mintBatchRequest", "INVALID", &["metadataUris", "1"]);
    alice.try_mints(ask(Vec::new())).await.refused("mintBatchRequest", "BLANK", &["metadataUris"]);
    let many = (0..101).map(uri).collect();
    alice.try_mints(ask(many)).await.refused("mintBatchRequest", "TOO_LONG", &["metadataUris"]);
    assert!(alice.mints("first: 5").await.list("/viewer/mints/nodes").is_empty());
    assert_eq!(world.database.number("SELECT COUNT(*) FROM job_batches").await, 0);
}

async fn what_was_begun_of_a_cancelled_batch_comes_to_its_end(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mints(&alice.collection(false, None).await, 5).await;
    let socket = world.socket(&alice).await;
    let mut stream = socket.watch_mint_batch(&id).await;
    // As a node leaves it that died over one of them.
    world.database.execute("UPDATE minting_queue_items SET status = 'submitted', attempts = 1 WHERE place = 2").await;
    let cancelled = alice.cancel_mint_batch(&id).await.ok("/mintBatchCancel/batch").clone();
    assert_eq!([&cancelled["cancelled"], &cancelled["pending"]], [&json!(4), &json!(1)]);
    let _worker = world.worker(&[]);
    let ended = alice.ended_mint_batch(&id).await;
    assert_eq!([&ended["cancelled"], &ended["minted"], &ended["pending"]], [&json!(4), &json!(1), &json!(0)]);
    while stream.value().await["pending"] != 0 {}
    stream.completed().await;
    assert_eq!(world.database.token_numbers().await, [1]);
}

async fn a_batch_that_an_administrator_cancels_is_taken_back(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mints(&alice.collection(false, None).await, 5).await;
    let root = world.administrator("root").await;
    root.mutate("jobBatchCancel", json!({ "id": id }), "batch { id }").await.ok("/jobBatchCancel/batch");
    let _worker = world.worker(&[]);
    let ended = alice.ended_mint_batch(&id).await;
    assert_eq!([&ended["cancelled"], &ended["pending"]], [&json!(5), &json!(0)]);
    assert!(world.database.token_numbers().await.is_empty());
    assert_eq!(root.batch(&id).await["pending"], 0);
}

async fn what_is_taken_back_leaves_no_job(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, None).await;
    let (one, batch) = (alice.request_mint(&birds, 1).await, alice.request_mints(&birds, 3).await);
    let first = alice.mint_batch(&batch).await["mints"]["nodes"][0]["id"].as_str().unwrap().to_owned();
    until(&world.database, 4, "kind = 'mint'").await;
    for (id, left) in [(&one, 3), (&first, 2)] {
        alice.cancel_mint(id).await.ok("/mintCancel/mint");
        until(&world.database, left, "kind = 'mint'").await;
    }
    alice.cancel_mint_batch(&batch).await.ok("/mintBatchCancel/batch");
    until(&world.database, 0, "kind = 'mint'").await;
    let jobs = world.administrator("root").await.batch(&batch).await;
    assert_eq!([&jobs["pending"], &jobs["failed"]], [&json!(0), &json!(0)]);
    assert!(jobs["finishedAt"].is_string(), "{jobs}");
}
