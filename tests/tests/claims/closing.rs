//! A server that is asked to end says so to all who are connected, and ends.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::socket::{Control, Opening};
use tests::{Engine, Frame, Socket, Subscription, User, World, claims, eventually};
use tokio::task::JoinSet;

use crate::streams::send_at_once;

claims![
    every_socket_is_told_of_the_end,
    who_does_not_read_does_not_keep_it_from_ending,
    what_is_accepted_is_answered_before_the_end,
    heavy_a_thousand_sockets_are_told_of_the_end_under_load,
    the_end_is_announced_before_it_begins,
    a_second_signal_ends_it_at_once,
];

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

/// What was said to one who sends.
#[derive(Default)]
struct Told {
    /// The client keys of the messages that were answered, with their ids.
    answered: HashSet<(String, String)>,
    /// The client keys of the messages that were not.
    open: HashSet<String>,
}

const SEND: &str =
    "mutation($input: MessageSendInput!) { messageSend(input: $input) { message { id } errors { code } } }";

async fn what_is_accepted_is_answered_before_the_end(world: World) {
    ends_under_load(&world, 0).await;
}

async fn heavy_a_thousand_sockets_are_told_of_the_end_under_load(world: World) {
    ends_under_load(&world, 1000).await;
}

/// Ends a server amid sends, with so many others connected, of whom one in ten watches what is sent.
async fn ends_under_load(world: &World, others: usize) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.room_of(&alice, &[&bob]).await;
    let quiet = world.room(&alice).await;
    let mut watching = Vec::new();
    for _ in 0..others / 50 {
        for (number, socket) in
            join_all((0..50).map(|_| Socket::connect(&world.server, None))).await.into_iter().enumerate()
        {
            let mut stream = socket.lines(if number % 10 == 0 { &thread } else { &quiet }, None).await;
            stream.until("CaughtUp").await;
            watching.push((socket, stream));
        }
    }
    let told = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for number in 0..12 {
        let socket = world.socket(if number % 2 == 0 { &alice } else { &bob }).await;
        senders.spawn(send_by_socket(socket, thread.clone(), format!("s{number}"), told.clone()));
    }
    for number in 0..6 {
        let user = if number % 2 == 0 { alice.clone() } else { bob.clone() };
        senders.spawn(send_by_http(user, thread.clone(), format!("h{number}"), told.clone()));
    }
    eventually("many to be sent", async || (told.load(Ordering::Relaxed) > 150).then_some(())).await;
    world.server.terminate();
    let codes = join_all(watching.iter().map(|(socket, _)| socket.closed())).await;
    assert_eq!(codes, vec![RESTART; others], "every one gets its close frame");
    let all = senders.join_all().await;
    assert_eq!(world.server.ended().await.code(), Some(0));
    world.server.restart().await;
    let rows = world.database.rows("SELECT client_key FROM messages").await;
    let stored: HashSet<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(stored.len(), rows.len(), "each is stored once");
    let (mut answered, mut open) = (0, 0);
    for told in &all {
        for (key, id) in &told.answered {
            assert!(stored.contains(key), "{key} was answered, and is not there");
            assert!(id.starts_with("msg_"), "{id}");
        }
        for key in &told.open {
            assert!(!stored.contains(key), "{key} is there, and was not answered");
        }
        answered += told.answered.len();
        open += told.open.len();
    }
    assert_eq!(answered, stored.len());
    assert!(open > 0, "it was to end amid it all");
}

/// Five at a time on one socket, until it is closed; fails the test unless it is with the right code.
async fn send_by_socket(socket: Socket, thread: String, name: String, total: Arc<AtomicUsize>) -> Told {
    let mut told = Told::default();
    for round in 0.. {
        let mut sends = Vec::new();
        for number in 0..5 {
            let key = format!("{name}-{round}-{number}");
            let input = json!({ "threadId": thread, "content": "x", "clientKey": key });
            sends.push((key, socket.subscribe(SEND, json!({ "input": input })).await));
        }
        let mut closed = false;
        for (key, mut send) in sends {
            // Nothing comes for what is asked after the end.
            let frame = if closed { send.try_next() } else { next_or_end(&socket, &mut send).await };
            match frame {
                Some(Frame::Next(payload)) => {
                    let id = payload["data"]["messageSend"]["message"]["id"].as_str();
                    told.answered.insert((key, id.unwrap_or_else(|| panic!("{payload}")).to_owned()));
                    total.fetch_add(1, Ordering::Relaxed);
                }
                Some(Frame::Closed(RESTART, _)) | None => {
                    told.open.insert(key);
                    closed = true;
                }
                other => panic!("an answer or a close frame is expected, not {other:?}"),
            }
        }
        if closed {
            break;
        }
    }
    told
}

/// The next frame of an operation; none if the socket was closed before it was asked for.
async fn next_or_end(socket: &Socket, operation: &mut Subscription) -> Option<Frame> {
    tokio::select! {
        biased;
        frame = operation.next() => Some(frame),
        code = socket.closed() => {
            assert_eq!(code, RESTART);
            operation.try_next()
        }
    }
}

/// One after the other over HTTP, until nobody answers.
async fn send_by_http(user: User, thread: String, name: String, total: Arc<AtomicUsize>) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        let key = format!("{name}-{number}");
        let input = json!({ "threadId": thread, "content": "x", "clientKey": key });
        match user.try_graphql(SEND, json!({ "input": input })).await {
            Ok(answer) => {
                told.answered.insert((key, answer.text("/messageSend/message/id")));
                total.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                told.open.insert(key);
                break;
            }
        }
    }
    told
}

async fn the_end_is_announced_before_it_begins(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_DRAIN_SECONDS", "2")]).await;
    let alice = world.user("alice").await;
    let socket = world.socket(&alice).await;
    let begun = Instant::now();
    world.server.terminate();
    eventually("it to be not ready", async || (!world.server.is_ready().await).then_some(())).await;
    let live = world.server.http().get(world.server.at("/livez")).send().await.unwrap();
    assert_eq!(live.status(), 200);
    // Until it begins, all goes on.
    let another = world.socket(&alice).await;
    alice.create_room("a room").await;
    assert_eq!(socket.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
    assert!(begun.elapsed() < Duration::from_secs(2), "the machine is too slow for this");
    assert_eq!(join_all([socket.closed(), another.closed()]).await, [RESTART; 2]);
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert_eq!(world.server.ended().await.code(), Some(0));
}

async fn a_second_signal_ends_it_at_once(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_DRAIN_SECONDS", "25")]).await;
    let alice = world.user("alice").await;
    let _socket = world.socket(&alice).await;
    let begun = Instant::now();
    world.server.terminate();
    eventually("it to be not ready", async || (!world.server.is_ready().await).then_some(())).await;
    world.server.terminate();
    let status = world.server.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(20), "after {:?}", begun.elapsed());
    assert_ne!(status.code(), Some(0), "it did not end in good order, and says so");
}
