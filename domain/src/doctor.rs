//! Looks at the database as an operator would, and says in plain sentences what is wrong and what to do about it.
//!
//! Changes nothing: its one write leaves everything as it was. Never shows a password.

use std::time::{Duration, Instant};

use entity::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

mod nats;
mod place;
mod schema;
mod smtp;
mod space;
mod storage;

pub use nats::examine as examine_nats;
use place::Place;
pub(crate) use schema::Schema;
pub use smtp::examine as examine_smtp;
pub use storage::examine as examine_storage;

use crate::error::{Error, Result};
use crate::infra::clock::Clock;
use crate::infra::db::{Db, Engine, Options};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, but may surprise.
    Warning,
    /// It does not work like this.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at, in a word.
    pub subject: &'static str,
    /// What was found.
    pub says: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(subject: &'static str, says: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, says: says.into(), advice: None }
    }

    fn warning(subject: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, subject, says: says.into(), advice: Some(advice.into()) }
    }

    fn problem(subject: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, subject, says: says.into(), advice: Some(advice.into()) }
    }
}

/// Older ones are not tested.
const OLDEST_POSTGRES: i64 = 15;
/// Clocks that differ by more make ids, dates and the inbox disagree.
const SKEW: chrono::Duration = chrono::Duration::seconds(5);
/// A commit that takes longer makes everybody wait.
const SLOW: Duration = Duration::from_millis(100);

/// Looks at the database. `migrations` are the names of those that this version brings, oldest first.
pub async fn examine(options: &Options, migrations: &[String]) -> Vec<Finding> {
    let place = match Place::of(&options.url) {
        Ok(place) => place,
        Err(finding) => return vec![finding],
    };
    if let Some(finding) = place.absent() {
        return vec![finding];
    }
    let db = match Db::connect(options).await {
        Ok(db) => db,
        Err(error) => {
            let says = format!("{} can't be opened: {}", place.name(), cause(&error));
            return vec![Finding::problem("database", says, place.advice(&error))];
        }
    };
    let mut visit = Visit { findings: Vec::new() };
    let schema = Schema::read(&db, migrations).await;
    visit.note("database", version(&db, &place, options.max_connections).await);
    visit.note("space", space::examine(&db).await);
    visit.note("durability", durability(&db).await);
    visit.note("clock", clock(&db).await);
    let ours = schema.as_ref().is_ok_and(Schema::is_ours);
    let empty = schema.as_ref().is_ok_and(Schema::is_empty);
    visit.note("schema", schema.map(|schema| vec![schema.finding()]));
    if ours {
        visit.note("instance", instance(&db).await);
    }
    // Nothing is tried out on what belongs to others.
    if ours || empty {
        visit.note("writing", write(&db, ours).await);
    }
    visit.findings
}

/// What lies behind an error, which by itself tells only what anybody may know.
pub(crate) fn cause(error: &Error) -> String {
    match error {
        Error::Unavailable { source, .. } | Error::Internal(source) => source.to_string(),
        other => other.to_string(),
    }
}

/// What was found so far.
struct Visit {
    findings: Vec<Finding>,
}

impl Visit {
    /// Keeps what was found, or that the database didn't answer.
    fn note(&mut self, subject: &'static str, found: Result<Vec<Finding>>) {
        self.findings.extend(found.unwrap_or_else(|error| {
            let says = format!("The database gave no answer: {}", cause(&error));
            vec![Finding::problem(subject, says, "Look into the database's own log.")]
        }));
    }
}

#[derive(FromQueryResult)]
struct SqliteSettings {
    version: String,
    journal: String,
    synchronous: i64,
    bytes: i64,
}

#[derive(FromQueryResult)]
struct PostgresSettings {
    version: String,
    number: i64,
    encoding: String,
    connections: i64,
}

const SQLITE_SETTINGS: &str = "SELECT sqlite_version() AS version, \
    (SELECT journal_mode FROM pragma_journal_mode) AS journal, \
    (SELECT synchronous FROM pragma_synchronous) AS synchronous, \
    (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes";

const POSTGRES_SETTINGS: &str = "SELECT current_setting('server_version') AS version, \
    current_setting('server_version_num')::bigint AS number, current_setting('server_encoding') AS encoding, \
    current_setting('max_connections')::bigint \
    - current_setting('superuser_reserved_connections')::bigint AS connections";

/// Which database it is, and what of its settings matters.
async fn version(db: &Db, place: &Place, pool: u32) -> Result<Vec<Finding>> {
    if let Place::Sqlite(file) = place {
        let Some(found) = db.one::<SqliteSettings>(SQLITE_SETTINGS, []).await? else { return Ok(Vec::new()) };
        if file.is_none() {
            let says = format!("SQLite {} in memory: everything is gone when the server stops.", found.version);
            return Ok(vec![Finding::warning(
                "database",
                says,
                "Set LINNET_DATABASE_URL to a file, for more than a try.",
            )]);
        }
        let size = found.bytes as f64 / (1024.0 * 1024.0);
        return Ok(vec![Finding::ok(
            "database",
            format!("{}, {size:.1} MiB, version {}.", place.name(), found.version),
        )]);
    }
    let Some(found) = db.one::<PostgresSettings>(POSTGRES_SETTINGS, []).await? else { return Ok(Vec::new()) };
    let says = format!("{}, version {}.", place.name(), found.version);
    let mut findings = vec![if found.number / 10_000 < OLDEST_POSTGRES {
        Finding::warning(
            "database",
            says,
            format!("Move to PostgreSQL {OLDEST_POSTGRES} or newer: older ones are not tested."),
        )
    } else {
        Finding::ok("database", says)
    }];
    if found.encoding != "UTF8" {
        let says = format!("The database's encoding is {}: most of what people write can't be stored.", found.encoding);
        findings.push(Finding::problem("encoding", says, "Create it anew with `createdb --encoding=UTF8`."));
    }
    if i64::from(pool) > found.connections {
        let says = format!("Linnet may open {pool} connections, PostgreSQL allows {} in all.", found.connections);
        findings.push(Finding::warning("connections", says, "Lower the one or raise PostgreSQL's `max_connections`."));
    }
    Ok(findings)
}

/// Whether what is acknowledged survives a crash.
async fn durability(db: &Db) -> Result<Vec<Finding>> {
    let weak = db.durability_problems().await?;
    if !weak.is_empty() {
        let advice =
            "Switch it on in postgresql.conf and reload PostgreSQL; until then nothing that it says is kept for sure.";
        return Ok(weak.into_iter().map(|says| Finding::problem("durability", format!("{says}."), advice)).collect());
    }
    if db.engine() == Engine::Postgres {
        let says = "What is acknowledged is on disk: fsync, full_page_writes and synchronous_commit are on.";
        return Ok(vec![Finding::ok("durability", says)]);
    }
    let Some(found) = db.one::<SqliteSettings>(SQLITE_SETTINGS, []).await? else { return Ok(Vec::new()) };
    Ok(match (found.journal.as_str(), found.synchronous) {
        // That nothing lasts was said before.
        ("memory", _) => Vec::new(),
        ("wal", 2..) => {
            vec![Finding::ok("durability", "What is acknowledged is on disk: write-ahead log, synchronous = FULL.")]
        }
        (journal, level) => {
            let says =
                format!("SQLite runs with journal_mode = {journal}, synchronous = {level}: a crash can lose messages.");
            vec![Finding::warning("durability", says, "Keep the file on a local disk, where SQLite can use its log.")]
        }
    })
}

#[derive(FromQueryResult)]
struct Stamp {
    stamp: Timestamp,
}

/// How far the database's clock is from ours; SQLite's is ours.
async fn clock(db: &Db) -> Result<Vec<Finding>> {
    if db.engine() == Engine::Sqlite {
        return Ok(Vec::new());
    }
    let (clock, begun) = (Clock::default(), Instant::now());
    let sent = clock.now();
    let row: Option<Stamp> = db.one(format!("SELECT {} AS stamp", db.engine().now()), []).await?;
    let half = chrono::Duration::from_std(begun.elapsed() / 2).unwrap_or_default();
    let Some(row) = row else { return Ok(Vec::new()) };
    let skew = row.stamp - (sent + half);
    let seconds = skew.num_milliseconds() as f64 / 1000.0;
    Ok(vec![if skew.abs() > SKEW {
        let says = format!("The database's clock is {seconds:+.1} s from this machine's.");
        Finding::warning("clock", says, "Let both machines keep time by NTP.")
    } else {
        Finding::ok("clock", format!("The database's clock is {seconds:+.3} s from this machine's."))
    }])
}

/// The row that names this database's log.
async fn instance(db: &Db) -> Result<Vec<Finding>> {
    let row: Option<entity::instance::Model> = db.one("SELECT * FROM instance WHERE id = 1", []).await?;
    Ok(vec![match row {
        Some(row) if u32::try_from(row.log_epoch).is_ok() => Finding::ok(
            "instance",
            format!("Made on {}, log {:08x}.", row.created_at.format("%Y-%m-%d"), row.log_epoch),
        ),
        Some(_) => {
            let says = "The row of `instance` has a log_epoch that is no 32-bit number.";
            Finding::problem("instance", says, "Somebody changed it by hand: restore a backup.")
        }
        None => {
            let says = "The table `instance` has lost its row: the server does not start without.";
            Finding::problem("instance", says, "Somebody removed it by hand: restore a backup.")
        }
    }])
}

/// Whether the database takes a write, and how long a commit takes.
async fn write(db: &Db, has_instance: bool) -> Result<Vec<Finding>> {
    let sql: &[&str] = if has_instance {
        &["UPDATE instance SET schema_version = schema_version WHERE id = 1"]
    } else {
        &["CREATE TABLE linnet_doctor (id integer)", "DROP TABLE linnet_doctor"]
    };
    let begun = Instant::now();
    let work = db.write(move |transaction| {
        Box::pin(async move {
            for statement in sql {
                transaction.execute_unprepared(statement).await?;
            }
            Ok(())
        })
    });
    let done = work.await;
    let millis = begun.elapsed().as_secs_f64() * 1000.0;
    Ok(vec![match done {
        Err(error) => {
            let says = format!("The database takes no writes: {}", cause(&error));
            let advice = "See whether its disk is full, whether it is a read-only standby, and what its user may do.";
            Finding::problem("writing", says, advice)
        }
        Ok(()) if begun.elapsed() > SLOW => {
            let says = format!("A commit took {millis:.0} ms; everybody who sends waits for one.");
            Finding::warning("writing", says, "Give the database a faster disk, or a nearer server.")
        }
        Ok(()) => Finding::ok("writing", format!("A commit took {millis:.1} ms.")),
    }])
}
