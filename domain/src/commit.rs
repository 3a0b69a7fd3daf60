//! The writer: changes to threads that wait together are committed together, with their events.
//!
//! All threads share a lane. Whatever queued while its last transaction ran goes into the next one, of however many threads: one
//! lock of the threads' rows, one read of the rows that the changes need, the changes themselves in memory, one write for each
//! table, one commit. The row's lock makes the order of seqs that of commits, so a reader who has seen seq n has seen all before it.
//! A thread that another node has locked is not waited for by the others: its changes go on in a lane of its own, as do those that
//! lock accounts or files, and all those of a transaction that came to nothing.
//!
//! A [`Change`] is pure: it sees the locked thread through a [`Batch`], refuses or notes what is to be written. One bad
//! change does not spoil the others; a change whose proof no longer holds is handed back to be proven again.
//!
//! Knows no rule of any noun, and sends nothing but hints.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use entity::id::ThreadId;
use entity::thread;
use metrics::histogram;
use tokio::sync::{Notify, Semaphore, oneshot};

mod batch;
mod load;
mod needs;
mod store;

pub(crate) use batch::Batch;
pub(crate) use needs::Needs;

use crate::access::Member;
use crate::app::App;
use crate::error::{Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::Engine;

/// One change of one thread.
pub(crate) trait Change: Send + Sync + 'static {
    /// What whoever asked for it learns.
    type Done: Send + 'static;
    /// Names the rows it must see.
    fn needs(&self, needs: &mut Needs);
    /// Refuses, or notes in the batch what is to be written. May run again in another transaction.
    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied>;
}

/// Why a change was not applied.
#[derive(Debug, Clone)]
pub(crate) enum Denied {
    /// The proof it carries may no longer hold.
    Stale,
    /// The rules forbid it.
    Refused(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A change that is durable, and the thread as it left it: what was written with it and after it is not in there, as it is not in what
/// the change has done.
pub(crate) struct Committed<T> {
    pub(crate) done: T,
    pub(crate) thread: Arc<thread::Model>,
    /// Where the log ends since its transaction.
    pub(crate) last_seq: i64,
}

/// How often a proof is made again before the caller is told to come back: each time, membership moved in between.
const PROOFS: usize = 16;

/// Proves, commits what the proof allows, and proves again as long as membership moves in between.
pub(crate) async fn under<P, F, C: Change>(
    app: &Arc<App>,
    prove: impl Fn() -> F,
    change: impl Fn(P) -> C,
) -> Result<Committed<C::Done>>
where
    P: std::ops::Deref<Target = Member>,
    F: Future<Output = Result<P>> + Send,
{
    for _ in 0..PROOFS {
        let proof = prove().await?;
        let thread_id = proof.thread().id;
        match submit(app, thread_id, change(proof)).await? {
            Ok(committed) => return Ok(committed),
            Err(Denied::Refused(refusal)) => return Err(refusal.into()),
            Err(Denied::Stale) => {}
        }
    }
    Err(Error::unavailable("membership of the thread keeps changing"))
}

/// Commits a change that carries no proof of membership (joining, for one).
pub(crate) async fn submit<C: Change>(
    app: &Arc<App>,
    thread_id: ThreadId,
    change: C,
) -> Result<Result<Committed<C::Done>, Denied>> {
    let (reply, answer) = oneshot::channel();
    app.writer.enqueue(app, Box::new(Job { thread_id, change, outcome: None, reply, asked_at: Instant::now() }))?;
    answer.await.map_err(Error::internal)?
}

/// The outcome of one change: durable, denied, or the transaction failed.
type Answer<T> = Result<Result<Committed<T>, Denied>>;

/// What a change has done, and the thread as it left it.
type Applied<T> = (T, Arc<thread::Model>);

struct Job<C: Change> {
    thread_id: ThreadId,
    change: C,
    outcome: Option<Result<Applied<C::Done>, Denied>>,
    reply: oneshot::Sender<Answer<C::Done>>,
    asked_at: Instant,
}

/// A job of whatever change.
trait Queued: Send {
    fn thread_id(&self) -> ThreadId;
    fn needs(&self, needs: &mut Needs);
    fn apply(&mut self, batch: &mut Batch);
    fn refuse(&mut self, refusal: Refusal);
    /// Answers, if the thread was there with where its log ends now.
    fn settle(self: Box<Self>, last_seq: Option<i64>);
    fn fail(self: Box<Self>, error: Error);
}

impl<C: Change> Queued for Job<C> {
    fn thread_id(&self) -> ThreadId {
        self.thread_id
    }

    fn needs(&self, needs: &mut Needs) {
        self.change.needs(needs);
    }

    fn apply(&mut self, batch: &mut Batch) {
        let done = self.change.apply(batch);
        self.outcome = Some(done.map(|done| (done, Arc::new(batch.thread.clone()))));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.outcome = Some(Err(Denied::Refused(refusal)));
    }

    fn settle(self: Box<Self>, last_seq: Option<i64>) {
        let answer = match (self.outcome, last_seq) {
            (Some(Ok((done, thread))), Some(last_seq)) => Ok(Ok(Committed { done, thread, last_seq })),
            (Some(Err(denied)), _) => Ok(Err(denied)),
            _ => Err(Error::internal("a change was neither applied nor denied")),
        };
        histogram!("linnet_commit_seconds").record(self.asked_at.elapsed());
        // Whoever asked may have gone; what was committed stays.
        let _ = self.reply.send(answer);
    }

    fn fail(self: Box<Self>, error: Error) {
        let _ = self.reply.send(Err(error));
    }
}

/// Changes that may wait in one lane before the next one is refused.
const LONGEST_QUEUE: usize = 10_000;
/// Changes that go into one transaction.
const LARGEST_BATCH: usize = 256;

/// Lanes of threads by themselves that run at once: each may wait, and has a connection meanwhile.
const APART: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    /// Of all threads: several of them would make smaller transactions.
    Shared,
    /// Of a thread by itself: one that another node has locked, or of which something may have to wait for others.
    Of(ThreadId),
}

impl Lane {
    fn of(engine: Engine, job: &dyn Queued) -> Self {
        let mut needs = Needs::default();
        job.needs(&mut needs);
        if engine == Engine::Postgres && needs.lock_others() { Self::Of(job.thread_id()) } else { Self::Shared }
    }
}

type Lanes = HashMap<Lane, VecDeque<Box<dyn Queued>>>;

/// The lanes of one node; a lane exists while something is in it.
pub(crate) struct Writer {
    lanes: Mutex<Lanes>,
    idle: Notify,
    apart: Semaphore,
}

impl Default for Writer {
    fn default() -> Self {
        Self { lanes: Mutex::default(), idle: Notify::new(), apart: Semaphore::new(APART) }
    }
}

impl Writer {
    /// Queues a job: behind those of its thread, if that has a lane of its own.
    fn enqueue(&self, app: &Arc<App>, job: Box<dyn Queued>) -> Result<()> {
        let own = Lane::Of(job.thread_id());
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = if lanes.contains_key(&own) { own } else { Lane::of(app.db.engine(), &*job) };
        if lane == own && !lanes.contains_key(&own) {
            draw(app, &mut lanes, job.thread_id());
        }
        if lanes.get(&lane).is_some_and(|queue| queue.len() >= LONGEST_QUEUE) {
            return Err(Error::unavailable("the writer's queue is full"));
        }
        queue(app, &mut lanes, lane, job);
        Ok(())
    }

    /// Has changes go on in lanes of their threads' own, and what waits behind them go there, too.
    fn set_apart(&self, app: &Arc<App>, jobs: Vec<Box<dyn Queued>>) {
        let threads: BTreeSet<ThreadId> = jobs.iter().map(|job| job.thread_id()).collect();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.into_iter().for_each(|job| queue(app, &mut lanes, Lane::Of(job.thread_id()), job));
        threads.into_iter().for_each(|thread| draw(app, &mut lanes, thread));
    }

    /// The next batch of a lane; none, and no lane, when it is empty.
    fn take(&self, lane: Lane) -> Option<Vec<Box<dyn Queued>>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = lanes.get_mut(&lane)?;
        if queue.is_empty() {
            lanes.remove(&lane);
            if lanes.is_empty() {
                self.idle.notify_waiters();
            }
            return None;
        }
        let count = queue.len().min(LARGEST_BATCH);
        Some(queue.drain(..count).collect())
    }

    /// Waits until everything that was enqueued has been answered.
    pub(crate) async fn finish(&self) {
        loop {
            let idle = self.idle.notified();
            if self.lanes.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            idle.await;
        }
    }
}

/// Puts a job at the end of a lane, which begins to run if it is the first.
fn queue(app: &Arc<App>, lanes: &mut Lanes, lane: Lane, job: Box<dyn Queued>) {
    if let Some(queue) = lanes.get_mut(&lane) {
        queue.push_back(job);
        return;
    }
    lanes.insert(lane, VecDeque::from([job]));
    // Not among the app's tasks: it runs to its end even while the application stops.
    tokio::spawn(run(app.clone(), lane));
}

/// Draws what waits of a thread in the shared lane over into the thread's own, so that nothing overtakes it.
fn draw(app: &Arc<App>, lanes: &mut Lanes, thread_id: ThreadId) {
    let waiting = lanes.get_mut(&Lane::Shared).map(std::mem::take).unwrap_or_default();
    let (drawn, left): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(|job| job.thread_id() == thread_id);
    if let Some(shared) = lanes.get_mut(&Lane::Shared) {
        *shared = left;
    }
    drawn.into_iter().for_each(|job| queue(app, lanes, Lane::Of(thread_id), job));
}

/// Empties a lane, batch by batch.
async fn run(app: Arc<App>, lane: Lane) {
    let apart = async { app.writer.apart.acquire().await.ok() };
    let _place = if lane == Lane::Shared { None } else { apart.await };
    while let Some(jobs) = app.writer.take(lane) {
        commit(&app, lane, jobs).await;
    }
}

/// Commits a batch. If the database refuses it as a whole, its changes are tried anew, so that only the bad one fails: those of the shared
/// lane thread by thread in lanes of their own, where whoever has to wait keeps nobody else waiting; others one by one.
async fn commit(app: &Arc<App>, lane: Lane, jobs: Vec<Box<dyn Queued>>) {
    let alone = jobs.len() == 1;
    let others_wait = lane == Lane::Shared && app.db.engine() == Engine::Postgres;
    let (jobs, result) = transact(app, jobs, others_wait).await;
    match result {
        Ok(batches) if others_wait => {
            let (done, locked) = jobs.into_iter().partition(|job| batches.contains_key(&job.thread_id()));
            settle(app, done, &batches);
            app.writer.set_apart(app, locked);
        }
        Ok(batches) => settle(app, jobs, &batches),
        Err(error) if others_wait && (error.is_contention() || matches!(error, Error::Internal(_))) => {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                error = source,
                changes = jobs.len(),
                "a batch failed; its changes are tried thread by thread"
            );
            app.writer.set_apart(app, jobs);
        }
        Err(Error::Internal(source)) if !alone => {
            tracing::warn!(error = %source, changes = jobs.len(), "a batch failed; its changes are tried one by one");
            for job in jobs {
                let (jobs, result) = transact(app, vec![job], false).await;
                match result {
                    Ok(batches) => settle(app, jobs, &batches),
                    Err(error) => jobs.into_iter().for_each(|job| job.fail(error.share())),
                }
            }
        }
        Err(error) => jobs.into_iter().for_each(|job| job.fail(error.share())),
    }
}

/// In the order in which they are locked and written.
type Batches = BTreeMap<ThreadId, Batch>;

/// One transaction over all threads that the jobs name. The jobs come back whatever happened.
async fn transact(
    app: &Arc<App>,
    jobs: Vec<Box<dyn Queued>>,
    others_wait: bool,
) -> (Vec<Box<dyn Queued>>, Result<Batches>) {
    histogram!("linnet_batch_size").record(jobs.len() as f64);
    // The jobs go into the transaction's own task and come back through a slot, since a failed task returns nothing.
    let slot = Arc::new(Mutex::new(jobs));
    let shared = slot.clone();
    let context = app.clone();
    let result = app.db.write(move |transaction| {
        Box::pin(async move {
            let mut jobs = std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner));
            let result = store::apply_all(&context, transaction, &mut jobs, others_wait).await;
            *shared.lock().unwrap_or_else(PoisonError::into_inner) = jobs;
            result
        })
    });
    let result = result.await;
    let jobs = std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
    (jobs, result)
}

/// Answers each job and hints at what moved.
fn settle(app: &App, jobs: Vec<Box<dyn Queued>>, batches: &Batches) {
    for (thread_id, batch) in batches {
        for user_id in batch.touched() {
            app.bus.publish(Hint::UserChanged(user_id, *thread_id));
        }
        if batch.moved() {
            app.bus.publish(Hint::ThreadAt(*thread_id, batch.thread.last_seq));
        }
    }
    for job in jobs {
        let last_seq = batches.get(&job.thread_id()).map(|batch| batch.thread.last_seq);
        job.settle(last_seq);
    }
}
