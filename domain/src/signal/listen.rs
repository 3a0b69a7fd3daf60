//! What the nodes tell each other: who has come and gone on each, and that each is there.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use entity::id::{NodeId, ThreadId, TypedId, UserId};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::{GRACE, Signals, Watched, tell_others};
use crate::app::App;
use crate::infra::bus::{Hint, Signal, SignalKind};

/// How often a node says that it is there.
const BEAT: Duration = Duration::from_secs(5);
/// After how long a silence it is not.
const SILENCE: Duration = Duration::from_secs(20);
/// Of how many threads the other nodes are asked at once, and how long nothing is asked then.
const THREADS: usize = 500;
const PAUSE: Duration = Duration::from_millis(100);
/// Members of whom one hint tells: some 30 KiB.
const MEMBERS: usize = 1000;

/// Hands signals to those who watch, answers for who is here, and misses nodes that are silent.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    let (missed, told) = watch::channel(());
    app.spawn(review(app.clone(), told));
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let hint = tokio::select! {
            hint = hints.recv() => hint,
            _ = beat.tick() => {
                app.bus.publish_elsewhere(&Hint::NodeAlive(app.signals.node));
                app.signals.silent().into_iter().for_each(|node| lose(&app, node));
                continue;
            }
        };
        match hint {
            Ok(Hint::Signal(thread_id, signal)) => hear(&app, thread_id, signal),
            Ok(Hint::Here(thread_id, node, at, users)) => {
                for user_id in users {
                    hear(&app, thread_id, Signal { user_id, at, kind: SignalKind::Online(node) });
                }
            }
            Ok(Hint::NodeAlive(node)) => {
                if app.signals.is_back(node) {
                    missed.send_replace(());
                }
            }
            Ok(Hint::NodeLeft(node)) => {
                // Whoever was on it comes back on another one.
                let context = app.clone();
                app.spawn(async move {
                    sleep(GRACE).await;
                    context.signals.let_go(node);
                    lose(&context, node);
                });
            }
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => missed.send_replace(()),
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Tells the other nodes that this one stops.
pub(crate) fn leave(app: &App) {
    app.bus.publish_elsewhere(&Hint::NodeLeft(app.signals.node));
}

fn hear(app: &App, thread_id: ThreadId, signal: Signal) {
    let (here, user_id) = (app.signals.node, signal.user_id);
    if let SignalKind::Online(node) | SignalKind::Offline(node) = signal.kind {
        app.signals.heard(node);
    }
    let answers = app.signals.with(thread_id, |watched| {
        let is_news = match signal.kind {
            SignalKind::Asks => return watched.present.here(),
            SignalKind::Online(node) => watched.present.arrive(user_id, node),
            SignalKind::Offline(node) => watched.present.depart(user_id, node),
            _ => true,
        };
        if is_news {
            watched.tell(signal);
        }
        Vec::new()
    });
    let at = app.clock.now();
    for members in answers.unwrap_or_default().chunks(MEMBERS) {
        app.bus.publish_elsewhere(&Hint::Here(thread_id, here, at, members.to_vec()));
    }
}

/// Whenever something was missed, here or there: asks the other nodes who is there, and takes for gone whoever they don't speak of.
async fn review(app: Arc<App>, mut missed: watch::Receiver<()>) {
    while missed.changed().await.is_ok() {
        let has_asked = ask(&app).await;
        sleep(GRACE).await;
        if !has_asked {
            missed.mark_changed();
        } else if !missed.has_changed().unwrap_or(true) {
            settle(&app);
        }
    }
}

/// Asks the other nodes who is there, of every thread that is watched here: not of all at once, since neither what asks nor what answers
/// may be more than the way to them holds. Whether all questions are on their way.
async fn ask(app: &App) -> bool {
    // It does not matter who asks.
    let (here, nobody) = (app.signals.node, UserId::from_uuid(Uuid::nil()));
    let threads = each(app, |thread_id, _| thread_id);
    for some in threads.chunks(THREADS) {
        let at = app.clock.now();
        for thread_id in some {
            app.signals.with(*thread_id, |watched| watched.present.doubt(here));
            if !tell_others(app, *thread_id, nobody, at, SignalKind::Asks) {
                return false;
            }
        }
        sleep(PAUSE).await;
    }
    true
}

/// Takes for gone whoever was asked for and is not heard of.
fn settle(app: &App) {
    let at = app.clock.now();
    each(app, |_, watched| {
        for (user_id, node) in watched.present.settle() {
            watched.tell(Signal { user_id, at, kind: SignalKind::Offline(node) });
        }
    });
}

/// Does something with every thread that is watched here.
fn each<T>(app: &App, mut work: impl FnMut(ThreadId, &mut Watched) -> T) -> Vec<T> {
    let mut threads = app.signals.threads.lock().unwrap_or_else(PoisonError::into_inner);
    threads.iter_mut().map(|(id, watched)| work(*id, watched)).collect()
}

/// Nobody is on a node any more.
fn lose(app: &App, node: NodeId) {
    let at = app.clock.now();
    each(app, |_, watched| {
        for user_id in watched.present.lose(node) {
            watched.tell(Signal { user_id, at, kind: SignalKind::Offline(node) });
        }
    });
}

impl Signals {
    /// Notes that a node was heard.
    fn heard(&self, node: NodeId) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.heard.insert(node, Instant::now());
    }

    /// The same; whether it had been silent for too long.
    fn is_back(&self, node: NodeId) -> bool {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.heard.insert(node, Instant::now());
        others.lost.remove(&node)
    }

    /// Forgets a node that has stopped.
    fn let_go(&self, node: NodeId) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.heard.remove(&node);
    }

    /// The nodes that have been silent for too long; each is told once.
    fn silent(&self) -> Vec<NodeId> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let silent: Vec<NodeId> =
            others.heard.extract_if(|_, heard| heard.elapsed() > SILENCE).map(|(node, _)| node).collect();
        // Of those that never come back few are kept: a node has another name each time it begins.
        if others.lost.len() > 100 {
            others.lost.clear();
        }
        others.lost.extend(silent.iter().copied());
        silent
    }
}
