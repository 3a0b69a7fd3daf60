//! Keeps the database in order beside whoever uses it: gives back space, and lets the planner know how large things are.
//!
//! Nobody waits long for it. On SQLite, which has one writer at a time, it works in slices of a few hundredths of a second, with
//! pauses in which those who wait come to write; on PostgreSQL it takes no lock that a change waits for.

mod postgres;
mod slice;
mod sqlite;

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::{Error, Result};
use crate::infra::db::{Alone, Db, Engine, Options, alone, file_of};

/// Keeps the database in order, and tells what was done.
pub async fn maintain(options: &Options, tell: impl FnMut(String)) -> Result<()> {
    let db = Db::connect(&Options { max_connections: 1, ..options.clone() }).await?;
    match db.engine() {
        Engine::Sqlite => sqlite::maintain(&db, tell).await,
        Engine::Postgres => postgres::maintain(&db, tell).await,
    }
}

/// Writes a file of SQLite anew as a whole, so that it is as small as it gets, and shrinks in slices from then on. Nobody may use it
/// meanwhile.
pub async fn rewrite(options: &Options) -> Result<()> {
    let Some(file) = file_of(&options.url) else {
        let why = "only a file of SQLite is written anew as a whole; on PostgreSQL, VACUUM FULL or pg_repack does that";
        return Err(Error::internal(why));
    };
    if !file.exists() {
        return Err(Error::internal(format!("there is no database at {}", file.display())));
    }
    let Some(_alone) = Alone::with(&file)? else {
        let why = format!("{} is in use: stop the server first, since nobody could write meanwhile", file.display());
        return Err(Error::internal(why));
    };
    let db = alone(&file).await?;
    for statement in ["PRAGMA auto_vacuum = INCREMENTAL", "VACUUM"] {
        db.execute_unprepared(statement).await?;
    }
    Ok(db.close().await?)
}

/// How much of a file of SQLite is in use.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Space {
    pages: i64,
    free_pages: i64,
    page_size: i64,
    auto_vacuum: i64,
}

impl Space {
    /// Bytes of the whole file.
    pub fn bytes(&self) -> i64 {
        self.pages * self.page_size
    }

    /// Bytes that nothing is in.
    pub fn unused(&self) -> i64 {
        self.free_pages * self.page_size
    }

    /// Whether it can be made smaller in slices.
    pub fn is_incremental(&self) -> bool {
        self.auto_vacuum == 2
    }
}

/// How much of the file is in use: told by its first page, however large it is.
pub async fn space(db: &Db) -> Result<Space> {
    let sql = "SELECT (SELECT page_count FROM pragma_page_count) AS pages, \
               (SELECT freelist_count FROM pragma_freelist_count) AS free_pages, \
               (SELECT page_size FROM pragma_page_size) AS page_size, \
               (SELECT auto_vacuum FROM pragma_auto_vacuum) AS auto_vacuum";
    db.one(sql, []).await?.ok_or_else(|| Error::internal("SQLite told nothing of its file"))
}
