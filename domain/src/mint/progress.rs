//! How far it has come what somebody has asked for.

use futures_util::Stream;

use super::*;
use crate::watch::states;

/// How a batch of mints stands: how many of it there are of each status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The batch.
    pub id: BatchId,
    /// Those that wait for their turn.
    pub queued: i64,
    /// Those that were begun.
    pub submitted: i64,
    /// Those that are there.
    pub minted: i64,
    /// Those that were given up.
    pub failed: i64,
    /// Those that were taken back.
    pub cancelled: i64,
}

impl Progress {
    /// How many there are in all.
    pub fn total(&self) -> i64 {
        self.pending() + self.minted + self.failed + self.cancelled
    }

    /// How many have not come to an end yet.
    pub fn pending(&self) -> i64 {
        self.queued + self.submitted
    }
}

#[derive(FromQueryResult)]
struct Count {
    status: MintStatus,
    count: i64,
}

/// How a batch of the viewer's stands. Not for API keys.
pub async fn batch(app: &App, viewer: &Viewer, id: BatchId) -> Result<Option<Progress>> {
    let (own, _) = viewer.require_session()?;
    let sql = "SELECT status, COUNT(*) AS count FROM minting_queue_items \
               WHERE batch_id = $1 AND batch_id IS NOT NULL AND user_id = $2 GROUP BY status";
    let counts: Vec<Count> = app.db.all(sql, [id.into(), own.into()]).await?;
    let of = |status| counts.iter().find(|count| count.status == status).map_or(0, |count| count.count);
    let progress = Progress {
        id,
        queued: of(MintStatus::Queued),
        submitted: of(MintStatus::Submitted),
        minted: of(MintStatus::Minted),
        failed: of(MintStatus::Failed),
        cancelled: of(MintStatus::Cancelled),
    };
    Ok((progress.total() > 0).then_some(progress))
}

/// How something stands that the viewer has asked for, and again whenever that has changed, until it has come to an end.
pub fn watch(app: Arc<App>, viewer: Viewer, id: MintId) -> impl Stream<Item = Result<Model>> + Send {
    let context = app.clone();
    let look = move || {
        let (app, viewer) = (context.clone(), viewer.clone());
        async move { by_id(&app, &viewer, id).await?.ok_or_else(no_such_mint) }
    };
    let ended = |row: &Model| !matches!(row.status, MintStatus::Queued | MintStatus::Submitted);
    states(app, look, move |hint| *hint == Hint::MintChanged(id), ended)
}

/// The same of a batch.
pub fn watch_batch(app: Arc<App>, viewer: Viewer, id: BatchId) -> impl Stream<Item = Result<Progress>> + Send {
    let context = app.clone();
    let look = move || {
        let (app, viewer) = (context.clone(), viewer.clone());
        async move { batch(&app, &viewer, id).await?.ok_or_else(no_such_batch) }
    };
    states(app, look, move |hint| *hint == Hint::BatchChanged(id), |batch: &Progress| batch.pending() == 0)
}
