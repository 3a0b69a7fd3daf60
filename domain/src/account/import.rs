//! Accounts that come from another system, with bcrypt hashes of their passwords. They are held to what sign-up is held to; nothing
//! is written unless all of a file is good, and what is there already is left alone, so that an import that was interrupted is done
//! again.
//!
//! The file is read twice, in memory that does not grow with it but for some bytes a row: once to look at it, once to write.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use entity::id::UserId;
use entity::user::UserKind;
use entity::{Timestamp, profile, user};
use sea_orm::{DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, SqlErr};

mod file;
mod repeated;

pub use file::Flaw;
use file::{Fields, Rows};
use repeated::Seen;

use super::{ReadFrom, check_display_name, check_email, check_username, new_user, profile_of};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::infra::keys::{Column, Key};
use crate::moment;
use crate::password::imported::{self, Cost, Unfit};
use crate::session::Client;
use crate::text::{Checks, search_key};

/// Rows that are looked up, and written, at once.
const AT_ONCE: usize = 500;

/// What became of a file.
pub enum Imported {
    /// All of it is in.
    Done {
        /// Accounts that were made.
        added: u64,
        /// Rows of accounts that were there already: of the same name and the same address.
        present: u64,
        /// The highest cost among their hashes; none if no account was made.
        costliest: Option<u32>,
    },
    /// Nothing was written, since so many things were wrong.
    Flawed(u64),
}

/// Makes the accounts of a file, or says all that is wrong with it.
pub async fn import(app: &Arc<App>, file: &File, mut tell: impl FnMut(&Flaw)) -> Result<Imported> {
    let mut flaws = 0;
    let mut note = |found: Vec<Flaw>| {
        flaws += found.len() as u64;
        found.iter().for_each(&mut tell);
    };
    if let Err(found) = look(app, file, &mut note).await? {
        note(found);
    }
    if flaws > 0 {
        return Ok(Imported::Flawed(flaws));
    }
    let (mut added, mut present, mut costliest) = (0, 0, None);
    let mut rows = open(file)?.map_err(changed)?;
    loop {
        let (chunk, found) = read_some(app, &mut rows)?;
        if !found.is_empty() {
            return Err(changed(found));
        }
        if chunk.is_empty() {
            return Ok(Imported::Done { added, present, costliest: costliest.filter(|_| added > 0) });
        }
        let costs = chunk.iter().filter_map(|row| imported::cost(row.user.password_hash.as_deref()?));
        costliest = costliest.max(costs.max());
        let (begun, length) = (Instant::now(), chunk.len() as u64);
        let new = write(app, chunk).await?;
        added += new;
        present += length - new;
        // As long as it took: a server may be running beside, on a database that has one writer.
        tokio::time::sleep(begun.elapsed()).await;
    }
}

fn open(file: &File) -> Result<file::Outcome<Rows>> {
    Rows::open(file.try_clone().map_err(Error::internal)?)
}

/// Tells what is wrong with the rows of a file; an error if it has no rows to speak of.
async fn look(app: &App, file: &File, note: &mut impl FnMut(Vec<Flaw>)) -> Result<file::Outcome<()>> {
    let mut rows = match open(file)? {
        Ok(rows) => rows,
        Err(flaws) => return Ok(Err(flaws)),
    };
    let mut seen = Seen::default();
    loop {
        let (chunk, mut flaws) = read_some(app, &mut rows)?;
        let is_over = chunk.is_empty() && flaws.is_empty();
        let holders = Holders::of(app.db.engine(), ReadFrom::Pool(app), &chunk).await?;
        for row in &chunk {
            seen.note(&row.user);
            if let Standing::Taken(columns) = holders.standing(row) {
                let taken = |column| Flaw::new(row.line, column, format!("Another account has this {column}."));
                flaws.extend(columns.into_iter().map(taken));
            }
        }
        flaws.sort_by_key(|flaw| flaw.line);
        note(flaws);
        if is_over {
            break;
        }
    }
    let Some(mut suspects) = seen.suspects() else { return Ok(Ok(())) };
    let mut rows = open(file)?.map_err(changed)?;
    while let Some(fields) = rows.next()? {
        if let Ok(row) = fields.and_then(|fields| read(app, fields)) {
            note(suspects.repeats(row.line, &row.user));
        }
    }
    Ok(Ok(()))
}

/// The next rows of a file, and what is wrong with those among them that are none.
fn read_some(app: &App, rows: &mut Rows) -> Result<(Vec<Row>, Vec<Flaw>)> {
    let (mut chunk, mut flaws) = (Vec::new(), Vec::new());
    while chunk.len() + flaws.len() < AT_ONCE {
        let Some(fields) = rows.next()? else { break };
        match fields.and_then(|fields| read(app, fields)) {
            Ok(row) => chunk.push(row),
            Err(found) => flaws.extend(found),
        }
    }
    Ok((chunk, flaws))
}

/// An account that is to be.
struct Row {
    line: u64,
    user: user::Model,
    profile: profile::Model,
}

/// Checks a row by what checks a sign-up.
fn read(app: &App, mut fields: Fields) -> file::Outcome<Row> {
    let line = fields.line;
    let (username, email) = (fields.take("username"), fields.take("email"));
    let (password_hash, display_name) = (fields.take("password_hash"), fields.given("display_name"));
    let (created_at, is_proved) = (fields.given("created_at"), fields.given("email_verified"));
    let now = app.clock.now();
    let mut checks = Checks::default();
    check_username(&mut checks, &username);
    check_email(&mut checks, &email);
    check_display_name(&mut checks, display_name.as_deref());
    check_hash(&mut checks, &password_hash);
    let created_at = created_at.map_or(Some(now), |text| read_time(&text).filter(|at| *at <= now));
    let why = "It must be a date and time of the past as RFC 3339 has it, such as 2024-01-31T12:00:00Z.";
    checks.require(created_at.is_some(), Code::Invalid, "created_at", why);
    let is_proved = is_proved.map_or(Some(false), |text| read_truth(&text));
    checks.require(is_proved.is_some(), Code::Invalid, "email_verified", "It must be `true` or `false`.");
    if let Err(error) = checks.done() {
        return Err(flaws_of(line, error));
    }
    let created_at = created_at.unwrap_or(now);
    let user = user::Model {
        search_key: search_key(display_name.as_ref().unwrap_or(&username)),
        // When it was proved the other system may know; that it is so is known here since now.
        email_verified_at: is_proved.unwrap_or_default().then_some(now),
        last_login_at: None,
        created_at,
        ..new_user(app, &username, Some(&email), Some(password_hash), UserKind::Human)
    };
    let profile = profile_of(&user, display_name);
    Ok(Row { line, user, profile })
}

fn flaws_of(line: u64, error: Error) -> Vec<Flaw> {
    let Error::Refused(refusals) = error else { return Vec::new() };
    let flaw = |refusal: crate::Refusal| {
        let column = refusal.path.into_iter().next().unwrap_or_default();
        Flaw::new(line, column, refusal.message)
    };
    refusals.into_iter().map(flaw).collect()
}

fn check_hash(checks: &mut Checks, hash: &str) {
    let why = match imported::check(hash) {
        Ok(()) => return,
        Err(Unfit::Form) => "It must be a hash of bcrypt, spelled $2a$, $2b$ or $2y$.".into(),
        Err(Unfit::TooCostly) => {
            format!("Its cost is above {}: each attempt to sign in would take too long.", Cost::MOST)
        }
    };
    checks.require(false, Code::Invalid, "password_hash", why);
}

/// A time that databases know.
fn read_time(text: &str) -> Option<Timestamp> {
    moment::parse(text).filter(|at| at.timestamp() >= 0)
}

fn read_truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => Some(true),
        "false" | "f" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Who has the names and the addresses of some rows.
#[derive(Default)]
struct Holders {
    of_name: HashMap<String, UserId>,
    of_address: HashMap<String, UserId>,
}

#[derive(FromQueryResult)]
struct Holder {
    id: UserId,
    username_key: String,
    email_key: Option<String>,
}

/// How a row stands to the accounts that there are.
enum Standing {
    /// Nobody has its name or its address.
    New,
    /// One account has both.
    Present,
    /// Accounts have what is in these columns.
    Taken(Vec<&'static str>),
}

impl Holders {
    async fn of(engine: Engine, from: ReadFrom<'_>, rows: &[Row]) -> Result<Self> {
        let mut holders = Self::default();
        if rows.is_empty() {
            return Ok(holders);
        }
        let name = |row: &Row| row.user.username_key.clone();
        let address = |row: &Row| row.user.email_key.clone().unwrap_or_default();
        let keys: [(_, Vec<String>); 2] =
            [("username_key", rows.iter().map(name).collect()), ("email_key", rows.iter().map(address).collect())];
        let columns = [("key", Column::Text)];
        for (column, keys) in keys {
            let sql = format!(
                "WITH {} SELECT u.id, u.username_key, u.email_key FROM want w CROSS JOIN users u WHERE u.{column} = w.key",
                engine.want(&columns, 1)
            );
            let keys = engine.keys(&columns, keys.into_iter().map(|key| [Key::Text(key)]));
            for holder in from.all::<Holder>(engine, sql, [keys]).await? {
                holders.of_name.insert(holder.username_key, holder.id);
                holders.of_address.extend(holder.email_key.map(|key| (key, holder.id)));
            }
        }
        Ok(holders)
    }

    fn standing(&self, row: &Row) -> Standing {
        let name = self.of_name.get(&row.user.username_key);
        let address = row.user.email_key.as_ref().and_then(|key| self.of_address.get(key));
        match (name, address) {
            (None, None) => Standing::New,
            (Some(one), Some(other)) if one == other => Standing::Present,
            _ => {
                let taken = [("username", name), ("email", address)];
                Standing::Taken(
                    taken.into_iter().filter(|(_, holder)| holder.is_some()).map(|(column, _)| column).collect(),
                )
            }
        }
    }
}

/// Writes those of some rows that are new; how many that were.
async fn write(app: &Arc<App>, rows: Vec<Row>) -> Result<u64> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let holders = Holders::of(engine, ReadFrom::Transaction(transaction), &rows).await?;
            let mut new = Vec::new();
            for row in rows {
                match holders.standing(&row) {
                    Standing::New => new.push(row),
                    Standing::Present => {}
                    Standing::Taken(_) => return Err(overtaken()),
                }
            }
            let count = new.len() as u64;
            insert(&context, transaction, new).await?;
            Ok(count)
        })
    });
    work.await
}

async fn insert(app: &App, on: &DatabaseTransaction, rows: Vec<Row>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let nobody = Client::default();
    let told = |row: &Row| Entry::new(app, Action::AccountCreate, row.user.id, &nobody).by(None);
    let entries: Vec<Entry> = rows.iter().map(told).collect();
    let (users, profiles): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|row| (row.user.into_active_model(), row.profile.into_active_model())).unzip();
    user::Entity::insert_many(users).exec_without_returning(on).await.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => overtaken(),
        _ => error.into(),
    })?;
    profile::Entity::insert_many(profiles).exec_without_returning(on).await?;
    audit::record_all(on, entries).await
}

/// Somebody took a name or an address between the look at the file and the writing.
fn overtaken() -> Error {
    let why = "Somebody has taken a name or an address of the file meanwhile: import it again, and it says which.";
    Error::refuse(Code::Conflict, "file", why)
}

fn changed(_: Vec<Flaw>) -> Error {
    Error::refuse(Code::Conflict, "file", "The file was changed while it was read: import it again.")
}
