//! The database gone for a while: stopped, crashed, or held by somebody else.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::socket::Control;
use tests::{Answer, Chance, Cluster, Database, Engine, Frame, Line, Sent, Server, Socket, User, World};
use tests::{claim, claims, eventually};
use tokio::time::sleep;

use super::{messages_after, nothing_is_lost, nothing_is_missing};

claims![heavy_a_database_that_is_held_up_is_a_retryable_error];

/// Close codes after which clients do not come back.
const FINAL: [u16; 9] = [1002, 4004, 4005, 4400, 4401, 4403, 4406, 4409, 4500];

#[test]
fn heavy_streams_outlive_a_restart_of_postgresql() {
    claim::run(Engine::Postgres, streams_outlive_restarts);
}

#[test]
fn heavy_a_lost_postgresql_is_a_retryable_error() {
    claim::run(Engine::Postgres, a_lost_database_is_a_retryable_error);
}

#[test]
fn a_server_starts_when_its_postgresql_does() {
    claim::run(Engine::Postgres, a_server_says_that_its_database_is_not_there);
}

/// Stopped as by an administrator and as by a power cut, in the middle of streams and of sending.
async fn streams_outlive_restarts(_: Engine) {
    let mut chance = Chance::new();
    let cluster = Cluster::start();
    let world = World::on(Database::create_on(&cluster).await, &[]).await;
    world.server.expect_errors();
    let [admin, reader] = world.users(["admin", "reader"]).await;
    let senders = world.crowd("sender", 4).await;
    let members: Vec<_> = senders.iter().chain([&reader]).collect();
    let group = world.group(&admin, &members).await;
    let start = admin.event_cursor(&group).await;
    let socket = world.socket(&reader).await;
    let mut events = socket.events(&group, Some(&start)).await;
    let mut messages = socket.messages(&group, Some(&start)).await;
    events.until("CaughtUp").await;

    let load = Load::default();
    let sending: Vec<_> = senders.iter().map(|sender| send_until(sender, &group, &load, chance.branch())).collect();
    let cutting = async {
        for round in 0..4 {
            load.wait_for_more(20).await;
            if round % 2 == 0 {
                cluster.stop()
            } else {
                cluster.crash()
            }
            if round >= 2 {
                load.wait_for_refusals(1).await;
            }
            cluster.resume();
        }
        load.wait_for_more(20).await;
        load.done.store(true, Ordering::Relaxed);
    };
    join(join_all(sending), cutting).await;
    let acknowledged = load.written.into_inner().unwrap();
    let refused = load.refused.into_inner();
    eprintln!("{} messages, {refused} answers that it may work in a moment", acknowledged.len());
    let marker = admin.send(&group, "a marker").await;

    let history = messages_after(&reader, &group, None).await;
    nothing_is_lost(&history, &acknowledged);
    assert_eq!(history.len(), acknowledged.len() + 1, "each was sent until it was acknowledged, and is there once");
    nothing_is_missing(&world).await;
    // The same two streams on the same socket as before: they went on.
    let log = Line::of_all(&admin.all_events(&group, Some(&start)).await);
    let mut streamed = Line::of_all(&events.until_cursor(&marker.cursor).await);
    while streamed.len() < log.len() {
        streamed.push(Line::of(&events.event().await));
    }
    assert_eq!(streamed, log);
    for (sent, _) in &history {
        assert_eq!(messages.value().await["cursor"], sent.cursor);
    }
}

/// While it is down every answer says that it may work in a moment, and nothing says that it never will.
async fn a_lost_database_is_a_retryable_error(_: Engine) {
    let cluster = Cluster::start();
    let world = World::on(Database::create_on(&cluster).await, &[]).await;
    world.server.expect_errors();
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "before").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&first.cursor)).await;
    let mut inbox = socket.inbox(None).await;
    events.until("CaughtUp").await;
    inbox.until("InboxCaughtUp").await;

    cluster.stop();
    let mut opened = socket.events(&thread, Some(&first.cursor)).await;
    let new = Socket::open(&world.server).await;
    new.say(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", bob.token) } }));
    retryable(&alice.try_send(&thread, "lost").await);
    retryable(&alice.graphql("{ viewer { user { id } threads(first: 5) { nodes { id } } } }", json!({})).await);
    retryable(&alice.page(&thread, "last: 10").await);
    retryable(&world.anonymous.graphql("{ rooms(first: 5) { nodes { id } } }", json!({})).await);
    let input = json!({ "login": "alice", "password": tests::account::PASSWORD });
    retryable(&world.anonymous.mutate("sessionCreate", input, "accessToken").await);
    assert!(!world.server.is_ready().await, "a server without its database is not ready");
    // It is alive all the same: there is nothing to be gained by restarting it.
    let alive = world.server.http().get(world.server.at("/livez")).send().await.unwrap();
    assert_eq!(alive.status(), 200);
    cluster.resume();

    world.server.ready().await;
    match new.control().await {
        Control::Message(message) => assert_eq!(message["type"], "connection_ack"),
        Control::Closed(code, why) => assert!(!FINAL.contains(&code), "closed for good: {code} {why}"),
        Control::Lost(why) => panic!("neither an answer nor a close frame: {why}"),
    }
    let sent = eventually("a send to be taken again", async || {
        let answer = alice.try_send(&thread, "after").await;
        if answer.error_code().is_some() {
            retryable(&answer);
            return None;
        }
        Some(answer.text("/messageSend/message/id"))
    })
    .await;
    // The streams that were open have gone on.
    assert_eq!(events.event().await["message"]["id"], sent);
    while inbox.event().await["thread"]["lastMessage"]["id"] != sent.as_str() {}
    // What was opened meanwhile has waited, or was told to come again.
    loop {
        match opened.next().await {
            Frame::Next(payload) => match &payload["data"]["threadEvents"] {
                frame if frame["message"]["id"] == sent.as_str() => break,
                frame => assert!(["CaughtUp", "Heartbeat"].contains(&frame["__typename"].as_str().unwrap()), "{frame}"),
            },
            Frame::Error(errors) => {
                assert_eq!(errors[0]["extensions"]["code"], "UNAVAILABLE", "{errors}");
                break;
            }
            other => panic!("a frame or an error is expected, not {other:?}"),
        }
    }
}

/// A database that answers nobody's writes for a while: whoever writes is told to come again, whoever reads reads.
async fn heavy_a_database_that_is_held_up_is_a_retryable_error(world: World) {
    world.server.expect_errors();
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "before").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&first.cursor)).await;
    events.until("CaughtUp").await;
    let holding = world.database.hold_threads().await;
    let input = json!({ "threadId": thread, "content": "patience", "clientKey": "patience" });
    let sending = alice.try_send_with(input.clone());
    let reading = async {
        for _ in 0..20 {
            assert_eq!(bob.history(&thread).await.len(), 1, "reading goes on");
        }
    };
    let (answer, ()) = join(sending, reading).await;
    retryable(&answer);
    holding.rollback().await.unwrap();
    let sent = alice.send_with(input).await;
    assert_eq!(events.event().await["message"]["id"], sent.id);
    let history: Vec<_> = messages_after(&bob, &thread, None).await.into_iter().map(|(sent, _)| sent).collect();
    assert_eq!(history, [first, sent]);
    nothing_is_missing(&world).await;
}

/// Started before its database, a server ends with a sentence that says so; started again after it, it works.
async fn a_server_says_that_its_database_is_not_there(_: Engine) {
    let cluster = Cluster::start();
    let database = Database::create_on(&cluster).await;
    cluster.stop();
    let server = Server::prepare(&database, &[]);
    server.expect_errors();
    server.launch();
    assert!(!server.ended().await.success(), "it ended as if all were well");
    assert!(server.log().contains("opening the database"), "{}", server.log());
    cluster.resume();
    server.launch();
    server.ready().await;
    drop((server, database));
}

/// What senders have done while the database came and went.
#[derive(Default)]
struct Load {
    written: Mutex<Vec<(Sent, String)>>,
    refused: AtomicUsize,
    done: AtomicBool,
}

impl Load {
    async fn wait_for_more(&self, count: usize) {
        let enough = self.written.lock().unwrap().len() + count;
        eventually("more messages", async || (self.written.lock().unwrap().len() >= enough).then_some(())).await;
    }

    async fn wait_for_refusals(&self, count: usize) {
        let enough = self.refused.load(Ordering::Relaxed) + count;
        eventually("a refusal", async || (self.refused.load(Ordering::Relaxed) >= enough).then_some(())).await;
    }
}

/// Sends one text after the other until it is done, each under its key until it is acknowledged.
async fn send_until(sender: &User, group: &str, load: &Load, mut chance: Chance) {
    for number in 0.. {
        if load.done.load(Ordering::Relaxed) {
            return;
        }
        let key = format!("{} {number}", sender.username);
        let input = json!({ "threadId": group, "content": key, "clientKey": key });
        let sent = eventually("a send to be acknowledged", async || {
            let answer = sender.try_send_with(input.clone()).await;
            if answer.error_code().is_none() {
                let cursor = answer.text("/messageSend/cursor");
                return Some(Sent { id: answer.text("/messageSend/message/id"), cursor });
            }
            retryable(&answer);
            load.refused.fetch_add(1, Ordering::Relaxed);
            None
        })
        .await;
        load.written.lock().unwrap().push((sent, key));
        sleep(Duration::from_millis(chance.below(10) as u64)).await;
    }
}

/// Fails the test unless the answer says, in a clear sentence, that the same may work in a moment.
#[track_caller]
fn retryable(answer: &Answer) {
    answer.failed("UNAVAILABLE");
    assert_ne!(answer.status, 500, "{}", answer.json);
    let message = answer.json["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.len() > 10, "a sentence is expected: {}", answer.json);
    let text = answer.json.to_string().to_lowercase();
    for inside in ["sql", "postgres", "127.0.0.1", "pool", "panicked"] {
        assert!(!text.contains(inside), "the answer shows the inside: {}", answer.json);
    }
}
