//! The query string of an address that is signed.

use axum::extract::Query;
use axum::http::Uri;
use domain::upload::Signature;
use serde::Deserialize;

/// As it is written.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    size: i32,
    expires: i64,
    signature: String,
}

/// Reads it: what it says of the size, and its signature. None if it is not one.
pub(super) fn read(uri: &Uri) -> Option<(i32, Signature)> {
    let Query(Written { size, expires, signature }) = Query::<Written>::try_from_uri(uri).ok()?;
    Some((size, Signature { expires, text: signature }))
}
