//! Mentions: `@name` in what a message says, resolved to accounts when it is sent or edited. The mention stays to the account, however it
//! is called later.
//!
//! Who may be mentioned is who may read the thread: of a direct thread and of a group those who take part, of a room whoever is not banned
//! from it. A mention gives no right: whoever may not read a message any more does not see that it mentions them.
//!
//! Mentions go where their message goes: with it into the archive and back, and away with what it says when it is deleted. What somebody
//! whom one has blocked says is not counted, nor listed; it is decided when it is read, so that lifting a block brings it back.

use std::collections::{BTreeSet, HashMap};

use entity::Timestamp;
use entity::id::{MessageId, ThreadId, UserId};
use entity::message;
use entity::message_mention::Model;
use entity::thread::{self, ThreadKind};
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};

mod name;
mod store;

pub use name::Place;
pub(crate) use name::{Named, named, places};
pub(crate) use store::store;

use crate::access::{Reader, Viewer, may_read};
use crate::app::App;
use crate::archive::in_both;
use crate::error::Result;
use crate::infra::db::{Engine, all};
use crate::infra::keys::{Column, Key};
use crate::infra::list::{List, by_id};
use crate::message as messages;
use crate::page::{Page, Window};
use crate::room_ban;

/// Somebody whom a message mentions, and where in its text. Who is mentioned twice is in two places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Whom.
    pub user_id: UserId,
    /// Where.
    pub place: Place,
}

/// Whom a name means.
#[derive(FromQueryResult)]
pub(crate) struct Meant {
    key: String,
    pub(crate) id: UserId,
    /// Whether they may read the thread as it stands in the database.
    pub(crate) may_read: bool,
}

/// Whom names mean in a thread that is locked, each by the key of the name. Names of no account are missing.
pub(crate) async fn resolve(
    engine: Engine,
    on: &DatabaseTransaction,
    thread: &thread::Model,
    names: BTreeSet<String>,
    now: Timestamp,
) -> Result<HashMap<String, Meant>> {
    let columns = [("key", Column::Text)];
    let named = engine.keys(&columns, names.into_iter().map(|name| [Key::Text(name)]));
    let mut values = vec![named, thread.id.into()];
    let (may_read, by) = match thread.kind {
        ThreadKind::Direct | ThreadKind::Group => (
            "p.user_id IS NOT NULL",
            engine
                .left_join_each("thread_participants p", "p.thread_id = $2 AND p.user_id = u.id AND p.left_at IS NULL"),
        ),
        ThreadKind::Room => {
            values.push(now.into());
            let bans = format!("b.thread_id = $2 AND b.user_id = u.id AND {}", room_ban::in_force("$3"));
            ("b.user_id IS NULL", engine.left_join_each("room_bans b", &bans))
        }
    };
    let sql = format!(
        "WITH {} SELECT w.key, u.id, {may_read} AS may_read FROM want w {} {by}",
        engine.want(&columns, 1),
        engine.join_each("users u", "u.username_key = w.key AND u.deleted_at IS NULL"),
    );
    let rows: Vec<Meant> = all(on, engine, sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
}

/// Whom messages mention, each in the order of the text. Whoever may read a message may know.
pub async fn of_messages(app: &App, ids: &[MessageId]) -> Result<HashMap<MessageId, Vec<Mention>>> {
    let engine = app.db.engine();
    let condition = format!("WHERE n.message_id {}", engine.among(1));
    let sql = in_both(|shelf| format!("SELECT n.* FROM {} n {condition}", shelf.mentions));
    let rows: Vec<Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    let mut of_message: HashMap<MessageId, Vec<Mention>> = HashMap::new();
    for row in rows {
        let places = places(&row.places).into_iter();
        let mentions = places.map(|place| Mention { user_id: row.user_id, place });
        of_message.entry(row.message_id).or_default().extend(mentions);
    }
    of_message.values_mut().for_each(|mentions| mentions.sort_by_key(|mention| mention.place.offset));
    Ok(of_message)
}

/// What somebody has not read of a thread: everything behind one seq and up to another, which is where the thread stood.
pub type Unread = (ThreadId, UserId, i64, i64);

#[derive(FromQueryResult)]
struct Counted {
    thread_id: ThreadId,
    user_id: UserId,
    low: i64,
    high: i64,
    count: i64,
}

/// A condition: whoever sent `m` is not blocked by the account in this column or parameter.
fn not_blocked(by: &str) -> String {
    format!("NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = {by} AND b.blocked_id = m.sender_id)")
}

/// How many messages mention somebody in what they have not read; where none does, it is missing.
pub async fn counts(app: &App, asked: &[Unread]) -> Result<HashMap<Unread, i64>> {
    let engine = app.db.engine();
    let columns =
        [("thread_id", Column::Id), ("user_id", Column::Id), ("low", Column::Number), ("high", Column::Number)];
    let counted = in_both(|shelf| {
        format!(
            "SELECT w.thread_id, w.user_id, w.low, w.high, count(*) AS count FROM want w CROSS JOIN {} n \
             JOIN {} m ON m.id = n.message_id WHERE n.user_id = w.user_id AND n.thread_id = w.thread_id \
             AND n.seq > w.low AND n.seq <= w.high AND {} GROUP BY w.thread_id, w.user_id, w.low, w.high",
            shelf.mentions,
            shelf.messages,
            not_blocked("w.user_id")
        )
    });
    let sql = format!("WITH {} {counted}", engine.want(&columns, 1));
    let keys = asked
        .iter()
        .map(|(thread, user, low, high)| [(*thread).into(), (*user).into(), Key::Number(*low), Key::Number(*high)]);
    let rows: Vec<Counted> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry((row.thread_id, row.user_id, row.low, row.high)).or_default() += row.count;
    }
    Ok(counts)
}

/// A place in the list of messages that mention somebody.
pub type PlaceInList = String;

#[derive(FromQueryResult)]
struct Found {
    message_id: MessageId,
}

/// The messages of others that mention the viewer, of threads that they may read now, the latest first.
pub async fn of_viewer(
    app: &App,
    viewer: &Viewer,
    window: &Window<PlaceInList>,
) -> Result<Page<(Reader, message::Model)>> {
    let own = viewer.require()?.user.id;
    let found = in_both(|shelf| {
        format!(
            "SELECT n.message_id FROM {} n JOIN {} m ON m.id = n.message_id JOIN threads t ON t.id = n.thread_id \
             LEFT JOIN thread_participants p ON p.thread_id = n.thread_id AND p.user_id = n.user_id \
             WHERE n.user_id = $1 AND (m.sender_id IS NULL OR m.sender_id <> $1) AND {} AND {}",
            shelf.mentions,
            shelf.messages,
            may_read("$1", "$2"),
            not_blocked("$1")
        )
    });
    let list = List {
        select: "message_id",
        from: &format!("FROM ({found}) AS mentioned WHERE TRUE"),
        keys: &["message_id"],
        descending: true,
        values: vec![own.into(), app.clock.now().into()],
    };
    let page: Page<Found> = list.page(&app.db, &by_id::<MessageId>(window)).await?;
    let ids: Vec<MessageId> = page.items.iter().map(|found| found.message_id).collect();
    let mut readable = if ids.is_empty() { HashMap::new() } else { messages::readable(app, viewer, &ids).await? };
    // What went in between is missing.
    let items = ids.iter().filter_map(|id| readable.remove(id)).collect();
    Ok(Page { items, has_next: page.has_next, has_previous: page.has_previous })
}

/// A mention of the viewer's, for their export.
#[derive(FromQueryResult)]
pub(crate) struct Exported {
    pub(crate) message_id: MessageId,
    pub(crate) thread_id: ThreadId,
    pub(crate) places: serde_json::Value,
}

/// Where the viewer is mentioned, whether or not they may read it still, the first message first.
pub(crate) async fn exported(app: &App, viewer: &Viewer, window: &Window<MessageId>) -> Result<Page<Exported>> {
    let own = viewer.require()?.user.id;
    let rows = in_both(|shelf| {
        format!("SELECT n.message_id, n.thread_id, n.places FROM {} n WHERE n.user_id = $1", shelf.mentions)
    });
    let list = List {
        select: "*",
        from: &format!("FROM ({rows}) AS mentioned WHERE TRUE"),
        keys: &["message_id"],
        descending: false,
        values: vec![own.into()],
    };
    list.page(&app.db, &window.map(|id| vec![Value::from(*id)])).await
}
