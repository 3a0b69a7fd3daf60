//! Replies to messages.

use std::collections::HashMap;

use entity::id::MessageId;
use entity::message;
use sea_orm::FromQueryResult;

use super::{Numbered, bounds};
use crate::access::Reader;
use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE, MESSAGE, in_both};
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key};
use crate::page::{Page, Slice, Window};

#[derive(FromQueryResult)]
struct Count {
    parent_id: MessageId,
    count: i64,
}

/// How many replies each message has; none are missing from the map.
pub async fn reply_counts(app: &App, ids: &[MessageId]) -> Result<HashMap<MessageId, i64>> {
    let engine = app.db.engine();
    let among = engine.among(1);
    let sql = in_both(|shelf| {
        format!(
            "SELECT parent_id, count(*) AS count FROM {} WHERE parent_id IS NOT NULL AND parent_id {among} GROUP BY parent_id",
            shelf.messages
        )
    });
    let rows: Vec<Count> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry(row.parent_id).or_default() += row.count;
    }
    Ok(counts)
}

/// What a page of replies is asked for by.
type Asked = (Reader, MessageId, Window<i64>);

/// The columns by which replies are looked for.
const COLUMNS: [(&str, Column); 5] = [
    ("nth", Column::Number),
    ("parent_id", Column::Id),
    ("thread_id", Column::Id),
    ("after_seq", Column::Number),
    ("before_seq", Column::Number),
];

/// What makes a message a reply to one that is asked for.
const OF_PARENT: &str = "t.parent_id IS NOT NULL AND t.parent_id = w.parent_id AND t.thread_id = w.thread_id";

fn row((index, (reader, parent, _)): (usize, &Asked), (after, before): (i64, i64)) -> [Key; 5] {
    let nth = Key::Number(index as i64);
    [nth, (*parent).into(), reader.id().into(), Key::Number(after), Key::Number(before)]
}

/// Pages of replies, one for each message and window; windows are over seqs.
pub async fn reply_pages(app: &App, asked: &[Asked]) -> Result<Vec<Page<message::Model>>> {
    let mut by_slice: HashMap<Slice, Vec<usize>> = HashMap::new();
    for (index, (.., window)) in asked.iter().enumerate() {
        by_slice.entry(window.slice()).or_default().push(index);
    }
    let mut rows: HashMap<usize, Vec<message::Model>> = HashMap::new();
    for (slice, indices) in by_slice {
        for numbered in replies(app, asked, &indices, slice).await? {
            rows.entry(usize::try_from(numbered.nth).map_err(Error::internal)?).or_default().push(numbered.row);
        }
    }
    // Each of the two places gave a page.
    rows.iter_mut().for_each(|(index, rows)| rows.truncate(asked[*index].2.limit as usize + 1));
    let mut pages: Vec<Page<message::Model>> = asked
        .iter()
        .enumerate()
        .map(|(index, (.., window))| Page::cut(rows.remove(&index).unwrap_or_default(), window, false))
        .collect();
    for beyond in beyond(app, asked).await? {
        let page = &mut pages[usize::try_from(beyond.nth).map_err(Error::internal)?];
        page.has_previous |= beyond.earlier > 0;
        page.has_next |= beyond.later > 0;
    }
    Ok(pages)
}

/// The replies on pages of one slice, and one more for each.
async fn replies(app: &App, asked: &[Asked], indices: &[usize], slice: Slice) -> Result<Vec<Numbered>> {
    let engine = app.db.engine();
    let order = if slice.backward { "seq DESC" } else { "seq" };
    let condition = format!("{OF_PARENT} AND t.seq > w.after_seq AND t.seq < w.before_seq");
    let rows = in_both(|shelf| {
        let first = engine.first_of_each(shelf.messages, &condition, &format!("t.{order}"), "$2");
        format!("SELECT w.nth, {} FROM {first}", *MESSAGE)
    });
    let sql = format!("WITH {} {rows} ORDER BY nth, {order}", engine.want(&COLUMNS, 1));
    let keys = indices.iter().map(|&index| row((index, &asked[index]), bounds(&asked[index].0, &asked[index].2)));
    app.db.all(sql, [engine.keys(&COLUMNS, keys), i64::from(slice.limit + 1).into()]).await
}

/// Whether a message has replies beyond the cursors of a page, those at the cursors among them.
#[derive(FromQueryResult)]
struct Beyond {
    nth: i64,
    earlier: i32,
    later: i32,
}

async fn beyond(app: &App, asked: &[Asked]) -> Result<Vec<Beyond>> {
    let cut = |(_, (.., window)): &(usize, &Asked)| window.after.is_some() || window.before.is_some();
    let mut cut = asked.iter().enumerate().filter(cut).peekable();
    if cut.peek().is_none() {
        return Ok(Vec::new());
    }
    let engine = app.db.engine();
    let any = |side: &str| {
        let exists = [IN_USE, ARCHIVE]
            .map(|shelf| format!("EXISTS (SELECT 1 FROM {} t WHERE {OF_PARENT} AND {side})", shelf.messages));
        format!("CASE WHEN {} THEN 1 ELSE 0 END", exists.join(" OR "))
    };
    let sql = format!(
        "WITH {} SELECT w.nth, {} AS earlier, {} AS later FROM want w",
        engine.want(&COLUMNS, 1),
        any("t.seq <= w.after_seq"),
        any("t.seq >= w.before_seq")
    );
    // Beyond what is not there, there is nothing.
    let sides = |window: &Window<i64>| (window.after.unwrap_or(-1), window.before.unwrap_or(i64::MAX));
    let keys = cut.map(|(index, key)| row((index, key), sides(&key.2)));
    app.db.all(sql, [engine.keys(&COLUMNS, keys)]).await
}
