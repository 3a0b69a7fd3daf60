//! Signing out, here and elsewhere.

use serde_json::Value;
use tests::{World, claims};

claims![
    who_signs_out_is_out,
    another_session_is_ended_by_its_id,
    a_session_of_another_is_not_found,
    sockets_of_a_revoked_session_close,
    sockets_of_other_sessions_stay,
];

const VIEWER: &str = "{ viewer { user { id } } }";

async fn who_signs_out_is_out(world: World) {
    let alice = world.user("alice").await;
    let answer = alice.revoke_session(None).await;
    assert_eq!(answer.text("/sessionRevoke/revokedId"), alice.session);
    alice.graphql(VIEWER, Value::Null).await.failed("UNAUTHENTICATED");
    alice.try_create_room("too late").await.failed("UNAUTHENTICATED");
    assert_eq!(world.anonymous.sign_in("alice").await.id, alice.id);
}

async fn another_session_is_ended_by_its_id(world: World) {
    let alice = world.user("alice").await;
    let other = world.anonymous.sign_in("alice").await;
    let answer = alice.revoke_session(Some(&other.session)).await;
    assert_eq!(answer.text("/sessionRevoke/revokedId"), other.session);
    other.graphql(VIEWER, Value::Null).await.failed("UNAUTHENTICATED");
    assert_eq!(alice.graphql(VIEWER, Value::Null).await.text("/viewer/user/id"), alice.id);
}

async fn a_session_of_another_is_not_found(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    mallory.revoke_session(Some(&alice.session)).await.refused("sessionRevoke", "NOT_FOUND", &["id"]);
    assert_eq!(alice.graphql(VIEWER, Value::Null).await.text("/viewer/user/id"), alice.id);
}

async fn sockets_of_a_revoked_session_close(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let other = world.anonymous.sign_in("alice").await;
    let busy = world.socket(&alice).await;
    let mut stream = busy.messages(&thread, Some(&bob.event_cursor(&thread).await)).await;
    let idle = world.socket(&alice).await;
    bob.send(&thread, "hello").await;
    stream.value().await;
    other.revoke_session(Some(&alice.session)).await.ok("/sessionRevoke/revokedId");
    assert_eq!(stream.closed().await, 4403);
    assert_eq!(idle.closed().await, 4403, "one without a stream too");
}

async fn sockets_of_other_sessions_stay(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let other = world.anonymous.sign_in("alice").await;
    let (ended, stays) = (world.socket(&alice).await, world.socket(&other).await);
    let mut stream = stays.messages(&thread, Some(&bob.event_cursor(&thread).await)).await;
    alice.revoke_session(None).await.ok("/sessionRevoke/revokedId");
    assert_eq!(ended.closed().await, 4403);
    let sent = bob.send(&thread, "still there?").await;
    assert_eq!(stream.value().await["cursor"], sent.cursor.as_str());
}
