//! graphql-transport-ws (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), by a driver of our own.
//!
//! Each socket has a task that reads and one that writes; each operation has a task of its own, so that none starves the
//! others. Between operations and writer is a short queue: a client that reads slowly slows its own streams down, and
//! those go back to the log. A socket that can't be written for ten seconds is closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{Request, Response as Answer, Value};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use domain::access::Viewer;
use domain::session::{self, Client, Lease};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
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

enum Outgoing {
    Text(String),
    Close(Close),
}

/// Takes a connection over.
pub(super) fn open(edge: Edge, client: Client, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| drive(edge, client, socket))
}

async fn drive(edge: Edge, client: Client, socket: WebSocket) {
    let speaks = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
    let (sink, stream) = socket.split();
    let (outgoing, queue) = mpsc::channel(QUEUE);
    let gone = CancellationToken::new();
    let writer = tokio::spawn(write(sink, queue, gone.clone()));
    let mut socket = Socket {
        edge,
        client,
        outgoing,
        operations: Operations::default(),
        gone: gone.clone(),
        viewer: None,
        lease: None,
    };
    let close = if speaks { socket.listen(stream).await } else { Some(SUBPROTOCOL) };
    socket.operations.end_all();
    if let Some(close) = close {
        // The queue may be full of frames that nobody reads; the writer gives up by itself then.
        let _ = timeout(WRITE, socket.outgoing.send(Outgoing::Close(close))).await;
    }
    drop(socket);
    let _ = timeout(WRITE, writer).await;
    gone.cancel();
}

/// Writes what is queued, and gives up on a client that does not read.
async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: mpsc::Receiver<Outgoing>, gone: CancellationToken) {
    while let Some(outgoing) = queue.recv().await {
        let (message, last) = match outgoing {
            Outgoing::Text(text) => (Message::Text(text.into()), false),
            Outgoing::Close(Close(code, reason)) => {
                (Message::Close(Some(CloseFrame { code, reason: reason.into() })), true)
            }
        };
        let written = timeout(WRITE, sink.send(message)).await;
        if last || !matches!(written, Ok(Ok(()))) {
            break;
        }
    }
    gone.cancel();
    let _ = timeout(WRITE, sink.close()).await;
}

/// The operations of one socket by the ids that the client gave them.
#[derive(Clone, Default)]
struct Operations(Arc<Mutex<HashMap<String, CancellationToken>>>);

impl Operations {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, CancellationToken>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&self, id: &str) {
        if let Some(operation) = self.with(|operations| operations.remove(id)) {
            operation.cancel();
        }
    }

    fn end_all(&self) {
        self.with(|operations| operations.drain().for_each(|(_, operation)| operation.cancel()));
    }
}

struct Socket {
    edge: Edge,
    client: Client,
    outgoing: mpsc::Sender<Outgoing>,
    operations: Operations,
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
                        self.say(json!({ "type": "ping" })).await;
                    }
                }
                () = sleep_until(init_by), if self.viewer.is_none() => return Some(INIT_TIMEOUT),
                () = ended(self.lease.as_ref()), if self.lease.is_some() => return Some(FORBIDDEN),
                () = stop.cancelled() => return Some(RESTART),
                () = gone.cancelled() => return None,
            }
        }
    }

    async fn say(&self, message: serde_json::Value) {
        say(&self.outgoing, &message).await;
    }

    async fn hear(&mut self, text: &str) -> Result<(), Close> {
        let message: Incoming = serde_json::from_str(text).map_err(|_| BAD_REQUEST)?;
        match message {
            Incoming::ConnectionInit { payload } => self.introduce(payload).await,
            Incoming::Ping { payload } => {
                let pong = payload
                    .map_or_else(|| json!({ "type": "pong" }), |payload| json!({ "type": "pong", "payload": payload }));
                self.say(pong).await;
                Ok(())
            }
            Incoming::Pong {} => Ok(()),
            Incoming::Subscribe { id, .. } if id.is_empty() => Err(BAD_REQUEST),
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload).await,
            Incoming::Complete { id } => {
                self.operations.end(&id);
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
        self.say(json!({ "type": "connection_ack" })).await;
        Ok(())
    }

    async fn subscribe(&mut self, id: String, payload: Parameters) -> Result<(), Close> {
        let Some(viewer) = self.viewer.clone() else { return Err(UNAUTHORIZED) };
        let operation = CancellationToken::new();
        let (open, fresh) = self.operations.with(|operations| {
            let open = operations.len();
            let fresh = !operations.contains_key(&id);
            if fresh && open < OPERATIONS {
                operations.insert(id.clone(), operation.clone());
            }
            (open, fresh)
        });
        if !fresh {
            return Err(Close(4409, "Subscriber already exists"));
        }
        if open >= OPERATIONS {
            let errors = refusal("TOO_MANY_OPERATIONS", "At most 100 operations on one socket.");
            self.say(json!({ "id": id, "type": "error", "payload": errors })).await;
            return Ok(());
        }
        match payload.into_request() {
            Ok(request) => {
                let request = equip(&self.edge, request, viewer, self.client.clone());
                let run = run(self.edge.clone(), id, request, self.outgoing.clone(), self.operations.clone());
                tokio::spawn(async move { operation.run_until_cancelled_owned(run).await });
            }
            Err(refused) => {
                self.operations.end(&id);
                let errors = refusal("INVALID", &refused.to_string());
                self.say(json!({ "id": id, "type": "error", "payload": errors })).await;
            }
        }
        Ok(())
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

async fn say(outgoing: &mpsc::Sender<Outgoing>, message: &impl Serialize) {
    // Messages of ours hold texts, numbers and lists, which always have a JSON form.
    let text = serde_json::to_string(message).unwrap_or_default();
    // An error says that the writer has given up; whoever reads the socket hears of it.
    let _ = outgoing.send(Outgoing::Text(text)).await;
}

/// Runs one operation to its end.
async fn run(edge: Edge, id: String, request: Request, outgoing: mpsc::Sender<Outgoing>, operations: Operations) {
    let work = async {
        let mut answers = std::pin::pin!(edge.schema.execute_stream(request));
        while let Some(answer) = answers.next().await {
            let over = is_over(&answer);
            let payload = Written::of(answer);
            if over {
                operations.with(|operations| operations.remove(&id));
                say(&outgoing, &json!({ "id": id, "type": "error", "payload": payload.errors })).await;
                return;
            }
            say(&outgoing, &Next { id: &id, kind: "next", payload }).await;
        }
        // Before the client hears of it, so that it may use the id again at once.
        operations.with(|operations| operations.remove(&id));
        say(&outgoing, &json!({ "id": id, "type": "complete" })).await;
    };
    within_request(new_request_id(&edge), work).await;
}

/// Whether an answer is the end of its operation: nothing could be executed, or the stream itself failed.
fn is_over(answer: &Answer) -> bool {
    answer.data == Value::Null && !answer.errors.is_empty()
}
