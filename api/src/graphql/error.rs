//! How the domain's errors read in GraphQL: what the caller did wrong in a mutation's `errors`, all else at the top with a
//! code. Nothing internal is ever shown: the chain goes to the log, with the request's id, which the client sees, too.

use async_graphql::{Enum, Error, ErrorExtensions, SimpleObject};
use domain::{Code, Refusal};

tokio::task_local! {
    static REQUEST: RequestId;
}

/// Names a request in the log and in the errors that it gets.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Runs a request's work under its id.
pub(crate) fn within_request<F: Future>(id: RequestId, work: F) -> impl Future<Output = F::Output> {
    REQUEST.scope(id, work)
}

/// As [`fault`], of a request whose work is over, or was never begun.
pub(crate) fn fault_of(id: &RequestId, error: domain::Error) -> Error {
    REQUEST.sync_scope(id.clone(), || fault(error))
}

/// The id of the request at hand.
fn request_id() -> String {
    REQUEST.try_with(|id| id.0.clone()).unwrap_or_default()
}

/// What was wrong with a mutation's input.
#[derive(SimpleObject, Debug, Clone)]
pub(crate) struct UserError {
    /// What kind of wrong; decide by this, not by the message.
    pub(crate) code: UserErrorCode,
    /// A sentence for developers, in English.
    pub(crate) message: String,
    /// Where in the input, from the outside in; indices of lists are numbers. Empty when it concerns no one field.
    pub(crate) path: Vec<String>,
}

/// What kind of wrong. May grow: treat an unknown value as INVALID.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserErrorCode {
    /// Not of the right form, or not allowed here.
    Invalid,
    /// Longer, or more, than allowed.
    TooLong,
    /// Empty, or nothing but white space.
    Blank,
    /// Somebody else has it.
    Taken,
    /// It doesn't exist, as far as you may know.
    NotFound,
    /// You may see it, but not do this to it.
    Forbidden,
    /// It has moved on, or was done otherwise before.
    Conflict,
    /// The login or the secret is wrong.
    WrongCredentials,
    /// It was valid once.
    Expired,
    /// The thread is archived, and so read-only.
    Archived,
}

impl From<Code> for UserErrorCode {
    fn from(code: Code) -> Self {
        match code {
            Code::Invalid => Self::Invalid,
            Code::TooLong => Self::TooLong,
            Code::Blank => Self::Blank,
            Code::Taken => Self::Taken,
            Code::NotFound => Self::NotFound,
            Code::Forbidden => Self::Forbidden,
            Code::Conflict => Self::Conflict,
            Code::WrongCredentials => Self::WrongCredentials,
            Code::Expired => Self::Expired,
            Code::Archived => Self::Archived,
        }
    }
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message.into_owned(),
            path: refusal.path.iter().map(|part| camel_case(part)).collect(),
        }
    }
}

/// The domain's name of a field as GraphQL spells it.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        text.push_str(&first.to_ascii_uppercase());
        text.push_str(rest);
    }
    text
}

/// A mutation's outcome: what was done, or what was wrong with the input; anything else is a top-level error.
pub(crate) fn settle<T>(outcome: domain::Result<T>) -> async_graphql::Result<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(domain::Error::Refused(refusals)) => Ok((None, refusals.into_iter().map(UserError::from).collect())),
        Err(error) => Err(fault(error)),
    }
}

/// A top-level error with its code.
pub(crate) fn fault(error: domain::Error) -> Error {
    let message = error.to_string();
    match error {
        domain::Error::Refused(refusals) => refused(refusals, message),
        domain::Error::Unauthenticated(_) => coded(message, "UNAUTHENTICATED"),
        domain::Error::AccessRevoked => coded(message, "ACCESS_REVOKED"),
        domain::Error::StreamReset => coded(message, "STREAM_RESET"),
        domain::Error::RateLimited { retry_after } => retryable(coded(message, "RATE_LIMITED"), retry_after),
        domain::Error::Unavailable { retry_after, source } => {
            tracing::warn!(request_id = %request_id(), error = ?source, "unavailable");
            retryable(coded(message, "UNAVAILABLE"), retry_after)
        }
        domain::Error::Internal(source) => {
            tracing::error!(request_id = %request_id(), error = ?source, "internal error");
            coded(message, "INTERNAL").extend_with(|_, extensions| extensions.set("requestId", request_id()))
        }
    }
}

/// Something was wrong with an argument of a query or a subscription.
fn refused(refusals: Vec<Refusal>, message: String) -> Error {
    let Some(first) = refusals.into_iter().next().map(UserError::from) else { return coded(message, "INVALID") };
    let code = match first.code {
        UserErrorCode::NotFound => "NOT_FOUND",
        UserErrorCode::Forbidden => "FORBIDDEN",
        _ => "INVALID",
    };
    let argument = first.path.join(".");
    let message = if argument.is_empty() { first.message } else { format!("{argument}: {}", first.message) };
    coded(message, code).extend_with(|_, extensions| extensions.set("argument", argument.clone()))
}

fn retryable(error: Error, after: std::time::Duration) -> Error {
    let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    error.extend_with(|_, extensions| extensions.set("retryAfterMs", after))
}

fn coded(message: String, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn fields_are_spelled_as_the_schema_spells_them() {
        assert_eq!(camel_case("thread_id"), "threadId");
        assert_eq!(camel_case("up_to"), "upTo");
        assert_eq!(camel_case("0"), "0");
    }
}
