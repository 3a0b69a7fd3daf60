//! Lists of referral codes, and of who came by them.

use std::collections::HashMap;

use entity::id::{ReferralCodeId, ReferralId};
use entity::{referral, referral_code};
use sea_orm::FromQueryResult;

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::infra::list::{List, by_id, id_of};
use crate::page::{Page, Slice, Window};

/// A place in a list of codes, or of referrals.
pub type Key = String;

/// The viewer's codes, the newest first.
pub async fn codes(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<referral_code::Model>> {
    let (own, _) = viewer.require_session()?;
    let list = List {
        select: "*",
        from: "FROM referral_codes WHERE owner_id = $1",
        keys: &["id"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &by_id::<ReferralCodeId>(window)).await
}

/// What a page of referrals is asked for by; the code is one of the viewer's own.
type Asked = (ReferralCodeId, Window<Key>);

/// What pages have in common, so that one statement can read them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    slice: Slice,
    after: bool,
    before: bool,
}

/// The columns by which referrals are looked for.
const COLUMNS: [(&str, Column); 4] =
    [("nth", Column::Number), ("code_id", Column::Id), ("after_id", Column::Id), ("before_id", Column::Id)];

/// What makes a referral one of a code that is asked for.
const OF_CODE: &str = "t.referral_code_id = w.code_id";

/// Who came by each code, the last one first: one page for each.
pub async fn pages(app: &App, asked: &[Asked]) -> Result<Vec<Page<referral::Model>>> {
    let mut pages: Vec<Page<referral::Model>> = asked.iter().map(|_| Page::empty()).collect();
    let mut by_shape: HashMap<Shape, Vec<usize>> = HashMap::new();
    for (index, (_, window)) in asked.iter().enumerate() {
        let (after, before) = (window.after.is_some(), window.before.is_some());
        by_shape.entry(Shape { slice: window.slice(), after, before }).or_default().push(index);
    }
    for (shape, indices) in by_shape {
        let mut rows: HashMap<usize, Vec<referral::Model>> = HashMap::new();
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
    Ok(pages)
}

fn keys(asked: &[Asked], indices: &[usize]) -> impl Iterator<Item = [KeyValue; 4]> {
    // Where there is no cursor, no statement looks at it.
    let place = |text: &Option<Key>| id_of::<ReferralId>(text.as_deref().unwrap_or_default()).into();
    indices.iter().map(move |&index| {
        let (code_id, window) = &asked[index];
        [KeyValue::Number(index as i64), (*code_id).into(), place(&window.after), place(&window.before)]
    })
}

#[derive(FromQueryResult)]
struct Numbered {
    nth: i64,
    #[sea_orm(nested)]
    row: referral::Model,
}

/// The rows on pages of one shape, and one more for each.
async fn rows_of(app: &App, asked: &[Asked], indices: &[usize], shape: Shape) -> Result<Vec<Numbered>> {
    let engine = app.db.engine();
    let order = if shape.slice.backward { "t.id" } else { "t.id DESC" };
    let after = if shape.after { " AND t.id < w.after_id" } else { "" };
    let before = if shape.before { " AND t.id > w.before_id" } else { "" };
    let first = engine.first_of_each("referrals", &format!("{OF_CODE}{after}{before}"), order, "$2");
    let sql = format!("WITH {} SELECT w.nth, t.* FROM {first} ORDER BY w.nth, {order}", engine.want(&COLUMNS, 1));
    let values = [engine.keys(&COLUMNS, keys(asked, indices)), i64::from(shape.slice.limit + 1).into()];
    app.db.all(sql, values).await
}

/// Whether a code has referrals beyond the cursors of a page, those at the cursors among them.
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
        let some = format!("EXISTS (SELECT 1 FROM referrals t WHERE {OF_CODE} AND {side})");
        if wanted { format!("CASE WHEN {some} THEN 1 ELSE 0 END") } else { "0".to_owned() }
    };
    let sql = format!(
        "WITH {} SELECT w.nth, {} AS earlier, {} AS later FROM want w",
        engine.want(&COLUMNS, 1),
        any(shape.after, "t.id >= w.after_id"),
        any(shape.before, "t.id <= w.before_id")
    );
    app.db.all(sql, [engine.keys(&COLUMNS, keys(asked, indices))]).await
}
