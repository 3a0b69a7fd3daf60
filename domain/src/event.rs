//! The log: what each line says, and how it is read.
//!
//! A line holds ids, never content; the rows that it names are loaded when it is read, so a frame shows things as they
//! are, not as they were. The walk is how every stream goes through a log, a thread's or the feed's: attach, prove, backfill, live.

use std::collections::BTreeSet;
use std::time::Duration;

use entity::id::{ThreadId, TypedId, UserId};
use serde::{Deserialize, Serialize};

mod only;
mod page;
mod read;
mod retain;
mod thread;
mod walk;

pub use only::only;
pub use page::{EventPage, pages};
pub(crate) use read::posted;
pub use read::{Chunk, Entry};
pub(crate) use retain::RECURRING;
pub use retain::trim;
pub use thread::{Track, walk};
pub(crate) use walk::{CHUNK, Part, Proof, Way, along};
pub use walk::{Frame, Step};

use crate::access::Reader;
use crate::app::App;
use crate::cursor::{CursorError, ThreadCursor};
use crate::error::{Code, Error, Refusal, Result};

/// How somebody's part in a thread changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantChange {
    /// They take part now.
    Joined,
    /// They left or were removed.
    Left,
    /// They have another role.
    RoleChanged,
    /// They are kept out of the room, and are out of it.
    Banned,
    /// They are kept out no longer.
    Unbanned,
}

/// What a line of the log says beyond its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Data {
    /// Of [`EventKind::ParticipantChanged`].
    Participant {
        /// Whose part changed.
        user: String,
        /// How.
        change: ParticipantChange,
    },
    /// Of [`EventKind::ReceiptsAdvanced`].
    Receipts {
        /// Whose marks moved.
        users: Vec<String>,
    },
}

impl Data {
    pub(crate) fn joined(user: UserId) -> Self {
        Self::Participant { user: user.to_string(), change: ParticipantChange::Joined }
    }

    pub(crate) fn left(user: UserId) -> Self {
        Self::Participant { user: user.to_string(), change: ParticipantChange::Left }
    }

    pub(crate) fn banned(user: UserId) -> Self {
        Self::Participant { user: user.to_string(), change: ParticipantChange::Banned }
    }

    pub(crate) fn unbanned(user: UserId) -> Self {
        Self::Participant { user: user.to_string(), change: ParticipantChange::Unbanned }
    }

    pub(crate) fn role_changed(user: UserId) -> Self {
        Self::Participant { user: user.to_string(), change: ParticipantChange::RoleChanged }
    }

    pub(crate) fn advanced(users: BTreeSet<UserId>) -> Self {
        Self::Receipts { users: users.into_iter().map(|user| user.to_string()).collect() }
    }

    pub(crate) fn into_json(self) -> serde_json::Value {
        // Texts and lists of texts always have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }

    fn users(&self) -> Vec<UserId> {
        let texts: &[String] = match self {
            Self::Participant { user, .. } => std::slice::from_ref(user),
            Self::Receipts { users } => users,
        };
        texts.iter().filter_map(|text| UserId::parse(text).ok()).collect()
    }
}

/// Where a cursor stands in a log that may have been trimmed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Here; what follows can be read.
    At(i64),
    /// Nowhere any more.
    Lost(Reset),
}

/// Why a stream can't go on from a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The log has been trimmed beyond it.
    Trimmed,
    /// It is of another log: the database was restored.
    OtherLog,
    /// The log has not come so far.
    Ahead,
}

impl Reset {
    /// For a developer who reads it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Trimmed => "TRIMMED: the cursor is older than the retained log",
            Self::OtherLog => "OTHER_LOG: the cursor was taken before the database was restored",
            Self::Ahead => "AHEAD: the cursor is beyond the end of the log",
        }
    }
}

/// Reads a thread cursor given as an argument of that name.
pub fn parse_cursor(argument: &'static str, text: &str, thread_id: ThreadId) -> Result<ThreadCursor> {
    ThreadCursor::decode(text, thread_id)
        .map_err(|error: CursorError| Refusal::new(Code::Invalid, argument, error.to_string()).into())
}

/// Finds a cursor's place in the log as the reader's proof saw it.
pub fn place(app: &App, reader: &Reader, cursor: ThreadCursor) -> Place {
    let thread = reader.thread();
    Place::of(app, cursor.epoch, cursor.seq, thread.trimmed_seq, thread.last_seq)
}

impl Place {
    /// Where a cursor stands in a log that has been trimmed up to one seq and has come to another.
    pub(crate) fn of(app: &App, epoch: u32, seq: i64, trimmed_seq: i64, last_seq: i64) -> Self {
        if epoch != app.log_epoch {
            Self::Lost(Reset::OtherLog)
        } else if seq < trimmed_seq {
            Self::Lost(Reset::Trimmed)
        } else if seq > last_seq {
            Self::Lost(Reset::Ahead)
        } else {
            Self::At(seq)
        }
    }
}

/// The seq of a cursor for reading messages, which no retention of the log concerns.
pub fn message_seq(app: &App, cursor: ThreadCursor) -> Result<i64> {
    if cursor.epoch == app.log_epoch { Ok(cursor.seq) } else { Err(Error::StreamReset) }
}

/// The cursor of a place in a thread's log.
pub fn cursor(app: &App, thread_id: ThreadId, seq: i64) -> String {
    ThreadCursor { epoch: app.log_epoch, seq }.encode(thread_id)
}

/// Asks again, with pauses, while the database is away: a stream outlives a restart of PostgreSQL.
pub async fn patiently<T, F>(app: &App, ask: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>> + Send,
{
    let mut pause = Duration::from_millis(100);
    loop {
        match ask().await {
            Err(Error::Unavailable { source, .. }) => {
                tracing::warn!(error = %source, "the database is away; a stream waits for it");
                tokio::time::sleep(pause.mul_f64(0.5 + app.clock.fraction())).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            other => return other,
        }
    }
}
