//! Collecting: what no message carries when its time is over is taken away, and what messages carried that were deleted. A row is
//! marked first, from when on nobody refers to it or adds to it; then its objects go; then the row itself. Whoever is killed over it
//! has left a row that is marked and due, and the next one goes on.

use std::sync::Arc;

use entity::Timestamp;
use entity::id::{UploadId, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::app::App;
use crate::error::Result;
use crate::job::{self, Running, Task, Turn};

/// Uploads that are taken away together.
const AT_ONCE: i64 = 100;
/// How long after its address has run out a file may still be coming in, on any node, with some to spare: until then the row stays,
/// so that what came in late is not kept without one.
const COMING: chrono::Duration = chrono::Duration::hours(2);
/// How long an upload is left alone that could not be taken away.
const REST: chrono::Duration = chrono::Duration::hours(1);

#[derive(FromQueryResult)]
struct Due {
    id: UploadId,
    expires_at: Timestamp,
}

/// Takes away what is due, and ends the turn of the job whose task this is.
pub(crate) async fn collect(app: &Arc<App>, held: Running, task: Task) -> Result<()> {
    let turn = Turn::begin(app);
    let now = app.clock.moved(app.db.stamp().await?);
    loop {
        let due = mark(app, held, now).await?;
        if due.is_empty() {
            return Ok(());
        }
        for Due { id, expires_at } in due {
            if turn.is_over(app) {
                return held.end_turn(app, task).await;
            }
            let next = match app.files.storage.clear(&id.to_string()).await {
                Ok(()) if expires_at + COMING < now => None,
                Ok(()) => Some(expires_at + COMING),
                Err(error) => {
                    tracing::warn!(%id, ?error, "a file could not be taken away");
                    Some(now + REST)
                }
            };
            let (sql, values) = match next {
                None => ("DELETE FROM uploads WHERE id = $1 AND collect_at <= $2", [id.into(), now.into()]),
                Some(next) => ("UPDATE uploads SET collect_at = $2 WHERE id = $1", [id.into(), next.into()]),
            };
            held.part(app, sql, values).await?;
        }
    }
}

/// Marks some of what is due, so that nobody refers to it any more.
async fn mark(app: &Arc<App>, held: Running, now: Timestamp) -> Result<Vec<Due>> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let sql = format!(
                "UPDATE uploads SET removed_at = coalesce(removed_at, $1), client_key = NULL WHERE id IN \
                 (SELECT id FROM uploads WHERE collect_at <= $1 ORDER BY collect_at, id LIMIT $2{}) RETURNING id, expires_at",
                engine.skip_locked()
            );
            let values = [now.into(), AT_ONCE.into()];
            Ok(Due::find_by_statement(engine.sql(sql, values)).all(transaction).await?)
        })
    });
    work.await
}

/// Takes a deleted account's name off some of its uploads; those that no message carries are due then. Whether there were any.
pub(crate) async fn abandon_some(app: &Arc<App>, held: Running, user_id: UserId) -> Result<bool> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let sql = context.db.engine().sql(ABANDON, [user_id.into()]);
            let found = transaction.execute_raw(sql).await?.rows_affected() > 0;
            if found {
                job::add(&context, transaction, &Task::CollectUploads {}).await?;
            }
            Ok(found)
        })
    });
    work.await
}

/// The same as a statement: some of an account's uploads become nobody's.
pub(crate) const ABANDON: &str = "UPDATE uploads SET user_id = NULL, client_key = NULL, \
    collect_at = CASE WHEN collect_at IS NULL THEN NULL ELSE created_at END \
    WHERE id IN (SELECT id FROM uploads WHERE user_id = $1 LIMIT 250)";
