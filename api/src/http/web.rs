//! The example for the web at `/app`: `clients/web` as it was built before the server, or a sentence that tells how to.
//!
//! This module owns the embedded files and the policy that fits them. It must not know the schema, the configuration or
//! who asks: the page speaks to `/graphql` as any other client does.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use super::page;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Files;

/// Only what comes from this server runs, is shown and is asked, and nobody frames the page, since it holds a token. Files of
/// messages come from here, too, wherever they are kept; those that are about to be sent are shown out of the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HOW_TO: &str = "This server was built without the example for the web. To have it here, run \
                      `npm ci --prefix clients/typescript && npm ci --prefix clients/web`, and build the server again.\n";

/// Everything below `/app` is the page, but for what it loads: which place in it is meant, it finds out by itself.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let index = get(|headers| async move { at("", &headers) });
    Router::new()
        .route("/app", index.clone())
        .route("/app/", index)
        .route("/app/{*path}", get(|Path(path): Path<String>, headers: HeaderMap| async move { at(&path, &headers) }))
}

fn at(path: &str, headers: &HeaderMap) -> Response {
    let answer = |path| page::answer::<Files>(path, POLICY, headers);
    // A page that was open while the server was replaced may ask for a part of its own version: that is no page.
    let found = answer(path).or_else(|| if path.starts_with(page::ASSETS) { None } else { answer("index.html") });
    found.unwrap_or_else(|| match Files::get("index.html") {
        Some(_) => StatusCode::NOT_FOUND.into_response(),
        None => (StatusCode::NOT_FOUND, HOW_TO).into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_has_a_type() {
        page::assert_types::<Files>();
    }
}
