//! What lies in the archive is changed where it lies.

use serde_json::json;
use tests::{World, claims};

use super::{move_all, places};

claims![
    a_moved_message_is_edited_reacted_to_and_deleted,
    changes_of_moved_messages_are_told_live,
    the_same_key_gives_the_same_message_though_it_was_moved,
    a_moved_message_is_replied_to,
    unread_counts_hold_across_the_seam,
    marks_stand_at_moved_messages,
    many_change_moved_messages_at_once,
];

async fn a_moved_message_is_edited_reacted_to_and_deleted(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    bob.react(&sent[0], "🎉").await;
    move_all(&world).await;
    alice.edit(&sent[0], "edited").await;
    alice.edit(&sent[0], "edited twice").await;
    alice.try_edit(&sent[0].id, "too late", Some(1)).await.refused_with("messageEdit", "CONFLICT");
    bob.react(&sent[0], "👍").await;
    bob.react(&sent[0], "👍").await;
    bob.unreact(&sent[0], "🎉").await;
    alice.react(&sent[0], "👍").await;
    let select = "content version editedAt revisions(first: 5) { version content } reactions { emoji count } deletedAt";
    let message = bob.message(&sent[0].id, select).await;
    assert_eq!((&message["content"], &message["version"]), (&json!("edited twice"), &json!(3)));
    let revisions = json!([{ "version": 1, "content": "1" }, { "version": 2, "content": "edited" }]);
    assert_eq!((&message["revisions"], &message["reactions"]), (&revisions, &json!([{ "emoji": "👍", "count": 2 }])));
    alice.delete(&sent[0]).await;
    let message = bob.message(&sent[0].id, select).await;
    assert!(message["content"].is_null() && message["deletedAt"].is_string());
    assert_eq!((&message["revisions"], &message["reactions"]), (&json!([]), &json!([])));
    bob.try_react(&sent[0].id, "👍").await.refused_with("reactionAdd", "CONFLICT");
    assert_eq!(places(&world.database).await, [0, 3], "nothing came back for it");
    for table in ["archived_revisions", "archived_reactions", "message_revisions", "message_reactions"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

async fn changes_of_moved_messages_are_told_live(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&sent.cursor)).await;
    events.until("CaughtUp").await;
    move_all(&world).await;
    alice.edit(&sent, "edited").await;
    let edited = events.event().await;
    assert_eq!((&edited["__typename"], &edited["message"]["content"]), (&json!("MessageEdited"), &json!("edited")));
    bob.react(&sent, "👍").await;
    let reacted = events.event().await;
    assert_eq!(reacted["message"]["reactions"], json!([{ "emoji": "👍", "count": 1 }]), "{reacted}");
    alice.delete(&sent).await;
    let deleted = events.event().await;
    assert_eq!((&deleted["__typename"], &deleted["message"]["id"]), (&json!("MessageDeleted"), &json!(sent.id)));
}

async fn the_same_key_gives_the_same_message_though_it_was_moved(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let input = |content: &str| json!({ "threadId": thread, "content": content, "clientKey": "once" });
    let sent = alice.send_with(input("hello")).await;
    move_all(&world).await;
    assert_eq!(alice.send_with(input("hello")).await, sent);
    alice.try_send_with(input("something else")).await.refused_with("messageSend", "CONFLICT");
    let of_bob = bob.send_with(input("hello")).await;
    assert_ne!(of_bob.id, sent.id, "a key is its sender's");
    assert_eq!(places(&world.database).await, [1, 1]);
}

async fn a_moved_message_is_replied_to(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let first = bob.reply(&thread, &parent, "an answer").await;
    move_all(&world).await;
    // A reply to a reply goes to its parent, wherever either lies.
    let second = alice.reply(&thread, &first, "thank you").await;
    let elsewhere = alice.send(&world.room(&alice).await, "elsewhere").await;
    let input = json!({ "threadId": thread, "content": "no", "parentId": elsewhere.id });
    alice.try_send_with(input).await.refused_with("messageSend", "INVALID");
    for reply in [&first, &second] {
        assert_eq!(bob.message(&reply.id, "parent { id content }").await["parent"]["content"], "a question");
    }
    move_all(&world).await;
    let message = bob.message(&parent.id, "replyCount replies(first: 5) { nodes { id } }").await;
    assert_eq!(message["replyCount"], 2);
    assert_eq!(message["replies"]["nodes"], json!([{ "id": first.id }, { "id": second.id }]));
}

async fn unread_counts_hold_across_the_seam(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 6).await;
    bob.mark_read(&thread, &sent[1].cursor).await;
    alice.delete(&sent[2]).await;
    move_all(&world).await;
    let late = alice.send_many(&thread, 3).await;
    alice.delete(&late[0]).await;
    let unread_threads =
        async || bob.graphql("{ viewer { unreadThreadCount } }", json!({})).await.number("/viewer/unreadThreadCount");
    assert_eq!(bob.unread(&thread).await, 5, "three in the archive, two in use");
    alice.delete(&sent[3]).await;
    alice.delete(&late[1]).await;
    assert_eq!((bob.unread(&thread).await, unread_threads().await), (3, 1));
    for sent in [&sent[4], &sent[5], &late[2]] {
        alice.delete(sent).await;
    }
    assert_eq!((bob.unread(&thread).await, unread_threads().await), (0, 0), "nothing is left to be read");
}

async fn marks_stand_at_moved_messages(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for thread in [world.direct(&alice, &bob).await, world.room_of(&alice, &[&bob]).await] {
        let sent = alice.send_many(&thread, 4).await;
        let reacted = bob.react(&sent[1], "👍").await;
        move_all(&world).await;
        alice.send_many(&thread, 2).await;
        let marked = async |cursor: &str| {
            let answer = bob.mark_read(&thread, cursor).await;
            let state = answer.ok("/threadMarkRead/viewerState").clone();
            (state["unreadCount"].clone(), state["lastReadCursor"].clone())
        };
        assert_eq!(marked(&sent[2].cursor).await, (json!(3), json!(sent[2].cursor)));
        assert_eq!(marked(&sent[0].cursor).await, (json!(3), json!(sent[2].cursor)), "never back");
        assert_eq!(marked(&reacted).await, (json!(2), json!(sent[3].cursor)), "the last message before it");
    }
}

async fn many_change_moved_messages_at_once(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 6).await;
    let group = world.group(&alice, &others.iter().collect::<Vec<_>>()).await;
    let sent = alice.send_many(&group, 4).await;
    move_all(&world).await;
    let work = others.iter().flat_map(|other| sent.iter().map(move |sent| (other, sent)));
    futures_util::future::join_all(work.map(async |(other, sent)| {
        other.react(sent, "👍").await;
        other.react(sent, "🎉").await;
        other.unreact(sent, "👍").await;
        alice.edit(sent, &format!("for {}", other.username)).await;
    }))
    .await;
    for sent in &sent {
        let message =
            alice.message(&sent.id, "version revisions(first: 20) { version } reactions { emoji count }").await;
        assert_eq!(message["reactions"], json!([{ "emoji": "🎉", "count": 6 }]));
        assert_eq!(message["version"], 7);
        let versions: Vec<_> =
            message["revisions"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
        assert_eq!(versions, (1..=6).map(|version| json!(version)).collect::<Vec<_>>());
    }
}
