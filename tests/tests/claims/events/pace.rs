//! Streams that are read slowly, and streams on which nothing happens.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::events::Asking;
use tests::{Engine, Events, Frame, World, claims, eventually};

use super::lines;
use crate::streams::send_at_once;

claims![who_reads_nothing_is_cut_off, who_reads_slowly_misses_nothing, heavy_a_quiet_stream_is_kept_alive];

async fn who_reads_nothing_is_cut_off(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_WRITE_SECONDS", "2")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "the first").await;
    let mut reading = lines(&world, &alice, &thread, Some(&first.cursor), None).await;
    reading.until("CaughtUp").await;
    let mut stalled = narrow(&world, &bob.token, &thread, None).await;
    assert_eq!(stalled.value().await["__typename"], "CaughtUp");
    let begun = Instant::now();
    let sent = send_at_once(&[&alice], &thread, 120, &"🐘".repeat(4000)).await;
    for one in &sent {
        let mut frame = reading.event().await;
        while frame["__typename"] != "MessagePosted" {
            frame = reading.event().await;
        }
        assert_eq!(frame["cursor"], one.cursor.as_str(), "who reads misses nothing");
    }
    eventually("the stream of who reads nothing to be gone", async || {
        (world.server.metrics().await.sum("linnet_event_streams", &[]) < 1.5).then_some(())
    })
    .await;
    assert!(begun.elapsed() > Duration::from_secs(2), "it has its time");
    assert!(world.server.metrics().await.sum("linnet_queue_bytes", &[]) < 300_000.0, "its queue is gone as well");
    let last = alice.send(&thread, "and on").await;
    while reading.event().await["cursor"] != last.cursor.as_str() {}
    // What it had was cut off in the middle, and it comes back from the last that it has.
    let mut whole = 0;
    while let Frame::Next(_) = stalled.next().await {
        whole += 1;
    }
    assert!(whole < sent.len(), "it was to be cut off");
    let mut again = lines(&world, &bob, &thread, None, stalled.last_id.as_deref()).await;
    let missed = again.until("CaughtUp").await;
    assert_eq!(missed.last().unwrap()["cursor"], last.cursor.as_str());
    let posted = missed.iter().filter(|frame| frame["__typename"] == "MessagePosted").count();
    assert!(posted + whole > sent.len(), "{posted} and {whole} of {}", sent.len());
}

async fn who_reads_slowly_misses_nothing(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "the first").await;
    let mut slow = narrow(&world, &bob.token, &thread, Some(&first.cursor)).await;
    let sent = send_at_once(&[&alice], &thread, 80, &"🐘".repeat(4000)).await;
    let mut expected = sent.iter();
    while expected.len() > 0 {
        let frame = slow.event().await;
        if frame["__typename"] == "MessagePosted" {
            assert_eq!(frame["cursor"], expected.next().unwrap().cursor.as_str());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn heavy_a_quiet_stream_is_kept_alive(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HEARTBEAT_SECONDS", "600")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut events = lines(&world, &alice, &thread, None, None).await;
    events.until("CaughtUp").await;
    let quiet = tokio::time::timeout(Duration::from_secs(27), events.next()).await;
    assert!(quiet.is_err(), "nothing happens: {quiet:?}");
    assert!((1..=2).contains(&events.comments), "{} comments in 27 seconds", events.comments);
    let sent = bob.send(&thread, "hello").await;
    assert_eq!(events.event().await["cursor"], sent.cursor.as_str());
}

/// A stream of whole messages with little room between the server and the client.
async fn narrow(world: &World, token: &str, thread: &str, after: Option<&str>) -> Events {
    let document = "subscription($t: ID!, $a: Cursor) { threadEvents(threadId: $t, after: $a) { \
        __typename cursor ... on MessagePosted { message { content } } } }";
    let asking = Asking { token: Some(token), receive_buffer: Some(16 * 1024), ..Asking::default() };
    let request = json!({ "query": document, "variables": { "t": thread, "a": after } });
    Events::ask_as(&world.server, asking, request).await
}
