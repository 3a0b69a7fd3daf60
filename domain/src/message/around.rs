//! Pages about one message.

use entity::id::MessageId;
use entity::message;

use super::{by_ids, pages};
use crate::access::Reader;
use crate::app::App;
use crate::error::Result;
use crate::page::{Page, Window};

/// Pages about one message each: as many before it as after it, and itself. None where the message is not one of the
/// thread.
pub async fn pages_around(app: &App, asked: &[(Reader, MessageId, u32)]) -> Result<Vec<Option<Page<message::Model>>>> {
    let named: Vec<_> = asked.iter().map(|(reader, id, _)| (reader.clone(), *id)).collect();
    let rows = by_ids(app, &named).await?;
    let of_thread =
        |(reader, id): &(Reader, MessageId)| rows.get(id).filter(|row| row.thread_id == reader.id()).cloned();
    let found: Vec<(usize, message::Model)> =
        named.iter().enumerate().filter_map(|(index, named)| Some((index, of_thread(named)?))).collect();
    let sides = found.iter().flat_map(|(index, middle)| {
        let (reader, _, limit) = &asked[*index];
        [before(middle, *limit), after(middle, *limit)].map(|window| (reader.clone(), window))
    });
    let mut sides = pages(app, &sides.collect::<Vec<_>>()).await?.into_iter();
    let mut around: Vec<Option<Page<message::Model>>> = asked.iter().map(|_| None).collect();
    for (index, middle) in found {
        let (reader, _, limit) = &asked[index];
        let (Some(before), Some(after)) = (sides.next(), sides.next()) else { break };
        around[index] = Some(joined(reader, *limit, before, middle, after));
    }
    Ok(around)
}

fn before(middle: &message::Model, limit: u32) -> Window<i64> {
    Window { after: None, before: Some(middle.seq), limit: (limit / 2).max(1), backward: true }
}

fn after(middle: &message::Model, limit: u32) -> Window<i64> {
    let limit = (limit - limit / 2).saturating_sub(1).max(1);
    Window { after: Some(middle.seq), before: None, limit, backward: false }
}

/// The page that two sides make with what is between them.
fn joined(
    reader: &Reader,
    limit: u32,
    before: Page<message::Model>,
    middle: message::Model,
    after: Page<message::Model>,
) -> Page<message::Model> {
    let mut items = before.items;
    // The smallest pages have no room on both sides.
    items.drain(..items.len().saturating_sub(limit.saturating_sub(1) as usize));
    items.push(middle);
    items.extend(after.items);
    items.truncate(limit as usize);
    let has_previous = items.first().is_some_and(|row| row.position > 1);
    let last = items.last().map_or(0, |row| row.position);
    Page { items, has_next: after.has_next || last < reader.thread().message_count, has_previous }
}
