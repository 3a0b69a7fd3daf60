//! Searching among some messages only.

use std::time::Duration;

use serde_json::{Value, json};
use tests::id::absent;
use tests::{Engine, World, claims};

claims![
    a_thread_is_searched_alone,
    a_sender_is_searched_alone,
    a_span_of_time_is_searched_alone,
    metadata_narrows_a_search,
    filters_hold_together,
];

async fn a_thread_is_searched_alone(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (one, other) = (world.group(&alice, &[&bob]).await, alice.create_room("A room").await);
    alice.send(&one, "needle in one").await;
    alice.send(&other, "needle in the other").await;
    let found = async |thread: &str| bob.found(json!({ "query": "needle", "threadId": thread })).await;
    assert_eq!(found(&one).await, ["needle in one"]);
    assert_eq!(found(&other).await, ["needle in the other"]);
    assert!(found(&absent(&one)).await.is_empty());
    // One that is put away is searched as any other.
    alice.archive(&one).await;
    assert_eq!(found(&one).await, ["needle in one"]);
    assert_eq!(bob.search("needle").await.len(), 2);
}

async fn a_sender_is_searched_alone(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    alice.send(&group, "needle of alice").await;
    bob.send(&group, "needle of bob").await;
    let found = async |sender: &str| carol.found(json!({ "query": "needle", "senderId": sender })).await;
    assert_eq!(found(&alice.id).await, ["needle of alice"]);
    assert_eq!(found(&bob.id).await, ["needle of bob"]);
    assert!(found(&carol.id).await.is_empty() && found(&absent(&carol.id)).await.is_empty());
}

async fn a_span_of_time_is_searched_alone(engine: Engine) {
    let patient = [("LINNET_ACCESS_TOKEN_MINUTES", "5000000"), ("LINNET_SESSION_DAYS", "3650")];
    let world = World::start_with(engine, &patient).await;
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let mut times: Vec<String> = Vec::new();
    // Within a moment, within days, within years.
    for (number, pause) in [0, 0, 1, 60, 86_400, 90 * 86_400, 800 * 86_400].into_iter().enumerate() {
        world.server.advance_clock(Duration::from_secs(pause)).await;
        let sent = alice.send(&room, &format!("needle {number}")).await;
        times.push(alice.message(&sent.id, "createdAt").await["createdAt"].as_str().unwrap().to_owned());
    }
    let texts = |numbers: std::ops::Range<usize>| -> Vec<String> {
        numbers.rev().map(|number| format!("needle {number}")).collect()
    };
    for (from, since) in times.iter().enumerate() {
        assert_eq!(alice.found(json!({ "query": "needle", "sentSince": since })).await, texts(from..7), "{since}");
        assert_eq!(alice.found(json!({ "query": "needle", "sentBefore": since })).await, texts(0..from), "{since}");
        for (to, before) in times.iter().enumerate() {
            let between = json!({ "query": "needle", "sentSince": since, "sentBefore": before });
            assert_eq!(alice.found(between).await, texts(from..to.max(from)), "{since} to {before}");
        }
    }
    // In UTC the last two are before the year 0 and in the year 10000.
    for far in [
        "0001-01-01T00:00:00Z",
        "1969-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
    ] {
        let all = alice.found(json!({ "query": "needle", "sentSince": far })).await.len()
            + alice.found(json!({ "query": "needle", "sentBefore": far })).await.len();
        assert_eq!(all, 7, "{far}");
    }
}

async fn metadata_narrows_a_search(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let send = async |content: &str, metadata: Value| {
        alice.send_with(json!({ "threadId": room, "content": content, "metadata": metadata })).await
    };
    send(
        "needle a",
        json!({ "kind": "note", "number": 1, "done": true, "tags": ["x", "y"], "of": { "kind": "deep" } }),
    )
    .await;
    send("needle b", json!({ "kind": "task", "number": 1.0, "done": false, "tags": ["y"] })).await;
    send("needle c", json!(["kind", "note"])).await;
    send("needle d", json!("kind")).await;
    alice.send(&room, "needle e").await;
    let found = async |entries: &[(&str, Value)]| {
        let entries: Vec<_> = entries.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        alice.found(json!({ "query": "needle", "metadata": entries })).await
    };
    assert_eq!(found(&[]).await.len(), 5);
    assert_eq!(found(&[("kind", json!("note"))]).await, ["needle a"]);
    assert_eq!(found(&[("number", json!(1))]).await, ["needle b", "needle a"]);
    assert_eq!(found(&[("number", json!("1"))]).await, [""; 0]);
    assert_eq!(found(&[("done", json!(false))]).await, ["needle b"]);
    assert_eq!(found(&[("tags", json!("y"))]).await, ["needle b", "needle a"]);
    assert_eq!(found(&[("tags", json!("y")), ("kind", json!("note"))]).await, ["needle a"]);
    assert_eq!(found(&[("kind", json!("deep"))]).await, [""; 0], "the outermost object only");
    // What is not in the metadata is not found by it, whatever the text says.
    assert_eq!(found(&[("needle", json!("a"))]).await, [""; 0]);
}

async fn filters_hold_together(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (one, other) = (world.group(&alice, &[&bob]).await, world.group(&alice, &[&bob]).await);
    for (user, thread, metadata) in
        [(&alice, &one, 1), (&bob, &one, 1), (&alice, &other, 1), (&alice, &one, 2), (&alice, &one, 1)]
    {
        user.send_with(json!({ "threadId": thread, "content": "needle", "metadata": { "n": metadata } })).await;
    }
    let all = json!({ "query": "needle", "threadId": one, "senderId": alice.id,
        "metadata": [{ "key": "n", "value": 1 }], "sentSince": "2000-01-01T00:00:00Z" });
    assert_eq!(bob.found(all).await.len(), 2);
}
