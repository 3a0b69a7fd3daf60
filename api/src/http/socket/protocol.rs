//! The words of graphql-transport-ws, and the codes that end it.

use async_graphql::ServerError;
use axum::extract::ws::CloseFrame;
use serde::Deserialize;
use serde_json::json;

use crate::http::operation::Parameters;

/// The subprotocol.
pub(super) const NAME: &str = "graphql-transport-ws";

/// A message from a client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Incoming {
    ConnectionInit { payload: Option<serde_json::Value> },
    Ping { payload: Option<serde_json::Value> },
    Pong {},
    Subscribe { id: String, payload: Parameters },
    Complete { id: String },
}

/// Why a socket is closed. The codes are the protocol's and RFC 6455's; graphql-ws clients come back after 1001, 1012, 1013 and
/// 4403, and take the others for their own mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Close(u16, &'static str);

pub(super) const SILENT: Close = Close(1001, "No answer to pings");
pub(super) const NO_WEBSOCKET: Close = Close(1002, "Not a WebSocket frame");
pub(super) const NOT_TEXT: Close = Close(1007, "Text is not UTF-8");
pub(super) const TOO_LARGE: Close = Close(1009, "Message too large");
pub(super) const RESTART: Close = Close(1012, "Service restart");
pub(super) const TRY_LATER: Close = Close(1013, "Try again later");
pub(super) const BAD_REQUEST: Close = Close(4400, "Invalid message");
pub(super) const UNAUTHORIZED: Close = Close(4401, "Unauthorized");
pub(super) const FORBIDDEN: Close = Close(4403, "Forbidden");
pub(super) const SUBPROTOCOL: Close = Close(4406, "Subprotocol not acceptable");
pub(super) const INIT_TIMEOUT: Close = Close(4408, "Connection initialisation timeout");
pub(super) const ID_IN_USE: Close = Close(4409, "Subscriber already exists");
pub(super) const TOO_MANY_INITS: Close = Close(4429, "Too many initialisation requests");

impl Close {
    /// For a label.
    pub(super) fn code(self) -> String {
        self.0.to_string()
    }
}

impl From<Close> for CloseFrame {
    fn from(Close(code, reason): Close) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// One answer of an operation, of which the JSON is given.
pub(super) fn next(id: &str, payload: &str) -> String {
    // A text always has a JSON form.
    let id = serde_json::to_string(id).unwrap_or_default();
    format!(r#"{{"id":{id},"type":"next","payload":{payload}}}"#)
}

/// The end of an operation that failed.
pub(super) fn error(id: &str, errors: &[ServerError]) -> String {
    json!({ "id": id, "type": "error", "payload": errors }).to_string()
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// A message that belongs to no operation.
pub(super) fn bare(kind: &str, payload: Option<serde_json::Value>) -> String {
    match payload {
        Some(payload) => json!({ "type": kind, "payload": payload }).to_string(),
        None => json!({ "type": kind }).to_string(),
    }
}
