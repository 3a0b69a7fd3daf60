//! Whether the process lives, and whether it should be sent requests.

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::Edge;
use super::answer::rejected;

/// `/livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok"
}

/// Everything else, while there are more connections than may be.
pub(super) async fn full() -> Response {
    let mut response =
        rejected(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Too many connections: try again in a moment.");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// `/readyz`: it is not about to stop, and the database answers.
pub(super) async fn ready(State(edge): State<Edge>) -> (StatusCode, &'static str) {
    if edge.leaving.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match edge.app.db.ping().await {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(error) => {
            tracing::warn!(?error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    }
}
