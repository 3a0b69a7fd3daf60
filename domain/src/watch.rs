//! Watching how something stands that has a state and no log: as often as that changes, and no more often than somebody can read. Whoever
//! comes back sees how it stands now.
//!
//! However many watch the same on a node, one task looks at it, and few look in the same moment: what is watched must not keep
//! requests waiting. Must not know who may watch what: whoever tells a state sees to that.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_stream::try_stream;
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch::{Receiver, Sender};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::error::{Error, Result};
use crate::event::patiently;
use crate::infra::bus::Hint;
use crate::{batch, mint};

/// How long a state stands at the least before the next one is told.
const PACE: Duration = Duration::from_millis(250);
/// How often it is looked at without a hint, about.
pub(crate) const LOOK: Duration = Duration::from_secs(2);
/// Looks of one node in the same moment.
const LOOKING: usize = 4;

/// Something that can be watched.
pub(crate) trait State: Clone + PartialEq + Send + Sync + 'static {
    /// What tells one from another.
    type Key: Copy + Eq + Hash + Send + Sync + 'static;

    /// Where those are that are watched.
    fn watched(watching: &Watching) -> &Watched<Self>;

    /// How it stands now, whoever asks; none if there is no such thing.
    fn look(app: &App, key: Self::Key) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Whether it will not change any more.
    fn is_last(&self) -> bool;

    /// What is said to who watches what is not there.
    fn missing() -> Error;
}

/// What is watched on one node.
pub(crate) struct Watching {
    pub(crate) mints: Watched<mint::Model>,
    pub(crate) mint_batches: Watched<mint::Progress>,
    pub(crate) batches: Watched<batch::Model>,
    looking: Semaphore,
}

impl Default for Watching {
    fn default() -> Self {
        let (mints, mint_batches, batches) = (Watched::default(), Watched::default(), Watched::default());
        Self { mints, mint_batches, batches, looking: Semaphore::new(LOOKING) }
    }
}

/// Those things of one kind that somebody watches.
pub(crate) struct Watched<S: State>(Mutex<HashMap<S::Key, Weak<Looks<S>>>>);

impl<S: State> Default for Watched<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// What was seen of one thing, for all who watch it.
struct Looks<S> {
    seen: Sender<Seen<S>>,
    wake: Notify,
}

#[derive(Clone, PartialEq)]
enum Seen<S> {
    NotYet,
    Nothing,
    State(S),
}

impl<S: State> Watched<S> {
    /// Watches something. The first who does has a task look at it.
    fn attach(&self, app: &Arc<App>, key: S::Key) -> Receiver<Seen<S>> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(looks) = watched.get(&key).and_then(Weak::upgrade) {
            return looks.seen.subscribe();
        }
        let (seen, receiver) = tokio::sync::watch::channel(Seen::NotYet);
        let looks = Arc::new(Looks { seen, wake: Notify::new() });
        watched.insert(key, Arc::downgrade(&looks));
        app.spawn(look(app.clone(), key, looks));
        receiver
    }

    /// Lets go of it, if nobody watches it any more or there is nothing more to see.
    fn leave(&self, key: S::Key, looks: &Looks<S>, is_over: bool) -> bool {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let leaves = is_over || looks.seen.receiver_count() == 0;
        if leaves {
            watched.remove(&key);
        }
        leaves
    }

    fn wake(&self, key: S::Key) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(looks) = watched.get(&key).and_then(Weak::upgrade) {
            looks.wake.notify_one();
        }
    }

    fn wake_all(&self) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.values().filter_map(Weak::upgrade).for_each(|looks| looks.wake.notify_one());
    }
}

/// Looks at something for as long as somebody watches it: when it is hinted at, and without a hint, too.
async fn look<S: State>(app: Arc<App>, key: S::Key, looks: Arc<Looks<S>>) {
    loop {
        // Nobody closes it; if somebody did, all would look at once.
        let turn = app.watching.looking.acquire().await.ok();
        let found = patiently(&app, || S::look(&app, key)).await;
        drop(turn);
        let (seen, is_over) = match found {
            Ok(Some(state)) => (Seen::State(state.clone()), state.is_last()),
            Ok(None) => (Seen::Nothing, true),
            Err(error) => {
                tracing::error!(?error, "what is watched could not be looked at");
                (Seen::NotYet, true)
            }
        };
        looks.seen.send_if_modified(|before| {
            let is_new = *before != seen;
            *before = seen;
            is_new
        });
        if S::watched(&app.watching).leave(key, &looks, is_over) {
            return;
        }
        sleep(PACE).await;
        let _ = timeout(LOOK.mul_f64(0.75 + app.clock.fraction() / 2.0), looks.wake.notified()).await;
    }
}

/// How something stands now, and again whenever that has changed, until it will not change any more.
pub(crate) fn states<S: State>(app: Arc<App>, key: S::Key) -> impl Stream<Item = Result<S>> + Send {
    try_stream! {
        let mut looks = S::watched(&app.watching).attach(&app, key);
        let mut told = Seen::NotYet;
        loop {
            let seen = looks.borrow_and_update().clone();
            if seen != told {
                let state = match &seen {
                    Seen::State(state) => state.clone(),
                    Seen::Nothing => Err(S::missing())?,
                    Seen::NotYet => Err(Error::internal("what is watched could not be looked at"))?,
                };
                told = seen;
                let is_last = state.is_last();
                yield state;
                if is_last {
                    return;
                }
                sleep(PACE).await;
                continue;
            }
            if looks.changed().await.is_err() && *looks.borrow() == told {
                Err(Error::internal("what is watched is looked at no more"))?;
            }
        }
    }
}

/// Has that looked at which the bus hints at.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::MintChanged(id)) => app.watching.mints.wake(id),
            Ok(Hint::BatchChanged(id)) => {
                app.watching.mint_batches.wake(id);
                app.watching.batches.wake(id);
            }
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => {
                app.watching.mints.wake_all();
                app.watching.mint_batches.wake_all();
                app.watching.batches.wake_all();
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
