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
use crate::job::{Running, Task};
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

#[derive(FromQueryResult)]
struct Found {
    id: ThreadId,
    move_look_at: Option<Timestamp>,
}

/// The job: what the settings say.
pub(crate) async fn run(app: &Arc<App>, held: Running) -> Result<()> {
    let now = app.clock.moved(app.db.stamp().await?);
    move_due(app, Some(held), app.settings.archive, now).await.map(drop)
}

/// Moves what the job would; by another rule, without waiting until threads would be looked at by themselves.
pub async fn sweep(app: &Arc<App>, rule: Option<Rule>) -> Result<Moved> {
    let now = app.clock.moved(app.db.stamp().await?);
    match rule {
        None => move_due(app, None, app.settings.archive, now).await,
        // No thread waits for longer.
        Some(rule) => move_due(app, None, rule, now + chrono::Duration::days(36_500)).await,
    }
}

/// Moves messages of threads that are to be looked at until a moment, those that come back first of all: somebody waits for them.
async fn move_due(app: &Arc<App>, held: Option<Running>, rule: Rule, until: Timestamp) -> Result<Moved> {
    let mut moved = Moved::default();
    let mut last = Found { id: ThreadId::from_uuid(Uuid::nil()), move_look_at: None };
    loop {
        moved.returned += bring_back(app, held, rule).await?;
        let from = last.move_look_at.unwrap_or(Timestamp::UNIX_EPOCH);
        let due = if rule.is_on() { due(app, from, last.id, until).await? } else { Vec::new() };
        let Some(newest) = due.last() else { return Ok(moved) };
        last = Found { ..*newest };
        for Found { id, .. } in due {
            let messages = all_of(app, held, rule, id).await?;
            moved.threads += u64::from(messages > 0);
            moved.messages += messages;
        }
    }
}

/// Threads that are to be looked at.
async fn due(app: &App, from: Timestamp, last: ThreadId, until: Timestamp) -> Result<Vec<Found>> {
    let sql = format!(
        "SELECT id, move_look_at FROM threads WHERE move_look_at IS NOT NULL AND move_look_at <= $3 \
         AND (move_look_at, id) > ($1, $2) ORDER BY move_look_at, id LIMIT {AT_ONCE}"
    );
    app.db.all(sql, [from.into(), last.into(), until.into()]).await
}

/// Moves messages back of threads that were taken back: how many.
async fn bring_back(app: &Arc<App>, held: Option<Running>, rule: Rule) -> Result<i64> {
    let sql = format!("SELECT id, move_look_at FROM threads WHERE coming_back AND id > $1 ORDER BY id LIMIT {AT_ONCE}");
    let (mut returned, mut last) = (0, ThreadId::from_uuid(Uuid::nil()));
    loop {
        let found: Vec<Found> = app.db.all(&sql, [last.into()]).await?;
        let Some(newest) = found.last() else { return Ok(returned) };
        last = newest.id;
        for Found { id, .. } in found {
            returned += all_of(app, held, rule, id).await?;
        }
    }
}

/// How long a slice is meant to take.
const MEANT: Duration = Duration::from_millis(40);
/// Others come to write between two slices, on SQLite those of other processes, too, who ask now and then.
const PAUSES: (Duration, Duration) = (Duration::from_millis(30), Duration::from_secs(1));
/// Messages of a slice: at first, and at the most.
const MESSAGES: (i64, i64) = (64, 512);

/// Moves all messages of one thread that are to be moved, slice by slice: how many.
async fn all_of(app: &Arc<App>, held: Option<Running>, rule: Rule, thread_id: ThreadId) -> Result<i64> {
    let (mut total, mut messages) = (0, MESSAGES.0);
    loop {
        let begun = Instant::now();
        let outcome = carry(app, held, rule, Slice { thread_id, messages }).await;
        let took = begun.elapsed();
        match outcome {
            Ok(Outcome::Left) => return Ok(total),
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
            Ok(Outcome::All(_)) => return Ok(total),
            Ok(_) => messages = next(messages, took),
            Err(_) => messages = (messages / 8).max(1),
        }
    }
}

/// How many messages the next slice takes, by how long this one took.
fn next(messages: i64, took: Duration) -> i64 {
    let next = match took {
        long if long > MEANT => messages / 2,
        short if short < MEANT / 4 => messages * 2,
        _ => messages,
    };
    next.clamp(1, MESSAGES.1)
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
    fn slices_take_as_many_messages_as_fit_into_their_time() {
        assert_eq!(next(64, Duration::from_millis(1)), 128);
        assert_eq!(next(64, Duration::from_millis(20)), 64);
        assert_eq!(next(1, Duration::from_secs(1)), 1);
        assert_eq!(next(512, Duration::ZERO), 512);
    }
}
