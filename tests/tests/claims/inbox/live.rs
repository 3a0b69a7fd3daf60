//! What changes now.

use serde_json::json;
use tests::{Engine, World, claims};

use super::until_state;

claims![
    a_new_message_is_seen_at_once,
    ones_own_mark_is_seen_on_ones_other_sockets,
    a_thread_one_is_added_to_appears,
    a_thread_that_another_opens_appears,
    a_thread_one_leaves_disappears,
    a_thread_one_is_removed_from_disappears,
    what_the_thread_is_called_and_whether_it_is_archived_is_seen,
    what_happens_elsewhere_is_not_seen,
    who_is_not_signed_in_has_no_inbox,
    a_feed_that_looks_by_itself_finds_what_no_hint_told,
    a_quiet_feed_says_where_it_stands,
];

async fn a_new_message_is_seen_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(None).await;
    assert!(inbox.until("InboxCaughtUp").await.is_empty(), "without a cursor it begins now");
    let sent = bob.send(&thread, "hello").await;
    let frame = until_state(&mut inbox, &thread, |thread| thread["lastMessage"]["id"] == sent.id).await;
    assert_eq!(frame["thread"]["viewerState"]["unreadCount"], 1);
    assert_eq!(frame["thread"]["eventCursor"], sent.cursor);
    let second = bob.send(&thread, "hello?").await;
    let frame = until_state(&mut inbox, &thread, |thread| thread["lastMessage"]["id"] == second.id).await;
    assert_eq!(frame["thread"]["viewerState"]["unreadCount"], 2);
    // One's own message, sent from anywhere, is seen too, and leaves nothing unread.
    let own = alice.send(&thread, "hi").await;
    let frame = until_state(&mut inbox, &thread, |thread| thread["lastMessage"]["id"] == own.id).await;
    assert_eq!(frame["thread"]["viewerState"]["unreadCount"], 0);
}

async fn ones_own_mark_is_seen_on_ones_other_sockets(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = world.direct(&alice, &bob).await;
    let room = world.room_of(&bob, &[&alice]).await;
    for thread in [&direct, &room] {
        let sent = bob.send_many(thread, 3).await;
        let sockets = [world.socket(&alice).await, world.socket(&alice).await];
        let mut inboxes = [sockets[0].inbox(None).await, sockets[1].inbox(None).await];
        for inbox in &mut inboxes {
            inbox.until("InboxCaughtUp").await;
        }
        for (read, left) in [(&sent[1], 1), (&sent[2], 0)] {
            alice.mark_read(thread, &read.cursor).await;
            for inbox in &mut inboxes {
                let read_to = |thread: &serde_json::Value| thread["viewerState"]["lastReadCursor"] == read.cursor;
                let frame = until_state(inbox, thread, read_to).await;
                assert_eq!(frame["thread"]["viewerState"]["unreadCount"], left);
            }
        }
    }
}

async fn a_thread_one_is_added_to_appears(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room(&alice).await;
    let socket = world.socket(&carol).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    alice.add(&group, &carol).await;
    let frame = until_state(&mut inbox, &group, |_| true).await;
    assert_eq!(
        (&frame["thread"]["viewerState"]["role"], &frame["thread"]["participantCount"]),
        (&json!("MEMBER"), &json!(3))
    );
    carol.join(&room).await;
    until_state(&mut inbox, &room, |thread| thread["viewerState"]["role"] == "MEMBER").await;
    // From now on it is followed like any other.
    let sent = bob.send(&group, "welcome").await;
    until_state(&mut inbox, &group, |thread| thread["lastMessage"]["id"] == sent.id).await;
    let sent = alice.send(&room, "welcome").await;
    until_state(&mut inbox, &room, |thread| thread["lastMessage"]["id"] == sent.id).await;
}

async fn a_thread_that_another_opens_appears(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    let direct = world.direct(&alice, &bob).await;
    until_state(&mut inbox, &direct, |thread| thread["kind"] == "DIRECT").await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    until_state(&mut inbox, &group, |thread| thread["participantCount"] == 3).await;
    let sent = alice.send(&direct, "hello").await;
    until_state(&mut inbox, &direct, |thread| thread["lastMessage"]["id"] == sent.id).await;
}

async fn a_thread_one_leaves_disappears(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let direct = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    for thread in [&group, &room] {
        bob.leave(thread).await;
        let frame = inbox.event().await;
        assert_eq!((&frame["__typename"], &frame["threadId"]), (&json!("InboxThreadRemoved"), &json!(thread)));
        // What happens there is no longer told, not even of a room that one could read: the next frame is another's.
        alice.send(thread, "he is gone").await;
        let marker = alice.send(&direct, "a marker").await;
        until_state(&mut inbox, &direct, |thread| thread["lastMessage"]["id"] == marker.id).await;
    }
}

async fn a_thread_one_is_removed_from_disappears(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let direct = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    alice.remove(&group, &bob).await;
    let frame = inbox.event().await;
    assert_eq!((&frame["__typename"], &frame["threadId"]), (&json!("InboxThreadRemoved"), &json!(group)));
    alice.send(&group, "a secret").await;
    alice.try_set_title(&group, Some("A secret")).await.text("/threadUpdate/cursor");
    let marker = alice.send(&direct, "a marker").await;
    until_state(&mut inbox, &direct, |thread| thread["lastMessage"]["id"] == marker.id).await;
    alice.add(&group, &bob).await;
    until_state(&mut inbox, &group, |thread| thread["title"] == "A secret").await;
}

async fn what_the_thread_is_called_and_whether_it_is_archived_is_seen(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    alice.try_set_title(&group, Some("Renamed")).await.text("/threadUpdate/cursor");
    until_state(&mut inbox, &group, |thread| thread["title"] == "Renamed").await;
    alice.archive(&group).await;
    let frame = until_state(&mut inbox, &group, |thread| thread["archivedAt"].is_string()).await;
    assert_eq!(frame["thread"]["viewerState"]["canSend"], false);
    alice.unarchive(&group).await;
    until_state(&mut inbox, &group, |thread| thread["archivedAt"].is_null()).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    let frame = until_state(&mut inbox, &group, |thread| thread["viewerState"]["role"] == "ADMIN").await;
    assert_eq!(frame["thread"]["viewerState"]["canManage"], true);
}

async fn what_happens_elsewhere_is_not_seen(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let own = world.direct(&alice, &carol).await;
    let others = world.direct(&alice, &bob).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let socket = world.socket(&carol).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    alice.send(&others, "not for carol").await;
    bob.send(&room, "public, but not hers").await;
    let fresh = world.group(&alice, &[&bob]).await;
    bob.leave(&fresh).await;
    let marker = alice.send(&own, "a marker").await;
    until_state(&mut inbox, &own, |thread| thread["lastMessage"]["id"] == marker.id).await;
}

async fn who_is_not_signed_in_has_no_inbox(world: World) {
    let socket = tests::Socket::connect(&world.server, None).await;
    socket.inbox(None).await.failed("UNAUTHENTICATED").await;
}

/// As when a hint was lost on its way from another node: the database has changed, and nobody said so.
async fn a_feed_that_looks_by_itself_finds_what_no_hint_told(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let other = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    let now = match world.database.engine() {
        Engine::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
        Engine::Postgres => "clock_timestamp()",
    };
    let update = format!("UPDATE threads SET title = 'from elsewhere', updated_at = {now} WHERE kind = 'group'");
    world.database.execute(&update).await;
    world.server.look_at_inboxes().await;
    loop {
        // Looking a little further back than necessary, it may tell of the other thread, too.
        let frame = inbox.event().await;
        assert_eq!(frame["__typename"], "InboxThread");
        if frame["thread"]["id"] == group.as_str() {
            assert_eq!(frame["thread"]["title"], "from elsewhere");
            break;
        }
        assert_eq!(frame["thread"]["id"], other.as_str());
    }
}

async fn a_quiet_feed_says_where_it_stands(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_INBOX_LOOK_SECONDS", "1")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    let mut cursors = Vec::new();
    while cursors.len() < 3 {
        let frame = inbox.value().await;
        if frame["__typename"] == "InboxHeartbeat" {
            cursors.push(super::cursor(&frame));
        }
    }
    assert!(cursors.is_sorted() && cursors[0] < cursors[2], "it moves on: {cursors:?}");
    let sent = alice.send(&thread, "missed").await;
    let mut resumed = socket.inbox(Some(&cursors[2])).await;
    let frames = resumed.until("InboxCaughtUp").await;
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert_eq!(frames[0]["thread"]["lastMessage"]["id"], sent.id);
}
