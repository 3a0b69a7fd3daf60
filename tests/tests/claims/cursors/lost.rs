//! Cursors that were good once: the log was trimmed, or is another one now.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Line, Sent, Socket, Subscription, User, World, claims};

claims![
    a_cursor_below_the_trimmed_log_resets_the_stream,
    messages_are_read_from_a_cursor_below_the_trimmed_log,
    a_stream_that_is_open_does_not_notice_trimming,
    what_is_young_is_not_trimmed,
    a_cursor_of_another_epoch_resets_the_stream,
    a_cursor_beyond_the_log_resets_the_stream,
    after_a_reset_the_log_goes_on,
];

/// Longer than events are kept.
const RETENTION: Duration = Duration::from_secs(91 * 24 * 3600);

/// A group with messages and more of two ages, of which the older have left the log.
struct Trimmed {
    alice: User,
    bob: User,
    group: String,
    start: String,
    old: Vec<Sent>,
    new: Vec<Sent>,
}

async fn trimmed(world: &World) -> Trimmed {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let old = alice.send_many(&group, 5).await;
    bob.react(&old[1], "👍").await;
    world.server.advance_clock(RETENTION).await;
    // So much later, everybody has to sign in again.
    let (alice, bob) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("bob").await);
    let new = alice.send_many(&group, 3).await;
    world.server.trim_log().await;
    Trimmed { alice, bob, group, start, old, new }
}

async fn a_cursor_below_the_trimmed_log_resets_the_stream(world: World) {
    let Trimmed { alice, bob, group, start, old, new } = trimmed(&world).await;
    let socket = world.socket(&bob).await;
    for after in [&start, &old[0].cursor, &old[4].cursor] {
        let mut events = socket.events(&group, Some(after)).await;
        is_reset(&events.event().await, &new[2].cursor);
        is_caught_up(&events.event().await, &new[2].cursor);
        let page = bob.poll_events(&group, Some(after), 10).await;
        let frames = page.list("/thread/events/frames");
        assert_eq!(frames.len(), 1, "{frames:?}");
        is_reset(&frames[0], &new[2].cursor);
        assert_eq!(page.text("/thread/events/endCursor"), new[2].cursor);
        assert_eq!(page.ok("/thread/events/hasNextPage"), &json!(false));
    }
    let mut live = socket.events(&group, Some(&old[2].cursor)).await;
    is_reset(&live.event().await, &new[2].cursor);
    is_caught_up(&live.event().await, &new[2].cursor);
    let marker = alice.send(&group, "live").await;
    assert_eq!(live.event().await["cursor"], marker.cursor);
    // What is retained is read as ever: from the first line of it on.
    for (place, after) in new.iter().enumerate() {
        let lines = socket.events(&group, Some(&after.cursor)).await.until("CaughtUp").await;
        let expected: Vec<_> = new[place + 1..].iter().chain([&marker]).map(|sent| json!(sent.cursor)).collect();
        assert_eq!(lines.iter().map(|line| line["cursor"].clone()).collect::<Vec<_>>(), expected);
    }
    let polled = Line::of_all(&bob.all_events(&group, None).await);
    let retained: Vec<_> = new.iter().chain([&marker]).map(|sent| sent.cursor.clone()).collect();
    assert_eq!(polled.into_iter().map(|line| line.cursor).collect::<Vec<_>>(), retained, "without a cursor, all of it");
    let rows = world.database.number("SELECT COUNT(*) FROM thread_events").await;
    assert_eq!(rows, 4, "the older lines are gone");
}

async fn messages_are_read_from_a_cursor_below_the_trimmed_log(world: World) {
    let Trimmed { alice, bob, group, start, old, new } = trimmed(&world).await;
    let all: Vec<_> = old.iter().chain(&new).cloned().collect();
    let socket = world.socket(&bob).await;
    for (place, after) in [(0, &start), (1, &old[0].cursor), (5, &old[4].cursor), (6, &new[0].cursor)] {
        let mut messages = socket.messages(&group, Some(after)).await;
        for sent in &all[place..] {
            let edge = messages.value().await;
            assert_eq!((&edge["cursor"], &edge["node"]["id"]), (&json!(sent.cursor), &json!(sent.id)));
        }
        let page = bob.page(&group, &format!("first: 50, after: \"{after}\"")).await;
        let found: Vec<_> = page.list("/thread/messages/edges").iter().map(|edge| edge["cursor"].clone()).collect();
        assert_eq!(found, all[place..].iter().map(|sent| json!(sent.cursor)).collect::<Vec<_>>());
        socket.complete(&messages);
    }
    let mut messages = socket.messages(&group, Some(&new[2].cursor)).await;
    let marker = alice.send(&group, "live").await;
    assert_eq!(messages.value().await["cursor"], marker.cursor);
}

async fn a_stream_that_is_open_does_not_notice_trimming(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room(&alice).await;
    alice.send_many(&group, 5).await;
    alice.send_many(&room, 5).await;
    // A passer-by: what is public needs no session, which would have to be renewed after so long.
    let socket = Socket::connect(&world.server, None).await;
    let mut events = socket.events(&room, None).await;
    events.until("CaughtUp").await;
    world.server.advance_clock(RETENTION).await;
    let alice = world.anonymous.sign_in("alice").await;
    world.server.trim_log().await;
    for _ in 0..3 {
        let sent = alice.send(&room, "hello").await;
        assert_eq!(events.event().await["cursor"], sent.cursor);
        world.server.trim_log().await;
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM thread_events").await, 3);
}

async fn what_is_young_is_not_trimmed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let sent = alice.send_many(&thread, 3).await;
    world.server.advance_clock(Duration::from_secs(89 * 24 * 3600)).await;
    world.server.trim_log().await;
    let bob = world.anonymous.sign_in("bob").await;
    let socket = world.socket(&bob).await;
    let lines = socket.events(&thread, Some(&start)).await.until("CaughtUp").await;
    let expected: Vec<_> = sent.iter().map(|sent| json!(sent.cursor)).collect();
    assert_eq!(lines.iter().map(|line| line["cursor"].clone()).collect::<Vec<_>>(), expected);
}

/// As after a backup was restored: positions may mean something else now.
async fn a_cursor_of_another_epoch_resets_the_stream(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let old = alice.send_many(&thread, 3).await;
    world.server.stop().await;
    world.database.execute("UPDATE instance SET log_epoch = (log_epoch + 1) % 4294967295").await;
    world.server.launch();
    world.server.ready().await;
    let now = bob.event_cursor(&thread).await;
    assert_ne!(now, old[2].cursor, "another log has other cursors");
    assert_eq!(now.len(), old[2].cursor.len());
    let socket = world.socket(&bob).await;
    for after in [&old[0].cursor, &old[2].cursor] {
        let mut events = socket.events(&thread, Some(after)).await;
        is_reset(&events.event().await, &now);
        is_caught_up(&events.event().await, &now);
        let page = bob.poll_events(&thread, Some(after), 10).await;
        is_reset(&page.list("/thread/events/frames")[0], &now);
        assert_eq!(page.text("/thread/events/endCursor"), now);
        socket.messages(&thread, Some(after)).await.failed("STREAM_RESET").await;
        for arguments in [format!("first: 5, after: \"{after}\""), format!("last: 5, before: \"{after}\"")] {
            bob.page(&thread, &arguments).await.failed("STREAM_RESET");
        }
    }
    let mut events = socket.events(&thread, Some(&now)).await;
    is_caught_up(&events.event().await, &now);
    let sent = alice.send(&thread, "in the new log").await;
    assert_eq!(events.event().await["cursor"], sent.cursor);
    assert_eq!(bob.history(&thread).await.len(), 4);
}

/// As after a backup was restored and nobody changed the epoch: the log is shorter than the client remembers.
async fn a_cursor_beyond_the_log_resets_the_stream(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    let beyond = bob.react(&sent[0], "👍").await;
    world.server.stop().await;
    world.database.execute("DELETE FROM thread_events WHERE seq = 4").await;
    world.database.execute("UPDATE threads SET last_seq = 3").await;
    world.server.launch();
    world.server.ready().await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&beyond)).await;
    is_reset(&events.event().await, &sent[2].cursor);
    is_caught_up(&events.event().await, &sent[2].cursor);
    let page = bob.poll_events(&thread, Some(&beyond), 10).await;
    is_reset(&page.list("/thread/events/frames")[0], &sent[2].cursor);
    let next = alice.edit(&sent[0], "and on").await;
    assert_eq!(events.event().await["cursor"], next);
}

async fn after_a_reset_the_log_goes_on(world: World) {
    let Trimmed { alice, bob, group, old, .. } = trimmed(&world).await;
    let socket = world.socket(&bob).await;
    let mut events: Subscription = socket.events(&group, Some(&old[0].cursor)).await;
    let reset = events.event().await;
    let from = reset["cursor"].as_str().unwrap().to_owned();
    let sent = alice.send_many(&group, 3).await;
    // The cursor of the reset is a place to go on from, in the stream and by page.
    let lines = socket.events(&group, Some(&from)).await.until("CaughtUp").await;
    let expected: Vec<_> = sent.iter().map(|sent| json!(sent.cursor)).collect();
    assert_eq!(lines.iter().map(|line| line["cursor"].clone()).collect::<Vec<_>>(), expected);
    assert_eq!(bob.all_events(&group, Some(&from)).await, lines);
}

#[track_caller]
fn is_reset(frame: &Value, cursor: &str) {
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("StreamReset"), &json!(cursor)));
    assert!(frame["reason"].as_str().is_some_and(|reason| !reason.trim().is_empty()), "a reset says why: {frame}");
}

#[track_caller]
fn is_caught_up(frame: &Value, cursor: &str) {
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("CaughtUp"), &json!(cursor)));
}
