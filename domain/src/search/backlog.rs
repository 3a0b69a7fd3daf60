//! Messages that were there before the index was: a job, which the migration adds, puts them in, thread by thread, in slices. Until it is through, searches say
//! that they do not find everything yet.

use std::sync::Arc;
use std::time::Instant;

use entity::id::{ThreadId, TypedId};
use entity::message;
use entity::thread::ThreadKind;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::index::{Entry, keep};
use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE, MESSAGE};
use crate::error::Result;
use crate::infra::db::{self, Db};
use crate::job::{Running, Task, Turn, give_way, next_size};

/// Messages of a slice, at the least and at the most.
const MESSAGES: (i64, i64) = (16, 1024);

/// How far the job has come: everything of threads before this one is in, and of this one everything up to a seq.
#[derive(FromQueryResult)]
struct Reached {
    thread_id: ThreadId,
    seq: i64,
}

#[derive(FromQueryResult)]
struct Locked {
    id: ThreadId,
    kind: ThreadKind,
    moved_seq: i64,
    last_seq: i64,
}

/// Whether all that could be found is found.
pub(super) async fn is_through(db: &Db) -> Result<bool> {
    Ok(db.one::<Reached>("SELECT thread_id, seq FROM search_backlog LIMIT 1", []).await?.is_none())
}

/// Puts all messages in that are there now, without giving way to anybody: for whoever wrote some past the writer.
pub(crate) async fn fill(app: &Arc<App>) -> Result<()> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            transaction.execute_raw(engine.sql("DELETE FROM search_backlog", [])).await?;
            let first = ThreadId::from_uuid(Uuid::nil());
            let sql = "INSERT INTO search_backlog (thread_id, seq) VALUES ($1, 0)";
            transaction.execute_raw(engine.sql(sql, [first.into()])).await?;
            Ok(())
        })
    });
    work.await?;
    while put_some(app, None, MESSAGES.1).await? {}
    Ok(())
}

/// The job. It may be killed anywhere: how far it has come is noted with what was put in.
pub(crate) async fn run(app: &Arc<App>, held: Running) -> Result<()> {
    let (turn, mut size) = (Turn::begin(app), MESSAGES.0);
    while !turn.is_over(app) {
        let begun = Instant::now();
        if !put_some(app, Some(held), size).await? {
            return Ok(());
        }
        size = next_size(size, begun.elapsed(), MESSAGES);
        give_way(begun).await;
    }
    held.end_turn(app, Task::IndexMessages {}).await
}

/// Puts some messages in; false if there are none left. Whoever does it for a job has to hold it.
async fn put_some(app: &Arc<App>, held: Option<Running>, size: i64) -> Result<bool> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            if let Some(held) = held {
                held.hold(transaction).await?;
            }
            let reached = "SELECT thread_id, seq FROM search_backlog LIMIT 1";
            let reached: Vec<Reached> = db::all(transaction, engine, reached, []).await?;
            let Some(Reached { thread_id, seq }) = reached.first() else { return Ok(false) };
            // Nobody writes in the thread, nor moves what is in it, while it is locked.
            let sql = format!(
                "SELECT id, kind, moved_seq, last_seq FROM threads WHERE id >= $1 ORDER BY id LIMIT 1{}",
                engine.for_update()
            );
            let locked: Vec<Locked> = db::all(transaction, engine, sql, [(*thread_id).into()]).await?;
            let Some(thread) = locked.first() else {
                transaction.execute_raw(engine.sql("DELETE FROM search_backlog", [])).await?;
                return Ok(true);
            };
            let from = if thread.id == *thread_id { *seq } else { 0 };
            let is_archived = from < thread.moved_seq;
            // Whoever deletes an account changes its messages under no lock of the thread.
            let sql = format!(
                "SELECT {} FROM {} t WHERE t.thread_id = $1 AND t.seq > $2 ORDER BY t.seq LIMIT $3{}",
                *MESSAGE,
                if is_archived { ARCHIVE.messages } else { IN_USE.messages },
                engine.for_share()
            );
            let values = [thread.id.into(), from.into(), size.into()];
            let rows: Vec<message::Model> = db::all(transaction, engine, sql, values).await?;
            let said = rows.iter().filter(|row| row.content.is_some());
            keep(engine, transaction, said.map(|message| Entry { message, kind: thread.kind }).collect()).await?;
            let to = match rows.last() {
                Some(last) if rows.len() as i64 == size => last.seq,
                _ if is_archived => thread.moved_seq,
                _ => thread.last_seq,
            };
            let (next, to) = if to >= thread.last_seq { (after(thread.id), 0) } else { (thread.id, to) };
            let sql = "UPDATE search_backlog SET thread_id = $1, seq = $2";
            transaction.execute_raw(engine.sql(sql, [next.into(), to.into()])).await?;
            Ok(true)
        })
    });
    work.await
}

/// The least id that comes after one.
fn after(id: ThreadId) -> ThreadId {
    ThreadId::from_uuid(Uuid::from_u128(id.uuid().as_u128().saturating_add(1)))
}
