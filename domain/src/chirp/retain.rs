//! Retention of the feed's log, as that of threads': the lines that are older than an operator wants to keep. Chirps stay.

use std::sync::Arc;

use entity::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::app::App;
use crate::error::Result;

/// Lines removed in one transaction.
const SLICE: i64 = 500;

#[derive(FromQueryResult)]
struct Line {
    seq: i64,
}

/// Removes the lines that are older. A cursor that stood there gets a reset.
pub(crate) async fn trim(app: &Arc<App>, limit: Timestamp) -> Result<()> {
    while trim_slice(app, limit).await? {}
    Ok(())
}

/// Removes the first lines; says whether there may be more.
async fn trim_slice(app: &Arc<App>, limit: Timestamp) -> Result<bool> {
    let engine = app.db.engine();
    let sql = "SELECT seq FROM (SELECT seq, created_at FROM chirp_events ORDER BY seq LIMIT $2) e \
               WHERE created_at < $1 ORDER BY seq DESC LIMIT 1";
    let Some(line): Option<Line> = app.db.one(sql, [limit.into(), SLICE.into()]).await? else { return Ok(false) };
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "UPDATE chirp_feed SET trimmed_seq = $1 WHERE id = 1 AND trimmed_seq < $1";
            transaction.execute_raw(engine.sql(sql, [line.seq.into()])).await?;
            let sql = "DELETE FROM chirp_events WHERE seq <= $1";
            let removed = transaction.execute_raw(engine.sql(sql, [line.seq.into()])).await?.rows_affected();
            Ok(removed == SLICE as u64)
        })
    });
    work.await
}
