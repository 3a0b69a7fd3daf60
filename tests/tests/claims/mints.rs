//! Tokens: asked for, minted beside requests, and there once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::job::until;
use tests::mint::{is_pending, uri};
use tests::{Engine, User, Wallet, World, claims, eventually};

mod batches;
mod collections;
mod private;
mod refused;

claims![
    a_token_that_was_asked_for_shows_in_its_collection,
    its_progress_is_told_until_it_is_there,
    a_token_is_for_the_primary_wallet_or_the_one_that_is_named,
    what_is_queued_can_be_taken_back,
    what_was_begun_can_not_be_taken_back,
    asked_for_again_with_the_same_key_it_is_the_same,
    a_collection_has_no_more_tokens_than_it_may,
    while_the_chain_is_away_it_is_tried_again,
    what_is_given_up_is_told_to_who_asked,
    many_who_watch_cost_the_database_what_one_does,
    heavy_each_token_is_there_once_though_workers_are_killed,
];

/// A world in which nothing is minted until a worker is started.
async fn without_workers(engine: Engine) -> (World, User) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let alice = world.user("alice").await;
    (world, alice)
}

async fn a_token_that_was_asked_for_shows_in_its_collection(world: World) {
    let alice = world.user("alice").await;
    let birds = alice.collection(false, None).await;
    let asked = alice.try_mint(json!({ "collectionId": birds, "metadataUri": uri(1) })).await;
    let asked = asked.ok("/mintRequest/mint");
    assert_eq!((&asked["status"], &asked["attempts"], &asked["nft"]), (&json!("QUEUED"), &json!(0), &Value::Null));
    let id = asked["id"].as_str().unwrap();
    assert!(id.starts_with("mnt_"));
    let minted = alice.ended_mint(id).await;
    assert_eq!((&minted["status"], &minted["attempts"]), (&json!("MINTED"), &json!(1)));
    assert_eq!((&minted["lastError"], &minted["metadataUri"]), (&Value::Null, &json!(uri(1))));
    alice.ended_mint(&alice.request_mint(&birds, 2).await).await;
    // Everybody sees both, the newest first.
    let nfts = world.anonymous.nfts(&birds).await;
    let told: Vec<_> =
        nfts.iter().map(|nft| [&nft["tokenId"], &nft["metadataUri"], &nft["owner"]["username"]]).collect();
    let expected = [2, 1].map(|number| [json!(number.to_string()), json!(uri(number)), json!("alice")]);
    assert_eq!(told, expected.iter().map(|[a, b, c]| [a, b, c]).collect::<Vec<_>>());
    assert_eq!((&nfts[1]["id"], &nfts[1]["transactionHash"]), (&minted["nft"]["id"], &minted["transactionHash"]));
    assert!(nfts.iter().all(|nft| nft["onChain"] == false && nft["collection"]["id"] == json!(birds)), "{nfts:?}");
    let document = "query($user: ID!, $col: ID!, $nft: ID!) { \
        user(by: { id: $user }) { nfts(first: 1) { nodes { tokenId } pageInfo { hasNextPage } } } \
        collection: node(id: $col) { ... on NftCollection { mintedCount onChain contractAddress } } \
        nft: node(id: $nft) { ... on Nft { tokenId collection { symbol } } } }";
    let asked = json!({ "user": alice.id, "col": birds, "nft": nfts[1]["id"] });
    let answer = world.anonymous.graphql(document, asked).await;
    assert_eq!(answer.text("/user/nfts/nodes/0/tokenId"), "2");
    assert_eq!(answer.ok("/user/nfts/pageInfo/hasNextPage"), &json!(true));
    assert_eq!(answer.data()["collection"], json!({ "mintedCount": 2, "onChain": false, "contractAddress": null }));
    assert_eq!(answer.data()["nft"], json!({ "tokenId": "1", "collection": { "symbol": "BIRD" } }));
}

async fn its_progress_is_told_until_it_is_there(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mint(&alice.collection(false, None).await, 1).await;
    let socket = world.socket(&alice).await;
    let mut stream = socket.watch_mint(&id).await;
    assert_eq!(stream.value().await, alice.mint(&id).await);
    let _worker = world.worker(&[]);
    let mut told = vec!["QUEUED".to_owned()];
    let last = loop {
        let mint = stream.value().await;
        told.push(mint["status"].as_str().unwrap().to_owned());
        if !is_pending(&mint) {
            break mint;
        }
    };
    stream.completed().await;
    let order = ["QUEUED", "SUBMITTED", "MINTED"];
    let places: Vec<_> = told.iter().map(|status| order.iter().position(|known| known == status).unwrap()).collect();
    assert!(places.is_sorted(), "{told:?}");
    assert_eq!((&last["status"], &last["nft"]["tokenId"]), (&json!("MINTED"), &json!("1")));
    let mut late = socket.watch_mint(&id).await;
    assert_eq!(late.value().await, last);
    late.completed().await;
}

async fn a_token_is_for_the_primary_wallet_or_the_one_that_is_named(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let birds = alice.collection(true, None).await;
    let (first, second, bobs) = (Wallet::number(1), Wallet::number(2), Wallet::number(3));
    alice.connect(&first).await;
    let (second_id, bobs_id) = (alice.connect(&second).await, bob.connect(&bobs).await);
    let ask = |wallet: Value| json!({ "collectionId": birds, "metadataUri": uri(1), "walletId": wallet });
    let address = async |wallet| alice.try_mint(ask(wallet)).await.text("/mintRequest/mint/walletAddress");
    assert_eq!(address(Value::Null).await.to_lowercase(), first.address.to_lowercase());
    assert_eq!(address(json!(second_id)).await.to_lowercase(), second.address.to_lowercase());
    alice.try_mint(ask(json!(bobs_id))).await.refused("mintRequest", "NOT_FOUND", &["walletId"]);
    let carol = world.user("carol").await;
    let none = carol.try_mint(ask(Value::Null)).await;
    assert_eq!(none.ok("/mintRequest/mint")["walletAddress"], Value::Null);
}

async fn what_is_queued_can_be_taken_back(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, None).await;
    let (kept, dropped) = (alice.request_mint(&birds, 1).await, alice.request_mint(&birds, 2).await);
    let socket = world.socket(&alice).await;
    let mut stream = socket.watch_mint(&dropped).await;
    assert_eq!(stream.value().await["status"], "QUEUED");
    let cancelled = alice.cancel_mint(&dropped).await.ok("/mintCancel/mint").clone();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(alice.cancel_mint(&dropped).await.ok("/mintCancel/mint"), &cancelled, "once more changes nothing");
    assert_eq!(stream.value().await, cancelled);
    stream.completed().await;
    let _worker = world.worker(&[]);
    assert_eq!(alice.ended_mint(&kept).await["nft"]["tokenId"], "1");
    until(&world.database, 0, "TRUE").await;
    assert_eq!((world.database.token_numbers().await, &alice.mint(&dropped).await), (vec![1], &cancelled));
}

async fn what_was_begun_can_not_be_taken_back(world: World) {
    let alice = world.user("alice").await;
    let id = alice.request_mint(&alice.collection(false, None).await, 1).await;
    alice.ended_mint(&id).await;
    alice.cancel_mint(&id).await.refused("mintCancel", "CONFLICT", &["id"]);
    let failed = "UPDATE minting_queue_items SET status = 'submitted', nft_id = NULL";
    world.database.execute(failed).await;
    alice.cancel_mint(&id).await.refused("mintCancel", "CONFLICT", &["id"]);
}

async fn asked_for_again_with_the_same_key_it_is_the_same(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(true, None).await;
    let input = json!({ "collectionId": birds, "metadataUri": uri(1), "clientKey": "the first bird" });
    let together = join_all((0..4).map(|_| alice.try_mint(input.clone()))).await;
    let ids: BTreeSet<_> = together.iter().map(|answer| answer.text("/mintRequest/mint/id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let mut other = input.clone();
    other["metadataUri"] = json!(uri(2));
    alice.try_mint(other).await.refused("mintRequest", "CONFLICT", &["clientKey"]);
    let as_batch = json!({ "collectionId": birds, "metadataUris": [uri(1)], "clientKey": "the first bird" });
    alice.try_mints(as_batch).await.refused("mintBatchRequest", "CONFLICT", &["clientKey"]);
    // A key is of one account.
    let bob = world.user("bob").await;
    assert!(!ids.contains(&bob.try_mint(input.clone()).await.text("/mintRequest/mint/id")));
    let _worker = world.worker(&[]);
    let id = ids.first().unwrap();
    alice.ended_mint(id).await;
    assert_eq!(&alice.try_mint(input).await.text("/mintRequest/mint/id"), id, "also once it is there");
    assert_eq!(alice.mints("first: 10").await.list("/viewer/mints/nodes").len(), 1);
}

async fn a_collection_has_no_more_tokens_than_it_may(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, Some(3)).await;
    let mut asked = Vec::new();
    for number in 0..6 {
        asked.push(alice.request_mint(&birds, number).await);
    }
    let _workers = [world.worker(&[]), world.worker(&[])];
    let ended = join_all(asked.iter().map(|id| alice.ended_mint(id))).await;
    let of = |status: &str| ended.iter().filter(|mint| mint["status"] == status).collect::<Vec<_>>();
    assert_eq!((of("MINTED").len(), of("FAILED").len()), (3, 3), "{ended:?}");
    let why = "The collection has all of its tokens.";
    assert!(of("FAILED").iter().all(|mint| mint["lastError"] == why && mint["nft"].is_null()), "{ended:?}");
    assert_eq!(world.database.token_numbers().await, [1, 2, 3]);
    let refused = alice.try_mint(json!({ "collectionId": birds, "metadataUri": uri(7) })).await;
    refused.refused("mintRequest", "CONFLICT", &["collectionId"]);
    // It is not for an operator to mend.
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

async fn while_the_chain_is_away_it_is_tried_again(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mint(&alice.collection(false, None).await, 1).await;
    world.database.execute("ALTER TABLE ledger_contracts RENAME TO ledger_away").await;
    let worker = world.worker(&[]);
    worker.expect_errors();
    let tried = async || Some(alice.mint(&id).await).filter(|mint| mint["lastError"].is_string());
    let tried = eventually("it to be tried", tried).await;
    assert_eq!((&tried["status"], &tried["nft"]), (&json!("SUBMITTED"), &Value::Null));
    assert_eq!(tried["lastError"], "It could not be minted yet, and is tried again.");
    assert!(tried["transactionHash"].is_string());
    world.database.execute("ALTER TABLE ledger_away RENAME TO ledger_contracts").await;
    let minted = alice.ended_mint(&id).await;
    assert_eq!((&minted["status"], &minted["lastError"]), (&json!("MINTED"), &Value::Null));
    assert_eq!(minted["transactionHash"], tried["transactionHash"], "it is the same transaction");
    assert!(minted["attempts"].as_i64().unwrap() > 1);
    assert_eq!(world.database.token_numbers().await, [1]);
}

async fn heavy_each_token_is_there_once_though_workers_are_killed(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, None).await;
    for _ in 0..4 {
        alice.request_mints(&birds, 100).await;
    }
    let left = async || world.database.number("SELECT COUNT(*) FROM jobs").await;
    let mut chance = tests::Chance::new();
    for killed in 1..=20 {
        let worker = world.worker(&[]);
        let most = 400 - 15 * killed;
        eventually("the worker to work", async || (left().await < most).then_some(())).await;
        tokio::time::sleep(std::time::Duration::from_micros(chance.below(20_000) as u64)).await;
        worker.kill9();
        assert!(left().await > 0, "killed {killed} times, and nothing is left");
        let over = format!("UPDATE jobs SET available_at = '{}' WHERE reserved_at IS NOT NULL", tests::job::PAST);
        world.database.execute(&over).await;
    }
    let _worker = world.worker(&[]);
    eventually("the rest to be done", async || (left().await == 0).then_some(())).await;
    assert_eq!(world.database.token_numbers().await, (1..=400).collect::<Vec<_>>(), "each once, without a gap");
    let minted = "SELECT COUNT(DISTINCT nft_id) FROM minting_queue_items WHERE status = 'minted'";
    assert_eq!(world.database.number(minted).await, 400);
    assert_eq!(world.database.number("SELECT minted_count FROM nft_collections").await, 400);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM ledger_transactions").await, 400);
}

async fn what_is_given_up_is_told_to_who_asked(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mint(&alice.collection(false, None).await, 1).await;
    let socket = world.socket(&alice).await;
    let mut stream = socket.watch_mint(&id).await;
    // Nodes have died over it as often as it may be begun.
    world.database.execute("UPDATE jobs SET attempts = 14 WHERE kind = 'mint'").await;
    world.database.execute("UPDATE minting_queue_items SET status = 'submitted'").await;
    let worker = world.worker(&[]);
    worker.expect_errors();
    while stream.value().await["status"] != "FAILED" {}
    stream.completed().await;
    let root = world.administrator("root").await;
    let failed =
        root.graphql("{ viewer { administration { failedJobs(first: 2) { nodes { id } } } } }", Value::Null).await;
    let [failed] = &failed.list("/viewer/administration/failedJobs/nodes")[..] else { panic!("{}", failed.json) };
    root.mutate("failedJobRetry", json!({ "id": failed["id"] }), "retriedId").await.ok("/failedJobRetry/retriedId");
    let minted = async || (alice.mint(&id).await["status"] == "MINTED").then_some(());
    eventually("what was given up to be minted", minted).await;
}

async fn many_who_watch_cost_the_database_what_one_does(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let id = alice.request_mint(&alice.collection(false, None).await, 1).await;
    let socket = world.socket(&alice).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(socket.watch_mint(&id).await);
    }
    for stream in &mut streams {
        assert_eq!(stream.value().await["status"], "QUEUED");
    }
    world.server.record_statements().await;
    alice.cancel_mint(&id).await.ok("/mintCancel/mint");
    for stream in &mut streams {
        assert_eq!(stream.value().await["status"], "CANCELLED");
        stream.completed().await;
    }
    let asked = world.server.statements().await;
    let looks = asked.iter().filter(|one| one.sql.starts_with("SELECT * FROM minting_queue_items WHERE id = $1"));
    assert!(looks.count() <= 5, "{asked:?}");
}
