//! graphql-sse over a raw TCP stream: one operation, its answers as server-sent events, as an EventSource reads them.

use serde_json::{Value, json};

use crate::connection::{Connection, Head};
use crate::deadline::within;
use crate::{Frame, Server};

/// How to ask for a stream of events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking<'a> {
    /// The access token, if any.
    pub token: Option<&'a str>,
    /// Where a client stands that comes back.
    pub last_event_id: Option<&'a str>,
    /// The size of the kernel's receive buffer: small for a test that stops reading.
    pub receive_buffer: Option<u32>,
}

/// One stream of events.
pub struct Events {
    connection: Connection,
    /// What it was answered with.
    pub head: Head,
    /// What came and is not yet taken apart.
    text: String,
    /// The id of the event that came last, of those that have one: what an EventSource comes back with.
    pub last_id: Option<String>,
    /// Comments that came between events.
    pub comments: usize,
}

impl Events {
    /// An operation by POST.
    pub async fn ask(server: &Server, token: Option<&str>, document: &str, variables: Value) -> Self {
        let asking = Asking { token, ..Asking::default() };
        Self::ask_as(server, asking, json!({ "query": document, "variables": variables })).await
    }

    /// An operation by POST, asked for in an unusual way.
    pub async fn ask_as(server: &Server, asking: Asking<'_>, body: Value) -> Self {
        let body = body.to_string();
        let head =
            format!("POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        Self::open(server, asking, &head, &body).await
    }

    /// An operation by GET, as an EventSource asks.
    pub async fn get(server: &Server, asking: Asking<'_>, document: &str, variables: Value) -> Self {
        let (query, variables) = (escaped(document), escaped(&variables.to_string()));
        let head = format!("GET /graphql?query={query}&variables={variables} HTTP/1.1");
        Self::open(server, asking, &head, "").await
    }

    async fn open(server: &Server, asking: Asking<'_>, head: &str, body: &str) -> Self {
        let mut connection = Connection::narrow(server, asking.receive_buffer).await;
        let mut head = format!("{head}\r\nhost: {}\r\naccept: text/event-stream\r\n", server.address());
        if let Some(token) = asking.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        if let Some(id) = asking.last_event_id {
            head += &format!("last-event-id: {id}\r\n");
        }
        connection.say(format!("{head}\r\n{body}")).await;
        let head = connection.head().await;
        Self { connection, head, text: String::new(), last_id: None, comments: 0 }
    }

    /// The next event. [`Frame::Lost`] says how the stream ended if it was not by a `complete`.
    pub async fn next(&mut self) -> Frame {
        within("a server-sent event", async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let block = block.to_owned();
                    self.text = rest.to_owned();
                    match self.read(&block) {
                        Some(frame) => return frame,
                        None => continue,
                    }
                }
                match self.connection.chunk().await {
                    Ok(Some(text)) => self.text += &text,
                    Ok(None) => return Frame::Lost("the end of the stream".to_owned()),
                    Err(error) => return Frame::Lost(error.to_string()),
                }
            }
        })
        .await
    }

    /// An event; none for a comment.
    fn read(&mut self, block: &str) -> Option<Frame> {
        let (mut kind, mut data) = (None, Vec::new());
        for line in block.lines() {
            let (field, value) = line.split_once(':').unwrap_or_else(|| panic!("not a field of an event: {line}"));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" => self.comments += 1,
                "event" => kind = Some(value),
                "data" => data.push(value),
                "id" => self.last_id = Some(value.to_owned()),
                other => panic!("events have no field {other}: {block}"),
            }
        }
        let data = data.join("\n");
        match kind {
            Some("next") => {
                let payload = serde_json::from_str(&data).unwrap_or_else(|error| panic!("no JSON ({error}): {block}"));
                Some(Frame::Next(payload))
            }
            Some("complete") => {
                assert_eq!(data, "", "a complete carries nothing");
                Some(Frame::Complete)
            }
            Some(other) => panic!("there is no event {other}: {block}"),
            None => {
                assert_eq!(data, "", "an event has a name: {block}");
                None
            }
        }
    }

    /// The value of the root field of the next event, which has to be a `next` without errors.
    pub async fn value(&mut self) -> Value {
        let frame = self.next().await;
        let Frame::Next(payload) = &frame else { panic!("a value is expected, not {frame:?}") };
        assert!(payload.get("errors").is_none(), "an event with errors: {payload}");
        let data = payload["data"].as_object().unwrap_or_else(|| panic!("an event without data: {payload}"));
        data.values().next().expect("an answer has a root field").clone()
    }

    /// [`Events::value`] of a stream of frames, passing over its heartbeats.
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

    /// Fails the test unless the next event carries this error and no data, and is the last.
    pub async fn failed(&mut self, code: &str) -> Value {
        loop {
            match self.next().await {
                Frame::Next(payload) if payload.get("errors").is_some() => {
                    let found = payload.pointer("/errors/0/extensions/code").and_then(Value::as_str);
                    assert_eq!(found, Some(code), "another error is expected: {payload}");
                    assert!(payload.get("data").is_none_or(Value::is_null), "an error comes alone: {payload}");
                    self.completed().await;
                    return payload;
                }
                Frame::Next(_) => {}
                other => panic!("an error with {code} is expected, not {other:?}"),
            }
        }
    }

    /// Fails the test unless the next event is `complete`, and the stream ends in good order.
    pub async fn completed(&mut self) {
        assert_eq!(self.next().await, Frame::Complete, "the end of the operation is expected");
        assert_eq!(self.next().await, Frame::Lost("the end of the stream".to_owned()), "nothing comes after it");
    }

    /// Cuts the connection with a TCP reset.
    pub fn cut(self) {
        self.connection.cut();
    }
}

/// For a query string.
pub fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}
