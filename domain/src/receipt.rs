//! Receipts: who has got and read what, and what follows for a message's status.
//!
//! A mark is one row however many messages it covers. When somebody read a message is the time of their first mark at or
//! behind it. A thread shares receipts while it has few members; once it has grown beyond that, later messages never
//! have any, and earlier ones keep theirs, so that no status goes back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use entity::id::{MessageId, ThreadId, UserId};
use entity::read_mark::MarkKind;
use entity::{Timestamp, message, participant};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::access::{self, Member, Reader, Viewer};
use crate::app::App;
use crate::archive::first_in_both;
use crate::assistant;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::cursor::ThreadCursor;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::infra::keys::{Column, Key};

/// How far a message has come, for all of its readers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Stored.
    Sent,
    /// Every other member has got it.
    Delivered,
    /// Every other member has read it.
    Read,
}

/// Who has got or read a message, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Who.
    pub user_id: UserId,
    /// When a device of theirs had it; reading counts.
    pub delivered_at: Option<Timestamp>,
    /// When they had read it.
    pub read_at: Option<Timestamp>,
}

/// The receipts of one message and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipts {
    /// How far it has come.
    pub status: Status,
    /// When the last of the others had got it.
    pub delivered_at: Option<Timestamp>,
    /// When the last of the others had read it.
    pub read_at: Option<Timestamp>,
    /// Of those still in the thread.
    pub of_members: Vec<Receipt>,
}

impl Receipts {
    /// Of a message whose thread shares none.
    fn none() -> Self {
        Self { status: Status::Sent, delivered_at: None, read_at: None, of_members: Vec::new() }
    }
}

/// A message whose receipts are asked for.
#[derive(Clone)]
pub struct Asked {
    /// The proof to read it.
    pub reader: Reader,
    /// The message.
    pub id: MessageId,
    /// Its seq.
    pub seq: i64,
    /// Its sender, who has no receipt.
    pub sender_id: Option<UserId>,
}

/// One mark of one member, or a member without marks in the range.
#[derive(FromQueryResult)]
struct Row {
    thread_id: ThreadId,
    user_id: UserId,
    joined_seq: i64,
    gone: i32,
    kind: Option<MarkKind>,
    up_to_seq: Option<i64>,
    at: Option<Timestamp>,
}

/// A member with their marks in the range that was asked for.
struct Reading {
    user_id: UserId,
    joined_seq: i64,
    gone: bool,
    delivered: BTreeMap<i64, Timestamp>,
    read: BTreeMap<i64, Timestamp>,
}

impl Reading {
    /// What this member's marks say of a message. They may have joined again since: what they marked after that was marked
    /// by somebody who was not there when the message was sent. Such a mark stands behind where they joined; by when it was
    /// made it could not be told, since the clocks of nodes differ.
    fn receipt(&self, seq: i64) -> Receipt {
        let end = if self.joined_seq > seq { self.joined_seq } else { i64::MAX };
        let first = |marks: &BTreeMap<i64, Timestamp>| marks.range(seq..end).next().map(|(_, at)| *at);
        let read_at = first(&self.read);
        let delivered_at = first(&self.delivered).into_iter().chain(read_at).min();
        Receipt { user_id: self.user_id, delivered_at, read_at }
    }
}

/// The receipts of messages. One statement, however many messages, threads and members.
pub async fn of_messages(app: &App, asked: &[Asked]) -> Result<HashMap<MessageId, Receipts>> {
    let shared = |asked: &&Asked| asked.reader.thread().receipts_until_seq.is_none_or(|until| asked.seq <= until);
    let mut seqs: HashMap<ThreadId, BTreeSet<i64>> = HashMap::new();
    for asked in asked.iter().filter(shared) {
        seqs.entry(asked.reader.id()).or_default().insert(asked.seq);
    }
    let ranges: Vec<Range> = seqs.into_iter().flat_map(|(id, seqs)| ranges(id, seqs)).collect();
    let readings = if ranges.is_empty() { HashMap::new() } else { read(app, ranges).await? };
    let of_one = |asked: &Asked| {
        let readings = readings.get(&asked.reader.id()).filter(|_| shared(&asked));
        (asked.id, readings.map_or_else(Receipts::none, |readings| judge(readings, asked)))
    };
    Ok(asked.iter().map(of_one).collect())
}

/// A part of a thread's log.
type Range = (ThreadId, i64, i64);

/// Seqs further apart than this are looked up each by itself, and not with all that lies between them.
const GAP: i64 = 200;

/// The parts of a log that hold `seqs`, without the gaps between them: a reply may be far from its parent.
fn ranges(id: ThreadId, seqs: BTreeSet<i64>) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for seq in seqs {
        match ranges.last_mut() {
            Some((_, _, high)) if seq - *high <= GAP => *high = seq,
            _ => ranges.push((id, seq, seq)),
        }
    }
    ranges
}

async fn read(app: &App, ranges: Vec<Range>) -> Result<HashMap<ThreadId, Vec<Reading>>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("low", Column::Number), ("high", Column::Number)];
    // For each member and kind: the marks within the range, and the first one behind it.
    let sql = format!(
        "WITH {}, bounds AS MATERIALIZED (SELECT p.thread_id, p.user_id, p.joined_seq, \
         CASE WHEN p.left_at IS NULL THEN 0 ELSE 1 END AS gone, \
         k.kind, w.low, coalesce((SELECT min(x.up_to_seq) FROM read_marks x WHERE x.thread_id = p.thread_id \
         AND x.user_id = p.user_id AND x.kind = k.kind AND x.up_to_seq >= w.high), w.high) AS high \
         FROM want w JOIN thread_participants p ON p.thread_id = w.thread_id \
         CROSS JOIN (SELECT 1 AS kind UNION ALL SELECT 2) k) \
         SELECT b.thread_id, b.user_id, b.joined_seq, b.gone, \
         m.kind, m.up_to_seq, m.at FROM bounds b {}",
        engine.want(&columns, 1),
        engine.left_join_each(
            "read_marks m",
            "m.thread_id = b.thread_id AND m.user_id = b.user_id AND m.kind = b.kind \
             AND m.up_to_seq >= b.low AND m.up_to_seq <= b.high"
        )
    );
    let keys = ranges.into_iter().map(|(id, low, high)| [id.into(), Key::Number(low), Key::Number(high)]);
    let rows: Vec<Row> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    let mut of_thread: HashMap<ThreadId, BTreeMap<UserId, Reading>> = HashMap::new();
    for row in rows {
        let reading = of_thread.entry(row.thread_id).or_default().entry(row.user_id).or_insert_with(|| Reading {
            user_id: row.user_id,
            joined_seq: row.joined_seq,
            gone: row.gone != 0,
            delivered: BTreeMap::new(),
            read: BTreeMap::new(),
        });
        if let (Some(kind), Some(seq), Some(at)) = (row.kind, row.up_to_seq, row.at) {
            match kind {
                MarkKind::Delivered => reading.delivered.insert(seq, at),
                MarkKind::Read => reading.read.insert(seq, at),
            };
        }
    }
    Ok(of_thread.into_iter().map(|(id, readings)| (id, readings.into_values().collect())).collect())
}

/// What the marks of a thread's members say of one message. Those who have gone since decide its status only if nobody is
/// left who does; but the times are theirs, too, so that they do not move back as readers go.
fn judge(readings: &[Reading], asked: &Asked) -> Receipts {
    let others = readings.iter().filter(|reading| Some(reading.user_id) != asked.sender_id);
    // The assistant reads when it is asked something: it decides only where nobody else was there to.
    let is_person = |reading: &&Reading| reading.user_id != assistant::id();
    let was_there =
        |reading: &Reading| reading.joined_seq <= asked.seq || reading.receipt(asked.seq).delivered_at.is_some();
    let among_people = others.clone().filter(is_person).any(was_there);
    let others = others.filter(|reading| is_person(reading) || !among_people);
    let (counted, gone): (Vec<_>, Vec<_>) =
        others.partition(|reading| !reading.gone && reading.joined_seq <= asked.seq);
    let counted: Vec<Receipt> = counted.into_iter().map(|reading| reading.receipt(asked.seq)).collect();
    let gone: Vec<Receipt> = gone.into_iter().map(|reading| reading.receipt(asked.seq)).collect();
    let last = |at: fn(&Receipt) -> Option<Timestamp>| {
        let all = counted.iter().chain(&gone).filter_map(at).max();
        all.filter(|_| counted.iter().all(|receipt| at(receipt).is_some()))
    };
    let (delivered_at, read_at) = (last(|receipt| receipt.delivered_at), last(|receipt| receipt.read_at));
    Receipts {
        status: status(delivered_at.is_some(), read_at.is_some()),
        delivered_at,
        read_at,
        of_members: counted.into_iter().filter(|receipt| receipt.delivered_at.is_some()).collect(),
    }
}

fn status(delivered: bool, read: bool) -> Status {
    match (delivered, read) {
        (_, true) => Status::Read,
        (true, false) => Status::Delivered,
        (false, false) => Status::Sent,
    }
}

/// A mark that stands where it was asked to, or further on.
pub struct Marked {
    /// The proof to read the thread, as it is now.
    pub reader: Reader,
    /// The viewer's own row as it is now.
    pub own: participant::Model,
    /// The end of the log with the mark in it.
    pub seq: i64,
}

/// Marks everything up to a cursor as got or read. A mark never moves back.
pub async fn mark(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, kind: MarkKind, up_to: &str) -> Result<Marked> {
    let user_id = viewer.require()?.user.id;
    let cursor = ThreadCursor::decode(up_to, thread_id);
    let cursor = cursor.map_err(|error| Refusal::new(Code::Invalid, "up_to", error.to_string()));
    let prove = || access::member(app, viewer, thread_id);
    let member = prove().await?;
    let cursor = cursor?;
    if cursor.epoch != app.log_epoch || cursor.seq > member.thread().last_seq {
        return Err(Error::refuse(Code::Invalid, "up_to", "The cursor does not stand in this thread's log."));
    }
    if member.thread().receipts_until_seq.is_some() {
        return mark_privately(app, &member, kind, cursor.seq).await;
    }
    let change = |proof: Box<Member>| Mark { proof: *proof, user_id, kind, seq: cursor.seq };
    let committed = commit::under(app, || async { prove().await.map(Box::new) }, change).await?;
    let (proof, own, at) = committed.done;
    // Marks that moved are told of in one event, the last of their transaction.
    let seq = at.unwrap_or(committed.last_seq);
    Ok(Marked { reader: proof.reader().at(committed.thread), own, seq })
}

struct Mark {
    proof: Member,
    user_id: UserId,
    kind: MarkKind,
    seq: i64,
}

impl Change for Mark {
    /// The seq is that at which nothing had to be marked; none if the mark moved.
    type Done = (Member, participant::Model, Option<i64>);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
        needs.marks.insert(self.seq);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let moved = batch.place(self.seq).is_some_and(|place| batch.mark(self.user_id, self.kind, place));
        let own = batch.participant(self.user_id).ok_or(Denied::Stale)?.clone();
        Ok((self.proof.clone(), own, (!moved).then_some(batch.thread.last_seq)))
    }
}

#[derive(FromQueryResult)]
struct Place {
    seq: i64,
    position: i64,
}

/// A mark in a thread that shares none: the member's own row moves, and nothing else, under no lock of the thread.
async fn mark_privately(app: &Arc<App>, member: &Member, kind: MarkKind, seq: i64) -> Result<Marked> {
    let engine = app.db.engine();
    let (thread_id, user_id, now) = (member.thread().id, member.user_id(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let condition = "t.thread_id = $1 AND t.seq <= $2";
            let sql = first_in_both("t.seq, t.position", condition, "seq DESC", "1");
            let found =
                Place::find_by_statement(engine.sql(sql, [thread_id.into(), seq.into()])).one(transaction).await?;
            if let Some(place) = found {
                let stamp = db::stamp(transaction, engine).await?;
                let own = "thread_id = $1 AND user_id = $2 AND left_at IS NULL";
                let (change, mut values) = match kind {
                    MarkKind::Delivered => {
                        ("last_delivered_seq = $3, changed_at = $4 WHERE last_delivered_seq < $3", vec![])
                    }
                    MarkKind::Read => (
                        "last_read_seq = $3, changed_at = $4, last_read_position = $5, last_read_at = $6 \
                         WHERE last_read_position < $5",
                        vec![place.position.into(), now.into()],
                    ),
                };
                let sql = format!("UPDATE thread_participants SET {change} AND {own}");
                values.splice(0..0, [thread_id.into(), user_id.into(), place.seq.into(), stamp.into()]);
                transaction.execute_raw(engine.sql(sql, values)).await?;
            }
            let sql = "SELECT * FROM thread_participants WHERE thread_id = $1 AND user_id = $2 AND left_at IS NULL";
            let own = participant::Model::find_by_statement(engine.sql(sql, [thread_id.into(), user_id.into()]));
            own.one(transaction).await?.ok_or_else(|| Error::not_found("thread_id", "thread"))
        })
    });
    let own = work.await?;
    app.bus.publish(Hint::UserChanged(user_id, thread_id));
    Ok(Marked { reader: member.reader().clone(), own, seq: member.thread().last_seq })
}

/// How a message asks for its receipts.
pub fn ask(reader: &Reader, row: &message::Model) -> Asked {
    Asked { reader: reader.clone(), id: row.id, seq: row.seq, sender_id: row.sender_id }
}
