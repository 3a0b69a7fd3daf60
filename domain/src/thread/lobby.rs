//! The lobby: a room that is there from the first start, so that whoever comes by has somewhere to talk. Nobody has made it; who
//! administers the installation manages it once they have joined.

use std::sync::Arc;

use entity::id::{ThreadId, TypedId};
use entity::thread::{self, ThreadKind};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::error::Result;
use crate::infra::db;

/// What it is called at first.
const TITLE: &str = "lobby";

/// The one lobby: however many nodes start at once, its id is taken once.
pub(crate) fn id() -> ThreadId {
    ThreadId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002))
}

/// Makes the lobby, if there is to be one and there is none.
pub async fn open(app: &Arc<App>) -> Result<()> {
    if !app.settings.lobby || is_there(app).await? {
        return Ok(());
    }
    let (engine, now) = (app.db.engine(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let stamp = db::stamp(transaction, engine).await?;
            let room = thread::Model {
                id: id(),
                kind: ThreadKind::Room,
                title: Some(TITLE.to_owned()),
                direct_key: None,
                created_by: None,
                archived_at: None,
                last_message_at: None,
                activity_at: stamp,
                last_seq: 0,
                trimmed_seq: 0,
                membership_seq: 0,
                message_count: 0,
                participant_count: 0,
                receipts_until_seq: Some(0),
                blocked: false,
                assistant: false,
                moved_seq: 0,
                move_look_at: None,
                coming_back: false,
                retention_days: None,
                expired_seq: 0,
                expired_position: 0,
                created_at: now,
                updated_at: stamp,
            };
            let unless_raced = OnConflict::column(thread::Column::Id).do_nothing().to_owned();
            let insert = thread::Entity::insert(room.into_active_model()).on_conflict(unless_raced);
            if insert.exec_without_returning(transaction).await? == 0 {
                return Ok(());
            }
            let sql = "INSERT INTO room_activity (thread_id, activity_at) VALUES ($1, $2)";
            transaction.execute_raw(engine.sql(sql, [id().into(), stamp.into()])).await?;
            Ok(())
        })
    });
    work.await
}

async fn is_there(app: &App) -> Result<bool> {
    let found: Option<thread::Model> = app.db.one("SELECT * FROM threads WHERE id = $1", [id().into()]).await?;
    Ok(found.is_some())
}

/// The lobby, if there is one.
pub async fn lobby(app: &App, viewer: &Viewer) -> Result<Option<Reader>> {
    Ok(access::readers(app, viewer, &[id()]).await?.remove(&id()))
}
