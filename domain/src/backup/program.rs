//! PostgreSQL's own programs for backups, as they are on this machine.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::str::FromStr;
use std::thread::JoinHandle;

use percent_encoding::percent_decode_str;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::{Error, Result};

/// Parts of an address of PostgreSQL's that its programs take by another name.
const ASIDE: [(&str, &str); 4] =
    [("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY"), ("password", "PGPASSWORD")];

/// How the programs reach the database: by their environment, which others on this machine don't see.
#[derive(Clone)]
pub(super) struct Place(Vec<(&'static str, OsString)>);

impl Place {
    pub(super) fn of(url: &str) -> Result<Self> {
        let unreadable = || Error::internal("the address of the database can't be read");
        let options = PgConnectOptions::from_str(url).map_err(|_| unreadable())?;
        let host =
            options.get_socket().map_or_else(|| options.get_host().into(), |socket| socket.clone().into_os_string());
        let mode = match options.get_ssl_mode() {
            PgSslMode::Disable => "disable",
            PgSslMode::Allow => "allow",
            PgSslMode::Prefer => "prefer",
            PgSslMode::Require => "require",
            PgSslMode::VerifyCa => "verify-ca",
            PgSslMode::VerifyFull => "verify-full",
        };
        let mut variables = vec![
            ("PGHOST", host),
            ("PGPORT", options.get_port().to_string().into()),
            ("PGUSER", options.get_username().into()),
            ("PGDATABASE", options.get_database().unwrap_or(options.get_username()).into()),
            ("PGSSLMODE", mode.into()),
            ("PGAPPNAME", "linnet backup".into()),
        ];
        variables.extend(password(url).map(|password| ("PGPASSWORD", password)));
        let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let variable = ASIDE.iter().find(|(known, _)| *known == name);
            variables.extend(variable.map(|(_, variable)| (*variable, plain(value))));
        }
        Ok(Self(variables))
    }

    /// A program that asks nobody anything.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.0.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// The password of an address, which nothing else tells.
fn password(url: &str) -> Option<OsString> {
    let (_, rest) = url.split_once("://")?;
    let (who, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    who.split_once(':').map(|(_, password)| plain(password))
}

fn plain(text: &str) -> OsString {
    percent_decode_str(text).decode_utf8_lossy().into_owned().into()
}

/// The major version of a program.
pub(super) fn version(program: &str) -> Result<i64> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| missing(program, &error))?;
    // "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    let said = String::from_utf8_lossy(&output.stdout);
    let number = said.split_once(") ").and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
    let number = number.and_then(|number| number.parse().ok());
    number.ok_or_else(|| Error::internal(format!("`{program} --version` says `{}`", said.trim())))
}

/// Starts a program.
pub(super) fn start(program: &str, command: &mut Command) -> Result<Running> {
    let mut child = command.spawn().map_err(|error| missing(program, &error))?;
    let errors = child.stderr.take();
    // Read beside everything else, or the program waits for it to be read.
    let errors = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut errors) = errors {
            _ = errors.read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).trim().to_owned()
    });
    Ok(Running { program: program.to_owned(), child, errors })
}

fn missing(program: &str, error: &std::io::Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        let why = format!(
            "`{program}` is not on the PATH: install PostgreSQL's client programs, of the server's version or newer (Debian: postgresql-client)"
        );
        return Error::internal(why);
    }
    Error::internal(format!("`{program}` can't be started: {error}"))
}

/// A program that was started.
pub(super) struct Running {
    program: String,
    child: Child,
    errors: JoinHandle<String>,
}

impl Running {
    /// What it is told.
    pub(super) fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Hands on what it says.
    pub(super) fn pour(&mut self, into: &mut impl Write) -> std::io::Result<u64> {
        match self.child.stdout.as_mut() {
            Some(from) => std::io::copy(from, into),
            None => Ok(0),
        }
    }

    /// Waits for its end: what it has complained of, if that is not a good one.
    pub(super) fn end(mut self) -> Result<()> {
        // What nobody reads any more it need not wait to say.
        drop(self.child.stdout.take());
        let status = self.child.wait().map_err(Error::internal)?;
        let said = self.errors.join().unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        Err(Error::internal(format!(
            "`{}` failed: {}",
            self.program,
            if said.is_empty() { status.to_string() } else { said }
        )))
    }
}

/// What a program said, once it has ended well.
pub(super) fn said(program: &str, command: &mut Command) -> Result<String> {
    let mut running = start(program, command.stdout(Stdio::piped()))?;
    let mut said = Vec::new();
    let poured = running.pour(&mut said);
    running.end()?;
    poured.map_err(Error::internal)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Adds a file's name to what a program is told.
pub(super) fn file(command: &mut Command, file: &Path) {
    // Whatever it is called, it is no option.
    command.arg("--").arg(file);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_all_of_an_address_but_not_where_others_see_it() {
        let url = "postgres://ann:p%40ss%2Fword@db.internal:5433/chat?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem";
        let place = Place::of(url).expect("an address");
        let of = |name| place.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string_lossy());
        for (name, value) in [
            ("PGHOST", "db.internal"),
            ("PGPORT", "5433"),
            ("PGUSER", "ann"),
            ("PGPASSWORD", "p@ss/word"),
            ("PGDATABASE", "chat"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/etc/ca.pem"),
        ] {
            assert_eq!(of(name).as_deref(), Some(value), "{name}");
        }
        assert!(password("postgres://ann@host/chat").is_none());
    }
}
