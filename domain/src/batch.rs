//! Batches: jobs that belong together, how far they have come, and what is done at their end.
//!
//! A batch and its jobs are added in the transaction of what calls for them. Each job is counted in the transaction that takes it
//! away, so that the counts are right whatever is killed: what is pending are its rows in `jobs`. A batch that is cancelled begins no
//! more jobs; those that run come to their end. What is to be done at the end is a job, added in the transaction that counts the
//! last one, and not for a batch that was cancelled.

use std::sync::Arc;

use entity::Timestamp;
use entity::id::{BatchId, FailedJobId};
pub use entity::job_batch::Model;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};
use serde::{Deserialize, Serialize};

use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};
use crate::infra::list::{List, by_id as in_order};
use crate::job::{Task, Waiting, add_all};
use crate::page::{Page, Window};
use crate::session::Client;

mod watch;

pub use watch::watch;

/// Jobs that were given up, of which the batch says which; all of them know their batch.
const NAMED: usize = 100;

/// What is done beside the jobs of a batch. Kept as rows have it, so that an older version at work does not lose what a newer asked.
#[derive(Default, Serialize, Deserialize)]
struct Options {
    /// What is to be done at the end; nothing once it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    then: Option<Waiting>,
}

impl Options {
    fn of(batch: &Model) -> Self {
        serde_json::from_value(batch.options.clone()).unwrap_or_default()
    }

    fn write(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self).map_err(Error::internal)
    }
}

/// Jobs that are to be done together.
pub struct Draft<'a> {
    /// The batch's id: a new one, by which what follows may find it.
    pub id: BatchId,
    /// What they do together, for administrators.
    pub name: &'a str,
    /// What is to be done, in any order and at once.
    pub tasks: &'a [Task],
    /// What is to be done when all of them have come to an end, good or bad.
    pub then: Option<Task>,
}

/// Begins a batch in the transaction of what calls for it.
pub async fn begin(app: &App, on: &DatabaseTransaction, draft: Draft<'_>) -> Result<Model> {
    let jobs = draft.tasks.iter().map(|task| Waiting::new(app, task)).collect::<Result<_>>()?;
    let then = draft.then.as_ref().map(|task| Waiting::new(app, task)).transpose()?;
    of_jobs(app, on, draft.id, draft.name, jobs, Options { then }).await
}

/// Begins a batch of jobs that were there before, without an end.
pub(crate) async fn once_more(app: &App, on: &DatabaseTransaction, name: &str, jobs: Vec<Waiting>) -> Result<Model> {
    of_jobs(app, on, app.clock.id(), name, jobs, Options::default()).await
}

async fn of_jobs(
    app: &App,
    on: &DatabaseTransaction,
    id: BatchId,
    name: &str,
    jobs: Vec<Waiting>,
    options: Options,
) -> Result<Model> {
    let added = add_all(app, on, jobs.into_iter().map(|job| job.of(id)).collect()).await?;
    let total = i32::try_from(added).map_err(Error::internal)?;
    let batch = Model {
        id,
        name: name.to_owned(),
        total_jobs: total,
        pending_jobs: total,
        failed_jobs: 0,
        failed_job_ids: serde_json::json!([]),
        options: options.write()?,
        cancelled_at: None,
        created_at: db::stamp(on, app.db.engine()).await?,
        finished_at: None,
    };
    entity::job_batch::Entity::insert(batch.clone().into_active_model()).exec_without_returning(on).await?;
    if total > 0 { Ok(batch) } else { finish(app, on, batch).await }
}

/// Counts jobs that were done, or were not begun, in the transaction that takes them away, and finishes the batch with the last one.
pub(crate) async fn count(app: &App, on: &DatabaseTransaction, id: BatchId, jobs: usize) -> Result<()> {
    let jobs = i32::try_from(jobs).map_err(Error::internal)?;
    settle(app, on, id, jobs, None).await
}

/// Counts a job in the same way that was given up.
pub(crate) async fn count_failed(app: &App, on: &DatabaseTransaction, id: BatchId, job: FailedJobId) -> Result<()> {
    settle(app, on, id, 1, Some(job)).await
}

async fn settle(
    app: &App,
    on: &DatabaseTransaction,
    id: BatchId,
    jobs: i32,
    failed: Option<FailedJobId>,
) -> Result<()> {
    let engine = app.db.engine();
    let sql = "UPDATE job_batches SET pending_jobs = pending_jobs - $2, failed_jobs = failed_jobs + $3 WHERE id = $1 RETURNING *";
    let values = [id.into(), jobs.into(), i32::from(failed.is_some()).into()];
    let batch = Model::find_by_statement(engine.sql(sql, values)).one(on).await?;
    // It may be gone: its time is over, and a job that belonged to it was begun anew.
    let Some(batch) = batch else { return Ok(()) };
    if let Some(failed) = failed {
        let mut named = failed_ids(&batch);
        if named.len() < NAMED {
            named.push(failed);
            name_failed(engine, on, id, &named).await?;
        }
    }
    if batch.pending_jobs <= 0 {
        finish(app, on, batch).await?;
    }
    announce(app, id);
    Ok(())
}

/// Takes jobs of a batch back into it that were given up and are begun anew. Its row has to be locked. One that is there already, since
/// it has an id of its own and was asked for in the meantime, is of no batch, and is not waited for.
pub(crate) async fn resume(
    app: &App,
    on: &DatabaseTransaction,
    batch: &Model,
    again: &[FailedJobId],
    jobs: Vec<Waiting>,
) -> Result<()> {
    let engine = app.db.engine();
    let added = i64::try_from(add_all(app, on, jobs).await?).map_err(Error::internal)?;
    let given_up = i64::try_from(again.len()).map_err(Error::internal)?;
    let sql = "UPDATE job_batches SET pending_jobs = pending_jobs + $2, failed_jobs = failed_jobs - $3, \
               finished_at = CASE WHEN pending_jobs + $2 > 0 THEN NULL ELSE finished_at END WHERE id = $1";
    on.execute_raw(engine.sql(sql, [batch.id.into(), added.into(), given_up.into()])).await?;
    forget(app, on, batch, again).await
}

/// Names jobs no longer that were given up: they are begun anew, or forgotten. The batch's row has to be locked.
pub(crate) async fn forget(app: &App, on: &DatabaseTransaction, batch: &Model, gone: &[FailedJobId]) -> Result<()> {
    let mut named = failed_ids(batch);
    named.retain(|id| !gone.contains(id));
    name_failed(app.db.engine(), on, batch.id, &named).await?;
    announce(app, batch.id);
    Ok(())
}

async fn name_failed(engine: Engine, on: &DatabaseTransaction, id: BatchId, named: &[FailedJobId]) -> Result<()> {
    let named = serde_json::to_value(named).map_err(Error::internal)?;
    let sql = "UPDATE job_batches SET failed_job_ids = $2 WHERE id = $1";
    on.execute_raw(engine.sql(sql, [id.into(), named.into()])).await?;
    Ok(())
}

/// The jobs of a batch that were given up: the first of them, up to a hundred.
pub fn failed_ids(batch: &Model) -> Vec<FailedJobId> {
    serde_json::from_value(batch.failed_job_ids.clone()).unwrap_or_default()
}

/// Nothing is pending any more.
async fn finish(app: &App, on: &DatabaseTransaction, mut batch: Model) -> Result<Model> {
    let engine = app.db.engine();
    let then = Options::of(&batch).then;
    batch.finished_at = Some(db::stamp(on, engine).await?);
    // What was added is not added again, should a job of it be begun anew.
    batch.options = Options::default().write()?;
    let sql = "UPDATE job_batches SET finished_at = $2, options = $3 WHERE id = $1";
    let values = [batch.id.into(), batch.finished_at.into(), batch.options.clone().into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    if let Some(then) = then.filter(|_| batch.cancelled_at.is_none()) {
        add_all(app, on, vec![then]).await?;
    }
    Ok(batch)
}

/// Whether no more jobs of a batch are to be begun.
pub(crate) async fn is_cancelled(app: &App, id: BatchId) -> Result<bool> {
    Ok(find(app, id).await?.is_some_and(|batch| batch.cancelled_at.is_some()))
}

/// A batch, for whoever has a right to know of it; none once it is gone.
pub(crate) async fn find(app: &App, id: BatchId) -> Result<Option<Model>> {
    app.db.one("SELECT * FROM job_batches WHERE id = $1", [id.into()]).await
}

/// As [`find`], locked until the transaction ends.
pub(crate) async fn lock(engine: Engine, on: &DatabaseTransaction, id: BatchId) -> Result<Option<Model>> {
    let sql = format!("SELECT * FROM job_batches WHERE id = $1{}", engine.for_no_key_update());
    Ok(Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?)
}

/// Cancels a batch in the transaction of what calls for it: no more of its jobs are begun. One that is finished, or was cancelled
/// before, stays as it is. Whether there is such a batch.
pub(crate) async fn stop(app: &App, on: &DatabaseTransaction, id: BatchId) -> Result<Option<Model>> {
    let engine = app.db.engine();
    let Some(mut batch) = lock(engine, on, id).await? else { return Ok(None) };
    if batch.finished_at.is_none() && batch.cancelled_at.is_none() {
        let now: Timestamp = db::stamp(on, engine).await?;
        let sql = "UPDATE job_batches SET cancelled_at = $2 WHERE id = $1";
        on.execute_raw(engine.sql(sql, [id.into(), now.into()])).await?;
        batch.cancelled_at = Some(now);
        announce(app, id);
    }
    Ok(Some(batch))
}

/// Tells whoever watches a batch, once the transaction at hand is committed.
fn announce(app: &App, id: BatchId) {
    let bus = app.bus.clone();
    db::after_commit(move || bus.publish(Hint::BatchChanged(id)));
}

fn no_such_batch() -> Error {
    Error::not_found("id", "batch")
}

/// A batch: for administrators.
pub async fn by_id(app: &App, _: &Administrator, id: BatchId) -> Result<Option<Model>> {
    find(app, id).await
}

/// All batches, the newest first: for administrators.
pub async fn list(app: &App, _: &Administrator, window: &Window<String>) -> Result<Page<Model>> {
    let from = "FROM job_batches WHERE TRUE";
    let list = List { select: "*", from, keys: &["id"], descending: true, values: Vec::new() };
    list.page(&app.db, &in_order::<BatchId>(window)).await
}

/// Cancels a batch: for administrators. Who is none is told that there is no such batch.
pub async fn cancel(app: &Arc<App>, client: &Client, viewer: &Viewer, id: BatchId) -> Result<Model> {
    let (own, _) = viewer.require_session()?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let entry = Entry::new(app, Action::JobBatchCancel, own, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let account = credential::hold(engine, transaction, &viewer, now).await?;
            Administrator::held(&viewer, &account).ok_or_else(no_such_batch)?;
            let batch = lock(engine, transaction, id).await?.ok_or_else(no_such_batch)?;
            if batch.finished_at.is_some() || batch.cancelled_at.is_some() {
                return Ok(batch);
            }
            let batch = stop(&context, transaction, id).await?.ok_or_else(no_such_batch)?;
            audit::record(transaction, entry).await?;
            Ok(batch)
        })
    });
    work.await
}
