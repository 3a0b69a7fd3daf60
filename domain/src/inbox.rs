//! The inbox: a viewer's threads as they change. A feed of states, not of events.
//!
//! After a reconnect each thread that changed since the cursor comes once, as it is now. Reading goes back a little
//! further than the cursor (longer than any transaction lasts), which makes the order of commits harmless: a frame seen
//! twice does no harm. Live, a busy thread gives a frame a second at most. Hints wake the feed; now and then it looks by
//! itself, and only then does the cursor of its frames move on, since only then is nothing missed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use entity::Timestamp;
use entity::id::{ThreadId, UserId};
use futures_util::Stream;
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use tokio::time::{Instant, sleep_until};

use crate::access::{Reader, Row, THREAD_AND_OWN_ROW, Viewer};
use crate::app::App;
use crate::cursor::InboxCursor;
use crate::error::{Code, Refusal, Result};
use crate::event::{Reset, patiently};
use crate::infra::db::LONGEST_TRANSACTION;

mod watch;

use watch::Registered;
pub use watch::look_now;
pub(crate) use watch::{Inboxes, listen};

/// How far behind the cursor reading starts: longer than a transaction lasts, so that none can commit behind it.
const OVERLAP: Duration = LONGEST_TRANSACTION.saturating_mul(2);
/// How often one thread gives a frame at the most.
const PACE: Duration = Duration::from_secs(1);

/// One frame of the feed.
pub struct Frame {
    /// Where to go on from.
    pub cursor: InboxCursor,
    /// What it says.
    pub step: Step,
}

/// What a frame says.
pub enum Step {
    /// A thread, as it is now.
    Thread(Reader),
    /// The viewer no longer takes part in a thread.
    Removed(ThreadId),
    /// The backlog is through.
    CaughtUp,
    /// The feed has looked by itself.
    Heartbeat,
    /// The cursor stands nowhere any more.
    Reset(Reset),
}

/// One of the viewer's threads with what it takes to order it.
struct State {
    thread_id: ThreadId,
    changed: Timestamp,
    row: Row,
}

impl FromQueryResult for State {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            thread_id: row.try_get("", "thread_id")?,
            changed: row.try_get("", "changed")?,
            row: Row::from_query_result(row, prefix)?,
        })
    }
}

#[derive(FromQueryResult)]
struct Taken {
    thread_id: ThreadId,
}

fn select_states(app: &App) -> String {
    format!(
        "SELECT p.thread_id, {}(t.activity_at, t.updated_at, p.changed_at) AS changed, {} \
         FROM thread_participants p JOIN threads t ON t.id = p.thread_id WHERE p.user_id = $1",
        app.db.engine().greatest(),
        *THREAD_AND_OWN_ROW
    )
}

/// The viewer's threads that changed since, oldest change first; those they left among them.
async fn changed_since(app: &App, user_id: UserId, since: Timestamp) -> Result<Vec<State>> {
    let here = format!(
        "{} AND p.left_at IS NULL AND (t.activity_at >= $2 OR t.updated_at >= $2 OR p.changed_at >= $2)",
        select_states(app)
    );
    let gone = format!("{} AND p.left_at IS NOT NULL AND p.changed_at >= $2", select_states(app));
    let mut states: Vec<State> = app.db.all(here, [user_id.into(), since.into()]).await?;
    states.extend(app.db.all::<State>(gone, [user_id.into(), since.into()]).await?);
    states.sort_by_key(|state| state.changed);
    Ok(states)
}

/// What changed since, and the time up to which that is complete.
async fn stamped_since(app: &App, user_id: UserId, since: Timestamp) -> Result<(Timestamp, Vec<State>)> {
    Ok((app.db.stamp().await?, changed_since(app, user_id, since).await?))
}

async fn states_of(app: &App, user_id: UserId, threads: &[ThreadId]) -> Result<Vec<State>> {
    let engine = app.db.engine();
    let sql = format!("{} AND p.thread_id {}", select_states(app), engine.among(2));
    app.db.all(sql, [user_id.into(), engine.ids(threads.iter().copied())]).await
}

async fn threads_of(app: &App, user_id: UserId) -> Result<Vec<ThreadId>> {
    let sql = "SELECT thread_id FROM thread_participants WHERE user_id = $1 AND left_at IS NULL";
    let rows: Vec<Taken> = app.db.all(sql, [user_id.into()]).await?;
    Ok(rows.into_iter().map(|row| row.thread_id).collect())
}

/// What was sent of a thread last.
struct Sent {
    /// None if it was that the viewer is out of it: what happens there then is none of theirs.
    row: Option<Row>,
    changed: Timestamp,
    at: Instant,
}

/// What one feed remembers between frames.
struct Feed {
    app: Arc<App>,
    viewer: Viewer,
    user_id: UserId,
    registered: Registered,
    /// Everything that changed before this has been sent.
    complete: Timestamp,
    /// What was sent of each thread and when, to keep the pace and to send nothing twice for nothing.
    sent: HashMap<ThreadId, Sent>,
    pending: HashSet<ThreadId>,
}

impl Feed {
    fn cursor(&self, at: Timestamp) -> InboxCursor {
        InboxCursor { epoch: self.app.log_epoch, at }
    }

    /// Makes a frame of a state, unless just that was sent.
    fn frame(&mut self, state: State, at: Timestamp) -> Option<Frame> {
        let reader = state.row.clone().take_part(&self.viewer);
        let row = reader.is_some().then_some(state.row);
        if self.sent.get(&state.thread_id).is_some_and(|sent| sent.row == row) {
            return None;
        }
        self.sent.insert(state.thread_id, Sent { row, changed: state.changed, at: Instant::now() });
        let step = match reader {
            Some(reader) => {
                self.registered.follow([state.thread_id]);
                Step::Thread(reader)
            }
            None => {
                self.registered.unfollow(state.thread_id);
                Step::Removed(state.thread_id)
            }
        };
        Some(Frame { cursor: self.cursor(at), step })
    }

    /// A state as it may be shown now: one that was read a while ago (by a client that reads slowly) is read again, since
    /// the viewer may have been removed in between.
    async fn fresh(&self, state: State, read_at: Instant) -> Result<Option<State>> {
        if read_at.elapsed() < PACE {
            return Ok(Some(state));
        }
        let threads = [state.thread_id];
        let states = patiently(&self.app, || states_of(&self.app, self.user_id, &threads)).await?;
        Ok(states.into_iter().next())
    }

    /// Looks at everything since the last look.
    async fn look(&mut self, since: Timestamp) -> Result<(Timestamp, Vec<State>)> {
        let (app, user_id) = (self.app.clone(), self.user_id);
        let threads = patiently(&app, || threads_of(&app, user_id)).await?;
        self.registered.follow(threads);
        let from = since - OVERLAP;
        patiently(&app, || stamped_since(&app, user_id, from)).await
    }

    /// Threads that may give a frame now, and when the next one may.
    fn due(&mut self) -> (Vec<ThreadId>, Option<Instant>) {
        self.pending.extend(self.registered.watcher.dirty());
        let now = Instant::now();
        let ready_at = |thread_id: &ThreadId| self.sent.get(thread_id).map_or(now, |sent| sent.at + PACE);
        let due: Vec<_> = self.pending.iter().copied().filter(|thread_id| ready_at(thread_id) <= now).collect();
        let next = self.pending.iter().map(ready_at).filter(|at| *at > now).min();
        for thread_id in &due {
            self.pending.remove(thread_id);
        }
        (due, next)
    }

    /// Forgets what the overlap no longer reaches.
    fn forget(&mut self) {
        let horizon = self.complete - OVERLAP;
        self.sent.retain(|_, sent| sent.changed >= horizon);
    }

    /// Looks at everything since the last look, when it is its turn.
    async fn look_in_turn(&mut self) -> Result<(Timestamp, Vec<State>)> {
        let app = self.app.clone();
        let _turn = app.inboxes.turn().await;
        self.look(self.complete).await
    }
}

/// The viewer's threads as they change: what changed since `after` (nothing, without it), then [`Step::CaughtUp`], then
/// what changes. Never ends by itself.
pub fn stream(app: Arc<App>, viewer: Viewer, after: Option<String>) -> impl Stream<Item = Result<Frame>> + Send {
    try_stream! {
        let user_id = viewer.require()?.user.id;
        let after = after.map(|text| InboxCursor::decode(&text, user_id)).transpose()
            .map_err(|error| Refusal::new(Code::Invalid, "after", error.to_string()))?;
        let registered = Registered::new(app.clone(), user_id);
        let complete = app.db.stamp().await?;
        let mut feed = Feed {
            app: app.clone(), viewer, user_id, registered, complete, sent: HashMap::new(), pending: HashSet::new(),
        };
        match after {
            Some(cursor) if cursor.epoch == app.log_epoch => {
                let (seen_at, states) = feed.look(cursor.at).await?;
                let read_at = Instant::now();
                for state in states {
                    let at = state.changed.max(cursor.at);
                    let state = feed.fresh(state, read_at).await?;
                    if let Some(frame) = state.and_then(|state| feed.frame(state, at)) {
                        yield frame;
                    }
                }
                feed.complete = seen_at;
            }
            after => {
                let threads = threads_of(&app, user_id).await?;
                feed.registered.follow(threads);
                if after.is_some() {
                    yield Frame { cursor: feed.cursor(complete), step: Step::Reset(Reset::OtherLog) };
                }
            }
        }
        yield Frame { cursor: feed.cursor(feed.complete), step: Step::CaughtUp };
        let mut next_look = Instant::now() + app.settings.inbox_look;
        loop {
            if let Some(at) = feed.registered.watcher.asked_to_look() {
                next_look = next_look.min(at);
            }
            if Instant::now() >= next_look {
                next_look = Instant::now() + app.settings.inbox_look;
                let (seen_at, states) = feed.look_in_turn().await?;
                let read_at = Instant::now();
                for state in states {
                    let (state, at) = (feed.fresh(state, read_at).await?, feed.complete);
                    if let Some(frame) = state.and_then(|state| feed.frame(state, at)) {
                        yield frame;
                    }
                }
                feed.complete = seen_at;
                feed.forget();
                yield Frame { cursor: feed.cursor(seen_at), step: Step::Heartbeat };
            }
            let (due, next) = feed.due();
            if !due.is_empty() {
                let states = patiently(&app, || states_of(&app, user_id, &due)).await?;
                let read_at = Instant::now();
                for state in states {
                    let (state, at) = (feed.fresh(state, read_at).await?, feed.complete);
                    if let Some(frame) = state.and_then(|state| feed.frame(state, at)) {
                        yield frame;
                    }
                }
                continue;
            }
            let wake = next.map_or(next_look, |at| at.min(next_look));
            tokio::select! {
                () = feed.registered.watcher.wake.notified() => {}
                () = sleep_until(wake) => {}
            }
        }
    }
}
