//! How far it has come what somebody has asked for.

use async_stream::try_stream;
use futures_util::Stream;

use super::*;
use crate::watch::{Watched, Watching, states};

/// How a batch of mints stands: how many of it there are of each status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The batch.
    pub id: BatchId,
    /// Who has asked for it.
    pub(crate) user_id: UserId,
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

    /// By how many there are of each status; none if there are none.
    fn of(id: BatchId, counts: &[Count]) -> Option<Self> {
        let user_id = counts.first()?.user_id;
        let of = |status| counts.iter().find(|count| count.status == status).map_or(0, |count| count.count);
        Some(Self {
            id,
            user_id,
            queued: of(MintStatus::Queued),
            submitted: of(MintStatus::Submitted),
            minted: of(MintStatus::Minted),
            failed: of(MintStatus::Failed),
            cancelled: of(MintStatus::Cancelled),
        })
    }

    /// How many have not come to an end yet.
    pub fn pending(&self) -> i64 {
        self.queued + self.submitted
    }
}

#[derive(FromQueryResult)]
struct Count {
    user_id: UserId,
    status: MintStatus,
    count: i64,
}

/// How a batch of the viewer's stands. Not for API keys.
pub async fn batch(app: &App, viewer: &Viewer, id: BatchId) -> Result<Option<Progress>> {
    let (own, _) = viewer.require_session()?;
    Ok(Progress::look(app, id).await?.filter(|batch| batch.user_id == own))
}

impl State for Model {
    type Key = MintId;

    fn watched(watching: &Watching) -> &Watched<Self> {
        &watching.mints
    }

    async fn look(app: &App, key: MintId) -> Result<Option<Self>> {
        app.db.one("SELECT * FROM minting_queue_items WHERE id = $1", [key.into()]).await
    }

    fn is_last(&self) -> bool {
        !matches!(self.status, MintStatus::Queued | MintStatus::Submitted)
    }

    fn missing() -> Error {
        no_such_mint()
    }
}

impl State for Progress {
    type Key = BatchId;

    fn watched(watching: &Watching) -> &Watched<Self> {
        &watching.mint_batches
    }

    async fn look(app: &App, key: BatchId) -> Result<Option<Self>> {
        let sql = "SELECT user_id, status, COUNT(*) AS count FROM minting_queue_items \
                   WHERE batch_id = $1 AND batch_id IS NOT NULL GROUP BY user_id, status";
        let counts: Vec<Count> = app.db.all(sql, [key.into()]).await?;
        Ok(Self::of(key, &counts))
    }

    fn is_last(&self) -> bool {
        self.pending() == 0
    }

    fn missing() -> Error {
        no_such_batch()
    }
}

/// How something stands that the viewer has asked for, and again whenever that has changed, until it has come to an end. Whose it is
/// never changes, so that is proved once.
pub fn watch(app: Arc<App>, viewer: Viewer, id: MintId) -> impl Stream<Item = Result<Model>> + Send {
    try_stream! {
        by_id(&app, &viewer, id).await?.ok_or_else(no_such_mint)?;
        for await state in states::<Model>(app, id) {
            yield state?;
        }
    }
}

/// The same of a batch.
pub fn watch_batch(app: Arc<App>, viewer: Viewer, id: BatchId) -> impl Stream<Item = Result<Progress>> + Send {
    try_stream! {
        batch(&app, &viewer, id).await?.ok_or_else(no_such_batch)?;
        for await state in states::<Progress>(app, id) {
            yield state?;
        }
    }
}
