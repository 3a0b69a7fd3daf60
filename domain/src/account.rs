//! Accounts: how they come to be, and what becomes of them.

use std::sync::Arc;

use entity::id::{UserId, WalletId};
use entity::user::UserKind;
use entity::{profile, user, user_session};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, SqlErr};

mod assistant;
pub(crate) mod deletion;
pub(crate) mod email;
mod import;
pub(crate) mod letter;
pub(crate) mod password;
mod standing;
mod with_wallet;

pub use assistant::open_assistant;
pub use deletion::delete;
pub use email::{change as change_email, pending as pending_email, send_verification, verify as verify_email};
pub use import::{Flaw, Imported, import};
pub use password::{change as change_password, request_reset, reset as reset_password};
pub use standing::{deactivate, upgrade};
pub use with_wallet::{WalletSignUp, create_with_wallet};

use crate::access::Viewer;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::db::{self, Engine};
use crate::limit::Asking;
use crate::referral;
use crate::session::{self, Client, Fresh, Issued, digest};
use crate::text::{Checks, is_storable, search_key, unique_key};
use crate::wallet;

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
    /// Whose invitation it is.
    pub referral_code: Option<String>,
}

/// Makes an account and signs it in.
pub async fn create(app: &Arc<App>, client: &Client, viewer: &Viewer, sign_up: SignUp) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &sign_up.username);
    check_email(&mut checks, &sign_up.email);
    check_password(&mut checks, "password", &sign_up.password);
    check_display_name(&mut checks, sign_up.display_name.as_deref());
    checks.done()?;
    let referral = sign_up.referral_code.as_deref().map(|code| referral::Given::new(code, viewer)).transpose()?;
    // Whether a name is taken is told to nobody who asks for many.
    app.limits.look(client.ip_address)?;
    // Before the hash, which is what costs: most who are refused are refused here.
    let mut taken = Checks::default();
    for field in taken_fields(app.db.engine(), ReadFrom::Pool(app), &sign_up.username, Some(&sign_up.email)).await? {
        taken.push(taken_refusal(field));
    }
    taken.done()?;
    if let Some(referral) = &referral {
        referral.look(app).await?;
    }
    // Of somebody who may not have a password hashed, no mail is counted: it would be the address's owner who waits.
    app.limits.password(client.ip_address)?;
    if !sign_up.is_vouched_for {
        app.limits.mail(Asking::Newcomer, digest(&unique_key(&sign_up.email)))?;
    }
    let password_hash = app.hasher.hash(sign_up.password.clone()).await?;
    let mut user = new_user(app, &sign_up.username, Some(&sign_up.email), Some(password_hash), UserKind::Human);
    user.email_verified_at = sign_up.is_vouched_for.then_some(user.created_at);
    insert(app, client, Draft { display_name: sign_up.display_name, referral, ..Draft::of(user) }).await
}

/// Makes a guest, who has a name only, and signs them in.
pub async fn create_guest(app: &Arc<App>, client: &Client, username: String) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &username);
    checks.done()?;
    // It tells whether a name is taken, and takes it if it is not.
    app.limits.look(client.ip_address)?;
    let user = new_user(app, &username, None, None, UserKind::Guest);
    insert(app, client, Draft::of(user)).await
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
    // Normalising may make a text longer than what an index takes; and one that is longer already is not worth it.
    let keyed = email.len() <= LONGEST_LOGIN && unique_key(email).len() <= LONGEST_LOGIN;
    checks.require(formed && keyed, Code::Invalid, "email", "It must be an email address.");
}

fn check_display_name(checks: &mut Checks, name: Option<&str>) {
    if let Some(name) = name {
        checks.text("display_name", name, 100);
    }
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

/// The profile that an account begins with: its name is the username, if none is given.
fn profile_of(user: &user::Model, display_name: Option<String>) -> profile::Model {
    profile::Model {
        user_id: user.id,
        display_name: display_name.unwrap_or_else(|| user.username.clone()),
        first_name: None,
        last_name: None,
        avatar_url: None,
        bio: None,
        created_at: user.created_at,
        updated_at: user.created_at,
    }
}

/// An account that is to be, and what comes with it in one transaction.
struct Draft {
    user: user::Model,
    /// The username, if none is given.
    display_name: Option<String>,
    referral: Option<referral::Given>,
    /// The wallet that it is signed in to with, and the line of the audit log that says so.
    wallet: Option<(WalletId, wallet::Proof, Entry)>,
}

impl Draft {
    fn of(user: user::Model) -> Self {
        Self { user, display_name: None, referral: None, wallet: None }
    }

    /// Stores the account with all of it.
    async fn store(self, app: &App, transaction: &DatabaseTransaction, fresh: Fresh, entry: Entry) -> Result<Issued> {
        let (user_id, made_at, engine) = (self.user.id, self.user.created_at, app.db.engine());
        let from = ReadFrom::Transaction(transaction);
        if let Some(field) = taken_fields(engine, from, &self.user.username, self.user.email.as_deref()).await?.first()
        {
            return Err(taken_refusal(field).into());
        }
        let profile = profile_of(&self.user, self.display_name);
        let unproved = self.user.email.clone().filter(|_| self.user.email_verified_at.is_none());
        let row = self.user.clone().into_active_model();
        let inserted = user::Entity::insert(row).exec_without_returning(transaction).await;
        match inserted {
            // Raced for by another connection between the look and the insert.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                let field = if error.to_string().contains("email") { "email" } else { "username" };
                return Err(taken_refusal(field).into());
            }
            other => other?,
        };
        profile::Entity::insert(profile.into_active_model()).exec_without_returning(transaction).await?;
        if let Some((id, proof, connected)) = self.wallet {
            wallet::begin(app, transaction, id, user_id, &proof).await?;
            audit::record(transaction, connected).await?;
        }
        let issued = fresh.store(app, transaction, self.user, entry).await?;
        if let Some(email) = unproved {
            email::ask_for_proof(app, transaction, user_id, email, made_at).await?;
        }
        // Last, since many may wait for the same code.
        if let Some(referral) = &self.referral {
            referral.count(app, transaction, user_id).await?;
        }
        Ok(issued)
    }
}

async fn insert(app: &Arc<App>, client: &Client, mut draft: Draft) -> Result<Issued> {
    draft.user.search_key = search_key(draft.display_name.as_ref().unwrap_or(&draft.user.username));
    let mut fresh = Fresh::new(app, draft.user.id, client);
    if let Some((id, ..)) = &draft.wallet {
        fresh = fresh.with_wallet(*id);
    }
    let entry = Entry::new(app, Action::AccountCreate, draft.user.id, client);
    let context = app.clone();
    let work = app
        .db
        .write(move |transaction| Box::pin(async move { draft.store(&context, transaction, fresh, entry).await }));
    work.await
}

/// Of a code that came by mail.
fn token_refusal(code: Code) -> Refusal {
    Refusal::new(code, "token", "This code is not valid (any more): ask for another one.")
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

impl ReadFrom<'_> {
    async fn all<T: FromQueryResult>(
        &self,
        engine: Engine,
        sql: String,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Pool(app) => app.db.all(sql, values).await,
            Self::Transaction(transaction) => db::all(*transaction, engine, sql, values).await,
        }
    }
}

/// Which of the unique fields somebody else has.
async fn taken_fields(
    engine: Engine,
    from: ReadFrom<'_>,
    username: &str,
    email: Option<&str>,
) -> Result<Vec<&'static str>> {
    let mut taken = Vec::new();
    for (field, column, value) in [("username", "username_key", Some(username)), ("email", "email_key", email)] {
        let Some(value) = value else { continue };
        let sql = format!("SELECT id FROM users WHERE {column} = $1");
        let values = [unique_key(value).into()];
        let found = from.all::<Holder>(engine, sql, values).await?;
        if !found.is_empty() {
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
/// after them. `password_hash` is what is kept of the password from now on, the same in most cases.
///
/// Whether it rested.
pub(crate) async fn enter(
    engine: Engine,
    on: &DatabaseTransaction,
    user: &user::Model,
    password_hash: Option<String>,
    at: entity::Timestamp,
) -> Result<bool> {
    let sql = "UPDATE users SET last_login_at = $2, is_active = $3, password_hash = $5 WHERE id = $1 \
               AND password_hash IS NOT DISTINCT FROM $4 AND suspended_at IS NULL AND deleted_at IS NULL";
    let values = [user.id.into(), at.into(), true.into(), user.password_hash.clone().into(), password_hash.into()];
    if on.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 0 {
        return Err(session::wrong_credentials());
    }
    Ok(!user.is_active)
}

/// As [`credential::hold`], and refuses if the password that was proved is not the account's any more.
pub(crate) async fn lock(
    app: &App,
    on: &DatabaseTransaction,
    viewer: &Viewer,
    proof: &password::Proof,
) -> Result<user::Model> {
    let user = credential::hold(app.db.engine(), on, viewer, app.clock.now()).await?;
    let user = Some(user).filter(|user| user.password_hash == proof.0);
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
    if login.len() > LONGEST_LOGIN || !is_storable(login) {
        return Ok(None);
    }
    let column = if login.contains('@') { "email_key" } else { "username_key" };
    let sql = format!("SELECT * FROM users WHERE {column} = $1");
    app.db.one(sql, [unique_key(login).into()]).await
}
