//! The list of one's own sessions.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{User, World, claims, eventually};

claims![
    sessions_are_listed_the_newest_first,
    a_page_of_sessions_goes_on_where_the_last_one_ended,
    what_has_ended_is_not_listed,
    nobody_sees_the_sessions_of_another,
    when_a_session_was_last_used_is_written_once_a_minute,
];

const LIST: &str = "query($first: Int, $after: Cursor, $last: Int, $before: Cursor) { viewer { \
    sessions(first: $first, after: $after, last: $last, before: $before) { \
    nodes { id createdAt lastActivityAt expiresAt ipAddress userAgent isCurrent device { id } } \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

/// The ids of the sessions that a user sees, and which of them are said to be current.
async fn listed(user: &User) -> (Vec<String>, Vec<String>) {
    let answer = user.graphql(LIST, json!({})).await;
    let nodes = answer.list("/viewer/sessions/nodes");
    let id = |node: &Value| node["id"].as_str().unwrap().to_owned();
    (nodes.iter().map(id).collect(), nodes.iter().filter(|node| node["isCurrent"] == true).map(id).collect())
}

async fn sessions_are_listed_the_newest_first(world: World) {
    let alice = world.user("alice").await;
    let (second, third) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    let all = [&third.session, &second.session, &alice.session].map(String::clone).to_vec();
    for user in [&alice, &second, &third] {
        assert_eq!(listed(user).await, (all.clone(), vec![user.session.clone()]));
    }
    let answer = alice.graphql(LIST, json!({ "first": 1 })).await;
    let newest = answer.ok("/viewer/sessions/nodes/0");
    assert_eq!((&newest["ipAddress"], &newest["device"]), (&json!("127.0.0.1"), &Value::Null));
    assert!(newest["createdAt"].as_str() <= newest["lastActivityAt"].as_str(), "{newest}");
    assert!(newest["lastActivityAt"].as_str() < newest["expiresAt"].as_str(), "{newest}");
}

async fn a_page_of_sessions_goes_on_where_the_last_one_ended(world: World) {
    let alice = world.user("alice").await;
    for _ in 0..4 {
        world.anonymous.sign_in("alice").await;
    }
    let (all, _) = listed(&alice).await;
    let page = async |arguments: Value| {
        let answer = alice.graphql(LIST, arguments).await;
        let nodes = answer.list("/viewer/sessions/nodes").iter();
        let ids: Vec<_> = nodes.map(|node| node["id"].as_str().unwrap().to_owned()).collect();
        (ids, answer.ok("/viewer/sessions/pageInfo").clone())
    };
    let (first, info) = page(json!({ "first": 2 })).await;
    assert_eq!((&first[..], &info["hasNextPage"], &info["hasPreviousPage"]), (&all[..2], &json!(true), &json!(false)));
    let (next, info) = page(json!({ "first": 2, "after": info["endCursor"] })).await;
    assert_eq!((&next[..], &info["hasNextPage"], &info["hasPreviousPage"]), (&all[2..4], &json!(true), &json!(true)));
    let (last, info) = page(json!({ "first": 2, "after": info["endCursor"] })).await;
    assert_eq!((&last[..], &info["hasNextPage"]), (&all[4..], &json!(false)));
    let (before, info) = page(json!({ "last": 3, "before": info["startCursor"] })).await;
    assert_eq!((&before[..], &info["hasPreviousPage"]), (&all[1..4], &json!(true)));
}

async fn what_has_ended_is_not_listed(world: World) {
    let alice = world.user("alice").await;
    let (second, third) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    alice.revoke_session(Some(&second.session)).await.ok("/sessionRevoke/revokedId");
    assert_eq!(listed(&alice).await.0, [third.session, alice.session.clone()]);
    world.server.advance_clock(Duration::from_secs(31 * 24 * 60 * 60)).await;
    let later = world.anonymous.sign_in("alice").await;
    assert_eq!(listed(&later).await.0, std::slice::from_ref(&later.session));
}

async fn nobody_sees_the_sessions_of_another(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let guest = world.guest("visitor").await;
    for other in [&mallory, &guest] {
        assert_eq!(listed(other).await.0, std::slice::from_ref(&other.session));
    }
    // Not by a cursor of hers, nor by an id where things are found by id.
    let cursor = alice.graphql(LIST, json!({})).await.text("/viewer/sessions/pageInfo/startCursor");
    let beyond = mallory.graphql(LIST, json!({ "before": cursor })).await;
    assert!(!beyond.json.to_string().contains(&alice.session), "{}", beyond.json);
    let node = mallory.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": alice.session })).await;
    assert_eq!(node.error_code(), Some("INVALID"));
    assert_eq!(world.anonymous.graphql(LIST, json!({})).await.data(), &json!({ "viewer": null }));
}

async fn when_a_session_was_last_used_is_written_once_a_minute(world: World) {
    let alice = world.user("alice").await;
    let last = async || {
        let answer = alice.graphql("{ viewer { session { lastActivityAt } } }", Value::Null).await;
        answer.text("/viewer/session/lastActivityAt")
    };
    let before = last().await;
    world.server.advance_clock(Duration::from_secs(120)).await;
    world.server.record_statements().await;
    join_all((0..20).map(|_| last())).await;
    eventually("it to be written", async || (last().await > before).then_some(())).await;
    join_all((0..20).map(|_| last())).await;
    let statements = world.server.statements().await;
    let writes = statements.iter().filter(|one| one.sql.starts_with("UPDATE user_sessions SET last_activity_at"));
    assert_eq!(writes.count(), 1);
}
