//! The tokens of the demo: the job that mints them is left to the server.

use std::sync::Arc;

use super::cast::Who::{self, Omar};
use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::{collection, mint};

/// Whose collection it is.
pub(super) const ARTIST: Who = Omar;

/// Makes a collection to which everybody may add, and asks for its first tokens.
pub(super) async fn ask(app: &Arc<App>, artist: &Viewer) -> Result<()> {
    let draft = collection::Draft {
        name: "Visitors of the roof".into(),
        symbol: "TIT".into(),
        description: Some("One for each bird that has looked into the lens.".into()),
        is_open: true,
        max_supply: Some(1000),
    };
    let made = collection::create(app, artist, draft).await?;
    let metadata_uris = (1..=3).map(|number| format!("https://example.org/visitors/{number}.json")).collect();
    let draft = mint::Draft {
        collection_id: made.id,
        metadata_uris,
        together: true,
        wallet_id: None,
        client_key: Some("demo".into()),
    };
    mint::request(app, artist, draft).await?;
    Ok(())
}
