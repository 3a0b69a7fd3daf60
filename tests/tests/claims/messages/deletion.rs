//! A deleted message keeps its place, and nothing else.

use serde_json::json;
use tests::message::MESSAGE;
use tests::{Sent, User, World, claims};

claims![
    a_tombstone_keeps_its_place_and_not_its_content,
    a_tombstone_is_the_same_for_everyone,
    what_was_deleted_is_gone_from_the_tables,
    a_deletion_is_in_the_log_and_reaches_the_others,
    an_earlier_frame_shows_the_tombstone_when_it_is_replayed,
    a_tombstone_can_be_neither_edited_nor_reacted_to,
    replies_outlive_their_parent,
    a_deleted_message_is_not_unread,
];

/// A message with everything that a message can have, and then deleted.
async fn deleted(alice: &User, bob: &User, thread: &str) -> (Sent, String) {
    let attachment = json!({ "url": "https://example.org/secret.png", "type": "image/png", "name": "secret.png",
        "size": 3, "metadata": { "secret": true } });
    let input = json!({ "threadId": thread, "content": "secret one", "metadata": { "secret": 1 },
        "attachments": [attachment], "clientKey": "k1" });
    let sent = alice.send_with(input).await;
    let message = alice.message(&sent.id, "attachments { id }").await;
    let attachment = message["attachments"][0]["id"].as_str().unwrap().to_owned();
    alice.edit(&sent, "secret two").await;
    bob.react(&sent, "👍").await;
    alice.delete(&sent).await;
    (sent, attachment)
}

async fn a_tombstone_keeps_its_place_and_not_its_content(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let before = alice.send(&thread, "before").await;
    let (sent, attachment) = deleted(&alice, &bob, &thread).await;
    let after = alice.send(&thread, "after").await;
    let history = bob.history(&thread).await;
    let cursors: Vec<_> = history.iter().map(|(cursor, _)| cursor.as_str()).collect();
    assert_eq!(cursors, [&before.cursor, &sent.cursor, &after.cursor]);
    let tombstone = &history[1].1;
    let mut expected = json!({ "id": sent.id, "thread": { "id": thread }, "sender": { "id": alice.id }, "content": null,
        "parent": null, "replyCount": 0, "attachments": [], "reactions": [], "metadata": null, "revisions": [] });
    assert!(tombstone["deletedAt"].is_string());
    for field in ["createdAt", "editedAt", "deletedAt", "version"] {
        expected[field] = tombstone[field].clone();
    }
    assert_eq!(tombstone, &expected);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert!(bob.graphql(node, json!({ "id": attachment })).await.ok("/node").is_null());
}

async fn a_tombstone_is_the_same_for_everyone(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&carol, &[&alice, &bob]).await;
    let (sent, _) = deleted(&alice, &bob, &group).await;
    let reply = "parent { content attachments { id } revisions { content } reactions { emoji } metadata }";
    let answer = bob.reply(&group, &sent, "a reply to it").await;
    let seen = bob.message(&sent.id, MESSAGE).await;
    for user in [&alice, &carol] {
        assert_eq!(user.message(&sent.id, MESSAGE).await, seen, "{}", user.username);
    }
    let nothing = json!({ "content": null, "attachments": [], "revisions": [], "reactions": [], "metadata": null });
    for user in [&alice, &bob, &carol] {
        assert_eq!(user.message(&answer.id, reply).await["parent"], nothing);
    }
    let by_key = "query($t: ID!) { messageByClientKey(threadId: $t, clientKey: \"k1\") { id content metadata } }";
    let found = alice.graphql(by_key, json!({ "t": group })).await;
    let found = found.ok("/messageByClientKey");
    assert!(found.is_null() || found == &json!({ "id": sent.id, "content": null, "metadata": null }), "{found}");
}

async fn what_was_deleted_is_gone_from_the_tables(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    deleted(&alice, &bob, &thread).await;
    let kept = alice.send(&thread, "kept").await;
    bob.react(&kept, "👍").await;
    let count = async |sql: &str| world.database.number(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM messages").await, 2);
    assert_eq!(count("SELECT COUNT(*) FROM messages WHERE content LIKE '%secret%'").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM messages WHERE CAST(metadata AS TEXT) LIKE '%secret%'").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM message_revisions WHERE content LIKE '%secret%'").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM message_attachments").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM message_reactions").await, 1);
    assert_eq!(count("SELECT COUNT(*) FROM thread_events WHERE CAST(data AS TEXT) LIKE '%secret%'").await, 0);
}

async fn a_deletion_is_in_the_log_and_reaches_the_others(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "one").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&sent.cursor)).await;
    events.until("CaughtUp").await;
    let cursor = alice.delete(&sent).await;
    let frame = events.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("MessageDeleted"), &json!(cursor)));
    assert_eq!(frame["message"]["id"], sent.id.as_str());
    assert!(frame["message"]["content"].is_null());
}

async fn an_earlier_frame_shows_the_tombstone_when_it_is_replayed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = bob.event_cursor(&thread).await;
    deleted(&alice, &bob, &thread).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&start)).await;
    let streamed = events.until("CaughtUp").await;
    let polled = bob.all_events(&thread, Some(&start)).await;
    let mut messages = socket.messages(&thread, Some(&start)).await;
    let added = messages.value().await;
    for frames in [serde_json::Value::from(streamed), serde_json::Value::from(polled), added] {
        assert!(!frames.to_string().contains("secret"), "{frames}");
    }
}

async fn a_tombstone_can_be_neither_edited_nor_reacted_to(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (sent, _) = deleted(&alice, &bob, &thread).await;
    let before = bob.event_cursor(&thread).await;
    let edit = alice.try_edit(&sent.id, "back from the dead", None).await;
    assert_eq!(edit.user_errors("messageEdit").len(), 1, "{:?}", edit.json);
    let reaction = bob.try_react(&sent.id, "👍").await;
    assert_eq!(reaction.user_errors("reactionAdd").len(), 1, "{:?}", reaction.json);
    let message = bob.message(&sent.id, "content reactions { emoji }").await;
    assert_eq!(message, json!({ "content": null, "reactions": [] }));
    assert_eq!(bob.event_cursor(&thread).await, before);
}

async fn replies_outlive_their_parent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let reply = bob.reply(&thread, &parent, "an answer").await;
    alice.delete(&parent).await;
    let seen = alice.message(&reply.id, "content parent { id content }").await;
    assert_eq!(seen, json!({ "content": "an answer", "parent": { "id": parent.id, "content": null } }));
    let replies = alice.message(&parent.id, "replies(first: 5) { nodes { content } }").await;
    assert_eq!(replies["replies"]["nodes"], json!([{ "content": "an answer" }]));
}

async fn a_deleted_message_is_not_unread(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 5).await;
    bob.mark_read(&thread, &sent[1].cursor).await;
    assert_eq!(bob.unread(&thread).await, 3);
    alice.delete(&sent[0]).await;
    assert_eq!(bob.unread(&thread).await, 3, "it was read before");
    alice.delete(&sent[3]).await;
    assert_eq!(bob.unread(&thread).await, 2);
    alice.try_delete(&sent[3].id).await;
    assert_eq!(bob.unread(&thread).await, 2, "and once only");
}
