//! A server that is asked to end says so to all who are connected, and ends.

use futures_util::future::join_all;
use tests::socket::{Control, Opening};
use tests::{Socket, World, claims, eventually};

use crate::streams::send_at_once;

claims![every_socket_is_told_of_the_end, who_does_not_read_does_not_keep_it_from_ending];

/// "Service restart".
const RESTART: u16 = 1012;

async fn every_socket_is_told_of_the_end(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut sockets = Vec::new();
    let mut streams = Vec::new();
    for number in 0..40 {
        let socket = match number % 4 {
            0 => Socket::connect(&world.server, None).await,
            1 => world.socket(&alice).await,
            _ => world.socket(&bob).await,
        };
        if number % 4 > 1 {
            let mut events = socket.events(&thread, None).await;
            events.until("CaughtUp").await;
            streams.push(events);
            streams.push(socket.signals(&thread).await);
            streams.push(socket.inbox(None).await);
        }
        sockets.push(socket);
    }
    // Two that have not introduced themselves.
    for _ in 0..2 {
        sockets.push(Socket::open(&world.server).await);
    }
    alice.send(&thread, "the last").await;
    world.server.terminate();
    assert_eq!(join_all(sockets.iter().map(Socket::closed)).await, [RESTART; 42]);
    let codes = join_all(streams.iter_mut().map(|stream| stream.closed())).await;
    assert_eq!(codes, [RESTART; 60]);
    let status = eventually("the server to end", async || world.server.exited()).await;
    assert_eq!(status.code(), Some(0), "{status}");
}

async fn who_does_not_read_does_not_keep_it_from_ending(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let stalled = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    stalled.init(Some(&bob.token)).await;
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut events = stalled.events(&thread, None).await;
        events.until("CaughtUp").await;
        streams.push(events);
    }
    stalled.pause();
    // On all its streams together more than the kernel takes between a server and a client.
    send_at_once(&[&alice], &thread, 40, &"🐘".repeat(4000)).await;
    let reading = world.socket(&alice).await;
    world.server.terminate();
    assert_eq!(reading.closed().await, RESTART);
    let status = eventually("the server to end", async || world.server.exited()).await;
    assert_eq!(status.code(), Some(0), "{status}");
    stalled.resume();
    loop {
        match stalled.control().await {
            Control::Message(_) => {}
            Control::Closed(code, _) => return assert_eq!(code, RESTART),
            // It could not be told in time.
            Control::Lost(_) => return,
        }
    }
}
