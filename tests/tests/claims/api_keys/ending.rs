//! How keys end.

use std::time::Duration;

use serde_json::{Value, json};
use tests::id::absent;
use tests::{Events, Frame, Socket, World, claims};

claims![
    a_revoked_key_is_dead_at_once_and_what_it_has_open_closes,
    a_key_of_another_is_not_found,
    a_key_lasts_until_it_expires,
    a_key_outlives_the_session_that_made_it,
];

async fn a_revoked_key_is_dead_at_once_and_what_it_has_open_closes(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (key, other) = (alice.create_key(&["WRITE"]).await, alice.create_key(&["READ"]).await);
    let (busy, idle) = (world.socket(&key.user).await, world.socket(&key.user).await);
    let (of_other, of_session) = (world.socket(&other.user).await, world.socket(&alice).await);
    let mut stream = busy.messages(&thread, None).await;
    let start = bob.event_cursor(&thread).await;
    let mut stays = [of_other.messages(&thread, Some(&start)).await, of_session.messages(&thread, Some(&start)).await];
    let watch = "subscription { inboxChanges { __typename } }";
    let mut events = Events::ask(&world.server, Some(&key.user.token), watch, Value::Null).await;
    assert!(matches!(events.next().await, Frame::Next(_)));
    assert_eq!(alice.revoke_key(&key.id).await.text("/apiKeyRevoke/revokedId"), key.id);
    assert_eq!(stream.closed().await, 4403);
    assert_eq!(idle.closed().await, 4403, "one without a stream too");
    while !matches!(events.next().await, Frame::Complete) {}
    assert!(!key.user.is_signed_in().await);
    let socket = Socket::open(&world.server).await;
    let payload = json!({ "authorization": format!("Bearer {}", key.user.token) });
    socket.say(json!({ "type": "connection_init", "payload": payload }));
    assert_eq!(socket.closed().await, 4403);
    let sent = bob.send(&thread, "still there?").await;
    for stream in &mut stays {
        assert_eq!(stream.value().await["cursor"], sent.cursor.as_str());
    }
    let listed = alice.graphql("{ viewer { apiKeys { nodes { id } } } }", Value::Null).await;
    assert_eq!(listed.ok("/viewer/apiKeys/nodes"), &json!([{ "id": other.id }]));
    alice.revoke_key(&key.id).await.refused("apiKeyRevoke", "NOT_FOUND", &["id"]);
    assert_eq!(alice.audited().await.iter().filter(|line| *line == "API_KEY_REVOKE").count(), 1);
}

async fn a_key_of_another_is_not_found(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let key = alice.create_key(&["READ"]).await;
    for id in [&key.id, &absent(&key.id)] {
        mallory.revoke_key(id).await.refused("apiKeyRevoke", "NOT_FOUND", &["id"]);
    }
    for id in [&alice.session, "nonsense", &key.user.token] {
        mallory.revoke_key(id).await.refused("apiKeyRevoke", "INVALID", &["id"]);
    }
    assert!(key.user.is_signed_in().await);
    world.anonymous.mutate("apiKeyRevoke", json!({ "id": key.id }), "revokedId").await.failed("UNAUTHENTICATED");
}

async fn a_key_lasts_until_it_expires(world: World) {
    let alice = world.user("alice").await;
    // By the server's clock, which is the machine's here.
    let soon = world.database.rows(match world.database.engine() {
        tests::Engine::Sqlite => "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+1 hour') AS soon",
        tests::Engine::Postgres => {
            "SELECT to_char((now() + interval '1 hour') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS soon"
        }
    });
    let soon: String = soon.await[0].try_get("", "soon").unwrap();
    let input = json!({ "name": "x", "scopes": ["READ"], "expiresAt": soon });
    let answer = alice.mutate("apiKeyCreate", input, "token").await;
    let key = world.anonymous.with_token(&answer.text("/apiKeyCreate/token"));
    let document = "{ viewer { user { id } } }";
    world.server.advance_clock(Duration::from_secs(59 * 60)).await;
    key.graphql(document, Value::Null).await.ok("/viewer/user/id");
    world.server.advance_clock(Duration::from_secs(61)).await;
    key.graphql(document, Value::Null).await.failed("UNAUTHENTICATED");
    // It is listed, so that its owner sees why.
    let again = world.anonymous.sign_in("alice").await;
    let listed = again.graphql("{ viewer { apiKeys { nodes { name } } } }", Value::Null).await;
    assert_eq!(listed.ok("/viewer/apiKeys/nodes"), &json!([{ "name": "x" }]));
}

async fn a_key_outlives_the_session_that_made_it(world: World) {
    let alice = world.user("alice").await;
    let key = alice.create_key(&["READ"]).await.user;
    alice.revoke_session(None).await.ok("/sessionRevoke/revokedId");
    assert!(!alice.is_signed_in().await && key.is_signed_in().await);
    world.server.advance_clock(Duration::from_secs(365 * 24 * 60 * 60)).await;
    assert!(key.is_signed_in().await);
}
