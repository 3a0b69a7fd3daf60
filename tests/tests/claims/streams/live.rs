//! What happens now comes now.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Engine, Frame, Line, World, claim, claims, eventually};

use super::{as_sent, edges, posted, root, send_at_once};

claims![
    what_one_sends_the_other_gets,
    without_a_cursor_a_stream_begins_now,
    a_stream_of_an_empty_thread_begins_where_the_thread_stands,
    one_hears_of_ones_own_changes,
    many_streams_on_one_socket_do_not_mix,
    all_who_listen_get_the_same,
    a_quiet_stream_says_where_it_stands,
    a_stream_of_which_nothing_is_wanted_says_where_it_stands,
    only_the_kinds_that_were_asked_for_come,
];

async fn what_one_sends_the_other_gets(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut streams = [of_alice.events(&thread, None).await, of_bob.events(&thread, None).await];
    let mut messages = [of_alice.messages(&thread, Some(&start)).await, of_bob.messages(&thread, Some(&start)).await];
    for stream in &mut streams {
        assert!(stream.until("CaughtUp").await.is_empty());
    }
    let mut sent = Vec::new();
    for number in 0..10 {
        let (sender, receiver) = if number % 2 == 0 { (&alice, 1) } else { (&bob, 0) };
        let content = format!("number {number}");
        let one = sender.send(&thread, &content).await;
        // The other has it before anything else happens: nothing later pushes it along.
        let frames = streams[receiver].until_cursor(&one.cursor).await;
        let frame = frames.last().unwrap();
        assert_eq!((&frame["__typename"], &frame["message"]["id"]), (&json!("MessagePosted"), &json!(one.id)));
        assert_eq!(
            (&frame["message"]["content"], &frame["message"]["sender"]["id"]),
            (&json!(content), &json!(sender.id))
        );
        let edge = messages[receiver].value().await;
        assert_eq!(as_sent(&edge), one);
        assert_eq!((&edge["node"]["content"], &edge["node"]["sender"]["id"]), (&json!(content), &json!(sender.id)));
        // The own copy comes, too.
        streams[1 - receiver].until_cursor(&one.cursor).await;
        assert_eq!(as_sent(&messages[1 - receiver].value().await), one);
        sent.push(one);
    }
    assert_eq!(posted(&alice.all_events(&thread, Some(&start)).await), sent);
}

async fn without_a_cursor_a_stream_begins_now(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let old = alice.send_many(&thread, 5).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    let first = events.event().await;
    assert_eq!((&first["__typename"], &first["cursor"]), (&json!("CaughtUp"), &json!(old[4].cursor)));
    let new = alice.send(&thread, "new").await;
    assert_eq!(Line::of(&events.event().await).cursor, new.cursor);
    // A stream of messages has no frame that says that it has begun: what is sent until one comes may be missed.
    let mut messages = socket.messages(&thread, None).await;
    let mut later = Vec::new();
    let first = eventually("the first message of the stream", async || {
        later.push(alice.send(&thread, "later").await);
        messages.try_next()
    })
    .await;
    let first = as_sent(root(&first));
    let place = later.iter().position(|sent| *sent == first).unwrap_or_else(|| panic!("{first:?} is an old message"));
    let rest = later.len() - place - 1;
    assert_eq!(edges(&mut messages, rest).await, later[place + 1..]);
}

async fn a_stream_of_an_empty_thread_begins_where_the_thread_stands(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = bob.event_cursor(&thread).await;
    let socket = world.socket(&bob).await;
    for after in [None, Some(start.as_str())] {
        let mut events = socket.events(&thread, after).await;
        let first = events.event().await;
        assert_eq!((&first["__typename"], &first["cursor"]), (&json!("CaughtUp"), &json!(start)));
    }
    let mut messages = socket.messages(&thread, Some(&start)).await;
    let sent = alice.send(&thread, "the first").await;
    assert_eq!(as_sent(&messages.value().await), sent);
    assert!(sent.cursor > start);
}

async fn one_hears_of_ones_own_changes(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    let sent = alice.send(&thread, "hello").await;
    let cursors = [sent.cursor.clone(), alice.react(&sent, "👍").await, alice.edit(&sent, "edited").await];
    for cursor in cursors {
        assert_eq!(events.event().await["cursor"], cursor);
    }
}

async fn many_streams_on_one_socket_do_not_mix(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads = [
        world.direct(&alice, &bob).await,
        world.group(&alice, &[&bob]).await,
        world.group(&alice, &[&bob]).await,
        world.room(&alice).await,
    ];
    let socket = world.socket(&bob).await;
    let mut streams = Vec::new();
    for thread in &threads {
        // Twice the same one: two operations are two streams.
        for _ in 0..2 {
            let mut events = socket.events(thread, None).await;
            events.until("CaughtUp").await;
            streams.push((thread, events));
        }
    }
    let mut sent = Vec::new();
    for round in 0..12 {
        let thread = &threads[round % threads.len()];
        sent.push((thread, alice.send(thread, "hello").await));
    }
    for (thread, events) in &mut streams {
        for (_, one) in sent.iter().filter(|(to, _)| to == thread) {
            let line = Line::of(&events.event().await);
            assert_eq!((&line.cursor, &line.names[0]), (&one.cursor, &one.id));
        }
    }
}

async fn all_who_listen_get_the_same(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("member", 12).await;
    let group = world.group(&alice, &crowd.iter().collect::<Vec<_>>()).await;
    let start = alice.event_cursor(&group).await;
    let mut streams = Vec::new();
    for (number, user) in crowd.iter().enumerate() {
        let socket = world.socket(user).await;
        // Some from the beginning and some from now.
        let mut events = socket.events(&group, (number % 2 == 0).then_some(start.as_str())).await;
        events.until("CaughtUp").await;
        streams.push((socket, events));
    }
    let senders: Vec<_> = crowd.iter().take(4).collect();
    let sent = send_at_once(&senders, &group, 60, "hello").await;
    alice.react(&sent[9], "🎉").await;
    let last = alice.edit(&alice.send(&group, "the end").await, "the very end").await;
    let expected = Line::of_all(&alice.all_events(&group, Some(&start)).await);
    assert_eq!(expected.last().map(|line| line.cursor.as_str()), Some(last.as_str()));
    for (_socket, events) in &mut streams {
        assert_eq!(Line::of_all(&events.until_cursor(&last).await), expected);
    }
}

async fn a_quiet_stream_says_where_it_stands(engine: Engine) {
    let settings = [("LINNET_HEARTBEAT_SECONDS", "1"), ("LINNET_HUB_LOOK_MS", "100")];
    let world = World::start_with(engine, &settings).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "one").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    for _ in 0..2 {
        let frame = events.value().await;
        assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("Heartbeat"), &json!(first.cursor)));
    }
    let second = alice.send(&thread, "two").await;
    events.until_cursor(&second.cursor).await;
    let frame = events.value().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("Heartbeat"), &json!(second.cursor)));
    // A heartbeat is a place to go on from.
    let mut again = socket.events(&thread, Some(&second.cursor)).await;
    assert!(again.until("CaughtUp").await.is_empty());
    // Only a quiet stream needs them: one that is written to more often has none.
    let mut beats = 0;
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        let sent = alice.send(&thread, "not quiet").await;
        loop {
            let frame = events.value().await;
            beats += usize::from(frame["__typename"] == "Heartbeat");
            if frame["cursor"] == sent.cursor.as_str() && frame["__typename"] != "Heartbeat" {
                break;
            }
        }
    }
    assert!(beats <= 1, "{beats} heartbeats in 4 seconds of a stream that is not quiet");
}

async fn a_stream_of_which_nothing_is_wanted_says_where_it_stands(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HEARTBEAT_SECONDS", "1")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events_of(&thread, None, Some(&["MESSAGE_DELETED"])).await;
    let mut chirps = socket.chirps_of_kinds(None, Some(&["DELETED"])).await;
    let mut beats = [Vec::new(), Vec::new()];
    // Never quiet for as long as a heartbeat takes.
    eventually("heartbeats of both on logs that are not quiet", async || {
        alice.send(&thread, "of no interest").await;
        alice.chirp("of no interest either").await;
        for (stream, beats) in [&mut events, &mut chirps].into_iter().zip(&mut beats) {
            while let Some(frame) = stream.try_next() {
                let Frame::Next(payload) = &frame else { panic!("{frame:?}") };
                let frame = payload["data"].as_object().unwrap().values().next().unwrap();
                if frame["__typename"] == "Heartbeat" {
                    beats.push(frame["cursor"].as_str().unwrap().to_owned());
                } else {
                    assert_eq!(frame["__typename"], "CaughtUp");
                }
            }
        }
        beats.iter().all(|beats| beats.len() >= 2).then_some(())
    })
    .await;
    assert!(beats.iter().all(|beats| beats.is_sorted() && beats[0] < beats[1]), "{beats:?}");
}

async fn only_the_kinds_that_were_asked_for_come(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let asked: [(&[&str], &[&str]); 4] = [
        (&["MESSAGE_POSTED"], &["MessagePosted"]),
        (&["MESSAGE_EDITED", "MESSAGE_DELETED"], &["MessageEdited", "MessageDeleted"]),
        (&["RECEIPTS_ADVANCED", "REACTIONS_CHANGED"], &["ReceiptsAdvanced", "ReactionsChanged"]),
        (&["PARTICIPANT_CHANGED", "THREAD_CHANGED"], &["ParticipantChanged", "ThreadChanged"]),
    ];
    let socket = world.socket(&bob).await;
    let mut streams = Vec::new();
    for (kinds, names) in asked {
        let mut events = socket.events_of(&group, Some(&start), Some(kinds)).await;
        assert!(events.until("CaughtUp").await.is_empty());
        streams.push((kinds, names, events));
    }
    // Every kind once, then every kind once more, so that the second of each is the marker that nothing else came.
    for round in ["first", "second"] {
        let sent = alice.send(&group, round).await;
        bob.react(&sent, "👍").await;
        alice.edit(&sent, "edited").await;
        bob.mark_read(&group, &sent.cursor).await;
        alice.add(&group, &carol).await;
        alice.remove(&group, &carol).await;
        alice.try_set_title(&group, Some(round)).await.text("/threadUpdate/cursor");
        alice.delete(&sent).await;
    }
    let all = Line::of_all(&alice.all_events(&group, Some(&start)).await);
    for (kinds, names, mut live) in streams {
        let expected: Vec<_> = all.iter().filter(|line| names.contains(&line.kind.as_str())).cloned().collect();
        for name in names {
            let times = expected.iter().filter(|line| line.kind == *name).count();
            assert!(times >= 2, "{name} is {times} times in the log");
        }
        let end = &expected.last().unwrap().cursor;
        assert_eq!(Line::of_all(&live.until_cursor(end).await), expected, "live, of {kinds:?}");
        let mut replayed = socket.events_of(&group, Some(&start), Some(kinds)).await;
        assert_eq!(Line::of_all(&replayed.until("CaughtUp").await), expected, "replayed, of {kinds:?}");
    }
}

/// Two nodes that share nothing but the database: no hint of the one reaches the other.
async fn what_is_sent_through_another_node_comes(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HUB_LOOK_MS", "200")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    let other = tests::Server::start(&world.database, &[]).await;
    let elsewhere = tests::Client::anonymous(&other).sign_in("alice").await;
    let mut last = String::new();
    for round in 0..10 {
        let sent =
            if round % 3 == 0 { alice.send(&thread, "here").await } else { elsewhere.send(&thread, "there").await };
        last = elsewhere.react(&sent, "👍").await;
    }
    let expected = Line::of_all(&bob.all_events(&thread, Some(&start)).await);
    assert_eq!(Line::of_all(&events.until_cursor(&last).await), expected);
}

#[test]
fn what_is_sent_through_another_node_comes_on_postgres() {
    claim::run(Engine::Postgres, what_is_sent_through_another_node_comes);
}
