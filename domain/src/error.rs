//! How things go wrong: refused, signed out, come again later, or our own fault.
//!
//! One shell for the whole product. `Display` is safe to show: it never prints a source. Where the fault is ours the chain
//! is kept for the log and for nobody else.

use std::borrow::Cow;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// The result of a domain function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the caller gave can't be done, and asking again changes nothing.
    #[error("{}", .0.first().map_or("refused", |refusal| refusal.message.as_ref()))]
    Refused(Vec<Refusal>),
    /// Nobody is signed in, or the token is not (or no longer) valid.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// A stream that was open may no longer be read.
    #[error("You may no longer read this thread.")]
    AccessRevoked,
    /// A cursor of a log that is no more: read afresh.
    #[error("The cursor belongs to another log: read the thread afresh.")]
    StreamReset,
    /// Too much, too fast.
    #[error("Too many attempts: wait a moment and try again.")]
    RateLimited {
        /// When to come again.
        retry_after: Duration,
    },
    /// It may work in a moment.
    #[error("The service is busy or being restarted; try again in a moment.")]
    Unavailable {
        /// When to come again.
        retry_after: Duration,
        /// For the log.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A fault of ours.
    #[error("Something went wrong on our side.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One thing that was wrong with what the caller gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of wrong.
    pub code: Code,
    /// Where in what was given; the names of fields as the domain spells them, with indices of lists.
    pub path: Vec<Cow<'static, str>>,
    /// A sentence for the developer who reads it.
    pub message: Cow<'static, str>,
}

/// What kind of wrong: the whole vocabulary, shared by every module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Not of the right form, or not allowed here.
    Invalid,
    /// Longer, or more, than allowed.
    TooLong,
    /// Empty, or nothing but white space.
    Blank,
    /// Somebody else has it.
    Taken,
    /// It doesn't exist, as far as the caller may know.
    NotFound,
    /// The caller may see it, but not do this to it.
    Forbidden,
    /// It has moved on, or was done otherwise before.
    Conflict,
    /// The login or the secret is wrong; which one is not said.
    WrongCredentials,
    /// It was valid once.
    Expired,
    /// The thread is archived, and so read-only.
    Archived,
}

impl Refusal {
    /// A refusal of one field.
    pub fn new(code: Code, field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, path: vec![field.into()], message: message.into() }
    }

    /// The same, one level further in.
    pub fn within(mut self, outer: impl Into<Cow<'static, str>>) -> Self {
        self.path.insert(0, outer.into());
        self
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl Error {
    /// Refuses one field.
    pub fn refuse(code: Code, field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Refusal::new(code, field, message).into()
    }

    /// Absent or hidden: both answer alike.
    pub fn not_found(field: &'static str, what: &str) -> Self {
        Self::refuse(Code::NotFound, field, format!("There is no such {what}."))
    }

    /// The same, of a field by another name: what a proof calls `thread_id` an input may call `id`.
    pub fn at(self, field: &'static str) -> Self {
        match self {
            Self::Refused(refusals) => {
                let renamed = refusals.into_iter().map(|refusal| Refusal { path: vec![field.into()], ..refusal });
                Self::Refused(renamed.collect())
            }
            other => other,
        }
    }

    /// The same, one level further in; what concerns no one field stays where it is.
    pub fn within(self, outer: &'static str) -> Self {
        match self {
            Self::Refused(refusals) => {
                let inner = |refusal: Refusal| if refusal.path.is_empty() { refusal } else { refusal.within(outer) };
                Self::Refused(refusals.into_iter().map(inner).collect())
            }
            other => other,
        }
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Something that may work in a moment.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(1), source: source.into() }
    }

    /// Whether the database gave a statement up for what others do at the same time: who waits for each other, or for too long.
    pub(crate) fn is_contention(&self) -> bool {
        let Self::Unavailable { source, .. } = self else { return false };
        let Some(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
            source.downcast_ref::<DbErr>()
        else {
            return false;
        };
        let code = error.as_database_error().and_then(|error| error.code());
        code.is_some_and(|code| code.starts_with("40") || code == "55P03" || code == "57014")
    }

    /// The same error for one more of those who wait for the same thing.
    pub fn share(&self) -> Self {
        match self {
            Self::Refused(refusals) => Self::Refused(refusals.clone()),
            Self::Unauthenticated(why) => Self::Unauthenticated(why),
            Self::AccessRevoked => Self::AccessRevoked,
            Self::StreamReset => Self::StreamReset,
            Self::RateLimited { retry_after } => Self::RateLimited { retry_after: *retry_after },
            Self::Unavailable { retry_after, source } => {
                Self::Unavailable { retry_after: *retry_after, source: source.to_string().into() }
            }
            Self::Internal(source) => Self::Internal(source.to_string().into()),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if passes(&error) { Self::unavailable(error) } else { Self::internal(error) }
    }
}

/// Whether the database may well answer the same statement in a moment: it is away, full, busy or shutting down.
fn passes(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::ConnectionAcquire(_) => return true,
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    match error.as_ref() {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| passing_code(&code)),
        _ => false,
    }
}

/// SQLSTATE on PostgreSQL (five characters, by class), the extended result code on SQLite (a number).
fn passing_code(code: &str) -> bool {
    if code.len() == 5 {
        // Connection, rollback for concurrency, resources, operator intervention, system error, read-only standby.
        return ["08", "40", "53", "57", "58"].contains(&&code[..2])
            || ["25006", "25P03", "25P04", "55P03"].contains(&code);
    }
    let primary = code.parse::<u32>().unwrap_or(0) & 0xff;
    // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    [5, 6, 8, 10, 13, 14].contains(&primary)
}
