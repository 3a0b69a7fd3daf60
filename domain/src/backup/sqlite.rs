//! A file of SQLite.
//!
//! It is copied by VACUUM INTO: one reading transaction, beside which everybody goes on writing. SQLite's own interface for backups
//! would begin again whenever another process writes.

use std::fs;
use std::path::Path;

use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};

use super::partial::sync_directory;
use super::{admit, another_epoch, cause, run};
use crate::error::{Error, Result};
use crate::infra::db::{Alone, Db, Engine, Options, alone, beside, file_of};
use crate::infra::private;

#[derive(FromQueryResult)]
struct Text {
    text: String,
}

#[derive(FromQueryResult)]
struct Check {
    quick_check: String,
}

#[derive(FromQueryResult)]
struct Number {
    number: i64,
}

/// Copies the database into an empty file.
pub(super) async fn take(db: &Db, into: &Path) -> Result<()> {
    let name = into.to_str().ok_or_else(|| Error::internal("the name of the file has to be UTF-8"))?;
    db.writer().execute_raw(db.engine().sql("VACUUM INTO $1", [name.into()])).await?;
    Ok(())
}

/// Makes a file beside the database that is all that the database is to be, and gives it the database's name at last.
pub(super) async fn restore(options: &Options, migrations: &[String], file: &Path, replace: bool) -> Result<()> {
    let database = file_of(&options.url).ok_or_else(|| Error::internal("a database in memory can't be restored"))?;
    let Some(_alone) = Alone::with(&database)? else {
        return Err(Error::internal(format!("{} is in use: stop the server first", database.display())));
    };
    let had = settle(&database, migrations, replace).await?;
    let fresh = beside(&database, ".restoring");
    let prepared = prepare(file, &fresh, migrations, had).await;
    if let Err(error) = prepared {
        _ = private::clear(&fresh);
        return Err(error);
    }
    run(move || {
        // What was left of the old one's shared memory says nothing of the new one.
        private::clear(&beside(&database, "-shm")).map_err(Error::internal)?;
        fs::rename(&fresh, &database).and_then(|()| sync_directory(&database)).map_err(Error::internal)
    })
    .await
}

/// Brings the database that is there to rest, so that all of it is in its one file: the name of its log, if it has one. A log of writes
/// that stayed behind would be taken for one of the database that comes.
async fn settle(database: &Path, migrations: &[String], replace: bool) -> Result<Option<i64>> {
    let (name, log) = (database.display(), beside(database, "-wal"));
    if !database.exists() {
        return match log.exists() {
            true => Err(Error::internal(format!("there is {}, but no {name}: move it away", log.display()))),
            false => Ok(None),
        };
    }
    let unopened = |error: Error| {
        let why = cause(&error);
        Error::internal(format!("what is at {name} can't be opened ({why}): move it away, and what is called alike"))
    };
    let db = alone(database).await.map_err(unopened)?;
    let tables = number(&db, "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table'").await;
    if tables.map_err(unopened)?.is_some_and(|tables| tables > 0) {
        if !applied(&db).await.iter().any(|name| migrations.contains(name)) {
            return Err(Error::internal(format!(
                "{name} has tables that are not Linnet's: give Linnet a file of its own"
            )));
        }
        if !replace {
            let why = format!("{name} is not empty: `--force` puts the backup in its place, and what is there is gone");
            return Err(Error::internal(why));
        }
    }
    // What is there need not be ours, nor whole.
    let had = number(&db, "SELECT log_epoch AS number FROM instance").await.ok().flatten();
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.map_err(Error::from).map_err(unopened)?;
    db.close().await?;
    match fs::metadata(&log) {
        Ok(left) if left.len() > 0 => {
            Err(Error::internal(format!("{} did not empty: somebody uses it", log.display())))
        }
        _ => private::clear(&log).map(|()| had).map_err(Error::internal),
    }
}

/// Copies the backup, sees whether it is whole and ours, and gives its log another name.
async fn prepare(file: &Path, fresh: &Path, migrations: &[String], had: Option<i64>) -> Result<()> {
    let (from, to) = (file.to_owned(), fresh.to_owned());
    run(move || {
        let copy = || -> std::io::Result<()> {
            // What a restore that was cut short has left behind would be taken for something of this one.
            for end in ["", "-journal", "-wal", "-shm"] {
                private::clear(&beside(&to, end))?;
            }
            let mut into = private::create(&to)?;
            std::io::copy(&mut fs::File::open(from)?, &mut into)?;
            into.sync_all()
        };
        copy().map_err(|error| Error::internal(format!("{} can't be written: {error}", to.display())))
    })
    .await?;
    let db = alone(fresh).await?;
    let damaged = |what: String| Error::internal(format!("{} is damaged: {what}", file.display()));
    let checked = Check::find_by_statement(Engine::Sqlite.sql("PRAGMA quick_check(1)", [])).all(&db).await;
    let checked = checked.map_err(|error| damaged(error.to_string()))?;
    if !checked.iter().all(|row| row.quick_check == "ok") {
        return Err(damaged(checked.into_iter().map(|row| row.quick_check).collect::<Vec<_>>().join("; ")));
    }
    admit(&applied(&db).await, migrations)?;
    let own = number(&db, "SELECT log_epoch AS number FROM instance").await?;
    let epoch = another_epoch(&[had, own]);
    // Killed in the middle, it is begun anew.
    db.execute_unprepared("PRAGMA journal_mode = MEMORY").await?;
    let done = db.execute_unprepared(&format!("UPDATE instance SET log_epoch = {epoch}")).await?;
    if done.rows_affected() != 1 {
        return Err(damaged("the row of `instance` is missing".into()));
    }
    db.close().await?;
    let fresh = fresh.to_owned();
    run(move || fs::File::open(fresh).and_then(|file| file.sync_all()).map_err(Error::internal)).await
}

/// The migrations that a file has; none if it is not ours.
async fn applied(on: &DatabaseConnection) -> Vec<String> {
    texts(on, "SELECT version AS text FROM seaql_migrations").await.unwrap_or_default()
}

async fn texts(on: &DatabaseConnection, sql: &str) -> Result<Vec<String>> {
    let rows = Text::find_by_statement(Engine::Sqlite.sql(sql, [])).all(on).await?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

async fn number(on: &DatabaseConnection, sql: &str) -> Result<Option<i64>> {
    let row = Number::find_by_statement(Engine::Sqlite.sql(sql, [])).one(on).await?;
    Ok(row.map(|row| row.number))
}
