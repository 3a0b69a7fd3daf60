//! Finding: the index says what may be meant, the law says what is shown.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{MessageId, ThreadId, UserId};
use entity::{Timestamp, message};
use sea_orm::{FromQueryResult, Value};

use super::index::Mark;
use super::query::Query;
use super::snippet::{Part, snippet};
use super::walk::{Candidate, Choice, Range, Walk};
use super::{backlog, first_of};
use crate::access::{self, Reader, Viewer, columns, may_read};
use crate::app::App;
use crate::archive::in_both;
use crate::error::{Code, Refusal, Result};
use crate::infra::keys::{Column, Key};
use crate::page::{Page, Window};
use crate::room_ban;

/// Threads of a viewer's own, rooms left out, that are searched at once: those in which something was said last.
const MOST_THREADS: u32 = 1000;
/// Rooms that a viewer is banned from that are left out at once; of those beyond, what is found is not let through.
const MOST_BANS: u32 = 1000;
/// How many messages are looked at together where some were not let through: twice as many each time, from the one to the other.
const STEP: (usize, usize) = (100, 1000);
/// Entries of metadata that are asked for at once.
const MOST_METADATA: usize = 5;

/// Which messages are looked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What they say: at most 200 characters and 32 words.
    pub query: String,
    /// In which thread.
    pub thread_id: Option<ThreadId>,
    /// By whom.
    pub sender_id: Option<UserId>,
    /// Sent then or later.
    pub since: Option<Timestamp>,
    /// Sent before.
    pub before: Option<Timestamp>,
    /// What their metadata has: under a key of its outermost object a text, a number or a boolean, or a list with that in it.
    pub metadata: Vec<(String, serde_json::Value)>,
}

/// A message that was found.
#[derive(Clone)]
pub struct Hit {
    /// Its place among all: what cursors hold.
    pub place: i64,
    /// The proof to read it.
    pub reader: Reader,
    /// The message.
    pub message: Arc<message::Model>,
    /// What it says about where it was found.
    pub snippet: Vec<Part>,
}

/// What was found.
pub struct Found {
    /// A page, the newest first.
    pub page: Page<Hit>,
    /// False while messages of before there was a search are still being put into its index.
    pub is_complete: bool,
}

/// Messages that the viewer may read, by what they say. A thread, or a sender, that the viewer may not see has none.
///
/// Refuses what is wrong with the filter, by field. Not for the anonymous.
pub async fn find(app: &App, viewer: &Viewer, filter: Filter, window: &Window<i64>) -> Result<Found> {
    let own = viewer.require()?.user.id;
    let query = Query::parse(&filter.query)?;
    let metadata = marks(&filter.metadata)?;
    let is_complete = backlog::is_through(&app.db).await?;
    let (threads, rooms) = match filter.thread_id {
        // Nothing is looked for where the viewer does not read: how long that takes would tell what is said there.
        Some(id) if !access::readers(app, viewer, &[id]).await?.contains_key(&id) => {
            return Ok(Found { page: Page::empty(), is_complete });
        }
        Some(id) => (vec![id], None),
        None => {
            let banned = room_ban::rooms_of(app, viewer, MOST_BANS).await?;
            (access::private_threads(app, viewer, MOST_THREADS).await?, Some(banned))
        }
    };
    let choice = Choice { query, threads, rooms, sender: filter.sender_id, metadata };
    let search = Search { app, viewer, own, filter: &filter, choice: &choice };
    let low = window.before.unwrap_or(i64::MIN).max(search.all().low);
    let high = window.after.unwrap_or(i64::MAX).min(search.all().high);
    let rows = search.some(Range { low, high }, window.backward, window.limit as usize + 1).await?;
    let mut page = Page::cut(rows, window, false);
    if let Some(after) = window.after {
        page.has_previous |= search.any(Range { low: after.saturating_sub(1), ..search.all() }, true).await?;
    }
    if let Some(before) = window.before {
        page.has_next |= search.any(Range { high: before.saturating_add(1), ..search.all() }, false).await?;
    }
    Ok(Found { page, is_complete })
}

fn marks(metadata: &[(String, serde_json::Value)]) -> Result<Vec<Mark>> {
    if metadata.len() > MOST_METADATA {
        let why = format!("At most {MOST_METADATA} at once.");
        return Err(Refusal::new(Code::TooLong, "metadata", why).into());
    }
    let mark = |(index, (key, value)): (usize, &(String, serde_json::Value))| {
        let why = "It must be a text, a number or a boolean.";
        let refuse = || Refusal::new(Code::Invalid, "value", why).within(index.to_string()).within("metadata");
        Mark::metadata(key, value).ok_or_else(|| refuse().into())
    };
    metadata.iter().enumerate().map(mark).collect()
}

struct Search<'a> {
    app: &'a App,
    viewer: &'a Viewer,
    own: UserId,
    filter: &'a Filter,
    choice: &'a Choice,
}

#[derive(FromQueryResult)]
struct Let {
    n: i64,
    #[sea_orm(nested)]
    row: message::Model,
}

impl Search<'_> {
    /// Where what the filter lets through can be.
    fn all(&self) -> Range {
        let Filter { since, before, .. } = self.filter;
        Range {
            low: since.map_or(-1, |at| first_of(at.timestamp_millis()).saturating_sub(1)),
            high: before.map_or(i64::MAX, |at| first_of(at.timestamp_millis().saturating_add(1))),
        }
    }

    /// Whether there is anything in a part of the list.
    async fn any(&self, range: Range, oldest_first: bool) -> Result<bool> {
        Ok(!self.some(range, oldest_first, 1).await?.is_empty())
    }

    /// The first so many in a part of the list. What the index finds and the law does not let through leaves no gap.
    async fn some(&self, range: Range, oldest_first: bool, count: usize) -> Result<Vec<Hit>> {
        let mut walk = Walk::new(self.app, self.choice, range, oldest_first);
        let (mut hits, mut step) = (Vec::new(), 0);
        while hits.len() < count {
            let candidates = walk.next(step.max(count - hits.len())).await?;
            if candidates.is_empty() {
                break;
            }
            let found = candidates.len();
            let readable = self.readable(candidates).await?;
            if readable.len() < found {
                step = (2 * step).clamp(STEP.0, STEP.1);
            }
            hits.extend(readable);
        }
        hits.truncate(count);
        Ok(hits)
    }

    /// Those that the viewer may read, as they are now, in the order in which they come.
    async fn readable(&self, candidates: Vec<Candidate>) -> Result<Vec<Hit>> {
        let engine = self.app.db.engine();
        let wanted = [("n", Column::Number), ("message_id", Column::Id)];
        let keys = candidates.iter().map(|candidate| [Key::Number(candidate.n), candidate.message_id.into()]);
        let now = self.app.clock.now();
        let mut values: Vec<Value> = vec![engine.keys(&wanted, keys), self.own.into(), now.into()];
        let mut condition = format!("m.deleted_at IS NULL AND {}", may_read("$2", "$3"));
        let mut bind = |test: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                condition.push_str(&format!(" AND m.{test} ${}", values.len()));
            }
        };
        bind("thread_id =", self.filter.thread_id.map(Value::from));
        bind("sender_id =", self.filter.sender_id.map(Value::from));
        bind("created_at >=", self.filter.since.map(Value::from));
        bind("created_at <", self.filter.before.map(Value::from));
        let select = columns::<message::Entity>("m", "");
        let rows = in_both(|shelf| {
            format!(
                "SELECT w.n, {select} FROM want w CROSS JOIN {} m JOIN threads t ON t.id = m.thread_id \
                 LEFT JOIN thread_participants p ON p.thread_id = m.thread_id AND p.user_id = $2 \
                 WHERE m.id = w.message_id AND {condition}",
                shelf.messages
            )
        });
        let sql = format!("WITH {} {rows}", engine.want(&wanted, 1));
        let rows: Vec<Let> = self.app.db.all(sql, values).await?;
        let threads: Vec<ThreadId> = rows.iter().map(|row| row.row.thread_id).collect();
        let readers = access::readers(self.app, self.viewer, &threads).await?;
        let mut hits: HashMap<MessageId, Hit> =
            rows.into_iter().filter_map(|row| Some((row.row.id, self.hit(&readers, row)?))).collect();
        Ok(candidates.iter().filter_map(|candidate| hits.remove(&candidate.message_id)).collect())
    }

    fn hit(&self, readers: &HashMap<ThreadId, Reader>, Let { n, row }: Let) -> Option<Hit> {
        let reader = readers.get(&row.thread_id)?.clone();
        let snippet = snippet(row.content.as_deref()?, &self.choice.query);
        Some(Hit { place: n, reader, message: Arc::new(row), snippet })
    }
}
