//! Minting: somebody asks for tokens of a collection, and a job has them made by the chain ([`crate::infra::chain`]).
//!
//! What is asked for is a row of its own, which only who asked sees. It is queued, and can be taken back, until a job has begun it:
//! from then on the chain may have been asked. The token shows in its collection in the transaction that ends the job.

use std::sync::Arc;

use entity::id::{BatchId, CollectionId, MintId, UserId, WalletId};
pub use entity::mint::{MintStatus, Model};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};

mod cancel;
mod progress;
mod request;
mod work;

pub use cancel::{cancel, cancel_batch};
pub(crate) use cancel::{cancel_all, only, withdraw};
pub use progress::{Progress, batch, watch, watch_batch};
pub use request::{Draft, Requested, request};
pub(crate) use work::{give_up, perform};

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};
use crate::infra::list::{List, by_id as in_order};
use crate::page::{Page, Window};
use crate::watch::State;
use crate::{batch as batches, credential};

/// A place in the list of what one has asked for.
pub type Key = String;

fn no_such_mint() -> Error {
    Error::not_found("id", "mint")
}

fn no_such_batch() -> Error {
    Error::not_found("id", "batch of mints")
}

/// Tells whoever watches it, once the transaction at hand is committed.
fn announce(app: &App, id: MintId) {
    let bus = app.bus.clone();
    db::after_commit(move || bus.publish(Hint::MintChanged(id)));
}

/// What the viewer has asked for, the newest first; all of it, or what is of one batch. Not for API keys.
pub async fn list(app: &App, viewer: &Viewer, of: Option<BatchId>, window: &Window<Key>) -> Result<Page<Model>> {
    let (own, _) = viewer.require_session()?;
    let (from, values): (_, Vec<Value>) = match of {
        Some(batch) => {
            let from = "FROM minting_queue_items WHERE user_id = $1 AND batch_id = $2 AND batch_id IS NOT NULL";
            (from, vec![own.into(), batch.into()])
        }
        None => ("FROM minting_queue_items WHERE user_id = $1", vec![own.into()]),
    };
    let list = List { select: "*", from, keys: &["id"], descending: true, values };
    list.page(&app.db, &in_order::<MintId>(window)).await
}

/// Something that the viewer has asked for. Not for API keys.
pub async fn by_id(app: &App, viewer: &Viewer, id: MintId) -> Result<Option<Model>> {
    let (own, _) = viewer.require_session()?;
    Ok(Model::look(app, id).await?.filter(|row| row.user_id == own))
}

/// One row, which nobody else changes before the transaction ends.
async fn lock(engine: Engine, on: &DatabaseTransaction, id: MintId) -> Result<Option<Model>> {
    let sql = format!("SELECT * FROM minting_queue_items WHERE id = $1{}", engine.for_update());
    Ok(Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?)
}
