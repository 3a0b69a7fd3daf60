//! A thousand watch a thread, and one of them stops reading: what it costs, and what the others notice.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tests::socket::{Control, Opening};
use tests::{Engine, Frame, Socket, Subscription, User, World};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::SETTINGS;
use crate::process::memory;
use crate::samples::Samples;

const SUBSCRIBERS: usize = 1000;
const PER_SECOND: u32 = 5;
/// Messages in each half of the run.
const MESSAGES: usize = 100;
/// Messages before that: as many as are remembered for all, so that memory does not grow by that.
const BEFORE: usize = 300;

pub(crate) async fn run() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let (late, mut latencies) = mpsc::unbounded_channel();
    let start = Instant::now();
    for _ in 0..SUBSCRIBERS / 50 {
        for socket in join_all((0..50).map(|_| Socket::connect(&world.server, None))).await {
            tokio::spawn(listen(socket, room.clone(), start, late.clone()));
        }
    }
    measure(&alice, &room, start, &mut latencies, BEFORE, 20).await;
    // Twice, so that what memory does by itself is known.
    let mut watched = Vec::new();
    for _ in 0..2 {
        let measured = measure(&alice, &room, start, &mut latencies, MESSAGES, PER_SECOND);
        watched.push(most_memory(&world, async || true, measured).await);
    }
    let (_, memory_first) = watched[0];
    let (mut before, memory_before) = watched.remove(1);
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let stalled = Socket::open_as(&world.server, &opening).await.unwrap();
    stalled.init(None).await;
    // So much for each message that what the kernel takes is full after a few.
    let fields: String = (0..4).map(|number| format!("c{number}: content ")).collect();
    let document = format!("subscription($room: ID!) {{ messageAdded(threadId: $room) {{ node {{ {fields} }} }} }}");
    let _never_read = stalled.subscribe(&document, json!({ "room": room })).await;
    stalled.subscribe("{ __typename }", json!({})).await.value().await;
    stalled.pause();
    let paused = Instant::now();
    let closed = async {
        // A paused client does not see its end: the server tells.
        while sockets(&world).await > SUBSCRIBERS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        paused.elapsed()
    };
    let measured = measure(&alice, &room, start, &mut latencies, MESSAGES, PER_SECOND);
    let is_open = async || sockets(&world).await > SUBSCRIBERS;
    let ((mut during, most), closed) = tokio::join!(most_memory(&world, is_open, measured), closed);
    println!("{SUBSCRIBERS} subscribers of one thread, {PER_SECOND} messages a second of 16 KB");
    println!("  delivery before:             {}", before.told());
    println!("  while one does not read:     {}", during.told());
    println!(
        "  p99 ratio                    {:.2}",
        during.within(0.99).as_secs_f64() / before.within(0.99).as_secs_f64()
    );
    println!("  it was closed after          {closed:.1?}");
    println!("  memory, at its highest       {} KiB more", most.saturating_sub(memory_before));
    println!("  of which without it          {} KiB", memory_before.saturating_sub(memory_first));
    stalled.resume();
    while !matches!(stalled.control().await, Control::Closed(..) | Control::Lost(_)) {}
}

async fn sockets(world: &World) -> usize {
    let text = world.server.http().get(world.server.at("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("linnet_sockets ")).unwrap_or("0");
    line.parse::<f64>().unwrap() as usize
}

/// Does something, and tells the most memory that the server had meanwhile, as long as `counts`.
async fn most_memory<T>(world: &World, counts: impl AsyncFn() -> bool, work: impl Future<Output = T>) -> (T, u64) {
    let mut most = 0;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, most),
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                if counts().await {
                    most = most.max(memory(&world.server));
                }
            }
        }
    }
}

/// Tells how late each message comes; a message begins with the time at which it was sent.
async fn listen(socket: Socket, room: String, start: Instant, late: mpsc::UnboundedSender<Duration>) {
    let document = "subscription($room: ID!) { messageAdded(threadId: $room) { node { content } } }";
    let mut stream: Subscription = socket.subscribe(document, json!({ "room": room })).await;
    while let Some(frame) = stream.next_ever().await {
        let Frame::Next(payload) = frame else { return };
        let content = payload["data"]["messageAdded"]["node"]["content"].as_str().unwrap();
        let sent: u64 = content.split(' ').next().unwrap().parse().unwrap();
        let _ = late.send(start.elapsed().saturating_sub(Duration::from_micros(sent)));
    }
}

/// Sends at the rate and gathers what was late by how much.
async fn measure(
    alice: &User,
    room: &str,
    start: Instant,
    latencies: &mut mpsc::UnboundedReceiver<Duration>,
    messages: usize,
    per_second: u32,
) -> Samples {
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let padding = "🐘".repeat(3900);
    for _ in 0..messages {
        ticks.tick().await;
        alice.post(room, &format!("{} {padding}", start.elapsed().as_micros())).await;
    }
    let mut samples = Samples::default();
    while samples.0.len() < messages * SUBSCRIBERS {
        samples.0.push(latencies.recv().await.unwrap());
    }
    samples
}
