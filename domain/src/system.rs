//! How the database is doing, for administrators: counters of the engine's own, and nothing that anybody has written.
//!
//! Each node asks the database at most once in a few seconds, however many ask for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::Timestamp;
use sea_orm::FromQueryResult;
use tokio::sync::Mutex;

mod postgres;
mod sqlite;

use crate::access::Administrator;
use crate::app::App;
use crate::error::Result;
use crate::infra::clock::Clock;
use crate::infra::db::Engine;

/// For how long what was read is good enough.
const FRESH: Duration = Duration::from_secs(5);
/// Indexes that are told of at the most. There are as many as the schema has; a database may have some of its owner's, too.
const INDEXES: usize = 1000;
/// Statements that are told of at the most.
const STATEMENTS: usize = 100;

/// What a node remembers of it.
pub(crate) struct Watch {
    begun_at: Timestamp,
    read: Mutex<Option<(Instant, Arc<Statistics>)>>,
}

impl Watch {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { begun_at: clock.now(), read: Mutex::default() }
    }
}

/// What a database tells of itself. What it can't is none, with the reason in `untold`.
#[derive(Debug)]
pub struct Statistics {
    /// Which database it is.
    pub engine: Engine,
    /// Its version.
    pub version: String,
    /// The last migration that is applied.
    pub schema: String,
    /// Bytes on disk.
    pub bytes: i64,
    /// Bytes of these that nothing is in.
    pub unused_bytes: Option<i64>,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
    /// Connections to it, of all nodes and of everybody else.
    pub connections: Option<i64>,
    /// Connections that it allows.
    pub most_connections: Option<i64>,
    /// Reads that were answered from memory, of all; none if there were no reads.
    pub hit_ratio: Option<f64>,
    /// Since when reads and uses are counted.
    pub counted_since: Option<Timestamp>,
    /// All indexes, those that are used most first.
    pub indexes: Option<Vec<Index>>,
    /// The statements that took the most time in all.
    pub statements: Option<Vec<Usage>>,
    /// What it can't tell, by the name above, and why.
    pub untold: Vec<(&'static str, &'static str)>,
}

/// One index.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The table that it is of.
    pub table_name: String,
    /// Bytes on disk.
    pub bytes: i64,
    /// How often it was used to find something.
    pub scans: i64,
    /// Whether it keeps values from being there twice, which no counter counts.
    pub is_unique: bool,
}

impl Index {
    /// Whether nothing would be missed without it, as far as the counters tell.
    pub fn is_unused(&self) -> bool {
        self.scans == 0 && !self.is_unique
    }
}

/// What one statement took, over all its calls.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Usage {
    /// Its text, in which `$1` stands for each value.
    pub text: String,
    /// How often it was called.
    pub calls: i64,
    /// Milliseconds in all.
    pub total_ms: f64,
    /// Milliseconds for one call.
    pub mean_ms: f64,
    /// Rows in all.
    pub row_count: i64,
}

/// Since when this node runs, and for how long.
pub fn uptime(app: &App, _: &Administrator) -> (Timestamp, Duration) {
    let begun = app.system.begun_at;
    (begun, (app.clock.now() - begun).to_std().unwrap_or_default())
}

/// What the database tells of itself, or has told a moment ago.
pub async fn statistics(app: &App, _: &Administrator) -> Result<Arc<Statistics>> {
    let mut read = app.system.read.lock().await;
    if let Some((_, statistics)) = read.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
        return Ok(statistics.clone());
    }
    let statistics = Arc::new(match app.db.engine() {
        Engine::Sqlite => sqlite::read(&app.db).await?,
        Engine::Postgres => postgres::read(&app.db).await?,
    });
    *read = Some((Instant::now(), statistics.clone()));
    Ok(statistics)
}

#[derive(FromQueryResult)]
struct Named {
    name: String,
}

/// The last migration that is applied.
const LAST_MIGRATION: &str = "SELECT version AS name FROM seaql_migrations ORDER BY version DESC LIMIT 1";
