//! Inputs of threads, participants and marks.

use serde_json::{Value, json};
use tests::{World, claims};

claims![
    a_thread_is_exactly_one_of_its_kinds,
    titles_are_checked,
    a_direct_thread_needs_another,
    one_bad_participant_makes_no_group,
    marks_take_cursors_of_their_thread_only,
];

async fn a_thread_is_exactly_one_of_its_kinds(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let inputs = [
        json!({}),
        json!({ "direct": null }),
        json!({ "direct": { "userId": bob.id }, "room": { "title": "x" } }),
        json!({ "room": { "title": "x" }, "group": null }),
    ];
    for input in inputs {
        let answer = alice.try_create_thread(input.clone()).await;
        assert!(answer.json["errors"][0].is_object(), "{input} is answered with {}", answer.json);
    }
    let threads = alice.graphql("{ viewer { threads(first: 5) { nodes { id } } } }", Value::Null).await;
    assert_eq!(threads.ok("/viewer/threads/nodes"), &json!([]));
}

async fn titles_are_checked(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room(&alice).await;
    let long = "x".repeat(10_000);
    for (title, code) in [("", "BLANK"), ("  \n ", "BLANK"), (&*long, "TOO_LONG"), ("a\u{0}b", "INVALID")] {
        alice.try_create_room(title).await.refused("threadCreate", code, &["room", "title"]);
        alice.try_set_title(&room, Some(title)).await.refused("threadUpdate", code, &["title"]);
    }
    for (title, code) in [(&*long, "TOO_LONG"), ("a\u{0}b", "INVALID")] {
        let input = json!({ "group": { "title": title, "participantIds": [bob.id] } });
        alice.try_create_thread(input).await.refused("threadCreate", code, &["group", "title"]);
        alice.try_set_title(&group, Some(title)).await.refused("threadUpdate", code, &["title"]);
    }
    alice.try_set_title(&room, None).await.refused("threadUpdate", "BLANK", &["title"]);
    assert_eq!(alice.thread(&room).await["title"], "A room");
    assert_eq!(alice.thread(&group).await["title"], "A group");
}

async fn a_direct_thread_needs_another(world: World) {
    let alice = world.user("alice").await;
    alice.try_create_direct(&alice.id).await.refused("threadCreate", "INVALID", &["direct", "userId"]);
}

async fn one_bad_participant_makes_no_group(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let answer = alice.try_create_group(&[&bob.id, "nonsense"]).await;
    answer.refused("threadCreate", "INVALID", &["group", "participantIds", "1"]);
    let threads = bob.graphql("{ viewer { threads(first: 5) { nodes { id } } } }", Value::Null).await;
    assert_eq!(threads.ok("/viewer/threads/nodes"), &json!([]));
}

async fn marks_take_cursors_of_their_thread_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&thread, "x").await;
    let elsewhere = alice.send(&group, "x").await;
    let users = alice.graphql("{ users(first: 1) { edges { cursor } } }", Value::Null).await;
    let of_users = users.text("/users/edges/0/cursor");
    for mark in ["threadMarkRead", "threadMarkDelivered"] {
        for cursor in ["", "nonsense", "a\u{0}b", &elsewhere.cursor, &of_users] {
            bob.try_mark(mark, &thread, cursor).await.refused(mark, "INVALID", &["upTo"]);
        }
    }
    assert_eq!(bob.unread(&thread).await, 1);
    bob.mark_read(&thread, &sent.cursor).await;
    assert_eq!(bob.unread(&thread).await, 0);
}
