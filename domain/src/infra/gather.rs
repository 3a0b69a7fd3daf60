//! Reads by key that many requests make at once, in one statement for all of them. Owns who reads for whom; knows no statement.
//!
//! Whoever asks while nobody reads takes the turn and reads, for all who have asked by then. Whoever asks meanwhile waits for the next
//! turn, so each read begins after it was asked for: what is found is as new as if each had read by itself. Under load a statement
//! serves many; without load nobody waits. It is a `DataLoader` over the requests of a node (<https://github.com/graphql/dataloader>),
//! without its cache, and each is told of its own keys only.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::Result;

/// Keys that go into one statement.
const MOST: usize = 1024;
/// After how long somebody who waits reads for themselves: whatever holds up the one whose turn it is may not hold up them.
const PATIENCE: Duration = Duration::from_millis(100);

/// Those who read by one kind of key.
pub(crate) struct Gather<K, V>(Arc<Mutex<Line<K, V>>>);

/// Who waits while somebody has the turn.
struct Line<K, V> {
    is_taken: bool,
    waiting: VecDeque<Waiting<K, V>>,
}

struct Waiting<K, V> {
    keys: Vec<K>,
    answer: oneshot::Sender<Word<K, V>>,
}

/// What somebody who waits is told.
enum Word<K, V> {
    Found(Result<HashMap<K, V>>),
    Turn(Turn<K, V>),
}

/// The right to read for all who wait. It goes on to the next of them when it is dropped, wherever its holder was cut off.
struct Turn<K, V>(Option<Arc<Mutex<Line<K, V>>>>);

fn lock<K, V>(line: &Mutex<Line<K, V>>) -> MutexGuard<'_, Line<K, V>> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Line { is_taken: false, waiting: VecDeque::new() })))
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Gather<K, V> {
    /// What `read` finds by these keys; those of which there is nothing are missing.
    ///
    /// Errors are those of the read, which whoever it was for shares.
    pub(crate) async fn ask<F>(&self, keys: Vec<K>, read: impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>>
    where
        F: Future<Output = Result<HashMap<K, V>>>,
    {
        loop {
            let word = match self.join(&keys) {
                Ok(turn) => return lead(turn, &keys, &read).await,
                Err(word) => timeout(PATIENCE, word).await,
            };
            match word {
                Ok(Ok(Word::Found(found))) => return found,
                Ok(Ok(Word::Turn(turn))) => return lead(turn, &keys, &read).await,
                // Whoever read for this one was cut off.
                Ok(Err(_)) => {}
                Err(_) => return read(keys).await,
            }
        }
    }

    /// The turn, if nobody has it; else a place in the line.
    fn join(&self, keys: &[K]) -> std::result::Result<Turn<K, V>, oneshot::Receiver<Word<K, V>>> {
        let mut line = lock(&self.0);
        if !line.is_taken {
            line.is_taken = true;
            return Ok(Turn(Some(self.0.clone())));
        }
        let (answer, word) = oneshot::channel();
        line.waiting.push_back(Waiting { keys: keys.to_vec(), answer });
        Err(word)
    }
}

/// Reads for oneself and for all who wait.
async fn lead<K, V, F>(turn: Turn<K, V>, keys: &[K], read: impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>>
where
    K: Clone + Eq + Hash,
    V: Clone,
    F: Future<Output = Result<HashMap<K, V>>>,
{
    // Those who are about to ask do so before.
    tokio::task::yield_now().await;
    let others = turn.gathered(MOST.saturating_sub(keys.len()));
    let all: HashSet<&K> = keys.iter().chain(others.iter().flat_map(|other| &other.keys)).collect();
    let found = read(all.into_iter().cloned().collect()).await;
    drop(turn);
    for other in others {
        let own = match &found {
            Ok(found) => Ok(of(&other.keys, |key| found.get(key).cloned())),
            Err(error) => Err(error.share()),
        };
        // Whoever has gone needs no answer.
        let _ = other.answer.send(Word::Found(own));
    }
    found.map(|mut found| of(keys, |key| found.remove(key)))
}

/// What there is for these keys.
fn of<K: Clone + Eq + Hash, V>(keys: &[K], mut find: impl FnMut(&K) -> Option<V>) -> HashMap<K, V> {
    keys.iter().filter_map(|key| Some((key.clone(), find(key)?))).collect()
}

impl<K, V> Turn<K, V> {
    /// Takes those who wait out of the line, those who asked first, with so many keys at the most.
    fn gathered(&self, most: usize) -> Vec<Waiting<K, V>> {
        let mut gathered = Vec::new();
        let Some(line) = &self.0 else { return gathered };
        let mut line = lock(line);
        let mut count = 0;
        while let Some(next) = line.waiting.pop_front_if(|next| count + next.keys.len() <= most) {
            if !next.answer.is_closed() {
                count += next.keys.len();
                gathered.push(next);
            }
        }
        gathered
    }
}

impl<K, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        let Some(own) = self.0.take() else { return };
        let mut line = lock(&own);
        while let Some(next) = line.waiting.pop_front() {
            match next.answer.send(Word::Turn(Self(Some(own.clone())))) {
                Ok(()) => return,
                // They have gone; the turn is not theirs, and stays here.
                Err(Word::Turn(mut turn)) => turn.0 = None,
                Err(Word::Found(_)) => {}
            }
        }
        line.is_taken = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join_all, pending};
    use futures_util::poll;

    use super::*;
    use crate::error::Error;

    type Doubles = Gather<u32, u32>;

    fn doubled(keys: Vec<u32>) -> HashMap<u32, u32> {
        keys.into_iter().filter(|key| *key != 0).map(|key| (key, key * 2)).collect()
    }

    #[tokio::test]
    async fn those_who_ask_together_are_told_of_their_own_keys_by_few_reads() {
        let gather = Doubles::default();
        let reads = AtomicUsize::new(0);
        let read = |keys: Vec<u32>| {
            reads.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                Ok(doubled(keys))
            }
        };
        let answers = join_all((0..100).map(|key| gather.ask(vec![key, key + 1], &read))).await;
        for (key, answer) in (0..).zip(answers) {
            assert_eq!(answer.expect("it was read"), doubled(vec![key, key + 1]));
        }
        assert!(reads.into_inner() <= 3);
        assert!(!lock(&gather.0).is_taken);
    }

    #[tokio::test]
    async fn who_goes_away_while_reading_leaves_nobody_waiting() {
        let gather = Doubles::default();
        let stuck = |_: Vec<u32>| pending();
        let mut leader = Box::pin(gather.ask(vec![1], stuck));
        let mut follower = Box::pin(gather.ask(vec![2], |keys| async move { Ok(doubled(keys)) }));
        let mut next = Box::pin(gather.ask(vec![3], |keys| async move { Ok(doubled(keys)) }));
        // The first has the turn, gathers the second, and is cut off while the third waits for the turn after it.
        assert!(poll!(&mut leader).is_pending() && poll!(&mut follower).is_pending());
        assert!(poll!(&mut leader).is_pending() && poll!(&mut next).is_pending());
        drop(leader);
        let (follower, next) = tokio::join!(follower, next);
        assert_eq!(follower.expect("it was read again"), doubled(vec![2]));
        assert_eq!(next.expect("it was read"), doubled(vec![3]));
        assert!(!lock(&gather.0).is_taken);
    }

    #[tokio::test]
    async fn a_turn_that_is_handed_to_somebody_who_has_gone_goes_on_to_the_next() {
        let gather = Doubles::default();
        let read = |keys: Vec<u32>| async move { Ok(doubled(keys)) };
        let turn = gather.join(&[1]).ok().expect("nobody has it");
        let mut gone = Box::pin(gather.ask(vec![2], read));
        let mut stays = Box::pin(gather.ask(vec![3], read));
        assert!(poll!(&mut gone).is_pending() && poll!(&mut stays).is_pending());
        drop(turn);
        drop(gone);
        assert_eq!(stays.await.expect("it was read"), doubled(vec![3]));
        assert!(gather.join(&[4]).is_ok());
    }

    #[tokio::test]
    async fn who_has_waited_for_long_reads_alone() {
        let gather = Doubles::default();
        let mut stuck = Box::pin(gather.ask(vec![1], |_| pending()));
        assert!(poll!(&mut stuck).is_pending());
        let found = gather.ask(vec![2], |keys| async move { Ok(doubled(keys)) }).await;
        assert_eq!(found.expect("it was read"), doubled(vec![2]));
    }

    #[tokio::test]
    async fn an_error_is_shared_and_keeps_nobody_waiting() {
        let gather = Doubles::default();
        let fails = |_: Vec<u32>| async { Err(Error::unavailable("away")) };
        let answers = join_all((1..4).map(|key| gather.ask(vec![key], fails))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Unavailable { .. }))));
        let again = gather.ask(vec![1], |keys| async move { Ok(doubled(keys)) }).await;
        assert_eq!(again.expect("it was read"), doubled(vec![1]));
    }
}
