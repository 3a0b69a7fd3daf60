//! `/metrics`, for Prometheus: what this node did and has open. Names of operations are the clients', so only the first few
//! hundred get a series of their own.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{ServerError, Value};
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics::{SharedString, gauge};
use metrics_exporter_prometheus::PrometheusHandle;

use super::{Edge, identity};
use crate::graphql::Kind;

/// How often measurements are sorted.
const UPKEEP: Duration = Duration::from_secs(5);
/// Names of operations that have a series of their own.
const NAMES: usize = 200;
/// Codes that have one; a code that is none of them is a bug.
const CODES: [&str; 13] = [
    "ACCESS_REVOKED",
    "FORBIDDEN",
    "INTERNAL",
    "INVALID",
    "NOT_FOUND",
    "PERSISTED_QUERY_NOT_FOUND",
    "RATE_LIMITED",
    "STREAM_RESET",
    "TOO_EXPENSIVE",
    "TOO_MANY_OPERATIONS",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "CONFLICT",
];

/// `GET /metrics`: for those who run the server, who come from nearby and not through the proxy that the world comes through.
pub(super) async fn get(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let Some(recorder) = edge.recorder.as_ref().filter(|_| edge.limits.metrics.admits(peer, &headers)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let pool = edge.app.db.load();
    gauge!("linnet_database_connections_in_use").set(f64::from(pool.in_use));
    gauge!("linnet_database_waiting").set(f64::from(pool.waiting));
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], recorder.render()).into_response()
}

/// Sorts what was measured into buckets now and then, whether anybody asks or not.
pub(super) async fn keep_up(recorder: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        recorder.run_upkeep();
    }
}

/// Who may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Audience {
    /// Nobody, and nothing is counted.
    Off,
    /// Those of the same machine or private network who come directly.
    Private,
    /// Anybody who reaches the port.
    All,
}

impl Audience {
    fn admits(self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        match self {
            Self::Off => false,
            Self::Private => identity::is_near(peer.ip()) && !identity::is_forwarded(headers),
            Self::All => true,
        }
    }
}

/// The names of operations that have a series.
#[derive(Default)]
pub(super) struct Names(Mutex<HashSet<Arc<str>>>);

impl Names {
    /// The name under which an operation is counted.
    pub(super) fn shown(&self, name: Option<Arc<str>>) -> SharedString {
        let Some(name) = name else { return "".into() };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&name) || (known.len() < NAMES && name.len() <= 100 && known.insert(name.clone())) {
            return name.into();
        }
        "(other)".into()
    }
}

/// How an operation with these errors is counted.
pub(super) fn outcome(errors: &[ServerError]) -> &'static str {
    errors.first().map_or("ok", code)
}

/// An error's code, for a label.
pub(super) fn code(error: &ServerError) -> &'static str {
    let told = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    let Some(Value::String(told)) = told else { return "INVALID" };
    CODES.into_iter().find(|code| code == told).unwrap_or("OTHER")
}

/// A kind of operation, for a label.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Query => "query",
        Kind::Mutation => "mutation",
        Kind::Subscription => "subscription",
    }
}
