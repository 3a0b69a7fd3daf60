//! Reads what a batch needs and writes what it noted: few statements, each for many rows.

use std::collections::{BTreeSet, HashMap};

use entity::id::ThreadId;
use entity::{
    message, message_attachment, message_reaction, message_revision, participant, read_mark, thread, thread_event, user,
};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};

use super::batch::ReactionWrite;
use super::{Batch, Batches, Needs, Queued};
use crate::access::columns as columns_of;
use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE, MESSAGE, first_in_both, in_both};
use crate::assistant;
use crate::block;
use crate::error::{Code, Refusal, Result};
use crate::infra::db::{Engine, all};
use crate::infra::keys::{Column, Key};
use crate::invitation;
use crate::mention;
use crate::room_ban;
use crate::search;
use crate::session;
use crate::upload;

/// Applies all jobs, thread by thread; each thread is locked once.
pub(super) async fn apply_all(app: &App, on: &DatabaseTransaction, jobs: &mut [Box<dyn Queued>]) -> Result<Batches> {
    let mut of_thread: HashMap<ThreadId, Vec<&mut Box<dyn Queued>>> = HashMap::new();
    for job in jobs {
        of_thread.entry(job.thread_id()).or_default().push(job);
    }
    let mut batches = HashMap::new();
    for (thread_id, mut jobs) in of_thread {
        let Some(mut batch) = lock(app, on, thread_id).await? else {
            let gone = Refusal::new(Code::NotFound, "thread_id", "There is no such thread.");
            jobs.iter_mut().for_each(|job| job.refuse(gone.clone()));
            continue;
        };
        let mut needs = Needs::default();
        jobs.iter().for_each(|job| job.needs(&mut needs));
        load(app.db.engine(), on, &mut batch, needs).await?;
        jobs.iter_mut().for_each(|job| job.apply(&mut batch));
        batch.finish();
        store(app, on, &mut batch).await?;
        assistant::store(app, on, thread_id, std::mem::take(&mut batch.assistant)).await?;
        std::mem::take(&mut batch.invitations).store(app.db.engine(), on).await?;
        batches.insert(thread_id, batch);
    }
    Ok(batches)
}

#[derive(FromQueryResult)]
struct Locked {
    #[sea_orm(nested)]
    thread: thread::Model,
    stamp: entity::Timestamp,
}

async fn lock(app: &App, on: &DatabaseTransaction, thread_id: ThreadId) -> Result<Option<Batch>> {
    let engine = app.db.engine();
    let sql = format!("SELECT t.*, {} AS stamp FROM threads t WHERE t.id = $1{}", engine.now(), engine.for_update());
    let row = Locked::find_by_statement(engine.sql(sql, [thread_id.into()])).one(on).await?;
    Ok(row.map(|row| Batch::new(row.thread, app.clock.now(), row.stamp, app.settings.receipts_members)))
}

#[derive(FromQueryResult)]
struct PlaceRow {
    wanted: i64,
    seq: i64,
    position: i64,
}

async fn load(engine: Engine, on: &DatabaseTransaction, batch: &mut Batch, needs: Needs) -> Result<()> {
    let thread_id = batch.thread.id;
    if !needs.participants.is_empty() {
        // Key by key: whatever the planner thinks of how many there are, it must not walk through a large thread.
        let columns = [("user_id", Column::Id)];
        let condition = "t.thread_id = $1 AND t.user_id = w.user_id";
        let first = engine.first_of_each("thread_participants", condition, "t.user_id", "1");
        let sql = format!("WITH {} SELECT t.* FROM {first}", engine.want(&columns, 2));
        let keys = engine.keys(&columns, needs.participants.into_iter().map(|user| [user.into()]));
        keep(batch, all(on, engine, sql, [thread_id.into(), keys]).await?);
    }
    if needs.succession {
        let of_role = |role| {
            format!(
                "SELECT * FROM (SELECT * FROM thread_participants WHERE thread_id = $1 AND left_at IS NULL AND role = '{role}' \
                 ORDER BY joined_seq, user_id LIMIT 2) AS {role}s"
            )
        };
        let sql = format!("{} UNION ALL {}", of_role("admin"), of_role("member"));
        keep(batch, all(on, engine, sql, [thread_id.into()]).await?);
    }
    if !needs.keys.is_empty() {
        let columns = [("sender_id", Column::Id), ("client_key", Column::Text)];
        let sent = in_both(|shelf| {
            format!(
                "SELECT {} FROM want w CROSS JOIN {} t WHERE t.thread_id = $1 AND t.sender_id = w.sender_id \
                 AND t.client_key = w.client_key AND t.client_key IS NOT NULL",
                *MESSAGE, shelf.messages
            )
        });
        let sql = format!("WITH {} {sent}", engine.want(&columns, 2));
        let keys = engine.keys(&columns, needs.keys.into_iter().map(|(user, key)| [user.into(), Key::Text(key)]));
        for row in all::<message::Model>(on, engine, sql, [thread_id.into(), keys]).await? {
            if let (Some(sender), Some(key)) = (row.sender_id, row.client_key.clone()) {
                batch.keys.insert((sender, key), row.id);
            }
            batch.messages.insert(row.id, row);
        }
    }
    if !needs.messages.is_empty() {
        let condition = format!("t.thread_id = $1 AND t.id {}", engine.among(2));
        let sql = in_both(|shelf| format!("SELECT {} FROM {} t WHERE {condition}", *MESSAGE, shelf.messages));
        let rows: Vec<message::Model> = all(on, engine, sql, [thread_id.into(), engine.ids(needs.messages)]).await?;
        batch.messages.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    if !needs.marks.is_empty() {
        let columns = [("wanted", Column::Number)];
        let places = in_both(|shelf| {
            let condition = "t.thread_id = $1 AND t.seq <= w.wanted";
            let first = engine.first_of_each(shelf.messages, condition, "t.seq DESC", "1");
            format!("SELECT w.wanted, t.seq, t.position FROM {first}")
        });
        // The later one of the two places is kept.
        let sql = format!("WITH {} {places} ORDER BY wanted, seq", engine.want(&columns, 2));
        let keys = engine.keys(&columns, needs.marks.into_iter().map(|seq| [Key::Number(seq)]));
        let rows: Vec<PlaceRow> = all(on, engine, sql, [thread_id.into(), keys]).await?;
        batch.places.extend(rows.into_iter().map(|row| (row.wanted, (row.seq, row.position))));
    }
    if !needs.reactions.is_empty() {
        let columns = [("message_id", Column::Id), ("user_id", Column::Id)];
        let selected = columns_of::<message_reaction::Entity>("t", "");
        let reacted = in_both(|shelf| {
            let table = shelf.reactions;
            format!(
                "SELECT {selected} FROM want w CROSS JOIN {table} t WHERE t.message_id = w.message_id AND t.user_id = w.user_id"
            )
        });
        let sql = format!("WITH {} {reacted}", engine.want(&columns, 1));
        let keys =
            engine.keys(&columns, needs.reactions.into_iter().map(|(message, user)| [message.into(), user.into()]));
        let rows: Vec<message_reaction::Model> = all(on, engine, sql, [keys]).await?;
        batch.reactions.extend(rows.into_iter().map(|row| (row.message_id, row.user_id, row.emoji)));
    }
    if let Some(count) = needs.expiring {
        let sql = first_in_both(&MESSAGE, "t.thread_id = $1 AND t.seq > $2", "seq", "$3");
        let values = [thread_id.into(), batch.thread.expired_seq.into(), count.into()];
        for row in all::<message::Model>(on, engine, sql, values).await? {
            batch.expiring.push(row.id);
            batch.messages.insert(row.id, row);
        }
    }
    if !needs.bans.is_empty() {
        batch.bans = room_ban::of(engine, on, thread_id, needs.bans).await?;
    }
    if !needs.invitations.is_empty() || needs.invitation_count {
        let (ids, counted) = (needs.invitations, needs.invitation_count);
        batch.invitations = invitation::Work::read(engine, on, thread_id, ids, counted).await?;
    }
    if !needs.names.is_empty() {
        batch.named = mention::resolve(engine, on, &batch.thread, needs.names, batch.now).await?;
    }
    if !needs.writers.is_empty() {
        let sql = format!("SELECT * FROM users WHERE id {}", engine.among(1));
        let rows: Vec<user::Model> = all(on, engine, sql, [engine.ids(needs.writers)]).await?;
        batch.active.extend(rows.iter().filter(|row| session::may_sign_in(row)).map(|row| row.id));
    }
    if !needs.uploads.is_empty() {
        batch.uploads = upload::lock(engine, on, needs.uploads).await?;
    }
    if !needs.arrivals.is_empty() {
        // All accounts at once, so that they are locked in one order.
        let meeting = needs.meetings.iter().flat_map(|(one, other)| [*one, *other]);
        batch.there = block::there(engine, on, needs.arrivals.iter().copied().chain(meeting)).await?;
    }
    if !needs.meetings.is_empty() {
        batch.apart.extend(block::apart(engine, on, needs.meetings).await?);
    }
    Ok(())
}

fn keep(batch: &mut Batch, rows: Vec<participant::Model>) {
    batch.participants.extend(rows.into_iter().map(|row| (row.user_id, row)));
}

/// Rows that go into one INSERT at the most: SQLite takes 32,766 parameters, and no table of ours has more than 16 columns.
const CHUNK: usize = 500;

async fn insert<E>(on: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    loop {
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        E::insert_many(chunk).exec_without_returning(on).await?;
    }
}

async fn store(app: &App, on: &DatabaseTransaction, batch: &mut Batch) -> Result<()> {
    let engine = app.db.engine();
    let new_messages = std::mem::take(&mut batch.new_messages);
    let new: BTreeSet<_> = new_messages.iter().copied().collect();
    let rows = new_messages.iter().filter_map(|id| batch.messages.get(id).cloned()).collect();
    insert::<message::Entity>(on, rows).await?;
    // In the order in which they were posted: so they are found.
    let said: Vec<_> = new_messages.iter().chain(batch.dirty_messages.difference(&new)).copied().collect();
    store_changed_messages(app, on, batch, &new_messages).await?;
    let entry = |id| Some(search::Entry { message: batch.messages.get(id)?, kind: batch.thread.kind });
    search::keep(engine, on, said.iter().filter_map(entry).collect()).await?;
    insert::<message_attachment::Entity>(on, std::mem::take(&mut batch.attachments)).await?;
    upload::refer(engine, on, &batch.carried).await?;
    upload::release(app, on, &batch.let_go, batch.stamp).await?;
    store_revisions(engine, on, batch).await?;
    store_reactions(engine, on, batch).await?;
    store_mentions(engine, on, batch).await?;
    store_participants(engine, on, batch).await?;
    room_ban::store(engine, on, batch.thread.id, std::mem::take(&mut batch.ban_writes)).await?;
    insert::<read_mark::Entity>(on, std::mem::take(&mut batch.marks)).await?;
    insert::<thread_event::Entity>(on, batch.events.clone()).await?;
    store_thread(engine, on, batch).await
}

async fn store_changed_messages(
    app: &App,
    on: &DatabaseTransaction,
    batch: &mut Batch,
    new: &[entity::id::MessageId],
) -> Result<()> {
    let engine = app.db.engine();
    for id in std::mem::take(&mut batch.dirty_messages) {
        // A message that is new in this batch was inserted as the last change left it.
        let Some(row) = batch.messages.get(&id).filter(|_| !new.contains(&id)) else { continue };
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
    insert::<message_revision::Entity>(on, in_use).await?;
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

async fn store_participants(engine: Engine, on: &DatabaseTransaction, batch: &Batch) -> Result<()> {
    use participant::Column;
    let rows = batch.dirty_participants.iter().filter_map(|user| batch.participants.get(user)).cloned();
    let rows: Vec<participant::Model> = rows.collect();
    for chunk in rows.chunks(CHUNK) {
        // Marks may move outside this lock (in threads that share no receipts), so they only ever move forward. Whether
        // the thread is muted is written outside of it alone.
        let forward = |column: &str| {
            Expr::cust(format!("{}(thread_participants.{column}, excluded.{column})", engine.greatest()))
        };
        let read_at = "CASE WHEN excluded.last_read_position > thread_participants.last_read_position \
                       THEN excluded.last_read_at ELSE thread_participants.last_read_at END";
        let upsert = OnConflict::columns([Column::ThreadId, Column::UserId])
            .update_columns([Column::Role, Column::JoinedAt, Column::JoinedSeq, Column::LeftAt])
            .update_columns([Column::RemovedSeq, Column::ChangedAt])
            .value(Column::LastReadSeq, forward("last_read_seq"))
            .value(Column::LastReadPosition, forward("last_read_position"))
            .value(Column::LastDeliveredSeq, forward("last_delivered_seq"))
            .value(Column::LastReadAt, Expr::cust(read_at))
            .to_owned();
        let chunk = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        participant::Entity::insert_many(chunk).on_conflict(upsert).exec_without_returning(on).await?;
    }
    Ok(())
}

async fn store_thread(engine: Engine, on: &DatabaseTransaction, batch: &Batch) -> Result<()> {
    let thread = &batch.thread;
    if *thread == batch.before {
        return Ok(());
    }
    let sql = "UPDATE threads SET title = $2, archived_at = $3, last_message_at = $4, activity_at = $5, last_seq = $6, \
               membership_seq = $7, message_count = $8, participant_count = $9, receipts_until_seq = $10, updated_at = $11, \
               move_look_at = $12, coming_back = $13, retention_days = $14, expired_seq = $15, assistant = $16, \
               expired_position = $17 WHERE id = $1";
    let values = [
        thread.id.into(),
        thread.title.clone().into(),
        thread.archived_at.into(),
        thread.last_message_at.into(),
        thread.activity_at.into(),
        thread.last_seq.into(),
        thread.membership_seq.into(),
        thread.message_count.into(),
        thread.participant_count.into(),
        thread.receipts_until_seq.into(),
        thread.updated_at.into(),
        thread.move_look_at.into(),
        thread.coming_back.into(),
        thread.retention_days.into(),
        thread.expired_seq.into(),
        thread.assistant.into(),
        thread.expired_position.into(),
    ];
    on.execute_raw(engine.sql(sql, values)).await?;
    if thread.kind == thread::ThreadKind::Room && thread.activity_at != batch.before.activity_at {
        let sql = "UPDATE room_activity SET activity_at = $2 WHERE thread_id = $1";
        on.execute_raw(engine.sql(sql, [thread.id.into(), thread.activity_at.into()])).await?;
    }
    Ok(())
}
