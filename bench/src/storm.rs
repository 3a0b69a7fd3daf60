//! Five thousand clients, a restart, and all of them coming back.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tests::socket::Opening;
use tests::{Chance, Engine, Frame, Line, Socket, World};
use tokio::time::sleep;

use crate::SETTINGS;
use crate::process::cpu;
use crate::samples::Samples;

const CLIENTS: usize = 5000;
/// Clients come back at a random time within this, as those of graphql-ws do.
const JITTER: u64 = 5000;
const ROOMS: usize = 50;

/// What all clients know of the run.
struct Run {
    world: World,
    /// When the server was started again.
    back: Mutex<Option<Instant>>,
    over: AtomicBool,
    resumed: Mutex<Samples>,
}

pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(world.room(&alice).await);
    }
    let run = Arc::new(Run { world, back: Mutex::default(), over: AtomicBool::new(false), resumed: Mutex::default() });
    let mut chance = Chance::new();
    let begun = Instant::now();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let room = rooms[number % ROOMS].clone();
        let start = alice.event_cursor(&room).await;
        clients.push(tokio::spawn(client(run.clone(), room, start, chance.branch())));
        if number % 100 == 99 {
            sleep(Duration::from_millis(50)).await;
        }
    }
    post(&alice, &rooms).await;
    sleep(Duration::from_secs(3)).await;
    println!("{CLIENTS} clients connected and subscribed in {:.1?}", begun.elapsed());
    let stopping = Instant::now();
    let status = run.world.server.stop().await;
    println!("  stopped in                   {:.1?} ({status})", stopping.elapsed());
    *run.back.lock().unwrap() = Some(Instant::now());
    run.world.server.launch();
    run.world.server.ready().await;
    let used = cpu(&run.world.server);
    for _ in 0..4 {
        post(&alice, &rooms).await;
        sleep(Duration::from_secs(4)).await;
    }
    let used = cpu(&run.world.server) - used;
    let mut ends = Vec::new();
    for room in &rooms {
        ends.push(alice.event_cursor(room).await);
    }
    run.over.store(true, Ordering::Relaxed);
    post(&alice, &rooms).await;
    let seen = join_all(clients).await;
    let mut missed = 0;
    for (number, seen) in seen.into_iter().enumerate() {
        let log = &alice_lines(&run.world, &alice, &rooms[number % ROOMS]).await;
        let (seen, start) = seen.unwrap();
        let expected: Vec<_> = log.iter().filter(|cursor| **cursor > start).take(seen.len()).collect();
        let whole = seen.last() >= Some(&ends[number % ROOMS]) && seen.iter().eq(expected);
        missed += usize::from(!whole);
    }
    let mut resumed = std::mem::take(&mut *run.resumed.lock().unwrap());
    println!("  back and caught up           {}", resumed.told());
    println!(
        "  within 15 s                  {} of {CLIENTS}",
        resumed.0.iter().filter(|time| time.as_secs() < 15).count()
    );
    println!("  CPU of the server for it     {used:.1?}");
    println!("  clients that missed, doubled or reordered a message: {missed}");
}

async fn post(alice: &tests::User, rooms: &[String]) {
    for room in rooms {
        alice.post(room, "x").await;
    }
}

async fn alice_lines(_: &World, alice: &tests::User, room: &str) -> Vec<String> {
    alice.all_lines(room, None).await.into_iter().map(|line| line.cursor).collect()
}

/// Connects, reads, comes back; gives the cursors that it saw, and the one that it began with.
async fn client(run: Arc<Run>, room: String, start: String, mut chance: Chance) -> (Vec<String>, String) {
    let mut seen: Vec<String> = Vec::new();
    loop {
        let Ok(socket) = Socket::open_as(&run.world.server, &Opening::default()).await else {
            sleep(Duration::from_millis(chance.below(JITTER as usize) as u64)).await;
            continue;
        };
        if !socket.try_init().await {
            continue;
        }
        let mut stream = socket.lines(&room, Some(seen.last().unwrap_or(&start))).await;
        while let Some(frame) = stream.next_ever().await {
            let Frame::Next(payload) = frame else { break };
            let frame = &payload["data"]["threadEvents"];
            match frame["__typename"].as_str() {
                Some("Heartbeat") => {}
                Some("CaughtUp") => {
                    if let Some(back) = *run.back.lock().unwrap() {
                        run.resumed.lock().unwrap().0.push(back.elapsed());
                    }
                }
                _ => seen.push(Line::of(frame).cursor),
            }
            if run.over.load(Ordering::Relaxed) {
                return (seen, start);
            }
        }
        sleep(Duration::from_millis(chance.below(JITTER as usize) as u64)).await;
    }
}
