//! Every durable change is a frame that shows what it changed.

use serde_json::{Value, json};
use tests::{Line, World, claims};

claims![
    every_change_of_a_message_is_a_frame,
    every_mark_of_a_small_thread_is_a_frame,
    marks_that_show_nothing_new_are_no_frames,
    every_change_of_membership_is_a_frame,
    every_change_of_the_thread_is_a_frame,
    what_is_refused_is_no_frame,
    a_reply_is_posted_with_its_parent,
];

async fn every_change_of_a_message_is_a_frame(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    let sent = alice.send(&thread, "hello").await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("MessagePosted", &*sent.cursor));
    assert_eq!(frame["message"]["id"], sent.id);
    assert_eq!((&frame["message"]["content"], &frame["message"]["version"]), (&json!("hello"), &json!(1)));
    let cursor = alice.edit(&sent, "edited").await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("MessageEdited", &*cursor));
    assert_eq!((&frame["message"]["id"], &frame["message"]["content"]), (&json!(sent.id), &json!("edited")));
    assert_eq!(frame["message"]["version"], 2);
    assert!(frame["message"]["editedAt"].is_string());
    for (emoji, reactions) in [
        ("👍", json!([{ "emoji": "👍", "count": 1 }])),
        ("🎉", json!([{ "emoji": "👍", "count": 1 }, { "emoji": "🎉", "count": 1 }])),
    ] {
        let cursor = bob.react(&sent, emoji).await;
        let frame = events.event().await;
        assert_eq!(place(&frame), ("ReactionsChanged", &*cursor));
        assert_eq!((&frame["message"]["id"], &frame["message"]["reactions"]), (&json!(sent.id), &reactions));
    }
    let cursor = bob.unreact(&sent, "👍").await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("ReactionsChanged", &*cursor));
    assert_eq!(frame["message"]["reactions"], json!([{ "emoji": "🎉", "count": 1 }]));
    let cursor = alice.delete(&sent).await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("MessageDeleted", &*cursor));
    assert_eq!((&frame["message"]["id"], &frame["message"]["content"]), (&json!(sent.id), &Value::Null));
    assert!(frame["message"]["deletedAt"].is_string());
}

async fn every_mark_of_a_small_thread_is_a_frame(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send_many(&group, 3).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&group, None).await;
    events.until("CaughtUp").await;
    bob.mark_delivered(&group, &sent[2].cursor).await;
    let frame = events.event().await;
    assert_eq!(frame["__typename"], "ReceiptsAdvanced");
    assert_eq!(frame["participants"][0]["user"]["id"], bob.id);
    assert_eq!(frame["participants"][0]["lastDeliveredCursor"], sent[2].cursor);
    carol.mark_read(&group, &sent[1].cursor).await;
    let frame = events.event().await;
    assert_eq!(frame["__typename"], "ReceiptsAdvanced");
    assert_eq!(frame["participants"].as_array().map(Vec::len), Some(1));
    assert_eq!(frame["participants"][0]["user"]["id"], carol.id);
    assert_eq!(frame["participants"][0]["lastReadCursor"], sent[1].cursor);
    assert!(frame["participants"][0]["lastReadAt"].is_string());
    // Who answers has read what came before.
    let answer = bob.send(&group, "an answer").await;
    assert_eq!(place(&events.event().await), ("MessagePosted", &*answer.cursor));
    let frame = events.event().await;
    assert_eq!(frame["__typename"], "ReceiptsAdvanced");
    assert_eq!(frame["participants"][0]["user"]["id"], bob.id);
}

async fn marks_that_show_nothing_new_are_no_frames(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    bob.mark_read(&thread, &sent[2].cursor).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    // Again, further back, and delivered after read: none of them moves anything.
    bob.mark_read(&thread, &sent[2].cursor).await;
    bob.mark_read(&thread, &sent[0].cursor).await;
    bob.mark_delivered(&thread, &sent[2].cursor).await;
    let marker = alice.send(&thread, "a marker").await;
    assert_eq!(place(&events.event().await), ("MessagePosted", &*marker.cursor));
}

async fn every_change_of_membership_is_a_frame(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, None).await;
    events.until("CaughtUp").await;
    let cursor = alice.add(&group, &carol).await;
    let frame = events.event().await;
    assert_eq!((place(&frame), &frame["change"]), (("ParticipantChanged", &*cursor), &json!("JOINED")));
    assert_eq!((&frame["user"]["id"], &frame["participant"]["role"]), (&json!(carol.id), &json!("MEMBER")));
    let cursor = alice.set_role(&group, &carol, "ADMIN").await;
    let frame = events.event().await;
    assert_eq!((place(&frame), &frame["change"]), (("ParticipantChanged", &*cursor), &json!("ROLE_CHANGED")));
    assert_eq!((&frame["user"]["id"], &frame["participant"]["role"]), (&json!(carol.id), &json!("ADMIN")));
    let cursor = alice.remove(&group, &carol).await;
    let frame = events.event().await;
    assert_eq!((place(&frame), &frame["change"]), (("ParticipantChanged", &*cursor), &json!("LEFT")));
    assert_eq!((&frame["user"]["id"], &frame["participant"]), (&json!(carol.id), &Value::Null));
    // Whoever is last to leave with the rights of an admin hands them on, and that is a change of its own.
    alice.leave(&group).await;
    let changes = [events.event().await, events.event().await];
    let mut changes: Vec<_> =
        changes.iter().map(|frame| (frame["change"].as_str().unwrap(), &frame["user"]["id"])).collect();
    changes.sort_by_key(|(change, _)| (*change).to_owned());
    assert_eq!(changes, [("LEFT", &json!(alice.id)), ("ROLE_CHANGED", &json!(bob.id))]);
}

async fn every_change_of_the_thread_is_a_frame(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, None).await;
    events.until("CaughtUp").await;
    let cursor = alice.try_set_title(&group, Some("Renamed")).await.text("/threadUpdate/cursor");
    let frame = events.event().await;
    assert_eq!((place(&frame), &frame["thread"]["title"]), (("ThreadChanged", &*cursor), &json!("Renamed")));
    let cursor = alice.archive(&group).await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("ThreadChanged", &*cursor));
    assert!(frame["thread"]["archivedAt"].is_string());
    let cursor = alice.unarchive(&group).await;
    let frame = events.event().await;
    assert_eq!((place(&frame), &frame["thread"]["archivedAt"]), (("ThreadChanged", &*cursor), &Value::Null));
}

async fn what_is_refused_is_no_frame(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "hello").await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&group, None).await;
    events.until("CaughtUp").await;
    bob.try_edit(&sent.id, "not mine", None).await.refused_with("messageEdit", "FORBIDDEN");
    bob.try_delete(&sent.id).await.refused_with("messageDelete", "FORBIDDEN");
    bob.try_set_title(&group, Some("not mine")).await.refused_with("threadUpdate", "FORBIDDEN");
    alice.try_send(&group, "  ").await.refused_with("messageSend", "BLANK");
    alice.try_edit(&sent.id, "of another version", Some(7)).await.refused_with("messageEdit", "CONFLICT");
    let marker = alice.send(&group, "a marker").await;
    assert_eq!(place(&events.event().await), ("MessagePosted", &*marker.cursor));
    assert_eq!(Line::of_all(&bob.all_events(&group, None).await).len(), 2, "neither live nor in the log");
}

async fn a_reply_is_posted_with_its_parent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, None).await;
    let mut messages = socket.messages(&thread, Some(&parent.cursor)).await;
    events.until("CaughtUp").await;
    let reply = bob.reply(&thread, &parent, "an answer").await;
    let frame = events.event().await;
    assert_eq!(place(&frame), ("MessagePosted", &*reply.cursor));
    assert_eq!(frame["message"]["parent"]["id"], parent.id);
    assert_eq!(messages.value().await["node"]["parent"]["id"], parent.id);
    assert_eq!(bob.message(&parent.id, "replyCount").await["replyCount"], 1);
}

/// What a frame is and where.
fn place(frame: &Value) -> (&str, &str) {
    (frame["__typename"].as_str().unwrap(), frame["cursor"].as_str().unwrap())
}
