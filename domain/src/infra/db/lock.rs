//! What keeps processes out of each other's way: one that changes the schema, and one that replaces the whole database.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sea_orm::ConnectionTrait;

use super::{Db, Engine};
use crate::error::{Error, Result};

/// PostgreSQL's advisory lock of whoever changes the schema.
pub(crate) const SCHEMA_LOCK: i64 = 7_593_482_190;

/// Held while the schema is changed; PostgreSQL's goes with the connection.
pub struct SchemaLock {
    _file: Option<File>,
}

impl Db {
    /// Keeps other processes from changing the schema for as long as the lock is held: an advisory lock on PostgreSQL,
    /// a lock on a file beside the database on SQLite. Meant for a pool of one connection.
    pub async fn lock_schema(&self) -> Result<SchemaLock> {
        match self.engine {
            Engine::Postgres => {
                // Waiting for another process, and a large migration, may take longer than a request may.
                self.writer().execute_unprepared("SET statement_timeout = 0").await?;
                self.writer().execute_unprepared(&format!("SELECT pg_advisory_lock({SCHEMA_LOCK})")).await?;
                Ok(SchemaLock { _file: None })
            }
            Engine::Sqlite => {
                let Some(file) = self.file.as_deref() else { return Ok(SchemaLock { _file: None }) };
                let path = beside(file, ".lock");
                let lock = tokio::task::spawn_blocking(move || {
                    let file = File::create(path)?;
                    file.lock()?;
                    Ok::<_, std::io::Error>(file)
                });
                let file = lock.await.map_err(Error::internal)?.map_err(Error::internal)?;
                Ok(SchemaLock { _file: Some(file) })
            }
        }
    }
}

/// Held by whoever replaces a file of SQLite: nobody of ours has it open meanwhile.
pub(crate) struct Alone {
    _file: File,
}

impl Alone {
    /// The lock, unless somebody has the file open.
    pub(crate) fn with(database: &Path) -> Result<Option<Self>> {
        let file = opened(database).map_err(Error::internal)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::internal(error)),
        }
    }
}

/// Held by whoever has a file of SQLite open, so that nobody puts another one in its place.
pub(super) fn share(database: &Path) -> Result<File> {
    let file = opened(database).map_err(Error::internal)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let name = database.display();
            Err(Error::internal(format!(
                "{name} is being restored, or vacuumed as a whole: come again when that is done"
            )))
        }
        Err(TryLockError::Error(error)) => Err(Error::internal(error)),
    }
}

/// The file that is locked in place of the database, which may be replaced. Whoever may read it may lock it.
fn opened(database: &Path) -> std::io::Result<File> {
    let path = beside(database, ".open");
    match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            File::options().read(true).append(true).create(true).open(path)
        }
        opened => opened,
    }
}

/// A file beside another one.
pub(crate) fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}
