//! What a deleted account leaves in the search.

use serde_json::json;
use tests::account::PASSWORD;
use tests::{World, claims, eventually};

claims![
    what_a_deleted_account_said_is_found_without_its_sender,
    what_a_deleted_account_said_in_the_archive_is_found_without_its_sender,
];

async fn deleted(world: World, archived: bool) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = bob.send_with(json!({ "threadId": group, "content": "needle of bob", "metadata": { "n": 1 } })).await;
    let deleted = bob.send(&group, "needle that goes").await;
    bob.delete(&deleted).await;
    alice.send(&group, "needle of alice").await;
    if archived {
        assert!(world.command(&["archive", "--days", "0"]).await.status.success());
    }
    let of_bob = json!({ "query": "needle", "senderId": bob.id });
    assert_eq!(alice.found(of_bob.clone()).await, ["needle of bob"]);
    bob.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
    let gone = async || (world.database.number("SELECT COUNT(*) FROM users").await == 1).then_some(());
    eventually("the account to be gone", gone).await;
    // What others have read stays, and stays to be found; who said it does not.
    assert_eq!(alice.search("needle").await, ["needle of alice", "needle of bob"]);
    assert_eq!(alice.found(of_bob).await, [""; 0]);
    assert_eq!(alice.message(&sent.id, "sender { id }").await["sender"], json!(null));
    let by_metadata = json!({ "query": "needle", "metadata": [{ "key": "n", "value": 1 }] });
    assert_eq!(alice.found(by_metadata).await, ["needle of bob"]);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM message_search").await, 2);
}

async fn what_a_deleted_account_said_is_found_without_its_sender(world: World) {
    deleted(world, false).await;
}

async fn what_a_deleted_account_said_in_the_archive_is_found_without_its_sender(world: World) {
    deleted(world, true).await;
}
