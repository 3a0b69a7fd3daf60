//! One operation on a socket: its frames, raw and in the order in which they came.

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::deadline::within;
use crate::socket::Line;

/// What comes for one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A `next` message: its whole payload, `data` and `errors`.
    Next(Value),
    /// An `error` message: its errors. The operation is over.
    Error(Value),
    /// A `complete` message. The operation is over.
    Complete,
    /// The socket was closed with this code and reason.
    Closed(u16, String),
    /// The connection ended without a close frame.
    Lost(String),
}

/// One operation. Dropping it leaves it open on the server; see [`Socket::complete`](crate::Socket::complete). Its
/// connection lasts at least as long as it does.
pub struct Subscription {
    id: String,
    frames: UnboundedReceiver<Frame>,
    _line: Line,
}

impl Subscription {
    pub(crate) fn new(id: String, frames: UnboundedReceiver<Frame>, line: Line) -> Self {
        Self { id, frames, _line: line }
    }

    /// Its id on the socket.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next frame, whatever it is; [`Frame::Lost`] once nothing can come any more.
    pub async fn next(&mut self) -> Frame {
        let frame = within("a frame of a subscription", self.frames.recv()).await;
        frame.unwrap_or_else(|| Frame::Lost("the socket is gone".to_owned()))
    }

    /// The next frame, however long it takes; none once nothing can come any more.
    pub async fn next_ever(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }

    /// A frame that has come already, if there is one. Says nothing about what is still to come.
    pub fn try_next(&mut self) -> Option<Frame> {
        self.frames.try_recv().ok()
    }

    /// The value of the root field of the next frame, which has to be a `next` without errors.
    pub async fn value(&mut self) -> Value {
        let frame = self.next().await;
        let Frame::Next(payload) = &frame else { panic!("a value is expected, not {frame:?}") };
        assert!(payload.get("errors").is_none(), "a frame with errors: {payload}");
        let data = payload["data"].as_object().unwrap_or_else(|| panic!("a frame without data: {payload}"));
        assert_eq!(data.len(), 1, "a subscription has one root field: {payload}");
        data.values().next().unwrap().clone()
    }

    /// [`Subscription::value`] of a stream of frames, passing over its heartbeats.
    pub async fn event(&mut self) -> Value {
        loop {
            let value = self.value().await;
            if !matches!(value["__typename"].as_str(), Some("Heartbeat" | "InboxHeartbeat")) {
                return value;
            }
        }
    }

    /// All frames up to and without the first whose `__typename` is this, such as `CaughtUp`; heartbeats left out.
    pub async fn until(&mut self, typename: &str) -> Vec<Value> {
        let mut values = Vec::new();
        loop {
            let value = self.event().await;
            if value["__typename"] == typename {
                return values;
            }
            values.push(value);
        }
    }

    /// All frames up to and with the one at this cursor; heartbeats left out.
    pub async fn until_cursor(&mut self, cursor: &str) -> Vec<Value> {
        let mut values = Vec::new();
        loop {
            let value = self.event().await;
            let found = value["cursor"] == cursor;
            values.push(value);
            if found {
                return values;
            }
        }
    }

    /// Fails the test unless the next frame, heartbeats aside, is an `error` with this code.
    pub async fn failed(&mut self, code: &str) -> Value {
        loop {
            match self.next().await {
                Frame::Error(errors) => {
                    let found = errors.pointer("/0/extensions/code").and_then(Value::as_str);
                    assert_eq!(found, Some(code), "another error is expected: {errors}");
                    return errors;
                }
                Frame::Next(payload) if is_heartbeat(&payload) => {}
                other => panic!("an error with {code} is expected, not {other:?}"),
            }
        }
    }

    /// Fails the test unless the next frame is `complete`.
    pub async fn completed(&mut self) {
        let frame = self.next().await;
        assert_eq!(frame, Frame::Complete, "the end of the stream is expected");
    }

    /// The code with which the socket is closed; what comes before it is passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.next().await {
                Frame::Closed(code, _) => return code,
                Frame::Lost(why) => panic!("a close frame is expected, but the connection was lost: {why}"),
                _ => {}
            }
        }
    }
}

fn is_heartbeat(payload: &Value) -> bool {
    let root = payload["data"].as_object().and_then(|data| data.values().next());
    root.is_some_and(|root| matches!(root["__typename"].as_str(), Some("Heartbeat" | "InboxHeartbeat")))
}
