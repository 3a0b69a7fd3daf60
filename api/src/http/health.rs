//! Whether the process lives, and whether it should be sent requests.

use axum::extract::State;
use axum::http::StatusCode;

use super::Edge;

/// `/livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok"
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
