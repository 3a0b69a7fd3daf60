//! Muting: until when somebody wants to hear nothing of a thread. Their own row says so, and their own inbox; the log, which
//! the others read, does not.

use entity::Timestamp;
use entity::id::ThreadId;
use sea_orm::{ConnectionTrait, Value};

use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::moment;

/// Mutes a thread that the viewer takes part in, until a moment to come or for ever. The proof to read it, as it is now.
pub async fn mute(app: &App, viewer: &Viewer, id: ThreadId, until: Option<Timestamp>) -> Result<Reader> {
    let until = until.unwrap_or(moment::LAST);
    viewer.require()?;
    if until <= app.clock.now() {
        return Err(Error::refuse(Code::Invalid, "until", "It must be a moment to come."));
    }
    store(app, viewer, id, Some(until)).await
}

/// Lets a thread be heard again; no harm if it is not muted.
pub async fn unmute(app: &App, viewer: &Viewer, id: ThreadId) -> Result<Reader> {
    store(app, viewer, id, None).await
}

async fn store(app: &App, viewer: &Viewer, id: ThreadId, until: Option<Timestamp>) -> Result<Reader> {
    let user_id = access::member(app, viewer, id).await.map_err(|error| error.at("id"))?.user_id();
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            // By the database's clock, as everything that inboxes are read by.
            let stamp = db::stamp(transaction, engine).await?;
            let sql = "UPDATE thread_participants SET muted_until = $3, changed_at = $4 \
                       WHERE thread_id = $1 AND user_id = $2 AND left_at IS NULL";
            let values: [Value; 4] = [id.into(), user_id.into(), until.into(), stamp.into()];
            Ok(transaction.execute_raw(engine.sql(sql, values)).await?)
        })
    });
    work.await?;
    app.bus.publish(Hint::UserChanged(user_id, id));
    // Whoever was removed meanwhile has muted nothing, and is told as much.
    access::member(app, viewer, id).await.map(|member| member.reader().clone()).map_err(|error| error.at("id"))
}
