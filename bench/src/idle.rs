//! What a socket and a subscription cost in memory when nothing happens.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::{Engine, Socket, Subscription, World};
use tokio::time::sleep;

use crate::SETTINGS;
use crate::process::memory;

const SOCKETS: usize = 2000;
const ROOMS: usize = 300;
/// Sockets before those that count: what starting up left behind is used up by then.
const BEFORE: usize = 1000;
const FURTHER: usize = 9;

pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(world.room(&alice).await);
    }
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    open(&world, BEFORE, &rooms, &mut sockets, &mut streams).await;
    let before = settled(&world).await;
    open(&world, SOCKETS, &rooms, &mut sockets, &mut streams).await;
    let after = settled(&world).await;
    subscribe(&sockets[..BEFORE], &rooms, FURTHER, &mut streams).await;
    let more = settled(&world).await;
    let mut small = Vec::new();
    for (number, socket) in sockets[BEFORE..2 * BEFORE].iter().enumerate() {
        for next in 0..FURTHER {
            small.push(socket.posts(&rooms[(number + next) % ROOMS], None).await);
        }
        // An answer behind them says that they were heard.
        socket.subscribe("{ __typename }", json!({})).await.value().await;
    }
    let smaller = settled(&world).await;
    let each = |from: u64, to: u64, count: usize| (to.saturating_sub(from)) as f64 / count as f64;
    println!("{SOCKETS} sockets, over {ROOMS} rooms; KiB of the server's memory for each:");
    println!("  a socket with one subscription {:.1}", each(before, after, SOCKETS));
    println!("  a further threadEvents         {:.1}", each(after, more, BEFORE * FURTHER));
    println!("  a further messageAdded         {:.1}", each(more, smaller, BEFORE * FURTHER));
}

async fn open(
    world: &World,
    count: usize,
    rooms: &[String],
    sockets: &mut Vec<Socket>,
    streams: &mut Vec<Subscription>,
) {
    for _ in 0..count / 50 {
        let fresh = join_all((0..50).map(|_| Socket::connect(&world.server, None))).await;
        subscribe(&fresh, rooms, 1, streams).await;
        sockets.extend(fresh);
    }
}

async fn settled(world: &World) -> u64 {
    sleep(Duration::from_secs(3)).await;
    memory(&world.server)
}

async fn subscribe(sockets: &[Socket], rooms: &[String], each: usize, streams: &mut Vec<Subscription>) {
    for (number, socket) in sockets.iter().enumerate() {
        for more in 0..each {
            streams.push(socket.lines(&rooms[(number + more) % rooms.len()], None).await);
        }
    }
    let fresh = streams.len() - sockets.len() * each;
    for stream in &mut streams[fresh..] {
        stream.until("CaughtUp").await;
    }
}
