//! Lines of logs as they are read: together with the rows that they name.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use entity::id::{MessageId, ThreadId, TypedId, UserId};
use entity::thread_event::EventKind;
use entity::{message, participant, thread, thread_event};
use sea_orm::FromQueryResult;

use super::{Data, ParticipantChange};
use crate::app::App;
use crate::error::{Error, Result};
use crate::hub::{Line, Log};

/// Lines of a log that were read together, and what all who show them have in common.
pub struct Chunk {
    /// The messages that its lines name.
    pub messages: Vec<Arc<message::Model>>,
    /// The accounts that its lines name: senders, and those whose part or marks changed.
    pub users: Vec<UserId>,
    shared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Chunk {
    pub(crate) fn new(messages: Vec<Arc<message::Model>>, others: impl IntoIterator<Item = UserId>) -> Arc<Self> {
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

    /// The accounts whose part or marks changed.
    pub fn named(&self) -> Vec<UserId> {
        self.data.as_ref().map(Data::users).unwrap_or_default()
    }

    /// Whether this line changes `user`'s own part in the thread.
    pub(crate) fn concerns(&self, user: Option<UserId>) -> bool {
        self.participant_change().is_some_and(|(who, _)| Some(who) == user)
    }
}

impl Line for Entry {
    fn seq(&self) -> i64 {
        self.event.seq
    }

    fn concerned(&self) -> Option<UserId> {
        self.participant_change().map(|(user_id, _)| user_id)
    }
}

#[derive(FromQueryResult)]
struct Tip {
    id: ThreadId,
    last_seq: i64,
}

/// The log of a thread.
impl Log for ThreadId {
    type Line = Entry;

    async fn read(self, app: &App, after: i64, until: i64, limit: u32) -> Result<Vec<Arc<Entry>>> {
        let sql = "SELECT * FROM thread_events WHERE thread_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4";
        let values = [self.into(), after.into(), until.into(), i64::from(limit).into()];
        let events: Vec<thread_event::Model> = app.db.all(sql, values).await?;
        Ok(load(app, events).await?.into_iter().flatten().collect())
    }

    async fn tips(app: &App, logs: &[Self]) -> Result<HashMap<Self, i64>> {
        let engine = app.db.engine();
        let sql = format!("SELECT id, last_seq FROM threads WHERE id {}", engine.among(1));
        let tips: Vec<Tip> = app.db.all(sql, [engine.ids(logs.iter().copied())]).await?;
        Ok(tips.into_iter().map(|tip| (tip.id, tip.last_seq)).collect())
    }

    fn absent() -> Error {
        Error::not_found("thread_id", "thread")
    }
}

/// Loads the rows that lines name, of however many logs; all have one [`Chunk`]. None for a line of a thread that is no
/// more.
pub(super) async fn load(app: &App, events: Vec<thread_event::Model>) -> Result<Vec<Option<Arc<Entry>>>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let threads = threads(app, &events).await?;
    let data: Vec<Option<Data>> =
        events.iter().map(|event| event.data.clone().and_then(|data| serde_json::from_value(data).ok())).collect();
    let messages = messages(app, &events).await?;
    let participants = participants(app, &events, &data).await?;
    let chunk = Chunk::new(messages.values().cloned().collect(), data.iter().flatten().flat_map(Data::users));
    let entries = events.into_iter().zip(data).map(|(event, data)| {
        let thread = threads.get(&event.thread_id)?.clone();
        let message = event.message_id.and_then(|id| messages.get(&id).cloned());
        let users = data.as_ref().map(Data::users).unwrap_or_default();
        let of_user = |user: &UserId| participants.get(&(event.thread_id, *user)).cloned();
        let participants = users.iter().filter_map(of_user).collect();
        Some(Arc::new(Entry { event, data, message, participants, thread, chunk: chunk.clone() }))
    });
    Ok(entries.collect())
}

/// The threads that lines are of.
async fn threads(app: &App, events: &[thread_event::Model]) -> Result<HashMap<ThreadId, Arc<thread::Model>>> {
    let ids: BTreeSet<_> = events.iter().map(|event| event.thread_id).collect();
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM threads WHERE id {}", engine.among(1));
    let rows: Vec<thread::Model> = app.db.all(sql, [engine.ids(ids)]).await?;
    Ok(rows.into_iter().map(|row| (row.id, Arc::new(row))).collect())
}

/// The messages that lines name.
async fn messages(app: &App, events: &[thread_event::Model]) -> Result<HashMap<MessageId, Arc<message::Model>>> {
    let ids: BTreeSet<_> = events.iter().filter_map(|event| event.message_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = crate::message::rows(app, app.db.engine().ids(ids)).await?;
    Ok(rows.into_iter().map(|row| (row.id, Arc::new(row))).collect())
}

/// The participants that lines name, of those still in the thread.
async fn participants(
    app: &App,
    events: &[thread_event::Model],
    data: &[Option<Data>],
) -> Result<HashMap<(ThreadId, UserId), participant::Model>> {
    let named = events.iter().zip(data).flat_map(|(event, data)| {
        let users = data.as_ref().map(Data::users).unwrap_or_default();
        users.into_iter().map(|user| (event.thread_id, user))
    });
    let asked: BTreeSet<_> = named.collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    crate::participant::own_rows(app, &asked.into_iter().collect::<Vec<_>>()).await
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
