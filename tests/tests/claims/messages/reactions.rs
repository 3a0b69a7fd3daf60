//! Reactions: one of a kind per person, grouped by emoji.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    reactions_are_grouped_and_tell_whether_the_viewer_has_reacted,
    reacting_twice_is_reacting_once,
    taking_back_what_is_not_there_changes_nothing,
    many_at_once_all_count,
    every_kind_of_emoji_is_one,
    a_reaction_is_in_the_log_and_reaches_the_others,
    who_has_reacted_is_told_up_to_the_number_asked_for,
];

async fn reactions_are_grouped_and_tell_whether_the_viewer_has_reacted(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send(&group, "hello").await;
    let other = alice.send(&group, "nobody likes this").await;
    bob.react(&sent, "👍").await;
    carol.react(&sent, "👍").await;
    carol.react(&sent, "🎉").await;
    let expected = |thumb: bool, party: bool| {
        json!([{ "emoji": "🎉", "count": 1, "viewerHasReacted": party, "users": [carol.id] },
            { "emoji": "👍", "count": 2, "viewerHasReacted": thumb, "users": sorted([&bob, &carol]) }])
    };
    assert_eq!(reactions(&alice, &sent.id).await, expected(false, false));
    assert_eq!(reactions(&bob, &sent.id).await, expected(true, false));
    assert_eq!(reactions(&carol, &sent.id).await, expected(true, true));
    assert_eq!(reactions(&bob, &other.id).await, json!([]));
    bob.unreact(&sent, "👍").await;
    carol.unreact(&sent, "🎉").await;
    let left = json!([{ "emoji": "👍", "count": 1, "viewerHasReacted": false, "users": [carol.id] }]);
    assert_eq!(reactions(&bob, &sent.id).await, left);
}

async fn reacting_twice_is_reacting_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    bob.react(&sent, "👍").await;
    let before = bob.event_cursor(&thread).await;
    let again = bob.try_react(&sent.id, "👍").await;
    let group = again.ok("/reactionAdd/message/reactions/0");
    assert_eq!((&group["count"], &group["viewerHasReacted"]), (&json!(1), &json!(true)));
    assert_eq!(bob.event_cursor(&thread).await, before, "nothing changed, so nothing is in the log");
}

async fn taking_back_what_is_not_there_changes_nothing(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    alice.react(&sent, "👍").await;
    let before = bob.event_cursor(&thread).await;
    for emoji in ["👍", "🎉"] {
        let answer = bob.try_unreact(&sent.id, emoji).await;
        assert_eq!(answer.ok("/reactionRemove/message/reactions/0/count"), 1);
    }
    assert_eq!(bob.event_cursor(&thread).await, before);
}

async fn many_at_once_all_count(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("member", 12).await;
    let group = world.group(&alice, &crowd.iter().collect::<Vec<_>>()).await;
    let sent = alice.send(&group, "hello").await;
    join_all(crowd.iter().map(|user| user.react(&sent, "👍"))).await;
    assert_eq!(alice.message(&sent.id, "reactions { count }").await, json!({ "reactions": [{ "count": 12 }] }));
    join_all(crowd.iter().map(|user| user.unreact(&sent, "👍"))).await;
    assert_eq!(alice.message(&sent.id, "reactions { count }").await, json!({ "reactions": [] }));
}

async fn every_kind_of_emoji_is_one(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let emoji = ["👍", "👍🏽", "❤️", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☕"];
    for one in emoji {
        bob.react(&sent, one).await;
    }
    let message = alice.message(&sent.id, "reactions { emoji }").await;
    let mut found: Vec<_> =
        message["reactions"].as_array().unwrap().iter().map(|r| r["emoji"].as_str().unwrap()).collect();
    found.sort_unstable();
    let mut expected = emoji;
    expected.sort_unstable();
    assert_eq!(found, expected);
}

async fn a_reaction_is_in_the_log_and_reaches_the_others(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, Some(&sent.cursor)).await;
    events.until("CaughtUp").await;
    for (cursor, count) in [(bob.react(&sent, "👍").await, 1), (bob.unreact(&sent, "👍").await, 0)] {
        let frame = events.event().await;
        assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("ReactionsChanged"), &json!(cursor)));
        assert_eq!(frame["message"]["id"], sent.id.as_str());
        // The first may come late enough to show what the second has changed.
        let shown = frame["message"]["reactions"].as_array().unwrap().len();
        assert!(shown <= count, "{frame}");
    }
}

async fn who_has_reacted_is_told_up_to_the_number_asked_for(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("member", 5).await;
    let group = world.group(&alice, &crowd.iter().collect::<Vec<_>>()).await;
    let sent = alice.send(&group, "hello").await;
    for user in &crowd {
        user.react(&sent, "👍").await;
    }
    let message = alice.message(&sent.id, "reactions { count users(first: 3) { id } }").await;
    assert_eq!(message["reactions"][0]["count"], 5);
    assert_eq!(message["reactions"][0]["users"].as_array().unwrap().len(), 3);
    for first in [0, 101] {
        let document = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Message {{ reactions {{ users(first: {first}) {{ id }} }} }} }} }}"
        );
        alice.graphql(&document, json!({ "id": sent.id })).await.failed("INVALID");
    }
}

/// The reactions as this user sees them, sorted by emoji, their users by id.
async fn reactions(user: &User, message: &str) -> Value {
    let select = "reactions { emoji count viewerHasReacted users(first: 10) { id } }";
    let mut groups = user.message(message, select).await["reactions"].as_array().unwrap().clone();
    for group in &mut groups {
        let mut ids: Vec<_> = group["users"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        group["users"] = ids.into();
    }
    groups.sort_by_key(|group| group["emoji"].as_str().unwrap().to_owned());
    groups.into()
}

fn sorted<const N: usize>(users: [&User; N]) -> Vec<&str> {
    let mut ids = users.map(|user| user.id.as_str()).to_vec();
    ids.sort_unstable();
    ids
}
