//! Signals: typing, presence, and answers that are being written. Lossy, never stored; whoever misses one misses nothing that lasts.
//!
//! Somebody is present in a thread while a stream of its signals is open for them on some node. A newcomer asks who is
//! there, and each node answers for its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_stream::try_stream;
use entity::id::{ThreadId, UserId};
use entity::thread::ThreadKind;
use futures_util::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at};

use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::assistant;
use crate::error::{Error, Result};
use crate::infra::bus::{Hint, Signal, SignalKind};

/// Signals that a slow client may fall behind before it misses some.
const BACKLOG: usize = 64;

struct Watched {
    signals: broadcast::Sender<Signal>,
    /// How many streams each member has open here.
    present: HashMap<UserId, usize>,
    streams: usize,
}

/// The threads whose signals somebody on this node watches.
#[derive(Default)]
pub(crate) struct Signals(Mutex<HashMap<ThreadId, Watched>>);

/// A stream's place among the watched; its member is offline when their last one is dropped.
struct Watching {
    app: Arc<App>,
    thread_id: ThreadId,
    member: Option<UserId>,
}

impl Watching {
    fn new(app: Arc<App>, thread_id: ThreadId, member: Option<UserId>) -> (Self, broadcast::Receiver<Signal>) {
        let mut threads = app.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = threads.entry(thread_id).or_insert_with(|| Watched {
            signals: broadcast::Sender::new(BACKLOG),
            present: HashMap::new(),
            streams: 0,
        });
        watched.streams += 1;
        if let Some(member) = member {
            *watched.present.entry(member).or_default() += 1;
        }
        let signals = watched.signals.subscribe();
        drop(threads);
        (Self { app, thread_id, member }, signals)
    }
}

impl Watching {
    /// The member who watches may have left the room, or joined it.
    fn set_member(&mut self, member: Option<UserId>) {
        if self.member == member {
            return;
        }
        self.leave();
        self.member = member;
        if let Some(member) = member {
            let mut threads = self.app.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(watched) = threads.get_mut(&self.thread_id) {
                *watched.present.entry(member).or_default() += 1;
            }
            drop(threads);
            send(&self.app, self.thread_id, member, SignalKind::Online);
        }
    }

    /// Counts the member out; offline with their last stream.
    fn leave(&mut self) {
        let Some(member) = self.member.take() else { return };
        let mut threads = self.app.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watched) = threads.get_mut(&self.thread_id) else { return };
        let Some(count) = watched.present.get_mut(&member) else { return };
        *count -= 1;
        if *count == 0 {
            watched.present.remove(&member);
            drop(threads);
            send(&self.app, self.thread_id, member, SignalKind::Offline);
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.leave();
        let mut threads = self.app.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = threads.get_mut(&self.thread_id) {
            watched.streams -= 1;
            if watched.streams == 0 {
                threads.remove(&self.thread_id);
            }
        }
    }
}

fn send(app: &App, thread_id: ThreadId, user_id: UserId, kind: SignalKind) {
    app.bus.publish(Hint::Signal(thread_id, Signal { user_id, at: app.clock.now(), kind }));
}

/// Hands signals to those who watch, and answers for who is present here.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        let (thread_id, signal) = match hints.recv().await {
            Ok(Hint::Signal(thread_id, signal)) => (thread_id, signal),
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let mut answers = Vec::new();
        {
            let threads = app.signals.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(watched) = threads.get(&thread_id) else { continue };
            if signal.kind == SignalKind::Asks {
                answers.extend(watched.present.keys().copied());
            } else if signal.kind == SignalKind::Offline && watched.present.contains_key(&signal.user_id) {
                // Gone on another node, but still here: then they are not gone, and the other nodes are told so.
                answers.push(signal.user_id);
            } else {
                let _ = watched.signals.send(signal);
            }
        }
        for user_id in answers {
            send(&app, thread_id, user_id, SignalKind::Online);
        }
    }
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

/// Typing and presence in a thread, from now on. Fails at the start as [`access::reader`] does; ends when the viewer may
/// no longer read.
pub fn stream(app: Arc<App>, viewer: Viewer, thread_id: ThreadId) -> impl Stream<Item = Result<Signal>> + Send {
    try_stream! {
        let mut reader = access::reader(&app, &viewer, thread_id).await?;
        let member = shown(&reader);
        // Removal is in the log, so the stream listens to that, too.
        let hub = app.hubs.attach(&app, thread_id).await?;
        let mut last = reader.thread().last_seq;
        // Present for as long as this stream is kept.
        let (mut watching, mut signals) = Watching::new(app.clone(), thread_id, member);
        if let Some(member) = member {
            send(&app, thread_id, member, SignalKind::Online);
        }
        if let Some(asker) = member {
            send(&app, thread_id, asker, SignalKind::Asks);
        }
        // A block tells the log nothing, and the hint of it may be lost.
        let mut looks = interval_at(Instant::now() + app.settings.inbox_look, app.settings.inbox_look);
        loop {
            let heard = tokio::select! {
                signal = signals.recv() => Heard::Signal(signal),
                entries = hub.after(last) => Heard::Log(entries),
                _ = looks.tick(), if reader.thread().kind == ThreadKind::Direct => Heard::Proves,
            };
            match heard {
                Heard::Signal(Ok(Signal { kind: SignalKind::Proves, .. })) | Heard::Proves => {
                    reader = still_readable(&app, &viewer, thread_id).await?;
                    watching.set_member(shown(&reader));
                }
                Heard::Signal(Ok(signal)) => {
                    // What is known to have changed for the viewer counts before it is heard of.
                    if hub.concerns_after(viewer.user_id(), last) {
                        reader = still_readable(&app, &viewer, thread_id).await?;
                        last = reader.thread().last_seq.max(last);
                        watching.set_member(shown(&reader));
                    }
                    // Who takes part in a room is for its members to know.
                    if reader.sees_signals() {
                        yield signal;
                    }
                }
                Heard::Signal(Err(RecvError::Lagged(_))) => {}
                Heard::Signal(Err(RecvError::Closed)) => return,
                Heard::Log(entries) => {
                    let own = |entries: &Vec<Arc<crate::event::Entry>>| entries.iter().any(|entry| entry.concerns(viewer.user_id()));
                    let concerned = entries.as_ref().is_none_or(own);
                    last = entries.and_then(|entries| entries.last().map(|entry| entry.seq())).unwrap_or(last).max(last);
                    if concerned {
                        reader = still_readable(&app, &viewer, thread_id).await?;
                        last = reader.thread().last_seq.max(last);
                        watching.set_member(shown(&reader));
                    }
                }
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
