//! How answers are written: GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>).

use std::collections::BTreeMap;
use std::time::Duration;

use async_graphql::{Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::operation::{Refusal, Reply};
use super::room::Kept;

const STRICT: &str = "application/graphql-response+json; charset=utf-8";
const PLAIN: &str = "application/json; charset=utf-8";

/// What a client wants to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request was executed.
    Strict,
    /// `application/json`: 200 for everything that reads as a request.
    Plain,
    /// `text/event-stream`: answers as they come.
    Events,
}

impl Media {
    /// What the `Accept` header prefers (RFC 9110, 12.5.1): the highest `q`, and among equals what is named first. None if it
    /// takes nothing that there is.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(ACCEPT).iter().map(|value| value.to_str().unwrap_or_default());
        let ranges: Vec<_> = values.flat_map(|value| value.split(',')).filter_map(read_range).collect();
        if ranges.is_empty() {
            return Some(Self::Plain);
        }
        let mut best: Option<(f32, Self)> = None;
        for (media, quality) in ranges {
            if quality > 0.0 && best.is_none_or(|(highest, _)| quality > highest) {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }
}

/// A media range of ours with its `q`; none for those of others.
fn read_range(text: &str) -> Option<(Media, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => Media::Strict,
        "application/json" | "application/*" | "*/*" => Media::Plain,
        "text/event-stream" => Media::Events,
        "" => return None,
        _ => return Some((Media::Plain, 0.0)),
    };
    let parameter = |name: &str, part: &str| {
        part.split_once('=')
            .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().trim_matches('"').to_ascii_lowercase())
    };
    let mut quality = 1.0;
    for part in parts {
        if let Some(value) = parameter("q", part) {
            quality = value.parse().unwrap_or(0.0);
        }
        // Answers are UTF-8 and nothing else.
        if parameter("charset", part).is_some_and(|charset| charset != "utf-8" && charset != "utf8") {
            quality = 0.0;
        }
    }
    Some((media, quality))
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
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

impl Written {
    /// What is written of an answer.
    pub(super) fn of(answer: Answer) -> Self {
        let executed = !is_request_error(&answer);
        Self { data: executed.then_some(answer.data), errors: answer.errors, extensions: answer.extensions }
    }

    /// Its JSON: an answer of ours holds texts, numbers and lists, which always have one.
    pub(super) fn json(&self) -> String {
        self.around_encoded().unwrap_or_else(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// The same if its one field was encoded before, for all who stream it.
    fn around_encoded(&self) -> Option<String> {
        let Some(Value::Object(fields)) = &self.data else { return None };
        let (name, Value::Binary(encoded)) = fields.first()? else { return None };
        let encoded = std::str::from_utf8(encoded).ok()?;
        if self.errors.is_empty() && self.extensions.is_empty() {
            return Some(format!(r#"{{"data":{{"{name}":{encoded}}}}}"#));
        }
        let rest = Self { data: None, errors: self.errors.clone(), extensions: self.extensions.clone() };
        let rest = serde_json::to_string(&rest).ok()?;
        Some(format!(r#"{{"data":{{"{name}":{encoded}}},{}"#, rest.strip_prefix('{')?))
    }
}

/// A request that was answered.
pub(super) fn replied(media: Media, reply: Reply) -> Response<Body> {
    let refused = media == Media::Strict && reply.is_request_error;
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut response = respond(status, media, Kept::body(reply.json, reply.room));
    response.headers_mut().extend(reply.headers);
    response
}

/// A request of which nothing was executed.
pub(super) fn refused(media: Media, refusal: Refusal) -> Response<Body> {
    let by_media = if media == Media::Strict { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (status, retry_after) = (refusal.status.unwrap_or(by_media), refusal.retry_after);
    let mut response = respond(status, media, Written::of(refusal.into_answer()).json().into());
    if let Some(after) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Rounded up: who comes earlier is refused again.
fn whole_seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

fn respond(status: StatusCode, media: Media, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(if media == Media::Strict { STRICT } else { PLAIN });
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// What is no GraphQL request: the status says so, and a sentence why.
pub(super) fn rejected(status: StatusCode, code: &'static str, message: &str) -> Response<Body> {
    metrics::counter!("linnet_refusals_total", "reason" => code).increment(1);
    let body = serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    respond(status, Media::Plain, body.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_quality_wins_and_among_equals_the_first() {
        let accepted =
            |value: &'static str| Media::accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]));
        assert_eq!(Media::accepted(&HeaderMap::new()), Some(Media::Plain));
        for (value, expected) in [
            ("*/*", Some(Media::Plain)),
            ("application/graphql-response+json", Some(Media::Strict)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Media::Strict)),
            ("application/json;q=0.9, application/graphql-response+json", Some(Media::Strict)),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", Some(Media::Strict)),
            ("application/json, application/graphql-response+json", Some(Media::Plain)),
            ("text/html, application/json;q=0.5", Some(Media::Plain)),
            ("text/event-stream", Some(Media::Events)),
            ("Text/Event-Stream;q=1.0, */*;q=0.1", Some(Media::Events)),
            ("application/json;q=0", None),
            ("application/json;charset=iso-8859-1", None),
            ("text/html", None),
        ] {
            assert_eq!(accepted(value), expected, "{value}");
        }
    }
}
