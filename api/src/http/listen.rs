//! The listening socket and its connections: HTTP/1.1, each connection a task, as many at a time as there are file
//! descriptors for. HTTP/2 is the business of the proxy that does TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use domain::limit::site;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use super::Edge;
use super::deadline::{Phase, Timed};
use super::seats::{Holder, Seat};
use crate::open::{Counted, Open};

/// File descriptors that are left to everything but connections: the database, the log.
const RESERVED: u64 = 64 + BEYOND as u64;
/// Bytes of a request's head at the most.
const HEAD: usize = 32 * 1024;
/// Bytes that the system takes for a client that does not read them (Linux reserves twice as much).
const SEND_BUFFER: usize = 192 * 1024;
/// After how long a peer that acknowledges nothing is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A connection's place among those that may be open: whoever takes a connection over keeps it.
#[derive(Clone)]
pub(super) struct Place {
    _connection: Arc<(OwnedSemaphorePermit, Option<Seat>)>,
}

/// What is served on a connection.
pub(super) struct Routers {
    pub(super) all: Router,
    /// On those that are more than may be: whether the server lives is asked by whoever would else restart it.
    pub(super) full: Router,
}

/// Connections beyond those that may be open; they are told so, and whoever asks after the server's health is answered.
const BEYOND: usize = 16;

/// Accepts connections until the server stops, and serves each.
pub(super) async fn accept(edge: Edge, routers: Routers, listener: TcpListener) {
    let most = largest_number_of_connections(edge.limits.connections, edge.database_connections);
    let (open, beyond) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(BEYOND)));
    let mut pause = Pause::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = edge.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause.over();
                if let Ok(permit) = open.clone().try_acquire_owned() {
                    if let Some(place) = seat(&edge, peer, permit) {
                        edge.connections.spawn(serve(edge.clone(), routers.all.clone(), stream, peer, place, true));
                    }
                } else if let Ok(permit) = beyond.clone().try_acquire_owned() {
                    let place = Place { _connection: Arc::new((permit, None)) };
                    edge.connections.spawn(serve(edge.clone(), routers.full.clone(), stream, peer, place, false));
                }
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => pause.wait(&error).await,
        }
    }
}

/// One that has too many connections is closed at once; proxies bring those of many.
fn seat(edge: &Edge, peer: SocketAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
    if edge.is_proxy(peer.ip()) {
        return Some(Place { _connection: Arc::new((permit, None)) });
    }
    let seat = edge.seats.take(Holder::Peer(site(peer.ip())), edge.limits.address_connections)?;
    Some(Place { _connection: Arc::new((permit, Some(seat))) })
}

/// As many as were asked for, if there are file descriptors for them: the limit is raised as far as the system allows.
fn largest_number_of_connections(wanted: usize, database_connections: u32) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let limit = if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
    let reserved = RESERVED + u64::from(database_connections);
    let possible = usize::try_from(limit.saturating_sub(reserved).max(limit / 4)).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::warn!(possible, wanted, "fewer connections than `max_connections`: raise the limit of open files");
    }
    possible.min(wanted)
}

/// Whether a connection was lost before it was accepted, which says nothing of the next.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Waiting when nothing can be accepted, such as without file descriptors: trying again at once would be spinning.
#[derive(Default)]
struct Pause(u32);

impl Pause {
    fn over(&mut self) {
        self.0 = 0;
    }

    async fn wait(&mut self, error: &io::Error) {
        if self.0 == 0 {
            tracing::warn!(%error, "no connection can be accepted");
        }
        self.0 = (self.0 + 1).min(10);
        tokio::time::sleep(Duration::from_millis(100) * self.0).await;
    }
}

/// Makes the system notice a peer that is gone without a word.
fn watch_over(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    let keepalive = TcpKeepalive::new().with_time(UNACKNOWLEDGED / 2).with_interval(UNACKNOWLEDGED / 4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

/// Serves one connection; one that is not kept alive has one request.
async fn serve(edge: Edge, router: Router, stream: TcpStream, peer: SocketAddr, place: Place, keep_alive: bool) {
    if watch_over(&stream).is_err() {
        return;
    }
    let open = Counted::new(Open::Connections);
    let phase = Phase::default();
    let deadlines = edge.limits.deadlines;
    let io = TokioIo::new(Timed::new(stream, phase.clone(), deadlines));
    let service = service_fn(move |request: Request<Incoming>| {
        phase.begin();
        let (phase, mut router) = (phase.clone(), router.clone());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        async move {
            let answer = router.call(request).await;
            // A connection that is taken over by another protocol has no next request.
            if answer.as_ref().is_ok_and(|answer| answer.status() != StatusCode::SWITCHING_PROTOCOLS) {
                phase.end();
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(keep_alive)
        // Runs between requests, too; that of a head is `Timed`'s.
        .header_read_timeout(if keep_alive { deadlines.idle } else { deadlines.head })
        .max_buf_size(HEAD)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    // Errors are the client's: it went away, or spoke something else.
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = edge.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
    drop(open);
}
