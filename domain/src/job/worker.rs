//! The worker of a queue on one node: begins what is due, as many at once as there are lanes, and sees each to its end.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use entity::job;
use futures_util::FutureExt;
use metrics::counter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::hold::{Running, claim, look};
use super::{ATTEMPTS, Queue, Task};
use crate::app::App;
use crate::batch;
use crate::error::{Error, Result};
use crate::work::{self, Left};

/// How long a worker waits that could not look.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a worker waits to whom another node was faster: it may be so again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long jobs that run may go on when the node stops; then they are left to others.
const LAST: Duration = Duration::from_secs(3);
/// How long a job rests that this version does not know: a newer node may.
const UNKNOWN: Duration = Duration::from_secs(10);

/// Works on all queues until the node stops, and leaves nothing half done that others can't take up at once. Does nothing on a
/// node that is to have no workers.
pub(crate) async fn work(app: Arc<App>, stop: CancellationToken) {
    if app.settings.job_workers == 0 {
        return;
    }
    let workers: JoinSet<()> = Queue::ALL.map(|queue| serve(app.clone(), queue, stop.clone())).into_iter().collect();
    workers.join_all().await;
}

async fn serve(app: Arc<App>, queue: Queue, stop: CancellationToken) {
    let added = app.jobs.added(queue).clone();
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        let wait = match begin(&app, queue, &mut running, &stop).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(?error, "jobs could not be looked for");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = added.notified() => {}
            Some(_) = running.join_next() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Begins what is due, as far as there are lanes free; how long to wait before looking again.
async fn begin(app: &Arc<App>, queue: Queue, running: &mut JoinSet<()>, stop: &CancellationToken) -> Result<Duration> {
    let look_again = app.settings.job_look;
    while running.len() < queue.lanes(app.settings.job_workers) {
        match look(app, queue).await?.due_in() {
            Some(Duration::ZERO) => {}
            due => return Ok(due.map_or(look_again, |due| due.min(look_again))),
        }
        // Another node may have been faster.
        let Some(row) = claim(app, queue).await? else { return Ok(AGAIN.min(look_again)) };
        running.spawn(see_through(app.clone(), row, stop.clone()));
    }
    Ok(look_again)
}

/// Does a job that was begun, and writes down what came of it.
async fn see_through(app: Arc<App>, row: job::Model, stop: CancellationToken) {
    let (held, kind) = (Running::new(&app, &row), row.kind.clone());
    let Some(task) = Task::read(&row) else {
        tracing::warn!(job = %row.id, kind, "this version does not know such a job");
        return told(held.put_back(&app, UNKNOWN).await);
    };
    let last = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST).await;
    };
    let outcome = tokio::select! {
        outcome = attempt(&app, held, task, row.attempts) => outcome,
        () = held.renew(&app) => return,
        () = last => return told(held.put_back(&app, Duration::ZERO).await),
    };
    let (settled, came) = match outcome {
        Ok(Came::Done) => (held.done(&app).await, "done"),
        Ok(Came::Cancelled) => (held.done(&app).await, "cancelled"),
        Err(error @ Error::Refused(_)) => {
            tracing::warn!(job = %row.id, kind, %error, "a job can't be done");
            (held.give_up(&app, row, &source(&error)).await, "given_up")
        }
        Err(error) if row.attempts >= ATTEMPTS => {
            tracing::error!(job = %row.id, kind, attempts = row.attempts, ?error, "a job was given up");
            (held.give_up(&app, row, &source(&error)).await, "given_up")
        }
        Err(error) => {
            tracing::warn!(job = %row.id, kind, attempts = row.attempts, ?error, "a job is tried again");
            (held.again(&app).await, "failed")
        }
    };
    counter!("linnet_jobs_total", "kind" => kind, "outcome" => came).increment(1);
    told(settled);
}

/// What came of a job that did not fail.
enum Came {
    Done,
    /// Its batch was cancelled before it was begun.
    Cancelled,
}

/// What is refused is refused for good; everything else may pass.
async fn attempt(app: &Arc<App>, held: Running, task: Task, attempts: i32) -> Result<Came> {
    if let Some(batch_id) = held.batch_id()
        && batch::is_cancelled(app, batch_id).await?
        && work::withdraw(app, held, &task).await? == Left::Nothing
    {
        return Ok(Came::Cancelled);
    }
    if attempts > ATTEMPTS {
        // Whoever began it last never said what came of it: it may well be what ended them.
        return Err(Error::internal("it was begun again and again and came to no end"));
    }
    let work = AssertUnwindSafe(work::run(app, held, task)).catch_unwind();
    let done = work.await.unwrap_or_else(|panic| Err(Error::internal(said(panic.as_ref()))));
    done.map(|()| Came::Done)
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or_default())
}

/// Why, for whoever looks at what was given up.
fn source(error: &Error) -> String {
    match error {
        Error::Internal(source) | Error::Unavailable { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// What was not written down is begun again when the hold runs out.
fn told(settled: Result<()>) {
    if let Err(error) = settled {
        tracing::warn!(?error, "what came of a job was not written down");
    }
}
