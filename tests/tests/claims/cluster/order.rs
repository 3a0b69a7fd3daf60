//! Two nodes that write to one thread at once.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Line, Nodes, Sent, User, eventually, postgres_claims};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::crash::{messages_after, nothing_is_lost, nothing_is_missing};

postgres_claims![heavy_two_nodes_write_one_thread_in_one_order, heavy_a_node_that_dies_takes_nothing_with_it,];

/// Users that send on each node.
const SENDERS: usize = 8;
/// Sends that each of them has under way at once, at the most.
const AT_ONCE: usize = 8;
/// What each of these sends: 500 a second on each node, for six seconds, if the machine is up to it.
const MESSAGES: u32 = 47;
const PACE: Duration = Duration::from_millis(128);

async fn heavy_two_nodes_write_one_thread_in_one_order(nodes: Nodes) {
    let admin = nodes.a.user("admin").await;
    let (on_a, on_b) = (nodes.a.crowd("first", SENDERS).await, nodes.b.crowd("second", SENDERS).await);
    let members: Vec<_> = on_a.iter().chain(&on_b).collect();
    let group = nodes.a.group(&admin, &members).await;
    let start = admin.event_cursor(&group).await;
    let sockets = [nodes.a.socket(&admin).await, nodes.b.socket(&admin).await];
    let mut streams = Vec::new();
    for socket in &sockets {
        let mut lines = socket.lines(&group, Some(&start)).await;
        lines.until("CaughtUp").await;
        streams.push((lines, socket.posts(&group, Some(&start)).await));
    }

    let sent = Mutex::new(Vec::new());
    let begun = Instant::now();
    join_all(members.iter().flat_map(|member| (0..AT_ONCE).map(|lane| talk(member, &group, lane, &sent)))).await;
    let took = begun.elapsed();
    let sent = sent.into_inner().unwrap();
    eprintln!(
        "{} messages from two nodes in {took:.1?}: {:.0} a second from each",
        sent.len(),
        sent.len() as f64 / took.as_secs_f64() / 2.0
    );

    let end = admin.event_cursor(&group).await;
    let last = sent.iter().map(|(sent, _)| sent.cursor.clone()).max().unwrap();
    let log = admin.all_lines(&group, Some(&start)).await;
    assert!(log.is_sorted_by(|one, next| one.cursor < next.cursor), "there is one order");
    for (lines, posts) in &mut streams {
        assert_eq!(
            Line::of_all(&lines.until_cursor(&end).await),
            log,
            "each node streams all of it, once and in order"
        );
        let posts = posts.until_cursor(&last).await;
        let posts: Vec<_> = Line::of_all(&posts).into_iter().map(|line| (line.cursor, line.names)).collect();
        let posted = log.iter().filter(|line| line.kind == "MessagePosted");
        let posted: Vec<_> = posted.map(|line| (line.cursor.clone(), line.names.clone())).collect();
        assert_eq!(posts, posted);
    }
    let history = messages_after(&admin, &group, None).await;
    assert_eq!(history.len(), sent.len(), "no message twice, and none that nobody sent");
    nothing_is_lost(&history, &sent);
    nothing_is_missing(&nodes.a).await;
}

/// Sends, at a pace, one after the other.
async fn talk(sender: &User, group: &str, lane: usize, sent: &Mutex<Vec<(Sent, String)>>) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..MESSAGES {
        pace.tick().await;
        let text = format!("{} {lane} {number}", sender.username);
        let message = sender.post(group, &text).await;
        sent.lock().unwrap().push((message, text));
    }
}

async fn heavy_a_node_that_dies_takes_nothing_with_it(nodes: Nodes) {
    let admin = nodes.b.user("admin").await;
    let (on_a, on_b) = (nodes.a.crowd("first", SENDERS).await, nodes.b.crowd("second", SENDERS).await);
    let members: Vec<_> = on_a.iter().chain(&on_b).collect();
    let group = nodes.b.group(&admin, &members).await;
    let start = admin.event_cursor(&group).await;
    let socket = nodes.b.socket(&admin).await;
    let mut stream = socket.lines(&group, Some(&start)).await;
    stream.until("CaughtUp").await;

    let sent = Mutex::new(Vec::new());
    let dying = async {
        eventually("much to be sent", async || (sent.lock().unwrap().len() > 300).then_some(())).await;
        nodes.a.server.kill9();
        // The other node goes on.
        let before = sent.lock().unwrap().len();
        eventually("more to be sent", async || (sent.lock().unwrap().len() > before + 300).then_some(())).await;
    };
    let of_a = on_a.iter().map(|sender| (sender, true));
    let of_b = on_b.iter().map(|sender| (sender, false));
    let talking = of_a.chain(of_b).map(|(sender, mortal)| talk_until_gone(sender, &group, mortal, &sent));
    join(dying, join_all(talking)).await;
    let sent = sent.into_inner().unwrap();

    let end = admin.event_cursor(&group).await;
    let log = admin.all_lines(&group, Some(&start)).await;
    assert_eq!(Line::of_all(&stream.until_cursor(&end).await), log);
    nothing_is_lost(&messages_after(&admin, &group, None).await, &sent);
    nothing_is_missing(&nodes.b).await;
    eprintln!("{} messages were acknowledged, by a node that died and one that did not", sent.len());
}

/// Sends, one after the other; on a node that is mortal, until it gives no answer.
async fn talk_until_gone(sender: &User, group: &str, mortal: bool, sent: &Mutex<Vec<(Sent, String)>>) {
    for number in 0..150 {
        let text = format!("{} {number}", sender.username);
        let input = json!({ "threadId": group, "content": text, "clientKey": text });
        match sender.try_mutate("messageSend", input, "message { id } cursor").await {
            Ok(answer) => {
                let message =
                    Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") };
                sent.lock().unwrap().push((message, text));
            }
            Err(_) if mortal => return,
            Err(error) => panic!("the node that lives gives no answer: {error:?}"),
        }
    }
}
