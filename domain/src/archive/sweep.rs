//! Which threads' messages go to the archive, and which come back: those that are due are found by an index, and a thread of which
//! everything has gone is not looked at again before something is said in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::Timestamp;
use entity::id::{ThreadId, TypedId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::carry::{Outcome, Slice, carry};
use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::db::LONGEST_TRANSACTION;
use crate::job::{Running, Task, Turn, next_size};
use crate::recurring::Recurring;

/// It is done about once an hour, and when somebody takes a thread back.
pub(crate) const RECURRING: Recurring = Recurring {
    name: "move_messages",
    every: Duration::from_secs(3600),
    number: 24,
    task: |_| Some(Task::MoveMessages {}),
};

/// When messages of a thread go to the archive; never, where there is no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// After nothing has been said in it for so long.
    pub untouched: Option<Duration>,
    /// After it has been archived, and so read-only, for so long.
    pub archived: Option<Duration>,
}

impl Rule {
    /// Whether any messages go there at all.
    pub fn is_on(self) -> bool {
        self.untouched.or(self.archived).is_some()
    }

    /// How long a thread has to wait yet; none if it never goes as it is now.
    pub(super) fn wait(
        self,
        now: Timestamp,
        activity_at: Timestamp,
        archived_at: Option<Timestamp>,
    ) -> Option<Duration> {
        let left = |since: Timestamp, time: Duration| time.saturating_sub((now - since).to_std().unwrap_or_default());
        let untouched = self.untouched.map(|time| left(activity_at, time));
        let archived = self.archived.zip(archived_at).map(|(time, at)| left(at.max(activity_at), time));
        untouched.into_iter().chain(archived).min()
    }
}

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Threads of which all messages went to the archive.
    pub threads: u64,
    /// Messages that went there.
    pub messages: i64,
    /// Messages that came back, to threads that were taken back.
    pub returned: i64,
}

/// Threads that are looked for at once.
const AT_ONCE: usize = 100;

/// A walk through the threads that are to be looked at.
#[derive(Clone, Copy)]
pub(super) struct Sweep {
    /// The job that it is done for.
    pub(super) held: Option<Running>,
    pub(super) rule: Rule,
    /// Whether it is by a rule that is not the settings': then it does not ask when a thread is to be looked at, nor change that.
    pub(super) looks_at_all: bool,
    /// By the database's clock.
    begun_at: Timestamp,
    /// After which it is ended, wherever it is.
    turn: Option<Turn>,
}

/// What is read of them.
const FOUND: &str = "id, move_look_at, activity_at, archived_at";

#[derive(FromQueryResult)]
struct Found {
    id: ThreadId,
    move_look_at: Option<Timestamp>,
    activity_at: Timestamp,
    archived_at: Option<Timestamp>,
}

/// The job: what the settings say. What it has moved in one turn, it does not find in the next.
pub(crate) async fn run(app: &Arc<App>, held: Running) -> Result<()> {
    let begun_at = app.clock.moved(app.db.stamp().await?);
    let turn = Some(Turn::begin(app));
    let sweep = Sweep { held: Some(held), rule: app.settings.archive, looks_at_all: false, begun_at, turn };
    move_due(app, sweep).await?;
    match sweep.is_over(app) {
        true => held.end_turn(app, Task::MoveMessages {}).await,
        false => Ok(()),
    }
}

/// Moves what the job would; by another rule, without waiting until threads would be looked at by themselves.
pub async fn sweep(app: &Arc<App>, rule: Option<Rule>) -> Result<Moved> {
    let begun_at = app.clock.moved(app.db.stamp().await?);
    let (looks_at_all, rule) = (rule.is_some(), rule.unwrap_or(app.settings.archive));
    move_due(app, Sweep { held: None, rule, looks_at_all, begun_at, turn: None }).await
}

impl Sweep {
    fn is_over(&self, app: &App) -> bool {
        self.turn.is_some_and(|turn| turn.is_over(app))
    }

    /// Whether a thread is worth a lock. One in which something is said meanwhile is left: it would come again and again.
    fn may_move(&self, thread: &Found) -> bool {
        let wait = || self.rule.wait(self.begun_at, thread.activity_at, thread.archived_at);
        !self.looks_at_all || thread.activity_at <= self.begun_at && wait() == Some(Duration::ZERO)
    }
}

/// Moves messages of threads, those that come back first of all: somebody waits for them.
async fn move_due(app: &Arc<App>, sweep: Sweep) -> Result<Moved> {
    let mut moved = Moved::default();
    let (mut last_at, mut last_id) = (Timestamp::UNIX_EPOCH, ThreadId::from_uuid(Uuid::nil()));
    loop {
        moved.returned += bring_back(app, sweep).await?;
        let due = if sweep.rule.is_on() { due(app, sweep, last_at, last_id).await? } else { Vec::new() };
        let Some(newest) = due.last() else { return Ok(moved) };
        (last_at, last_id) = (newest.move_look_at.unwrap_or(last_at), newest.id);
        for thread in due.iter().filter(|thread| sweep.may_move(thread)) {
            let messages = all_of(app, sweep, thread.id).await?;
            moved.threads += u64::from(messages > 0);
            moved.messages += messages;
            if sweep.is_over(app) {
                return Ok(moved);
            }
        }
    }
}

/// Threads that are to be looked at.
async fn due(app: &App, sweep: Sweep, last_at: Timestamp, last_id: ThreadId) -> Result<Vec<Found>> {
    let sql = format!(
        "SELECT {FOUND} FROM threads WHERE move_look_at IS NOT NULL AND move_look_at <= $3 \
         AND (move_look_at, id) > ($1, $2) ORDER BY move_look_at, id LIMIT {AT_ONCE}"
    );
    // No thread waits for longer than a hundred years.
    let ahead = if sweep.looks_at_all { chrono::Duration::days(36_500) } else { chrono::Duration::zero() };
    app.db.all(sql, [last_at.into(), last_id.into(), (sweep.begun_at + ahead).into()]).await
}

/// Moves messages back of threads that were taken back: how many.
async fn bring_back(app: &Arc<App>, sweep: Sweep) -> Result<i64> {
    let sql = format!("SELECT {FOUND} FROM threads WHERE coming_back AND id > $1 ORDER BY id LIMIT {AT_ONCE}");
    let (mut returned, mut last) = (0, ThreadId::from_uuid(Uuid::nil()));
    loop {
        let found: Vec<Found> = app.db.all(&sql, [last.into()]).await?;
        let Some(newest) = found.last() else { return Ok(returned) };
        last = newest.id;
        for Found { id, .. } in found {
            returned += all_of(app, sweep, id).await?;
            if sweep.is_over(app) {
                return Ok(returned);
            }
        }
    }
}

/// Others come to write between two slices, on SQLite those of other processes, too, who ask now and then.
const PAUSES: (Duration, Duration) = (Duration::from_millis(30), Duration::from_secs(1));
/// Messages of a slice: at first, and at the most. By the time that slices take there are never fewer than at first: on a busy machine
/// a transaction takes its time whatever is in it.
const MESSAGES: (i64, i64) = (64, 512);

/// Moves all messages of one thread that are to be moved, slice by slice, unless the sweep is over before: how many.
async fn all_of(app: &Arc<App>, sweep: Sweep, thread_id: ThreadId) -> Result<i64> {
    let (mut total, mut messages) = (0, MESSAGES.0);
    loop {
        let begun = Instant::now();
        let outcome = carry(app, sweep, Slice { thread_id, messages }).await;
        let took = begun.elapsed();
        match outcome {
            Ok(Outcome::Left) => {}
            Ok(Outcome::All(count)) => {
                total += count;
                tracing::debug!(%thread_id, messages = total, "messages were moved");
            }
            Ok(Outcome::Some(count)) => total += count,
            // Many reactions may hang on a few messages, and no transaction may take long.
            Err(Error::Internal(_) | Error::Unavailable { .. }) if messages > 1 => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep((took * 3).clamp(PAUSES.0, PAUSES.1)).await;
        match outcome {
            Ok(Outcome::All(_) | Outcome::Left) => return Ok(total),
            Ok(_) if sweep.is_over(app) => return Ok(total),
            Ok(_) => messages = next_slice(messages, took),
            Err(_) => messages = (messages / 8).max(1),
        }
    }
}

/// How many messages the next slice takes, after one of so many. Those that are fewer than at first, since one had failed, become more
/// again as long as a slice takes nowhere near as long as a transaction may: where each takes long whatever is in it, slices of one
/// message would never come to an end.
fn next_slice(messages: i64, took: Duration) -> i64 {
    if messages >= MESSAGES.0 {
        return next_size(messages, took, MESSAGES);
    }
    let is_short = took < LONGEST_TRANSACTION / 10;
    if is_short { (messages * 2).min(MESSAGES.0) } else { messages }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn a_thread_goes_when_the_first_of_its_times_is_over() {
        let now = Timestamp::UNIX_EPOCH + 100 * DAY;
        let rule = Rule { untouched: Some(30 * DAY), archived: Some(7 * DAY) };
        assert_eq!(rule.wait(now, now - 10 * DAY, None), Some(20 * DAY));
        assert_eq!(rule.wait(now, now - 30 * DAY, None), Some(Duration::ZERO));
        assert_eq!(rule.wait(now, now - 10 * DAY, Some(now - 2 * DAY)), Some(5 * DAY));
        assert_eq!(rule.wait(now, now - 10 * DAY, Some(now - 9 * DAY)), Some(Duration::ZERO));
        // Clocks differ: what is to come has not been over for long.
        assert_eq!(rule.wait(now, now + DAY, None), Some(30 * DAY));
    }

    #[test]
    fn without_a_time_no_thread_goes() {
        let (now, long_ago) = (Timestamp::UNIX_EPOCH + 100 * DAY, Timestamp::UNIX_EPOCH);
        assert!(!Rule::default().is_on());
        assert_eq!(Rule::default().wait(now, long_ago, Some(long_ago)), None);
        let rule = Rule { untouched: None, archived: Some(DAY) };
        assert_eq!(rule.wait(now, long_ago, None), None);
    }

    #[test]
    fn slices_that_became_small_become_large_again() {
        let next = |messages, took| next_slice(messages, Duration::from_millis(took));
        assert_eq!(next(1, 500), 2);
        assert_eq!(next(40, 500), 64);
        assert_eq!(next(8, 1500), 8);
        assert_eq!(next(64, 500), 64);
        assert_eq!(next(64, 5), 128);
    }
}
