//! What a socket and a subscription cost in memory when nothing happens.

use std::time::Duration;

use futures_util::future::join_all;
use tests::{Engine, Socket, Subscription, World};
use tokio::time::sleep;

use crate::SETTINGS;
use crate::process::memory;

const SOCKETS: usize = 2000;
const ROOMS: usize = 300;

pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(world.room(&alice).await);
    }
    let at_rest = memory(&world.server);
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS / 50 {
        sockets.extend(join_all((0..50).map(|_| Socket::connect(&world.server, None))).await);
    }
    let connected = memory(&world.server);
    let mut streams = Vec::new();
    subscribe(&sockets, &rooms, 1, &mut streams).await;
    sleep(Duration::from_secs(2)).await;
    let subscribed = memory(&world.server);
    let few = SOCKETS / 10;
    subscribe(&sockets[..few], &rooms, 9, &mut streams).await;
    sleep(Duration::from_secs(2)).await;
    let more = memory(&world.server);
    let each = |from: u64, to: u64, count: usize| (to.saturating_sub(from)) as f64 / count as f64;
    println!("{SOCKETS} sockets, one subscription each, over {ROOMS} rooms; KiB of memory:");
    println!("  server at rest         {at_rest}");
    println!("  a socket               {:.1}", each(at_rest, connected, SOCKETS));
    println!("  its first subscription {:.1}", each(connected, subscribed, SOCKETS));
    println!("  both together          {:.1}", each(at_rest, subscribed, SOCKETS));
    println!("  each further one       {:.1}", each(subscribed, more, few * 9));
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
