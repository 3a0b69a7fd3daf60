//! Frames that wait for a slow reader: what happens to the thread meanwhile is in none of them, once they may not read it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::socket::Opening;
use tests::{Frame, Sent, Socket, Subscription, User, World, claims};

use crate::streams::send_at_once;

claims![
    a_slow_reader_sees_nothing_of_what_follows_their_removal,
    a_slow_reader_of_a_backlog_sees_nothing_of_what_follows_their_removal,
    who_is_removed_while_reading_sees_nothing_of_what_follows,
];

/// Messages that wait: each frame shows twenty of them, so that it is far more than there is room for on the way.
const WAITING: usize = 60;
/// A server may close the socket of one who reads nothing for so long.
const PATIENCE: Duration = Duration::from_secs(9);

async fn a_slow_reader_sees_nothing_of_what_follows_their_removal(world: World) {
    slowly(&world, false).await;
}

async fn a_slow_reader_of_a_backlog_sees_nothing_of_what_follows_their_removal(world: World) {
    slowly(&world, true).await;
}

async fn slowly(world: &World, in_a_backlog: bool) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    loop {
        let group = world.group(&alice, &[&bob]).await;
        let start = alice.event_cursor(&group).await;
        let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
        let socket =
            Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
        socket.init(Some(&bob.token)).await;
        // 16,000 bytes.
        let text = "🐘".repeat(4000);
        let (sent, paused, mut frames);
        if in_a_backlog {
            sent = send_at_once(&[&alice], &group, WAITING, &text).await;
            frames = with_its_surroundings(&socket, &group, Some(&start)).await;
            assert_eq!(frames.value().await["__typename"], "MessagePosted");
            paused = Instant::now();
            socket.pause();
        } else {
            frames = with_its_surroundings(&socket, &group, None).await;
            assert_eq!(frames.value().await["__typename"], "CaughtUp");
            paused = Instant::now();
            socket.pause();
            sent = send_at_once(&[&alice], &group, WAITING, &text).await;
        }
        alice.remove(&group, &bob).await;
        tell_secrets(&alice, &group, &sent).await;
        socket.resume();
        let paused = paused.elapsed();
        match shown(&mut frames).await {
            Some(shown) => {
                return assert!(shown < sent.len(), "he was to be overtaken, and has seen all of it: {shown}");
            }
            // On a machine that is slow itself, it can take too long to be a claim about anything.
            None => assert!(paused > PATIENCE, "the socket was closed after {paused:?}"),
        }
    }
}

async fn who_is_removed_while_reading_sees_nothing_of_what_follows(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let start = alice.event_cursor(&group).await;
    let sent = send_at_once(&[&alice], &group, WAITING, "not for long").await;
    for (round, earlier) in sent.iter().take(12).enumerate() {
        // In every other round the backlog is still coming when he is removed.
        let mut frames = with_its_surroundings(&socket, &group, (round % 2 == 0).then_some(&*start)).await;
        frames.value().await;
        let (message, ()) = futures_util::future::join(alice.send(&group, "before"), async {
            alice.remove(&group, &bob).await;
        })
        .await;
        tell_secrets(&alice, &group, &[message, earlier.clone()]).await;
        assert!(shown(&mut frames).await.is_some(), "the socket stays");
        // What he may read again is no secret any more.
        for (cursor, message) in alice.history(&group).await {
            if message["content"] == "SECRET" {
                let id = message["id"].as_str().unwrap().to_owned();
                alice.edit(&Sent { id, cursor }, "no longer").await;
            }
        }
        alice.try_set_title(&group, Some("no longer")).await.ok("/threadUpdate/thread");
        alice.add(&group, &bob).await;
    }
}

/// Says it in every way there is: a message, an edit of ones that frames may still be about to show, a title.
async fn tell_secrets(alice: &User, group: &str, sent: &[Sent]) {
    alice.send(group, "SECRET").await;
    for message in [&sent[0], &sent[sent.len() / 2], &sent[sent.len() - 1]] {
        alice.edit(message, "SECRET").await;
    }
    alice.try_set_title(group, Some("SECRET")).await.ok("/threadUpdate/thread");
}

/// `threadEvents`, each frame with what stands around its message.
async fn with_its_surroundings(socket: &Socket, thread: &str, after: Option<&str>) -> Subscription {
    let thread_around = "thread { title messages(last: 20) { nodes { content } } lastMessage { content } }";
    let mut selection = "__typename cursor".to_owned();
    for kind in ["MessagePosted", "MessageEdited", "MessageDeleted"] {
        selection += &format!(" ... on {kind} {{ message {{ content {thread_around} }} }}");
    }
    selection += &format!(" ... on ThreadChanged {{ {thread_around} }}");
    let document = format!(
        "subscription($thread: ID!, $after: Cursor) {{ threadEvents(threadId: $thread, after: $after) {{ {selection} }} }}"
    );
    socket.subscribe(&document, json!({ "thread": thread, "after": after })).await
}

/// Reads to the end by removal, and gives how many messages came before it, none of them secret; nothing if the
/// connection was given up.
async fn shown(frames: &mut Subscription) -> Option<usize> {
    let mut count = 0;
    loop {
        let frame = frames.next().await;
        let text = format!("{frame:?}");
        assert!(!text.contains("SECRET"), "shown to one who was removed: {text:.2000}");
        match &frame {
            Frame::Next(payload) => match payload["data"]["threadEvents"]["__typename"].as_str() {
                Some("AccessRevoked") => {
                    frames.completed().await;
                    return Some(count);
                }
                Some("MessagePosted") => {
                    assert_eq!(payload.get("errors"), None, "{text:.2000}");
                    assert_ne!(payload["data"]["threadEvents"]["message"], Value::Null, "{text:.2000}");
                    count += 1;
                }
                _ => {}
            },
            Frame::Closed(..) | Frame::Lost(_) => return None,
            other => panic!("the end by removal is expected, not {other:?}"),
        }
    }
}
