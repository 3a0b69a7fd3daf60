//! What the benches measure: each function does once what the edge does for a request or a frame. Nothing else may use it.

use async_graphql::{Name, Response, Value};
use axum::body::Bytes;

use crate::config::Config;
use crate::graphql::{Asked, sdl};
use crate::http;

/// The documents that a server remembers.
pub struct Documents(crate::graphql::Documents);

impl Documents {
    /// As many as the built-in settings say.
    pub fn built_in() -> anyhow::Result<Self> {
        Ok(Self(crate::graphql::Documents::new(&sdl(), Config::built_in()?.document_limits())?))
    }

    /// Looks at a document, or finds that it is known. What it may cost; none if it is refused.
    pub fn cost(&self, text: &str) -> Option<u64> {
        let asked = Asked::of(Some(text.to_owned()), None).ok()?;
        Some(self.0.operation(&asked, None, None).ok()?.cost)
    }
}

/// An answer with one field, as a frame of a stream.
pub fn frame(id: &str, field: &str, value: Value) -> String {
    let data = Value::Object([(Name::new(field), value)].into_iter().collect());
    http::frame(id, Response::new(data))
}

/// A value that was encoded before, for many.
pub fn encoded(json: &str) -> Value {
    Value::Binary(Bytes::copy_from_slice(json.as_bytes()))
}
