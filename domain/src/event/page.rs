//! Pages of logs, for those who poll: of many threads at once, in a number of statements that does not depend on how many.

use std::collections::HashMap;
use std::sync::Arc;

use entity::thread_event;
use sea_orm::FromQueryResult;

use super::read::{Entry, load};
use super::{Frame, Place, Reset, Step, place};
use crate::access::Reader;
use crate::app::App;
use crate::cursor::ThreadCursor;
use crate::error::{Error, Result};
use crate::infra::keys::{Column, Key};

/// A page of the log.
#[derive(Clone)]
pub struct EventPage {
    /// The frames, oldest first.
    pub frames: Vec<Frame>,
    /// Where it ends.
    pub end: i64,
    /// Whether the log goes on.
    pub has_next: bool,
}

impl EventPage {
    /// The page of a cursor that stands nowhere any more.
    fn reset(reader: &Reader, reset: Reset) -> Self {
        let end = reader.thread().last_seq;
        let frame = Frame { seq: end, proof: reader.clone(), step: Step::Reset(reset) };
        Self { frames: vec![frame], end, has_next: false }
    }

    /// The page of lines that were read after `start`.
    fn of(reader: &Reader, after: Option<ThreadCursor>, start: i64, entries: Vec<Arc<Entry>>) -> Self {
        // Lines that are missing were trimmed, whether or not before the proof.
        if after.is_some() && entries.first().is_some_and(|first| first.seq() != start + 1) {
            return Self::reset(reader, Reset::Trimmed);
        }
        let end = entries.last().map_or(start, |entry| entry.seq());
        let frames = entries.into_iter().map(|entry| Frame::of(reader, entry)).collect();
        Self { frames, end, has_next: end < reader.thread().last_seq }
    }
}

/// Pages of logs, one for each thread, cursor and number: the frames after the cursor, or from the beginning of what is
/// retained.
pub async fn pages(app: &App, asked: &[(Reader, Option<ThreadCursor>, u32)]) -> Result<Vec<EventPage>> {
    let places: Vec<Place> = asked
        .iter()
        .map(|(reader, after, _)| after.map_or(Place::At(reader.thread().trimmed_seq), |at| place(app, reader, at)))
        .collect();
    let mut by_limit: HashMap<u32, Vec<(usize, i64)>> = HashMap::new();
    for (index, ((.., limit), place)) in asked.iter().zip(&places).enumerate() {
        if let Place::At(start) = place {
            by_limit.entry(*limit).or_default().push((index, *start));
        }
    }
    let (mut indices, mut events) = (Vec::new(), Vec::new());
    for (limit, starts) in by_limit {
        for line in lines(app, asked, starts, limit).await? {
            indices.push(usize::try_from(line.nth).map_err(Error::internal)?);
            events.push(line.event);
        }
    }
    // With what all of them name together: another statement for each kind of row, not for each page.
    let entries = load(app, events).await?;
    let mut of_index: HashMap<usize, Vec<Arc<Entry>>> = HashMap::new();
    for (index, entry) in indices.into_iter().zip(entries) {
        of_index.entry(index).or_default().extend(entry);
    }
    let pages = asked.iter().zip(places).enumerate().map(|(index, ((reader, after, _), place))| match place {
        Place::At(start) => EventPage::of(reader, *after, start, of_index.remove(&index).unwrap_or_default()),
        Place::Lost(reset) => EventPage::reset(reader, reset),
    });
    Ok(pages.collect())
}

#[derive(FromQueryResult)]
struct Line {
    nth: i64,
    #[sea_orm(nested)]
    event: thread_event::Model,
}

/// The first `limit` lines after each start, up to where the log stood when the right to it was proven.
async fn lines(
    app: &App,
    asked: &[(Reader, Option<ThreadCursor>, u32)],
    starts: Vec<(usize, i64)>,
    limit: u32,
) -> Result<Vec<Line>> {
    let engine = app.db.engine();
    let columns = [
        ("nth", Column::Number),
        ("thread_id", Column::Id),
        ("after_seq", Column::Number),
        ("until_seq", Column::Number),
    ];
    let condition = "t.thread_id = w.thread_id AND t.seq > w.after_seq AND t.seq <= w.until_seq";
    let first = engine.first_of_each("thread_events", condition, "t.seq", "$2");
    let sql = format!("WITH {} SELECT w.nth, t.* FROM {first} ORDER BY w.nth, t.seq", engine.want(&columns, 1));
    let keys = starts.into_iter().map(|(index, start)| {
        let thread = asked[index].0.thread();
        [Key::Number(index as i64), thread.id.into(), Key::Number(start), Key::Number(thread.last_seq)]
    });
    app.db.all(sql, [engine.keys(&columns, keys), i64::from(limit).into()]).await
}
