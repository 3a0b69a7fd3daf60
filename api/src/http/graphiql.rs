//! The API explorer at `/`: GraphiQL as `build.rs` has built it, or a page that tells how to get it.
//!
//! This module owns the embedded files and the policy that fits them. It must not know the schema, the configuration or
//! who asks: the page speaks to `/graphql` as any other client does.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Redirect, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use super::page;

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
        .route("/", get(index))
        .route("/graphiql", to_page.clone())
        .route("/graphiql/", to_page)
        .route("/graphiql/{*path}", get(asset))
}

async fn index(headers: HeaderMap) -> Result<Response, StatusCode> {
    let page = answer("index.html", &headers).or_else(|| answer("fallback.html", &headers));
    page.ok_or(StatusCode::NOT_FOUND)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, StatusCode> {
    answer(&path, &headers).ok_or(StatusCode::NOT_FOUND)
}

fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    page::answer::<Files>(path, POLICY, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_has_a_type() {
        let names: Vec<_> = Files::iter().collect();
        assert!(names.iter().any(|name| name == "index.html" || name == "fallback.html"), "no page in {names:?}");
        page::assert_types::<Files>();
    }
}
