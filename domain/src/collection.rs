//! Collections: what tokens belong to. Everybody sees them; who made one may mint into it, and says whether others may, too.

use std::collections::HashMap;
use std::sync::Arc;

pub use entity::collection::Model;
use entity::id::{CollectionId, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::infra::list::{List, by_id};
use crate::page::{Page, Window};
use crate::text::Checks;

/// Characters of a name, at the most.
const LONGEST_NAME: usize = 100;
/// Characters of a symbol, at the most.
const LONGEST_SYMBOL: usize = 11;
/// Characters of a description, at the most.
const LONGEST_DESCRIPTION: usize = 1000;
/// Tokens that a collection may have, at the most.
const MOST_TOKENS: i32 = 1_000_000_000;

/// A collection to be made.
pub struct Draft {
    /// 1 to 100 characters.
    pub name: String,
    /// 1 to 11 of `A-Z0-9`.
    pub symbol: String,
    /// Up to 1,000 characters.
    pub description: Option<String>,
    /// Whether others than its creator may mint into it.
    pub is_open: bool,
    /// How many tokens there may ever be: 1 to a billion, or any number.
    pub max_supply: Option<i32>,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct Changes {
    /// Up to 1,000 characters; an inner `None` takes it away.
    pub description: Option<Option<String>>,
    /// Whether others than its creator may mint into it.
    pub is_open: Option<bool>,
}

/// Makes a collection. Guests make none.
pub async fn create(app: &App, viewer: &Viewer, draft: Draft) -> Result<Model> {
    viewer.require_session()?;
    let created_by = viewer.require_account()?.user.id;
    check(&draft)?;
    let now = app.clock.now();
    let row = Model {
        id: app.clock.id(),
        name: draft.name,
        symbol: draft.symbol,
        description: draft.description,
        contract_address: None,
        chain_id: None,
        created_by: Some(created_by),
        is_open: draft.is_open,
        max_supply: draft.max_supply.map(i64::from),
        minted_count: 0,
        created_at: now,
        updated_at: now,
    };
    let (engine, viewer, made) = (app.db.engine(), viewer.clone(), row.clone().into_active_model());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            Ok(entity::collection::Entity::insert(made).exec_without_returning(transaction).await?)
        })
    });
    work.await?;
    Ok(row)
}

fn check(draft: &Draft) -> Result<()> {
    let mut checks = Checks::default();
    checks.text("name", &draft.name, LONGEST_NAME);
    checks.text("symbol", &draft.symbol, LONGEST_SYMBOL);
    let plain = draft.symbol.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    checks.require(plain, Code::Invalid, "symbol", "It may have the letters A to Z and digits only.");
    checks.optional("description", draft.description.as_deref(), LONGEST_DESCRIPTION);
    let bounded = draft.max_supply.is_none_or(|most| (1..=MOST_TOKENS).contains(&most));
    checks.require(bounded, Code::Invalid, "max_supply", format!("It must be from 1 to {MOST_TOKENS}."));
    checks.done()
}

/// Changes one of the viewer's collections.
pub async fn update(app: &App, viewer: &Viewer, id: CollectionId, changes: Changes) -> Result<Model> {
    let (own, _) = viewer.require_session()?;
    let mut checks = Checks::default();
    checks.optional("description", changes.description.as_ref().and_then(Option::as_deref), LONGEST_DESCRIPTION);
    checks.done()?;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = format!("SELECT * FROM nft_collections WHERE id = $1{}", engine.for_update());
            let row = Model::find_by_statement(engine.sql(sql, [id.into()])).one(transaction).await?;
            let mut row = row.ok_or_else(|| not_found("id"))?;
            if row.created_by != Some(own) {
                return Err(Error::refuse(Code::Forbidden, "id", "Only its creator may change a collection."));
            }
            row.description = changes.description.unwrap_or(row.description);
            row.is_open = changes.is_open.unwrap_or(row.is_open);
            row.updated_at = now;
            let sql = "UPDATE nft_collections SET description = $2, is_open = $3, updated_at = $4 WHERE id = $1";
            let values = [id.into(), row.description.clone().into(), row.is_open.into(), now.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            Ok(row)
        })
    });
    work.await
}

fn not_found(field: &'static str) -> Error {
    Error::not_found(field, "collection")
}

/// A collection that somebody may mint into: it stays so until the transaction ends.
pub(crate) async fn open_to(
    engine: Engine,
    on: &DatabaseTransaction,
    id: CollectionId,
    user_id: UserId,
) -> Result<Model> {
    let sql = format!("SELECT * FROM nft_collections WHERE id = $1{}", engine.for_share());
    let row = Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?;
    let row = row.ok_or_else(|| not_found("collection_id"))?;
    if !row.is_open && row.created_by != Some(user_id) {
        let why = "Only its creator may mint into this collection.";
        return Err(Error::refuse(Code::Forbidden, "collection_id", why));
    }
    if row.max_supply.is_some_and(|most| row.minted_count >= most) {
        return Err(Error::refuse(Code::Conflict, "collection_id", "The collection has all of its tokens."));
    }
    Ok(row)
}

/// All collections, the newest first.
pub async fn list(app: &App, window: &Window<String>) -> Result<Page<Model>> {
    let from = "FROM nft_collections WHERE TRUE";
    let list = List { select: "*", from, keys: &["id"], descending: true, values: Vec::new() };
    list.page(&app.db, &by_id::<CollectionId>(window)).await
}

/// The viewer's collections, the newest first.
pub(crate) async fn of_own(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<Model>> {
    let (own, _) = viewer.require_session()?;
    let from = "FROM nft_collections WHERE created_by = $1";
    let list = List { select: "*", from, keys: &["id"], descending: true, values: vec![own.into()] };
    list.page(&app.db, &by_id::<CollectionId>(window)).await
}

/// Collections by id; those that are not there are missing.
pub async fn by_ids(app: &App, ids: &[CollectionId]) -> Result<HashMap<CollectionId, Arc<Model>>> {
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM nft_collections WHERE id {}", engine.among(1));
    let rows: Vec<Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, Arc::new(row))).collect())
}
