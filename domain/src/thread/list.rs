//! Lists of threads: somebody's own, and public rooms.

use std::collections::HashMap;

use entity::Timestamp;
use entity::id::{ThreadId, TypedId, UserId};
use futures_util::future::try_join_all;
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};

use crate::access::{Reader, Row, THREAD_AND_OWN_ROW, Viewer};
use crate::app::App;
use crate::cursor;
use crate::error::Result;
use crate::infra::db::Engine;
use crate::infra::keys::Column;
use crate::infra::list::List;
use crate::page::{Page, Slice, Window};
use crate::room_ban;

/// A place in a list of threads: when the thread was last active, in microseconds, and which it is.
pub type Key = (i64, String);

/// A thread in a list, with its place.
#[derive(Clone)]
pub struct Listed {
    /// The proof to read it.
    pub reader: Reader,
    /// Its place.
    pub key: Key,
}

/// A row of a list of threads: the thread with the viewer's own row, and what it is sorted by.
#[derive(Clone)]
pub(crate) struct ListedRow {
    row: Row,
    active_at: Timestamp,
    id: ThreadId,
}

impl FromQueryResult for ListedRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            row: Row::from_query_result(row, prefix)?,
            active_at: row.try_get("", "active_at")?,
            id: row.try_get("", "t_id")?,
        })
    }
}

/// What the cursors of lists of threads hold, as the database compares it.
fn bounds(window: &Window<Key>) -> Window<Vec<Value>> {
    let values = |key: &Key| {
        let at = cursor::time(key.0).unwrap_or_default();
        // A key that names no thread stands where no thread is.
        let id = ThreadId::parse(&key.1).unwrap_or_else(|_| ThreadId::from_uuid(uuid::Uuid::nil()));
        vec![Value::from(at), Value::from(id)]
    };
    window.map(values)
}

/// Those of a page that the viewer may read.
fn admitted(viewer: &Viewer, page: Page<ListedRow>) -> Page<Listed> {
    let items = page.items.into_iter().filter_map(|listed| {
        let key = (listed.active_at.timestamp_micros(), listed.id.to_string());
        Some(Listed { reader: listed.row.admit(viewer)?, key })
    });
    Page { items: items.collect(), has_next: page.has_next, has_previous: page.has_previous }
}

/// The viewer's threads, the most recently active first: those in use, or those archived.
pub async fn inbox(app: &App, viewer: &Viewer, archived: bool, window: &Window<Key>) -> Result<Page<Listed>> {
    let own = viewer.require()?.user.id;
    if app.db.engine() == Engine::Postgres && window.after.is_none() && window.before.is_none() {
        let front = (own, archived, window.slice());
        let rows = app.fronts.ask(vec![front], |fronts| ends(app, fronts)).await?.remove(&front);
        return Ok(admitted(viewer, Page::cut(rows.unwrap_or_default(), window, false)));
    }
    let select = format!("{}, t.activity_at AS active_at", *THREAD_AND_OWN_ROW);
    let from = format!("{} AND p.user_id = $1", own_threads(app.db.engine(), archived));
    let keys = &["t.activity_at", "t.id"];
    let list = List { select: &select, from: &from, keys, descending: true, values: vec![own.into()] };
    Ok(admitted(viewer, list.page(&app.db, &bounds(window)).await?))
}

fn own_threads(engine: Engine, archived: bool) -> String {
    let condition = if archived { "IS NOT NULL" } else { "IS NULL" };
    let thread = engine.join_each("threads t", &format!("t.id = p.thread_id AND t.archived_at {condition}"));
    format!("FROM thread_participants p {thread} WHERE p.left_at IS NULL")
}

/// One end of somebody's threads, those in use or those archived, as a list shows it first and most often.
pub(crate) type Front = (UserId, bool, Slice);

struct OfFront {
    user_id: UserId,
    row: ListedRow,
}

impl FromQueryResult for OfFront {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { user_id: row.try_get("", "listed_for")?, row: ListedRow::from_query_result(row, prefix)? })
    }
}

/// The ends of many lists, on PostgreSQL; each with one row more than the slice has.
async fn ends(app: &App, fronts: Vec<Front>) -> Result<HashMap<Front, Vec<ListedRow>>> {
    let mut by_slice: HashMap<(bool, Slice), Vec<UserId>> = HashMap::new();
    for (user_id, archived, slice) in fronts {
        by_slice.entry((archived, slice)).or_default().push(user_id);
    }
    let reads = by_slice.into_iter().map(|((archived, slice), users)| alike_ends(app, archived, slice, users));
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// The same ends of the lists of these people, in one statement.
async fn alike_ends(
    app: &App,
    archived: bool,
    slice: Slice,
    users: Vec<UserId>,
) -> Result<HashMap<Front, Vec<ListedRow>>> {
    let engine = app.db.engine();
    let columns = [("user_id", Column::Id)];
    let direction = if slice.backward { "" } else { " DESC" };
    let sql = format!(
        "WITH {} SELECT l.*, w.user_id AS listed_for FROM want w CROSS JOIN LATERAL (SELECT {}, t.activity_at AS active_at \
         {} AND p.user_id = w.user_id ORDER BY t.activity_at{direction}, t.id{direction} LIMIT {}) l \
         ORDER BY w.user_id, l.active_at{direction}, l.t_id{direction}",
        engine.want(&columns, 1),
        *THREAD_AND_OWN_ROW,
        own_threads(engine, archived),
        slice.limit + 1
    );
    let keys = engine.keys(&columns, users.into_iter().map(|user| [user.into()]));
    let mut found: HashMap<Front, Vec<ListedRow>> = HashMap::new();
    for of in app.db.all::<OfFront>(sql, [keys]).await? {
        found.entry((of.user_id, archived, slice)).or_default().push(of.row);
    }
    Ok(found)
}

/// Public rooms that are in use, the most recently active first, but for those that the viewer is banned from.
pub async fn rooms(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<Listed>> {
    let select = format!("{}, a.activity_at AS active_at", *THREAD_AND_OWN_ROW);
    let from = format!(
        "FROM room_activity a JOIN threads t ON t.id = a.thread_id \
         LEFT JOIN thread_participants p ON p.thread_id = t.id AND p.user_id = $1 WHERE t.archived_at IS NULL AND {}",
        room_ban::lets_in("$1", "$2")
    );
    let keys = &["a.activity_at", "a.thread_id"];
    let values = vec![viewer.user_id().into(), app.clock.now().into()];
    let list = List { select: &select, from: &from, keys, descending: true, values };
    Ok(admitted(viewer, list.page(&app.db, &bounds(window)).await?))
}
