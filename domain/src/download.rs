//! Downloads: documents that are fetched by a link, as a browser fetches a file, and written while they are read. The link has a
//! secret, since a browser sends nothing else along that says who asks; it is good once, and not for long.

use std::sync::Arc;

use futures_util::stream::BoxStream;

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::export;

/// What the path of a link begins with; the secret is the rest.
pub const PATH: &str = "/downloads/";

/// A document on its way.
pub struct Download {
    /// Whose it is: it ends with what speaks for them.
    pub viewer: Viewer,
    /// What to call the file.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its text. Behind an error comes nothing, and the document is of no use.
    pub parts: BoxStream<'static, Result<String>>,
}

/// The link that a secret opens: a path, since where the API is, its client knows best. `public_url` is where the pages are.
pub(crate) fn link(token: &str) -> String {
    format!("{PATH}{token}")
}

/// For whom a link is good, which is not used up by asking; none if it leads nowhere (any more).
pub async fn whose(app: &App, token: &str) -> Result<Option<Viewer>> {
    export::whose(app, token).await
}

/// Opens what a link leads to, by which the link is used up; none if it leads nowhere (any more).
pub async fn open(app: &Arc<App>, token: &str) -> Result<Option<Download>> {
    export::open(app, token).await
}
