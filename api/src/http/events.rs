//! graphql-sse, distinct connections (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): one operation, its
//! answers as server-sent events. Each answer of a stream that can be resumed has its cursor as the event's id, so that an
//! EventSource that comes back says where it stood (`Last-Event-ID`), and goes on there.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::ServerError;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use domain::credential::{self, Lease};
use futures_util::Stream;
use serde_json::json;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Edge;
use super::answer::rejected;
use super::listen::Place;
use super::operation::{self, Admitted, Answered, Caller, Ended, Refusal, Sink};
use super::queue::{Outgoing, Waiting, queue};
use super::seats::Seat;
use crate::graphql::Kind;
use crate::open::{Counted, Open};

/// How often something is written to a quiet stream, for proxies that close what is silent.
const COMMENT: Duration = Duration::from_secs(12);

/// Answers an operation by a stream of events. One that was refused is answered so, too: an EventSource gives up on any other
/// status than 200.
pub(super) fn stream(
    edge: &Edge,
    caller: &Caller,
    admitted: Result<Box<Admitted>, Refusal>,
    place: Place,
) -> Response<Body> {
    let Some(seats) = edge.seats(caller) else {
        return rejected(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many streams are open.");
    };
    let (outgoing, waiting) = queue();
    let gone = CancellationToken::new();
    let driver = Driver {
        edge: edge.clone(),
        lease: credential::lease(&edge.app, &caller.viewer),
        outgoing,
        gone: gone.clone(),
        _place: place,
        _seats: seats,
    };
    edge.sockets.spawn(driver.drive(admitted));
    let events = Events { waiting, _gone: gone.drop_guard() };
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Or nginx would keep events until it has enough of them.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The body of the answer; whoever drops it has gone.
struct Events {
    waiting: Waiting,
    _gone: DropGuard,
}

impl Stream for Events {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = self.get_mut().waiting.poll_recv(cx);
        frame.map(|frame| frame.map(|mut frame| Ok(std::mem::take(&mut frame.text).into())))
    }
}

struct Driver {
    edge: Edge,
    lease: Option<Lease>,
    outgoing: Outgoing,
    gone: CancellationToken,
    _place: Place,
    _seats: Vec<Seat>,
}

impl Driver {
    async fn drive(self, admitted: Result<Box<Admitted>, Refusal>) {
        let _open = Counted::new(Open::EventStreams);
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return self.fail(refusal.errors).await,
        };
        let endless = admitted.kind == Kind::Subscription;
        let mut sink = self.outgoing.clone();
        let mut comments = interval_at(Instant::now() + COMMENT, COMMENT);
        let mut work = Box::pin(operation::run(&self.edge, admitted, &mut sink));
        let stopped = async {
            self.edge.stop.cancelled().await;
            self.edge.take_turns().await;
        };
        let mut stopped = std::pin::pin!(stopped);
        loop {
            tokio::select! {
                ended = &mut work => return match ended {
                    Ended::Complete => self.complete().await,
                    Ended::Failed(errors) => self.fail(errors).await,
                    Ended::Unheard => {}
                },
                _ = comments.tick() => self.outgoing.offer(":\n\n".to_owned()),
                () = super::ended(self.lease.as_ref()), if self.lease.is_some() => {
                    // It may read something for others, who must not wait until this client has read.
                    drop(work);
                    let id = operation::new_request_id(&self.edge);
                    let error = domain::Error::Unauthenticated("The session has ended: sign in again.");
                    return self.fail(Refusal::of(id, error).errors).await;
                }
                // Without a word that it is complete: the client comes back and goes on.
                () = &mut stopped, if endless => return,
                () = self.gone.cancelled() => return,
            }
        }
    }

    /// The operation has come to its end; the client does not come back.
    async fn complete(&self) {
        let _ = self.outgoing.send("event: complete\ndata:\n\n".to_owned(), None).await;
    }

    async fn fail(&self, errors: Vec<ServerError>) {
        let payload = json!({ "errors": errors }).to_string();
        if self.outgoing.send(event(None, &payload), None).await.is_ok() {
            self.complete().await;
        }
    }
}

/// An answer as an event: JSON has no line breaks outside of strings, and those are escaped.
fn event(cursor: Option<&str>, payload: &str) -> String {
    match cursor {
        Some(cursor) => format!("event: next\nid: {cursor}\ndata: {payload}\n\n"),
        None => format!("event: next\ndata: {payload}\n\n"),
    }
}

impl Sink for Outgoing {
    async fn send(&mut self, answer: Answered) -> bool {
        let text = event(answer.cursor.as_deref(), &answer.written.json());
        Outgoing::send(self, text, answer.room).await.is_ok()
    }
}
