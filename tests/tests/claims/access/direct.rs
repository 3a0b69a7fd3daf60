//! The row of direct threads.

use serde_json::{Value, json};
use tests::{World, claims};

claims![
    the_two_read,
    the_two_write,
    a_third_neither_reads_nor_writes,
    either_archives_and_takes_back,
    nobody_sets_a_title,
    nobody_adds_removes_or_changes_roles,
    a_third_manages_nothing,
    nobody_leaves,
    a_guest_has_none,
];

async fn the_two_read(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let sent = alice.send(&thread, "hello").await;
    for user in [&alice, &bob] {
        assert_eq!(user.thread(&thread).await["kind"], "DIRECT");
        assert_eq!(user.page(&thread, "last: 10").await.ok("/thread/messages/edges/0/node/content"), "hello");
        assert_eq!(user.message(&sent.id, "content").await["content"], "hello");
        let frames = user.all_events(&thread, None).await;
        assert!(frames.iter().any(|frame| frame["cursor"] == sent.cursor.as_str()), "the event is there: {frames:?}");
        let mut participants: Vec<_> =
            user.participants(&thread).await.iter().map(|p| p["user"]["id"].clone()).collect();
        participants.sort_by_key(Value::to_string);
        let mut both = [json!(alice.id), json!(bob.id)];
        both.sort_by_key(Value::to_string);
        assert_eq!(participants, both);
        let mut stream = world.socket(user).await.messages(&thread, Some(&start)).await;
        assert_eq!(stream.value().await["node"]["content"], "hello");
    }
}

async fn the_two_write(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut senders = Vec::new();
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        let sent = user.send(&thread, "mine").await;
        user.edit(&sent, "mine, edited").await;
        other.react(&sent, "👍").await;
        other.unreact(&sent, "👍").await;
        other.reply(&thread, &sent, "a reply").await;
        other.mark_read(&thread, &sent.cursor).await;
        user.try_type(&thread).await.ok("/typingSignal");
        assert_eq!(user.thread(&thread).await["viewerState"]["canSend"], true);
        senders.push(sent);
    }
    for (user, sent) in [(&alice, &senders[0]), (&bob, &senders[1])] {
        user.delete(sent).await;
    }
}

async fn a_third_neither_reads_nor_writes(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "between us").await;
    let read = "query($t: ID!, $m: ID!) { thread(id: $t) { id } node(id: $m) { id } nodes(ids: [$t, $m]) { id } }";
    for client in [&*mallory, &world.anonymous] {
        let answer = client.graphql(read, json!({ "t": thread, "m": sent.id })).await;
        assert_eq!(answer.data(), &json!({ "thread": null, "node": null, "nodes": [null, null] }));
    }
    mallory.try_send(&thread, "let me in").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
    mallory.try_edit(&sent.id, "changed", None).await.refused("messageEdit", "NOT_FOUND", &["id"]);
    mallory.try_delete(&sent.id).await.refused("messageDelete", "NOT_FOUND", &["id"]);
    mallory.try_react(&sent.id, "👍").await.refused("reactionAdd", "NOT_FOUND", &["messageId"]);
    mallory.try_unreact(&sent.id, "👍").await.refused("reactionRemove", "NOT_FOUND", &["messageId"]);
    for mark in ["threadMarkRead", "threadMarkDelivered"] {
        mallory.try_mark(mark, &thread, &sent.cursor).await.refused(mark, "NOT_FOUND", &["threadId"]);
    }
    mallory.try_type(&thread).await.refused("typingSignal", "NOT_FOUND", &["threadId"]);
    let history = alice.history(&thread).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].1["content"], "between us");
}

async fn either_archives_and_takes_back(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        one.archive(&thread).await;
        assert!(other.thread(&thread).await["archivedAt"].is_string());
        other.unarchive(&thread).await;
        assert!(one.thread(&thread).await["archivedAt"].is_null());
        one.send(&thread, "writable again").await;
    }
}

async fn nobody_sets_a_title(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for user in [&alice, &bob] {
        user.try_set_title(&thread, Some("ours")).await.refused("threadUpdate", "FORBIDDEN", &["id"]);
        assert!(user.thread(&thread).await["title"].is_null());
    }
}

async fn nobody_adds_removes_or_changes_roles(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let thread = world.direct(&alice, &bob).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        user.try_add(&thread, &carol.id).await.refused("participantAdd", "FORBIDDEN", &["threadId"]);
        user.try_remove(&thread, &other.id).await.refused("participantRemove", "FORBIDDEN", &["threadId"]);
        user.try_set_role(&thread, &other.id, "ADMIN").await.refused("participantSetRole", "FORBIDDEN", &["threadId"]);
        user.try_set_role(&thread, &user.id, "ADMIN").await.refused("participantSetRole", "FORBIDDEN", &["threadId"]);
        assert_eq!(user.thread(&thread).await["participantCount"], 2);
        let roles: Vec<_> = user.participants(&thread).await.iter().map(|p| p["role"].clone()).collect();
        assert_eq!(roles, ["MEMBER", "MEMBER"]);
    }
}

async fn a_third_manages_nothing(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let thread = world.direct(&alice, &bob).await;
    mallory.try_set_title(&thread, Some("mine")).await.refused("threadUpdate", "NOT_FOUND", &["id"]);
    mallory.try_archive(&thread, true).await.refused("threadArchive", "NOT_FOUND", &["id"]);
    mallory.try_archive(&thread, false).await.refused("threadArchive", "NOT_FOUND", &["id"]);
    mallory.try_join(&thread).await.refused("threadJoin", "NOT_FOUND", &["id"]);
    mallory.try_leave(&thread).await.refused("threadLeave", "NOT_FOUND", &["id"]);
    mallory.try_add(&thread, &mallory.id).await.refused("participantAdd", "NOT_FOUND", &["threadId"]);
    mallory.try_remove(&thread, &bob.id).await.refused("participantRemove", "NOT_FOUND", &["threadId"]);
    mallory.try_set_role(&thread, &bob.id, "ADMIN").await.refused("participantSetRole", "NOT_FOUND", &["threadId"]);
    assert_eq!(alice.thread(&thread).await["participantCount"], 2);
}

async fn nobody_leaves(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for user in [&alice, &bob] {
        user.try_leave(&thread).await.refused("threadLeave", "FORBIDDEN", &["id"]);
        user.send(&thread, "still here").await;
    }
}

async fn a_guest_has_none(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    alice.try_create_direct(&guest.id).await.refused("threadCreate", "FORBIDDEN", &["direct", "userId"]);
    guest.try_create_direct(&alice.id).await.refused_with("threadCreate", "FORBIDDEN");
}
