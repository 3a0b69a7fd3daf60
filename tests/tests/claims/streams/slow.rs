//! Clients that read slowly, or not at all for a while.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::socket::Opening;
use tests::{Frame, Sent, Socket, World, claims};

use super::{root, send_at_once};

claims![who_stops_reading_gets_everything_when_reading_again, who_does_not_read_holds_nobody_up];

/// How much is written to one who does not read: more than the kernel takes between a server and a client, on each of
/// two streams.
const COUNT: usize = 200;
/// A text of 16,000 bytes.
fn long_text() -> String {
    "🐘".repeat(4000)
}

/// A server may close the socket of one who reads nothing for so long.
const PATIENCE: Duration = Duration::from_secs(9);

async fn who_stops_reading_gets_everything_when_reading_again(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let first = alice.send(&group, "the first").await;
    let socket = narrow_socket(&world, &bob.token).await;
    let mut events = socket.events_of(&group, Some(&first.cursor), Some(&["MESSAGE_POSTED"])).await;
    let messages = socket.messages(&group, Some(&first.cursor)).await;
    events.until("CaughtUp").await;
    let paused = Instant::now();
    socket.pause();
    let mut sent = send_at_once(&[&alice, &carol], &group, COUNT, &long_text()).await;
    socket.resume();
    let paused = paused.elapsed();
    sent.push(alice.send(&group, "the last").await);
    let mut expected = [sent.iter(), sent.iter()];
    let mut last = [first.cursor.clone(), first.cursor.clone()];
    let mut streams = [events, messages];
    let mut sockets = vec![socket];
    for which in 0..2 {
        while last[which] != sent[COUNT].cursor {
            match streams[which].next().await {
                Frame::Closed(..) | Frame::Lost(_) if paused > PATIENCE => {
                    // Too slow for too long, on a machine that is slow itself: it goes on where it was.
                    let socket = world.socket(&bob).await;
                    streams[0] = socket.events_of(&group, Some(&last[0]), Some(&["MESSAGE_POSTED"])).await;
                    streams[1] = socket.messages(&group, Some(&last[1])).await;
                    sockets.push(socket);
                }
                frame => {
                    let value = root(&frame);
                    if matches!(value["__typename"].as_str(), Some("Heartbeat" | "CaughtUp")) {
                        continue;
                    }
                    let id = value.pointer("/message/id").or(value.pointer("/node/id"));
                    let next: Option<&Sent> = expected[which].next();
                    assert_eq!((&value["cursor"], id), (&json!(next.unwrap().cursor), Some(&json!(next.unwrap().id))));
                    next.unwrap().cursor.clone_into(&mut last[which]);
                }
            }
        }
    }
}

async fn who_does_not_read_holds_nobody_up(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let first = alice.send(&group, "the first").await;
    let stalled = narrow_socket(&world, &bob.token).await;
    let mut never_read = stalled.events(&group, Some(&first.cursor)).await;
    let _neither = stalled.messages(&group, Some(&first.cursor)).await;
    never_read.until("CaughtUp").await;
    stalled.pause();
    let socket = world.socket(&carol).await;
    let mut events = socket.events_of(&group, Some(&first.cursor), Some(&["MESSAGE_POSTED"])).await;
    events.until("CaughtUp").await;
    let sent = send_at_once(&[&alice], &group, COUNT, &long_text()).await;
    for one in &sent {
        assert_eq!(events.event().await["cursor"], one.cursor);
    }
    // Who read nothing has missed nothing either: it is all there on the next connection.
    let socket = world.socket(&bob).await;
    let mut again = socket.events_of(&group, Some(&first.cursor), Some(&["MESSAGE_POSTED"])).await;
    let backlog = again.until("CaughtUp").await;
    assert_eq!(super::posted(&backlog), sent);
}

/// A socket with little room between the server and the client.
async fn narrow_socket(world: &World, token: &str) -> Socket {
    let opening = Opening { receive_buffer: Some(32 * 1024), ..Opening::default() };
    let socket = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    socket.init(Some(token)).await;
    socket
}
