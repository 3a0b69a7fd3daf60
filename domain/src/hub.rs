//! Hubs: one for each thread that somebody on this node watches. A hub reads new lines of the log once, with the rows
//! that they name, and remembers the last few for all who stream them.
//!
//! A stream asks for what comes after the seq it has; if the hub no longer remembers that, the stream reads the log. So
//! a slow client holds nothing up and is owed nothing: it costs the hub no queue of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use entity::id::{ThreadId, UserId};
use sea_orm::FromQueryResult;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, OnceCell, watch};

use crate::app::App;
use crate::error::{Error, Result};
use crate::event::{self, Entry, patiently};
use crate::infra::bus::Hint;

/// Lines that a hub remembers.
const REMEMBERED: usize = 256;

struct Recent {
    /// The last line read.
    last: i64,
    /// The lines up to `last`, without a gap.
    entries: VecDeque<Arc<Entry>>,
    /// The last line that changed somebody's part in the thread, for those whom one did since the hub is here.
    changes: HashMap<UserId, i64>,
    /// The thread is no more.
    gone: bool,
}

/// What one node knows of a thread's log as it grows.
pub(crate) struct Hub {
    thread_id: ThreadId,
    recent: watch::Sender<Recent>,
    wake: Arc<Notify>,
    looked_at: Mutex<Instant>,
    started: OnceCell<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Lets the hub's task see that it is no longer needed.
        self.wake.notify_one();
    }
}

impl Hub {
    fn new(thread_id: ThreadId) -> Self {
        Self {
            thread_id,
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
    pub(crate) async fn after(&self, last: i64) -> Option<Vec<Arc<Entry>>> {
        let mut recent = self.recent.subscribe();
        let recent = recent.wait_for(|recent| recent.last > last || recent.gone).await.ok()?;
        let oldest = recent.entries.front()?.seq();
        let skip = usize::try_from(last + 1 - oldest).ok()?;
        let entries: Vec<_> = recent.entries.iter().skip(skip).cloned().collect();
        if entries.is_empty() { None } else { Some(entries) }
    }

    /// Whether a line behind `seq` changes somebody's part in the thread: then what was proven there may hold no more.
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
            let entries = event::read(app, self.thread_id, last, i64::MAX, REMEMBERED as u32).await?;
            self.note_look();
            let (Some(first), Some(newest)) = (entries.first(), entries.last()) else { return Ok(()) };
            let (without_gap, newest) = (first.seq() == last + 1, newest.seq());
            self.recent.send_modify(|recent| {
                if !without_gap {
                    recent.entries.clear();
                }
                let changed = entries.iter().filter_map(|entry| Some((entry.participant_change()?.0, entry.seq())));
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
async fn run(app: Arc<App>, hub: Weak<Hub>, wake: Arc<Notify>) {
    loop {
        wake.notified().await;
        let Some(hub) = hub.upgrade() else { return };
        if let Err(error) = patiently(&app, || hub.catch_up(&app)).await {
            tracing::error!(?error, thread = %hub.thread_id, "a hub could not read its log");
        }
    }
}

/// The hubs of one node. A hub lives as long as somebody watches.
#[derive(Default)]
pub(crate) struct Hubs(Mutex<HashMap<ThreadId, Weak<Hub>>>);

#[derive(FromQueryResult)]
struct Tip {
    id: ThreadId,
    last_seq: i64,
}

impl Hubs {
    /// The hub of a thread, reading from here on. Says nothing about the right to read: prove it afterwards.
    pub(crate) async fn attach(&self, app: &Arc<App>, thread_id: ThreadId) -> Result<Arc<Hub>> {
        let hub = {
            let mut hubs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match hubs.get(&thread_id).and_then(Weak::upgrade) {
                Some(hub) => hub,
                None => {
                    let hub = Arc::new(Hub::new(thread_id));
                    hubs.insert(thread_id, Arc::downgrade(&hub));
                    hub
                }
            }
        };
        let start = || async {
            let sql = "SELECT id, last_seq FROM threads WHERE id = $1";
            let tip: Option<Tip> = app.db.one(sql, [thread_id.into()]).await?;
            let tip = tip.ok_or_else(|| Error::not_found("thread_id", "thread"))?;
            hub.recent.send_modify(|recent| recent.last = tip.last_seq);
            app.spawn(run(app.clone(), Arc::downgrade(&hub), hub.wake.clone()));
            Ok::<(), Error>(())
        };
        hub.started.get_or_try_init(start).await?;
        Ok(hub)
    }

    fn get(&self, thread_id: ThreadId) -> Option<Arc<Hub>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&thread_id).and_then(Weak::upgrade)
    }

    /// All hubs that are watched; the others are forgotten.
    fn watched(&self) -> Vec<Arc<Hub>> {
        let mut hubs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.retain(|_, hub| hub.strong_count() > 0);
        hubs.values().filter_map(Weak::upgrade).collect()
    }
}

/// Wakes hubs when the bus hints that their log has grown.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::ThreadAt(thread_id, seq)) => {
                if let Some(hub) = app.hubs.get(thread_id).filter(|hub| hub.recent.borrow().last < seq) {
                    hub.wake.notify_one();
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => app.hubs.watched().iter().for_each(|hub| hub.wake.notify_one()),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Looks at the tips of all watched logs now and then, which heals lost hints.
pub(crate) async fn look(app: Arc<App>) {
    loop {
        tokio::time::sleep(app.settings.hub_look).await;
        let hubs = app.hubs.watched();
        if hubs.is_empty() {
            continue;
        }
        if let Err(error) = look_at(&app, &hubs).await {
            tracing::warn!(?error, "the watched logs could not be looked at");
        }
    }
}

async fn look_at(app: &App, hubs: &[Arc<Hub>]) -> Result<()> {
    let engine = app.db.engine();
    let sql = format!("SELECT id, last_seq FROM threads WHERE id {}", engine.among(1));
    let ids = engine.ids(hubs.iter().map(|hub| hub.thread_id));
    let tips: Vec<Tip> = app.db.all(sql, [ids]).await?;
    let tips: HashMap<_, _> = tips.into_iter().map(|tip| (tip.id, tip.last_seq)).collect();
    for hub in hubs {
        match tips.get(&hub.thread_id) {
            None => hub.recent.send_modify(|recent| recent.gone = true),
            Some(&tip) if tip > hub.recent.borrow().last => hub.wake.notify_one(),
            Some(_) => hub.note_look(),
        }
    }
    Ok(())
}
