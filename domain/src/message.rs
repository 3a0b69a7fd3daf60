//! Messages: what is said in a thread, each at its place for ever.
//!
//! Owns how they are read and what may be done to them; who may is [`crate::access`]'s.

use std::collections::HashMap;

use entity::id::{MessageId, ThreadId};
use entity::message;
use sea_orm::{FromQueryResult, Value};

mod around;
mod edit;
mod reply;
mod retain;
mod revision;
mod send;

pub use around::pages_around;
pub use edit::{Changed, delete, edit};
pub use reply::{reply_counts, reply_pages};
pub(crate) use retain::{RECURRING, delete_old};
pub use revision::revisions;
pub use send::{AttachmentDraft, Draft, FileDraft, Sent, send};

use crate::access::{Reader, Viewer};
use crate::app::App;
use crate::archive::{MESSAGE, first_in_both, in_both};
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key};
use crate::page::{Page, Slice, Window};
use crate::text;

/// Messages after one seq and up to another, oldest first.
pub(crate) async fn between(
    app: &App,
    reader: &Reader,
    after: i64,
    until: i64,
    limit: u32,
) -> Result<Vec<message::Model>> {
    let condition = "t.thread_id = $1 AND t.seq > $2 AND t.seq <= $3";
    let sql = first_in_both(&MESSAGE, condition, "seq", "$4");
    app.db.all(sql, [reader.id().into(), after.into(), until.into(), i64::from(limit).into()]).await
}

/// Pages of messages, one for each thread and window; windows are over seqs. Oldest first within a page.
pub async fn pages(app: &App, asked: &[(Reader, Window<i64>)]) -> Result<Vec<Page<message::Model>>> {
    let mut by_slice: HashMap<Slice, Vec<usize>> = HashMap::new();
    for (index, (_, window)) in asked.iter().enumerate() {
        by_slice.entry(window.slice()).or_default().push(index);
    }
    let mut pages: Vec<Page<message::Model>> = asked.iter().map(|_| Page::empty()).collect();
    for (slice, indices) in by_slice {
        for (index, rows) in read_pages(app, asked, &indices, slice).await? {
            let (reader, window) = &asked[index];
            pages[index] = place_page(reader, window, rows);
        }
    }
    Ok(pages)
}

#[derive(FromQueryResult)]
struct Numbered {
    nth: i64,
    #[sea_orm(nested)]
    row: message::Model,
}

async fn read_pages(
    app: &App,
    asked: &[(Reader, Window<i64>)],
    indices: &[usize],
    slice: Slice,
) -> Result<HashMap<usize, Vec<message::Model>>> {
    let engine = app.db.engine();
    let columns = [
        ("nth", Column::Number),
        ("thread_id", Column::Id),
        ("after_seq", Column::Number),
        ("before_seq", Column::Number),
    ];
    let order = if slice.backward { "seq DESC" } else { "seq" };
    let condition = "t.thread_id = w.thread_id AND t.seq > w.after_seq AND t.seq < w.before_seq";
    let rows = in_both(|shelf| {
        let first = engine.first_of_each(shelf.messages, condition, &format!("t.{order}"), "$2");
        format!("SELECT w.nth, {} FROM {first}", *MESSAGE)
    });
    let sql = format!("WITH {} {rows} ORDER BY nth, {order}", engine.want(&columns, 1));
    let keys = indices.iter().map(|&index| {
        let (reader, window) = &asked[index];
        let (after, before) = bounds(reader, window);
        [Key::Number(index as i64), reader.id().into(), Key::Number(after), Key::Number(before)]
    });
    let values = [engine.keys(&columns, keys), i64::from(slice.limit + 1).into()];
    let rows: Vec<Numbered> = app.db.all(sql, values).await?;
    let mut of_index: HashMap<usize, Vec<message::Model>> = indices.iter().map(|&index| (index, Vec::new())).collect();
    for numbered in rows {
        let index = usize::try_from(numbered.nth).map_err(Error::internal)?;
        of_index.entry(index).or_default().push(numbered.row);
    }
    // Each of the two places gave a page.
    of_index.values_mut().for_each(|rows| rows.truncate(slice.limit as usize + 1));
    Ok(of_index)
}

/// Between which seqs a window lies. What came after the proof is left to the next one, so that a thread, its count and
/// its messages are all of one moment.
fn bounds(reader: &Reader, window: &Window<i64>) -> (i64, i64) {
    let end = reader.thread().last_seq + 1;
    (window.after.unwrap_or(-1), window.before.map_or(end, |before| before.min(end)))
}

/// Positions tell exactly what lies on the far side of a page, without asking.
fn place_page(reader: &Reader, window: &Window<i64>, rows: Vec<message::Model>) -> Page<message::Model> {
    let count = reader.thread().message_count;
    let mut page = Page::cut(rows, window, false);
    match (page.items.first(), page.items.last()) {
        (Some(first), Some(last)) => {
            page.has_previous |= first.position > 1;
            page.has_next |= last.position < count;
        }
        _ => {
            page.has_previous = count > 0 && window.after.is_some();
            page.has_next = count > 0 && window.before.is_some();
        }
    }
    page
}

/// Messages by id, of threads that the reader may read; one of another thread than its proof's is missing.
pub async fn by_ids(app: &App, asked: &[(Reader, MessageId)]) -> Result<HashMap<MessageId, message::Model>> {
    let engine = app.db.engine();
    let rows = rows(app, engine.ids(asked.iter().map(|(_, id)| *id))).await?;
    let proven = |row: &message::Model| asked.iter().any(|(reader, id)| *id == row.id && reader.id() == row.thread_id);
    Ok(rows.into_iter().filter(|row| proven(row)).map(|row| (row.id, row)).collect())
}

/// Messages by id, for whoever has the right to all of them, or shows them to nobody who has not.
pub(crate) async fn rows(app: &App, ids: Value) -> Result<Vec<message::Model>> {
    let among = app.db.engine().among(1);
    let sql = in_both(|shelf| format!("SELECT {} FROM {} t WHERE t.id {among}", *MESSAGE, shelf.messages));
    app.db.all(sql, [ids]).await
}

#[derive(FromQueryResult)]
struct Located {
    id: MessageId,
    thread_id: ThreadId,
}

/// The threads of messages, for whoever is about to prove the right to them.
async fn locate(app: &App, ids: &[MessageId]) -> Result<Vec<Located>> {
    let engine = app.db.engine();
    let among = engine.among(1);
    let sql = in_both(|shelf| format!("SELECT id, thread_id FROM {} WHERE id {among}", shelf.messages));
    app.db.all(sql, [engine.ids(ids.iter().copied())]).await
}

/// The thread of one message; an error as if there were no such message, for one who can't be told.
async fn thread_of(app: &App, field: &'static str, id: MessageId) -> Result<ThreadId> {
    let located = locate(app, &[id]).await?.pop();
    located.map(|located| located.thread_id).ok_or_else(|| Error::not_found(field, "message"))
}

/// The proof for the thread of one message, for changing something of it.
pub(crate) async fn author_of(
    app: &App,
    viewer: &Viewer,
    field: &'static str,
    id: MessageId,
) -> Result<crate::access::Author> {
    viewer.require()?;
    let thread_id = thread_of(app, field, id).await?;
    crate::access::author(app, viewer, thread_id).await.map_err(|error| match error {
        // Whoever may not read the thread must not learn that the message exists.
        Error::Refused(refusals) if refusals.iter().any(|refusal| refusal.code == crate::Code::NotFound) => {
            Error::not_found(field, "message")
        }
        other => other.at(field),
    })
}

/// Messages by id with the proofs to read them; those that the viewer may not read are missing.
pub async fn readable(
    app: &App,
    viewer: &Viewer,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, (Reader, message::Model)>> {
    let located = locate(app, ids).await?;
    let threads: Vec<ThreadId> = located.iter().map(|located| located.thread_id).collect();
    if threads.is_empty() {
        return Ok(HashMap::new());
    }
    let readers = crate::access::readers(app, viewer, &threads).await?;
    let proven: Vec<(Reader, MessageId)> =
        located.iter().filter_map(|located| Some((readers.get(&located.thread_id)?.clone(), located.id))).collect();
    let rows = by_ids(app, &proven).await?;
    let paired = proven.into_iter().filter_map(|(reader, id)| Some((id, (reader, rows.get(&id)?.clone()))));
    Ok(paired.collect())
}

/// The viewer's own message by the key that it was sent with.
pub async fn by_client_key(app: &App, reader: &Reader, key: &str) -> Result<Option<message::Model>> {
    let Some(viewer) = reader.viewer().filter(|_| text::is_storable(key)) else { return Ok(None) };
    let condition = "t.thread_id = $1 AND t.sender_id = $2 AND t.client_key = $3 AND t.client_key IS NOT NULL";
    let sql = in_both(|shelf| format!("SELECT {} FROM {} t WHERE {condition}", *MESSAGE, shelf.messages));
    app.db.one(sql, [reader.id().into(), viewer.into(), key.into()]).await
}

/// The last message of each thread, whether or not it was deleted.
pub async fn last_of_each(app: &App, readers: &[Reader]) -> Result<HashMap<ThreadId, message::Model>> {
    let window = || Window { after: None, before: None, limit: 1, backward: true };
    let asked: Vec<_> = readers.iter().map(|reader| (reader.clone(), window())).collect();
    let pages = pages(app, &asked).await?;
    Ok(pages.into_iter().flat_map(|page| page.items).map(|row| (row.thread_id, row)).collect())
}
