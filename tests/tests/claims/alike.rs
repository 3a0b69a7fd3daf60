//! What many subscribers of a thread are shown alike is made once; each is shown what they would be alone.

use serde_json::{Value, json};
use tests::{Socket, Subscription, User, World, claims};

claims![
    subscribers_with_one_operation_are_each_shown_what_they_would_be_alone,
    frames_of_one_operation_are_each_of_their_own_change,
    metadata_that_looks_like_json_stays_what_it_was,
];

/// What depends on nobody who asks, as a selection of a message.
const ALIKE: &str =
    "id content version createdAt editedAt deletedAt metadata sender { id username kind profile { displayName } }";

fn added(node: &str) -> String {
    format!(
        "subscription($id: ID!, $after: Cursor) {{ messageAdded(threadId: $id, after: $after) {{ cursor node {{ {node} }} }} }}"
    )
}

async fn open(world: &World, user: &User, document: &str, variables: &Value) -> (Socket, Subscription) {
    let socket = world.socket(user).await;
    let subscription = socket.subscribe(document, variables.clone()).await;
    (socket, subscription)
}

async fn subscribers_with_one_operation_are_each_shown_what_they_would_be_alone(world: World) {
    let users = world.users(["alice", "bob", "carol"]).await;
    let [alice, bob, carol] = &users;
    let group = world.group(alice, &[bob, carol]).await;
    let start = alice.send(&group, "the first").await;
    let variables = json!({ "id": group, "after": start.cursor });
    let documents = [
        added(ALIKE),
        added(&format!("clientKey {ALIKE}")),
        added("other: content again: sender { name: username } content"),
        format!("# a comment\n{}", added(ALIKE)),
        added("thread { viewerState { unreadCount } } content"),
        added("id"),
        added("content id"),
        // By way of an interface.
        added("... on Node { ... on Message { clientKey } } content"),
    ];
    let mut open_ones = Vec::new();
    for user in &users {
        for document in &documents {
            open_ones.push((user, document, open(&world, user, document, &variables).await));
        }
    }
    let contents = ["plain", "with \"quotes\" and \\ and \u{1}", "{\"node\":null}}", "ünïcode 🦜 </script>"];
    for content in contents {
        let input = json!({ "threadId": group, "content": content, "clientKey": content, "metadata": { "a": [1, { "b": content }] } });
        let sent = bob.send_with(input).await;
        for (user, document, (_, live)) in &mut open_ones {
            let edge = live.value().await;
            assert_eq!(edge["cursor"], sent.cursor);
            let inner = document.split_once("node {").unwrap().1.rsplit_once("} } }").unwrap().0;
            // The same, asked for alone; what is unread of a thread has moved on since.
            if !inner.contains("viewerState") {
                assert_eq!(edge["node"], user.message(&sent.id, inner).await, "{document}");
            }
            if inner.contains("clientKey") {
                let own = if user.id == bob.id { json!(content) } else { Value::Null };
                assert_eq!(edge["node"]["clientKey"], own);
            }
        }
    }
    for (user, _, (_, live)) in &mut open_ones {
        assert!(live.try_next().is_none(), "{} was shown something twice", user.username);
    }
}

async fn frames_of_one_operation_are_each_of_their_own_change(world: World) {
    let users = world.users(["alice", "bob"]).await;
    let [alice, bob] = &users;
    let group = world.group(alice, &[bob]).await;
    let start = alice.event_cursor(&group).await;
    let document = format!(
        "subscription($id: ID!, $after: Cursor) {{ threadEvents(threadId: $id, after: $after) {{ __typename cursor \
         ... on MessagePosted {{ message {{ {ALIKE} }} }} ... on MessageEdited {{ message {{ {ALIKE} }} }} \
         ... on MessageDeleted {{ message {{ {ALIKE} }} }} \
         ... on ReactionsChanged {{ message {{ reactions {{ emoji count viewerHasReacted }} }} }} }} }}"
    );
    let variables = json!({ "id": group, "after": start });
    let mut live = Vec::new();
    for user in &users {
        let mut opened = open(&world, user, &document, &variables).await;
        opened.1.until("CaughtUp").await;
        live.push(opened);
    }
    let sent = alice.send(&group, "one").await;
    let mut next = async || (live[0].1.event().await, live[1].1.event().await);
    let (to_alice, to_bob) = next().await;
    assert_eq!((&to_alice["__typename"], &to_alice["message"]["content"]), (&json!("MessagePosted"), &json!("one")));
    assert_eq!(to_alice, to_bob);
    alice.react(&sent, "👍").await;
    let (to_alice, to_bob) = next().await;
    assert_eq!(to_alice["message"]["reactions"][0]["viewerHasReacted"], true);
    assert_eq!(to_bob["message"]["reactions"][0]["viewerHasReacted"], false);
    alice.edit(&sent, "two").await;
    let (to_alice, to_bob) = next().await;
    assert_eq!((&to_alice["__typename"], &to_alice["message"]["content"]), (&json!("MessageEdited"), &json!("two")));
    assert_eq!((&to_alice["message"]["version"], &to_alice), (&json!(2), &to_bob));
    alice.delete(&sent).await;
    let (to_alice, to_bob) = next().await;
    assert_eq!((&to_alice["__typename"], &to_alice["message"]["content"]), (&json!("MessageDeleted"), &Value::Null));
    assert_eq!(to_alice, to_bob);
}

async fn metadata_that_looks_like_json_stays_what_it_was(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let variables = json!({ "id": group, "after": alice.event_cursor(&group).await });
    let (_socket, mut live) = open(&world, &bob, &added("metadata"), &variables).await;
    let (_other, mut another) = open(&world, &alice, &added("metadata"), &variables).await;
    let written = [
        json!({ "node": "}}}", "data\":": ["\"", "\\", null] }),
        json!({ "list": [{ "$binary": [1, 2] }, "{\"type\":\"next\"}"] }),
    ];
    for metadata in written {
        alice.send_with(json!({ "threadId": group, "content": "x", "metadata": metadata })).await;
        for live in [&mut live, &mut another] {
            assert_eq!(live.value().await["node"]["metadata"], metadata);
        }
    }
}
