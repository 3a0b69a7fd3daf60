//! The walk through a thread's log.

use std::sync::Arc;

use entity::id::{ThreadId, UserId};
use futures_util::Stream;

use super::walk::{CHUNK, Part, Proof, Way, along};
use super::{Entry, Frame, Place, Reset, place, posted};
use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::cursor::ThreadCursor;
use crate::error::{Error, Result};
use crate::hub::{Hubs, Log};
use crate::message;

/// What a stream walks over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Every line of the log.
    Log,
    /// The messages alone, which no retention of the log concerns.
    Messages,
}

/// Walks through the log of a thread, as [`along`] does. Fails at the start as [`access::reader`] does.
pub fn walk(
    app: Arc<App>,
    viewer: Viewer,
    thread_id: ThreadId,
    after: Option<ThreadCursor>,
    track: Track,
) -> impl Stream<Item = Result<Frame>> + Send {
    along(app, ThreadWay { viewer, thread_id, track }, after)
}

struct ThreadWay {
    viewer: Viewer,
    thread_id: ThreadId,
    track: Track,
}

impl Proof<Entry> for Reader {
    fn last_seq(&self) -> i64 {
        self.thread().last_seq
    }

    fn trimmed_seq(&self) -> i64 {
        self.thread().trimmed_seq
    }

    fn at(&self, line: &Entry) -> Self {
        Self::at(self, line.thread.clone())
    }
}

impl Way for ThreadWay {
    type Log = ThreadId;
    type Proof = Reader;
    type Cursor = ThreadCursor;

    fn hubs(app: &App) -> &Hubs<ThreadId> {
        &app.hubs
    }

    fn log(&self) -> ThreadId {
        self.thread_id
    }

    fn viewer(&self) -> Option<UserId> {
        self.viewer.user_id()
    }

    fn is_whole(&self) -> bool {
        self.track == Track::Log
    }

    async fn prove(&self, app: &App) -> Result<Reader> {
        access::reader(app, &self.viewer, self.thread_id).await
    }

    fn start(&self, app: &App, reader: &Reader, cursor: ThreadCursor) -> Result<Place> {
        match (place(app, reader, cursor), self.track) {
            // Messages are not trimmed with the log: older ones are simply read.
            (Place::Lost(Reset::Trimmed), Track::Messages) => Ok(Place::At(cursor.seq)),
            // A stream of messages has no frame that could say it.
            (Place::Lost(_), Track::Messages) => Err(Error::StreamReset),
            (place, _) => Ok(place),
        }
    }

    async fn backlog(&self, app: &App, reader: &Reader, after: i64, until: i64) -> Result<Part<Entry>> {
        if self.track == Track::Log {
            let entries = self.thread_id.read(app, after, until, CHUNK).await?;
            return Ok(Part { covered: after, entries });
        }
        let rows = message::between(app, reader, after, until, CHUNK).await?;
        let covered = if rows.len() < CHUNK as usize { until } else { after };
        let thread = Arc::new(reader.thread().clone());
        Ok(Part { entries: posted(rows, &thread), covered })
    }
}
