//! How connections are opened, and what is asserted of each.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions as _, Connection, raw_sql};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector, Statement, sqlx};

use super::rest::LONGEST_LIFE;
use super::{Engine, Options, Recorded, Recorder};
use crate::error::{Error, Result};
use crate::infra::private;

/// Opens so many connections.
pub(super) async fn open(
    engine: Engine,
    options: &Options,
    connections: u32,
    recorder: Recorder,
) -> Result<DatabaseConnection> {
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        // See `rest`.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    match engine {
        Engine::Sqlite => {
            make_file(&options.url);
            configure_sqlite(&mut connect, is_new(&options.url));
        }
        Engine::Postgres => configure_postgres(&mut connect, connections),
    }
    let mut connection = Database::connect(connect).await?;
    connection.set_metric_callback(move |info| record(&recorder, info.statement));
    Ok(connection)
}

/// The file that a database of SQLite is in; none if it is in memory, or elsewhere.
pub(crate) fn file_of(url: &str) -> Option<PathBuf> {
    let is_memory = url.contains(":memory:") || url.contains("mode=memory");
    let options =
        (Engine::of(url)? == Engine::Sqlite && !is_memory).then(|| SqliteConnectOptions::from_str(url).ok())??;
    Some(options.get_filename().to_owned())
}

/// Opens a file of SQLite by itself, with one connection, for whoever has it alone: as it is, without making it one of ours.
pub(crate) async fn alone(file: &Path) -> Result<DatabaseConnection> {
    let options = SqliteConnectOptions::new().filename(file).foreign_keys(false).busy_timeout(Duration::from_secs(1));
    let options = sqlx::ConnectOptions::disable_statement_logging(options);
    // See `rest`.
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options).await;
    let pool = pool.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// Makes the file of a database, so that nobody else reads it, nor what SQLite puts beside it, which has the same permissions. If it
/// can't be made, SQLite says why.
fn make_file(url: &str) {
    if let Some(path) = file_of(url).filter(|_| !url.contains("mode=ro")) {
        _ = private::ensure(&path);
    }
}

/// Whether there is nothing in a database of SQLite yet.
fn is_new(url: &str) -> bool {
    file_of(url).is_none_or(|file| file.metadata().is_ok_and(|found| found.len() == 0))
}

/// Makes a database that is not there: SQLite's file, or on PostgreSQL by way of the database `postgres`, which every server has.
/// Whether it was not there.
pub(super) async fn create(options: &Options) -> Result<bool> {
    match Engine::of(&options.url) {
        Some(Engine::Sqlite) => {
            let is_missing = file_of(&options.url).is_some_and(|path| !path.exists());
            open(Engine::Sqlite, options, 1, Recorder::default()).await?.close().await?;
            Ok(is_missing)
        }
        _ => create_on_postgres(&options.url).await,
    }
}

async fn create_on_postgres(url: &str) -> Result<bool> {
    let options: PgConnectOptions = url.parse().map_err(Error::internal)?;
    let name = options.get_database().unwrap_or_else(|| options.get_username()).to_owned();
    let mut server = options.database("postgres").connect().await.map_err(Error::internal)?;
    let quoted = name.replace('"', "\"\"");
    let made = raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\""))).execute(&mut server).await;
    server.close().await.map_err(Error::internal)?;
    match made {
        Ok(_) => Ok(true),
        // There is one, or somebody else makes it at this moment.
        Err(error) if is_there(&error) => Ok(false),
        Err(error) => Err(Error::internal(error)),
    }
}

fn is_there(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["42P04", "23505"].contains(&code.as_ref()))
}

fn configure_sqlite(connect: &mut ConnectOptions, is_new: bool) {
    connect
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            // Said of a file that has something in it, it changes nothing, but takes a write: of one, too, whose disk is full.
            let sqlite = if is_new { sqlite.auto_vacuum(SqliteAutoVacuum::Incremental) } else { sqlite };
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

fn configure_postgres(connect: &mut ConnectOptions, connections: u32) {
    connect
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .set_application_name("linnet")
        .map_sqlx_postgres_opts(|postgres| {
            postgres.statement_cache_capacity(512).options([
                ("statement_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "10s"),
                ("synchronous_commit", "on"),
                // Compiling a plan costs more than any statement of ours takes.
                ("jit", "off"),
                // Each statement has one plan, whatever values are bound to it: a test looks at the plans of all of them. Left to
                // itself, PostgreSQL made a new one each time for some, which took twice as long as to run them (bench/README.md).
                ("plan_cache_mode", "force_generic_plan"),
                ("timezone", "UTC"),
            ])
        })
        .map_sqlx_postgres_pool_opts(move |pool| {
            // What has one connection relies on what was said on it: the lock of the schema, and how long a statement may take.
            let is_replaced = connections > 1;
            let pool = pool
                .after_release(move |_, found| Box::pin(async move { Ok(!is_replaced || found.age < LONGEST_LIFE) }));
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
