//! Pages that are in the binary: how one of their files is answered.
//!
//! This module owns the headers that all of them have. It must not know any page.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// One file of a page under the page's Content-Security-Policy; none if the page has no such file.
pub(super) fn answer<Files: RustEmbed>(path: &str, policy: &'static str, headers: &HeaderMap) -> Option<Response> {
    // What was compressed when it was built is embedded in that form alone: every client that can run it takes gzip, so
    // nobody is asked.
    let (file, encoding) = match Files::get(&format!("{path}.gz")) {
        Some(file) => (file, Some([(CONTENT_ENCODING, "gzip")])),
        None => (Files::get(path)?, None),
    };
    let etag = etag(&file);
    // Vite puts a hash of the content into the name of everything in `assets`; the page itself is asked for each time.
    let caching = if path.starts_with(ASSETS) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, policy),
        (ETAG, etag.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Some(if is_known(&etag, headers) {
        (StatusCode::NOT_MODIFIED, common).into_response()
    } else {
        (common, encoding, [(CONTENT_TYPE, content_type(path))], file.data).into_response()
    })
}

/// Where Vite puts what a page loads.
pub(super) const ASSETS: &str = "assets/";

fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    format!("\"{}\"", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Whether the client has this version already. A proxy in between may have made the tag a weak one.
fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|known| known.trim().trim_start_matches("W/") == etag)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Fails unless each file of a page has a type of its own.
#[cfg(test)]
#[track_caller]
pub(super) fn assert_types<Files: RustEmbed>() {
    for name in Files::iter() {
        let asked_for = name.strip_suffix(".gz").unwrap_or(&name);
        assert_ne!(content_type(asked_for), "application/octet-stream", "{name}");
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_known_version_is_not_sent_again() {
        let asks = |known: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(known))]);
        assert!(is_known("\"a\"", &asks("\"b\", W/\"a\"")));
        assert!(!is_known("\"a\"", &asks("\"b\"")));
        assert!(!is_known("\"a\"", &HeaderMap::new()));
    }
}
