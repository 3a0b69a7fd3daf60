//! An archived thread is read-only until an admin takes it back; a direct one until either does.

use serde_json::json;
use tests::{User, World, claims};

claims![
    an_archived_direct_thread_is_read_only,
    an_archived_group_is_read_only,
    an_archived_room_is_read_only,
    archived_threads_are_listed_apart,
    archiving_twice_is_archiving_once,
];

async fn an_archived_direct_thread_is_read_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    read_only_until_taken_back(&alice, &bob, &thread).await;
}

async fn an_archived_group_is_read_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    read_only_until_taken_back(&alice, &bob, &group).await;
}

async fn an_archived_room_is_read_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    read_only_until_taken_back(&alice, &bob, &room).await;
}

async fn archived_threads_are_listed_apart(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let direct = world.direct(&alice, &bob).await;
    alice.archive(&group).await;
    let document = "{ viewer { usual: threads(first: 10) { nodes { id } } \
        unarchived: threads(archived: false, first: 10) { nodes { id } } \
        archived: threads(archived: true, first: 10) { nodes { id } } } }";
    for user in [&alice, &bob] {
        let answer = user.graphql(document, json!({})).await;
        let expected = json!({ "viewer": { "usual": { "nodes": [{ "id": direct }] },
            "unarchived": { "nodes": [{ "id": direct }] }, "archived": { "nodes": [{ "id": group }] } } });
        assert_eq!(answer.data(), &expected);
    }
}

async fn archiving_twice_is_archiving_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.archive(&group).await;
    let (at, cursor) = (bob.thread(&group).await["archivedAt"].clone(), bob.event_cursor(&group).await);
    let again = alice.try_archive(&group, true).await;
    assert_eq!(again.ok("/threadArchive/thread/archivedAt"), &at);
    assert_eq!(bob.event_cursor(&group).await, cursor, "nothing happened, so nothing is in the log");
}

/// `admin` archives the thread and takes it back; `member` and `admin` try to write meanwhile.
async fn read_only_until_taken_back(admin: &User, member: &User, thread: &str) {
    let sent = member.send(thread, "before").await;
    admin.react(&sent, "👍").await;
    admin.archive(thread).await;
    for user in [admin, member] {
        user.try_send(thread, "meanwhile").await.refused("messageSend", "ARCHIVED", &["threadId"]);
        user.try_react(&sent.id, "🎉").await.refused("reactionAdd", "ARCHIVED", &["messageId"]);
        let state = user.thread(thread).await["viewerState"].clone();
        assert_eq!(state["canSend"], false);
        let read = user.page(thread, "last: 5").await;
        assert_eq!(read.ok("/thread/messages/edges/0/node/content"), "before", "it can still be read");
    }
    member.try_edit(&sent.id, "meanwhile", None).await.refused("messageEdit", "ARCHIVED", &["id"]);
    member.try_delete(&sent.id).await.refused("messageDelete", "ARCHIVED", &["id"]);
    admin.try_unreact(&sent.id, "👍").await.refused("reactionRemove", "ARCHIVED", &["messageId"]);
    let message = member.message(&sent.id, "content version reactions { emoji count }").await;
    let untouched = json!({ "content": "before", "version": 1, "reactions": [{ "emoji": "👍", "count": 1 }] });
    assert_eq!(message, untouched);
    admin.mark_read(thread, &sent.cursor).await;
    assert_eq!(admin.unread(thread).await, 0, "what one has read is one's own");
    admin.unarchive(thread).await;
    member.send(thread, "after").await;
    member.edit(&sent, "after").await;
    assert_eq!(member.thread(thread).await["viewerState"]["canSend"], true);
}
