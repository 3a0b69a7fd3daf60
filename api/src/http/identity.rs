//! Who asks, from where, and whether a page of that origin may.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, USER_AGENT};
use domain::access::Viewer;
use domain::session::{self, Client};

use super::Edge;

/// The client at the other end.
pub(super) fn client(headers: &HeaderMap, address: SocketAddr) -> Client {
    Client {
        ip_address: Some(address.ip().to_string()),
        user_agent: headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned),
    }
}

/// Who the `Authorization` header speaks for; without one, nobody.
pub(super) async fn viewer(edge: &Edge, headers: &HeaderMap) -> domain::Result<Viewer> {
    match headers.get(AUTHORIZATION) {
        None => Ok(Viewer::anonymous()),
        Some(value) => authenticate(edge, value.to_str().unwrap_or_default()).await,
    }
}

/// Who an authorization (`Bearer …`) speaks for.
pub(super) async fn authenticate(edge: &Edge, authorization: &str) -> domain::Result<Viewer> {
    let malformed = domain::Error::Unauthenticated("The authorization must read `Bearer <accessToken>`.");
    let (scheme, token) = authorization.split_once(' ').ok_or(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(domain::Error::Unauthenticated("The authorization must read `Bearer <accessToken>`."));
    }
    session::authenticate(&edge.app, token.trim()).await
}

/// Whether a socket may be opened: by a page of this server, or of an origin that is allowed, or by no page at all.
pub(super) fn may_connect(edge: &Edge, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let own = origin.split_once("://").map(|(_, host)| host);
    (own.is_some() && own == text(HOST)) || edge.allowed_origins.iter().any(|allowed| allowed == origin)
}
