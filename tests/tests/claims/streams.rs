//! Streams: what is pushed is what is in the log, each line once and in order, however late it is asked for.

mod backlog;
mod frames;
mod live;
mod pages;
mod slow;

use futures_util::future::join_all;
use serde_json::Value;
use tests::{Frame, Line, Sent, Subscription, User};

/// Sends `count` texts, several at a time, and gives them in the order of the log.
pub(crate) async fn send_at_once(senders: &[&User], thread: &str, count: usize, text: &str) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(count);
    let numbers: Vec<_> = (0..count).collect();
    for numbers in numbers.chunks(16) {
        let sending = numbers.iter().map(|number| senders[number % senders.len()].send(thread, text));
        sent.extend(join_all(sending).await);
    }
    sent.sort();
    sent
}

/// The next `count` edges of `messageAdded`, as they came.
async fn edges(messages: &mut Subscription, count: usize) -> Vec<Sent> {
    let mut edges = Vec::with_capacity(count);
    while edges.len() < count {
        edges.push(as_sent(&messages.value().await));
    }
    edges
}

/// An edge of `messageAdded`, as its sender knows it.
fn as_sent(edge: &Value) -> Sent {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no string: {edge}")).to_owned();
    Sent { cursor: text(&edge["cursor"]), id: text(&edge["node"]["id"]) }
}

/// What messages were posted, of frames of the whole log.
fn posted(frames: &[Value]) -> Vec<Sent> {
    let posted = frames.iter().filter(|frame| frame["__typename"] == "MessagePosted").map(Line::of);
    posted.map(|line| Sent { cursor: line.cursor, id: line.names[0].clone() }).collect()
}

/// The root field of a `next` message.
fn root(frame: &Frame) -> &Value {
    let Frame::Next(payload) = frame else { panic!("a value is expected, not {frame:?}") };
    let data = payload["data"].as_object().and_then(|data| data.values().next());
    data.unwrap_or_else(|| panic!("a frame without data: {payload}"))
}
