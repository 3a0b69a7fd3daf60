//! What changed while one was away.

use serde_json::json;
use tests::{Engine, User, World, claims};

use super::{cursor, until_state};

claims![
    what_changed_meanwhile_comes_once_as_it_is_now,
    what_did_not_change_does_not_come,
    what_one_is_no_longer_in_is_told,
    any_frame_is_a_place_to_go_on_from,
    a_cursor_of_another_inbox_is_refused,
    a_cursor_of_another_epoch_resets_the_feed,
    nothing_is_lost_between_the_resume_and_now,
];

async fn what_changed_meanwhile_comes_once_as_it_is_now(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let threads = [
        world.direct(&alice, &bob).await,
        world.group(&bob, &[&alice, &carol]).await,
        world.room_of(&bob, &[&alice]).await,
    ];
    let after = here(&world, &alice).await;
    let mut last = Vec::new();
    for thread in &threads {
        last.push(bob.send_many(thread, 5).await.pop().unwrap());
    }
    bob.try_set_title(&threads[1], Some("Renamed")).await.text("/threadUpdate/cursor");
    alice.mark_read(&threads[2], &last[2].cursor).await;
    let joined = world.group(&carol, &[&alice]).await;
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(Some(&after)).await;
    let frames = inbox.until("InboxCaughtUp").await;
    let find = |thread: &str| {
        let of_it: Vec<_> = frames.iter().filter(|frame| frame["thread"]["id"] == thread).collect();
        assert_eq!(of_it.len(), 1, "each once: {frames:?}");
        &of_it[0]["thread"]
    };
    assert_eq!(frames.len(), 4, "{frames:?}");
    for (thread, (sent, unread)) in threads.iter().zip(last.iter().zip([5, 5, 0])) {
        let state = find(thread);
        assert_eq!(
            (&state["lastMessage"]["id"], &state["viewerState"]["unreadCount"]),
            (&json!(sent.id), &json!(unread))
        );
    }
    assert_eq!(find(&threads[1])["title"], "Renamed");
    assert_eq!(find(&joined)["viewerState"]["role"], "MEMBER");
    let live = bob.send(&threads[0], "live").await;
    until_state(&mut inbox, &threads[0], |thread| thread["lastMessage"]["id"] == live.id).await;
}

async fn what_did_not_change_does_not_come(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let quiet = world.direct(&alice, &bob).await;
    let busy = world.direct(&alice, &carol).await;
    bob.send(&quiet, "long ago").await;
    // Long ago by the database's own clock, which no control moves: longer than the feed looks back.
    let ago = match world.database.engine() {
        Engine::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-1 hour')",
        Engine::Postgres => "clock_timestamp() - interval '1 hour'",
    };
    for sql in [
        format!("UPDATE threads SET activity_at = {ago}, updated_at = {ago}, last_message_at = {ago}"),
        format!("UPDATE thread_participants SET changed_at = {ago}"),
    ] {
        world.database.execute(&sql).await;
    }
    let after = here(&world, &alice).await;
    let sent = carol.send(&busy, "hello").await;
    let socket = world.socket(&alice).await;
    let frames = socket.inbox(Some(&after)).await.until("InboxCaughtUp").await;
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert_eq!(frames[0]["thread"]["lastMessage"]["id"], sent.id);
    let unread = alice.unread(&quiet).await;
    assert_eq!(unread, 1, "it is there all the same");
}

async fn what_one_is_no_longer_in_is_told(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let kept = world.group(&bob, &[&alice]).await;
    let left = world.group(&bob, &[&alice]).await;
    let removed = world.group(&bob, &[&alice]).await;
    let back = world.group(&bob, &[&alice]).await;
    let room = world.room_of(&bob, &[&alice]).await;
    let after = here(&world, &alice).await;
    alice.leave(&left).await;
    alice.leave(&room).await;
    bob.remove(&removed, &alice).await;
    bob.send(&removed, "a secret").await;
    bob.remove(&back, &alice).await;
    bob.add(&back, &alice).await;
    bob.send(&kept, "hello").await;
    let socket = world.socket(&alice).await;
    let frames = socket.inbox(Some(&after)).await.until("InboxCaughtUp").await;
    let names = |kind: &str, pointer: &str| {
        let of_it = frames.iter().filter(|frame| frame["__typename"] == kind);
        let mut ids: Vec<_> = of_it.map(|frame| frame.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    assert_eq!(names("InboxThreadRemoved", "/threadId"), sorted(vec![left, removed, room]));
    assert_eq!(names("InboxThread", "/thread/id"), sorted(vec![kept, back]));
    assert_eq!(frames.len(), 5, "each once: {frames:?}");
}

async fn any_frame_is_a_place_to_go_on_from(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads =
        [world.direct(&alice, &bob).await, world.group(&bob, &[&alice]).await, world.group(&bob, &[&alice]).await];
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(None).await;
    let mut places = vec![cursor(&inbox.event().await)];
    let mut sent = Vec::new();
    for thread in &threads {
        let one = bob.send(thread, "hello").await;
        let frame = until_state(&mut inbox, thread, |thread| thread["lastMessage"]["id"] == one.id).await;
        places.push(cursor(&frame));
        sent.push(one);
    }
    let missed = bob.send(&threads[0], "missed").await;
    for (place, after) in places.iter().enumerate() {
        let mut resumed = socket.inbox(Some(after)).await;
        let frames = resumed.until("InboxCaughtUp").await;
        let has = |id: &str| frames.iter().filter(|frame| frame["thread"]["lastMessage"]["id"] == id).count();
        assert_eq!(has(&missed.id), 1, "from place {place}: {frames:?}");
        for one in &sent[place.max(1)..] {
            assert_eq!(has(&one.id), 1, "from place {place}: {frames:?}");
        }
        socket.complete(&resumed);
    }
}

async fn a_cursor_of_another_inbox_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    world.direct(&alice, &bob).await;
    let of_bob = here(&world, &bob).await;
    let socket = world.socket(&alice).await;
    let errors = socket.inbox(Some(&of_bob)).await.failed("INVALID").await;
    assert!(errors[0]["message"].as_str().unwrap().contains("after"), "{errors}");
}

async fn a_cursor_of_another_epoch_resets_the_feed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let after = here(&world, &alice).await;
    world.server.stop().await;
    world.database.execute("UPDATE instance SET log_epoch = (log_epoch + 1) % 4294967295").await;
    world.server.launch();
    world.server.ready().await;
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(Some(&after)).await;
    let frame = inbox.event().await;
    assert_eq!(frame["__typename"], "InboxReset", "{frame}");
    assert!(frame["reason"].as_str().is_some_and(|reason| !reason.trim().is_empty()));
    let from = cursor(&frame);
    assert_eq!(inbox.event().await["__typename"], "InboxCaughtUp");
    let sent = bob.send(&thread, "hello").await;
    until_state(&mut inbox, &thread, |thread| thread["lastMessage"]["id"] == sent.id).await;
    let frames = socket.inbox(Some(&from)).await.until("InboxCaughtUp").await;
    assert_eq!(frames.iter().filter(|frame| frame["thread"]["lastMessage"]["id"] == sent.id).count(), 1);
}

async fn nothing_is_lost_between_the_resume_and_now(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mut threads = Vec::new();
    for _ in 0..8 {
        threads.push(world.group(&bob, &[&alice]).await);
    }
    let after = here(&world, &alice).await;
    let socket = world.socket(&alice).await;
    // Feeds are opened while messages come: whatever a feed misses in its look it has to hear live.
    let mut feeds = Vec::new();
    let mut last = vec![String::new(); threads.len()];
    for round in 0..6 {
        let opening = socket.inbox(Some(&after));
        let sending = futures_util::future::join_all(threads.iter().map(|thread| bob.send(thread, "hello")));
        let (feed, sent) = futures_util::future::join(opening, sending).await;
        feeds.push((round, feed));
        last = sent.into_iter().map(|sent| sent.id).collect();
    }
    for (round, mut feed) in feeds {
        let mut states = vec![String::new(); threads.len()];
        while states != last {
            let frame = feed.event().await;
            if frame["__typename"] == "InboxThread" {
                let place = threads.iter().position(|thread| frame["thread"]["id"] == thread.as_str());
                let place = place.unwrap_or_else(|| panic!("feed {round}: {frame}"));
                states[place] = frame["thread"]["lastMessage"]["id"].as_str().unwrap_or_default().to_owned();
            }
        }
    }
}

/// Where the user's inbox stands now.
async fn here(world: &World, user: &User) -> String {
    let socket = world.socket(user).await;
    let frame = socket.inbox(None).await.event().await;
    assert_eq!(frame["__typename"], "InboxCaughtUp");
    cursor(&frame)
}
