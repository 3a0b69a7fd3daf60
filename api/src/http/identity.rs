//! Who asks, from where, and whether a page of that origin may.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, FORWARDED, HOST, HeaderName, ORIGIN, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use domain::access::Viewer;
use domain::credential;
use domain::session::Client;

use super::Edge;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client at the other end, behind proxies that are trusted.
pub(super) fn client(edge: &Edge, headers: &HeaderMap, peer: SocketAddr) -> Client {
    let forwarded = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let address = behind(peer.ip(), forwarded, |address| edge.is_proxy(address));
    Client { ip_address: Some(address), user_agent: text(headers, USER_AGENT).map(str::to_owned), device: None }
}

/// The nearest address that is no proxy of ours. Each proxy appends whom it was asked by, so the list is read from its end, and
/// what stands before the first stranger is the stranger's word.
fn behind<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let mut nearest = peer.to_canonical();
    for text in forwarded.rev().flat_map(|list| list.rsplit(',')) {
        if !is_proxy(nearest) {
            return nearest;
        }
        match read_address(text.trim()) {
            Some(address) => nearest = address.to_canonical(),
            None => return nearest,
        }
    }
    nearest
}

/// Some proxies write the port, too.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether somebody is on the same machine or in the same private network.
pub(super) fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Whether a proxy stands between, so that whoever asks may be anywhere.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key(FORWARDED)
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
    credential::authenticate(&edge.app, token.trim()).await
}

/// Whether a page may ask: one of this server, or of an origin that is allowed. What is no page sends no origin.
pub(super) fn may_ask(edge: &Edge, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let own = origin.split_once("://").map(|(_, host)| host);
    (own.is_some() && own == text(headers, HOST)) || is_allowed(&edge.allowed_origins, origin)
}

/// Whether an origin is among those that are allowed; `*` stands for all.
pub(super) fn is_allowed(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|one| one == "*" || one == origin)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_first_stranger_is_the_strangers_word() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let seen =
            |peer: &str, forwarded: &[&'static str]| behind(ip(peer), forwarded.iter().copied(), is_near).to_string();
        assert_eq!(seen("198.51.100.1", &["203.0.113.9"]), "198.51.100.1", "no proxy, no word");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9", "two headers are one list");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, nonsense"]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
