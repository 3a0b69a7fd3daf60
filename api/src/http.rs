//! The edge: HTTP and WebSocket. Knows axum and the schema; knows no noun of the product.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use domain::App;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::Config;
use crate::graphql::{LinnetSchema, schema};

mod answer;
#[cfg(feature = "test-control")]
mod control;
mod graphiql;
mod graphql;
mod guard;
mod health;
mod identity;
mod socket;

/// Bytes of a request's body at the most.
const BODY: usize = 1 << 20;
/// How long requests in flight may take to finish once the server stops, and then sockets to close.
const FAREWELL: Duration = Duration::from_secs(12);

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Edge(Arc<Inner>);

pub(crate) struct Inner {
    app: Arc<App>,
    schema: LinnetSchema,
    allowed_origins: Vec<String>,
    stop: CancellationToken,
    /// All that are open, so that each gets its close frame.
    sockets: TaskTracker,
}

impl std::ops::Deref for Edge {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Serves until `stop`: then no new connections, sockets are closed with a code that clients retry, requests finish.
pub(crate) async fn serve(
    app: Arc<App>,
    config: &Config,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<()> {
    let edge = Edge(Arc::new(Inner {
        schema: schema(app.clone()),
        app,
        allowed_origins: config.allowed_origins.clone(),
        stop: stop.clone(),
        sockets: TaskTracker::new(),
    }));
    let sockets = edge.sockets.clone();
    let service = router(edge).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopping = stop.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move { stopping.cancelled().await });
    tokio::select! {
        outcome = server => outcome?,
        () = async { stop.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
            tracing::warn!("some requests did not finish in time");
        }
    }
    sockets.close();
    if tokio::time::timeout(FAREWELL, sockets.wait()).await.is_err() {
        tracing::warn!("some sockets did not close in time");
    }
    Ok(())
}

fn router(edge: Edge) -> Router {
    let router = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(graphiql::router());
    #[cfg(feature = "test-control")]
    let router = router.merge(control::router());
    router
        .layer(DefaultBodyLimit::max(BODY))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(header("cross-origin-resource-policy", "same-origin"))
        .with_state(edge)
}

/// A header for every answer that does not set it itself.
fn header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}
