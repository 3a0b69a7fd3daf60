//! The walk through a log that every stream of a thread is: attach, prove, backfill, live.
//!
//! A proof says what held when the log stood at its thread's `last_seq`. Before each frame the walk asks the hub whether a
//! later line concerns the viewer, and if so proves again: the hub applies a removal before the next event is shown.

use std::sync::Arc;

use async_stream::try_stream;
use entity::id::ThreadId;
use futures_util::Stream;
use tokio::time::{Instant, sleep_until};

use super::{Entry, Place, Reset, patiently, place, posted, read};
use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::cursor::ThreadCursor;
use crate::error::{Error, Result};
use crate::message;

/// What a stream walks over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Every line of the log.
    Log,
    /// The messages alone, which no retention of the log concerns.
    Messages,
}

/// One step of a walk.
#[derive(Clone)]
pub enum Step {
    /// A line of the log.
    Entry(Arc<Entry>),
    /// The backlog is through.
    CaughtUp,
    /// Nothing has happened, and the log was looked at to know it.
    Heartbeat,
    /// The cursor stands nowhere any more; the walk goes on from the end of the log.
    Reset(Reset),
    /// The viewer may read no more; the walk ends.
    Revoked,
}

/// A step, where it was made, and the proof under which it may be shown.
#[derive(Clone)]
pub struct Frame {
    /// The place in the log.
    pub seq: i64,
    /// The proof, with the thread as it is now.
    pub reader: Reader,
    /// What happened.
    pub step: Step,
}

impl Frame {
    pub(super) fn of(reader: &Reader, entry: Arc<Entry>) -> Self {
        Self { seq: entry.seq(), reader: reader.at(entry.thread.clone()), step: Step::Entry(entry) }
    }

    fn revoked(reader: &Reader, seq: i64) -> Self {
        Self { seq, reader: reader.clone(), step: Step::Revoked }
    }
}

/// Entries read from the log at once while catching up; the right to read is proven again for each such chunk.
const CHUNK: u32 = 100;

/// Walks through the log of a thread: what comes after `after` (nothing, without it), then [`Step::CaughtUp`], then what
/// happens. Every seq comes once and in order, whatever is lost, doubled or delayed on the way here.
///
/// Fails at the start as [`access::reader`] does. Ends after [`Step::Revoked`], and never otherwise.
pub fn walk(
    app: Arc<App>,
    viewer: Viewer,
    thread_id: ThreadId,
    after: Option<ThreadCursor>,
    track: Track,
) -> impl Stream<Item = Result<Frame>> + Send {
    try_stream! {
        // Attached before the proof: from here on, nothing can happen between what is read and what is heard.
        let hub = Box::pin(app.hubs.attach(&app, thread_id)).await?;
        let mut reader = Box::pin(access::reader(&app, &viewer, thread_id)).await?;
        let mut last = reader.thread().last_seq;
        if let Some(cursor) = after {
            match start(&app, &reader, cursor, track)? {
                Place::At(seq) => last = seq,
                Place::Lost(reset) => yield Frame { seq: last, reader: reader.clone(), step: Step::Reset(reset) },
            }
        }
        let mut caught_up = false;
        loop {
            // What the proof saw of the log is what it gives the right to.
            let until = reader.thread().last_seq;
            let mut reset = None;
            while last < until && reset.is_none() {
                let before = last;
                let chunk = Box::pin(patiently(&app, || backlog(&app, &reader, track, last, until))).await?;
                for entry in chunk.entries {
                    if track == Track::Log && entry.seq() != last + 1 {
                        break;
                    }
                    // However slowly this is read, nothing is shown under a proof that a later line has overtaken.
                    if hub.concerns_after(viewer.user_id(), reader.thread().last_seq) {
                        let Some(proof) = prove(&app, &viewer, thread_id).await? else {
                            yield Frame::revoked(&reader, last);
                            return;
                        };
                        reader = proof;
                    }
                    last = entry.seq();
                    yield Frame::of(&reader, entry);
                }
                last = last.max(chunk.covered);
                let Some(proof) = prove(&app, &viewer, thread_id).await? else {
                    yield Frame::revoked(&reader, last);
                    return;
                };
                reader = proof;
                // Lines that are missing were trimmed, whether or not before the proof.
                if track == Track::Log && (last < reader.thread().trimmed_seq || last == before) {
                    reset = Some(Reset::Trimmed);
                }
            }
            if let Some(reset) = reset {
                last = reader.thread().last_seq;
                yield Frame { seq: last, reader: reader.clone(), step: Step::Reset(reset) };
            }
            if last < reader.thread().last_seq {
                continue;
            }
            if !caught_up {
                caught_up = true;
                yield Frame { seq: last, reader: reader.clone(), step: Step::CaughtUp };
            }
            // Live, until the hub no longer remembers what comes next: then the log is read again.
            let mut quiet_until = Instant::now() + app.settings.heartbeat;
            loop {
                let entries = tokio::select! {
                    entries = hub.after(last) => entries,
                    () = sleep_until(quiet_until) => {
                        quiet_until = Instant::now() + app.settings.heartbeat;
                        // Only if the log was looked at: silence must mean trouble.
                        if hub.looked_within(app.settings.heartbeat) {
                            yield Frame { seq: last, reader: reader.clone(), step: Step::Heartbeat };
                        }
                        continue;
                    }
                };
                let Some(entries) = entries else { break };
                quiet_until = Instant::now() + app.settings.heartbeat;
                for entry in entries {
                    // However slowly this is read, nothing is shown under a proof that a later line has overtaken.
                    if hub.concerns_after(viewer.user_id(), reader.thread().last_seq) {
                        let Some(proof) = prove(&app, &viewer, thread_id).await? else {
                            yield Frame::revoked(&reader, last);
                            return;
                        };
                        reader = proof;
                    }
                    last = entry.seq();
                    yield Frame::of(&reader, entry);
                }
            }
            let Some(proof) = prove(&app, &viewer, thread_id).await? else {
                yield Frame::revoked(&reader, last);
                return;
            };
            reader = proof;
        }
    }
}

/// Where the walk starts.
fn start(app: &App, reader: &Reader, cursor: ThreadCursor, track: Track) -> Result<Place> {
    match (place(app, reader, cursor), track) {
        // Messages are not trimmed with the log: older ones are simply read.
        (Place::Lost(Reset::Trimmed), Track::Messages) => Ok(Place::At(cursor.seq)),
        // A stream of messages has no frame that could say it.
        (Place::Lost(_), Track::Messages) => Err(Error::StreamReset),
        (place, _) => Ok(place),
    }
}

/// The right to read, proven again; none if it is gone. Waits while the database is away.
async fn prove(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<Option<Reader>> {
    // In a box, as the backlog is: a stream that waits for what comes next has no room for what it has done.
    match Box::pin(patiently(app, || access::reader(app, viewer, thread_id))).await {
        Ok(reader) => Ok(Some(reader)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A part of the backlog.
struct Chunk {
    entries: Vec<Arc<Entry>>,
    /// Everything up to here is in it, or of no interest to the track.
    covered: i64,
}

async fn backlog(app: &App, reader: &Reader, track: Track, after: i64, until: i64) -> Result<Chunk> {
    if track == Track::Log {
        let entries = read(app, reader.id(), after, until, CHUNK).await?;
        return Ok(Chunk { covered: after, entries });
    }
    let rows = message::between(app, reader, after, until, CHUNK).await?;
    let covered = if rows.len() < CHUNK as usize { until } else { after };
    let thread = Arc::new(reader.thread().clone());
    Ok(Chunk { entries: posted(rows, &thread), covered })
}
