//! The two engines, and one fresh database per test on either.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Orm, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    QueryResult, Statement, TransactionTrait,
};
use tempfile::TempDir;

use crate::Cluster;

/// Which database the server under test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary directory.
    Sqlite,
    /// A database of its own on the cluster that `LINNET_TEST_POSTGRES_URL` names.
    Postgres,
}

/// One database, empty at first, gone when this is dropped.
pub struct Database {
    engine: Engine,
    url: String,
    directory: TempDir,
    drop_by: Option<(String, String)>,
}

impl Database {
    /// Makes an empty database. On PostgreSQL it is made on the cluster that all tests share.
    pub async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let directory = directory();
                let url = format!("sqlite://{}?mode=rwc", directory.path().join("linnet.db").display());
                Self { engine, url, directory, drop_by: None }
            }
            Engine::Postgres => {
                let admin = std::env::var("LINNET_TEST_POSTGRES_URL")
                    .expect("LINNET_TEST_POSTGRES_URL names no PostgreSQL cluster: tests/run starts one and sets it");
                Self::create_at(&admin).await
            }
        }
    }

    /// Makes an empty PostgreSQL database on a cluster of the test's own, which it may stop and start.
    pub async fn create_on(cluster: &Cluster) -> Self {
        Self::create_at(&cluster.url()).await
    }

    async fn create_at(admin: &str) -> Self {
        let name = format!("linnet_{:016x}", fresh_number());
        let connection = open(admin).await.expect("the PostgreSQL cluster answers");
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        connection.close().await.unwrap();
        let (cluster, _) = admin.rsplit_once('/').expect("LINNET_TEST_POSTGRES_URL ends in a database");
        Self {
            engine: Engine::Postgres,
            url: format!("{cluster}/{name}"),
            directory: directory(),
            drop_by: Some((admin.to_owned(), name)),
        }
    }

    /// The engine it is on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The URL as the server takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A temporary directory of the test's own: the SQLite file, the server's data and log are in it.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A connection of the test's own, beside the server's.
    pub async fn connect(&self) -> DatabaseConnection {
        open(&self.url).await.expect("the database answers the test")
    }

    /// Executes one statement, for tests that have to damage the database.
    pub async fn execute(&self, sql: &str) {
        let connection = self.connect().await;
        connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.close().await.unwrap();
    }

    /// Keeps whoever changes threads waiting until what this gives is rolled back. Readers read.
    pub async fn hold_threads(&self) -> DatabaseTransaction {
        let holding = self.connect().await.begin().await.unwrap();
        let hold = match self.engine {
            Engine::Sqlite => "UPDATE threads SET title = title",
            Engine::Postgres => "LOCK TABLE threads IN EXCLUSIVE MODE",
        };
        holding.execute_unprepared(hold).await.unwrap();
        holding
    }

    /// All rows of one statement, for tests that have to look at what only the database shows.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let connection = self.connect().await;
        let statement = Statement::from_string(self.backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.close().await.unwrap();
        rows
    }

    /// The one number that a statement such as `SELECT COUNT(*) …` gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        rows[0].try_get_by_index(0).unwrap_or_else(|error| panic!("{sql} gives no number: {error}"))
    }

    /// Every column of every table, as table and column, but of the bookkeeping of the migrations themselves.
    pub async fn columns(&self) -> Vec<(String, String)> {
        let question = match self.engine {
            Engine::Sqlite => {
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' \
                 AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'seaql_%' ORDER BY 1, 2"
            }
            Engine::Postgres => {
                "SELECT table_name::text, column_name::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name NOT LIKE 'seaql_%' ORDER BY 1, 2"
            }
        };
        let rows = self.rows(question).await;
        rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
    }

    /// How sea-orm calls the engine.
    pub fn backend(&self) -> DbBackend {
        match self.engine {
            Engine::Sqlite => DbBackend::Sqlite,
            Engine::Postgres => DbBackend::Postgres,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((admin, name)) = self.drop_by.take() else { return };
        // A thread, because a runtime may be running on this one and a drop cannot await.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let connection = open(&admin).await?;
                connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("a test database stays behind: {error}");
        }
    }
}

/// One connection, so that what is begun on it is ended on it. It is never closed for having rested: that can keep sqlx's pool busy for good
/// (transact-rs/sqlx#3645), and with it the test.
async fn open(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    Orm::connect(options).await
}

fn directory() -> TempDir {
    tempfile::Builder::new().prefix("linnet-test-").tempdir().unwrap()
}

/// A number that no other process has; not part of what a seed repeats.
pub(crate) fn fresh_number() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
