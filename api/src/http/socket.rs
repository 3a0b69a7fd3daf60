//! graphql-transport-ws (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), by a driver of our own.
//!
//! Each socket has a task that reads and one that writes; each operation has a task of its own, so that none starves the
//! others. Between operations and writer is a short queue: a client that reads slowly slows its own streams down, and
//! those go back to the log. That a socket can't be written for too long is noticed by its connection (`deadline`).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Viewer;
use domain::credential::{self, Lease};
use domain::session::Client;
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use metrics::counter;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{Written, rejected};
use super::listen::Place;
use super::operation::{self, Admitted, Answered, Caller, Ended, Parameters, Sink, admit};
use super::queue::{Outgoing, queue};
use super::seats::Seat;
use super::{Edge, ended, identity};
use crate::graphql::Kind;

mod operations;
mod protocol;
mod writing;

use crate::open::{Counted, Open};
use operations::{Operations, Refused};
use protocol::{
    BAD_REQUEST, Close, FORBIDDEN, ID_IN_USE, INIT_TIMEOUT, Incoming, NO_WEBSOCKET, NOT_TEXT, RESTART, SILENT,
    SUBPROTOCOL, TOO_LARGE, TOO_MANY_INITS, TRY_LATER, UNAUTHORIZED, bare,
};
use writing::{FAREWELL, Turn, write};

/// How long a client's own question may wait to be answered.
const ANSWER: Duration = Duration::from_secs(5);
/// How often a client is asked whether it is there.
const PING: Duration = Duration::from_secs(15);
/// After how long without a word it is taken to be gone.
const SILENCE: Duration = Duration::from_secs(40);
/// How long operations that have begun may take to be answered when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(12);
/// Bytes that are read from a socket at once. A socket that is idle has no more than this.
const READ: usize = 1024;
/// Bytes of frames that are written to a socket at once. The room for them is taken when there are so many.
const WRITTEN: usize = 8192;
/// Queries and mutations of one socket that run at once, answers that wait to be written among them; more wait for their turn.
const TURNS: usize = 8;

/// Takes a connection over.
pub(super) fn open(edge: Edge, client: Client, place: Place, upgrade: WebSocketUpgrade) -> Response {
    let Some(seat) = edge.address_seat(&client) else {
        return rejected(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many sockets of this address are open.");
    };
    let largest = edge.limits.socket_message;
    upgrade
        .protocols([protocol::NAME])
        .read_buffer_size(READ)
        .write_buffer_size(WRITTEN)
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| async move {
            let sockets = edge.sockets.clone();
            sockets.spawn(drive(edge, client, (place, seat), socket));
        })
}

async fn drive(edge: Edge, client: Client, taken: (Place, Option<Seat>), socket: WebSocket) {
    let _open = (taken, Counted::new(Open::Sockets));
    let speaks = socket.protocol().is_some_and(|name| name == protocol::NAME);
    let (sink, stream) = socket.split();
    let (outgoing, waiting) = queue();
    let (farewell, close) = oneshot::channel();
    let gone = CancellationToken::new();
    let mut writer = tokio::spawn(write(sink, waiting, close, gone.clone()));
    let mut socket = Socket {
        budget: Budget::new(edge.limits.socket_messages_per_second),
        edge,
        client,
        outgoing,
        operations: Operations::default(),
        turns: Some(Arc::new(Semaphore::new(TURNS))),
        answers: TaskTracker::new(),
        operations_end: gone.child_token(),
        streams_end: CancellationToken::new(),
        gone: gone.clone(),
        introduced: None,
    };
    socket.streams_end = socket.operations_end.child_token();
    let close = if speaks { socket.listen(stream).await } else { Some(SUBPROTOCOL) };
    if close == Some(RESTART) {
        socket.answer_the_last().await;
    }
    // Every operation is a child of this token.
    socket.operations_end.cancel();
    counter!("linnet_closes_total", "code" => close.map_or_else(|| "none".to_owned(), Close::code)).increment(1);
    if let Some(close) = close {
        let _ = farewell.send((close, if close == RESTART { Turn::Last } else { Turn::Next }));
    }
    drop(socket);
    if timeout(FAREWELL, &mut writer).await.is_err() {
        // Or it would live on outside of every limit, with a client that reads a little now and then.
        writer.abort();
    }
    gone.cancel();
}

/// Messages that a client may send; one that sends more is read more slowly.
struct Budget {
    each: Duration,
    /// When the messages so far have had their time.
    spent_until: Instant,
}

/// Messages that a client may send at once: to open a hundred streams is honest.
const BURST: u32 = 200;

impl Budget {
    fn new(per_second: u32) -> Self {
        Self { each: Duration::from_secs(1) / per_second.max(1), spent_until: Instant::now() }
    }

    fn spend(&mut self) {
        self.spent_until = self.spent_until.max(Instant::now()) + self.each;
    }

    /// When the next message may be read.
    fn next(&self) -> Instant {
        self.spent_until.checked_sub(self.each * BURST).unwrap_or(self.spent_until)
    }
}

/// Who is at the other end, once they have said it.
struct Introduced {
    caller: Caller,
    lease: Option<Lease>,
    _seat: Option<Seat>,
}

struct Socket {
    edge: Edge,
    client: Client,
    outgoing: Outgoing,
    operations: Operations,
    /// Taken by queries and mutations that run.
    turns: Option<Arc<Semaphore>>,
    /// Queries and mutations that are owed an answer.
    answers: TaskTracker,
    /// Ends all operations, with the socket.
    operations_end: CancellationToken,
    /// Ends those that would go on for ever.
    streams_end: CancellationToken,
    /// Nothing can be written any more.
    gone: CancellationToken,
    introduced: Option<Introduced>,
    budget: Budget,
}

impl Socket {
    /// Listens until there is a reason to close, or the client has gone.
    async fn listen(&mut self, mut stream: SplitStream<WebSocket>) -> Option<Close> {
        let init_by = Instant::now() + self.edge.limits.socket_init;
        let mut heard = Instant::now();
        let mut pings = interval_at(Instant::now() + PING, PING);
        let (edge, gone) = (self.edge.clone(), self.gone.clone());
        let stopped = async {
            edge.stop.cancelled().await;
            edge.take_turns().await;
        };
        let mut stopped = std::pin::pin!(stopped);
        loop {
            let may_read = self.budget.next();
            let message = async {
                sleep_until(may_read).await;
                stream.next().await
            };
            tokio::select! {
                message = message => {
                    heard = Instant::now();
                    self.budget.spend();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            // Boxed, or each socket would have room for it all the time.
                            if let Err(close) = Box::pin(self.hear(&text)).await {
                                return Some(close);
                            }
                        }
                        Some(Ok(Message::Binary(_))) => return Some(BAD_REQUEST),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Err(error)) => return why(&error),
                        Some(Ok(Message::Close(_))) | None => return None,
                    }
                }
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Some(SILENT);
                    }
                    if self.introduced.is_some() {
                        // With a full queue the client has enough to read.
                        self.outgoing.offer(bare("ping", None));
                    }
                }
                () = sleep_until(init_by), if self.introduced.is_none() => return Some(INIT_TIMEOUT),
                () = self.session_ends(), if self.introduced.is_some() => return Some(FORBIDDEN),
                () = &mut stopped => return Some(RESTART),
                () = gone.cancelled() => return None,
            }
        }
    }

    async fn session_ends(&self) {
        ended(self.introduced.as_ref().and_then(|introduced| introduced.lease.as_ref())).await;
    }

    /// What has begun is answered before the socket is closed; streams go on elsewhere.
    async fn answer_the_last(&self) {
        self.streams_end.cancel();
        self.answers.close();
        let _ = timeout(LAST_ANSWERS, self.answers.wait()).await;
    }

    /// Answers a message of the client's. One that asks and does not read the answers is closed.
    async fn say(&self, message: String) -> Result<(), Close> {
        self.outgoing.send_within(ANSWER, message).await.map_err(|_| TRY_LATER)
    }

    async fn hear(&mut self, text: &str) -> Result<(), Close> {
        let message: Incoming = serde_json::from_str(text).map_err(|_| BAD_REQUEST)?;
        match message {
            Incoming::ConnectionInit { payload } => self.introduce(payload).await,
            Incoming::Ping { payload } => self.say(bare("pong", payload)).await,
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
        if self.introduced.is_some() {
            return Err(TOO_MANY_INITS);
        }
        let authorization = payload.as_ref().and_then(|payload| payload.as_object()).and_then(|payload| {
            // As an HTTP header's name, whatever the case.
            payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
        });
        let viewer = match authorization {
            None | Some(serde_json::Value::Null) => Viewer::anonymous(),
            Some(value) => {
                let value = value.as_str().unwrap_or_default();
                operation::charge_request(&self.edge, &self.client).map_err(|_| TRY_LATER)?;
                match identity::authenticate(&self.edge, value).await {
                    Ok(viewer) => viewer,
                    Err(domain::Error::Unauthenticated(_)) => return Err(FORBIDDEN),
                    Err(_) => return Err(TRY_LATER),
                }
            }
        };
        let lease = credential::lease(&self.edge.app, &viewer);
        let seat = self.edge.account_seat(&viewer).ok_or(TRY_LATER)?;
        let caller = Caller { viewer, client: self.client.clone() };
        self.introduced = Some(Introduced { caller, lease, _seat: seat });
        self.say(bare("connection_ack", None)).await
    }

    async fn subscribe(&mut self, id: String, payload: Parameters) -> Result<(), Close> {
        let Some(Introduced { caller, .. }) = &self.introduced else { return Err(UNAUTHORIZED) };
        let completed = CancellationToken::new();
        let number = match self.operations.begin(&id, self.edge.limits.socket_operations, completed.clone()) {
            Ok(number) => number,
            Err(Refused::IdInUse) => return Err(ID_IN_USE),
            Err(Refused::TooMany) => return self.too_many(&id).await,
        };
        let charged = operation::charge_request(&self.edge, &self.client);
        let admitted = match charged.and_then(|()| admit(&self.edge, caller, payload, None)) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                self.operations.end(&id, number);
                return self.say(protocol::error(&id, &refusal.errors)).await;
            }
        };
        credential::note_use(&self.edge.app, &caller.viewer);
        let endless = admitted.kind == Kind::Subscription;
        let end = if endless { self.streams_end.clone() } else { self.operations_end.clone() };
        let run = Run {
            edge: self.edge.clone(),
            id: id.into(),
            number,
            outgoing: self.outgoing.clone(),
            operations: self.operations.clone(),
            turns: self.turns.clone().filter(|_| !endless),
        };
        let work = async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = completed.cancelled() => {}
                () = run.finish(admitted) => {}
            }
        };
        // Waited for when the server ends: what an operation loads through must not go before it.
        if endless {
            self.edge.sockets.spawn(work);
        } else {
            self.edge.sockets.spawn(self.answers.track_future(work));
        }
        Ok(())
    }

    async fn too_many(&self, id: &str) -> Result<(), Close> {
        let most = self.edge.limits.socket_operations;
        let error = serde_json::json!({
            "message": format!("At most {most} operations on one socket."),
            "extensions": { "code": "TOO_MANY_OPERATIONS" },
        });
        counter!("linnet_refusals_total", "reason" => "TOO_MANY_OPERATIONS").increment(1);
        self.say(serde_json::json!({ "id": id, "type": "error", "payload": [error] }).to_string()).await
    }
}

/// The close code that an error deserves; none if the connection itself is lost.
fn why(error: &axum::Error) -> Option<Close> {
    use tungstenite::Error::{Capacity, Protocol, Utf8};
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<tungstenite::Error>());
    match source {
        Some(Capacity(_)) => Some(TOO_LARGE),
        Some(Utf8(_)) => Some(NOT_TEXT),
        Some(Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => None,
        Some(Protocol(_)) => Some(NO_WEBSOCKET),
        _ => None,
    }
}

/// One operation as it runs.
struct Run {
    edge: Edge,
    id: Arc<str>,
    number: u64,
    outgoing: Outgoing,
    operations: Operations,
    /// Those of queries and mutations.
    turns: Option<Arc<Semaphore>>,
}

impl Run {
    async fn finish(self, admitted: Box<Admitted>) {
        let _turn = match &self.turns {
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        let mut sink = Answers { id: self.id.clone(), outgoing: self.outgoing.clone() };
        let ended = operation::run(&self.edge, admitted, &mut sink).await;
        // Before the client hears of it, so that it may use the id again at once.
        self.operations.end(&self.id, self.number);
        let last = match ended {
            Ended::Complete => protocol::complete(&self.id),
            Ended::Failed(errors) => protocol::error(&self.id, &errors),
            Ended::Unheard => return,
        };
        let _ = Box::pin(self.outgoing.send(last, None)).await;
    }
}

/// An answer of an operation as it is written.
pub(super) fn frame(id: &str, answer: &Written) -> String {
    protocol::next(id, &answer.json())
}

/// The answers of one operation, among those of others.
struct Answers {
    id: Arc<str>,
    outgoing: Outgoing,
}

impl Sink for Answers {
    async fn send(&mut self, answer: Answered) -> bool {
        let text = frame(&self.id, &answer.written);
        // Boxed, so that a stream that waits has no room for sending.
        Box::pin(self.outgoing.send(text, answer.room)).await.is_ok()
    }
}
