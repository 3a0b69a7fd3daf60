//! Accounts: how they come to be, and what becomes of them.

use std::sync::Arc;

use entity::id::UserId;
use entity::user::UserKind;
use entity::{profile, user, user_session};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, SqlErr};

pub(crate) mod deletion;
pub(crate) mod email;
pub(crate) mod letter;
pub(crate) mod password;
mod standing;

pub use deletion::delete;
pub use email::{change as change_email, pending as pending_email, send_verification, verify as verify_email};
pub use password::{change as change_password, request_reset, reset as reset_password};
pub use standing::{deactivate, upgrade};

use crate::access::Viewer;
use crate::app::App;
use crate::audit::{Action, Entry};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::db::Engine;
use crate::session::{self, Client, Issued};
use crate::text::{Checks, is_storable, search_key, unique_key};

/// What it takes to sign up.
#[derive(Clone)]
pub struct SignUp {
    /// 1 to 50 of `A-Za-z0-9_-`, unique whatever the case.
    pub username: String,
    /// Unique whatever the case.
    pub email: String,
    /// 8 to 256 bytes.
    pub password: String,
    /// The username, if none is given.
    pub display_name: Option<String>,
    /// Whether somebody vouches for the address: then no mail goes there to prove it.
    pub is_vouched_for: bool,
}

/// Makes an account and signs it in.
pub async fn create(app: &Arc<App>, client: &Client, sign_up: SignUp) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &sign_up.username);
    check_email(&mut checks, &sign_up.email);
    check_password(&mut checks, "password", &sign_up.password);
    if let Some(name) = &sign_up.display_name {
        checks.text("display_name", name, 100);
    }
    checks.done()?;
    // Whether a name is taken is told to nobody who asks for many.
    app.limits.look(client.ip_address)?;
    // Before the hash, which is what costs: most who are refused are refused here.
    let mut taken = Checks::default();
    for field in taken_fields(app.db.engine(), ReadFrom::Pool(app), &sign_up).await? {
        taken.push(taken_refusal(field));
    }
    taken.done()?;
    app.limits.password(client.ip_address)?;
    let password_hash = app.hasher.hash(sign_up.password.clone()).await?;
    let mut user = new_user(app, &sign_up.username, Some(&sign_up.email), Some(password_hash), UserKind::Human);
    user.email_verified_at = sign_up.is_vouched_for.then_some(user.created_at);
    insert(app, client, user, sign_up.display_name.clone(), sign_up).await
}

/// Makes a guest, who has a name only, and signs them in.
pub async fn create_guest(app: &Arc<App>, client: &Client, username: String) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &username);
    checks.done()?;
    let user = new_user(app, &username, None, None, UserKind::Guest);
    let (email, password) = (String::new(), String::new());
    let sign_up = SignUp { username, email, password, display_name: None, is_vouched_for: false };
    insert(app, client, user, None, sign_up).await
}

fn check_username(checks: &mut Checks, username: &str) {
    checks.text("username", username, 50);
    let plain = username.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    checks.require(plain, Code::Invalid, "username", "It may have letters, digits, `_` and `-` only.");
}

fn check_email(checks: &mut Checks, email: &str) {
    checks.text("email", email, 254);
    let formed = email.split_once('@').is_some_and(|(local, domain)| {
        let clean =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
        clean(local) && clean(domain) && !domain.starts_with('.') && !domain.ends_with('.')
    });
    // Normalising may make a text longer than what an index takes.
    let keyed = unique_key(email).len() <= LONGEST_LOGIN;
    checks.require(formed && keyed, Code::Invalid, "email", "It must be an email address.");
}

fn check_password(checks: &mut Checks, field: &'static str, password: &str) {
    checks.require(password.len() >= 8, Code::Invalid, field, "It must have at least 8 bytes.");
    checks.require(password.len() <= 256, Code::TooLong, field, "It must have at most 256 bytes.");
    checks.require(is_storable(password), Code::Invalid, field, "It must not contain U+0000.");
}

fn new_user(
    app: &App,
    username: &str,
    email: Option<&str>,
    password_hash: Option<String>,
    kind: UserKind,
) -> user::Model {
    let now = app.clock.now();
    user::Model {
        id: app.clock.id(),
        username: username.to_owned(),
        username_key: unique_key(username),
        email: email.map(str::to_owned),
        email_key: email.map(unique_key),
        search_key: String::new(),
        email_verified_at: None,
        password_hash,
        kind,
        is_admin: false,
        is_active: true,
        suspended_at: None,
        deleted_at: None,
        last_login_at: Some(now),
        created_at: now,
        updated_at: now,
    }
}

async fn insert(
    app: &Arc<App>,
    client: &Client,
    mut user: user::Model,
    name: Option<String>,
    sign_up: SignUp,
) -> Result<Issued> {
    let display_name = name.unwrap_or_else(|| user.username.clone());
    user.search_key = search_key(&display_name);
    let profile = profile::Model {
        user_id: user.id,
        display_name,
        first_name: None,
        last_name: None,
        avatar_url: None,
        bio: None,
        created_at: user.created_at,
        updated_at: user.created_at,
    };
    let (engine, context, user_id, made_at) = (app.db.engine(), app.clone(), user.id, user.created_at);
    let unproved = user.email.clone().filter(|_| user.email_verified_at.is_none());
    let fresh = session::Fresh::new(app, user.id, client);
    let entry = Entry::new(app, Action::AccountCreate, user.id, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            if let Some(field) = taken_fields(engine, ReadFrom::Transaction(transaction), &sign_up).await?.first() {
                return Err(taken_refusal(field).into());
            }
            let inserted =
                user::Entity::insert(user.clone().into_active_model()).exec_without_returning(transaction).await;
            match inserted {
                // Raced for by another connection between the look and the insert.
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                    let field = if error.to_string().contains("email") { "email" } else { "username" };
                    return Err(taken_refusal(field).into());
                }
                other => other?,
            };
            profile::Entity::insert(profile.into_active_model()).exec_without_returning(transaction).await?;
            let issued = fresh.store(&context, transaction, user, entry).await?;
            if let Some(email) = unproved {
                email::ask_for_proof(&context, transaction, user_id, email, made_at).await?;
            }
            Ok(issued)
        })
    });
    work.await
}

fn taken_refusal(field: &'static str) -> Refusal {
    Refusal::new(Code::Taken, field, format!("This {field} is taken."))
}

#[derive(FromQueryResult)]
struct Holder {
    #[expect(dead_code, reason = "that there is a row is all that matters")]
    id: UserId,
}

/// Where to look: on any connection, or within the transaction that is about to insert.
enum ReadFrom<'a> {
    Pool(&'a App),
    Transaction(&'a DatabaseTransaction),
}

/// Which of the unique fields somebody else has.
async fn taken_fields(engine: Engine, from: ReadFrom<'_>, sign_up: &SignUp) -> Result<Vec<&'static str>> {
    let mut taken = Vec::new();
    for (field, column, value) in
        [("username", "username_key", &sign_up.username), ("email", "email_key", &sign_up.email)]
    {
        let sql = format!("SELECT id FROM users WHERE {column} = $1");
        let values = [unique_key(value).into()];
        let found = match from {
            ReadFrom::Pool(app) => app.db.one::<Holder>(sql, values).await?,
            ReadFrom::Transaction(transaction) => {
                Holder::find_by_statement(engine.sql(sql, values)).one(transaction).await?
            }
        };
        if found.is_some() {
            taken.push(field);
        }
    }
    Ok(taken)
}

/// Whether somebody has this value of a unique column.
async fn holds(app: &App, column: &'static str, key: &str) -> Result<bool> {
    let sql = format!("SELECT id FROM users WHERE {column} = $1");
    Ok(app.db.one::<Holder>(sql, [key.into()]).await?.is_some())
}

/// Lets somebody in who has proved that an account is theirs, and takes it up if it rested. An account that has another password
/// by now, or was suspended, is not entered: whoever takes a password away ends the sessions that it began, and this one would come
/// after them.
///
/// Whether it rested.
pub(crate) async fn enter(
    engine: Engine,
    on: &DatabaseTransaction,
    user: &user::Model,
    at: entity::Timestamp,
) -> Result<bool> {
    let sql = "UPDATE users SET last_login_at = $2, is_active = $3 WHERE id = $1 \
               AND password_hash IS NOT DISTINCT FROM $4 AND suspended_at IS NULL AND deleted_at IS NULL";
    let values = [user.id.into(), at.into(), true.into(), user.password_hash.clone().into()];
    if on.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 0 {
        return Err(session::wrong_credentials());
    }
    Ok(!user.is_active)
}

/// The account as it is now, which nobody else changes before the transaction ends. Refuses if the password that was proved is not
/// its any more.
async fn lock(app: &App, on: &DatabaseTransaction, user_id: UserId, proof: &password::Proof) -> Result<user::Model> {
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM users WHERE id = $1 AND password_hash = $2{}", engine.for_no_key_update());
    let values = [user_id.into(), proof.0.clone().into()];
    let user = user::Model::find_by_statement(engine.sql(sql, values)).one(on).await?;
    let user = user.filter(|user| user.is_active && user.suspended_at.is_none() && user.deleted_at.is_none());
    user.ok_or_else(|| password::wrong("password").into())
}

/// The viewer, with the account as it is now.
async fn anew(app: &App, user_id: UserId, session: &user_session::Model) -> Result<Viewer> {
    let user = app.db.one("SELECT * FROM users WHERE id = $1", [user_id.into()]).await?;
    let user = user.ok_or_else(|| Error::unavailable("an account was deleted while it was changed"))?;
    Ok(Viewer::signed_in(user, session.clone().into()))
}

/// Bytes of a login at the most; no username or email is longer.
pub(crate) const LONGEST_LOGIN: usize = 1000;

/// The account that a login (a username or an email) names, if it may sign in.
pub(crate) async fn by_login(app: &App, login: &str) -> Result<Option<user::Model>> {
    if !is_storable(login) {
        return Ok(None);
    }
    let column = if login.contains('@') { "email_key" } else { "username_key" };
    let sql = format!("SELECT * FROM users WHERE {column} = $1");
    app.db.one(sql, [unique_key(login).into()]).await
}
