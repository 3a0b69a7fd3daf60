//! Taking back all that somebody has said, once their account is deleted: in small parts, each with its lines in the feed's log.

use std::sync::Arc;
use std::time::Instant;

use entity::chirp_event::ChirpEventKind;
use entity::id::{ChirpId, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::feed;
use crate::app::App;
use crate::error::Result;
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::job::{Running, give_way};

/// Whether somebody has said anything that is still there.
pub(crate) const LEFT: &str = "SELECT id FROM chirps WHERE user_id = $1 LIMIT 1";

/// Chirps that are taken back in one transaction.
const AT_ONCE: i64 = 100;

#[derive(FromQueryResult)]
struct Found {
    id: ChirpId,
}

/// Takes some chirps back; whether there were any.
pub(crate) async fn withdraw_some(app: &Arc<App>, held: Running, user_id: UserId) -> Result<bool> {
    let (begun, engine, now) = (Instant::now(), app.db.engine(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let sql = format!("SELECT id FROM chirps WHERE user_id = $1 ORDER BY seq LIMIT $2{}", engine.for_update());
            let found: Vec<Found> = db::all(transaction, engine, sql, [user_id.into(), AT_ONCE.into()]).await?;
            let ids: Vec<ChirpId> = found.into_iter().map(|row| row.id).collect();
            if ids.is_empty() {
                return Ok(None);
            }
            let sql = format!("DELETE FROM chirps WHERE id {}", engine.among(1));
            transaction.execute_raw(engine.sql(sql, [engine.ids(ids.iter().copied())])).await?;
            feed::append(engine, transaction, ChirpEventKind::Deleted, &ids, now).await.map(Some)
        })
    });
    let Some(seq) = work.await? else { return Ok(false) };
    app.bus.publish(Hint::FeedAt(seq));
    give_way(begun).await;
    Ok(true)
}
