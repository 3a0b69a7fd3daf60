//! The edge: HTTP, WebSocket and server-sent events. Knows axum and the schema; knows no noun of the product.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::{get, put};
use domain::App;
use domain::access::Viewer;
use domain::credential::Lease;
use domain::download::PATH;
use domain::limit::site;
use domain::session::Client;
use domain::upload::{FILES, THUMBNAIL, UPLOADS};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::Config;
use crate::graphql::{Documents, LinnetSchema, Recall, schema, sdl};

mod address;
mod answer;
#[cfg(feature = "test-control")]
mod control;
mod deadline;
mod download;
mod events;
mod file;
mod graphiql;
mod graphql;
mod health;
mod identity;
mod listen;
mod metrics;
mod operation;
mod page;
mod queue;
mod room;
mod seats;
mod socket;
mod upload;
mod web;

pub(crate) use deadline::Deadlines;
pub(crate) use metrics::Audience;

use listen::Routers;
use operation::Caller;
use room::Room;
use seats::{Holder, Seat, Seats};

/// How long requests in flight may take to finish once the server stops, and sockets to close.
const FAREWELL: Duration = Duration::from_secs(24);
/// Sockets that are closed in a second when the server stops: their clients come back all together.
const CLOSED_PER_SECOND: usize = 1000;
/// Within this time the last of them is closed, however many there are.
const LAST_CLOSED: Duration = Duration::from_secs(5);
/// Answers that are smaller are not worth compressing.
const COMPRESSED_ABOVE: u64 = 1024;
/// How long a browser remembers what pages of other origins may ask.
const PREFLIGHT: Duration = Duration::from_secs(24 * 3600);

/// What one client may take of the server. `linnet.default.toml` says what each is.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) address_connections: usize,
    pub(crate) account_sockets: usize,
    pub(crate) body: usize,
    pub(crate) body_time: Duration,
    pub(crate) upload_time: Duration,
    pub(crate) request: Duration,
    /// Bytes of text that one answer may have.
    pub(crate) answer: usize,
    pub(crate) deadlines: Deadlines,
    pub(crate) socket_init: Duration,
    pub(crate) socket_operations: usize,
    pub(crate) socket_message: usize,
    pub(crate) socket_messages_per_second: u32,
    pub(crate) metrics: Audience,
    /// Whether there is a page to explore the API with.
    pub(crate) graphiql: bool,
}

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Edge(Arc<Inner>);

pub(crate) struct Inner {
    app: Arc<App>,
    schema: LinnetSchema,
    documents: Documents,
    /// None if it is turned off.
    recall: Option<Recall>,
    limits: Limits,
    allowed_origins: Vec<String>,
    proxies: Vec<IpNet>,
    database_connections: u32,
    leaving: CancellationToken,
    stop: CancellationToken,
    connections: TaskTracker,
    /// All sockets and event streams that are open and the operations on them, so that each gets its end.
    sockets: TaskTracker,
    seats: Seats,
    /// Memory for answers on their way to clients.
    room: Room,
    /// Bytes of memory for requests on their way here.
    bodies: Semaphore,
    names: metrics::Names,
    recorder: Option<PrometheusHandle>,
}

impl std::ops::Deref for Edge {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Edge {
    fn new(app: Arc<App>, config: &Config, recorder: Option<PrometheusHandle>, end: End) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            schema: schema(app.clone()),
            documents: Documents::new(&sdl(), config.document_limits())?,
            recall: (config.recall_bytes > 0).then(|| Recall::new(config.recall_bytes)),
            app,
            limits: config.edge_limits(),
            allowed_origins: config.allowed_origins.clone(),
            proxies: config.proxies()?,
            database_connections: config.database().max_connections,
            leaving: end.announced,
            stop: end.begun,
            connections: TaskTracker::new(),
            sockets: TaskTracker::new(),
            seats: Seats::default(),
            room: Room::new(config.answers_bytes),
            bodies: Semaphore::new(config.bodies_bytes),
            names: metrics::Names::default(),
            recorder,
        })))
    }

    /// Whether an address is a proxy of ours, whose word on whom it was asked by counts.
    fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|network| network.contains(&address))
    }

    /// One more event stream, unless the account or the address has as many as it may.
    fn seats(&self, caller: &Caller) -> Option<Vec<Seat>> {
        let of_address = self.address_seat(&caller.client)?;
        let of_account = self.account_seat(&caller.viewer)?;
        Some(of_address.into_iter().chain(of_account).collect())
    }

    /// One more socket or event stream of an address, unless it has as many as it may.
    fn address_seat(&self, client: &Client) -> Option<Option<Seat>> {
        let Some(address) = client.ip_address else { return Some(None) };
        self.seats.take(Holder::Address(site(address)), self.limits.address_connections).map(Some)
    }

    /// One more socket or event stream of an account, unless it has as many as it may; the anonymous have none.
    fn account_seat(&self, viewer: &Viewer) -> Option<Option<Seat>> {
        let Some(user_id) = viewer.user_id() else { return Some(None) };
        self.seats.take(Holder::Account(user_id), self.limits.account_sockets).map(Some)
    }

    /// Waits a random while when the server stops, so that not all clients come back at once.
    async fn take_turns(&self) {
        let open = u32::try_from(self.sockets.len()).unwrap_or(u32::MAX);
        let spread = (Duration::from_secs(1) / CLOSED_PER_SECOND as u32).saturating_mul(open).min(LAST_CLOSED);
        tokio::time::sleep(spread.mul_f64(self.app.clock.fraction())).await;
    }
}

/// The end of a server, in two steps.
#[derive(Clone, Default)]
pub(crate) struct End {
    /// It is not ready any more, so that whoever balances the load sends nobody new; all else goes on.
    pub(crate) announced: CancellationToken,
    /// It stops.
    pub(crate) begun: CancellationToken,
}

/// Serves until the end begins: then no new connections, sockets are closed with a code that clients retry, requests finish.
pub(crate) async fn serve(
    app: Arc<App>,
    config: &Config,
    recorder: Option<PrometheusHandle>,
    listener: TcpListener,
    end: End,
) -> Result<()> {
    let edge = Edge::new(app, config, recorder, end)?;
    if let Some(recorder) = edge.recorder.clone() {
        tokio::spawn(edge.stop.clone().run_until_cancelled_owned(metrics::keep_up(recorder)));
    }
    listen::accept(edge.clone(), routers(&edge), listener).await;
    edge.connections.close();
    edge.sockets.close();
    let all = async {
        edge.connections.wait().await;
        edge.sockets.wait().await;
    };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        tracing::warn!(connections = edge.connections.len(), sockets = edge.sockets.len(), "some did not end in time");
    }
    Ok(())
}

/// What is served, and what is when there are more connections than may be.
fn routers(edge: &Edge) -> Routers {
    let full = Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::get))
        .fallback(health::full)
        .with_state(edge.clone());
    Routers { all: router(edge.clone()), full }
}

fn router(edge: Edge) -> Router {
    let api = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .layer(header("cache-control", "no-store"))
        .layer(SetResponseHeaderLayer::appending(header::VARY, HeaderValue::from_static("accept, authorization")))
        .layer(cross_origin(&edge, &[Method::GET, Method::POST]));
    let downloads = Router::new()
        .route(&format!("{PATH}{{secret}}"), get(download::get))
        .layer(header("cache-control", "no-store"))
        .layer(cross_origin(&edge, &[Method::GET]));
    let uploads = Router::new()
        .route(&format!("{UPLOADS}{{id}}"), put(upload::put))
        .layer(header("cache-control", "no-store"))
        .layer(cross_origin(&edge, &[Method::PUT]));
    let router = Router::new()
        .merge(api)
        .merge(downloads)
        .merge(uploads)
        .merge(web::router())
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::get));
    let router = if edge.limits.graphiql { router.merge(graphiql::router()) } else { router };
    #[cfg(feature = "test-control")]
    let router = router.merge(control::router());
    let compressible = SizeAbove::new(COMPRESSED_ABOVE).and(NotForContentType::SSE);
    router
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(compressible))
        // Behind it: parts of a file are parts of what it is, and not of what it could be packed into.
        .merge(files(&edge))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(header("cross-origin-resource-policy", "same-origin"))
        .with_state(edge)
}

/// Files, for whoever has their address. What a browser makes of one has nothing, may do nothing and is of no origin.
fn files(edge: &Edge) -> Router<Edge> {
    // Where pages of other origins show messages, they show what those carry.
    let whose = if edge.allowed_origins.is_empty() { "same-origin" } else { "cross-origin" };
    Router::new()
        .route(&format!("{FILES}{{id}}"), get(file::file))
        .route(&format!("{FILES}{{id}}{THUMBNAIL}"), get(file::thumbnail))
        .layer(header("cache-control", "no-store"))
        .layer(header("content-security-policy", "sandbox; default-src 'none'"))
        .layer(header("cross-origin-resource-policy", whose))
        .layer(cross_origin(edge, &[Method::GET, Method::HEAD]))
}

/// Pages of the origins that are allowed may ask and read the answer. No cookie is ever looked at, so none is allowed.
fn cross_origin(edge: &Edge, methods: &[Method]) -> CorsLayer {
    let allowed = edge.allowed_origins.clone();
    let is_allowed = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        origin.to_str().is_ok_and(|origin| identity::is_allowed(&allowed, origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods(methods.to_vec())
        .allow_headers(AllowHeaders::list([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            HeaderName::from_static("last-event-id"),
        ]))
        .expose_headers([
            header::RETRY_AFTER,
            header::CONTENT_RANGE,
            header::ETAG,
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(PREFLIGHT)
}

/// A header for every answer that does not set it itself.
fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// When what speaks for the viewer has ended; never for the anonymous.
async fn ended(lease: Option<&Lease>) {
    match lease {
        Some(lease) => lease.ended().await,
        None => std::future::pending().await,
    }
}

/// An answer as a frame of an operation on a WebSocket.
pub(crate) fn frame(id: &str, answer: async_graphql::Response) -> String {
    socket::frame(id, &answer::Written::of(answer))
}
