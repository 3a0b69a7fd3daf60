//! Locks the threads of a transaction, has the changes applied, and writes what they noted: few statements, each for many rows of many
//! threads.

use std::collections::BTreeMap;

use entity::id::{MessageId, ThreadId};
use entity::{
    message, message_attachment, message_revision, participant, read_mark, room_activity, thread, thread_event,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement};

use super::batch::ReactionWrite;
use super::{Batch, Batches, Needs, Queued, load};
use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE};
use crate::assistant;
use crate::error::{Code, Refusal, Result};
use crate::infra::db::{Engine, all};
use crate::infra::rows;
use crate::mention;
use crate::room_ban;
use crate::search;
use crate::upload;

/// Locks the threads that the jobs name, applies the jobs of each, and writes what they noted. A thread that somebody else has locked is
/// not waited for if `others_wait`: it is missing then, and none of its jobs was applied.
pub(super) async fn apply_all(
    app: &App,
    on: &DatabaseTransaction,
    jobs: &mut [Box<dyn Queued>],
    others_wait: bool,
) -> Result<Batches> {
    let mut of_thread: BTreeMap<ThreadId, Vec<&mut Box<dyn Queued>>> = BTreeMap::new();
    for job in jobs {
        of_thread.entry(job.thread_id()).or_default().push(job);
    }
    let threads = of_thread.keys().copied().collect();
    let mut batches = lock(app, on, threads, others_wait).await?;
    if !others_wait {
        for (_, jobs) in of_thread.extract_if(.., |thread, _| !batches.contains_key(thread)) {
            let gone = Refusal::new(Code::NotFound, "thread_id", "There is no such thread.");
            jobs.into_iter().for_each(|job| job.refuse(gone.clone()));
        }
    }
    of_thread.retain(|thread, _| batches.contains_key(thread));
    let mut needs: BTreeMap<ThreadId, Needs> = BTreeMap::new();
    for (thread, jobs) in &mut of_thread {
        let needs = needs.entry(*thread).or_default();
        for job in jobs {
            needs.changes += 1;
            job.needs(needs);
        }
    }
    load::read(app.db.engine(), on, &mut batches, needs).await?;
    // A file goes with one message, whatever the threads of those that name it.
    let mut carried = Vec::new();
    for (thread, jobs) in of_thread {
        if let Some(batch) = batches.get_mut(&thread) {
            batch.give_away(&carried);
            jobs.into_iter().for_each(|job| job.apply(batch));
            batch.finish();
            carried.extend_from_slice(&batch.carried);
        }
    }
    store(app, on, &mut batches).await?;
    Ok(batches)
}

#[derive(FromQueryResult)]
struct Locked {
    #[sea_orm(nested)]
    thread: thread::Model,
    stamp: entity::Timestamp,
}

/// In the order of their ids, as everybody locks several.
async fn lock(app: &App, on: &DatabaseTransaction, threads: Vec<ThreadId>, others_wait: bool) -> Result<Batches> {
    let engine = app.db.engine();
    // Whoever writes for all threads waits for nobody for long.
    let (patience, lock) = if others_wait {
        (", set_config('lock_timeout', '200ms', TRUE)", engine.skip_locked())
    } else {
        ("", engine.for_update())
    };
    let sql = format!(
        "SELECT t.*, {} AS stamp{patience} FROM threads t WHERE t.id {} ORDER BY t.id{lock}",
        engine.now(),
        engine.among(1),
    );
    let rows: Vec<Locked> = all(on, engine, sql, [engine.ids(threads)]).await?;
    let batch = |row: Locked| Batch::new(row.thread, app.clock.now(), row.stamp, app.settings.receipts_members);
    Ok(rows.into_iter().map(|row| (row.thread.id, batch(row))).collect())
}

async fn write(on: &DatabaseTransaction, statement: Option<Statement>) -> Result<()> {
    if let Some(statement) = statement {
        on.execute_raw(statement).await?;
    }
    Ok(())
}

/// Writes what was noted: what most changes note, of all threads at once; the rest thread by thread.
async fn store(app: &App, on: &DatabaseTransaction, batches: &mut Batches) -> Result<()> {
    let engine = app.db.engine();
    for statement in rows::together(engine, of_most(engine, on, batches).await?) {
        on.execute_raw(statement).await?;
    }
    for batch in batches.values_mut() {
        store_alone(app, on, batch).await?;
    }
    // Behind the messages, as everybody who writes both.
    search::keep(engine, on, changed_entries(batches).collect()).await?;
    for (thread_id, batch) in batches {
        assistant::store(app, on, *thread_id, std::mem::take(&mut batch.assistant)).await?;
        std::mem::take(&mut batch.invitations).store(engine, on).await?;
    }
    Ok(())
}

/// What writes what most changes note.
async fn of_most(engine: Engine, on: &DatabaseTransaction, batches: &mut Batches) -> Result<Vec<Statement>> {
    let of_new = |batch: &Batch| -> Vec<_> {
        batch.new_messages.iter().filter_map(|id| batch.messages.get(id).cloned()).collect()
    };
    let posted = batches.values().flat_map(of_new);
    let mut statements = Vec::from_iter(rows::insert::<message::Entity>(engine, posted, ""));
    let attachments = batches.values_mut().flat_map(|batch| std::mem::take(&mut batch.attachments));
    statements.extend(rows::insert::<message_attachment::Entity>(engine, attachments, ""));
    statements.extend(search::of_new(engine, on, new_entries(batches)).await?);
    statements.extend(participants(engine, batches));
    let marks = batches.values_mut().flat_map(|batch| std::mem::take(&mut batch.marks));
    statements.extend(rows::insert::<read_mark::Entity>(engine, marks, ""));
    let events = batches.values().flat_map(|batch| batch.events.iter().cloned());
    statements.extend(rows::insert::<thread_event::Entity>(engine, events, ""));
    statements.extend(threads(engine, batches));
    statements.extend(rooms(engine, batches));
    Ok(statements)
}

/// Messages that are new, as the search is to know them, in the order in which they were posted: so they are found.
fn new_entries(batches: &Batches) -> impl Iterator<Item = search::Entry<'_>> {
    batches.values().flat_map(|batch| batch.new_messages.iter().filter_map(|id| entry(batch, *id)))
}

/// The same of those that have changed.
fn changed_entries(batches: &Batches) -> impl Iterator<Item = search::Entry<'_>> {
    batches.values().flat_map(|batch| {
        batch.dirty_messages.iter().filter(|id| !batch.is_new(**id)).filter_map(|id| entry(batch, *id))
    })
}

fn entry(batch: &Batch, id: MessageId) -> Option<search::Entry<'_>> {
    Some(search::Entry { message: batch.messages.get(&id)?, kind: batch.thread.kind })
}

/// What few changes note.
async fn store_alone(app: &App, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    let engine = app.db.engine();
    store_changed_messages(app, on, batch).await?;
    upload::refer(engine, on, &batch.carried).await?;
    upload::release(app, on, &batch.let_go, batch.stamp).await?;
    store_revisions(engine, on, batch).await?;
    store_reactions(engine, on, batch).await?;
    store_mentions(engine, on, batch).await?;
    room_ban::store(engine, on, batch.thread.id, std::mem::take(&mut batch.ban_writes)).await
}

async fn store_changed_messages(app: &App, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    let engine = app.db.engine();
    for id in batch.dirty_messages.clone() {
        // A message that is new in this batch was inserted as the last change left it.
        let Some(row) = batch.messages.get(&id).filter(|_| !batch.is_new(id)) else { continue };
        let sql = format!(
            "UPDATE {} SET content = $2, metadata = $3, version = $4, edited_at = $5, deleted_at = $6, updated_at = $7 \
             WHERE id = $1",
            batch.shelf(id).messages
        );
        let values = [
            id.into(),
            row.content.clone().into(),
            row.metadata.clone().into(),
            row.version.into(),
            row.edited_at.into(),
            row.deleted_at.into(),
            row.updated_at.into(),
        ];
        on.execute_raw(engine.sql(sql, values)).await?;
    }
    let emptied = std::mem::take(&mut batch.emptied_messages);
    for shelf in [IN_USE, ARCHIVE] {
        let emptied: Vec<_> = emptied.iter().copied().filter(|id| *batch.shelf(*id) == shelf).collect();
        if emptied.is_empty() {
            continue;
        }
        upload::release_of(app, on, &shelf, &emptied, batch.stamp).await?;
        for table in [shelf.revisions, shelf.attachments, shelf.reactions, shelf.mentions] {
            let sql = format!("DELETE FROM {table} WHERE message_id {}", engine.among(1));
            on.execute_raw(engine.sql(sql, [engine.ids(emptied.iter().copied())])).await?;
        }
    }
    if emptied.is_empty() { Ok(()) } else { assistant::forget(engine, on, batch.thread.id).await }
}

async fn store_revisions(engine: Engine, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    let revisions = std::mem::take(&mut batch.revisions);
    let (archived, in_use) = revisions.into_iter().partition(|row| *batch.shelf(row.message_id) == ARCHIVE);
    write(on, rows::insert::<message_revision::Entity>(engine, in_use, "")).await?;
    let archived: Vec<message_revision::Model> = archived;
    for row in archived {
        let sql = "INSERT INTO archived_revisions (message_id, version, content, created_at) VALUES ($1, $2, $3, $4)";
        let values = [row.message_id.into(), row.version.into(), row.content.into(), row.created_at.into()];
        on.execute_raw(engine.sql(sql, values)).await?;
    }
    Ok(())
}

async fn store_mentions(engine: Engine, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    let mentions = std::mem::take(&mut batch.mentions);
    let (archived, in_use) = mentions.into_iter().partition(|(id, _)| *batch.shelf(*id) == ARCHIVE);
    mention::store(engine, on, &IN_USE, in_use).await?;
    mention::store(engine, on, &ARCHIVE, archived).await
}

async fn store_reactions(engine: Engine, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    // In the order they were made: the same reaction may come and go within one batch.
    for write in std::mem::take(&mut batch.reaction_writes) {
        let (sql, values) = match write {
            ReactionWrite::Add(row) => (
                format!(
                    "INSERT INTO {} (message_id, user_id, emoji, created_at) VALUES ($1, $2, $3, $4)",
                    batch.shelf(row.message_id).reactions
                ),
                vec![row.message_id.into(), row.user_id.into(), row.emoji.into(), row.created_at.into()],
            ),
            ReactionWrite::Remove(message_id, user_id, emoji) => (
                format!(
                    "DELETE FROM {} WHERE message_id = $1 AND user_id = $2 AND emoji = $3",
                    batch.shelf(message_id).reactions
                ),
                vec![message_id.into(), user_id.into(), emoji.into()],
            ),
        };
        on.execute_raw(engine.sql(sql, values)).await?;
    }
    Ok(())
}

fn participants(engine: Engine, batches: &Batches) -> Option<Statement> {
    let rows = batches
        .values()
        .flat_map(|batch| batch.dirty_participants.iter().filter_map(|user| batch.participants.get(user)).cloned());
    let greatest = engine.greatest();
    // Marks may move outside this lock (in threads that share no receipts), so they only ever move forward. Whether the thread is muted
    // is written outside of it alone.
    let forward = |column: &str| format!("{column} = {greatest}(thread_participants.{column}, excluded.{column})");
    let then = format!(
        "ON CONFLICT (thread_id, user_id) DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, \
         joined_seq = excluded.joined_seq, left_at = excluded.left_at, removed_seq = excluded.removed_seq, {}, {}, {}, {}, \
         last_read_at = CASE WHEN excluded.last_read_position > thread_participants.last_read_position \
         THEN excluded.last_read_at ELSE thread_participants.last_read_at END",
        forward("changed_at"),
        forward("last_read_seq"),
        forward("last_read_position"),
        forward("last_delivered_seq")
    );
    rows::insert::<participant::Entity>(engine, rows, &then)
}

/// What changes of a thread, found by the first of them.
const WRITTEN: &[thread::Column] = &[
    thread::Column::Id,
    thread::Column::Title,
    thread::Column::ArchivedAt,
    thread::Column::LastMessageAt,
    thread::Column::ActivityAt,
    thread::Column::LastSeq,
    thread::Column::MembershipSeq,
    thread::Column::MessageCount,
    thread::Column::ParticipantCount,
    thread::Column::ReceiptsUntilSeq,
    thread::Column::UpdatedAt,
    thread::Column::MoveLookAt,
    thread::Column::ComingBack,
    thread::Column::RetentionDays,
    thread::Column::ExpiredSeq,
    thread::Column::ExpiredPosition,
    thread::Column::Assistant,
];

fn threads(engine: Engine, batches: &Batches) -> Option<Statement> {
    let changed = batches.values().filter(|batch| batch.thread != batch.before);
    rows::update::<thread::Entity>(engine, WRITTEN, changed.map(|batch| batch.thread.clone()))
}

/// When something was last said in rooms, as their list is sorted.
fn rooms(engine: Engine, batches: &Batches) -> Option<Statement> {
    let moved = |batch: &&Batch| {
        batch.thread.kind == thread::ThreadKind::Room && batch.thread.activity_at != batch.before.activity_at
    };
    let rows = batches.values().filter(moved);
    let rows =
        rows.map(|batch| room_activity::Model { thread_id: batch.thread.id, activity_at: batch.thread.activity_at });
    let columns = [room_activity::Column::ThreadId, room_activity::Column::ActivityAt];
    rows::update::<room_activity::Entity>(engine, &columns, rows)
}
