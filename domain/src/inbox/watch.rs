//! The feeds that are open on this node: whom hints wake, and when each looks by itself.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::id::{ThreadId, UserId};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::app::App;
use crate::infra::bus::Hint;

/// Over how long the looks of all feeds are spread when hints were lost: so long for each feed, and no longer than that.
const SPREAD: Duration = Duration::from_millis(1);
const LONGEST_SPREAD: Duration = Duration::from_secs(5);
/// Feeds of one node that look by themselves in the same moment.
const LOOKING: usize = 4;

/// One feed that is open on this node.
#[derive(Default)]
pub(super) struct Watcher {
    dirty: Mutex<HashSet<ThreadId>>,
    /// When it is to look by itself, if it was asked to.
    look: Mutex<Option<Instant>>,
    pub(super) wake: Notify,
}

impl Watcher {
    /// The threads of which something was hinted since the last time.
    pub(super) fn dirty(&self) -> HashSet<ThreadId> {
        std::mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When it was asked to look by itself, if it was.
    pub(super) fn asked_to_look(&self) -> Option<Instant> {
        self.look.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Default)]
struct Index {
    watchers: HashMap<u64, Arc<Watcher>>,
    of_user: HashMap<UserId, HashSet<u64>>,
    of_thread: HashMap<ThreadId, HashSet<u64>>,
}

/// The feeds of one node, found by whom and by what they watch.
pub(crate) struct Inboxes {
    index: Mutex<Index>,
    next: AtomicU64,
    /// Who looks by itself does so in turn: what many feeds do in the same moment must not keep requests waiting.
    looking: Semaphore,
}

impl Default for Inboxes {
    fn default() -> Self {
        Self { index: Mutex::default(), next: AtomicU64::new(0), looking: Semaphore::new(LOOKING) }
    }
}

/// A feed's place in the index; leaves it when dropped.
pub(super) struct Registered {
    app: Arc<App>,
    key: u64,
    user_id: UserId,
    threads: HashSet<ThreadId>,
    pub(super) watcher: Arc<Watcher>,
}

impl Registered {
    pub(super) fn new(app: Arc<App>, user_id: UserId) -> Self {
        let key = app.inboxes.next.fetch_add(1, Ordering::Relaxed);
        let watcher = Arc::new(Watcher::default());
        let mut index = app.inboxes.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.watchers.insert(key, watcher.clone());
        index.of_user.entry(user_id).or_default().insert(key);
        drop(index);
        Self { app, key, user_id, threads: HashSet::new(), watcher }
    }

    pub(super) fn follow(&mut self, threads: impl IntoIterator<Item = ThreadId>) {
        let mut index = self.app.inboxes.index.lock().unwrap_or_else(PoisonError::into_inner);
        for thread_id in threads {
            if self.threads.insert(thread_id) {
                index.of_thread.entry(thread_id).or_default().insert(self.key);
            }
        }
    }

    pub(super) fn unfollow(&mut self, thread_id: ThreadId) {
        if self.threads.remove(&thread_id) {
            let mut index = self.app.inboxes.index.lock().unwrap_or_else(PoisonError::into_inner);
            leave(&mut index.of_thread, thread_id, self.key);
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut index = self.app.inboxes.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.watchers.remove(&self.key);
        leave(&mut index.of_user, self.user_id, self.key);
        for &thread_id in &self.threads {
            leave(&mut index.of_thread, thread_id, self.key);
        }
    }
}

fn leave<K: std::hash::Hash + Eq>(map: &mut HashMap<K, HashSet<u64>>, place: K, key: u64) {
    if let Some(keys) = map.get_mut(&place) {
        keys.remove(&key);
        if keys.is_empty() {
            map.remove(&place);
        }
    }
}

impl Inboxes {
    fn mark(&self, thread_id: ThreadId, keys: impl FnOnce(&Index) -> Option<&HashSet<u64>>) {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        for watcher in keys(&index).into_iter().flatten().filter_map(|key| index.watchers.get(key)) {
            watcher.dirty.lock().unwrap_or_else(PoisonError::into_inner).insert(thread_id);
            watcher.wake.notify_one();
        }
    }

    /// A turn to look by itself.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it; if somebody did, all would look at once.
        self.looking.acquire().await.ok()
    }

    /// Makes every feed look by itself at some moment of its own within a time, which depends on how many feeds there are.
    fn look_all(&self, within: impl FnOnce(usize) -> Duration, fraction: impl Fn() -> f64) {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, within) = (Instant::now(), within(index.watchers.len()));
        for watcher in index.watchers.values() {
            let at = now + within.mul_f64(fraction());
            let mut look = watcher.look.lock().unwrap_or_else(PoisonError::into_inner);
            *look = Some(look.map_or(at, |asked| asked.min(at)));
            watcher.wake.notify_one();
        }
    }
}

/// Makes every feed of this node look by itself now.
pub fn look_now(app: &App) {
    app.inboxes.look_all(|_| Duration::ZERO, || 0.0);
}

/// Makes every feed of this node look by itself soon: hints were lost, and all feeds learn of it in the same moment.
fn look_soon(app: &App) {
    app.inboxes.look_all(spread, || app.clock.fraction());
}

fn spread(feeds: usize) -> Duration {
    SPREAD.saturating_mul(u32::try_from(feeds).unwrap_or(u32::MAX)).min(LONGEST_SPREAD)
}

/// Wakes feeds when the bus hints at something of theirs.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::ThreadAt(thread_id, _)) => app.inboxes.mark(thread_id, |index| index.of_thread.get(&thread_id)),
            Ok(Hint::UserChanged(user_id, thread_id)) => {
                app.inboxes.mark(thread_id, |index| index.of_user.get(&user_id));
            }
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => look_soon(&app),
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_feeds_there_are_the_longer_they_take_to_look() {
        let inboxes = Inboxes::default();
        let watchers: Vec<Arc<Watcher>> = (0..200).map(|_| Arc::default()).collect();
        inboxes.index.lock().unwrap().watchers.extend((0..).zip(watchers.iter().cloned()));
        let clock = crate::infra::clock::Clock::default();
        let begun = Instant::now();
        inboxes.look_all(spread, || clock.fraction());
        let looks = || watchers.iter().map(|watcher| watcher.look.lock().unwrap().unwrap() - begun);
        assert!(looks().all(|look| look < Duration::from_millis(300)));
        assert!(looks().filter(|look| *look > Duration::from_millis(100)).count() > 40, "they are spread");
        assert_eq!(spread(1_000_000), LONGEST_SPREAD);
        // Who is to look at once does, whatever comes after it.
        inboxes.look_all(|_| Duration::ZERO, || 0.0);
        inboxes.look_all(spread, || clock.fraction());
        assert!(looks().all(|look| look < Duration::from_millis(100)));
    }
}
