//! Signals: typing, presence, and answers that are being written. Lossy, never stored; whoever misses one misses nothing that lasts.
//!
//! Somebody is present in a thread while a stream of its signals is open for them on some node. Each node knows who is where
//! ([`present`]), and tells its watchers of the first device of somebody and of the last. A newcomer is told who is there by their own node,
//! which asks the others in case it has missed something. That somebody has gone is told a little later than it happens: whoever
//! connects anew or changes devices has not been gone.
//!
//! A node says now and then that it is there. If it does not for a while, nobody is on it any more.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_stream::try_stream;
use entity::Timestamp;
use entity::id::{NodeId, ThreadId, UserId};
use entity::thread::ThreadKind;
use futures_util::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at, sleep};

mod listen;
mod present;
mod watching;

pub(crate) use listen::{leave, listen};
use present::Present;
use watching::Watching;

use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::assistant;
use crate::error::{Error, Result};
use crate::infra::bus::{Hint, Signal, SignalKind};
use crate::infra::clock::Clock;

/// Signals that a slow client may fall behind before it misses some.
const BACKLOG: usize = 64;
/// How long after somebody's last stream has ended they are told to be gone: longer than a client takes to come back.
const GRACE: Duration = Duration::from_secs(3);

/// A thread whose signals somebody on this node watches.
struct Watched {
    signals: broadcast::Sender<Signal>,
    present: Present,
    streams: usize,
}

impl Watched {
    /// Tells those who watch here.
    fn tell(&self, signal: Signal) {
        // An error says that nobody watches, which is fine.
        let _ = self.signals.send(signal);
    }
}

/// What one node knows of signals.
pub(crate) struct Signals {
    /// This node, for as long as it runs.
    node: NodeId,
    threads: Mutex<HashMap<ThreadId, Watched>>,
    others: Mutex<Others>,
}

/// The other nodes.
#[derive(Default)]
struct Others {
    /// When each was heard last.
    heard: HashMap<NodeId, Instant>,
    /// Those that were silent for too long: if they are heard again, they are asked who is there.
    lost: HashSet<NodeId>,
}

impl Signals {
    /// Those of a node that begins.
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { node: clock.id(), threads: Mutex::default(), others: Mutex::default() }
    }

    /// Does something with a thread, if somebody watches it here.
    fn with<T>(&self, thread_id: ThreadId, work: impl FnOnce(&mut Watched) -> T) -> Option<T> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.get_mut(&thread_id).map(work)
    }
}

fn send(app: &App, thread_id: ThreadId, user_id: UserId, kind: SignalKind) {
    app.bus.publish(Hint::Signal(thread_id, Signal { user_id, at: app.clock.now(), kind }));
}

/// Tells the other nodes where somebody is; this one knows. Whether it is on its way to them.
fn tell_others(app: &App, thread_id: ThreadId, user_id: UserId, at: Timestamp, kind: SignalKind) -> bool {
    app.bus.publish_elsewhere(&Hint::Signal(thread_id, Signal { user_id, at, kind }))
}

/// Says that who may show themselves in a thread has changed, though its log tells nothing of it.
pub(crate) fn prove_again(app: &App, thread_id: ThreadId, user_id: UserId) {
    send(app, thread_id, user_id, SignalKind::Proves);
}

/// Shows what the assistant is about.
pub(crate) fn of_assistant(app: &App, thread_id: ThreadId, kind: SignalKind) {
    send(app, thread_id, assistant::id(), kind);
}

/// Who is seen to be there while they watch.
fn shown(reader: &Reader) -> Option<UserId> {
    reader.viewer().filter(|_| reader.sees_signals())
}

/// Says that the viewer is writing.
pub async fn typing(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<()> {
    let author = access::author(app, viewer, thread_id).await?;
    send(app, thread_id, author.user_id(), SignalKind::Typing);
    Ok(())
}

/// Typing and presence in a thread: who is there, and then what changes. Fails at the start as [`access::reader`] does; ends when the viewer
/// may no longer read.
pub fn stream(app: Arc<App>, viewer: Viewer, thread_id: ThreadId) -> impl Stream<Item = Result<Signal>> + Send {
    try_stream! {
        let mut reader = access::reader(&app, &viewer, thread_id).await?;
        // Removal is in the log, so the stream listens to that, too.
        let hub = app.hubs.attach(&app, thread_id).await?;
        let mut last = reader.thread().last_seq;
        // Present for as long as this stream is kept.
        let (mut watching, mut signals) = Watching::new(app.clone(), thread_id);
        for signal in watching.set_member(shown(&reader)) {
            yield signal;
        }
        // A block tells the log nothing, and the hint of it may be lost.
        let mut looks = interval_at(Instant::now() + app.settings.inbox_look, app.settings.inbox_look);
        loop {
            let heard = tokio::select! {
                signal = signals.recv() => Heard::Signal(signal),
                entries = hub.after(last) => Heard::Log(entries),
                _ = looks.tick(), if reader.thread().kind == ThreadKind::Direct => Heard::Proves,
            };
            let mut shows = None;
            let concerned = match heard {
                Heard::Signal(Ok(Signal { kind: SignalKind::Proves, .. })) | Heard::Proves => true,
                Heard::Signal(Ok(signal)) => {
                    shows = Some(signal);
                    // What is known to have changed for the viewer counts before it is heard of.
                    hub.concerns_after(viewer.user_id(), last)
                }
                Heard::Signal(Err(RecvError::Lagged(_))) => false,
                Heard::Signal(Err(RecvError::Closed)) => return,
                Heard::Log(entries) => {
                    let own = |entries: &Vec<Arc<crate::event::Entry>>| entries.iter().any(|entry| entry.concerns(viewer.user_id()));
                    let concerned = entries.as_ref().is_none_or(own);
                    last = entries.and_then(|entries| entries.last().map(|entry| entry.seq())).unwrap_or(last).max(last);
                    concerned
                }
            };
            if concerned {
                match still_readable(&app, &viewer, thread_id).await {
                    Ok(anew) => reader = anew,
                    Err(error) => {
                        // Who is out is not there, and is not waited for.
                        watching.set_member(None);
                        Err(error)?;
                    }
                }
                last = reader.thread().last_seq.max(last);
                for signal in watching.set_member(shown(&reader)) {
                    yield signal;
                }
            }
            // Who takes part in a room is for its members to know.
            if let Some(signal) = shows.filter(|_| reader.sees_signals()) {
                yield signal;
            }
        }
    }
}

enum Heard {
    Proves,
    Signal(Result<Signal, RecvError>),
    Log(Option<Vec<Arc<crate::event::Entry>>>),
}

/// The right to read, proven again.
async fn still_readable(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<Reader> {
    let proof = crate::event::patiently(app, || access::reader(app, viewer, thread_id)).await;
    proof.map_err(|error| match error {
        Error::Refused(_) => Error::AccessRevoked,
        other => other,
    })
}

/// Says of a member who was here that they are here no longer, unless they have come back.
fn say_gone(app: &App, thread_id: ThreadId, user_id: UserId, at: Timestamp) {
    let node = app.signals.node;
    let gone = app.signals.with(thread_id, |watched| {
        if watched.present.streams_here(user_id) {
            return false;
        }
        if watched.present.depart(user_id, node) {
            watched.tell(Signal { user_id, at, kind: SignalKind::Offline(node) });
        }
        true
    });
    forget(app, thread_id);
    if gone == Some(true) {
        tell_others(app, thread_id, user_id, at, SignalKind::Offline(node));
    }
}

/// Forgets a thread that nobody watches here any more, and of which nothing is still to be said.
fn forget(app: &App, thread_id: ThreadId) {
    let mut threads = app.signals.threads.lock().unwrap_or_else(PoisonError::into_inner);
    let is_left = |watched: &Watched| watched.streams == 0 && watched.present.is_empty_here(app.signals.node);
    if threads.get(&thread_id).is_some_and(is_left) {
        threads.remove(&thread_id);
    }
}

/// The same a little later.
fn say_gone_later(app: &Arc<App>, thread_id: ThreadId, user_id: UserId) {
    let (context, at) = (app.clone(), app.clock.now());
    app.spawn(async move {
        sleep(GRACE).await;
        say_gone(&context, thread_id, user_id, at);
    });
}
