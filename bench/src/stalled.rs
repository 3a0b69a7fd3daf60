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
const PER_SECOND: u64 = 5;
/// Messages in each half of the run.
const MESSAGES: usize = 100;

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
    let _quiet = measure(&alice, &room, start, &mut latencies).await;
    let mut before = measure(&alice, &room, start, &mut latencies).await;
    let memory_before = memory(&world.server);
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let stalled = Socket::open_as(&world.server, &opening).await.unwrap();
    stalled.init(None).await;
    // So much for each message that what the kernel takes is full after a few.
    let fields: String = (0..25).map(|number| format!("c{number}: content ")).collect();
    let document = format!("subscription($room: ID!) {{ messageAdded(threadId: $room) {{ node {{ {fields} }} }} }}");
    let _never_read = stalled.subscribe(&document, json!({ "room": room })).await;
    stalled.subscribe("{ __typename }", json!({})).await.value().await;
    stalled.pause();
    let paused = Instant::now();
    let closed = async {
        // A paused client does not see its end: the server tells.
        loop {
            if sockets(&world).await <= SUBSCRIBERS {
                return paused.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let most = async {
        let mut most = 0;
        while sockets(&world).await > SUBSCRIBERS {
            most = most.max(memory(&world.server));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        most
    };
    let (mut during, closed, most) = tokio::join!(measure(&alice, &room, start, &mut latencies), closed, most);
    println!("{SUBSCRIBERS} subscribers of one thread, {PER_SECOND} messages a second of 16 KB");
    println!("  delivery before:             {}", before.told());
    println!("  while one does not read:     {}", during.told());
    println!("  p99 ratio                    {:.2}", during.within(0.99).as_secs_f64() / before.within(0.99).as_secs_f64());
    println!("  it was closed after          {closed:.1?}");
    println!("  memory, at its highest       {} KiB more", most.saturating_sub(memory_before));
    stalled.resume();
    while !matches!(stalled.control().await, Control::Closed(..) | Control::Lost(_)) {}
}

async fn sockets(world: &World) -> usize {
    let text = world.server.http().get(world.server.at("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("linnet_sockets ")).unwrap_or("0");
    line.parse::<f64>().unwrap() as usize
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
) -> Samples {
    let mut ticks = interval(Duration::from_secs(1) / PER_SECOND as u32);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let padding = "🐘".repeat(3900);
    for _ in 0..MESSAGES {
        ticks.tick().await;
        alice.post(room, &format!("{} {padding}", start.elapsed().as_micros())).await;
    }
    let mut samples = Samples::default();
    while samples.0.len() < MESSAGES * SUBSCRIBERS {
        samples.0.push(latencies.recv().await.unwrap());
    }
    samples
}
