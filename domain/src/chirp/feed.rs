//! The feed's log: one sequence for all chirps, given under the lock of one row, so that its order is that of commits. Whoever
//! streams it walks it as the log of a thread is walked.

use std::collections::HashMap;
use std::sync::Arc;

use entity::Timestamp;
use entity::chirp::Model as Chirp;
use entity::chirp_event::{self, ChirpEventKind};
use entity::id::{ChirpId, UserId};
use futures_util::Stream;
use sea_orm::{DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};

use super::{authors, by_ids};
use crate::access::Viewer;
use crate::app::App;
use crate::cursor::FeedCursor;
use crate::error::{Code, Error, Refusal, Result};
use crate::event::{self, CHUNK, Chunk, Frame, Part, Place, Proof, Way};
use crate::hub::{Hubs, Line, Log};
use crate::infra::db::Engine;

/// The one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Feed;

/// How far the feed's log has come. It is for everybody, so this is all that it takes to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Tip {
    /// The last line.
    pub last_seq: i64,
    /// The last line of those that are kept no more.
    pub trimmed_seq: i64,
}

/// A line of the feed's log with the chirp that it names.
pub struct Entry {
    /// The line.
    pub event: chirp_event::Model,
    /// The chirp, if it is still there.
    pub chirp: Option<Arc<Chirp>>,
    /// The lines that were read with it.
    pub chunk: Arc<Chunk>,
}

/// A step of a walk through the feed's log.
pub type FeedFrame = Frame<Tip, Entry>;

const TIP: &str = "SELECT last_seq, trimmed_seq FROM chirp_feed WHERE id = 1";

/// How far the log has come, within a transaction.
pub(super) async fn tip(engine: Engine, on: &DatabaseTransaction) -> Result<Tip> {
    let tip = Tip::find_by_statement(engine.sql(TIP, [])).one(on).await?;
    tip.ok_or_else(|| Error::internal("there is no feed"))
}

impl Tip {
    /// How far the log has come.
    pub(super) async fn read(app: &App) -> Result<Self> {
        app.db.one(TIP, []).await?.ok_or_else(|| Error::internal("there is no feed"))
    }
}

#[derive(FromQueryResult)]
struct Last {
    last_seq: i64,
}

/// Writes a line for each of these chirps, and gives the seq of the last one. From here to its end the transaction keeps all others from
/// writing any: it comes last.
pub(super) async fn append(
    engine: Engine,
    on: &DatabaseTransaction,
    kind: ChirpEventKind,
    chirps: &[ChirpId],
    created_at: Timestamp,
) -> Result<i64> {
    let count = i64::try_from(chirps.len()).map_err(Error::internal)?;
    let sql = "UPDATE chirp_feed SET last_seq = last_seq + $1 WHERE id = 1 RETURNING last_seq";
    let last = Last::find_by_statement(engine.sql(sql, [count.into()])).one(on).await?;
    let last = last.ok_or_else(|| Error::internal("there is no feed"))?.last_seq;
    let lines = (last - count + 1..).zip(chirps);
    let rows = lines.map(|(seq, &chirp_id)| chirp_event::Model { seq, kind, chirp_id, created_at }.into_active_model());
    chirp_event::Entity::insert_many(rows).exec_without_returning(on).await?;
    Ok(last)
}

impl Line for Entry {
    fn seq(&self) -> i64 {
        self.event.seq
    }

    fn concerned(&self) -> Option<UserId> {
        None
    }
}

impl Log for Feed {
    type Line = Entry;

    async fn read(self, app: &App, after: i64, until: i64, limit: u32) -> Result<Vec<Arc<Entry>>> {
        let sql = "SELECT * FROM chirp_events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3";
        let values = [after.into(), until.into(), i64::from(limit).into()];
        let events: Vec<chirp_event::Model> = app.db.all(sql, values).await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let chirps = by_ids(app, events.iter().map(|event| event.chirp_id)).await?;
        let chunk = Chunk::new(Vec::new(), authors(&chirps));
        let chirps: HashMap<ChirpId, Arc<Chirp>> = chirps.into_iter().map(|chirp| (chirp.id, chirp)).collect();
        let entry = |event: chirp_event::Model| {
            let chirp = chirps.get(&event.chirp_id).cloned();
            Arc::new(Entry { event, chirp, chunk: chunk.clone() })
        };
        Ok(events.into_iter().map(entry).collect())
    }

    async fn tips(app: &App, _: &[Self]) -> Result<HashMap<Self, i64>> {
        Ok(HashMap::from([(Self, Tip::read(app).await?.last_seq)]))
    }

    fn absent() -> Error {
        Error::internal("there is no feed")
    }
}

impl Proof<Entry> for Tip {
    fn last_seq(&self) -> i64 {
        self.last_seq
    }

    fn trimmed_seq(&self) -> i64 {
        self.trimmed_seq
    }

    fn at(&self, _: &Entry) -> Self {
        *self
    }
}

/// The feed, for whoever asks.
struct FeedWay(Viewer);

impl Way for FeedWay {
    type Log = Feed;
    type Proof = Tip;
    type Cursor = FeedCursor;

    fn hubs(app: &App) -> &Hubs<Feed> {
        &app.feed
    }

    fn log(&self) -> Feed {
        Feed
    }

    fn viewer(&self) -> Option<UserId> {
        self.0.user_id()
    }

    async fn prove(&self, app: &App) -> Result<Tip> {
        Tip::read(app).await
    }

    fn start(&self, app: &App, tip: &Tip, cursor: FeedCursor) -> Result<Place> {
        Ok(Place::of(app, cursor.epoch, cursor.seq, tip.trimmed_seq, tip.last_seq))
    }

    async fn backlog(&self, app: &App, _: &Tip, after: i64, until: i64) -> Result<Part<Entry>> {
        Ok(Part { entries: Feed.read(app, after, until, CHUNK).await?, covered: after })
    }
}

/// Walks through the feed's log: what comes after `after` (nothing, without it), then what happens. Each line once and in order, as in
/// the log of a thread.
pub fn walk(app: Arc<App>, viewer: Viewer, after: Option<FeedCursor>) -> impl Stream<Item = Result<FeedFrame>> + Send {
    event::along(app, FeedWay(viewer), after)
}

/// Reads a cursor of the feed given as an argument of that name.
pub fn parse_cursor(argument: &'static str, text: &str) -> Result<FeedCursor> {
    FeedCursor::decode(text).map_err(|error| Refusal::new(Code::Invalid, argument, error.to_string()).into())
}

/// The seq of a cursor for reading chirps, which no retention of the log concerns.
pub fn feed_seq(app: &App, cursor: FeedCursor) -> Result<i64> {
    if cursor.epoch == app.log_epoch { Ok(cursor.seq) } else { Err(Error::StreamReset) }
}

/// The cursor of a place in the feed's log.
pub fn cursor(app: &App, seq: i64) -> String {
    FeedCursor { epoch: app.log_epoch, seq }.encode()
}
