//! What the nodes tell each other: who has come and gone on each, and that each is there.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use entity::id::{NodeId, ThreadId, TypedId, UserId};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::{GRACE, Signals, Watched, tell_others};
use crate::app::App;
use crate::infra::bus::{Hint, Signal, SignalKind};

/// How often a node says that it is there.
const BEAT: Duration = Duration::from_secs(5);
/// After how long a silence it is not.
const SILENCE: Duration = Duration::from_secs(20);

/// Hands signals to those who watch, answers for who is here, and misses nodes that are silent.
pub(crate) async fn listen(app: Arc<App>) {
    let (mut hints, mut question) = (app.bus.listen(), 0);
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
            Ok(Hint::NodeAlive(node)) => {
                if app.signals.is_back(node) {
                    ask(&app);
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
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => {
                question += 1;
                begin_anew(&app, question);
            }
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
    for member in answers.unwrap_or_default() {
        tell_others(app, thread_id, member, at, SignalKind::Online(here));
    }
}

/// Asks the other nodes who is there, of every thread that is watched here.
fn ask(app: &App) {
    let at = app.clock.now();
    for thread_id in each(app, |thread_id, _| thread_id) {
        // It does not matter who asks.
        tell_others(app, thread_id, UserId::from_uuid(Uuid::nil()), at, SignalKind::Asks);
    }
}

/// Something was missed, here or there: says who is here, asks who is there, and takes for gone whoever nobody speaks of.
fn begin_anew(app: &Arc<App>, question: u64) {
    let here = app.signals.node;
    let present = each(app, |thread_id, watched| {
        watched.present.doubt(here, question);
        (thread_id, watched.present.here())
    });
    let at = app.clock.now();
    for (thread_id, members) in present {
        members.into_iter().for_each(|member| tell_others(app, thread_id, member, at, SignalKind::Online(here)));
    }
    ask(app);
    let context = app.clone();
    app.spawn(async move {
        sleep(GRACE).await;
        let at = context.clock.now();
        each(&context, |_, watched| {
            for (user_id, node) in watched.present.settle(question) {
                watched.tell(Signal { user_id, at, kind: SignalKind::Offline(node) });
            }
        });
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
