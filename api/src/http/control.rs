//! What a test build lets tests do: move the clock, see what the database is sent, make what runs now and then run now.
//! No other build has this file in it.

use std::time::Duration;

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
        .route("/test/recurring", post(recur))
        .route("/test/batch", post(begin))
        .route("/test/remember", post(remember))
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

async fn recur(State(edge): State<Edge>) -> Json<Value> {
    domain::recurring::look(&edge.app).await;
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begin {
    numbers: Vec<i32>,
    then: Option<i32>,
    takes_ms: u64,
}

async fn begin(State(edge): State<Edge>, Json(asked): Json<Begin>) -> Json<Value> {
    let Begin { numbers, then, takes_ms } = asked;
    let batch = domain::control::begin(&edge.app, numbers, then, takes_ms).await;
    Json(json!({ "id": batch.ok().map(|batch| batch.id.to_string()) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remember {
    key: String,
    lifetime_ms: u64,
    takes_ms: u64,
    value: i32,
}

async fn remember(State(edge): State<Edge>, Json(asked): Json<Remember>) -> Json<Value> {
    let Remember { key, lifetime_ms, takes_ms, value } = asked;
    let (lifetime, takes) = (Duration::from_millis(lifetime_ms), Duration::from_millis(takes_ms));
    let value = domain::control::remember(&edge.app, &key, lifetime, takes, value).await;
    Json(json!({ "value": value.ok() }))
}
