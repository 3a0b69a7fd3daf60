//! What becomes of chirps when their authors go, and what is taken along.

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{Socket, User, World, claims, eventually};

claims![
    an_account_that_goes_takes_its_chirps_and_the_stream_tells,
    an_account_that_goes_takes_many_chirps,
    chirps_go_with_their_row_of_users,
    an_export_has_ones_own_chirps,
    who_rests_has_said_what_they_said,
];

async fn delete(user: &User) {
    user.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
}

async fn until_gone(world: &World) {
    let left = "SELECT COUNT(*) FROM users WHERE username_key = 'alice' OR deleted_at IS NOT NULL";
    eventually("the account to be gone", async || (world.database.number(left).await == 0).then_some(())).await;
}

async fn an_account_that_goes_takes_its_chirps_and_the_stream_tells(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let sent = [alice.chirp("one").await, alice.chirp("two").await];
    bob.chirp("of bob").await;
    let socket = Socket::connect(&world.server, None).await;
    let mut stream = socket.chirps(None).await;
    stream.until("CaughtUp").await;
    delete(&alice).await;
    for sent in &sent {
        let frame = stream.event().await;
        assert_eq!((&frame["__typename"], &frame["chirpId"]), (&json!("ChirpDeleted"), &json!(sent.id)));
    }
    until_gone(&world).await;
    assert_eq!(bob.feed_messages("first: 5").await, ["of bob"]);
    let frames = socket.chirps(Some(&sent[0].cursor)).await.until("CaughtUp").await;
    assert_eq!(frames.len(), 4, "two posts and two deletions: {frames:?}");
}

async fn an_account_that_goes_takes_many_chirps(world: World) {
    let alice = world.user("alice").await;
    for number in 0..120 {
        alice.chirp(&number.to_string()).await;
    }
    delete(&alice).await;
    until_gone(&world).await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM chirps").await, 0);
    let deletions = "SELECT COUNT(DISTINCT chirp_id) FROM chirp_events WHERE kind = 3";
    assert_eq!(world.database.number(deletions).await, 120, "each is told of");
    let gap = "SELECT last_seq - (SELECT COUNT(*) FROM chirp_events) FROM chirp_feed";
    assert_eq!(world.database.number(gap).await, 0, "the log has no gap");
}

async fn chirps_go_with_their_row_of_users(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.chirp("hello").await;
    bob.chirp("hello").await;
    world.database.execute("DELETE FROM users WHERE username = 'alice'").await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM chirps").await, 1);
}

async fn an_export_has_ones_own_chirps(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let first = alice.try_chirp(json!({ "message": "one", "clientKey": "a key" })).await;
    let second = alice.chirp("two").await;
    bob.chirp("of bob").await;
    let export = alice.export(&world.server).await;
    let chirps = export["chirps"].as_array().expect("a list of chirps");
    assert_eq!(
        chirps.iter().map(|chirp| &chirp["id"]).collect::<Vec<_>>(),
        [&json!(second.id), first.ok("/chirpCreate/chirp/id")]
    );
    let chirp = first.ok("/chirpCreate/chirp");
    for field in ["message", "clientKey", "version", "createdAt", "updatedAt"] {
        assert_eq!(chirps[1][field], chirp[field], "{field}");
    }
    assert!(!export.to_string().contains("of bob"));
}

async fn who_rests_has_said_what_they_said(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.chirp("hello").await;
    let answer = alice.mutate("accountDeactivate", json!({ "password": PASSWORD }), "").await;
    answer.ok("/accountDeactivate");
    assert_eq!(bob.feed_messages("first: 5").await, ["hello"]);
    let document = "{ chirps(first: 1) { nodes { author { username } } } }";
    assert_eq!(bob.graphql(document, Value::Null).await.text("/chirps/nodes/0/author/username"), "alice");
}
