//! Signing out everywhere else.

use futures_util::future::join;
use serde_json::{Value, json};
use tests::account::SESSION;
use tests::id::absent;
use tests::{Answer, Events, Frame, User, World, claims};

claims![
    all_other_sessions_end_at_once,
    a_session_that_is_named_stays_instead,
    only_a_session_of_ones_own_that_has_not_ended_can_stay,
    of_two_that_end_each_other_one_stays,
];

async fn revoke_others(user: &User, keep: Option<&str>) -> Answer {
    let input = keep.map_or_else(|| json!({}), |id| json!({ "id": id }));
    user.mutate("sessionRevokeOthers", input, "session { id isCurrent }").await
}

async fn all_other_sessions_end_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (second, third) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    let (busy, idle, stays) = (world.socket(&second).await, world.socket(&third).await, world.socket(&alice).await);
    let mut stream = busy.messages(&thread, None).await;
    let watch = "subscription { inboxChanges { __typename } }";
    let mut events = Events::ask(&world.server, Some(&third.token), watch, Value::Null).await;
    assert!(matches!(events.next().await, Frame::Next(_)));
    let answer = revoke_others(&alice, None).await;
    let kept = json!({ "id": alice.session, "isCurrent": true });
    assert_eq!(answer.ok("/sessionRevokeOthers/session"), &kept);
    assert_eq!(stream.closed().await, 4403);
    assert_eq!(idle.closed().await, 4403, "one without a stream too");
    loop {
        match events.next().await {
            Frame::Next(payload) if payload["errors"].is_array() => {
                assert_eq!(payload["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
                break;
            }
            Frame::Next(_) => {}
            other => panic!("{other:?}"),
        }
    }
    for user in [&second, &third] {
        assert!(!user.is_signed_in().await);
        let refresh = json!({ "refreshToken": user.refresh_token });
        let answer = world.anonymous.mutate("sessionRefresh", refresh, SESSION).await;
        answer.refused("sessionRefresh", "EXPIRED", &["refreshToken"]);
    }
    assert!(alice.is_signed_in().await && bob.is_signed_in().await);
    let mut here = stays.messages(&thread, Some(&bob.event_cursor(&thread).await)).await;
    let sent = bob.send(&thread, "still there?").await;
    assert_eq!(here.value().await["cursor"], sent.cursor.as_str());
    assert_eq!(alice.audited().await, ["SESSION_REVOKE", "SIGN_IN", "SIGN_IN", "ACCOUNT_CREATE"], "one line for all");
    assert_eq!(bob.audited().await, ["ACCOUNT_CREATE"]);
}

async fn a_session_that_is_named_stays_instead(world: World) {
    let alice = world.user("alice").await;
    let (second, third) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    let answer = revoke_others(&alice, Some(&third.session)).await;
    let kept = json!({ "id": third.session, "isCurrent": false });
    assert_eq!(answer.ok("/sessionRevokeOthers/session"), &kept);
    assert!(third.is_signed_in().await && !second.is_signed_in().await && !alice.is_signed_in().await);
}

async fn only_a_session_of_ones_own_that_has_not_ended_can_stay(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let (second, ended) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    alice.revoke_session(Some(&ended.session)).await.ok("/sessionRevoke/revokedId");
    for id in [&mallory.session, &ended.session, &absent(&alice.session)] {
        revoke_others(&alice, Some(id)).await.refused("sessionRevokeOthers", "NOT_FOUND", &["id"]);
    }
    for id in [&alice.id, "nonsense"] {
        revoke_others(&alice, Some(id)).await.refused("sessionRevokeOthers", "INVALID", &["id"]);
    }
    assert!(alice.is_signed_in().await && second.is_signed_in().await && mallory.is_signed_in().await);
    revoke_others(&mallory, None).await.ok("/sessionRevokeOthers/session");
    assert!(alice.is_signed_in().await && second.is_signed_in().await);
    let answer = world.anonymous.mutate("sessionRevokeOthers", json!({}), "session { id }").await;
    answer.failed("UNAUTHENTICATED");
}

async fn of_two_that_end_each_other_one_stays(world: World) {
    let mut alice = world.user("alice").await;
    for _ in 0..8 {
        let other = world.anonymous.sign_in("alice").await;
        let _ = join(revoke_others(&alice, None), revoke_others(&other, None)).await;
        let (first, second) = (alice.is_signed_in().await, other.is_signed_in().await);
        assert!(first != second, "{first} and {second}");
        if second {
            alice = other;
        }
    }
}
