//! Accounts: how they come to be.

use entity::id::UserId;
use entity::user::UserKind;
use entity::{profile, user};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, SqlErr};

use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Refusal, Result};
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
}

/// Makes an account and signs it in.
pub async fn create(app: &App, client: &Client, sign_up: SignUp) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &sign_up.username);
    check_email(&mut checks, &sign_up.email);
    let length = sign_up.password.len();
    checks.require(length >= 8, Code::Invalid, "password", "It must have at least 8 bytes.");
    checks.require(length <= 256, Code::TooLong, "password", "It must have at most 256 bytes.");
    checks.require(is_storable(&sign_up.password), Code::Invalid, "password", "It must not contain U+0000.");
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
    let user = new_user(app, &sign_up.username, Some(&sign_up.email), Some(password_hash), UserKind::Human);
    insert(app, client, user, sign_up.display_name.clone(), sign_up).await
}

/// Makes a guest, who has a name only, and signs them in.
pub async fn create_guest(app: &App, client: &Client, username: String) -> Result<Issued> {
    let mut checks = Checks::default();
    check_username(&mut checks, &username);
    checks.done()?;
    let user = new_user(app, &username, None, None, UserKind::Guest);
    let sign_up = SignUp { username, email: String::new(), password: String::new(), display_name: None };
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
    app: &App,
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
    let engine = app.db.engine();
    let fresh = session::Fresh::new(app, user.id, client);
    let (stored, row) = (fresh.rows.clone(), user.clone());
    let entry = Entry::new(app, Action::AccountCreate, user.id, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            if let Some(field) = taken_fields(engine, ReadFrom::Transaction(transaction), &sign_up).await?.first() {
                return Err(taken_refusal(field).into());
            }
            let inserted = user::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await;
            match inserted {
                // Raced for by another connection between the look and the insert.
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                    let field = if error.to_string().contains("email") { "email" } else { "username" };
                    return Err(taken_refusal(field).into());
                }
                other => other?,
            };
            profile::Entity::insert(profile.into_active_model()).exec_without_returning(transaction).await?;
            audit::record(transaction, entry).await?;
            session::store(transaction, stored).await
        })
    });
    work.await?;
    Ok(fresh.issued(user))
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

/// Notes that somebody signed in.
pub(crate) async fn note_login(
    engine: Engine,
    on: &DatabaseTransaction,
    user_id: UserId,
    at: entity::Timestamp,
) -> Result<()> {
    let sql = "UPDATE users SET last_login_at = $2 WHERE id = $1";
    on.execute_raw(engine.sql(sql, [user_id.into(), at.into()])).await?;
    Ok(())
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
