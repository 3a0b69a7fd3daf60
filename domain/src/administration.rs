//! What administrators do to accounts, and how accounts become administrators'. They keep an installation in order; what others
//! write is none of their business, and nothing here reads it.

use std::sync::Arc;

use entity::Timestamp;
use entity::id::UserId;
use entity::user;
use entity::user::UserKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::Engine;
use crate::participant;
use crate::session::{self, Client};
use crate::text::{is_storable, unique_key};

/// Suspends an account: its sessions end on every node within a second, its keys are dead, and nobody signs in to it. One that
/// is suspended stays so since when it was. Gives since when.
pub async fn suspend(app: &App, client: &Client, viewer: &Viewer, id: UserId) -> Result<Timestamp> {
    let (own, _) = viewer.require_session()?;
    let (engine, now, viewer) = (app.db.engine(), app.clock.now(), viewer.clone());
    let entry = Entry::new(app, Action::Suspend, id, client).by(Some(own));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let (administrator, account) = Administrator::over(engine, transaction, own, id).await?;
            credential::require_open(engine, transaction, &viewer, now).await?;
            if account.id == administrator.user_id() {
                return Err(Error::refuse(Code::Forbidden, "id", "Nobody suspends themselves."));
            }
            if let Some(since) = account.suspended_at {
                return Ok(since);
            }
            set_suspended(engine, transaction, id, Some(now), now).await?;
            session::end_all(engine, transaction, id, None, now).await?;
            audit::record(transaction, entry).await?;
            Ok(now)
        })
    });
    let since = work.await?;
    app.bus.publish(Hint::AccessEnded(id));
    Ok(since)
}

/// Lifts a suspension. The sessions that it ended stay ended; keys work again.
pub async fn unsuspend(app: &App, client: &Client, viewer: &Viewer, id: UserId) -> Result<()> {
    let (own, _) = viewer.require_session()?;
    let (engine, now, viewer) = (app.db.engine(), app.clock.now(), viewer.clone());
    let entry = Entry::new(app, Action::Unsuspend, id, client).by(Some(own));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let (_, account) = Administrator::over(engine, transaction, own, id).await?;
            credential::require_open(engine, transaction, &viewer, now).await?;
            if account.suspended_at.is_none() {
                return Ok(());
            }
            set_suspended(engine, transaction, id, None, now).await?;
            audit::record(transaction, entry).await
        })
    });
    work.await
}

async fn set_suspended(
    engine: Engine,
    on: &DatabaseTransaction,
    id: UserId,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE users SET suspended_at = $2, updated_at = $3 WHERE id = $1";
    on.execute_raw(engine.sql(sql, [id.into(), since.into(), now.into()])).await?;
    Ok(())
}

/// Makes an account an administrator's; for whoever runs the server. Whether it was not one before.
pub async fn grant(app: &Arc<App>, username: &str) -> Result<bool> {
    let (engine, now, key) = (app.db.engine(), app.clock.now(), name_key(username)?);
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = format!(
                "SELECT * FROM users WHERE username_key = $1 AND deleted_at IS NULL{}",
                engine.for_no_key_update()
            );
            let account = user::Model::find_by_statement(engine.sql(sql, [key.into()])).one(transaction).await?;
            let account = account.ok_or_else(no_such_account)?;
            if account.kind != UserKind::Human {
                let why = "Only a person's account can be an administrator's.";
                return Err(Error::refuse(Code::Forbidden, "username", why));
            }
            if account.is_admin {
                return Ok(false);
            }
            let sql = "UPDATE users SET is_admin = TRUE, updated_at = $2 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [account.id.into(), now.into()])).await?;
            let entry = Entry::new(&context, Action::AdminGrant, account.id, &Client::default()).by(None);
            audit::record(transaction, entry).await?;
            Ok(true)
        })
    });
    work.await
}

/// Takes it back, and what came of it in the lobby; for whoever runs the server. Whether it was one. The last administrator who may sign in goes only if that is said.
pub async fn revoke(app: &Arc<App>, username: &str, even_the_last: bool) -> Result<bool> {
    let (engine, now, key) = (app.db.engine(), app.clock.now(), name_key(username)?);
    let account = app.db.one::<user::Model>("SELECT * FROM users WHERE username_key = $1", [key.into()]).await?;
    let id = account.ok_or_else(no_such_account)?.id;
    let entry = Entry::new(app, Action::AdminRevoke, id, &Client::default()).by(None);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = format!("SELECT * FROM users WHERE is_admin ORDER BY id{}", engine.for_no_key_update());
            let all = user::Model::find_by_statement(engine.sql(sql, [])).all(transaction).await?;
            if !all.iter().any(|row| row.id == id) {
                return Ok(false);
            }
            if !even_the_last && !another(&all, id) {
                let why = "This is the last administrator who may sign in.";
                return Err(Error::refuse(Code::Conflict, "username", why));
            }
            let sql = "UPDATE users SET is_admin = FALSE, updated_at = $2 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [id.into(), now.into()])).await?;
            audit::record(transaction, entry).await?;
            Ok(true)
        })
    });
    let was_one = work.await?;
    participant::resign(app, id).await?;
    Ok(was_one)
}

/// Lets an account go, for good or to rest, unless it is the last administrator's who may sign in. Administrators' rows are locked in
/// their order, so that of two who go at once one stays; whoever asks has locked no other account yet.
pub(crate) async fn require_another(engine: Engine, on: &DatabaseTransaction, id: UserId) -> Result<()> {
    let sql = format!(
        "SELECT a.* FROM users u JOIN users a ON a.is_admin WHERE u.id = $1 AND u.is_admin ORDER BY a.id{}",
        engine.for_no_key_update_of("a")
    );
    let all = user::Model::find_by_statement(engine.sql(sql, [id.into()])).all(on).await?;
    if all.iter().any(|row| row.id == id) && !another(&all, id) {
        let message = "It is the last administrator's account that may sign in: make somebody else one first.".into();
        return Err(Refusal { code: Code::Conflict, path: Vec::new(), message }.into());
    }
    Ok(())
}

/// Whether one of these administrators is another one and may sign in.
fn another(all: &[user::Model], id: UserId) -> bool {
    all.iter().any(|row| row.id != id && session::may_sign_in(row))
}

fn name_key(username: &str) -> Result<String> {
    if is_storable(username) { Ok(unique_key(username)) } else { Err(no_such_account()) }
}

fn no_such_account() -> Error {
    Error::not_found("username", "account")
}
