//! The three ways on which an operation comes to the server, for claims that hold whatever carries it.

use serde_json::{Value, json};

use crate::deadline::within;
use crate::events::Asking;
use crate::{Answer, Events, Frame, Server, Socket};

/// What carries an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP POST, answered as `application/graphql-response+json`.
    Http,
    /// A message on a socket of graphql-transport-ws.
    Socket,
    /// HTTP POST, answered as server-sent events.
    Events,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Http, Self::Socket, Self::Events];

    /// Those that carry subscriptions.
    pub const STREAMS: [Self; 2] = [Self::Socket, Self::Events];

    /// The whole first answer to a request (`query`, `variables`, `operationName`), in one form: the status is that of
    /// HTTP, and 200 where there is none. Fails the test if anything but the end comes after the answer to what is no
    /// subscription.
    pub async fn ask(self, server: &Server, token: Option<&str>, request: Value) -> Answer {
        let frame = match self {
            Self::Http => return by_http(server, token, request).await,
            Self::Socket => by_socket(server, token, &request).await,
            Self::Events => by_events(server, token, &request).await,
        };
        match frame {
            Frame::Next(json) => Answer { status: 200, json },
            Frame::Error(errors) => Answer { status: 200, json: json!({ "errors": errors }) },
            other => panic!("{request:.300} is answered with {other:?} on a {self:?}"),
        }
    }
}

async fn by_http(server: &Server, token: Option<&str>, request: Value) -> Answer {
    let mut asking = server.http().post(server.at("/graphql")).header("accept", "application/graphql-response+json");
    if let Some(token) = token {
        asking = asking.bearer_auth(token);
    }
    let answer = within("an answer over HTTP", asking.json(&request).send()).await.expect("an answer");
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/graphql-response+json"), "{kind}");
    Answer { status, json: answer.json().await.expect("an answer is JSON") }
}

async fn by_socket(server: &Server, token: Option<&str>, request: &Value) -> Frame {
    let socket = Socket::connect(server, token).await;
    let mut operation = socket.listen("1");
    socket.say(json!({ "id": "1", "type": "subscribe", "payload": request }));
    let frame = operation.next().await;
    if matches!(frame, Frame::Next(_)) && !is_subscription(request) {
        operation.completed().await;
    }
    // It is on the same terms with whoever asks next.
    let mut marker = socket.subscribe("{ __typename }", Value::Null).await;
    if !matches!(frame, Frame::Closed(..) | Frame::Lost(_)) {
        assert!(matches!(marker.next().await, Frame::Next(_) | Frame::Error(_)), "the socket stays");
    }
    frame
}

async fn by_events(server: &Server, token: Option<&str>, request: &Value) -> Frame {
    let mut events = Events::ask_as(server, Asking { token, ..Asking::default() }, request.clone()).await;
    assert_eq!(events.head.status, 200);
    let frame = events.next().await;
    let is_refused = matches!(&frame, Frame::Next(payload) if payload.get("data").is_none());
    if is_refused || !is_subscription(request) {
        events.completed().await;
    }
    frame
}

fn is_subscription(request: &Value) -> bool {
    request["query"].as_str().is_some_and(|query| query.trim_start().starts_with("subscription"))
}
