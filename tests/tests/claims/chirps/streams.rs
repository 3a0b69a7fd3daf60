//! The stream of the feed: one log, one order, and nothing lost, doubled or reordered on the way.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::events::Asking;
use tests::{Chance, Events, Frame, Sent, Socket, World, claims};

claims![
    the_feed_streams_every_change_once_and_in_order,
    a_page_and_the_stream_behind_it_have_no_hole_between,
    who_was_cut_off_sees_every_chirp_once,
    an_event_source_comes_back_where_it_was,
    only_the_kinds_that_are_asked_for_come,
    a_cursor_of_the_feed_that_is_trimmed_resets_the_stream,
    a_cursor_of_the_feed_of_another_epoch_resets_the_stream,
    a_cursor_beyond_the_feed_resets_the_stream,
    a_cursor_of_a_thread_is_none_of_the_feed,
    a_quiet_feed_says_that_it_is_there,
    fifty_who_watch_cost_the_database_what_one_does,
];

/// Longer than events are kept.
const RETENTION: Duration = Duration::from_hours(91 * 24);

fn cursors(frames: &[Value]) -> Vec<String> {
    frames.iter().map(|frame| frame["cursor"].as_str().expect("a cursor").to_owned()).collect()
}

async fn the_feed_streams_every_change_once_and_in_order(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let socket = Socket::connect(&world.server, None).await;
    let mut live = socket.chirps(None).await;
    assert_eq!(live.event().await["__typename"], "CaughtUp");
    let posted = alice.chirp("hello").await;
    let frame = live.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("ChirpPosted"), &json!(posted.cursor)));
    assert_eq!(frame["chirp"]["author"], json!({ "id": alice.id, "username": "alice" }));
    let of_bob = bob.chirp("hi").await;
    assert_eq!(live.event().await["chirp"]["id"], of_bob.id.as_str());
    let updated = alice.update_chirp(&posted, "hello again").await;
    let frame = live.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("ChirpUpdated"), &json!(updated)));
    assert_eq!((&frame["chirp"]["message"], &frame["chirp"]["version"]), (&json!("hello again"), &json!(2)));
    let deleted = alice.delete_chirp(&posted).await;
    let frame = live.event().await;
    assert_eq!(frame, json!({ "__typename": "ChirpDeleted", "cursor": deleted, "chirpId": posted.id }));
    // The same again from the beginning, with what is gone by now left out.
    let start = &posted.cursor;
    let backlog = socket.chirps(Some(start)).await.until("CaughtUp").await;
    assert_eq!(cursors(&backlog), [of_bob.cursor.clone(), updated.clone(), deleted.clone()]);
    assert_eq!(backlog[1]["chirp"], Value::Null);
    assert!([start, &of_bob.cursor, &updated, &deleted].is_sorted(), "cursors sort as the log does");
}

async fn a_page_and_the_stream_behind_it_have_no_hole_between(world: World) {
    let authors = world.crowd("author", 6).await;
    let post = async |number: usize| {
        let mut sent = Vec::new();
        for round in 0..15 {
            sent.push(authors[number].chirp(&format!("{number} {round}")).await);
        }
        sent
    };
    let look = async {
        let mut looks = Vec::new();
        for _ in 0..10 {
            let page = world.anonymous.feed("first: 100").await;
            let socket = Socket::connect(&world.server, None).await;
            let stream = socket.chirps(Some(&page.text("/chirps/eventCursor"))).await;
            looks.push((page, stream));
        }
        looks
    };
    let (sent, looks) = join(join_all((0..authors.len()).map(&post)), look).await;
    let mut all: Vec<Sent> = sent.into_iter().flatten().collect();
    all.sort();
    let last = &all.last().expect("chirps").cursor;
    for (page, mut stream) in looks {
        let mut seen: Vec<String> = cursors(page.list("/chirps/edges"));
        seen.reverse();
        // What was posted between the two looks is in both: the cursor stands before the page.
        let begun = page.text("/chirps/eventCursor");
        seen.retain(|cursor| *cursor <= begun);
        if begun < *last {
            let frames = stream.until_cursor(last).await;
            seen.extend(cursors(&frames.into_iter().filter(|frame| frame["chirp"].is_object()).collect::<Vec<_>>()));
        }
        assert_eq!(seen, all.iter().map(|sent| sent.cursor.clone()).collect::<Vec<_>>());
    }
}

async fn who_was_cut_off_sees_every_chirp_once(world: World) {
    let authors = world.crowd("author", 4).await;
    let start = world.anonymous.feed_cursor().await;
    let mut chance = Chance::new();
    let posting = async {
        let each = authors.iter().map(async |author| {
            let mut all = Vec::new();
            for number in 0..40 {
                let sent = author.chirp(&format!("{} {number}", author.username)).await;
                all.push(sent.cursor.clone());
                match number % 4 {
                    0 => all.push(author.update_chirp(&sent, "changed").await),
                    1 => all.push(author.delete_chirp(&sent).await),
                    _ => {}
                }
            }
            all
        });
        let mut all: Vec<String> = join_all(each).await.into_iter().flatten().collect();
        all.sort();
        all
    };
    let watching = async {
        let (mut seen, mut after, mut cuts) = (Vec::new(), start.clone(), 0);
        let total = 4 * 40 + 4 * 20;
        while seen.len() < total {
            let socket = Socket::connect(&world.server, None).await;
            let mut stream = socket.chirps(Some(&after)).await;
            let some = 1 + chance.below(25);
            for _ in 0..some {
                let frame = stream.event().await;
                after = frame["cursor"].as_str().unwrap().to_owned();
                if frame["__typename"] != "CaughtUp" {
                    seen.push(after.clone());
                }
                if seen.len() == total {
                    break;
                }
            }
            socket.cut().await;
            cuts += 1;
        }
        assert!(cuts > 5, "{cuts} cuts");
        seen
    };
    let (all, seen) = join(posting, watching).await;
    assert_eq!(seen, all);
}

async fn an_event_source_comes_back_where_it_was(world: World) {
    let alice = world.user("alice").await;
    let start = world.anonymous.feed_cursor().await;
    let sent = [alice.chirp("one").await, alice.chirp("two").await, alice.chirp("three").await];
    let document = "subscription($after: Cursor) { chirpEvents(after: $after) { __typename cursor } }";
    let mut events = Events::get(&world.server, Asking::default(), document, json!({ "after": start })).await;
    assert_eq!(events.event().await["cursor"], sent[0].cursor);
    let last = events.last_id.clone();
    assert_eq!(last.as_deref(), Some(sent[0].cursor.as_str()));
    let asking = Asking { last_event_id: last.as_deref(), ..Asking::default() };
    let mut events = Events::get(&world.server, asking, document, json!({ "after": start })).await;
    assert_eq!(events.event().await["cursor"], sent[1].cursor);
}

async fn only_the_kinds_that_are_asked_for_come(world: World) {
    let alice = world.user("alice").await;
    let start = world.anonymous.feed_cursor().await;
    let first = alice.chirp("one").await;
    alice.update_chirp(&first, "changed").await;
    alice.delete_chirp(&first).await;
    let socket = Socket::connect(&world.server, None).await;
    let mut stream = socket.chirps_of_kinds(Some(&start), Some(&["DELETED"])).await;
    let frames = stream.until("CaughtUp").await;
    assert_eq!(frames.iter().map(|frame| frame["__typename"].clone()).collect::<Vec<_>>(), ["ChirpDeleted"]);
    alice.chirp("two").await;
    let third = alice.chirp("three").await;
    let deleted = alice.delete_chirp(&third).await;
    assert_eq!(stream.event().await["cursor"], deleted);
}

async fn a_cursor_of_the_feed_that_is_trimmed_resets_the_stream(world: World) {
    let alice = world.user("alice").await;
    let start = world.anonymous.feed_cursor().await;
    let old = [alice.chirp("old").await, alice.chirp("older").await];
    let socket = Socket::connect(&world.server, None).await;
    let mut open = socket.chirps(None).await;
    open.until("CaughtUp").await;
    world.server.advance_clock(RETENTION).await;
    let alice = world.anonymous.sign_in("alice").await;
    let new = [alice.chirp("new").await, alice.chirp("newer").await];
    world.server.trim_log().await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM chirp_events").await, 2);
    for after in [&start, &old[0].cursor] {
        let mut stream = socket.chirps(Some(after)).await;
        let reset = stream.event().await;
        assert_eq!((&reset["__typename"], &reset["cursor"]), (&json!("StreamReset"), &json!(new[1].cursor)));
        assert!(reset["reason"].as_str().unwrap().starts_with("TRIMMED"), "{reset}");
        assert_eq!(stream.event().await["__typename"], "CaughtUp");
    }
    // The last line that went is where the log begins; and chirps stay, with their cursors.
    let lines = socket.chirps(Some(&old[1].cursor)).await.until("CaughtUp").await;
    assert_eq!(cursors(&lines), [new[0].cursor.clone(), new[1].cursor.clone()]);
    let page = alice.feed(&format!("first: 5, after: \"{}\"", new[0].cursor)).await;
    assert_eq!(tests::chirp::messages(page.ok("/chirps")), ["older", "old"]);
    assert_eq!(cursors(&[open.event().await, open.event().await]), [new[0].cursor.clone(), new[1].cursor.clone()]);
}

async fn a_cursor_of_the_feed_of_another_epoch_resets_the_stream(world: World) {
    let alice = world.user("alice").await;
    let before = alice.chirp("before").await;
    world.server.stop().await;
    world.database.execute("UPDATE instance SET log_epoch = (log_epoch + 1) % 4294967295").await;
    world.server.launch();
    world.server.ready().await;
    let socket = Socket::connect(&world.server, None).await;
    let mut stream = socket.chirps(Some(&before.cursor)).await;
    let reset = stream.event().await;
    assert_eq!(reset["__typename"], "StreamReset");
    assert!(reset["reason"].as_str().unwrap().starts_with("OTHER_LOG"), "{reset}");
    assert_ne!(reset["cursor"], before.cursor);
    assert_eq!(stream.event().await["__typename"], "CaughtUp");
    let after = alice.chirp("after").await;
    assert_eq!(stream.event().await["cursor"], after.cursor);
    world.anonymous.feed(&format!("first: 5, after: \"{}\"", before.cursor)).await.failed("STREAM_RESET");
}

async fn a_cursor_beyond_the_feed_resets_the_stream(world: World) {
    let alice = world.user("alice").await;
    alice.chirp("first").await;
    let last = alice.chirp("second").await;
    world.server.stop().await;
    world.database.execute("DELETE FROM chirp_events WHERE seq = 2").await;
    world.database.execute("DELETE FROM chirps WHERE seq = 2").await;
    world.database.execute("UPDATE chirp_feed SET last_seq = 1").await;
    world.server.launch();
    world.server.ready().await;
    let socket = Socket::connect(&world.server, None).await;
    let mut stream = socket.chirps(Some(&last.cursor)).await;
    let reset = stream.event().await;
    assert!(reset["reason"].as_str().unwrap().starts_with("AHEAD"), "{reset}");
}

async fn a_cursor_of_a_thread_is_none_of_the_feed(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let of_thread = alice.send(&room, "hello").await.cursor;
    let of_feed = alice.chirp("hello").await.cursor;
    let socket = world.socket(&alice).await;
    for after in [of_thread.as_str(), "nonsense", &of_feed[..of_feed.len() - 1]] {
        socket.chirps(Some(after)).await.failed("INVALID").await;
    }
    socket.events(&room, Some(&of_feed)).await.failed("INVALID").await;
}

async fn a_quiet_feed_says_that_it_is_there(engine: tests::Engine) {
    let world = World::start_with(engine, &[("LINNET_HEARTBEAT_SECONDS", "1")]).await;
    let alice = world.user("alice").await;
    let last = alice.chirp("hello").await;
    let socket = Socket::connect(&world.server, None).await;
    let mut stream = socket.chirps(None).await;
    stream.until("CaughtUp").await;
    let frame = stream.value().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("Heartbeat"), &json!(last.cursor)));
}

async fn fifty_who_watch_cost_the_database_what_one_does(engine: tests::Engine) {
    // Nobody looks by themselves: what is asked is asked for the chirp.
    let world = World::start_with(engine, &[("LINNET_HUB_LOOK_MS", "3600000")]).await;
    let alice = world.user("alice").await;
    let mut asked = Vec::new();
    let mut streams = Vec::new();
    let mut sockets = Vec::new();
    for watchers in [1, 50] {
        while streams.len() < watchers {
            let socket = Socket::connect(&world.server, None).await;
            let mut stream = socket.chirps(None).await;
            stream.until("CaughtUp").await;
            streams.push(stream);
            sockets.push(socket);
        }
        world.server.record_statements().await;
        let sent = alice.chirp("hello").await;
        for stream in &mut streams {
            let frame = stream.event().await;
            assert_eq!(
                (&frame["cursor"], &frame["chirp"]["author"]["username"]),
                (&json!(sent.cursor), &json!("alice"))
            );
        }
        let of_authors = |sql: &str| sql.contains("profiles p");
        asked.push(world.server.statements().await.iter().filter(|statement| of_authors(&statement.sql)).count());
        assert!(
            streams.iter_mut().all(|stream| stream.try_next().is_none_or(|frame| !matches!(frame, Frame::Error(_))))
        );
    }
    let few = |count: &usize| (1..=2).contains(count);
    assert!(asked.iter().all(few), "once for whoever posts, once for all who watch, or for both at once: {asked:?}");
}
