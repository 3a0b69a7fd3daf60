//! Jobs that were given up: what administrators see of them, and how they are begun anew or forgotten. What a job was to do may be
//! somebody's address, so it is not among what is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::failed_job;
use entity::id::{BatchId, FailedJobId, JobId, TypedId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use super::{Queue, Task, Waiting};
use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Result};
use crate::infra::db::{self, Engine};
use crate::infra::list::{List, by_id};
use crate::page::{Page, Window};
use crate::session::Client;
use crate::{batch, credential};

/// Characters of a reason that are kept.
const REASON: usize = 500;
/// Kinds of jobs of which nothing is kept once the account is gone that they were for.
const ADDRESSED: &str = "'mail', 'prove_email', 'reset_password'";
/// Letters and digits without a break that may be a secret.
const SECRET: usize = 32;
/// Jobs that are begun anew at once, and that are looked at for that.
const AT_ONCE: usize = 1_000;
const LOOKED_AT: usize = 10_000;

/// A reason as administrators may see it: without what may be an address of somebody's mail, or a secret.
pub(super) fn shown(reason: &str) -> String {
    let word = |word: &str| {
        let is_token = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let longest = word.split(|letter| !is_token(letter)).map(str::len).max().unwrap_or_default();
        if word.contains('@') || longest >= SECRET { "[…]".to_owned() } else { word.to_owned() }
    };
    let words: Vec<_> = reason.split_whitespace().map(word).collect();
    words.join(" ").chars().take(REASON).collect()
}

fn no_such_job() -> Error {
    Error::not_found("id", "failed job")
}

/// Jobs that were given up, of one queue or of all, the latest first: for administrators.
pub async fn list(
    app: &App,
    _: &Administrator,
    queue: Option<Queue>,
    window: &Window<String>,
) -> Result<Page<failed_job::Model>> {
    let (from, values) = match queue {
        Some(queue) => ("FROM failed_jobs WHERE queue = $1", vec![queue.name().into()]),
        None => ("FROM failed_jobs WHERE TRUE", Vec::new()),
    };
    let list = List { select: "*", from, keys: &["id"], descending: true, values };
    list.page(&app.db, &by_id::<FailedJobId>(window)).await
}

/// Begins a job anew, in the batch that it was of. Who is no administrator is told that there is no such job.
pub async fn retry(app: &Arc<App>, client: &Client, viewer: &Viewer, id: FailedJobId) -> Result<JobId> {
    let (own, _) = viewer.require_session()?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let entry = Entry::new(app, Action::JobRetry, own, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let account = credential::hold(engine, transaction, &viewer, now).await?;
            Administrator::held(&viewer, &account).ok_or_else(no_such_job)?;
            let row = lock(engine, transaction, id).await?.ok_or_else(no_such_job)?;
            let job_id = row.uuid;
            if !is_known(&row) {
                return Err(Error::refuse(Code::Conflict, "id", "What this job was to do is not known any more."));
            }
            let taken = revive(&context, transaction, vec![row]).await?;
            if taken.jobs == 0 {
                return Err(Error::refuse(Code::Conflict, "id", "This job is of a batch that was cancelled."));
            }
            super::add_all(&context, transaction, taken.alone).await?;
            audit::record(transaction, entry).await?;
            Ok(job_id)
        })
    });
    work.await
}

/// What was begun anew.
pub struct Revived {
    /// How many jobs.
    pub jobs: usize,
    /// The batch of those that were of none before; none if there were none.
    pub batch: Option<batch::Model>,
    /// Whether there may be more that can be begun anew.
    pub more: bool,
}

/// Begins all jobs anew that can be, of one queue or of all, the first of them up to a thousand: those of a batch in it, the others
/// as a new one. For administrators.
pub async fn retry_all(app: &Arc<App>, client: &Client, viewer: &Viewer, queue: Option<Queue>) -> Result<Revived> {
    let (own, _) = viewer.require_session()?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let entry = Entry::new(app, Action::JobRetryAll, own, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let forbidden = || Error::refuse(Code::Forbidden, "queue", "Only an administrator may do this.");
            let account = credential::hold(engine, transaction, &viewer, now).await?;
            Administrator::held(&viewer, &account).ok_or_else(forbidden)?;
            let (rows, more) = retryable(engine, transaction, queue).await?;
            let Taken { jobs, alone } = revive(&context, transaction, rows).await?;
            if jobs == 0 {
                return Ok(Revived { jobs, batch: None, more });
            }
            audit::record(transaction, entry).await?;
            let batch = match alone.is_empty() {
                true => None,
                false => Some(batch::once_more(&context, transaction, "retry", alone).await?),
            };
            Ok(Revived { jobs, batch, more })
        })
    });
    work.await
}

/// Forgets a job that was given up. Who is no administrator is told that there is none.
pub async fn forget(app: &Arc<App>, client: &Client, viewer: &Viewer, id: FailedJobId) -> Result<()> {
    let (own, _) = viewer.require_session()?;
    let (context, viewer, now) = (app.clone(), viewer.clone(), app.clock.now());
    let entry = Entry::new(app, Action::JobForget, own, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let account = credential::hold(engine, transaction, &viewer, now).await?;
            Administrator::held(&viewer, &account).ok_or_else(no_such_job)?;
            let row = lock(engine, transaction, id).await?.ok_or_else(no_such_job)?;
            if let Some(batch_id) = row.batch_id
                && let Some(batch) = batch::lock(engine, transaction, batch_id).await?
            {
                batch::forget(&context, transaction, &batch, &[id]).await?;
            }
            remove(engine, transaction, &[id]).await?;
            audit::record(transaction, entry).await
        })
    });
    work.await
}

#[derive(FromQueryResult)]
struct Before {
    id: FailedJobId,
    batch_id: Option<BatchId>,
}

/// Forgets that a job was given up before: one that is done again and again has an id of its own, and is given up once more.
pub(super) async fn replace(app: &App, on: &DatabaseTransaction, job: JobId) -> Result<()> {
    let engine = app.db.engine();
    let sql = "DELETE FROM failed_jobs WHERE uuid = $1 RETURNING id, batch_id";
    let before = Before::find_by_statement(engine.sql(sql, [job.into()])).one(on).await?;
    if let Some(Before { id, batch_id: Some(batch_id) }) = before
        && let Some(batch) = batch::lock(engine, on, batch_id).await?
    {
        batch::forget(app, on, &batch, &[id]).await?;
    }
    Ok(())
}

async fn lock(engine: Engine, on: &DatabaseTransaction, id: FailedJobId) -> Result<Option<failed_job::Model>> {
    let sql = format!("SELECT * FROM failed_jobs WHERE id = $1{}", engine.for_update());
    Ok(failed_job::Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?)
}

async fn remove(engine: Engine, on: &DatabaseTransaction, ids: &[FailedJobId]) -> Result<()> {
    let sql = format!("DELETE FROM failed_jobs WHERE id {}", engine.among(1));
    on.execute_raw(engine.sql(sql, [engine.ids(ids.iter().copied())])).await?;
    Ok(())
}

/// Whether this version knows what a job was to do: it is no longer there once the account is gone that it was for.
fn is_known(row: &failed_job::Model) -> bool {
    Task::parse(&row.kind, &row.payload).is_some()
}

/// Jobs that can be begun anew, the first of them, locked; and whether there may be more. Those of cancelled batches can't.
async fn retryable(
    engine: Engine,
    on: &DatabaseTransaction,
    queue: Option<Queue>,
) -> Result<(Vec<failed_job::Model>, bool)> {
    let of_queue = if queue.is_some() { " AND f.queue = $2" } else { "" };
    let sql = format!(
        "SELECT f.* FROM failed_jobs f WHERE f.id > $1{of_queue} AND NOT EXISTS \
         (SELECT 1 FROM job_batches b WHERE b.id = f.batch_id AND b.cancelled_at IS NOT NULL) \
         AND NOT (f.kind IN ({ADDRESSED}) AND f.payload = {}) \
         ORDER BY f.id LIMIT {AT_ONCE}{}",
        engine.json("'{}'"),
        engine.for_update_of("f")
    );
    let (mut found, mut last) = (Vec::new(), FailedJobId::from_uuid(Uuid::nil()));
    for _ in 0..LOOKED_AT / AT_ONCE {
        let values = [Some(last.into()), queue.map(|queue| queue.name().into())].into_iter().flatten();
        let rows: Vec<failed_job::Model> = db::all(on, engine, sql.as_str(), values).await?;
        let is_last = rows.len() < AT_ONCE;
        last = rows.last().map_or(last, |row| row.id);
        found.extend(rows.into_iter().filter(is_known));
        if is_last && found.len() <= AT_ONCE {
            return Ok((found, false));
        }
        if found.len() >= AT_ONCE {
            found.truncate(AT_ONCE);
            break;
        }
    }
    Ok((found, true))
}

/// Jobs that are no longer given up.
struct Taken {
    jobs: usize,
    /// Those of them that are of no batch, and still to be added.
    alone: Vec<Waiting>,
}

/// Begins these jobs anew, as far as they are of a batch, in it; those of one that was cancelled stay where they are.
async fn revive(app: &App, on: &DatabaseTransaction, rows: Vec<failed_job::Model>) -> Result<Taken> {
    let engine = app.db.engine();
    let mut of_batch: BTreeMap<Option<BatchId>, Vec<failed_job::Model>> = BTreeMap::new();
    for row in rows {
        of_batch.entry(row.batch_id).or_default().push(row);
    }
    let (mut alone, mut gone) = (Vec::new(), Vec::new());
    for (batch_id, rows) in of_batch {
        let batch = match batch_id {
            Some(batch_id) => batch::lock(engine, on, batch_id).await?,
            None => None,
        };
        if batch.as_ref().is_some_and(|batch| batch.cancelled_at.is_some()) {
            continue;
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let jobs = rows.into_iter().map(Waiting::again);
        match &batch {
            Some(batch) => {
                batch::resume(app, on, batch, &ids, jobs.collect()).await?;
            }
            None => alone.extend(jobs.map(Waiting::of_none)),
        }
        gone.extend(ids);
    }
    remove(engine, on, &gone).await?;
    Ok(Taken { jobs: gone.len(), alone })
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_reason_tells_no_address_and_no_secret() {
        let reason = "permanent error (550): <ann@example.org>: no such user, said mail.example.org";
        assert_eq!(shown(reason), "permanent error (550): […] no such user, said mail.example.org");
        let token = "lnv_0123456789abcdefghjkmnpqrstvwxyz0123456789";
        assert_eq!(shown(&format!("https://example.org/#token={token} is no link")), "[…] is no link");
        assert_eq!(shown("it panicked: index out of bounds"), "it panicked: index out of bounds");
        assert_eq!(shown(&"a b ".repeat(1000)).len(), 500);
    }
}
