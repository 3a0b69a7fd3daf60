//! The job that has a token made: it remembers by which hash the chain will know it, looks that up, and asks only if there is nothing.
//! Killed anywhere, it goes on from there, and makes no second token.

use entity::id::NftId;
use entity::{collection, nft};
use sea_orm::{EntityTrait, IntoActiveModel};

use super::*;
use crate::infra::chain::{Order, Token};
use crate::job::Running;

/// What a job has begun.
struct Begun {
    order: Order,
    hash: String,
}

/// The job.
pub(crate) async fn perform(app: &Arc<App>, held: Running, id: MintId) -> Result<()> {
    match attempt(app, held, id).await {
        // It is told to who asked, and is nothing that an operator could mend.
        Err(error @ Error::Refused(_)) => settle(app, held, id, error.to_string(), true).await,
        Err(error) => {
            settle(app, held, id, "It could not be minted yet, and is tried again.".into(), false).await?;
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Says to who asked that it will not be minted, in the transaction in which its job is given up.
pub(crate) async fn give_up(app: &App, on: &DatabaseTransaction, id: MintId) -> Result<()> {
    fail(app, on, id, "It could not be minted, after many attempts.".into()).await
}

async fn fail(app: &App, on: &DatabaseTransaction, id: MintId, why: String) -> Result<()> {
    let sql = "UPDATE minting_queue_items SET status = 'failed', last_error = $2, updated_at = $3 \
               WHERE id = $1 AND status <> 'cancelled' AND status <> 'minted'";
    on.execute_raw(app.db.engine().sql(sql, [id.into(), why.into(), app.clock.now().into()])).await?;
    announce(app, id);
    Ok(())
}

async fn attempt(app: &Arc<App>, held: Running, id: MintId) -> Result<()> {
    let Some(Begun { order, hash }) = begin(app, held, id).await? else { return Ok(()) };
    let token = match app.chain.look_up(&app.db, &hash).await? {
        Some(token) => token,
        None => {
            app.chain.submit(&app.db, &order).await?;
            let found = app.chain.look_up(&app.db, &hash).await?;
            found.ok_or_else(|| Error::unavailable("the chain has not come to it yet"))?
        }
    };
    record(app, held, id, hash, token).await
}

/// From here on it can't be taken back. Nothing if there is nothing to do: it was taken back, is there, or has gone with its account.
async fn begin(app: &Arc<App>, held: Running, id: MintId) -> Result<Option<Begun>> {
    let (context, now) = (app.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            held.hold(transaction).await?;
            let row = lock(engine, transaction, id).await?;
            let to_do = |row: &Model| !matches!(row.status, MintStatus::Cancelled | MintStatus::Minted);
            let Some(row) = row.filter(to_do) else { return Ok(None) };
            let sql = engine.sql("SELECT * FROM nft_collections WHERE id = $1", [row.collection_id.into()]);
            let collection = collection::Model::find_by_statement(sql).one(transaction).await?;
            let collection = collection.ok_or_else(|| Error::internal("a mint without its collection"))?;
            let order = Order { id, contract: collection.id, most: collection.max_supply };
            let hash = context.chain.hash(&order);
            let sql = "UPDATE minting_queue_items SET status = 'submitted', attempts = attempts + 1, \
                       transaction_hash = $2, last_error = NULL, updated_at = $3 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [id.into(), hash.clone().into(), now.into()])).await?;
            announce(&context, id);
            Ok(Some(Begun { order, hash }))
        })
    });
    work.await
}

/// Shows the token in its collection, and ends the job with that.
async fn record(app: &Arc<App>, held: Running, id: MintId, hash: String, token: Token) -> Result<()> {
    let (context, now) = (app.clone(), app.clock.now());
    let nft_id: NftId = app.clock.id();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            held.complete(&context, transaction).await?;
            // It may have gone with its account.
            let Some(row) = lock(engine, transaction, id).await? else { return Ok(()) };
            let minted = nft::Model {
                id: nft_id,
                collection_id: row.collection_id,
                token_id: token.id,
                owner_user_id: Some(row.user_id),
                owner_address: row.wallet_address,
                metadata_uri: row.metadata_uri,
                transaction_hash: hash,
                minted_at: now,
            };
            let minted = minted.into_active_model();
            nft::Entity::insert(minted).exec_without_returning(transaction).await?;
            let sql = "UPDATE nft_collections SET minted_count = minted_count + 1 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [row.collection_id.into()])).await?;
            let sql = "UPDATE minting_queue_items SET status = 'minted', nft_id = $2, updated_at = $3 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [id.into(), nft_id.into(), now.into()])).await?;
            announce(&context, id);
            Ok(())
        })
    });
    work.await
}

/// Says to who asked what went wrong; with `ends`, ends the job with that.
async fn settle(app: &Arc<App>, held: Running, id: MintId, why: String, ends: bool) -> Result<()> {
    let (context, now) = (app.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            if ends {
                held.complete(&context, transaction).await?;
                return fail(&context, transaction, id, why).await;
            }
            held.hold(transaction).await?;
            let sql = "UPDATE minting_queue_items SET last_error = $2, updated_at = $3 \
                       WHERE id = $1 AND status <> 'cancelled' AND status <> 'minted'";
            transaction.execute_raw(context.db.engine().sql(sql, [id.into(), why.into(), now.into()])).await?;
            announce(&context, id);
            Ok(())
        })
    });
    work.await
}
