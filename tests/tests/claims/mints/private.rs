//! What is whose: what was asked for is who asked's own, and a wallet is its owner's secret.

use super::*;
use tests::account::PASSWORD;

claims![
    nobody_sees_what_another_has_asked_for,
    nobody_learns_from_a_token_which_wallet_is_whose,
    an_account_that_is_deleted_leaves_tokens_without_an_owner,
    what_a_deleted_account_had_queued_is_not_minted,
    an_export_has_tokens_and_what_was_asked_for,
];

async fn nobody_sees_what_another_has_asked_for(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let [bob, root] = world.users(["bob", "root"]).await;
    world.grant_admin("root").await;
    let birds = alice.collection(true, None).await;
    let (id, batch) = (alice.request_mint(&birds, 1).await, alice.request_mints(&birds, 2).await);
    for other in [&bob, &root] {
        assert_eq!((other.mint(&id).await, other.mint_batch(&batch).await), (Value::Null, Value::Null));
        assert!(other.mints("first: 5").await.list("/viewer/mints/nodes").is_empty());
        other.cancel_mint(&id).await.refused("mintCancel", "NOT_FOUND", &["id"]);
        other.cancel_mint_batch(&batch).await.refused("mintBatchCancel", "NOT_FOUND", &["id"]);
        let socket = world.socket(other).await;
        socket.watch_mint(&id).await.failed("NOT_FOUND").await;
        socket.watch_mint_batch(&batch).await.failed("NOT_FOUND").await;
    }
    let key = alice.create_key(&["READ", "WRITE"]).await.user;
    key.mints("first: 1").await.failed("FORBIDDEN");
    let ask = json!({ "collectionId": birds, "metadataUri": uri(3) });
    key.try_mint(ask).await.failed("FORBIDDEN");
    assert_eq!(alice.mints("first: 5").await.list("/viewer/mints/nodes").len(), 3);
    // Whoever is signed out sees it no longer.
    let (socket, again) = (world.socket(&alice).await, world.anonymous.sign_in("alice").await);
    let mut stream = socket.watch_mint(&id).await;
    stream.value().await;
    again.revoke_session(alice.session.as_str().into()).await.ok("/sessionRevoke");
    assert_eq!(stream.closed().await, 4403);
}

async fn nobody_learns_from_a_token_which_wallet_is_whose(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let wallet = Wallet::number(1);
    alice.connect(&wallet).await;
    let birds = alice.collection(false, None).await;
    alice.ended_mint(&alice.request_mint(&birds, 1).await).await;
    let own = alice.nfts(&birds).await;
    assert_eq!(own[0]["ownerAddress"].as_str().unwrap().to_lowercase(), wallet.address.to_lowercase());
    for other in [&world.anonymous, &bob, &alice.create_key(&["READ"]).await.user] {
        let nfts = other.nfts(&birds).await;
        assert_eq!((&nfts[0]["owner"]["username"], &nfts[0]["ownerAddress"]), (&json!("alice"), &Value::Null));
    }
}

/// Waits until nothing is left of deleted accounts.
async fn cleared(world: &World) {
    let left = "SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL";
    eventually("the account to be gone", async || (world.database.number(left).await == 0).then_some(())).await;
}

async fn an_account_that_is_deleted_leaves_tokens_without_an_owner(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.connect(&Wallet::number(1)).await;
    let birds = alice.collection(true, None).await;
    alice.ended_mint(&alice.request_mint(&birds, 1).await).await;
    bob.ended_mint(&bob.request_mint(&birds, 2).await).await;
    alice.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
    cleared(&world).await;
    let nfts = bob.nfts(&birds).await;
    assert_eq!([&nfts[0]["owner"]["username"], &nfts[1]["owner"]], [&json!("bob"), &Value::Null]);
    let addresses = "SELECT COUNT(*) FROM nfts WHERE owner_address IS NOT NULL";
    assert_eq!(world.database.number(addresses).await, 0);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM minting_queue_items").await, 1, "bob's");
    // It is nobody's now, and open still.
    bob.ended_mint(&bob.request_mint(&birds, 3).await).await;
    let document = "query($id: ID!) { node(id: $id) { ... on NftCollection { createdBy { id } mintedCount } } }";
    let answer = bob.graphql(document, json!({ "id": birds })).await;
    assert_eq!(answer.ok("/node"), &json!({ "createdBy": null, "mintedCount": 3 }));
}

async fn what_a_deleted_account_had_queued_is_not_minted(engine: Engine) {
    let (world, alice) = without_workers(engine).await;
    let batch = alice.request_mints(&alice.collection(false, None).await, 10).await;
    // One of them was begun, by a node that died over it: the chain may have been asked.
    world.database.execute("UPDATE minting_queue_items SET status = 'submitted' WHERE place = 0").await;
    assert_eq!(alice.mint_batch(&batch).await["pending"], 10);
    alice.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
    let queued = "SELECT COUNT(*) FROM minting_queue_items WHERE status = 'queued'";
    assert_eq!(world.database.number(queued).await, 0);
    until(&world.database, 1, "kind = 'mint'").await;
    let _worker = world.worker(&[]);
    cleared(&world).await;
    until(&world.database, 0, "kind = 'mint'").await;
    assert_eq!(world.database.token_numbers().await, [1]);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM ledger_transactions").await, 1);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM nfts WHERE owner_user_id IS NOT NULL").await, 0);
}

async fn an_export_has_tokens_and_what_was_asked_for(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let birds = alice.collection(true, None).await;
    let minted = alice.ended_mint(&alice.request_mint(&birds, 1).await).await;
    bob.ended_mint(&bob.request_mint(&birds, 2).await).await;
    let export = alice.export(&world.server).await;
    assert_eq!(export["nftCollections"][0]["id"], json!(birds));
    let (nfts, mints) = (export["nfts"].as_array().unwrap(), export["mints"].as_array().unwrap());
    assert_eq!((nfts.len(), mints.len()), (1, 1));
    assert_eq!((&nfts[0]["id"], &nfts[0]["tokenId"]), (&minted["nft"]["id"], &json!("1")));
    assert_eq!((&mints[0]["id"], &mints[0]["status"]), (&minted["id"], &json!("MINTED")));
    assert_eq!(mints[0]["metadataUri"], json!(uri(1)));
}
