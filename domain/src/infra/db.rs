//! The database: SQLite inside, or PostgreSQL. Owns connections and what is asserted of each; knows no table.
//!
//! SQLite has one connection that writes and a few that read. PostgreSQL has one pool for both. A transaction that writes
//! runs in a task of its own and to its end, even if whoever asked has gone: a cancelled BEGIN can hand a poisoned
//! connection back to the pool (transact-rs/sqlx#4393), and SQLite's writer would wait for nothing.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use entity::Timestamp;
use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, FromQueryResult, SqliteTransactionMode,
    TransactionOptions, TransactionTrait, Value,
};
use tokio_util::task::AbortOnDropHandle;

mod after;
mod connect;
mod engine;
mod load;
mod lock;
mod rest;

pub use after::after_commit;
use connect::open;
pub(crate) use connect::{alone, file_of};
pub use engine::Engine;
pub use load::Load;
use load::Wanted;
pub use lock::SchemaLock;
pub(crate) use lock::{Alone, SCHEMA_LOCK, beside};

use crate::error::{Error, Result};

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:…` or `postgres:…`.
    pub url: String,
    /// Connections to PostgreSQL, or readers on SQLite, at the most.
    pub max_connections: u32,
    /// How long a statement may wait for a connection before the caller is told to come again.
    pub acquire_timeout: Duration,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
}

/// A statement as a test build records it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its text.
    pub sql: String,
    /// The values bound, as SQL literals.
    pub values: Vec<String>,
}

/// Statements sent since recording began; none while nobody records.
pub type Recorder = Arc<Mutex<Option<Vec<Recorded>>>>;

/// The connections of one node.
pub struct Db {
    engine: Engine,
    options: Options,
    /// Replaced when a transaction could neither be committed nor rolled back.
    writer: Arc<RwLock<DatabaseConnection>>,
    reader: DatabaseConnection,
    recorder: Recorder,
    wanted: Wanted,
    /// On SQLite, where the database is; none in memory.
    file: Option<PathBuf>,
    _shared: Option<File>,
    _resting: AbortOnDropHandle<()>,
}

/// What it takes to replace SQLite's writer. A disk that is full makes SQLite end a transaction by itself; the connection
/// would go on believing in it, and refuse every later one. PostgreSQL's pool notices a broken connection by itself.
struct Replacement {
    engine: Engine,
    options: Options,
    recorder: Recorder,
    writer: Arc<RwLock<DatabaseConnection>>,
}

impl Replacement {
    async fn replace(self, broken: DatabaseConnection) {
        if self.engine == Engine::Postgres {
            return;
        }
        match open(self.engine, &self.options, 1, self.recorder).await {
            Ok(fresh) => *self.writer.write().unwrap_or_else(PoisonError::into_inner) = fresh,
            Err(error) => tracing::error!(?error, "the database could not be opened again"),
        }
        // Whoever waits for the broken one is told to come again.
        let _ = broken.close().await;
    }
}

/// A transaction that is older than this does not commit: readers of the inbox rely on it.
pub const LONGEST_TRANSACTION: Duration = Duration::from_secs(10);

impl Db {
    /// Makes the database, if there is none. Whether there was none.
    pub async fn create(options: &Options) -> Result<bool> {
        connect::create(options).await
    }

    /// Opens the database and asserts what its durability rests on.
    pub async fn connect(options: &Options) -> Result<Self> {
        let engine = Engine::of(&options.url)
            .ok_or_else(|| Error::internal("the database address begins neither with sqlite: nor with postgres:"))?;
        let file = file_of(&options.url);
        let shared = file.as_deref().map(lock::share).transpose()?;
        let recorder = Recorder::default();
        let open = |connections| open(engine, options, connections, recorder.clone());
        let (writer, reader) = match engine {
            Engine::Sqlite => (open(1).await?, open(readers(options)).await?),
            Engine::Postgres => {
                let pool = open(options.max_connections).await?;
                (pool.clone(), pool)
            }
        };
        let writer = Arc::new(RwLock::new(writer));
        let (options, wanted) = (options.clone(), Wanted::default());
        let resting = rest::let_go(engine, &reader, wanted.clone(), options.idle_timeout);
        let db = Self { engine, options, writer, reader, recorder, wanted, file, _shared: shared, _resting: resting };
        db.assert_version().await?;
        Ok(db)
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where statements are recorded for a test build.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The connection that writes, for migrations and maintenance.
    pub fn writer(&self) -> DatabaseConnection {
        self.writer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connections that read, for what is read within transactions, too.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// All rows that a statement gives.
    pub async fn all<T: FromQueryResult>(
        &self,
        text: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<T>> {
        let _wanted = self.wanted.one_more();
        all(&self.reader, self.engine, text, values).await
    }

    /// The first row that a statement gives.
    pub async fn one<T: FromQueryResult>(
        &self,
        text: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<T>> {
        let _wanted = self.wanted.one_more();
        Ok(T::find_by_statement(self.engine.sql(text, values)).one(&self.reader).await?)
    }

    /// Runs `work` in one transaction, in a task of its own, and commits it.
    ///
    /// Errors of `work` roll back. A transaction that took longer than [`LONGEST_TRANSACTION`] is rolled back too.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let writer = self.writer();
        let replace = self.replacement();
        let wanted = self.wanted.one_more();
        let task = tokio::spawn(after::noting(async move {
            let _wanted = wanted;
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            let transaction = writer.begin_with_options(options).await?;
            let begun = Instant::now();
            let result = match work(&transaction).await {
                Ok(_) if begun.elapsed() >= LONGEST_TRANSACTION => {
                    Err(Error::unavailable("a transaction took too long and was rolled back"))
                }
                result => result,
            };
            let (result, ended) = match result {
                Ok(value) => match transaction.commit().await {
                    Ok(()) => {
                        after::committed();
                        (Ok(value), true)
                    }
                    Err(error) => (Err(error.into()), false),
                },
                Err(error) => (Err(error), transaction.rollback().await.is_ok()),
            };
            if !ended {
                replace.replace(writer).await;
            }
            result
        }));
        task.await.map_err(|panic| Error::internal(panic.to_string()))?
    }

    /// The number that a statement counts.
    pub async fn count(&self, text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Result<i64> {
        let _wanted = self.wanted.one_more();
        count(&self.reader, self.engine, text, values).await
    }

    /// The database's own time.
    pub async fn stamp(&self) -> Result<Timestamp> {
        let _wanted = self.wanted.one_more();
        stamp(&self.reader, self.engine).await
    }

    fn replacement(&self) -> Replacement {
        Replacement {
            engine: self.engine,
            options: self.options.clone(),
            recorder: self.recorder.clone(),
            writer: self.writer.clone(),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader.ping().await?)
    }

    /// What weakens the promise that nothing acknowledged is lost; empty is as it should be.
    pub async fn durability_problems(&self) -> Result<Vec<String>> {
        // SQLite's settings are asserted on every connection before it is used.
        if self.engine == Engine::Sqlite {
            return Ok(Vec::new());
        }
        let rows: Vec<Setting> = self
            .all("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')", [])
            .await?;
        let weak = rows.into_iter().filter(|row| row.setting == "off");
        Ok(weak
            .map(|row| format!("PostgreSQL runs with {} = off: a crash can lose acknowledged messages", row.name))
            .collect())
    }

    async fn assert_version(&self) -> Result<()> {
        if self.engine == Engine::Postgres {
            return Ok(());
        }
        let row: Option<Version> = self.one("SELECT sqlite_version() AS version", []).await?;
        let version = row.map(|row| row.version).unwrap_or_default();
        let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
        // 3.51.3 mends a reset of the write-ahead log that could lose a commit.
        if parts < vec![3, 51, 3] {
            return Err(Error::internal(format!("SQLite {version} is older than 3.51.3")));
        }
        Ok(())
    }
}

/// Connections that read a file of SQLite.
fn readers(options: &Options) -> u32 {
    options.max_connections.min(4)
}

/// The database's own time, within a transaction. What is stamped with it is written as a value, so that on SQLite, where
/// times are texts, all are spelled alike.
pub async fn stamp(on: &impl ConnectionTrait, engine: Engine) -> Result<Timestamp> {
    let rows: Vec<Stamp> = all(on, engine, format!("SELECT {} AS stamp", engine.now()), []).await?;
    rows.first().map(|row| row.stamp).ok_or_else(|| Error::internal("the database told no time"))
}

/// All rows that a statement gives, within a transaction.
pub async fn all<T: FromQueryResult>(
    on: &impl ConnectionTrait,
    engine: Engine,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>> {
    Ok(T::find_by_statement(engine.sql(text, values)).all(on).await?)
}

#[derive(FromQueryResult)]
struct Stamp {
    stamp: Timestamp,
}

#[derive(FromQueryResult)]
struct Version {
    version: String,
}

#[derive(FromQueryResult)]
struct Setting {
    name: String,
    setting: String,
}

/// The number that a statement counts, within a transaction.
pub async fn count(
    on: &impl ConnectionTrait,
    engine: Engine,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<i64> {
    let row = on.query_one_raw(engine.sql(text, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}
