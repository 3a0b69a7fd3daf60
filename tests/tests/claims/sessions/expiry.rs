//! How long a token lasts, shown by moving the server's clock.

use std::time::Duration;

use serde_json::{Value, json};
use tests::account::SESSION;
use tests::{User, World, claims};

claims![
    an_access_token_lasts_fifteen_minutes,
    a_refresh_token_lasts_thirty_days,
    who_refreshes_stays_signed_in,
    a_socket_lasts_as_long_as_its_session,
];

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

async fn an_access_token_lasts_fifteen_minutes(world: World) {
    let alice = world.user("alice").await;
    advance(&world, 14 * MINUTE).await;
    assert!(works(&alice).await);
    advance(&world, 2 * MINUTE).await;
    assert!(!works(&alice).await);
    let refreshed = world.anonymous.refresh(&alice.refresh_token).await;
    assert_eq!(refreshed.session, alice.session);
    assert!(works(&refreshed).await);
}

async fn a_refresh_token_lasts_thirty_days(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    advance(&world, 29 * DAY).await;
    assert!(works(&world.anonymous.refresh(&alice.refresh_token).await).await);
    advance(&world, 2 * DAY).await;
    let answer = world.anonymous.mutate("sessionRefresh", json!({ "refreshToken": bob.refresh_token }), SESSION).await;
    assert_eq!(answer.user_errors("sessionRefresh").len(), 1, "{}", answer.json);
    assert!(answer.data()["sessionRefresh"]["accessToken"].is_null());
}

async fn who_refreshes_stays_signed_in(world: World) {
    let mut alice = world.user("alice").await;
    for _ in 0..4 {
        advance(&world, 20 * DAY).await;
        alice = world.anonymous.refresh(&alice.refresh_token).await;
        assert!(works(&alice).await);
    }
}

async fn a_socket_lasts_as_long_as_its_session(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut stream = socket.messages(&thread, Some(&bob.event_cursor(&thread).await)).await;
    advance(&world, 20 * MINUTE).await;
    let bob = world.anonymous.refresh(&bob.refresh_token).await;
    let sent = bob.send(&thread, "the token has run out, the session has not").await;
    assert_eq!(stream.value().await["cursor"], sent.cursor.as_str());
    assert!(!works(&alice).await);
    let mut late = socket.messages(&thread, Some(&sent.cursor)).await;
    let next = bob.send(&thread, "and new streams may start on it").await;
    assert_eq!(late.value().await["cursor"], next.cursor.as_str());
}

async fn advance(world: &World, seconds: u64) {
    world.server.advance_clock(Duration::from_secs(seconds)).await;
}

async fn works(user: &User) -> bool {
    let answer = user.graphql("{ viewer { user { id } } }", Value::Null).await;
    match answer.error_code() {
        None => answer.ok("/viewer/user/id") == user.id.as_str(),
        Some(code) => {
            assert_eq!(code, "UNAUTHENTICATED", "{}", answer.json);
            false
        }
    }
}
