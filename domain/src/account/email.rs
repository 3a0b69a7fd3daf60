//! Email addresses of accounts: proving them, and changing them. An address counts once somebody has shown to read its mail.
//!
//! The token that shows it is made by the job that sends it, so that it is nowhere but in the mail.

use std::sync::Arc;
use std::time::Duration;

use entity::email_verification_token as pending;
use entity::id::UserId;
use entity::{Timestamp, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, FromQueryResult, SqlErr};

use super::{LONGEST_LOGIN, anew, check_email, letter, lock, password, token_refusal};
use crate::access::Viewer;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::job::{self, Running, Task};
use crate::limit::Asking;
use crate::mail::{self, Mail};
use crate::session::{Client, digest, token};
use crate::text::{Checks, unique_key};

/// How long an address may be proved.
const PROVABLE: Duration = Duration::from_secs(24 * 3600);

/// The address that the viewer's account is to be changed to, once it is proved.
pub async fn pending(app: &App, viewer: &Viewer) -> Result<Option<String>> {
    let user = viewer.require_in_person()?;
    let row: Option<pending::Model> = app.db.one(PENDING, [user.id.into()]).await?;
    Ok(live(row, user, app.clock.now()))
}

const PENDING: &str = "SELECT * FROM email_verification_tokens WHERE user_id = $1";

/// The address that an account is still to be changed to.
fn live(row: Option<pending::Model>, user: &user::Model, now: Timestamp) -> Option<String> {
    row.filter(|row| row.expires_at > now && !is_of(user, &row.email)).map(|row| row.email)
}

fn is_of(user: &user::Model, email: &str) -> bool {
    email.len() <= LONGEST_LOGIN && user.email_key.as_deref() == Some(unique_key(email).as_str())
}

/// Sends the mail once more that proves an address: the one given, or whichever of the viewer's is not proved.
pub async fn send_verification(app: &Arc<App>, viewer: &Viewer, email: Option<String>) -> Result<String> {
    let user = &viewer.require_account()?.user;
    let to = unproved(user, pending(app, viewer).await?, email.as_deref())?;
    app.limits.mail(Asking::Owner(user.id), digest(&unique_key(&to)))?;
    let (context, asking, email, now) = (app.clone(), viewer.clone(), to.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let user = credential::hold(engine, transaction, &asking, now).await?;
            // It may have been proved, or forgotten with the password, since it was looked for.
            let row = pending::Model::find_by_statement(engine.sql(PENDING, [user.id.into()])).one(transaction).await?;
            let email = unproved(&user, live(row, &user, now), Some(&email))?;
            ask_for_proof(&context, transaction, user.id, email, now).await
        })
    });
    work.await?;
    Ok(to)
}

/// The address of an account that waits to be proved: this one, or whichever does.
fn unproved(user: &user::Model, pending: Option<String>, wanted: Option<&str>) -> Result<String> {
    let own = user.email.clone().filter(|_| user.email_verified_at.is_none());
    let mut known = pending.into_iter().chain(own);
    let found = match wanted {
        None => known.next(),
        Some(email) if email.len() > LONGEST_LOGIN => None,
        Some(email) => known.find(|known| unique_key(known) == unique_key(email)),
    };
    let why = "None of your addresses is waiting to be proved, or not this one.";
    found.ok_or_else(|| Error::refuse(Code::NotFound, "email", why))
}

/// Notes which address an account is to prove from now on, instead of any other, and sends the mail for it once the transaction is
/// committed.
pub(super) async fn ask_for_proof(
    app: &App,
    on: &DatabaseTransaction,
    user_id: UserId,
    email: String,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO email_verification_tokens (user_id, email, token_hash, created_at, expires_at) \
               VALUES ($1, $2, NULL, $3, $4) ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, \
               token_hash = NULL, created_at = excluded.created_at, expires_at = excluded.expires_at";
    let values = [user_id.into(), email.clone().into(), now.into(), (now + PROVABLE).into()];
    on.execute_raw(app.db.engine().sql(sql, values)).await?;
    job::add(app, on, &Task::ProveEmail { user_id, email }).await.map(drop)
}

/// Asks for another address, which becomes the account's once it is proved; the one until now is told. Whether somebody has it is
/// told to nobody but them.
pub async fn change(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    email: String,
    password: String,
) -> Result<Viewer> {
    let signed_in = viewer.require_account()?;
    let (user, (_, session)) = (&signed_in.user, viewer.require_session()?);
    let mut checks = Checks::default();
    check_email(&mut checks, &email);
    checks.require(!is_of(user, &email), Code::Conflict, "email", "It is your address already.");
    checks.done()?;
    let proof = password::prove(app, client, signed_in, password, "password").await?;
    app.limits.mail(Asking::Anybody, digest(&unique_key(&email)))?;
    let (context, user_id, now) = (app.clone(), user.id, app.clock.now());
    let (asking, entry) = (viewer.clone(), Entry::new(app, Action::EmailChangeRequest, user_id, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let user = lock(&context, transaction, &asking, &proof).await?;
            if let Some(old) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::address_to_change(old, &user, &email)).await?;
            }
            audit::record(transaction, entry).await?;
            ask_for_proof(&context, transaction, user_id, email, now).await
        })
    });
    work.await?;
    anew(app, user_id, session).await
}

/// The job: makes a token for an address and sends it there, if that still is what the account is to prove.
pub(crate) async fn send_proof(app: &Arc<App>, held: Running, user_id: UserId, email: String) -> Result<()> {
    let token = token(app, "lnv");
    let (context, hash, now) = (app.clone(), digest(&token), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            held.hold(transaction).await?;
            let Some(user) = find(engine, transaction, user_id).await? else { return Ok(None) };
            if !is_of(&user, &email) && is_taken(engine, transaction, &email).await? {
                return Ok(Some(letter::address_in_use(email, &user)));
            }
            let sql = "UPDATE email_verification_tokens SET token_hash = $3, expires_at = $4 WHERE user_id = $1 AND email = $2";
            let values = [user_id.into(), email.clone().into(), hash.into(), (now + PROVABLE).into()];
            let wanted = transaction.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 1;
            Ok(wanted.then(|| letter::prove_address(&context.settings, &user, email, &token)))
        })
    });
    let letter: Option<Mail> = work.await?;
    match letter {
        Some(letter) => mail::send(app, held.id(), &letter).await,
        None => Ok(()),
    }
}

async fn find(engine: Engine, on: &DatabaseTransaction, user_id: UserId) -> Result<Option<user::Model>> {
    let sql = format!("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL{}", engine.for_update());
    Ok(user::Model::find_by_statement(engine.sql(sql, [user_id.into()])).one(on).await?)
}

async fn is_taken(engine: Engine, on: &DatabaseTransaction, email: &str) -> Result<bool> {
    let sql = "SELECT * FROM users WHERE email_key = $1";
    Ok(user::Model::find_by_statement(engine.sql(sql, [unique_key(email).into()])).one(on).await?.is_some())
}

/// Proves an address by the token that went there: it becomes the account's, if it is not yet. Whoever has the token need not be
/// signed in.
pub async fn verify(app: &Arc<App>, client: &Client, viewer: &Viewer, token: &str) -> Result<UserId> {
    let (context, hash, now) = (app.clone(), digest(token), app.clock.now());
    let (client, actor) = (client.clone(), viewer.user_id());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let sql = "SELECT * FROM email_verification_tokens WHERE token_hash = $1";
            let row =
                pending::Model::find_by_statement(engine.sql(sql, [hash.clone().into()])).one(transaction).await?;
            let row = row.ok_or_else(|| token_refusal(Code::WrongCredentials))?;
            if row.expires_at <= now {
                return Err(token_refusal(Code::Expired).into());
            }
            // The account first, as everywhere, so that nobody waits in a circle; then the token, which is good for one.
            let user = find(engine, transaction, row.user_id).await?.filter(|user| user.suspended_at.is_none());
            let user = user.ok_or_else(|| token_refusal(Code::Expired))?;
            let sql = "DELETE FROM email_verification_tokens WHERE token_hash = $1";
            if transaction.execute_raw(engine.sql(sql, [hash.into()])).await?.rows_affected() == 0 {
                return Err(token_refusal(Code::WrongCredentials).into());
            }
            let action = if is_of(&user, &row.email) { Action::EmailVerify } else { Action::EmailChange };
            take(engine, transaction, user.id, &row.email, now).await?;
            if let (Action::EmailChange, Some(old)) = (action, letter::proved(&user)) {
                mail::queue(&context, transaction, letter::address_changed(old, &user, &row.email)).await?;
            }
            audit::record(transaction, Entry::new(&context, action, user.id, &client).by(actor)).await?;
            Ok(user.id)
        })
    });
    work.await
}

/// Makes a proved address the account's. What was sent to the one before must not open it any more.
async fn take(engine: Engine, on: &DatabaseTransaction, id: UserId, email: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE users SET email = $2, email_key = $3, email_verified_at = $4, updated_at = $4 WHERE id = $1";
    let values = [id.into(), email.into(), unique_key(email).into(), now.into()];
    on.execute_raw(engine.sql(sql, values)).await.map_err(taken)?;
    let sql = "DELETE FROM password_reset_tokens WHERE user_id = $1";
    on.execute_raw(engine.sql(sql, [id.into()])).await?;
    Ok(())
}

/// Somebody else has proved or given the address meanwhile.
fn taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::refuse(Code::Taken, "token", "Another account has this address by now.")
        }
        _ => error.into(),
    }
}
