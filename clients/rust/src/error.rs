//! What can go wrong.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::operations::types::UserErrorFields;

/// An error as the server tells it.
pub type ServerError = graphql_client::Error;

/// Whatever goes wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was wrong with the input, where a method of this client stands for a mutation. At least one.
    #[error("{}", refusal(.0))]
    Refused(Vec<UserErrorFields>),
    /// What the server said.
    #[error("{0}")]
    Told(Box<Told>),
    /// The server could not be reached, or the connection was lost.
    #[error("The server could not be reached: {0}")]
    Network(String),
    /// No answer came in time.
    #[error("No answer came in time.")]
    Timeout,
    /// What answered does not speak the protocols, or says what the schema does not have.
    #[error("{0}")]
    Protocol(String),
}

/// What the server said was wrong. Decide by `code`, never by the message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Told {
    /// `UNAUTHENTICATED`, `FORBIDDEN`, `NOT_FOUND`, `INVALID`, `TOO_EXPENSIVE`, `RATE_LIMITED`, `UNAVAILABLE`, `INTERNAL`,
    /// `ACCESS_REVOKED`, `STREAM_RESET`, and what there may be more of.
    pub code: String,
    /// A sentence for developers.
    pub message: String,
    /// When to come again, if the server knows.
    pub retry_after: Option<Duration>,
    /// What the server's log knows the request by.
    pub request_id: Option<String>,
    /// All that it said.
    pub errors: Vec<ServerError>,
    /// What there is of an answer beside its errors.
    pub data: Option<Value>,
}

impl Error {
    /// Whether the same may work later, unchanged.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(_) | Self::Timeout => true,
            Self::Told(told) => ["UNAVAILABLE", "RATE_LIMITED"].contains(&told.code.as_str()),
            Self::Refused(_) | Self::Protocol(_) => false,
        }
    }

    /// Whether the server said so, by this `extensions.code`.
    pub fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::Told(told) if told.code == code)
    }

    /// When to come again, if the server knows.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Told(told) => told.retry_after,
            _ => None,
        }
    }

    pub(crate) fn network(cause: &impl fmt::Display) -> Self {
        Self::Network(cause.to_string())
    }

    /// Of what the server told.
    pub(crate) fn told(errors: Vec<ServerError>, data: Option<Value>, retry_after: Option<Duration>) -> Self {
        let first = errors.first();
        let extension = |name| first.and_then(|error| error.extensions.as_ref()?.get(name));
        let text = |name| extension(name).and_then(Value::as_str).map(str::to_owned);
        let told = extension("retryAfterMs").and_then(Value::as_u64).map(Duration::from_millis);
        Self::Told(Box::new(Told {
            code: text("code").unwrap_or_else(|| "INTERNAL".to_owned()),
            message: first.map_or_else(|| "The server failed.".to_owned(), |error| error.message.clone()),
            retry_after: retry_after.or(told),
            request_id: text("requestId"),
            errors,
            data,
        }))
    }

    /// Of what the server did.
    pub(crate) fn said(code: &str, message: String, retry_after: Option<Duration>) -> Self {
        let (code, errors) = (code.to_owned(), Vec::new());
        Self::Told(Box::new(Told { code, message, retry_after, request_id: None, errors, data: None }))
    }

    /// Of what was wrong with an input.
    pub(crate) fn refused(errors: Vec<UserErrorFields>) -> Self {
        if errors.is_empty() {
            return Self::Protocol("The server refused the input, and did not say why.".to_owned());
        }
        Self::Refused(errors)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

fn refusal(errors: &[UserErrorFields]) -> String {
    let each = errors.iter().map(|error| match error.path.as_slice() {
        [] => error.message.clone(),
        path => format!("{}: {}", path.join("."), error.message),
    });
    each.collect::<Vec<_>>().join(" ")
}
