//! Busy threads and big rooms: what one does there costs the others little or nothing.

use std::time::{Duration, Instant};

use futures_util::future::join;
use serde_json::json;
use tests::{Engine, Sent, User, World, claims};
use tokio::time::sleep;

use super::until_state;

claims![a_busy_room_gives_a_frame_a_second_at_most, in_a_room_of_a_thousand_a_mark_is_the_readers_own];

async fn a_busy_room_gives_a_frame_a_second_at_most(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob, &carol]).await;
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    let begin = Instant::now();
    let (of_bob, of_carol) = join(chatter(&bob, &room, begin), chatter(&carol, &room, begin)).await;
    let marker = bob.send(&room, "the newest").await;
    let sent = of_bob.len() + of_carol.len() + 1;
    assert!(sent > 15, "only {sent} messages in {:?}: that is not busy", begin.elapsed());
    let mut frames = 0;
    loop {
        let frame = inbox.event().await;
        assert_eq!(frame["thread"]["id"], room.as_str());
        frames += 1;
        if frame["thread"]["lastMessage"]["id"] == marker.id {
            assert_eq!(frame["thread"]["viewerState"]["unreadCount"], sent);
            break;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    // The first comes at once, and then one for each whole second.
    let most = 1 + seconds.ceil() as usize;
    assert!((2..=most).contains(&frames), "{frames} frames of {sent} messages in {seconds} seconds");
    // And nothing follows: the newest state was the last word.
    let own = alice.create_room("Another").await;
    until_state(&mut inbox, &own, |_| true).await;
}

/// Sends without a pause for three seconds.
async fn chatter(user: &User, room: &str, begin: Instant) -> Vec<Sent> {
    let mut sent = Vec::new();
    while begin.elapsed() < Duration::from_secs(3) {
        sent.push(user.send(room, "chatter").await);
        sleep(Duration::from_millis(5)).await;
    }
    sent
}

async fn in_a_room_of_a_thousand_a_mark_is_the_readers_own(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob, &carol]).await;
    fill(&world).await;
    assert_eq!(alice.thread(&room).await["participantCount"], 1_000);
    let sent = carol.send_many(&room, 5).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut others_events = of_alice.events(&room, None).await;
    let mut others_inbox = of_alice.inbox(None).await;
    let mut own_events = of_bob.events(&room, None).await;
    let mut own_inbox = of_bob.inbox(None).await;
    others_events.until("CaughtUp").await;
    own_events.until("CaughtUp").await;
    others_inbox.until("InboxCaughtUp").await;
    own_inbox.until("InboxCaughtUp").await;
    let before = alice.thread(&room).await;
    for one in &sent {
        bob.mark_delivered(&room, &one.cursor).await;
        bob.mark_read(&room, &one.cursor).await;
    }
    assert_eq!(alice.event_cursor(&room).await, sent[4].cursor, "no seq has moved");
    assert_eq!(alice.thread(&room).await, before, "nothing that another sees has moved");
    assert_eq!(
        world.database.number("SELECT COUNT(*) FROM read_marks").await,
        0,
        "nothing was stored but bob's own row"
    );
    // Bob's own other sockets hear of it.
    let read = |thread: &serde_json::Value| thread["viewerState"]["unreadCount"] == 0;
    let frame = until_state(&mut own_inbox, &room, read).await;
    assert_eq!(frame["thread"]["viewerState"]["lastReadCursor"], sent[4].cursor);
    // Nobody else does: what comes next is the marker.
    let marker = carol.send(&room, "a marker").await;
    for events in [&mut others_events, &mut own_events] {
        assert_eq!(events.event().await["cursor"], marker.cursor);
    }
    let frame = others_inbox.event().await;
    assert_eq!(frame["thread"]["lastMessage"]["id"], marker.id, "the inbox of another has heard of no mark");
    let message = carol.message(&sent[0].id, "status receipts { user { id } }").await;
    assert_eq!(message, json!({ "status": "SENT", "receipts": [] }));
}

/// Puts more members into the one room, by the database's own hand: 1,000 of them in the end.
async fn fill(world: &World) {
    let (numbers, id, now) = match world.database.engine() {
        Engine::Sqlite => (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 997)",
            "randomblob(16)",
            "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-1 hour')",
        ),
        Engine::Postgres => (
            "WITH n(i) AS (SELECT generate_series(1, 997))",
            "gen_random_uuid()",
            "clock_timestamp() - interval '1 hour'",
        ),
    };
    for sql in [
        format!(
            "{numbers} INSERT INTO users (id, username, username_key, search_key, kind, created_at, updated_at) \
             SELECT {id}, 'extra' || i, 'extra' || i, 'extra' || i, 'human', {now}, {now} FROM n"
        ),
        format!(
            "INSERT INTO profiles (user_id, display_name, created_at, updated_at) \
             SELECT id, username, {now}, {now} FROM users WHERE username LIKE 'extra%'"
        ),
        format!(
            "INSERT INTO thread_participants (thread_id, user_id, role, joined_at, joined_seq, changed_at) \
             SELECT t.id, u.id, 'member', {now}, 0, {now} FROM threads t, users u WHERE u.username LIKE 'extra%'"
        ),
        "UPDATE threads SET participant_count = participant_count + 997".to_owned(),
    ] {
        world.database.execute(&sql).await;
    }
}
