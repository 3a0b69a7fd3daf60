//! Blocks: who wants nothing to do with whom. A block works both ways, and only the one who made it is ever told of it.
//!
//! Between the two no direct thread is made and nothing is written in the one that there is; neither adds the other to
//! anything, and neither finds the other in a list of accounts. Rooms and groups that both are in stay as they are.
//!
//! Whoever is about to bring two accounts together holds their rows and asks [`apart`] in the same transaction, and so does
//! a block: of the two, one comes first, and the other sees it. What has been brought together in a direct thread is closed
//! under the lock of that thread: its `blocked` changes with `membership_seq`, so that no proof made before lets anything in.

use std::collections::HashSet;

use entity::Timestamp;
use entity::id::{ThreadId, TypedId, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::cursor;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::infra::list::List;
use crate::page::{Page, Window};
use crate::signal;
use crate::thread::direct_key;
use crate::user::{PUBLIC, Public};

/// Blocks an account; once is enough. Refuses oneself and accounts that are not there.
pub async fn block(app: &App, viewer: &Viewer, id: UserId) -> Result<()> {
    change(app, viewer, id, true).await
}

/// Lifts a block; no harm if there is none. What the other one blocks stays so.
pub async fn unblock(app: &App, viewer: &Viewer, id: UserId) -> Result<()> {
    change(app, viewer, id, false).await
}

async fn change(app: &App, viewer: &Viewer, other: UserId, blocks: bool) -> Result<()> {
    let own = viewer.require()?.user.id;
    if own == other {
        return Err(Error::refuse(Code::Invalid, "id", "Nobody blocks themselves."));
    }
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let both = hold(engine, transaction, [own, other], engine.for_no_key_update()).await?;
            credential::hold(engine, transaction, &viewer, now).await?;
            if both.len() < 2 {
                return Err(Error::not_found("id", "account"));
            }
            if !store(engine, transaction, own, other, blocks).await? {
                return Ok(None);
            }
            close(engine, transaction, own, other).await
        })
    });
    if let Some(thread_id) = work.await? {
        // For the other devices of the one who blocks; the one who is blocked is told by nothing but what they can't do.
        app.bus.publish(Hint::UserChanged(own, thread_id));
        signal::prove_again(app, thread_id, own);
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Id<I: TypedId + sea_orm::TryGetable> {
    id: I,
}

/// Keeps the rows of accounts as they are until the transaction ends, always in one order; those that are there.
async fn hold(
    engine: Engine,
    on: &DatabaseTransaction,
    ids: impl IntoIterator<Item = UserId>,
    lock: &str,
) -> Result<Vec<Id<UserId>>> {
    let sql = format!("SELECT id FROM users WHERE id {} AND deleted_at IS NULL ORDER BY id{lock}", engine.among(1));
    db::all(on, engine, sql, [engine.ids(ids)]).await
}

/// Which of these accounts are there. They stay so until the transaction ends.
pub(crate) async fn there(
    engine: Engine,
    on: &DatabaseTransaction,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<HashSet<UserId>> {
    Ok(hold(engine, on, ids, engine.for_share()).await?.into_iter().map(|row| row.id).collect())
}

/// Writes the block or takes it away; false if all was so already.
async fn store(engine: Engine, on: &DatabaseTransaction, own: UserId, other: UserId, blocks: bool) -> Result<bool> {
    let (sql, mut values) = if blocks {
        let sql = "INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        // By the database's clock: the list is sorted by it, whatever node wrote it.
        (sql, vec![db::stamp(on, engine).await?.into()])
    } else {
        ("DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2", vec![])
    };
    values.splice(0..0, [own.into(), other.into()]);
    Ok(on.execute_raw(engine.sql(sql, values)).await?.rows_affected() > 0)
}

/// Closes the direct thread of two, or opens it, as their blocks say; the thread, if there is one.
async fn close(engine: Engine, on: &DatabaseTransaction, own: UserId, other: UserId) -> Result<Option<ThreadId>> {
    let sql = "UPDATE threads SET membership_seq = membership_seq + 1, blocked = EXISTS (SELECT 1 FROM blocks \
               WHERE user_id = $2 AND blocked_id = $3 OR user_id = $3 AND blocked_id = $2) \
               WHERE direct_key = $1 RETURNING id";
    let values: [Value; 3] = [direct_key(own, other).into(), own.into(), other.into()];
    let threads: Vec<Id<ThreadId>> = db::all(on, engine, sql, values).await?;
    let Some(thread_id) = threads.first().map(|row| row.id) else { return Ok(None) };
    // The other one's inbox has nothing to tell.
    let sql = "UPDATE thread_participants SET changed_at = $3 WHERE thread_id = $1 AND user_id = $2";
    let values = [thread_id.into(), own.into(), db::stamp(on, engine).await?.into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    Ok(Some(thread_id))
}

#[derive(FromQueryResult)]
struct Pair {
    user_id: UserId,
    other_id: UserId,
}

/// Which of these pairs, who acts and with whom, must not be brought together: one has blocked the other, or the account of
/// the second rests or is suspended. Why is not told, so that nobody learns of a block what they could not guess. No block
/// comes between this answer and the end of the transaction.
pub(crate) async fn apart(
    engine: Engine,
    on: &DatabaseTransaction,
    pairs: impl IntoIterator<Item = (UserId, UserId)>,
) -> Result<HashSet<(UserId, UserId)>> {
    let pairs: Vec<(UserId, UserId)> = pairs.into_iter().collect();
    if pairs.is_empty() {
        return Ok(HashSet::new());
    }
    let all: HashSet<UserId> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
    hold(engine, on, all, engine.for_share()).await?;
    let columns = [("user_id", Column::Id), ("other_id", Column::Id)];
    let sql = format!(
        "WITH {} SELECT w.user_id, w.other_id FROM want w JOIN users u ON u.id = w.other_id \
         WHERE NOT u.is_active OR u.suspended_at IS NOT NULL \
         OR EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = w.user_id AND b.blocked_id = w.other_id) \
         OR EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = w.other_id AND b.blocked_id = w.user_id)",
        engine.want(&columns, 1)
    );
    let keys: Vec<[KeyValue; 2]> = pairs.iter().map(|(one, other)| [(*one).into(), (*other).into()]).collect();
    let rows: Vec<Pair> = db::all(on, engine, sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.other_id)).collect())
}

/// Why two accounts are not brought together; which of the reasons it is, is not said.
pub(crate) fn refusal() -> Refusal {
    Refusal::new(Code::Forbidden, "user_id", "This account can't be written to, nor added to anything.")
}

/// What keeps the blocked and those who block them out of each other's lists: a condition on `column`, for the viewer at `$n`.
pub(crate) fn hides(column: &str, n: usize) -> String {
    format!(
        " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = ${n} AND b.blocked_id = {column}) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = {column} AND b.blocked_id = ${n})"
    )
}

/// Which of these accounts somebody has blocked. For that somebody's eyes only.
pub async fn of(app: &App, owner: UserId, ids: &[UserId]) -> Result<HashSet<UserId>> {
    let engine = app.db.engine();
    let sql = format!("SELECT blocked_id AS id FROM blocks WHERE user_id = $1 AND blocked_id {}", engine.among(2));
    let rows: Vec<Id<UserId>> = app.db.all(sql, [owner.into(), engine.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// A place in the list of the blocked: since when, in microseconds, and who.
pub type Key = (i64, String);

/// An account that the viewer has blocked.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Blocked {
    /// The account.
    #[sea_orm(nested)]
    pub user: Public,
    /// Since when.
    pub blocked_at: Timestamp,
}

impl Blocked {
    /// Its place in the list.
    pub fn key(&self) -> Key {
        (self.blocked_at.timestamp_micros(), self.user.id.to_string())
    }
}

/// Whom the viewer has blocked, the latest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<Blocked>> {
    let (own, _) = viewer.require_session()?;
    let bound = |(at, id): &Key| {
        // A key that names nobody stands where nobody is.
        let id = UserId::parse(id).unwrap_or_else(|_| UserId::from_uuid(Uuid::nil()));
        vec![Value::from(cursor::time(*at).unwrap_or_default()), Value::from(id)]
    };
    let list = List {
        select: &format!("{PUBLIC}, b.created_at AS blocked_at"),
        from: "FROM blocks b JOIN users u ON u.id = b.blocked_id JOIN profiles p ON p.user_id = u.id \
               WHERE b.user_id = $1 AND u.deleted_at IS NULL",
        keys: &["b.created_at", "b.blocked_id"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &window.map(bound)).await
}
