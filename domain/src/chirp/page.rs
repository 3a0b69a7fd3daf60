//! Pages of chirps, the newest first: of everybody's, and of those of many people at once.

use std::collections::HashMap;
use std::sync::Arc;

use entity::chirp::Model as Chirp;
use entity::id::UserId;
use sea_orm::FromQueryResult;

use super::feed::Tip;
use crate::access::Viewer;
use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key};
use crate::infra::list::List;
use crate::page::{Page, Slice, Window};

/// A page of chirps, and where the feed's log stood before it was read: a stream that begins there misses nothing of it.
#[derive(Clone)]
pub struct Listed {
    /// The page.
    pub page: Page<Arc<Chirp>>,
    /// The seq.
    pub last_seq: i64,
}

/// What everybody has said.
pub async fn list(app: &App, window: &Window<i64>) -> Result<Listed> {
    // Before the page, so that nothing falls between the two.
    let last_seq = Tip::read(app).await?.last_seq;
    let list =
        List { select: "*", from: "FROM chirps WHERE TRUE", keys: &["seq"], descending: true, values: Vec::new() };
    let page = list.page(&app.db, &window.map(|seq| vec![(*seq).into()])).await?;
    Ok(Listed { page: page.map(Arc::new), last_seq })
}

/// What the viewer has said.
pub(crate) async fn of_own(app: &App, viewer: &Viewer, window: &Window<i64>) -> Result<Page<Chirp>> {
    let own = viewer.require()?.user.id;
    let list = List {
        select: "*",
        from: "FROM chirps WHERE user_id = $1",
        keys: &["seq"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &window.map(|seq| vec![(*seq).into()])).await
}

/// What a page is asked for by.
type Asked = (UserId, Window<i64>);

/// What pages have in common, so that one statement can read them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    slice: Slice,
    after: bool,
    before: bool,
}

/// The columns by which chirps are looked for.
const COLUMNS: [(&str, Column); 4] =
    [("nth", Column::Number), ("user_id", Column::Id), ("after_seq", Column::Number), ("before_seq", Column::Number)];

/// What makes a chirp one of somebody who is asked for.
const OF_USER: &str = "t.user_id = w.user_id";

/// What each of these people has said: one page for each.
pub async fn pages(app: &App, asked: &[Asked]) -> Result<Vec<Listed>> {
    let last_seq = Tip::read(app).await?.last_seq;
    let mut pages: Vec<Page<Chirp>> = asked.iter().map(|_| Page::empty()).collect();
    let mut by_shape: HashMap<Shape, Vec<usize>> = HashMap::new();
    for (index, (_, window)) in asked.iter().enumerate() {
        let (after, before) = (window.after.is_some(), window.before.is_some());
        by_shape.entry(Shape { slice: window.slice(), after, before }).or_default().push(index);
    }
    for (shape, indices) in by_shape {
        let mut rows: HashMap<usize, Vec<Chirp>> = HashMap::new();
        for numbered in rows_of(app, asked, &indices, shape).await? {
            rows.entry(usize::try_from(numbered.nth).map_err(Error::internal)?).or_default().push(numbered.row);
        }
        for &index in &indices {
            pages[index] = Page::cut(rows.remove(&index).unwrap_or_default(), &asked[index].1, false);
        }
        for beyond in beyond(app, asked, &indices, shape).await? {
            let page = &mut pages[usize::try_from(beyond.nth).map_err(Error::internal)?];
            page.has_previous |= beyond.earlier > 0;
            page.has_next |= beyond.later > 0;
        }
    }
    Ok(pages.into_iter().map(|page| Listed { page: page.map(Arc::new), last_seq }).collect())
}

fn keys(asked: &[Asked], indices: &[usize]) -> impl Iterator<Item = [Key; 4]> {
    // Where there is no cursor, no statement looks at it.
    let place = |seq: Option<i64>| Key::Number(seq.unwrap_or_default());
    indices.iter().map(move |&index| {
        let (user_id, window) = &asked[index];
        [Key::Number(index as i64), (*user_id).into(), place(window.after), place(window.before)]
    })
}

#[derive(FromQueryResult)]
struct Numbered {
    nth: i64,
    #[sea_orm(nested)]
    row: Chirp,
}

/// The rows on pages of one shape, and one more for each.
async fn rows_of(app: &App, asked: &[Asked], indices: &[usize], shape: Shape) -> Result<Vec<Numbered>> {
    let engine = app.db.engine();
    let order = if shape.slice.backward { "t.seq" } else { "t.seq DESC" };
    let after = if shape.after { " AND t.seq < w.after_seq" } else { "" };
    let before = if shape.before { " AND t.seq > w.before_seq" } else { "" };
    let first = engine.first_of_each("chirps", &format!("{OF_USER}{after}{before}"), order, "$2");
    let sql = format!("WITH {} SELECT w.nth, t.* FROM {first} ORDER BY w.nth, {order}", engine.want(&COLUMNS, 1));
    let values = [engine.keys(&COLUMNS, keys(asked, indices)), i64::from(shape.slice.limit + 1).into()];
    app.db.all(sql, values).await
}

/// Whether somebody has said anything beyond the cursors of a page, what is at the cursors among it.
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
    let any = |wanted: bool, side: &str| {
        let some = format!("EXISTS (SELECT 1 FROM chirps t WHERE {OF_USER} AND {side})");
        if wanted { format!("CASE WHEN {some} THEN 1 ELSE 0 END") } else { "0".to_owned() }
    };
    let sql = format!(
        "WITH {} SELECT w.nth, {} AS earlier, {} AS later FROM want w",
        engine.want(&COLUMNS, 1),
        any(shape.after, "t.seq >= w.after_seq"),
        any(shape.before, "t.seq <= w.before_seq")
    );
    app.db.all(sql, [engine.keys(&COLUMNS, keys(asked, indices))]).await
}
