//! What the streams of somebody who is removed show, and what those of the others show.

use serde_json::json;
use tests::socket::Opening;
use tests::{Line, Socket, World, claims};

use super::{until_refused, until_revoked};
use crate::streams::send_at_once;

claims![
    a_removal_ends_the_streams_of_the_removed,
    leaving_ends_the_own_streams,
    the_others_see_the_removal_and_go_on,
    a_removed_backlog_is_not_shown,
    who_was_removed_opens_no_stream,
    who_is_back_reads_on_across_the_removal,
    who_is_back_before_they_notice_goes_on,
    who_leaves_a_room_goes_on_reading_it,
];

async fn a_removal_ends_the_streams_of_the_removed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    // Two sockets: each ends by itself.
    let sockets = [world.socket(&bob).await, world.socket(&bob).await];
    let mut streams = Vec::new();
    for socket in &sockets {
        let mut events = socket.events(&group, Some(&start)).await;
        events.until("CaughtUp").await;
        streams.push((events, socket.messages(&group, Some(&start)).await, socket.signals(&group).await));
    }
    let seen = alice.send_many(&group, 3).await;
    for (events, messages, signals) in &mut streams {
        assert_eq!(events.until_cursor(&seen[2].cursor).await.len(), 3);
        assert_eq!(messages.until_cursor(&seen[2].cursor).await.len(), 3);
        assert_eq!(signals.value().await["__typename"], "Presence");
    }
    let removed = alice.remove(&group, &bob).await;
    alice.send_many(&group, 3).await;
    for (events, messages, signals) in &mut streams {
        // Their own leaving may be shown to them; nothing after it is.
        let lines = Line::of_all(&until_revoked(events).await);
        assert!(lines.iter().all(|line| line.cursor == removed), "{lines:?}");
        assert!(until_refused(messages).await.is_empty());
        loop {
            // Presence may have been told before.
            match signals.next().await {
                tests::Frame::Next(_) => {}
                tests::Frame::Error(errors) => {
                    assert_eq!(errors[0]["extensions"]["code"], "ACCESS_REVOKED");
                    break;
                }
                other => panic!("an error that says so is expected, not {other:?}"),
            }
        }
    }
    // The sockets themselves are as good as before: only these streams have ended. Nothing else came on them.
    let other = world.direct(&alice, &bob).await;
    for (socket, (mut events, mut messages, _)) in sockets.iter().zip(streams) {
        let mut elsewhere = socket.events(&other, None).await;
        elsewhere.until("CaughtUp").await;
        assert_eq!((events.try_next(), messages.try_next()), (None, None), "nothing comes after the end");
    }
    assert_eq!(bob.thread(&group).await, json!(null));
}

async fn leaving_ends_the_own_streams(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&start)).await;
    let mut messages = socket.messages(&group, Some(&start)).await;
    let seen = alice.send(&group, "hello").await;
    events.until_cursor(&seen.cursor).await;
    messages.until_cursor(&seen.cursor).await;
    bob.leave(&group).await;
    let left = alice.event_cursor(&group).await;
    alice.send(&group, "a secret").await;
    let lines = Line::of_all(&until_revoked(&mut events).await);
    assert!(lines.iter().all(|line| line.cursor <= left && line.kind != "MessagePosted"), "{lines:?}");
    assert!(until_refused(&mut messages).await.is_empty());
}

async fn the_others_see_the_removal_and_go_on(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&carol).await;
    let mut events = socket.events(&group, Some(&start)).await;
    let mut messages = socket.messages(&group, Some(&start)).await;
    events.until("CaughtUp").await;
    let removed = alice.remove(&group, &bob).await;
    let sent = alice.send(&group, "he is gone").await;
    let frames = events.until_cursor(&removed).await;
    let frame = frames.last().unwrap();
    assert_eq!((&frame["change"], &frame["user"]["id"]), (&json!("LEFT"), &json!(bob.id)));
    assert_eq!(events.event().await["cursor"], sent.cursor);
    assert_eq!(messages.value().await["cursor"], sent.cursor);
}

async fn a_removed_backlog_is_not_shown(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    // Bob reads nothing for a while; what was written for him meanwhile waits, and then he is removed.
    let opening = Opening { receive_buffer: Some(32 * 1024), ..Opening::default() };
    let socket = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    socket.init(Some(&bob.token)).await;
    let mut events = socket.events(&group, Some(&start)).await;
    let mut messages = socket.messages(&group, Some(&start)).await;
    let seen = alice.send(&group, "hello").await;
    events.until_cursor(&seen.cursor).await;
    messages.until_cursor(&seen.cursor).await;
    socket.pause();
    send_at_once(&[&alice], &group, 300, &"x".repeat(2000)).await;
    let removed = alice.remove(&group, &bob).await;
    let secrets = alice.send_many(&group, 5).await;
    socket.resume();
    let lines = until_revoked(&mut events).await;
    let edges = until_refused(&mut messages).await;
    for frame in lines.iter().chain(&edges) {
        let line = Line::of(frame);
        assert!(line.cursor <= removed && secrets.iter().all(|secret| !line.names.contains(&secret.id)), "{line:?}");
    }
}

async fn who_was_removed_opens_no_stream(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let before = alice.send(&group, "hello").await;
    alice.remove(&group, &bob).await;
    let socket = world.socket(&bob).await;
    for after in [None, Some(before.cursor.as_str())] {
        socket.events(&group, after).await.failed("NOT_FOUND").await;
        socket.messages(&group, after).await.failed("NOT_FOUND").await;
    }
    socket.signals(&group).await.failed("NOT_FOUND").await;
    let polled = bob.poll_events(&group, Some(&before.cursor), 10).await;
    assert_eq!(polled.ok("/thread"), &json!(null));
}

async fn who_is_back_reads_on_across_the_removal(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let seen = alice.send(&group, "seen").await;
    let before = alice.send(&group, "before the removal").await;
    let removed = alice.remove(&group, &bob).await;
    let between = alice.send(&group, "while he was out").await;
    let back = alice.add(&group, &bob).await;
    let after = alice.send(&group, "after his return").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&seen.cursor)).await;
    let mut messages = socket.messages(&group, Some(&seen.cursor)).await;
    let lines = events.until("CaughtUp").await;
    let cursors: Vec<_> = lines.iter().map(|line| line["cursor"].as_str().unwrap()).collect();
    // Members read all of a group's history, what was written while they were out included.
    assert_eq!(cursors, [&*before.cursor, &removed, &between.cursor, &back, &after.cursor]);
    assert_eq!((&lines[1]["change"], &lines[1]["user"]["id"]), (&json!("LEFT"), &json!(bob.id)));
    assert_eq!((&lines[3]["change"], &lines[3]["user"]["id"]), (&json!("JOINED"), &json!(bob.id)));
    for sent in [&before, &between, &after] {
        assert_eq!(messages.value().await["cursor"], sent.cursor);
    }
    let live = alice.send(&group, "live").await;
    assert_eq!(events.event().await["cursor"], live.cursor);
    assert_eq!(messages.value().await["cursor"], live.cursor);
    // And out once more: now the streams end.
    let removed = alice.remove(&group, &bob).await;
    alice.send(&group, "a secret").await;
    assert!(until_revoked(&mut events).await.iter().all(|line| line["cursor"] == removed.as_str()));
    assert!(until_refused(&mut messages).await.is_empty());
}

async fn who_is_back_before_they_notice_goes_on(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    for _ in 0..10 {
        let mut events = socket.events(&group, Some(&start)).await;
        events.until("CaughtUp").await;
        let removed = alice.remove(&group, &bob).await;
        let back = alice.add(&group, &bob).await;
        let marker = alice.send(&group, "a marker").await;
        // Either the stream saw that he was out, and has ended, or it goes on as if nothing had been.
        let mut cursors = Vec::new();
        loop {
            let frame = events.event().await;
            let cursor = frame["cursor"].as_str().unwrap().to_owned();
            if frame["__typename"] == "AccessRevoked" {
                assert!(cursors.iter().all(|shown| *shown == removed), "shown before the end: {cursors:?}");
                events.completed().await;
                break;
            }
            cursors.push(cursor);
            if cursors.last() == Some(&marker.cursor) {
                assert_eq!(cursors, [removed, back, marker.cursor]);
                socket.complete(&events);
                break;
            }
        }
    }
}

async fn who_leaves_a_room_goes_on_reading_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&room, None).await;
    events.until("CaughtUp").await;
    bob.leave(&room).await;
    let left = alice.event_cursor(&room).await;
    let sent = alice.send(&room, "still public").await;
    let cursors = [events.event().await["cursor"].clone(), events.event().await["cursor"].clone()];
    assert_eq!(cursors, [json!(left), json!(sent.cursor)], "a room is public: only writing takes a membership");
    bob.try_send(&room, "from outside").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
}
