//! One slice: some messages of one thread go to the other place, with all that hangs on them.

use std::sync::Arc;
use std::time::Duration;

use entity::id::ThreadId;
use entity::{Timestamp, message, message_attachment, message_mention, message_reaction, message_revision};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IdenStatic, Iterable};

use super::shelf::{ARCHIVE, IN_USE, Shelf};
use super::sweep::Sweep;
use crate::app::App;
use crate::error::Result;
use crate::infra::db::Engine;

/// What became of a thread that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So many messages went; there may be more.
    Some(i64),
    /// So many went, and that was all.
    All(i64),
    /// It is not time yet.
    Left,
}

/// A thread as a slice finds it, locked.
#[derive(FromQueryResult)]
struct Locked {
    archived_at: Option<Timestamp>,
    activity_at: Timestamp,
    moved_seq: i64,
    coming_back: bool,
    stamp: Timestamp,
}

/// The ends of a slice.
#[derive(FromQueryResult)]
struct Ends {
    low: Option<i64>,
    high: Option<i64>,
    count: i64,
}

/// Which thread a slice is of, and at most how many messages it takes.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) thread_id: ThreadId,
    pub(super) messages: i64,
}

/// Moves some messages of a thread: back, if they are to come back, or to the archive, if the rule says so. Whoever does it for a
/// job has to hold it.
pub(super) async fn carry(app: &Arc<App>, sweep: Sweep, slice: Slice) -> Result<Outcome> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            if let Some(held) = sweep.held {
                held.hold(transaction).await?;
            }
            let engine = context.db.engine();
            let Some(thread) = lock(engine, transaction, slice.thread_id).await? else { return Ok(Outcome::Left) };
            let thread = Locked { stamp: context.clock.moved(thread.stamp), ..thread };
            if thread.coming_back {
                let rest = context.settings.archive.untouched.unwrap_or_default();
                return bring_back(engine, transaction, slice, &thread, rest).await;
            }
            let wait = sweep.rule.wait(thread.stamp, thread.activity_at, thread.archived_at);
            if wait == Some(Duration::ZERO) {
                return put_away(engine, transaction, slice, &thread).await;
            }
            if !sweep.looks_at_all {
                postpone(engine, transaction, slice.thread_id, &thread, wait).await?;
            }
            Ok(Outcome::Left)
        })
    });
    work.await
}

async fn lock(engine: Engine, on: &DatabaseTransaction, thread_id: ThreadId) -> Result<Option<Locked>> {
    let sql = format!(
        "SELECT archived_at, activity_at, moved_seq, coming_back, {} AS stamp FROM threads WHERE id = $1{}",
        engine.now(),
        engine.for_update()
    );
    Ok(Locked::find_by_statement(engine.sql(sql, [thread_id.into()])).one(on).await?)
}

/// Moves the first messages that are in use to the archive.
async fn put_away(engine: Engine, on: &DatabaseTransaction, slice: Slice, thread: &Locked) -> Result<Outcome> {
    let ends = ends(engine, on, &IN_USE, "seq", slice).await?;
    let all = ends.count < slice.messages;
    if let (Some(low), Some(high)) = (ends.low, ends.high) {
        transfer(engine, on, [&IN_USE, &ARCHIVE], (slice.thread_id, low, high)).await?;
        let sql = "UPDATE threads SET moved_seq = $2 WHERE id = $1";
        on.execute_raw(engine.sql(sql, [slice.thread_id.into(), high.into()])).await?;
        note(engine, on, slice.thread_id, ends.count, thread.stamp).await?;
    }
    if !all {
        return Ok(Outcome::Some(ends.count));
    }
    // The next message that is sent has it looked at again.
    let sql = "UPDATE threads SET move_look_at = NULL WHERE id = $1";
    on.execute_raw(engine.sql(sql, [slice.thread_id.into()])).await?;
    Ok(Outcome::All(ends.count))
}

/// Moves the last messages of the archive back among those in use.
async fn bring_back(
    engine: Engine,
    on: &DatabaseTransaction,
    slice: Slice,
    thread: &Locked,
    rest: Duration,
) -> Result<Outcome> {
    let ends = ends(engine, on, &ARCHIVE, "seq DESC", slice).await?;
    let all = ends.count < slice.messages;
    let mut seam = thread.moved_seq;
    if let (Some(low), Some(high)) = (ends.low, ends.high) {
        transfer(engine, on, [&ARCHIVE, &IN_USE], (slice.thread_id, low, high)).await?;
        seam = low - 1;
        note(engine, on, slice.thread_id, -ends.count, thread.stamp).await?;
    }
    if !all {
        let sql = "UPDATE threads SET moved_seq = $2 WHERE id = $1";
        on.execute_raw(engine.sql(sql, [slice.thread_id.into(), seam.into()])).await?;
        return Ok(Outcome::Some(ends.count));
    }
    // It was touched by whoever took it back: it stays for as long as if something had been said then.
    let sql = "UPDATE threads SET moved_seq = 0, coming_back = $2, move_look_at = $3 WHERE id = $1";
    let look_at = thread.stamp + rest;
    on.execute_raw(engine.sql(sql, [slice.thread_id.into(), false.into(), look_at.into()])).await?;
    on.execute_raw(engine.sql("DELETE FROM archived_threads WHERE thread_id = $1", [slice.thread_id.into()])).await?;
    Ok(Outcome::All(ends.count))
}

/// How long a thread that can't go yet is left alone, at the most: an operator may change their mind about how long that is.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Has a thread looked at again when it could go, unless that is so already.
async fn postpone(
    engine: Engine,
    on: &DatabaseTransaction,
    thread_id: ThreadId,
    thread: &Locked,
    wait: Option<Duration>,
) -> Result<()> {
    let look_at = thread.stamp + wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let sql = "UPDATE threads SET move_look_at = $2 WHERE id = $1 AND move_look_at < $2";
    on.execute_raw(engine.sql(sql, [thread_id.into(), look_at.into()])).await?;
    Ok(())
}

/// From where to where the first messages reach that a place has of a thread, in an order.
async fn ends(engine: Engine, on: &DatabaseTransaction, from: &Shelf, order: &str, slice: Slice) -> Result<Ends> {
    let sql = format!(
        "SELECT min(seq) AS low, max(seq) AS high, count(*) AS count FROM \
         (SELECT seq FROM {} WHERE thread_id = $1 ORDER BY {order} LIMIT $2{}) AS slice",
        from.messages,
        // Whoever deletes an account changes its messages under no lock of the thread.
        engine.for_update()
    );
    let values = [slice.thread_id.into(), slice.messages.into()];
    let ends = Ends::find_by_statement(engine.sql(sql, values)).one(on).await?;
    Ok(ends.unwrap_or(Ends { low: None, high: None, count: 0 }))
}

/// Moves the messages between two seqs, both among them, and what hangs on them, which goes with them where it was.
async fn transfer(
    engine: Engine,
    on: &DatabaseTransaction,
    [from, to]: [&Shelf; 2],
    (thread_id, low, high): (ThreadId, i64, i64),
) -> Result<()> {
    let values = || [thread_id.into(), low.into(), high.into()];
    let slice = "thread_id = $1 AND seq >= $2 AND seq <= $3";
    let of_slice = format!("message_id IN (SELECT id FROM {} WHERE {slice})", from.messages);
    for sql in [
        copy::<message::Entity>(from.messages, to.messages, slice),
        copy::<message_revision::Entity>(from.revisions, to.revisions, &of_slice),
        copy::<message_attachment::Entity>(from.attachments, to.attachments, &of_slice),
        copy::<message_reaction::Entity>(from.reactions, to.reactions, &of_slice),
        copy::<message_mention::Entity>(from.mentions, to.mentions, &of_slice),
        format!("DELETE FROM {} WHERE {slice}", from.messages),
    ] {
        on.execute_raw(engine.sql(sql, values())).await?;
    }
    Ok(())
}

/// A statement that copies rows of an entity between tables that both have its columns.
fn copy<E: EntityTrait>(from: &str, to: &str, condition: &str) -> String {
    let names: Vec<_> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    let names = names.join(", ");
    format!("INSERT INTO {to} ({names}) SELECT {names} FROM {from} WHERE {condition}")
}

/// Counts what has gone to the archive, or come back.
async fn note(engine: Engine, on: &DatabaseTransaction, thread_id: ThreadId, moved: i64, at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO archived_threads (thread_id, message_count, moved_at) VALUES ($1, $2, $3) \
               ON CONFLICT (thread_id) DO UPDATE SET message_count = archived_threads.message_count + $2, moved_at = $3";
    on.execute_raw(engine.sql(sql, [thread_id.into(), moved.into(), at.into()])).await?;
    Ok(())
}
