//! The database: SQLite inside, or PostgreSQL. Owns connections and what is asserted of each; knows no table.
//!
//! SQLite has one connection that writes and a few that read. PostgreSQL has one pool for both. A transaction that writes
//! runs in a task of its own and to its end, even if whoever asked has gone: a cancelled BEGIN can hand a poisoned
//! connection back to the pool (transact-rs/sqlx#4393), and SQLite's writer would wait for nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use entity::Timestamp;
use futures_util::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value, sqlx,
};

use crate::error::{Error, Result};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, one node.
    Sqlite,
    /// A server, any number of nodes.
    Postgres,
}

impl Engine {
    /// The engine that serves an address.
    pub fn of(url: &str) -> Option<Self> {
        match url.split(':').next() {
            Some("sqlite") => Some(Self::Sqlite),
            Some("postgres" | "postgresql") => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The database's own clock, as an expression.
    pub fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
            Self::Postgres => "clock_timestamp()",
        }
    }

    /// The function that gives the greatest of its arguments.
    pub fn greatest(self) -> &'static str {
        match self {
            Self::Sqlite => "max",
            Self::Postgres => "greatest",
        }
    }

    /// What locks the rows of a SELECT until the transaction ends; SQLite's writer is alone anyway.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// A statement for this engine. Parameters are `$1`, `$2` … on both.
    pub fn sql(self, text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
        let backend = match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        };
        Statement::from_sql_and_values(backend, text, values)
    }
}

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
    /// On SQLite, the file that is locked while the schema changes; none for a database in memory.
    path: Option<std::path::PathBuf>,
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

/// How busy the connections of a node are.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections that work.
    pub in_use: u32,
    /// Connections that rest.
    pub idle: u32,
    /// Statements and transactions that wait for one.
    pub waiting: u32,
}

/// How many statements and transactions have a connection or wait for one.
#[derive(Default)]
struct Wanted(Arc<AtomicU32>);

/// One of them, while it lasts.
struct Want(Arc<AtomicU32>);

impl Wanted {
    fn one_more(&self) -> Want {
        self.0.fetch_add(1, Ordering::Relaxed);
        Want(self.0.clone())
    }
}

impl Drop for Want {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Held while the schema is changed; PostgreSQL's goes with the connection.
pub struct SchemaLock {
    _file: Option<std::fs::File>,
}

/// A transaction that is older than this does not commit: readers of the inbox rely on it.
pub const LONGEST_TRANSACTION: Duration = Duration::from_secs(10);

impl Db {
    /// Opens the database and asserts what its durability rests on.
    pub async fn connect(options: &Options) -> Result<Self> {
        let engine = Engine::of(&options.url)
            .ok_or_else(|| Error::internal("the database address begins neither with sqlite: nor with postgres:"))?;
        let recorder = Recorder::default();
        let open = |connections| open(engine, options, connections, recorder.clone());
        let (writer, reader) = match engine {
            Engine::Sqlite => (open(1).await?, open(options.max_connections.min(4)).await?),
            Engine::Postgres => {
                let pool = open(options.max_connections).await?;
                (pool.clone(), pool)
            }
        };
        let writer = Arc::new(RwLock::new(writer));
        let path = lock_path(&options.url);
        let db = Self { engine, options: options.clone(), writer, reader, recorder, wanted: Wanted::default(), path };
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

    /// How busy the connections are.
    pub fn load(&self) -> Load {
        let (mut in_use, mut idle) = (0, 0);
        let mut count = |size: u32, resting: usize| {
            let resting = u32::try_from(resting).unwrap_or(size).min(size);
            in_use += size - resting;
            idle += resting;
        };
        match self.engine {
            Engine::Sqlite => {
                for connection in [&self.writer(), &self.reader] {
                    let pool = connection.get_sqlite_connection_pool();
                    count(pool.size(), pool.num_idle());
                }
            }
            Engine::Postgres => {
                let pool = self.reader.get_postgres_connection_pool();
                count(pool.size(), pool.num_idle());
            }
        }
        let wanted = self.wanted.0.load(Ordering::Relaxed);
        Load { in_use, idle, waiting: wanted.saturating_sub(in_use) }
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
        let task = tokio::spawn(async move {
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
                    Ok(()) => (Ok(value), true),
                    Err(error) => (Err(error.into()), false),
                },
                Err(error) => (Err(error), transaction.rollback().await.is_ok()),
            };
            if !ended {
                replace.replace(writer).await;
            }
            result
        });
        task.await.map_err(|panic| Error::internal(panic.to_string()))?
    }

    /// The database's own time.
    pub async fn stamp(&self) -> Result<Timestamp> {
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

    /// Keeps other processes from changing the schema for as long as the lock is held: an advisory lock on PostgreSQL,
    /// a lock on a file beside the database on SQLite. Meant for a pool of one connection.
    pub async fn lock_schema(&self) -> Result<SchemaLock> {
        match self.engine {
            Engine::Postgres => {
                // Waiting for another process, and a large migration, may take longer than a request may.
                self.writer().execute_unprepared("SET statement_timeout = 0").await?;
                self.writer().execute_unprepared("SELECT pg_advisory_lock(7593482190)").await?;
                Ok(SchemaLock { _file: None })
            }
            Engine::Sqlite => {
                let Some(path) = self.path.clone() else { return Ok(SchemaLock { _file: None }) };
                let lock = tokio::task::spawn_blocking(move || {
                    let file = std::fs::File::create(path)?;
                    file.lock()?;
                    Ok::<_, std::io::Error>(file)
                });
                let file = lock.await.map_err(Error::internal)?.map_err(Error::internal)?;
                Ok(SchemaLock { _file: Some(file) })
            }
        }
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

/// The lock file beside the database's file.
fn lock_path(url: &str) -> Option<std::path::PathBuf> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//").split('?').next()?;
    (!path.is_empty() && path != ":memory:").then(|| format!("{path}.lock").into())
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

async fn open(engine: Engine, options: &Options, connections: u32, recorder: Recorder) -> Result<DatabaseConnection> {
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    match engine {
        Engine::Sqlite => configure_sqlite(&mut connect),
        Engine::Postgres => configure_postgres(&mut connect, options.idle_timeout),
    }
    let mut connection = Database::connect(connect).await?;
    connection.set_metric_callback(move |info| record(&recorder, info.statement));
    Ok(connection)
}

fn configure_sqlite(connect: &mut ConnectOptions) {
    connect
        // An idle SQLite connection costs nothing, and a new one has to be prepared again.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
                .statement_cache_capacity(512)
        })
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move {
                    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
                    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
                    let foreign_keys: i64 =
                        sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await?;
                    if synchronous >= 2 && foreign_keys == 1 && matches!(journal.as_str(), "wal" | "memory") {
                        return Ok(());
                    }
                    Err(sqlx::Error::Configuration("SQLite refused synchronous=FULL, WAL or foreign_keys".into()))
                })
            })
        });
}

fn configure_postgres(connect: &mut ConnectOptions, idle_timeout: Duration) {
    connect
        .idle_timeout(idle_timeout)
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .set_application_name("linnet")
        .map_sqlx_postgres_opts(|postgres| {
            postgres.statement_cache_capacity(512).options([
                ("statement_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "10s"),
                ("synchronous_commit", "on"),
                // Compiling a plan costs more than any statement of ours takes.
                ("jit", "off"),
                ("timezone", "UTC"),
            ])
        })
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move {
                    let durable: String =
                        sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut *connection).await?;
                    if durable == "off" {
                        return Err(sqlx::Error::Configuration("PostgreSQL refused synchronous_commit=on".into()));
                    }
                    Ok(())
                })
            })
        });
}

fn record(recorder: &Recorder, statement: &Statement) {
    // Nobody panics while holding it; if somebody did, recording is all that is lost.
    let Ok(mut recorded) = recorder.lock() else { return };
    if let Some(list) = recorded.as_mut() {
        let values = statement.values.iter().flat_map(|values| &values.0).map(|value| format!("{value:?}")).collect();
        list.push(Recorded { sql: statement.sql.clone(), values });
    }
}
