//! How answers are written: GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>).

use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

const STRICT: &str = "application/graphql-response+json; charset=utf-8";
const PLAIN: &str = "application/json; charset=utf-8";

/// Which of the two media types a client wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request was executed.
    Strict,
    /// `application/json`: 200 for everything that reads as a request.
    Plain,
}

impl Media {
    /// What the `Accept` header prefers; none if it accepts neither.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut any = false;
        for value in headers.get_all(ACCEPT) {
            any = true;
            for media in value.to_str().unwrap_or_default().split(',') {
                match media.split(';').next().unwrap_or_default().trim() {
                    "application/graphql-response+json" => return Some(Self::Strict),
                    "application/json" | "application/*" | "*/*" | "" => return Some(Self::Plain),
                    _ => {}
                }
            }
        }
        if any { None } else { Some(Self::Plain) }
    }
}

/// Whether nothing was executed: then there is no `data` at all.
pub(super) fn is_request_error(answer: &Answer) -> bool {
    answer.data == Value::Null && !answer.errors.is_empty() && answer.errors.iter().all(|error| error.path.is_empty())
}

/// An answer as it is written: fields in the order in which they were asked for, `data` only if something was executed.
#[derive(Serialize)]
pub(super) struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

impl Written {
    /// What is written of an answer.
    pub(super) fn of(answer: Answer) -> Self {
        let executed = !is_request_error(&answer);
        let mut errors = answer.errors;
        errors.iter_mut().for_each(give_code);
        Self { data: executed.then_some(answer.data), errors, extensions: answer.extensions }
    }

    /// Its JSON: an answer of ours holds texts, numbers and lists, which always have one.
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Errors that the executor made itself concern the document.
fn give_code(error: &mut ServerError) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get("code").is_none() {
        extensions.set("code", "INVALID");
    }
}

/// An executed request, or one that could not be.
pub(super) fn executed(media: Media, mut answer: Answer) -> Response<Body> {
    let refused = media == Media::Strict && is_request_error(&answer);
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut headers = std::mem::take(&mut answer.http_headers);
    headers.insert(CONTENT_TYPE, content_type(media));
    let mut response = respond(status, Written::of(answer).json());
    response.headers_mut().extend(headers);
    response
}

fn content_type(media: Media) -> HeaderValue {
    HeaderValue::from_static(if media == Media::Strict { STRICT } else { PLAIN })
}

fn respond(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type(Media::Plain));
    response
}

/// A request that is none: the status says so, and a sentence why.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    respond(status, body.to_string())
}

/// A request whose sender could not be told.
pub(super) fn unidentified(error: domain::Error) -> Response<Body> {
    let status = match &error {
        domain::Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        domain::Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let retry_after = match &error {
        domain::Error::Unavailable { retry_after, .. } => Some(retry_after.as_secs().max(1)),
        _ => None,
    };
    let answer = Answer::from_errors(vec![crate::graphql::fault(error).into_server_error(Default::default())]);
    let mut response = respond(status, Written::of(answer).json());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
    }
    response
}
