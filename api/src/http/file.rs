//! `GET /files/…`: a file by its address, as its content says it is, and as nothing that a browser runs.

use std::net::SocketAddr;
use std::ops::Range;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use domain::upload::{self, File, Which};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{self, Media, rejected};
use super::operation::{Refusal, charge_request, new_request_id};
use super::{Edge, address, identity};

/// What stands for itself in a name (RFC 8187).
const IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The file itself.
pub(super) async fn file(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    asked: Asked,
) -> Response<Body> {
    get(&edge, peer, &id, Which::File, &asked).await
}

/// The small picture that was made of it.
pub(super) async fn thumbnail(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    asked: Asked,
) -> Response<Body> {
    get(&edge, peer, &id, Which::Thumbnail, &asked).await
}

/// How it is asked for.
pub(super) struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone() })
    }
}

async fn get(edge: &Edge, peer: SocketAddr, id: &str, which: Which, asked: &Asked) -> Response<Body> {
    let client = identity::client(edge, &asked.headers, peer);
    if let Err(refusal) = charge_request(edge, &client) {
        return answer::refused(Media::Plain, refusal);
    }
    let found = async {
        let Some((_, signature)) = address::read(&asked.uri) else { return Ok(None) };
        upload::find(&edge.app, id, which, &signature).await
    };
    let sent = match found.await {
        Ok(Some(file)) => send(edge, &file, asked).await,
        Ok(None) => {
            let why = "This address leads nowhere (any more): ask for the attachment again.";
            return rejected(StatusCode::NOT_FOUND, "NOT_FOUND", why);
        }
        Err(error) => Err(error),
    };
    sent.unwrap_or_else(|error| answer::refused(Media::Plain, Refusal::of(new_request_id(edge), error)))
}

async fn send(edge: &Edge, file: &File, asked: &Asked) -> domain::Result<Response<Body>> {
    let tag = format!("\"{}\"", file.tag);
    let given = |name: HeaderName| asked.headers.get(name).and_then(|value| value.to_str().ok());
    let mut response = Response::new(Body::empty());
    describe(file, &tag, response.headers_mut());
    if given(IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.split(',').any(|one| is_tag(one, &tag))) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    // Who has a part of another content gets all of this one.
    let wanted = given(RANGE).filter(|_| given(IF_RANGE).is_none_or(|one| one == tag));
    let part = match wanted.map_or(Wanted::All, |text| wanted_of(text, file.size)) {
        Wanted::All => 0..file.size,
        Wanted::Part(part) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.size);
            response.headers_mut().extend(HeaderValue::try_from(range).ok().map(|value| (CONTENT_RANGE, value)));
            part
        }
        Wanted::Beyond => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            let range = format!("bytes */{}", file.size);
            response.headers_mut().extend(HeaderValue::try_from(range).ok().map(|value| (CONTENT_RANGE, value)));
            return Ok(response);
        }
    };
    response.headers_mut().insert(CONTENT_LENGTH, (part.end - part.start).into());
    if asked.method != Method::HEAD {
        *response.body_mut() = Body::from_stream(file.read(&edge.app, part).await?);
    }
    Ok(response)
}

/// Whether one of several tags is this one; whether it is called weak does not matter here.
fn is_tag(text: &str, tag: &str) -> bool {
    let text = text.trim();
    text.strip_prefix("W/").unwrap_or(text) == tag
}

/// What is told of a file in every answer.
fn describe(file: &File, tag: &str, headers: &mut HeaderMap) {
    let name = utf8_percent_encode(&file.name, IN_NAMES);
    let shown = if file.is_shown { "inline" } else { "attachment" };
    let fresh = file.fresh.as_secs();
    for (header, value) in [
        (CONTENT_DISPOSITION, format!("{shown}; filename*=UTF-8''{name}")),
        (CACHE_CONTROL, format!("private, max-age={fresh}, immutable")),
        (ETAG, tag.to_owned()),
    ] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (header, value)));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
}

/// What of a file is wanted.
#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    Part(Range<u64>),
    /// What is behind its end.
    Beyond,
}

/// Reads a range (RFC 9110, 14). Several of them, or what is none, are as if all had been asked for.
fn wanted_of(text: &str, size: u64) -> Wanted {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Wanted::All;
    };
    let range = match (first.trim(), last.trim()) {
        ("", last) => last.parse().ok().map(|last: u64| size.saturating_sub(last)..size),
        (first, "") => first.parse().ok().map(|first: u64| first..size),
        (first, last) => match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => Some(first..last.saturating_add(1).min(size)),
            _ => None,
        },
    };
    match range {
        None => Wanted::All,
        Some(range) if range.start < range.end => Wanted::Part(range),
        Some(_) => Wanted::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_what_is_none_is_all() {
        for (text, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=5-99", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=99-100", Wanted::Beyond),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=18446744073709551615-18446744073709551615", Wanted::Beyond),
            ("items=0-1", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(wanted_of(text, 10), expected, "{text}");
        }
    }
}
