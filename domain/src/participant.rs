//! Who takes part: joining, leaving, being added and removed, roles.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{ThreadId, UserId};
use entity::participant::{self, Role};
use entity::thread::ThreadKind;
use entity::user::UserKind;
use sea_orm::{FromQueryResult, Value};

use crate::access::{self, Admin, Member, Reader, Viewer};
use crate::app::App;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::infra::list::List;
use crate::page::{Page, Window};
use crate::user;

mod change;

pub use change::{Changed, add, join, leave, remove, set_role};

/// A place in the list of a thread's participants.
pub type Key = (String, i64, String);

/// The participants of threads by role, admins first, then by when they joined: one page for each. Of a room for its
/// members only; for others the page is empty.
pub async fn pages(app: &App, asked: &[(Reader, Option<Role>, Window<Key>)]) -> Result<Vec<Page<participant::Model>>> {
    let mut pages: Vec<Page<participant::Model>> = asked.iter().map(|_| Page::empty()).collect();
    let mut together: HashMap<(Option<Role>, u32, bool), Vec<usize>> = HashMap::new();
    for (index, (reader, role, window)) in asked.iter().enumerate() {
        if !reader.sees_participants() {
            continue;
        }
        if window.after.is_none() && window.before.is_none() {
            together.entry((*role, window.limit, window.backward)).or_default().push(index);
        } else {
            pages[index] = page_of_one(app, reader, *role, window).await?;
        }
    }
    for ((role, limit, backward), indices) in together {
        let engine = app.db.engine();
        let columns = [("thread_id", Column::Id)];
        let direction = if backward { " DESC" } else { "" };
        let order = format!("t.role{direction}, t.joined_seq{direction}, t.user_id{direction}");
        let of_role = role.map_or(String::new(), |role| format!(" AND t.role = '{}'", name(role)));
        let condition = format!("t.thread_id = w.thread_id AND t.left_at IS NULL{of_role}");
        let first = engine.first_of_each("thread_participants", &condition, &order, "$2");
        let sql = format!("WITH {} SELECT t.* FROM {first} ORDER BY t.thread_id, {order}", engine.want(&columns, 1));
        let keys = indices.iter().map(|&index| [KeyValue::from(asked[index].0.id())]);
        let values = [engine.keys(&columns, keys), i64::from(limit + 1).into()];
        let mut rows: HashMap<ThreadId, Vec<participant::Model>> = HashMap::new();
        for row in app.db.all::<participant::Model>(sql, values).await? {
            rows.entry(row.thread_id).or_default().push(row);
        }
        for index in indices {
            let (reader, _, window) = &asked[index];
            pages[index] = Page::cut(rows.get(&reader.id()).cloned().unwrap_or_default(), window, false);
        }
    }
    Ok(pages)
}

async fn page_of_one(
    app: &App,
    reader: &Reader,
    role: Option<Role>,
    window: &Window<Key>,
) -> Result<Page<participant::Model>> {
    let of_role = role.map_or(String::new(), |role| format!(" AND p.role = '{}'", name(role)));
    let from = format!("FROM thread_participants p WHERE p.thread_id = $1 AND p.left_at IS NULL{of_role}");
    let keys = &["p.role", "p.joined_seq", "p.user_id"];
    let values = vec![reader.id().into()];
    let bound = |key: &Key| -> Vec<Value> {
        let user = <UserId as entity::id::TypedId>::parse(&key.2);
        let user = user.unwrap_or_else(|_| <UserId as entity::id::TypedId>::from_uuid(uuid::Uuid::nil()));
        vec![key.0.clone().into(), key.1.into(), user.into()]
    };
    let bounds = Window {
        after: window.after.as_ref().map(bound),
        before: window.before.as_ref().map(bound),
        limit: window.limit,
        backward: window.backward,
    };
    List { select: "p.*", from: &from, keys, descending: false, values }.page(&app.db, &bounds).await
}

/// A participant's place in the list.
pub fn key(row: &participant::Model) -> Key {
    (name(row.role).to_owned(), row.joined_seq, row.user_id.to_string())
}

/// A role as the database spells it.
fn name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Ai => "ai",
        Role::Member => "member",
    }
}

#[derive(FromQueryResult)]
struct Count {
    thread_id: ThreadId,
    role: Role,
    count: i64,
}

/// How many participants of one role threads have; where there is none, the thread is missing.
pub async fn counts(app: &App, asked: &[(ThreadId, Role)]) -> Result<HashMap<(ThreadId, Role), i64>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("role", Column::Text)];
    let sql = format!(
        "WITH {} SELECT w.thread_id, w.role, count(*) AS count FROM want w JOIN thread_participants p \
         ON p.thread_id = w.thread_id AND p.role = w.role AND p.left_at IS NULL GROUP BY w.thread_id, w.role",
        engine.want(&columns, 1)
    );
    let keys = asked.iter().map(|(thread, role)| [(*thread).into(), KeyValue::Text(name(*role).to_owned())]);
    let rows: Vec<Count> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| ((row.thread_id, row.role), row.count)).collect())
}

/// The rows of users in threads that they take part in; the others are missing.
pub async fn own_rows(
    app: &App,
    asked: &[(ThreadId, UserId)],
) -> Result<HashMap<(ThreadId, UserId), participant::Model>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("user_id", Column::Id)];
    let condition = "t.thread_id = w.thread_id AND t.user_id = w.user_id AND t.left_at IS NULL";
    let first = engine.first_of_each("thread_participants", condition, "t.user_id", "1");
    let sql = format!("WITH {} SELECT t.* FROM {first}", engine.want(&columns, 1));
    let keys = asked.iter().map(|(thread, user)| [(*thread).into(), (*user).into()]);
    let rows: Vec<participant::Model> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| ((row.thread_id, row.user_id), row)).collect())
}
