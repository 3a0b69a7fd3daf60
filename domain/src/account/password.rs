//! Passwords of accounts: changing a known one, setting a forgotten one anew. Either ends whatever was signed in by the old one.
//!
//! Whether there is an account is not to be told by asking for a new password: the request writes down that it was asked, and the
//! rest is a job's.

use std::sync::Arc;
use std::time::Duration;

use entity::id::UserId;
use entity::user::UserKind;
use entity::{Timestamp, password_reset_token as reset, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::{anew, check_email, check_password, letter, lock, token_refusal};
use crate::access::{SignedIn, Viewer};
use crate::api_key;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential::ENDED;
use crate::error::{Code, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::Engine;
use crate::job::{self, Running, Task};
use crate::limit::{Asking, Target, site};
use crate::mail;
use crate::password::compare;
use crate::session::{Client, digest, end_all, token};
use crate::text::{Checks, unique_key};
use crate::wallet;

/// How long a forgotten password may be set anew.
const RESETTABLE: Duration = Duration::from_secs(3600);

/// How long ago somebody may have signed in to whose account nobody has a password.
const RECENTLY: Duration = Duration::from_secs(10 * 60);

/// That it is an account's owner who changes how it is entered, and not who has come by a session of theirs: the hash of the password that
/// they knew, if there is one.
pub(crate) struct Proof(pub(super) Option<String>);

/// Proves that whoever asks knows the account's password. What is done by this proof goes through [`lock`], which sees whether it
/// still is the password then.
pub(super) async fn prove(
    app: &Arc<App>,
    client: &Client,
    signed_in: &SignedIn,
    password: String,
    field: &'static str,
) -> Result<Proof> {
    app.limits.password(client.ip_address)?;
    // As the account is now: what the viewer was when they came may be long ago on a socket.
    let user: Option<user::Model> = app.db.one("SELECT * FROM users WHERE id = $1", [signed_in.user.id.into()]).await?;
    let user = user.ok_or(ENDED)?;
    // Where the session began, its owner has attempts of their own; who has stolen it is somewhere else.
    let home = signed_in.session().and_then(|session| session.ip_address.as_ref());
    let home = home.and_then(|address| address.parse().ok()).map(site);
    app.limits.attempt(&match home.filter(|home| client.ip_address.map(site) == Some(*home)) {
        Some(home) => Target::Familiar(user.id, home),
        None => Target::Account(user.id),
    })?;
    let matches = password.len() <= 256 && compare(app, password, user.password_hash.clone()).await?.matches;
    match user.password_hash {
        Some(hash) if matches => Ok(Proof(Some(hash))),
        _ => {
            audit::note(app, Entry::new(app, Action::SignInFailure, user.id, client));
            Err(wrong(field).into())
        }
    }
}

/// As [`prove`], and of an account that has no password, that it was signed in to a moment ago: by its wallet, so that who has come by an
/// older session takes nothing away for good. A guest has nothing but their session.
pub(crate) async fn prove_presence(
    app: &Arc<App>,
    client: &Client,
    signed_in: &SignedIn,
    password: Option<String>,
) -> Result<Proof> {
    let user = &signed_in.user;
    if user.password_hash.is_some() {
        return prove(app, client, signed_in, password.unwrap_or_default(), "password").await;
    }
    let recent = signed_in.session().is_some_and(|session| session.created_at + RECENTLY > app.clock.now());
    if recent || user.kind == UserKind::Guest {
        return Ok(Proof(None));
    }
    let message = "Sign in again first: this takes a session that began less than ten minutes ago.".into();
    Err(Refusal { code: Code::Forbidden, path: Vec::new(), message }.into())
}

pub(super) fn wrong(field: &'static str) -> Refusal {
    Refusal::new(Code::WrongCredentials, field, "The password is wrong.")
}

/// Changes the viewer's password. Their other sessions end.
pub async fn change(app: &Arc<App>, client: &Client, viewer: &Viewer, current: String, new: String) -> Result<Viewer> {
    let signed_in = viewer.require_account()?;
    let (user, (_, session)) = (&signed_in.user, viewer.require_session()?);
    let mut checks = Checks::default();
    check_password(&mut checks, "new_password", &new);
    checks.done()?;
    let proof = prove(app, client, signed_in, current, "current_password").await?;
    let hash = app.hasher.hash(new).await?;
    let (context, user_id, session_id, now) = (app.clone(), user.id, session.id, app.clock.now());
    let (asking, entry) = (viewer.clone(), Entry::new(app, Action::PasswordChange, user_id, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let user =
                lock(&context, transaction, &asking, &proof).await.map_err(|error| error.at("current_password"))?;
            set(engine, transaction, user_id, hash, now).await?;
            end_all(engine, transaction, user_id, Some(session_id), now).await?;
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::password_changed(to, &user)).await?;
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    app.bus.publish(Hint::AccessEnded(user_id));
    anew(app, user_id, session).await
}

/// Sets a password. What was sent to set it anew is of no use any more, nor is what was sent to prove another address than the
/// account's: whoever asked for that may have known the password that is gone.
async fn set(engine: Engine, on: &DatabaseTransaction, id: UserId, hash: String, now: Timestamp) -> Result<()> {
    let sql = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
    on.execute_raw(engine.sql(sql, [id.into(), hash.into(), now.into()])).await?;
    for sql in [
        "DELETE FROM password_reset_tokens WHERE user_id = $1",
        "DELETE FROM email_verification_tokens WHERE user_id = $1 \
         AND email IS DISTINCT FROM (SELECT email FROM users WHERE id = $1)",
    ] {
        on.execute_raw(engine.sql(sql, [id.into()])).await?;
    }
    Ok(())
}

/// Asks for a mail to who has forgotten a password. Does the same for whatever address, an account's or not.
pub async fn request_reset(app: &Arc<App>, client: &Client, email: &str) -> Result<()> {
    let mut checks = Checks::default();
    check_email(&mut checks, email);
    checks.done()?;
    let email = unique_key(email);
    app.limits.look(client.ip_address)?;
    app.limits.mail(Asking::Anybody, digest(&email))?;
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move { job::add(&context, transaction, &Task::ResetPassword { email }).await })
    });
    work.await.map(drop)
}

/// The job: if the address is an account's, makes a token and sends it there.
pub(crate) async fn send_reset(app: &Arc<App>, held: Running, email: String) -> Result<()> {
    let token = token(app, "lnp");
    let (context, hash, now) = (app.clone(), digest(&token), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            let engine = context.db.engine();
            let sql = "SELECT * FROM users WHERE email_key = $1 AND suspended_at IS NULL AND deleted_at IS NULL";
            let values = [email.clone().into()];
            let user = user::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
            let Some(user) = user else { return Ok(None) };
            let sql = "INSERT INTO password_reset_tokens (email, user_id, token_hash, created_at, expires_at) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO UPDATE SET user_id = excluded.user_id, \
                       token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at";
            let values = [email.into(), user.id.into(), hash.into(), now.into(), (now + RESETTABLE).into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            Ok(Some(user))
        })
    });
    let user: Option<user::Model> = work.await?;
    match user.as_ref().and_then(|user| Some((user, user.email.clone()?))) {
        Some((user, to)) => {
            let letter = letter::reset_password(&app.settings, user, to, &token);
            mail::send(app, held.id(), &letter).await
        }
        None => Ok(()),
    }
}

/// Sets a password anew by the token that went to the account's address, which is proved by that. All sessions end, and all API keys
/// are revoked: whoever asks may have lost the account to somebody else. Wallets stay, unless this is the first proof of the address.
pub async fn reset(app: &Arc<App>, client: &Client, token: &str, new: String) -> Result<UserId> {
    let mut checks = Checks::default();
    check_password(&mut checks, "new_password", &new);
    checks.done()?;
    let now = app.clock.now();
    let sql = "SELECT * FROM password_reset_tokens WHERE token_hash = $1";
    let row: Option<reset::Model> = app.db.one(sql, [digest(token).into()]).await?;
    let row = row.ok_or_else(|| token_refusal(Code::WrongCredentials))?;
    if row.expires_at <= now {
        return Err(token_refusal(Code::Expired).into());
    }
    app.limits.password(client.ip_address)?;
    let hash = app.hasher.hash(new).await?;
    let (context, user_id) = (app.clone(), row.user_id);
    let entry = Entry::new(app, Action::PasswordReset, user_id, client).by(None);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let was_proved = is_proved(engine, transaction, user_id).await?;
            let user = admit(engine, transaction, &row, now).await?;
            let sql = "DELETE FROM password_reset_tokens WHERE token_hash = $1";
            let used = transaction.execute_raw(engine.sql(sql, [row.token_hash.into()])).await?.rows_affected();
            if used == 0 {
                return Err(token_refusal(Code::WrongCredentials).into());
            }
            set(engine, transaction, user_id, hash, now).await?;
            end_all(engine, transaction, user_id, None, now).await?;
            for _ in 0..api_key::revoke_all(engine, transaction, user_id, now).await? {
                audit::record(transaction, entry.anew(&context, Action::ApiKeyRevoke)).await?;
            }
            if !was_proved {
                for _ in 0..wallet::remove_all(engine, transaction, user_id).await? {
                    audit::record(transaction, entry.anew(&context, Action::WalletRemove)).await?;
                }
            }
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::password_reset(to, &user)).await?;
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    app.bus.publish(Hint::AccessEnded(user_id));
    Ok(user_id)
}

/// Whether an account's address was proved, and the account locked. If it was not, whoever reads its mail may never have been in it, and the
/// wallets are those of who gave the address away.
async fn is_proved(engine: Engine, on: &DatabaseTransaction, id: UserId) -> Result<bool> {
    let sql = format!("SELECT * FROM users WHERE id = $1{}", engine.for_no_key_update());
    let user = user::Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?;
    Ok(user.is_some_and(|user| user.email_verified_at.is_some()))
}

/// Locks the account that a token is for, and notes that its address is proved; if it still has that address.
async fn admit(engine: Engine, on: &DatabaseTransaction, row: &reset::Model, now: Timestamp) -> Result<user::Model> {
    let sql = "UPDATE users SET email_verified_at = coalesce(email_verified_at, $3) WHERE id = $1 AND email_key = $2 \
               AND suspended_at IS NULL AND deleted_at IS NULL RETURNING *";
    let values = [row.user_id.into(), row.email.clone().into(), now.into()];
    let user = user::Model::find_by_statement(engine.sql(sql, values)).one(on).await?;
    user.ok_or_else(|| token_refusal(Code::Expired).into())
}
