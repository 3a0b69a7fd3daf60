//! graphql-transport-ws (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), by a driver of our own.
//!
//! Each socket has a task that reads and one that writes; each operation has a task of its own, so that none starves the
//! others. Between operations and writer is a short queue: a client that reads slowly slows its own streams down, and
//! those go back to the log. A socket that can't be written for ten seconds is closed.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{Request, Response as Answer, ServerError, Value};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use domain::access::Viewer;
use domain::session::{self, Client, Lease};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::answer::Written;
use super::graphql::{Parameters, equip, new_request_id};
use super::{Edge, identity};
use crate::graphql::within_request;

const PROTOCOL: &str = "graphql-transport-ws";
/// Bytes of a message from a client at the most: a document and its variables.
const LARGEST: usize = 128 * 1024;
/// How long a client may take to introduce itself.
const INIT: Duration = Duration::from_secs(10);
/// How long one message may take to be written.
const WRITE: Duration = Duration::from_secs(10);
/// How long a client's own question may wait to be answered.
const ANSWER: Duration = Duration::from_secs(5);
/// How often a client is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// After how long without a word it is taken to be gone.
const SILENCE: Duration = Duration::from_secs(45);
/// Messages that wait to be written.
const QUEUE: usize = 16;
/// Operations that one socket may have open.
const OPERATIONS: usize = 100;

/// Why a socket is closed; the codes are the protocol's.
#[derive(Debug, Clone)]
struct Close(u16, &'static str);

const BAD_REQUEST: Close = Close(4400, "Invalid message");
const UNAUTHORIZED: Close = Close(4401, "Unauthorized");
const FORBIDDEN: Close = Close(4403, "Forbidden");
const SUBPROTOCOL: Close = Close(4406, "Subprotocol not acceptable");
const INIT_TIMEOUT: Close = Close(4408, "Connection initialisation timeout");
const TOO_MANY_INITS: Close = Close(4429, "Too many initialisation requests");
const RESTART: Close = Close(1012, "Service restart");
const TRY_LATER: Close = Close(1013, "Try again later");
const SILENT: Close = Close(1001, "No answer to pings");

/// A message from a client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Incoming {
    ConnectionInit { payload: Option<serde_json::Value> },
    Ping { payload: Option<serde_json::Value> },
    Pong {},
    Subscribe { id: String, payload: Parameters },
    Complete { id: String },
}

/// Takes a connection over.
pub(super) fn open(edge: Edge, client: Client, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| async move {
            let sockets = edge.sockets.clone();
            sockets.track_future(drive(edge, client, socket)).await;
        })
}

async fn drive(edge: Edge, client: Client, socket: WebSocket) {
    let speaks = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
    let (sink, stream) = socket.split();
    let (outgoing, queue) = mpsc::channel(QUEUE);
    let (farewell, close) = oneshot::channel();
    let gone = CancellationToken::new();
    let writer = tokio::spawn(write(sink, queue, close, gone.clone()));
    let mut socket = Socket {
        edge,
        client,
        outgoing,
        operations: Operations::default(),
        operations_end: gone.child_token(),
        gone: gone.clone(),
        viewer: None,
        lease: None,
    };
    let close = if speaks { socket.listen(stream).await } else { Some(SUBPROTOCOL) };
    // Every operation is a child of this token.
    socket.operations_end.cancel();
    if let Some(close) = close {
        let _ = farewell.send(close);
    }
    drop(socket);
    let _ = timeout(2 * WRITE, writer).await;
    gone.cancel();
}

/// Writes what is queued, and gives up on a client that does not read. A close frame goes before whatever is queued.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<String>,
    mut close: oneshot::Receiver<Close>,
    gone: CancellationToken,
) {
    loop {
        let (message, last) = tokio::select! {
            biased;
            Ok(Close(code, reason)) = &mut close => {
                (Message::Close(Some(CloseFrame { code, reason: reason.into() })), true)
            }
            text = queue.recv() => match text {
                Some(text) => (Message::Text(text.into()), false),
                None => break,
            },
        };
        let written = timeout(WRITE, sink.send(message)).await;
        if last || !matches!(written, Ok(Ok(()))) {
            break;
        }
    }
    gone.cancel();
    let _ = timeout(WRITE, sink.close()).await;
}

/// The operations of one socket by the ids that the client gave them. An id may be given again as soon as its operation
/// has ended, so each has a number of its own, and ends nothing but itself.
#[derive(Clone, Default)]
struct Operations(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    next: u64,
    by_id: HashMap<String, (u64, CancellationToken)>,
}

/// Why an operation was not begun.
enum Refused {
    IdInUse,
    TooMany,
}

impl Operations {
    fn with<T>(&self, work: impl FnOnce(&mut Open) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, id: &str, operation: CancellationToken) -> Result<u64, Refused> {
        self.with(|open| {
            if open.by_id.contains_key(id) {
                return Err(Refused::IdInUse);
            }
            if open.by_id.len() >= OPERATIONS {
                return Err(Refused::TooMany);
            }
            open.next += 1;
            open.by_id.insert(id.to_owned(), (open.next, operation));
            Ok(open.next)
        })
    }

    /// Ends the operation that has an id now, at the client's wish.
    fn complete(&self, id: &str) {
        if let Some((_, operation)) = self.with(|open| open.by_id.remove(id)) {
            operation.cancel();
        }
    }

    /// Frees the id of an operation that has ended by itself, unless it is another's by now.
    fn end(&self, id: &str, number: u64) {
        self.with(|open| {
            if open.by_id.get(id).is_some_and(|(current, _)| *current == number) {
                open.by_id.remove(id);
            }
        });
    }
}

struct Socket {
    edge: Edge,
    client: Client,
    outgoing: mpsc::Sender<String>,
    operations: Operations,
    /// Ends all operations, with the socket.
    operations_end: CancellationToken,
    /// Nothing can be written any more.
    gone: CancellationToken,
    /// Who it is, once introduced.
    viewer: Option<Viewer>,
    lease: Option<Lease>,
}

impl Socket {
    /// Listens until there is a reason to close, or the client has gone.
    async fn listen(&mut self, mut stream: SplitStream<WebSocket>) -> Option<Close> {
        let init_by = Instant::now() + INIT;
        let mut heard = Instant::now();
        let mut pings = interval_at(Instant::now() + PING, PING);
        let (stop, gone) = (self.edge.stop.clone(), self.gone.clone());
        loop {
            tokio::select! {
                message = stream.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            if let Err(close) = self.hear(&text).await {
                                return Some(close);
                            }
                        }
                        Some(Ok(Message::Binary(_))) => return Some(BAD_REQUEST),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Some(SILENT);
                    }
                    if self.viewer.is_some() {
                        // With a full queue the client has enough to read.
                        let _ = self.outgoing.try_send(json!({ "type": "ping" }).to_string());
                    }
                }
                () = sleep_until(init_by), if self.viewer.is_none() => return Some(INIT_TIMEOUT),
                () = ended(self.lease.as_ref()), if self.lease.is_some() => return Some(FORBIDDEN),
                () = stop.cancelled() => return Some(RESTART),
                () = gone.cancelled() => return None,
            }
        }
    }

    /// Answers a message of the client's. One that asks and does not read the answers is closed.
    async fn say(&self, message: serde_json::Value) -> Result<(), Close> {
        match timeout(ANSWER, self.outgoing.send(message.to_string())).await {
            Ok(_) => Ok(()),
            Err(_) => Err(TRY_LATER),
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Close> {
        let message: Incoming = serde_json::from_str(text).map_err(|_| BAD_REQUEST)?;
        match message {
            Incoming::ConnectionInit { payload } => self.introduce(payload).await,
            Incoming::Ping { payload } => {
                let pong = payload
                    .map_or_else(|| json!({ "type": "pong" }), |payload| json!({ "type": "pong", "payload": payload }));
                self.say(pong).await
            }
            Incoming::Pong {} => Ok(()),
            Incoming::Subscribe { id, .. } if id.is_empty() => Err(BAD_REQUEST),
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload).await,
            Incoming::Complete { id } => {
                self.operations.complete(&id);
                Ok(())
            }
        }
    }

    async fn introduce(&mut self, payload: Option<serde_json::Value>) -> Result<(), Close> {
        if self.viewer.is_some() {
            return Err(TOO_MANY_INITS);
        }
        let authorization = payload.as_ref().and_then(|payload| payload.as_object()).and_then(|payload| {
            // As an HTTP header's name, whatever the case.
            payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
        });
        let viewer = match authorization {
            None | Some(serde_json::Value::Null) => Viewer::anonymous(),
            Some(value) => match identity::authenticate(&self.edge, value.as_str().unwrap_or_default()).await {
                Ok(viewer) => viewer,
                Err(domain::Error::Unavailable { .. }) => return Err(TRY_LATER),
                Err(_) => return Err(FORBIDDEN),
            },
        };
        self.lease = session::lease(&self.edge.app, &viewer);
        self.viewer = Some(viewer);
        self.say(json!({ "type": "connection_ack" })).await
    }

    async fn subscribe(&mut self, id: String, payload: Parameters) -> Result<(), Close> {
        let Some(viewer) = self.viewer.clone() else { return Err(UNAUTHORIZED) };
        let request = match payload.into_request() {
            Ok(request) => equip(&self.edge, request, viewer, self.client.clone()),
            Err(refused) => return self.refuse(id, "INVALID", &refused.to_string()).await,
        };
        let operation = self.operations_end.child_token();
        let number = match self.operations.begin(&id, operation.clone()) {
            Ok(number) => number,
            Err(Refused::IdInUse) => return Err(Close(4409, "Subscriber already exists")),
            Err(Refused::TooMany) => {
                let why = "At most 100 operations on one socket.";
                return self.refuse(id, "TOO_MANY_OPERATIONS", why).await;
            }
        };
        let run = Run {
            edge: self.edge.clone(),
            id,
            number,
            outgoing: self.outgoing.clone(),
            operations: self.operations.clone(),
        };
        // Waited for when the server ends: what an operation loads through must not go before it.
        self.edge.sockets.spawn(async move { operation.run_until_cancelled_owned(run.finish(request)).await });
        Ok(())
    }

    async fn refuse(&self, id: String, code: &str, message: &str) -> Result<(), Close> {
        self.say(json!({ "id": id, "type": "error", "payload": refusal(code, message) })).await
    }
}

/// When the session has ended; never for the anonymous.
async fn ended(lease: Option<&Lease>) {
    match lease {
        Some(lease) => lease.ended().await,
        None => std::future::pending().await,
    }
}

fn refusal(code: &str, message: &str) -> serde_json::Value {
    json!([{ "message": message, "extensions": { "code": code } }])
}

/// One answer of an operation.
#[derive(Serialize)]
struct Next<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    payload: Written,
}

/// One operation as it runs.
struct Run {
    edge: Edge,
    id: String,
    number: u64,
    outgoing: mpsc::Sender<String>,
    operations: Operations,
}

impl Run {
    async fn finish(self, request: Request) {
        let id = new_request_id(&self.edge);
        let name = id.clone();
        let outcome = AssertUnwindSafe(within_request(id, self.answer(request))).catch_unwind().await;
        // Before the client hears of it, so that it may use the id again at once.
        self.operations.end(&self.id, self.number);
        let last = match outcome {
            Ok(Ended::Complete) => json!({ "id": self.id, "type": "complete" }),
            Ok(Ended::Failed(errors)) => json!({ "id": self.id, "type": "error", "payload": errors }),
            Ok(Ended::Unheard) => return,
            Err(_) => {
                tracing::error!(request_id = name.0, "an operation panicked");
                let errors = refusal("INTERNAL", "Something went wrong on our side.");
                json!({ "id": self.id, "type": "error", "payload": errors })
            }
        };
        let _ = self.outgoing.send(last.to_string()).await;
    }

    async fn answer(&self, request: Request) -> Ended {
        let mut answers = std::pin::pin!(self.edge.schema.execute_stream(request));
        while let Some(answer) = answers.next().await {
            let over = is_over(&answer);
            let payload = Written::of(answer);
            if over {
                return Ended::Failed(payload.errors);
            }
            // Messages of ours hold texts, numbers and lists, which always have a JSON form.
            let text = serde_json::to_string(&Next { id: &self.id, kind: "next", payload }).unwrap_or_default();
            if self.outgoing.send(text).await.is_err() {
                return Ended::Unheard;
            }
        }
        Ended::Complete
    }
}

/// How an operation ended.
enum Ended {
    Complete,
    Failed(Vec<ServerError>),
    /// The socket has gone.
    Unheard,
}

/// Whether an answer is the end of its operation: nothing could be executed, or the stream itself failed.
fn is_over(answer: &Answer) -> bool {
    answer.data == Value::Null && !answer.errors.is_empty()
}
