//! How sessions end before their time. Rows are locked in one order everywhere: accounts, devices, sessions, tokens.

use entity::Timestamp;
use entity::id::{DeviceId, SessionId, TypedId, UserId};
use entity::user_session;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use super::Client;
use crate::access::Viewer;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db::Engine;

/// Ends a session and all tokens of it. Whether it had not ended before.
pub(crate) async fn end(engine: Engine, on: &DatabaseTransaction, id: SessionId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE user_sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    let ended = on.execute_raw(engine.sql(sql, [id.into(), at.into()])).await?;
    let sql = "UPDATE refresh_tokens SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL";
    on.execute_raw(engine.sql(sql, [id.into(), at.into()])).await?;
    Ok(ended.rows_affected() > 0)
}

/// Ends an account's sessions, but for one if it is to be kept, with all their tokens. The account's row has to be locked: so nobody
/// enters meanwhile. Publish [`Hint::AccessEnded`] when it is committed.
pub(crate) async fn end_all(
    engine: Engine,
    on: &DatabaseTransaction,
    user_id: UserId,
    keep: Option<SessionId>,
    at: Timestamp,
) -> Result<()> {
    let keep = keep.unwrap_or_else(|| SessionId::from_uuid(Uuid::nil()));
    let values = || [user_id.into(), keep.into(), at.into()];
    for sql in [
        "UPDATE user_sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL",
        "UPDATE refresh_tokens SET revoked_at = $3 WHERE user_id = $1 AND session_id <> $2 AND revoked_at IS NULL",
    ] {
        on.execute_raw(engine.sql(sql, values())).await?;
    }
    Ok(())
}

/// Ends the sessions of a device. Publish [`Hint::AccessEnded`] when it is committed.
pub(crate) async fn end_on(engine: Engine, on: &DatabaseTransaction, id: DeviceId, at: Timestamp) -> Result<()> {
    let sql = "UPDATE user_sessions SET revoked_at = $2 WHERE device_id = $1 AND revoked_at IS NULL";
    on.execute_raw(engine.sql(sql, [id.into(), at.into()])).await?;
    let sql = "UPDATE refresh_tokens SET revoked_at = $2 WHERE revoked_at IS NULL \
               AND session_id IN (SELECT id FROM user_sessions WHERE device_id = $1)";
    on.execute_raw(engine.sql(sql, [id.into(), at.into()])).await?;
    Ok(())
}

/// Ends one of the viewer's sessions; without an id, the one that asks. Its sockets close within a second, on every node.
pub async fn revoke(app: &App, client: &Client, viewer: &Viewer, id: Option<SessionId>) -> Result<SessionId> {
    let (own, current) = viewer.require_session()?;
    let id = id.unwrap_or(current.id);
    let (engine, now) = (app.db.engine(), app.clock.now());
    let (viewer, entry) = (viewer.clone(), Entry::new(app, Action::SessionRevoke, own, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            if find(engine, transaction, own, id).await?.is_none() {
                return Err(Error::not_found("id", "session"));
            }
            if end(engine, transaction, id, now).await? {
                audit::record(transaction, entry).await?;
            }
            Ok(())
        })
    });
    work.await?;
    app.bus.publish(Hint::SessionRevoked(id));
    Ok(id)
}

/// Ends all of the viewer's sessions but one: the one that is named, or else the one that asks. Of two that do this to each
/// other at once, one stays.
pub async fn revoke_others(
    app: &App,
    client: &Client,
    viewer: &Viewer,
    keep: Option<SessionId>,
) -> Result<user_session::Model> {
    let (own, asking) = viewer.require_session()?;
    let keep = keep.unwrap_or(asking.id);
    let (engine, now) = (app.db.engine(), app.clock.now());
    let (viewer, entry) = (viewer.clone(), Entry::new(app, Action::SessionRevoke, own, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let live = |row: &user_session::Model| row.revoked_at.is_none() && row.expires_at > now;
            let kept = find(engine, transaction, own, keep).await?.filter(live);
            let kept = kept.ok_or_else(|| Error::not_found("id", "session"))?;
            end_all(engine, transaction, own, Some(keep), now).await?;
            audit::record(transaction, entry).await?;
            Ok(kept)
        })
    });
    let kept = work.await?;
    app.bus.publish(Hint::AccessEnded(own));
    Ok(kept)
}

/// One of an account's own sessions.
async fn find(
    engine: Engine,
    on: &DatabaseTransaction,
    user_id: UserId,
    id: SessionId,
) -> Result<Option<user_session::Model>> {
    let sql = "SELECT * FROM user_sessions WHERE id = $1 AND user_id = $2";
    let values = [id.into(), user_id.into()];
    Ok(user_session::Model::find_by_statement(engine.sql(sql, values)).one(on).await?)
}
