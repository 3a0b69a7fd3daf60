//! Taking back what is still queued, in the transaction in which its job goes, too: so a queue is as long as what is left to do.

use std::collections::BTreeSet;

use entity::Timestamp;
use entity::id::{JobId, TypedId};

use super::*;
use crate::job::Running;
use crate::work::Left;

/// Something that is queued, and locked until the transaction ends.
#[derive(FromQueryResult)]
struct Queued {
    id: MintId,
}

/// Takes back what is still queued: nothing is minted for it. Refuses with [`Code::Conflict`] once it was begun.
pub async fn cancel(app: &Arc<App>, viewer: &Viewer, id: MintId) -> Result<Model> {
    let (own, _) = viewer.require_session()?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            credential::hold(engine, transaction, &viewer, now).await?;
            let row = lock(engine, transaction, id).await?.filter(|row| row.user_id == own);
            let mut row = row.ok_or_else(no_such_mint)?;
            match row.status {
                MintStatus::Cancelled => return Ok(row),
                MintStatus::Queued => {}
                _ => return Err(Error::refuse(Code::Conflict, "id", "It was begun, and can't be cancelled any more.")),
            }
            take_back(&context, transaction, &[Queued { id }], now).await?;
            (row.status, row.updated_at) = (MintStatus::Cancelled, now);
            Ok(row)
        })
    });
    work.await
}

/// Takes back what is still queued of a batch; what was begun comes to its end.
pub async fn cancel_batch(app: &Arc<App>, viewer: &Viewer, id: BatchId) -> Result<Progress> {
    let (own, _) = viewer.require_session()?;
    let (context, holder, now) = (app.clone(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            credential::hold(engine, transaction, &holder, now).await?;
            require_own(engine, transaction, id, own).await?;
            let queued = queued(engine, transaction, "batch_id = $1 AND batch_id IS NOT NULL", id.into()).await?;
            // Before its jobs are counted, so that what was to come at its end does not. It may be gone, once all of them are.
            batches::stop(&context, transaction, id).await?;
            take_back(&context, transaction, &queued, now).await
        })
    });
    work.await?;
    batch(app, viewer, id).await?.ok_or_else(no_such_batch)
}

/// Takes back all that an account has queued, in the transaction that deletes it.
pub(crate) async fn cancel_all(app: &App, on: &DatabaseTransaction, user_id: UserId) -> Result<()> {
    let queued = queued(app.db.engine(), on, "user_id = $1", user_id.into()).await?;
    take_back(app, on, &queued, app.clock.now()).await
}

async fn queued(engine: Engine, on: &DatabaseTransaction, whose: &str, of: Value) -> Result<Vec<Queued>> {
    let for_update = engine.for_update();
    let sql = format!("SELECT id FROM minting_queue_items WHERE {whose} AND status = 'queued' ORDER BY id{for_update}");
    db::all(on, engine, sql.as_str(), [of]).await
}

/// Takes back what is queued and locked, with the jobs of it that nobody has begun. A job that somebody begins at this moment is not
/// waited for: it finds that there is nothing to do.
async fn take_back(app: &App, on: &DatabaseTransaction, queued: &[Queued], now: Timestamp) -> Result<()> {
    mark(app, on, queued, now).await?;
    let engine = app.db.engine();
    let sql = format!(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE id {} AND reserved_at IS NULL{}) RETURNING batch_id",
        engine.among(1),
        engine.skip_locked()
    );
    let jobs = engine.ids(queued.iter().map(|one| only(one.id)));
    let gone: Vec<Gone> = db::all(on, engine, sql.as_str(), [jobs]).await?;
    let batches_of: BTreeSet<BatchId> = gone.iter().filter_map(|job| job.batch_id).collect();
    for batch_id in batches_of {
        let count = gone.iter().filter(|job| job.batch_id == Some(batch_id)).count();
        batches::count(app, on, batch_id, count).await?;
    }
    Ok(())
}

/// Says of what is queued and locked that it is taken back.
async fn mark(app: &App, on: &DatabaseTransaction, queued: &[Queued], now: Timestamp) -> Result<()> {
    let engine = app.db.engine();
    let among = engine.among(1);
    let sql = format!("UPDATE minting_queue_items SET status = 'cancelled', updated_at = $2 WHERE id {among}");
    on.execute_raw(engine.sql(sql, [engine.ids(queued.iter().map(|one| one.id)), now.into()])).await?;
    queued.iter().for_each(|one| announce(app, one.id));
    Ok(())
}

/// A job that went.
#[derive(FromQueryResult)]
struct Gone {
    batch_id: Option<BatchId>,
}

/// There is one job for what was asked for.
pub(crate) fn only(id: MintId) -> JobId {
    JobId::from_uuid(id.uuid())
}

/// What is done for a job of a batch that somebody has cancelled: what is queued is taken back, what was begun comes to its end.
pub(crate) async fn withdraw(app: &Arc<App>, held: Running, id: MintId) -> Result<Left> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let row = lock(context.db.engine(), transaction, id).await?;
            match row.map(|row| row.status) {
                Some(MintStatus::Submitted) => return Ok(Left::ToDo),
                Some(MintStatus::Queued) => mark(&context, transaction, &[Queued { id }], context.clock.now()).await?,
                _ => {}
            }
            held.complete(&context, transaction).await?;
            Ok(Left::Nothing)
        })
    });
    work.await
}

async fn require_own(engine: Engine, on: &DatabaseTransaction, id: BatchId, own: UserId) -> Result<()> {
    let sql =
        "SELECT id FROM minting_queue_items WHERE batch_id = $1 AND batch_id IS NOT NULL AND user_id = $2 LIMIT 1";
    let found = on.query_one_raw(engine.sql(sql, [id.into(), own.into()])).await?;
    found.map(|_| ()).ok_or_else(no_such_batch)
}
