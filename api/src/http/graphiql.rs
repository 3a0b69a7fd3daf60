//! The API explorer at `/`: GraphiQL as `build.rs` has built it, or a page that tells how to get it.
//!
//! This module owns the embedded files and the headers that fit them. It must not know the schema, the configuration or
//! who asks: the page speaks to `/graphql` as any other client does.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/graphiql"]
struct Files;

/// Only what comes from this server runs, and nobody frames the page, since it holds a token. Monaco writes its styles
/// inline and carries its fonts and icons as data; its workers are files of ours, or blobs that import them.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; connect-src 'self'; \
                      style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/` is the page, and what it loads is below `/graphiql/`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let to_page = get(|| async { Redirect::to("/") });
    Router::new()
        .route("/", get(page))
        .route("/graphiql", to_page.clone())
        .route("/graphiql/", to_page)
        .route("/graphiql/{*path}", get(asset))
}

async fn page(headers: HeaderMap) -> Result<Response, StatusCode> {
    let page = answer("index.html", &headers).or_else(|| answer("fallback.html", &headers));
    page.ok_or(StatusCode::NOT_FOUND)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, StatusCode> {
    answer(&path, &headers).ok_or(StatusCode::NOT_FOUND)
}

fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    // What the page loads was compressed when it was built, and is embedded in that form alone: every client that can
    // run it takes gzip, so nobody is asked.
    let (file, encoding) = match Files::get(&format!("{path}.gz")) {
        Some(file) => (file, Some([(CONTENT_ENCODING, "gzip")])),
        None => (Files::get(path)?, None),
    };
    let etag = etag(&file);
    // Vite puts a hash of the content into the name of everything in `assets`; the page itself is asked for each time.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, POLICY),
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn every_embedded_file_has_a_type() {
        let names: Vec<_> = Files::iter().collect();
        assert!(names.iter().any(|name| name == "index.html" || name == "fallback.html"), "no page in {names:?}");
        for name in names {
            let asked_for = name.strip_suffix(".gz").unwrap_or(&name);
            assert_ne!(content_type(asked_for), "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let asks = |known: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(known))]);
        assert!(is_known("\"a\"", &asks("\"b\", W/\"a\"")));
        assert!(!is_known("\"a\"", &asks("\"b\"")));
        assert!(!is_known("\"a\"", &HeaderMap::new()));
    }
}
