//! The log: what each line says, and how it is read.
//!
//! A line holds ids, never content; the rows that it names are loaded when it is read, so a frame shows things as they
//! are, not as they were. [`walk`] is how every stream goes through a log: attach, prove, backfill, live.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use entity::id::{ThreadId, TypedId, UserId};
use entity::thread_event::EventKind;
use entity::{message, participant, thread, thread_event};
use serde::{Deserialize, Serialize};

mod retain;
mod walk;

pub(crate) use retain::retain;
pub use retain::trim;
pub use walk::{Frame, Step, Track, walk};

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

/// Lines of a log that were read together, and what all who show them have in common.
pub struct Chunk {
    /// The messages that its lines name.
    pub messages: Vec<Arc<message::Model>>,
    /// The accounts that its lines name: senders, and those whose part or marks changed.
    pub users: Vec<UserId>,
    shared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Chunk {
    fn new(messages: Vec<Arc<message::Model>>, others: impl IntoIterator<Item = UserId>) -> Arc<Self> {
        let senders = messages.iter().filter_map(|row| row.sender_id);
        let users: BTreeSet<UserId> = senders.chain(others).collect();
        Arc::new(Self { users: users.into_iter().collect(), messages, shared: OnceLock::new() })
    }

    /// What all who show these lines have in common, made by the first of them: a place for loaders, say.
    pub fn shared<T: Send + Sync + 'static>(self: &Arc<Self>, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        self.shared.get_or_init(|| Arc::new(make())).clone().downcast().ok()
    }
}

/// A line of the log with the rows that it names, loaded once for all who read it.
pub struct Entry {
    /// The line.
    pub event: thread_event::Model,
    /// Its data.
    pub data: Option<Data>,
    /// The message that it names, if it is still there.
    pub message: Option<Arc<message::Model>>,
    /// The participants that it names, of those still in the thread.
    pub participants: Vec<participant::Model>,
    /// The thread.
    pub thread: Arc<thread::Model>,
    /// The lines that were read with it.
    pub chunk: Arc<Chunk>,
}

impl Entry {
    /// The line's place in the log.
    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// Whose part changed, and how.
    pub fn participant_change(&self) -> Option<(UserId, ParticipantChange)> {
        match &self.data {
            Some(Data::Participant { user, change }) => Some((UserId::parse(user).ok()?, *change)),
            _ => None,
        }
    }

    /// Whether this line changes `user`'s own part in the thread.
    pub(crate) fn concerns(&self, user: Option<UserId>) -> bool {
        self.participant_change().is_some_and(|(who, _)| Some(who) == user)
    }
}

/// Lines of a log after one seq and up to another, oldest first, at most `limit`, with the rows that they name.
pub(crate) async fn read(
    app: &App,
    thread_id: ThreadId,
    after: i64,
    until: i64,
    limit: u32,
) -> Result<Vec<Arc<Entry>>> {
    let sql = "SELECT * FROM thread_events WHERE thread_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
    let values = [thread_id.into(), after.into(), until.into(), i64::from(limit).into()];
    let events: Vec<thread_event::Model> = app.db.all(sql, values).await?;
    load(app, thread_id, events).await
}

/// Loads the rows that lines of one log name.
async fn load(app: &App, thread_id: ThreadId, events: Vec<thread_event::Model>) -> Result<Vec<Arc<Entry>>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let engine = app.db.engine();
    let thread: Option<thread::Model> = app.db.one("SELECT * FROM threads WHERE id = $1", [thread_id.into()]).await?;
    let Some(thread) = thread.map(Arc::new) else { return Ok(Vec::new()) };
    let data: Vec<Option<Data>> =
        events.iter().map(|event| event.data.clone().and_then(|data| serde_json::from_value(data).ok())).collect();

    let mut messages = HashMap::new();
    let ids: BTreeSet<_> = events.iter().filter_map(|event| event.message_id).collect();
    if !ids.is_empty() {
        let sql = format!("SELECT * FROM messages WHERE id {}", engine.among(1));
        let rows: Vec<message::Model> = app.db.all(sql, [engine.ids(ids)]).await?;
        messages.extend(rows.into_iter().map(|row| (row.id, Arc::new(row))));
    }
    let mut participants = HashMap::new();
    let users: BTreeSet<_> = data.iter().flatten().flat_map(Data::users).collect();
    if !users.is_empty() {
        let asked: Vec<_> = users.into_iter().map(|user| (thread_id, user)).collect();
        let rows = crate::participant::own_rows(app, &asked).await?;
        participants.extend(rows.into_values().map(|row| (row.user_id, row)));
    }
    let chunk = Chunk::new(messages.values().cloned().collect(), data.iter().flatten().flat_map(Data::users));
    let entries = events.into_iter().zip(data).map(|(event, data)| {
        let message = event.message_id.and_then(|id| messages.get(&id).cloned());
        let users = data.as_ref().map(Data::users).unwrap_or_default();
        let participants = users.iter().filter_map(|user| participants.get(user).cloned()).collect();
        Arc::new(Entry { event, data, message, participants, thread: thread.clone(), chunk: chunk.clone() })
    });
    Ok(entries.collect())
}

/// Messages as the lines that posted them; what a walk over `messages` alone gives.
pub(crate) fn posted(rows: Vec<message::Model>, thread: &Arc<thread::Model>) -> Vec<Arc<Entry>> {
    let rows: Vec<Arc<message::Model>> = rows.into_iter().map(Arc::new).collect();
    let chunk = Chunk::new(rows.clone(), []);
    let entry = |row: Arc<message::Model>| {
        let event = thread_event::Model {
            thread_id: row.thread_id,
            seq: row.seq,
            kind: EventKind::MessagePosted,
            actor_id: row.sender_id,
            message_id: Some(row.id),
            data: None,
            created_at: row.created_at,
        };
        let (message, thread, chunk) = (Some(row), thread.clone(), chunk.clone());
        Arc::new(Entry { event, data: None, message, participants: Vec::new(), thread, chunk })
    };
    rows.into_iter().map(entry).collect()
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
    if cursor.epoch != app.log_epoch {
        Place::Lost(Reset::OtherLog)
    } else if cursor.seq < thread.trimmed_seq {
        Place::Lost(Reset::Trimmed)
    } else if cursor.seq > thread.last_seq {
        Place::Lost(Reset::Ahead)
    } else {
        Place::At(cursor.seq)
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

/// A page of the log for those who poll: the frames after a cursor, or from the beginning of what is retained.
pub async fn page(app: &App, reader: &Reader, after: Option<ThreadCursor>, limit: u32) -> Result<EventPage> {
    let thread = reader.thread();
    let start = match after.map(|cursor| place(app, reader, cursor)) {
        None => thread.trimmed_seq,
        Some(Place::At(seq)) => seq,
        Some(Place::Lost(reset)) => {
            let frame = Frame { seq: thread.last_seq, reader: reader.clone(), step: Step::Reset(reset) };
            return Ok(EventPage { frames: vec![frame], end: thread.last_seq, has_next: false });
        }
    };
    let entries = read(app, thread.id, start, thread.last_seq, limit).await?;
    // Lines that are missing were trimmed, whether or not before the proof.
    if after.is_some() && entries.first().is_some_and(|first| first.seq() != start + 1) {
        let frame = Frame { seq: thread.last_seq, reader: reader.clone(), step: Step::Reset(Reset::Trimmed) };
        return Ok(EventPage { frames: vec![frame], end: thread.last_seq, has_next: false });
    }
    let end = entries.last().map_or(start, |entry| entry.seq());
    let frames = entries.into_iter().map(|entry| Frame::of(reader, entry)).collect();
    Ok(EventPage { frames, end, has_next: end < thread.last_seq })
}

/// A page of the log.
pub struct EventPage {
    /// The frames, oldest first.
    pub frames: Vec<Frame>,
    /// Where it ends.
    pub end: i64,
    /// Whether the log goes on.
    pub has_next: bool,
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
