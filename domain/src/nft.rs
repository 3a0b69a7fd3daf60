//! Tokens that were minted. Everybody sees them and whose they are; the wallet that one was minted to is its owner's own, so that
//! nobody learns from a token which wallet belongs to which account.

use std::sync::Arc;

use entity::id::{CollectionId, NftId, UserId};
pub use entity::nft::Model;

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::keys::{Column, Key as KeyValue};
use crate::infra::list::{List, by_id, id_of};
use crate::infra::lists::Lists;
use crate::page::{Page, Window};

/// A place in a list of tokens.
pub type Key = String;

const OF_COLLECTIONS: Lists = Lists { table: "nfts", owner: "collection_id", key: ("id", Column::Id) };
const OF_USERS: Lists = Lists { table: "nfts", owner: "owner_user_id", key: ("id", Column::Id) };

fn place(text: &Key) -> KeyValue {
    id_of::<NftId>(text).into()
}

/// The tokens of each collection, the newest first: one page for each.
pub async fn of_collections(app: &App, asked: &[(CollectionId, Window<Key>)]) -> Result<Vec<Page<Model>>> {
    OF_COLLECTIONS.pages(&app.db, asked, place).await
}

/// The tokens of each account, the newest first: one page for each.
pub async fn of_users(app: &App, asked: &[(UserId, Window<Key>)]) -> Result<Vec<Page<Model>>> {
    OF_USERS.pages(&app.db, asked, place).await
}

/// The viewer's tokens, the newest first.
pub(crate) async fn of_own(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<Model>> {
    let (own, _) = viewer.require_session()?;
    let from = "FROM nfts WHERE owner_user_id = $1";
    let list = List { select: "*", from, keys: &["id"], descending: true, values: vec![own.into()] };
    list.page(&app.db, &by_id::<NftId>(window)).await
}

/// Tokens by id; those that are not there are missing.
pub async fn by_ids(app: &App, ids: &[NftId]) -> Result<Vec<Arc<Model>>> {
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM nfts WHERE id {}", engine.among(1));
    let rows: Vec<Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}
