//! The walk through a log that every stream is: attach, prove, backfill, live.
//!
//! A proof says what held when the log stood at its `last_seq`. Before each frame the walk asks the hub whether a
//! later line concerns the viewer, and if so proves again: the hub applies a removal before the next event is shown.

use std::sync::Arc;

use async_stream::try_stream;
use entity::id::UserId;
use futures_util::Stream;
use tokio::time::{Instant, sleep_until};

use super::{Entry, Place, Reset, patiently};
use crate::access::Reader;
use crate::app::App;
use crate::error::{Error, Result};
use crate::hub::{Hubs, Line, Log};

/// One step of a walk.
pub enum Step<L = Entry> {
    /// A line of the log.
    Entry(Arc<L>),
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
pub struct Frame<P = Reader, L = Entry> {
    /// The place in the log.
    pub seq: i64,
    /// The proof, with what it is of as it is now.
    pub proof: P,
    /// What happened.
    pub step: Step<L>,
}

// Whatever the lines are: they are shared.
impl<L> Clone for Step<L> {
    fn clone(&self) -> Self {
        match self {
            Self::Entry(entry) => Self::Entry(entry.clone()),
            Self::CaughtUp => Self::CaughtUp,
            Self::Heartbeat => Self::Heartbeat,
            Self::Reset(reset) => Self::Reset(*reset),
            Self::Revoked => Self::Revoked,
        }
    }
}

impl<P: Clone, L> Clone for Frame<P, L> {
    fn clone(&self) -> Self {
        Self { seq: self.seq, proof: self.proof.clone(), step: self.step.clone() }
    }
}

/// Proof that somebody may read a log as far as it had come.
pub(crate) trait Proof<L>: Clone + Send + Sync + 'static {
    /// How far the log had come.
    fn last_seq(&self) -> i64;

    /// Up to where its lines are kept no more.
    fn trimmed_seq(&self) -> i64;

    /// The same proof, for showing a line.
    fn at(&self, line: &L) -> Self;
}

/// Which log is walked, for whom, and how its lines are read.
pub(crate) trait Way: Send + Sync + 'static {
    /// The log.
    type Log: Log;
    /// What gives the right to read it.
    type Proof: Proof<Lines<Self>>;
    /// A place in it as clients give it.
    type Cursor: Copy + Send + Sync + 'static;

    /// The hubs of such logs.
    fn hubs(app: &App) -> &Hubs<Self::Log>;

    /// Which log.
    fn log(&self) -> Self::Log;

    /// Who reads.
    fn viewer(&self) -> Option<UserId>;

    /// Whether every line is walked, and not only some of them: then none may be missing.
    fn is_whole(&self) -> bool {
        true
    }

    /// Proves the right to read. Who has none is refused.
    fn prove(&self, app: &App) -> impl Future<Output = Result<Self::Proof>> + Send;

    /// Where to begin.
    fn start(&self, app: &App, proof: &Self::Proof, cursor: Self::Cursor) -> Result<Place>;

    /// A part of what lies behind `after`, up to `until`.
    fn backlog(
        &self,
        app: &App,
        proof: &Self::Proof,
        after: i64,
        until: i64,
    ) -> impl Future<Output = Result<Part<Lines<Self>>>> + Send;
}

/// The lines that a way leads along.
pub(crate) type Lines<W> = <<W as Way>::Log as Log>::Line;

/// What a walk gives.
type Walked<W> = Frame<<W as Way>::Proof, Lines<W>>;

/// A part of the backlog.
pub(crate) struct Part<L> {
    pub(crate) entries: Vec<Arc<L>>,
    /// Everything up to here is in it, or of no interest to the walk.
    pub(crate) covered: i64,
}

impl<P, L> Frame<P, L> {
    fn new(proof: &P, seq: i64, step: Step<L>) -> Self
    where
        P: Clone,
    {
        Self { seq, proof: proof.clone(), step }
    }

    pub(super) fn of(proof: &P, entry: Arc<L>) -> Self
    where
        P: Proof<L>,
        L: Line,
    {
        Self { seq: entry.seq(), proof: proof.at(&entry), step: Step::Entry(entry) }
    }
}

/// Lines read from the log at once while catching up; the right to read is proven again for each such part.
pub(crate) const CHUNK: u32 = 100;

/// Walks through a log: what comes after `after` (nothing, without it), then [`Step::CaughtUp`], then what happens. Every seq comes
/// once and in order, whatever is lost, doubled or delayed on the way here.
///
/// Fails at the start as [`Way::prove`] does. Ends after [`Step::Revoked`], and never otherwise.
pub(crate) fn along<W: Way>(
    app: Arc<App>,
    way: W,
    after: Option<W::Cursor>,
) -> impl Stream<Item = Result<Walked<W>>> + Send {
    try_stream! {
        // Attached before the proof: from here on, nothing can happen between what is read and what is heard.
        let hub = Box::pin(W::hubs(&app).attach(&app, way.log())).await?;
        let mut proof = Box::pin(way.prove(&app)).await?;
        let mut last = proof.last_seq();
        if let Some(cursor) = after {
            match way.start(&app, &proof, cursor)? {
                Place::At(seq) => last = seq,
                Place::Lost(reset) => yield Frame::new(&proof, last, Step::Reset(reset)),
            }
        }
        let mut caught_up = false;
        loop {
            // What the proof saw of the log is what it gives the right to.
            let until = proof.last_seq();
            let mut reset = None;
            while last < until && reset.is_none() {
                let before = last;
                let part = Box::pin(patiently(&app, || way.backlog(&app, &proof, last, until))).await?;
                for entry in part.entries {
                    if way.is_whole() && entry.seq() != last + 1 {
                        break;
                    }
                    // However slowly this is read, nothing is shown under a proof that a later line has overtaken.
                    if hub.concerns_after(way.viewer(), proof.last_seq()) {
                        let Some(anew) = prove(&app, &way).await? else {
                            yield Frame::new(&proof, last, Step::Revoked);
                            return;
                        };
                        proof = anew;
                    }
                    last = entry.seq();
                    yield Frame::of(&proof, entry);
                }
                last = last.max(part.covered);
                let Some(anew) = prove(&app, &way).await? else {
                    yield Frame::new(&proof, last, Step::Revoked);
                    return;
                };
                proof = anew;
                // Lines that are missing were trimmed, whether or not before the proof.
                if way.is_whole() && (last < proof.trimmed_seq() || last == before) {
                    reset = Some(Reset::Trimmed);
                }
            }
            if let Some(reset) = reset {
                last = proof.last_seq();
                yield Frame::new(&proof, last, Step::Reset(reset));
            }
            if last < proof.last_seq() {
                continue;
            }
            if !caught_up {
                caught_up = true;
                yield Frame::new(&proof, last, Step::CaughtUp);
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
                            yield Frame::new(&proof, last, Step::Heartbeat);
                        }
                        continue;
                    }
                };
                let Some(entries) = entries else { break };
                quiet_until = Instant::now() + app.settings.heartbeat;
                for entry in entries {
                    // However slowly this is read, nothing is shown under a proof that a later line has overtaken.
                    if hub.concerns_after(way.viewer(), proof.last_seq()) {
                        let Some(anew) = prove(&app, &way).await? else {
                            yield Frame::new(&proof, last, Step::Revoked);
                            return;
                        };
                        proof = anew;
                    }
                    last = entry.seq();
                    yield Frame::of(&proof, entry);
                }
            }
            let Some(anew) = prove(&app, &way).await? else {
                yield Frame::new(&proof, last, Step::Revoked);
                return;
            };
            proof = anew;
        }
    }
}

/// The right to read, proven again; none if it is gone. Waits while the database is away.
async fn prove<W: Way>(app: &App, way: &W) -> Result<Option<W::Proof>> {
    // In a box, as the backlog is: a stream that waits for what comes next has no room for what it has done.
    match Box::pin(patiently(app, || way.prove(app))).await {
        Ok(proof) => Ok(Some(proof)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
