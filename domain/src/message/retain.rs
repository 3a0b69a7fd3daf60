//! Retention: messages that are older than their thread keeps them are deleted, wherever they lie, as if an admin had done it. Each
//! becomes a tombstone at its place and has its line in the log, by nobody: so positions, unread counts and cursors hold, clients are
//! told as of any other deletion, and no reply loses what it refers to. What is left of it is when, by whom, and that it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::Timestamp;
use entity::id::{ThreadId, TypedId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE};
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::Result;
use crate::job::{Running, Task, Turn, give_way};
use crate::recurring::Recurring;

/// It is done about once an hour.
pub(crate) const RECURRING: Recurring = Recurring {
    name: "delete_old_messages",
    every: Duration::from_secs(3600),
    number: 25,
    task: |_| Some(Task::DeleteOldMessages {}),
};

/// Threads that are looked at together.
const THREADS: i64 = 100;
/// Messages that are deleted in one transaction.
const SLICE: i64 = 100;

#[derive(FromQueryResult)]
struct Keeping {
    id: ThreadId,
    retention_days: i32,
    /// When the first message was sent that may still be there, in each of the two places.
    in_use: Option<Timestamp>,
    archived: Option<Timestamp>,
}

/// The job: deletes what is too old, thread by thread. It may be killed anywhere: what has been looked at is noted with what was
/// deleted.
pub(crate) async fn delete_old(app: &Arc<App>, held: Running) -> Result<()> {
    let (now, turn) = (app.clock.now(), Turn::begin(app));
    let mut last = ThreadId::from_uuid(Uuid::nil());
    loop {
        let found = keeping(app, last).await?;
        let Some(newest) = found.last() else { return Ok(()) };
        last = newest.id;
        for thread in found {
            let oldest = thread.archived.or(thread.in_use);
            if oldest.is_none_or(|at| at >= limit(now, thread.retention_days)) {
                continue;
            }
            loop {
                let begun = Instant::now();
                let more = commit::submit(app, thread.id, Expiry { now }).await?;
                give_way(begun).await;
                if turn.is_over(app) {
                    return held.end_turn(app, Task::DeleteOldMessages {}).await;
                }
                if !more.is_ok_and(|committed| committed.done) {
                    break;
                }
            }
        }
    }
}

/// Threads that keep messages for a time.
async fn keeping(app: &App, after: ThreadId) -> Result<Vec<Keeping>> {
    let first = |table: &str| {
        format!(
            "(SELECT m.created_at FROM {table} m WHERE m.thread_id = t.id AND m.seq > t.expired_seq ORDER BY m.seq LIMIT 1)"
        )
    };
    let sql = format!(
        "SELECT t.id, t.retention_days, {} AS in_use, {} AS archived FROM threads t \
         WHERE t.retention_days IS NOT NULL AND t.id > $1 ORDER BY t.id LIMIT $2",
        first(IN_USE.messages),
        first(ARCHIVE.messages)
    );
    app.db.all(sql, [after.into(), THREADS.into()]).await
}

/// What was sent before this is too old.
fn limit(now: Timestamp, days: i32) -> Timestamp {
    now - chrono::Duration::days(days.into())
}

/// Deletes the first messages that are too old by now; whether there may be more.
struct Expiry {
    now: Timestamp,
}

impl Change for Expiry {
    type Done = bool;

    fn needs(&self, needs: &mut Needs) {
        needs.expiring = Some(SLICE);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        // An admin may have changed it since it was looked at.
        let Some(days) = batch.thread.retention_days else { return Ok(false) };
        let limit = limit(self.now, days);
        let found = batch.expiring();
        let old: Vec<_> = found.iter().take_while(|row| row.created_at < limit).collect();
        for row in &old {
            if row.deleted_at.is_none() {
                batch.erase(row.id, None);
            }
            (batch.thread.expired_seq, batch.thread.expired_position) = (row.seq, row.position);
        }
        Ok(old.len() == SLICE as usize)
    }
}
