//! What was missed comes first.

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Line, World, claims};

use super::{edges, posted, send_at_once};

claims![
    what_was_missed_comes_first_then_the_rest,
    a_stream_goes_on_from_any_place_of_the_log,
    a_long_backlog_comes_whole,
    nothing_is_lost_between_the_backlog_and_now,
    a_backlog_shows_things_as_they_are_now,
    messages_are_replayed_without_what_was_done_to_them,
    the_same_cursor_gives_the_same_backlog_to_all,
];

async fn what_was_missed_comes_first_then_the_rest(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let seen = alice.send_many(&thread, 5).await;
    let missed = alice.send_many(&thread, 20).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&seen[4].cursor)).await;
    let mut messages = socket.messages(&thread, Some(&seen[4].cursor)).await;
    for sent in &missed {
        let frame = events.event().await;
        assert_eq!((&frame["cursor"], &frame["message"]["id"]), (&json!(sent.cursor), &json!(sent.id)));
    }
    let frame = events.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("CaughtUp"), &json!(missed[19].cursor)));
    assert_eq!(edges(&mut messages, 20).await, missed);
    let live = alice.send_many(&thread, 5).await;
    for sent in &live {
        let frame = events.event().await;
        assert_eq!((&frame["cursor"], &frame["message"]["id"]), (&json!(sent.cursor), &json!(sent.id)));
    }
    assert_eq!(edges(&mut messages, 5).await, live);
}

async fn a_stream_goes_on_from_any_place_of_the_log(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    for _ in 0..4 {
        let sent = alice.send(&group, "hello").await;
        bob.react(&sent, "👍").await;
        bob.mark_read(&group, &sent.cursor).await;
        alice.edit(&sent, "edited").await;
    }
    let log = Line::of_all(&alice.all_events(&group, Some(&start)).await);
    let history = alice.history(&group).await;
    assert!(log.len() >= 16, "{} lines", log.len());
    let socket = world.socket(&bob).await;
    let places = std::iter::once(&start).chain(log.iter().map(|line| &line.cursor));
    let mut streams = Vec::new();
    for (place, cursor) in places.enumerate() {
        streams.push((
            place,
            cursor,
            socket.events(&group, Some(cursor)).await,
            socket.messages(&group, Some(cursor)).await,
        ));
    }
    let marker = alice.send(&group, "a marker").await;
    for (place, cursor, mut events, mut messages) in streams {
        let missed = events.until_cursor(&marker.cursor).await;
        let mut missed = Line::of_all(missed.iter().filter(|frame| frame["__typename"] != "CaughtUp"));
        missed.pop();
        assert_eq!(missed, log[place..], "after line {place}");
        let mut expected: Vec<_> = history.iter().map(|(at, _)| at.clone()).filter(|at| at > cursor).collect();
        expected.push(marker.cursor.clone());
        let found = edges(&mut messages, expected.len()).await;
        assert_eq!(found.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>(), expected, "after line {place}");
    }
}

async fn a_long_backlog_comes_whole(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = alice.event_cursor(&group).await;
    // More than any page, chunk or memory of the server holds.
    let sent = send_at_once(&[&alice, &carol], &group, 400, "hello").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&start)).await;
    let mut messages = socket.messages(&group, Some(&start)).await;
    let frames = events.until("CaughtUp").await;
    assert_eq!(posted(&frames), sent);
    assert_eq!(Line::of_all(&frames), Line::of_all(&bob.all_events(&group, Some(&start)).await));
    assert_eq!(edges(&mut messages, 400).await, sent);
    let live = alice.send(&group, "live").await;
    assert_eq!(posted(&[events.event().await]), std::slice::from_ref(&live));
    assert_eq!(edges(&mut messages, 1).await, [live]);
}

async fn nothing_is_lost_between_the_backlog_and_now(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = alice.event_cursor(&group).await;
    send_at_once(&[&alice, &carol], &group, 50, "before").await;
    // Several streams are opened while much is being sent: each crosses from the log to the present at another moment.
    let senders = [&alice, &carol];
    let sending = send_at_once(&senders, &group, 150, "meanwhile");
    let opening = async {
        let mut streams = Vec::new();
        for _ in 0..5 {
            let socket = world.socket(&bob).await;
            let events = socket.events(&group, Some(&start)).await;
            let messages = socket.messages(&group, Some(&start)).await;
            streams.push((socket, events, messages));
        }
        streams
    };
    let (_, streams) = join(sending, opening).await;
    let marker = alice.send(&group, "a marker").await;
    let log = alice.all_events(&group, Some(&start)).await;
    let messages_of_it = posted(&log);
    assert_eq!(messages_of_it.len(), 201);
    let read = streams.into_iter().map(async |(_socket, mut events, mut messages)| {
        let mut frames = events.until("CaughtUp").await;
        let through = frames.len();
        if frames.iter().all(|frame| frame["cursor"] != marker.cursor.as_str()) {
            frames.extend(events.until_cursor(&marker.cursor).await);
        }
        let lines = Line::of_all(&frames);
        assert!(lines.iter().all(|line| line.kind != "CaughtUp"), "the backlog of {through} lines is through once");
        // A send that is also a mark is followed by its receipt, which may come after the marker.
        assert_eq!(lines, Line::of_all(&log)[..lines.len()]);
        assert_eq!(edges(&mut messages, 201).await, messages_of_it);
    });
    join_all(read).await;
}

async fn a_backlog_shows_things_as_they_are_now(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let edited = alice.send(&thread, "the first version").await;
    alice.edit(&edited, "the second version").await;
    alice.edit(&edited, "the third version").await;
    let deleted = alice.send(&thread, "a slip").await;
    alice.edit(&deleted, "another slip").await;
    alice.delete(&deleted).await;
    let socket = world.socket(&bob).await;
    let frames = socket.events(&thread, Some(&start)).await.until("CaughtUp").await;
    let shown: Vec<_> = frames
        .iter()
        .map(|frame| {
            (&frame["__typename"], &frame["message"]["id"], &frame["message"]["content"], &frame["message"]["version"])
        })
        .map(|(kind, id, content, version)| (kind.as_str().unwrap(), id, content, version))
        .collect();
    let (edited, deleted) = (json!(edited.id), json!(deleted.id));
    let (third, gone, three) = (json!("the third version"), json!(null), json!(3));
    assert_eq!(shown.len(), 6, "{shown:?}");
    for (frame, kind) in shown[..3].iter().zip(["MessagePosted", "MessageEdited", "MessageEdited"]) {
        assert_eq!(*frame, (kind, &edited, &third, &three));
    }
    let version = shown[3].3;
    for (frame, kind) in shown[3..].iter().zip(["MessagePosted", "MessageEdited", "MessageDeleted"]) {
        assert_eq!(*frame, (kind, &deleted, &gone, version), "what was deleted is nowhere in the backlog");
    }
    assert!(!json!(frames).to_string().contains("slip"), "neither in a frame nor in a revision: {frames:?}");
}

async fn messages_are_replayed_without_what_was_done_to_them(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let sent = alice.send_many(&thread, 4).await;
    alice.edit(&sent[0], "edited").await;
    bob.react(&sent[1], "👍").await;
    alice.delete(&sent[2]).await;
    let last = bob.send(&thread, "the last").await;
    let socket = world.socket(&bob).await;
    let mut messages = socket.messages(&thread, Some(&start)).await;
    let mut found = Vec::new();
    for _ in 0..5 {
        found.push(messages.value().await);
    }
    let expected: Vec<_> = bob.history(&thread).await;
    let found: Vec<_> =
        found.iter().map(|edge| (edge["cursor"].as_str().unwrap().to_owned(), edge["node"].clone())).collect();
    assert_eq!(found, expected, "a page and the stream show the same edges");
    assert_eq!(found[0].1["content"], "edited");
    assert_eq!(found[2].1["content"], json!(null));
    assert_eq!(found[4].0, last.cursor);
}

async fn the_same_cursor_gives_the_same_backlog_to_all(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let start = alice.event_cursor(&room).await;
    let sent = alice.send_many(&room, 10).await;
    bob.react(&sent[3], "👍").await;
    let expected = Line::of_all(&alice.all_events(&room, Some(&start)).await);
    // A member, somebody else who is signed in, and a passer-by: a room is public, and so is its log.
    for token in [Some(&bob.token), Some(&carol.token), None] {
        let socket = tests::Socket::connect(&world.server, token.map(String::as_str)).await;
        let mut events = socket.events(&room, Some(&start)).await;
        assert_eq!(Line::of_all(&events.until("CaughtUp").await), expected);
    }
    assert_eq!(Line::of_all(&world.anonymous.all_events(&room, Some(&start)).await), expected);
}
