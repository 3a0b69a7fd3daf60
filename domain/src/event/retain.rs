//! Retention: lines of the log that are older than an operator wants to keep are removed, from the front.

use std::sync::Arc;
use std::time::Duration;

use entity::Timestamp;
use entity::id::{ThreadId, TypedId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::app::App;
use crate::chirp;
use crate::error::Result;
use crate::job::Task;
use crate::recurring::Recurring;

/// Threads looked at together, and lines removed in one transaction.
const SLICE: i64 = 500;

/// It is done about once an hour, if lines are not kept for ever.
pub(crate) const RECURRING: Recurring = Recurring {
    name: "trim_logs",
    every: Duration::from_secs(3600),
    number: 2,
    task: |app| app.settings.log_retention.map(|_| Task::TrimLogs {}),
};

#[derive(FromQueryResult)]
struct Oldest {
    id: ThreadId,
    created_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Line {
    seq: i64,
}

/// Removes the lines of all logs, the feed's among them, that are older than the retention says. A cursor that stood there gets a reset.
pub async fn trim(app: &Arc<App>) -> Result<()> {
    let Some(retention) = app.settings.log_retention else { return Ok(()) };
    let retention = chrono::Duration::from_std(retention).unwrap_or(chrono::Duration::MAX);
    let Some(limit) = app.clock.now().checked_sub_signed(retention) else { return Ok(()) };
    chirp::trim(app, limit).await?;
    let mut last = ThreadId::from_uuid(Uuid::nil());
    loop {
        let sql = "SELECT t.id, e.created_at FROM \
                   (SELECT id, trimmed_seq FROM threads WHERE id > $1 ORDER BY id LIMIT $2) t \
                   JOIN thread_events e ON e.thread_id = t.id AND e.seq = t.trimmed_seq + 1 ORDER BY t.id";
        let rows: Vec<Oldest> = app.db.all(sql, [last.into(), SLICE.into()]).await?;
        let Some(end) = next_id(app, last).await? else { return Ok(()) };
        for thread in rows.into_iter().filter(|row| row.created_at < limit) {
            while trim_slice(app, thread.id, limit).await? {}
        }
        last = end;
    }
}

#[derive(FromQueryResult)]
struct Id {
    id: ThreadId,
}

/// The last of the next slice of threads; none when there are no more.
async fn next_id(app: &App, after: ThreadId) -> Result<Option<ThreadId>> {
    let sql = "SELECT id FROM (SELECT id FROM threads WHERE id > $1 ORDER BY id LIMIT $2) t ORDER BY id DESC LIMIT 1";
    Ok(app.db.one::<Id>(sql, [after.into(), SLICE.into()]).await?.map(|row| row.id))
}

/// Removes the first lines of one log; says whether there may be more.
async fn trim_slice(app: &Arc<App>, thread_id: ThreadId, limit: Timestamp) -> Result<bool> {
    let engine = app.db.engine();
    let sql = "SELECT seq FROM (SELECT seq, created_at FROM thread_events WHERE thread_id = $1 ORDER BY seq LIMIT $3) e \
               WHERE created_at < $2 ORDER BY seq DESC LIMIT 1";
    let Some(line): Option<Line> = app.db.one(sql, [thread_id.into(), limit.into(), SLICE.into()]).await? else {
        return Ok(false);
    };
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let values = || [thread_id.into(), line.seq.into()];
            let sql = "UPDATE threads SET trimmed_seq = $2 WHERE id = $1 AND trimmed_seq < $2";
            transaction.execute_raw(engine.sql(sql, values())).await?;
            let sql = "DELETE FROM thread_events WHERE thread_id = $1 AND seq <= $2";
            let removed = transaction.execute_raw(engine.sql(sql, values())).await?.rows_affected();
            Ok(removed == SLICE as u64)
        })
    });
    work.await
}
