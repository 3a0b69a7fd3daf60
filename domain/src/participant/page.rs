//! Pages of participants.

use std::collections::HashMap;

use entity::id::{TypedId, UserId};
use entity::participant::{self, Role};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::name;
use crate::access::Reader;
use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::page::{Page, Slice, Window};

/// A place in the list of a thread's participants.
pub type Key = (String, i64, String);

/// What a page of participants is asked for by.
type Asked = (Reader, Option<Role>, Window<Key>);

/// What pages have in common, so that one statement can read them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    role: Option<Role>,
    slice: Slice,
    after: bool,
    before: bool,
}

impl Shape {
    fn of((_, role, window): &Asked) -> Self {
        let (after, before) = (window.after.is_some(), window.before.is_some());
        Self { role: *role, slice: window.slice(), after, before }
    }

    /// What makes a row one of the list.
    fn listed(&self) -> String {
        let of_role = self.role.map_or(String::new(), |role| format!(" AND t.role = '{}'", name(role)));
        format!("t.thread_id = w.thread_id AND t.left_at IS NULL{of_role}")
    }
}

/// The columns by which participants are looked for.
const COLUMNS: [(&str, Column); 8] = [
    ("nth", Column::Number),
    ("thread_id", Column::Id),
    ("after_role", Column::Text),
    ("after_seq", Column::Number),
    ("after_user", Column::Id),
    ("before_role", Column::Text),
    ("before_seq", Column::Number),
    ("before_user", Column::Id),
];
/// What the list is sorted by, and the places of a window's cursors in it.
const PLACE: &str = "(t.role, t.joined_seq, t.user_id)";
const AFTER: &str = "(w.after_role, w.after_seq, w.after_user)";
const BEFORE: &str = "(w.before_role, w.before_seq, w.before_user)";

/// The participants of threads by role, admins first, then by when they joined: one page for each. Of a room for its
/// members only; for others the page is empty.
pub async fn pages(app: &App, asked: &[Asked]) -> Result<Vec<Page<participant::Model>>> {
    let mut pages: Vec<Page<participant::Model>> = asked.iter().map(|_| Page::empty()).collect();
    let mut by_shape: HashMap<Shape, Vec<usize>> = HashMap::new();
    for (index, asked) in asked.iter().enumerate().filter(|(_, (reader, ..))| reader.sees_participants()) {
        by_shape.entry(Shape::of(asked)).or_default().push(index);
    }
    for (shape, indices) in by_shape {
        let mut rows: HashMap<usize, Vec<participant::Model>> = HashMap::new();
        for numbered in rows_of(app, asked, &indices, shape).await? {
            rows.entry(usize::try_from(numbered.nth).map_err(Error::internal)?).or_default().push(numbered.row);
        }
        for &index in &indices {
            pages[index] = Page::cut(rows.remove(&index).unwrap_or_default(), &asked[index].2, false);
        }
        for beyond in beyond(app, asked, &indices, shape).await? {
            let page = &mut pages[usize::try_from(beyond.nth).map_err(Error::internal)?];
            page.has_previous |= beyond.earlier > 0;
            page.has_next |= beyond.later > 0;
        }
    }
    Ok(pages)
}

fn keys(asked: &[Asked], indices: &[usize]) -> impl Iterator<Item = [KeyValue; 8]> {
    indices.iter().map(|&index| {
        let (reader, _, window) = &asked[index];
        let [after_role, after_seq, after_user] = place(window.after.as_ref());
        let [before_role, before_seq, before_user] = place(window.before.as_ref());
        let (nth, thread) = (KeyValue::Number(index as i64), reader.id().into());
        [nth, thread, after_role, after_seq, after_user, before_role, before_seq, before_user]
    })
}

/// The place of a cursor. Where there is none, no statement looks at it.
fn place(key: Option<&Key>) -> [KeyValue; 3] {
    let (role, seq, user) = key.cloned().unwrap_or_default();
    let user = UserId::parse(&user).unwrap_or_else(|_| UserId::from_uuid(Uuid::nil()));
    [KeyValue::Text(role), KeyValue::Number(seq), user.into()]
}

#[derive(FromQueryResult)]
struct Numbered {
    nth: i64,
    #[sea_orm(nested)]
    row: participant::Model,
}

/// The rows on pages of one shape, and one more for each.
async fn rows_of(app: &App, asked: &[Asked], indices: &[usize], shape: Shape) -> Result<Vec<Numbered>> {
    let engine = app.db.engine();
    let direction = if shape.slice.backward { " DESC" } else { "" };
    let order = format!("t.role{direction}, t.joined_seq{direction}, t.user_id{direction}");
    let after = if shape.after { format!(" AND {PLACE} > {AFTER}") } else { String::new() };
    let before = if shape.before { format!(" AND {PLACE} < {BEFORE}") } else { String::new() };
    let condition = format!("{}{after}{before}", shape.listed());
    let first = engine.first_of_each("thread_participants", &condition, &order, "$2");
    let sql = format!("WITH {} SELECT w.nth, t.* FROM {first} ORDER BY w.nth, {order}", engine.want(&COLUMNS, 1));
    let values = [engine.keys(&COLUMNS, keys(asked, indices)), i64::from(shape.slice.limit + 1).into()];
    app.db.all(sql, values).await
}

/// Whether a thread has participants beyond the cursors of a page, those at the cursors among them.
#[derive(FromQueryResult)]
struct Beyond {
    nth: i64,
    earlier: i32,
    later: i32,
}

async fn beyond(app: &App, asked: &[Asked], indices: &[usize], shape: Shape) -> Result<Vec<Beyond>> {
    if !shape.after && !shape.before {
        return Ok(Vec::new());
    }
    let engine = app.db.engine();
    let any = |wanted: bool, side: String| {
        let listed = shape.listed();
        let some = format!("EXISTS (SELECT 1 FROM thread_participants t WHERE {listed} AND {PLACE} {side})");
        if wanted { format!("CASE WHEN {some} THEN 1 ELSE 0 END") } else { "0".to_owned() }
    };
    let sql = format!(
        "WITH {} SELECT w.nth, {} AS earlier, {} AS later FROM want w",
        engine.want(&COLUMNS, 1),
        any(shape.after, format!("<= {AFTER}")),
        any(shape.before, format!(">= {BEFORE}"))
    );
    app.db.all(sql, [engine.keys(&COLUMNS, keys(asked, indices))]).await
}
