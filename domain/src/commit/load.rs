//! Reads what the changes of a batch must see: what most of them need, of all threads at once; the rest thread by thread.

use std::collections::BTreeMap;

use entity::id::ThreadId;
use entity::{message, message_reaction, participant, user};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use super::{Batch, Batches, Needs};
use crate::access::columns as columns_of;
use crate::archive::{MESSAGE, first_in_both, in_both};
use crate::block;
use crate::error::Result;
use crate::infra::db::{Engine, all};
use crate::infra::keys::{Column, Key};
use crate::invitation;
use crate::mention;
use crate::room_ban;
use crate::session;
use crate::upload;

/// Reads what is needed of each thread, all of which are locked.
pub(super) async fn read(
    engine: Engine,
    on: &DatabaseTransaction,
    batches: &mut Batches,
    mut needs: BTreeMap<ThreadId, Needs>,
) -> Result<()> {
    read_participants(engine, on, batches, &mut needs).await?;
    read_sent(engine, on, batches, &mut needs).await?;
    read_messages(engine, on, batches, &mut needs).await?;
    for (thread_id, needs) in needs {
        if let Some(batch) = batches.get_mut(&thread_id) {
            read_alone(engine, on, batch, needs).await?;
        }
    }
    Ok(())
}

async fn read_participants(
    engine: Engine,
    on: &DatabaseTransaction,
    batches: &mut Batches,
    needs: &mut BTreeMap<ThreadId, Needs>,
) -> Result<()> {
    let asked = needs.iter_mut().flat_map(|(thread, needs)| {
        std::mem::take(&mut needs.participants).into_iter().map(|user| [(*thread).into(), user.into()])
    });
    let asked: Vec<[Key; 2]> = asked.collect();
    if asked.is_empty() {
        return Ok(());
    }
    // Key by key: whatever the planner thinks of how many there are, it must not walk through a large thread.
    let columns = [("thread_id", Column::Id), ("user_id", Column::Id)];
    let condition = "t.thread_id = w.thread_id AND t.user_id = w.user_id";
    let first = engine.first_of_each("thread_participants", condition, "t.user_id", "1");
    let sql = format!("WITH {} SELECT t.* FROM {first}", engine.want(&columns, 1));
    for row in all::<participant::Model>(on, engine, sql, [engine.keys(&columns, asked)]).await? {
        if let Some(batch) = batches.get_mut(&row.thread_id) {
            keep(batch, vec![row]);
        }
    }
    Ok(())
}

/// Messages that were sent with a key.
async fn read_sent(
    engine: Engine,
    on: &DatabaseTransaction,
    batches: &mut Batches,
    needs: &mut BTreeMap<ThreadId, Needs>,
) -> Result<()> {
    let asked = needs.iter_mut().flat_map(|(thread, needs)| {
        let keys = std::mem::take(&mut needs.keys).into_iter();
        keys.map(|(user, key)| [(*thread).into(), user.into(), Key::Text(key)])
    });
    let asked: Vec<[Key; 3]> = asked.collect();
    if asked.is_empty() {
        return Ok(());
    }
    let columns = [("thread_id", Column::Id), ("sender_id", Column::Id), ("client_key", Column::Text)];
    let sent = in_both(|shelf| {
        format!(
            "SELECT {} FROM want w CROSS JOIN {} t WHERE t.thread_id = w.thread_id AND t.sender_id = w.sender_id \
             AND t.client_key = w.client_key AND t.client_key IS NOT NULL",
            *MESSAGE, shelf.messages
        )
    });
    let sql = format!("WITH {} {sent}", engine.want(&columns, 1));
    for row in all::<message::Model>(on, engine, sql, [engine.keys(&columns, asked)]).await? {
        let Some(batch) = batches.get_mut(&row.thread_id) else { continue };
        if let (Some(sender), Some(key)) = (row.sender_id, row.client_key.clone()) {
            batch.keys.insert((sender, key), row.id);
        }
        batch.messages.insert(row.id, row);
    }
    Ok(())
}

async fn read_messages(
    engine: Engine,
    on: &DatabaseTransaction,
    batches: &mut Batches,
    needs: &mut BTreeMap<ThreadId, Needs>,
) -> Result<()> {
    let asked = needs.iter_mut().flat_map(|(thread, needs)| {
        std::mem::take(&mut needs.messages).into_iter().map(|id| [(*thread).into(), id.into()])
    });
    let asked: Vec<[Key; 2]> = asked.collect();
    if asked.is_empty() {
        return Ok(());
    }
    let columns = [("thread_id", Column::Id), ("id", Column::Id)];
    let named = in_both(|shelf| {
        let table = shelf.messages;
        format!("SELECT {} FROM want w CROSS JOIN {table} t WHERE t.id = w.id AND t.thread_id = w.thread_id", *MESSAGE)
    });
    let sql = format!("WITH {} {named}", engine.want(&columns, 1));
    for row in all::<message::Model>(on, engine, sql, [engine.keys(&columns, asked)]).await? {
        if let Some(batch) = batches.get_mut(&row.thread_id) {
            batch.messages.insert(row.id, row);
        }
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct PlaceRow {
    wanted: i64,
    seq: i64,
    position: i64,
}

/// What few changes need, of one thread.
async fn read_alone(engine: Engine, on: &DatabaseTransaction, batch: &mut Batch, needs: Needs) -> Result<()> {
    let thread_id = batch.thread.id;
    if needs.succession {
        let of_role = |role| {
            format!(
                "SELECT * FROM (SELECT * FROM thread_participants WHERE thread_id = $1 AND left_at IS NULL AND role = '{role}' \
                 ORDER BY joined_seq, user_id LIMIT $2) AS {role}s"
            )
        };
        let sql = format!("{} UNION ALL {}", of_role("admin"), of_role("member"));
        let values = [thread_id.into(), (needs.changes + 1).into()];
        keep(batch, all(on, engine, sql, values).await?);
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
