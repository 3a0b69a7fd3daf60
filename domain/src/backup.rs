//! Backups: everything that is in the database, as one file; taken while it is in use, and put back.
//!
//! A backup has whatever was acknowledged before it was begun. Putting one back gives the log another name (its epoch), so that a
//! cursor from before is answered by a reset and not by what happens to stand there now. It is done as a whole or not at all, killed at
//! any moment.

use std::path::Path;

mod partial;
mod postgres;
mod program;
mod sqlite;

use partial::Partial;

use crate::doctor::{Schema, cause};
use crate::error::{Error, Result};
use crate::infra::clock::Clock;
use crate::infra::db::{Db, Engine, Options, file_of};

/// Writes all of the database into a file, which is there once it is whole and on disk: how many bytes it has. `migrations` are the
/// names of those that this version brings. One that is there already is replaced only if that is said.
pub async fn take(options: &Options, migrations: &[String], file: &Path, replace: bool) -> Result<u64> {
    if let Some(database) = file_of(&options.url).filter(|database| !database.exists()) {
        return Err(Error::internal(format!("there is no database at {}", database.display())));
    }
    let db = Db::connect(&Options { max_connections: 1, ..options.clone() }).await?;
    if !Schema::read(&db, migrations).await?.is_ours() {
        return Err(Error::internal("there is nothing of Linnet's in the database"));
    }
    let partial = Partial::begin(file, replace)?;
    match db.engine() {
        Engine::Sqlite => sqlite::take(&db, partial.path()).await?,
        Engine::Postgres => postgres::take(&db, &options.url, partial.path()).await?,
    }
    run(move || partial.finish()).await
}

/// Puts a backup in the place of what is in the database: into an empty one, or over one of Linnet's if that is said. The schema is
/// that of the backup then, which may be an older one than `migrations`, but no newer one.
pub async fn restore(options: &Options, migrations: &[String], file: &Path, replace: bool) -> Result<()> {
    let kind = Kind::of(file)?;
    let engine =
        Engine::of(&options.url).ok_or_else(|| Error::internal("the address of the database can't be read"))?;
    match (kind, engine) {
        (Kind::Sqlite, Engine::Sqlite) => sqlite::restore(options, migrations, file, replace).await,
        (Kind::Postgres, Engine::Postgres) => postgres::restore(options, migrations, file, replace).await,
        (Kind::Sqlite, Engine::Postgres) => Err(elsewhere(file, "SQLite", "PostgreSQL")),
        (Kind::Postgres, Engine::Sqlite) => Err(elsewhere(file, "PostgreSQL", "SQLite")),
    }
}

fn elsewhere(file: &Path, from: &str, to: &str) -> Error {
    Error::internal(format!("{} is a backup of {from}, and the database is {to}'s", file.display()))
}

/// What a file is a backup of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// By how it begins.
    fn of(path: &Path) -> Result<Self> {
        use std::io::Read;
        let name = path.display();
        let file =
            std::fs::File::open(path).map_err(|error| Error::internal(format!("{name} can't be read: {error}")))?;
        let mut head = Vec::new();
        file.take(16)
            .read_to_end(&mut head)
            .map_err(|error| Error::internal(format!("{name} can't be read: {error}")))?;
        match head.as_slice() {
            b"SQLite format 3\0" => Ok(Self::Sqlite),
            dump if dump.starts_with(b"PGDMP") => Ok(Self::Postgres),
            _ => Err(Error::internal(format!("{name} is no backup of Linnet's"))),
        }
    }
}

/// Refuses a backup with migrations that this version does not know, and one that has none of ours.
fn admit(applied: &[String], migrations: &[String]) -> Result<()> {
    let unknown: Vec<_> = applied.iter().filter(|name| !migrations.contains(name)).map(String::as_str).collect();
    if applied.len() == unknown.len() {
        return Err(Error::internal("the file has nothing of Linnet's in it"));
    }
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        return Err(Error::internal(format!(
            "the backup was made by a newer version (it has {unknown}): restore it by that version"
        )));
    }
    Ok(())
}

/// A name for the log that neither the backup's has had, nor that of what was there.
fn another_epoch(had: &[Option<i64>]) -> u32 {
    let random = Clock::default().secret();
    let mut epoch = u32::from_be_bytes([random[0], random[1], random[2], random[3]]);
    while had.contains(&Some(i64::from(epoch))) {
        epoch = epoch.wrapping_add(1);
    }
    epoch
}

/// Runs what waits for files or for another program.
async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_of_a_newer_version_is_not_taken_for_one_of_an_older_version() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let ours = names(&["m1", "m2"]);
        assert!(admit(&names(&["m1"]), &ours).is_ok() && admit(&ours, &ours).is_ok());
        for (applied, why) in [(&["m1", "m2", "m3"][..], "newer"), (&["other"], "nothing"), (&[], "nothing")] {
            let Err(Error::Internal(source)) = admit(&names(applied), &ours) else { panic!("{applied:?} is admitted") };
            assert!(source.to_string().contains(why), "{source}");
        }
    }
}
