//! Hubs: one for each log that somebody on this node watches: a thread's, or the feed's. A hub reads new lines of the log once,
//! with the rows that they name, and remembers the last few for all who stream them.
//!
//! A stream asks for what comes after the seq it has; if the hub no longer remembers that, the stream reads the log. So
//! a slow client holds nothing up and is owed nothing: it costs the hub no queue of its own.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use entity::id::UserId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, OnceCell, watch};

use crate::app::App;
use crate::chirp::Feed;
use crate::error::{Error, Result};
use crate::event::patiently;
use crate::infra::bus::Hint;

/// Lines that a hub remembers.
const REMEMBERED: usize = 256;

/// A log that hubs watch, by its name.
pub(crate) trait Log: Copy + Eq + Hash + Debug + Send + Sync + 'static {
    /// One of its lines, with the rows that it names.
    type Line: Line;

    /// Lines after one seq and up to another, oldest first, at most `limit`.
    fn read(
        self,
        app: &App,
        after: i64,
        until: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Arc<Self::Line>>>> + Send;

    /// The seqs at which logs end. Those that are no more are missing.
    fn tips(app: &App, logs: &[Self]) -> impl Future<Output = Result<HashMap<Self, i64>>> + Send;

    /// What is said to whoever watches a log that is not there.
    fn absent() -> Error;
}

/// A line of a log.
pub(crate) trait Line: Send + Sync + 'static {
    /// Its place: 1, 2, 3 … in its log.
    fn seq(&self) -> i64;

    /// Whose right to read the log it may change.
    fn concerned(&self) -> Option<UserId>;
}

struct Recent<L> {
    /// The last line read.
    last: i64,
    /// The lines up to `last`, without a gap.
    entries: VecDeque<Arc<L>>,
    /// The last line that changed somebody's right to the log, for those whom one did since the hub is here.
    changes: HashMap<UserId, i64>,
    /// The log is no more.
    gone: bool,
}

/// What one node knows of a log as it grows.
pub(crate) struct Hub<L: Log> {
    log: L,
    recent: watch::Sender<Recent<L::Line>>,
    wake: Arc<Notify>,
    looked_at: Mutex<Instant>,
    started: OnceCell<()>,
}

impl<L: Log> Drop for Hub<L> {
    fn drop(&mut self) {
        // Lets the hub's task see that it is no longer needed.
        self.wake.notify_one();
    }
}

impl<L: Log> Hub<L> {
    fn new(log: L) -> Self {
        Self {
            log,
            recent: watch::Sender::new(Recent {
                last: 0,
                entries: VecDeque::new(),
                changes: HashMap::new(),
                gone: false,
            }),
            wake: Arc::new(Notify::new()),
            looked_at: Mutex::new(Instant::now()),
            started: OnceCell::new(),
        }
    }

    /// Lines after `last` as soon as there are some; none when they have to be read from the log.
    pub(crate) async fn after(&self, last: i64) -> Option<Vec<Arc<L::Line>>> {
        let mut recent = self.recent.subscribe();
        let recent = recent.wait_for(|recent| recent.last > last || recent.gone).await.ok()?;
        let oldest = recent.entries.front()?.seq();
        let skip = usize::try_from(last + 1 - oldest).ok()?;
        let entries: Vec<_> = recent.entries.iter().skip(skip).cloned().collect();
        if entries.is_empty() { None } else { Some(entries) }
    }

    /// Whether a line behind `seq` changes somebody's right to the log: then what was proven there may hold no more.
    pub(crate) fn concerns_after(&self, user_id: Option<UserId>, seq: i64) -> bool {
        let recent = self.recent.borrow();
        recent.gone || user_id.is_some_and(|user_id| recent.changes.get(&user_id).is_some_and(|at| *at > seq))
    }

    /// Whether the log has been looked at in the time that has just passed.
    pub(crate) fn looked_within(&self, time: Duration) -> bool {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed() <= time
    }

    fn note_look(&self) {
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Reads what is new, until nothing is.
    async fn catch_up(&self, app: &App) -> Result<()> {
        loop {
            let last = self.recent.borrow().last;
            let entries = self.log.read(app, last, i64::MAX, REMEMBERED as u32).await?;
            self.note_look();
            let (Some(first), Some(newest)) = (entries.first(), entries.last()) else { return Ok(()) };
            let (without_gap, newest) = (first.seq() == last + 1, newest.seq());
            self.recent.send_modify(|recent| {
                if !without_gap {
                    recent.entries.clear();
                }
                let changed = entries.iter().filter_map(|entry| Some((entry.concerned()?, entry.seq())));
                recent.changes.extend(changed);
                recent.entries.extend(entries);
                let surplus = recent.entries.len().saturating_sub(REMEMBERED);
                recent.entries.drain(..surplus);
                recent.last = newest;
            });
        }
    }
}

/// The hub's task: reads whenever it is woken, until nobody watches any more.
async fn run<L: Log>(app: Arc<App>, hub: Weak<Hub<L>>, wake: Arc<Notify>) {
    loop {
        wake.notified().await;
        let Some(hub) = hub.upgrade() else { return };
        if let Err(error) = patiently(&app, || hub.catch_up(&app)).await {
            tracing::error!(?error, log = ?hub.log, "a hub could not read its log");
        }
    }
}

/// The hubs of one node for logs of one kind. A hub lives as long as somebody watches.
pub(crate) struct Hubs<L: Log>(Mutex<HashMap<L, Weak<Hub<L>>>>);

impl<L: Log> Default for Hubs<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L: Log> Hubs<L> {
    /// The hub of a log, reading from here on. Says nothing about the right to read: prove it afterwards.
    pub(crate) async fn attach(&self, app: &Arc<App>, log: L) -> Result<Arc<Hub<L>>> {
        let hub = {
            let mut hubs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match hubs.get(&log).and_then(Weak::upgrade) {
                Some(hub) => hub,
                None => {
                    let hub = Arc::new(Hub::new(log));
                    hubs.insert(log, Arc::downgrade(&hub));
                    hub
                }
            }
        };
        let start = || async {
            let tip = L::tips(app, &[log]).await?.remove(&log).ok_or_else(L::absent)?;
            hub.recent.send_modify(|recent| recent.last = tip);
            app.spawn(run(app.clone(), Arc::downgrade(&hub), hub.wake.clone()));
            Ok::<(), Error>(())
        };
        hub.started.get_or_try_init(start).await?;
        Ok(hub)
    }

    fn get(&self, log: L) -> Option<Arc<Hub<L>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&log).and_then(Weak::upgrade)
    }

    /// All hubs that are watched; the others are forgotten.
    fn watched(&self) -> Vec<Arc<Hub<L>>> {
        let mut hubs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.retain(|_, hub| hub.strong_count() > 0);
        hubs.values().filter_map(Weak::upgrade).collect()
    }

    /// Lets the hub of a log read, if there is one and it has not come so far.
    fn wake(&self, log: L, seq: i64) {
        if let Some(hub) = self.get(log).filter(|hub| hub.recent.borrow().last < seq) {
            hub.wake.notify_one();
        }
    }

    fn wake_all(&self) {
        self.watched().iter().for_each(|hub| hub.wake.notify_one());
    }

    /// Looks at the tips of all watched logs.
    async fn look(&self, app: &App) -> Result<()> {
        let hubs = self.watched();
        if hubs.is_empty() {
            return Ok(());
        }
        let logs: Vec<L> = hubs.iter().map(|hub| hub.log).collect();
        let tips = L::tips(app, &logs).await?;
        for hub in hubs {
            match tips.get(&hub.log) {
                None => hub.recent.send_modify(|recent| recent.gone = true),
                Some(&tip) if tip > hub.recent.borrow().last => hub.wake.notify_one(),
                Some(_) => hub.note_look(),
            }
        }
        Ok(())
    }
}

/// Wakes hubs when the bus hints that their log has grown.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::ThreadAt(thread_id, seq)) => app.hubs.wake(thread_id, seq),
            Ok(Hint::FeedAt(seq)) => app.feed.wake(Feed, seq),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                app.hubs.wake_all();
                app.feed.wake_all();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Looks at the tips of all watched logs now and then, which heals lost hints.
pub(crate) async fn look(app: Arc<App>) {
    loop {
        tokio::time::sleep(app.settings.hub_look).await;
        for looked in [app.hubs.look(&app).await, app.feed.look(&app).await] {
            if let Err(error) = looked {
                tracing::warn!(?error, "the watched logs could not be looked at");
            }
        }
    }
}
