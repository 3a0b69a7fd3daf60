//! Read marks: they move forward, and others hear of them where receipts are shared.

use serde_json::json;
use tests::{World, claims};

claims![
    a_mark_never_moves_back,
    a_mark_is_in_the_log_and_shows_who_moved,
    a_mark_that_moves_nothing_is_not_in_the_log,
    a_mark_may_be_any_cursor_of_the_thread,
    the_payload_tells_what_is_left_unread,
    delivered_marks_leave_unread_counts_alone,
];

async fn a_mark_never_moves_back(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 5).await;
    bob.mark_read(&thread, &sent[3].cursor).await;
    let before = bob.thread(&thread).await["viewerState"].clone();
    for earlier in [&sent[0], &sent[2], &sent[3]] {
        bob.mark_read(&thread, &earlier.cursor).await;
        bob.mark_delivered(&thread, &earlier.cursor).await;
        assert_eq!(bob.thread(&thread).await["viewerState"], before);
    }
    assert_eq!(before["lastReadCursor"], sent[3].cursor.as_str());
    assert_eq!(before["unreadCount"], 1);
}

async fn a_mark_is_in_the_log_and_shows_who_moved(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, Some(&sent[2].cursor)).await;
    events.until("CaughtUp").await;
    let delivered = bob.mark_delivered(&thread, &sent[2].cursor).await.text("/threadMarkDelivered/cursor");
    let read = bob.mark_read(&thread, &sent[1].cursor).await.text("/threadMarkRead/cursor");
    for (cursor, field, at) in [(delivered, "lastDeliveredCursor", &sent[2]), (read, "lastReadCursor", &sent[1])] {
        let frame = events.event().await;
        assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("ReceiptsAdvanced"), &json!(cursor)));
        let participants = frame["participants"].as_array().unwrap();
        assert_eq!(participants.len(), 1, "{frame}");
        assert_eq!(participants[0]["user"]["id"], bob.id.as_str());
        assert_eq!(participants[0][field], at.cursor.as_str());
    }
}

async fn a_mark_that_moves_nothing_is_not_in_the_log(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    bob.mark_read(&thread, &sent[2].cursor).await;
    let before = alice.event_cursor(&thread).await;
    for one in &sent {
        bob.mark_read(&thread, &one.cursor).await;
        bob.mark_delivered(&thread, &one.cursor).await;
        alice.mark_read(&thread, &one.cursor).await;
    }
    assert_eq!(alice.event_cursor(&thread).await, before);
}

async fn a_mark_may_be_any_cursor_of_the_thread(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 2).await;
    let edited = alice.edit(&sent[0], "edited").await;
    bob.mark_read(&thread, &edited).await;
    assert_eq!(bob.unread(&thread).await, 0, "both stand before the edit in the log");
    let after = alice.send(&thread, "after").await;
    assert_eq!(bob.unread(&thread).await, 1);
    bob.mark_read(&thread, &after.cursor).await;
    assert_eq!(bob.unread(&thread).await, 0);
}

async fn the_payload_tells_what_is_left_unread(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 4).await;
    for (number, one) in sent.iter().enumerate() {
        let answer = bob.mark_read(&thread, &one.cursor).await;
        assert_eq!(answer.number("/threadMarkRead/viewerState/unreadCount"), 3 - number as i64);
        assert_eq!(answer.text("/threadMarkRead/viewerState/lastReadCursor"), one.cursor);
        assert!(answer.ok("/threadMarkRead/viewerState/lastReadAt").is_string());
    }
}

async fn delivered_marks_leave_unread_counts_alone(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 2).await;
    let answer = bob.mark_delivered(&thread, &sent[1].cursor).await;
    assert_eq!(answer.number("/threadMarkDelivered/viewerState/unreadCount"), 2);
    assert_eq!(bob.unread(&thread).await, 2);
    assert!(bob.thread(&thread).await["viewerState"]["lastReadCursor"].is_null());
}
