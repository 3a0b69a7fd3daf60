//! Where the database is, and what to do if it is not.

use std::path::PathBuf;
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use super::Finding;
use crate::error::{Error, Result};
use crate::infra::db::Engine;

/// Where the database is.
pub(super) enum Place {
    /// In memory, if there is no file.
    Sqlite(Option<PathBuf>),
    /// Its host and name.
    Postgres(String),
}

impl Place {
    pub(super) fn of(url: &str) -> Result<Self, Finding> {
        let unreadable = || {
            let advice = "Correct LINNET_DATABASE_URL: `sqlite:path/to/file.db` or `postgres://user@host/database`.";
            Finding::problem("database", "The address of the database can't be read.", advice)
        };
        match Engine::of(url).ok_or_else(unreadable)? {
            Engine::Sqlite if url.contains(":memory:") || url.contains("mode=memory") => Ok(Self::Sqlite(None)),
            Engine::Sqlite => {
                let options = SqliteConnectOptions::from_str(url).map_err(|_| unreadable())?;
                Ok(Self::Sqlite(Some(options.get_filename().to_owned())))
            }
            Engine::Postgres => {
                let options = PgConnectOptions::from_str(url).map_err(|_| unreadable())?;
                let database = options.get_database().unwrap_or(options.get_username());
                Ok(Self::Postgres(format!("`{database}` at {}:{}", options.get_host(), options.get_port())))
            }
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Sqlite(Some(file)) => format!("SQLite's file {}", file.display()),
            Self::Sqlite(None) => "SQLite's memory".into(),
            Self::Postgres(name) => format!("PostgreSQL's database {name}"),
        }
    }

    /// A file that is not there yet; opening it would make it.
    pub(super) fn absent(&self) -> Option<Finding> {
        let Self::Sqlite(Some(file)) = self else { return None };
        match file.try_exists() {
            Ok(true) => None,
            Ok(false) => {
                let says = format!("There is no database at {} yet.", file.display());
                let advice = "Start the server, or run `linnet migrate up`: it is made then. If there should be one, \
                              correct LINNET_DATABASE_URL or LINNET_DATA_DIR.";
                Some(Finding::warning("database", says, advice))
            }
            Err(error) => {
                let says = format!("{} can't be looked at: {error}", file.display());
                Some(Finding::problem("database", says, "Let the user that runs Linnet read and write the directory."))
            }
        }
    }

    /// What to do when the database can't be opened.
    pub(super) fn advice(&self, error: &Error) -> &'static str {
        match (self, sql_state(error).as_deref()) {
            (Self::Sqlite(_), _) => {
                "Let the user that runs Linnet read and write the file and its directory, both on a local disk."
            }
            (_, Some("3D000")) => "Create the database (`createdb`), or correct the name in LINNET_DATABASE_URL.",
            (_, Some("28P01" | "28000")) => "Correct the user or the password in LINNET_DATABASE_URL.",
            (_, Some("53300")) => "All of PostgreSQL's connections are taken: raise its `max_connections`.",
            _ => "See whether PostgreSQL runs and whether this machine may connect to it.",
        }
    }
}

/// The database's own code for an error.
fn sql_state(error: &Error) -> Option<String> {
    let source = std::error::Error::source(error)?.downcast_ref::<DbErr>()?;
    let (DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime)) = source else { return None };
    let RuntimeErr::SqlxError(error) = runtime else { return None };
    let sqlx::Error::Database(error) = error.as_ref() else { return None };
    error.code().map(|code| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn an_address_is_named_without_its_secrets() {
        let name = |url| Place::of(url).map(|place| place.name()).map_err(|finding| finding.level);
        let url = "postgres://linnet:p%40ss@db.internal:5433/chat?sslmode=disable";
        assert_eq!(name(url), Ok("PostgreSQL's database `chat` at db.internal:5433".into()));
        assert_eq!(name("sqlite:data/linnet.db?mode=rwc"), Ok("SQLite's file data/linnet.db".into()));
        assert_eq!(name("sqlite::memory:"), Ok("SQLite's memory".into()));
        assert_eq!(name("mysql://root@host/db"), Err(Level::Problem));
    }
}
