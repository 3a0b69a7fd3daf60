//! Referring: a message carries an upload from the transaction on in which it is sent, until the one in which it is deleted. Both lock
//! the upload's row, as does whoever takes uploads away, so no message carries what has gone.

use std::collections::HashMap;

use entity::id::{MessageId, UploadId, UserId};
use entity::{Timestamp, upload};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::app::App;
use crate::archive::Shelf;
use crate::error::{Code, Refusal, Result};
use crate::infra::db::{Engine, all};
use crate::job::{self, Task};

/// Uploads as they are, which nobody else changes before the transaction ends; in one order, so that nobody waits for each other.
pub(crate) async fn lock(
    engine: Engine,
    on: &DatabaseTransaction,
    ids: impl IntoIterator<Item = UploadId>,
) -> Result<HashMap<UploadId, upload::Model>> {
    let sql = format!("SELECT * FROM uploads WHERE id {} ORDER BY id{}", engine.among(1), engine.for_update());
    let rows: Vec<upload::Model> = all(on, engine, sql, [engine.ids(ids)]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// An upload that a message of its owner's may carry. What is somebody else's is as if it were not there.
pub(crate) fn usable(row: Option<&upload::Model>, by: UserId) -> Result<&upload::Model, Refusal> {
    let refused = |code, why: &'static str| Refusal::new(code, "upload_id", why);
    let row = row.filter(|row| row.user_id == Some(by));
    let row = row.ok_or_else(|| refused(Code::NotFound, "There is no such upload."))?;
    if row.removed_at.is_some() {
        return Err(refused(
            Code::Expired,
            "It was not sent in time, or its message was deleted: upload the file again.",
        ));
    }
    if row.collect_at.is_none() {
        return Err(refused(Code::Conflict, "A message carries it already."));
    }
    if row.completed_at.is_none() {
        return Err(refused(Code::Invalid, "Its file is not here yet: put it to the address first."));
    }
    Ok(row)
}

/// Notes that messages carry these uploads.
pub(crate) async fn refer(engine: Engine, on: &DatabaseTransaction, ids: &[UploadId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = format!("UPDATE uploads SET collect_at = NULL WHERE id {}", engine.among(1));
    on.execute_raw(engine.sql(sql, [engine.ids(ids.iter().copied())])).await?;
    Ok(())
}

/// Notes that no message carries these uploads any more, and asks for them to be taken away.
pub(crate) async fn release(app: &App, on: &DatabaseTransaction, ids: &[UploadId], at: Timestamp) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let engine = app.db.engine();
    let condition = format!("id {}", engine.among(1));
    take_off(app, on, &condition, [engine.ids(ids.iter().copied()), at.into()]).await
}

/// The same of all that some messages carry, which are about to be emptied.
pub(crate) async fn release_of(
    app: &App,
    on: &DatabaseTransaction,
    shelf: &Shelf,
    messages: &[MessageId],
    at: Timestamp,
) -> Result<()> {
    let engine = app.db.engine();
    let condition = format!(
        "id IN (SELECT upload_id FROM {} WHERE message_id {} AND upload_id IS NOT NULL)",
        shelf.attachments,
        engine.among(1)
    );
    take_off(app, on, &condition, [engine.ids(messages.iter().copied()), at.into()]).await
}

async fn take_off(app: &App, on: &DatabaseTransaction, condition: &str, values: [sea_orm::Value; 2]) -> Result<()> {
    let engine = app.db.engine();
    let sql = format!("UPDATE uploads SET removed_at = $2, collect_at = $2, client_key = NULL WHERE {condition}");
    if on.execute_raw(engine.sql(sql, values)).await?.rows_affected() > 0 {
        job::add(app, on, &Task::CollectUploads {}).await?;
    }
    Ok(())
}
