//! What a test build lets tests do: move the clock, see what the database is sent, make what runs now and then run now.
//! No other build has this file in it.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Edge;

/// The routes under `/test`.
pub(super) fn router() -> Router<Edge> {
    Router::new()
        .route("/test/clock", post(advance))
        .route("/test/statements", post(record).get(recorded))
        .route("/test/trim", post(trim))
        .route("/test/expire", post(expire))
        .route("/test/inbox-look", post(look))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Advance {
    advance_seconds: i64,
}

async fn advance(State(edge): State<Edge>, Json(by): Json<Advance>) -> Json<Value> {
    edge.app.clock.advance(chrono::Duration::seconds(by.advance_seconds));
    Json(json!({ "now": edge.app.clock.now() }))
}

async fn record(State(edge): State<Edge>) -> Json<Value> {
    if let Ok(mut recorded) = edge.app.db.recorder().lock() {
        *recorded = Some(Vec::new());
    }
    Json(json!({}))
}

async fn recorded(State(edge): State<Edge>) -> Json<Value> {
    let recorded = edge.app.db.recorder().lock().ok().and_then(|recorded| recorded.clone()).unwrap_or_default();
    let statements = recorded.into_iter().map(|statement| json!({ "sql": statement.sql, "values": statement.values }));
    Json(json!({ "statements": statements.collect::<Vec<_>>() }))
}

async fn trim(State(edge): State<Edge>) -> Json<Value> {
    let outcome = domain::event::trim(&edge.app).await;
    Json(json!({ "ok": outcome.is_ok() }))
}

async fn expire(State(edge): State<Edge>) -> Json<Value> {
    let outcome = domain::expiry::ask(&edge.app).await;
    Json(json!({ "ok": outcome.is_ok() }))
}

async fn look(State(edge): State<Edge>) -> Json<Value> {
    domain::inbox::look_now(&edge.app);
    Json(json!({}))
}
