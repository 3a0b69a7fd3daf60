//! Threads that hash: others that want to run go first, so that a flood of sign-ins costs nobody else, however few cores there are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use crate::error::{Error, Result};

/// How long a hash may take on cores that have nothing else to do: many times what it takes there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does some work in a thread of its own and gives what came of it. A thread costs a thousandth of a hash, and its priority is for
/// good: one of a pool's would go on being slow with other people's work.
///
/// The work is for a core that has nothing else to do, which it leaves at once when there is: a thread that is merely nice is let run on for
/// some milliseconds, and whoever sends meanwhile notices. Where no core is idle for long enough, one that is merely nice does it once
/// more, and whoever is done first has done it. The one that waits for an idle core keeps its place in `idle` until it has found one;
/// as long as none is left, nobody else waits for one, so that people sign in on a busy machine, too.
pub(super) async fn run<T: Send + 'static>(
    idle: &Arc<Semaphore>,
    work: impl Fn() -> Result<T> + Send + Sync + 'static,
) -> Result<T> {
    let (done, mut outcome) = mpsc::channel(2);
    let work = Arc::new(work);
    if let Ok(place) = idle.clone().try_acquire_owned() {
        begin(Some(place), work.clone(), done.clone())?;
        if let Ok(Some(outcome)) = timeout(PATIENCE, outcome.recv()).await {
            return outcome;
        }
    }
    let late = begin(None, work, done);
    match outcome.recv().await {
        Some(outcome) => outcome,
        None => late.and(Err(Error::internal("a hash came to no end"))),
    }
}

/// Starts a thread that does the work: on an idle core, if it has a place for that.
fn begin<T: Send + 'static>(
    place: Option<OwnedSemaphorePermit>,
    work: Arc<impl Fn() -> Result<T> + Send + Sync + 'static>,
    done: mpsc::Sender<Result<T>>,
) -> Result<()> {
    let hash = move || {
        match place {
            Some(_) => go_last(),
            None => go_late(),
        }
        let outcome = work();
        // Before whoever asked goes on, and somebody else wants it.
        drop(place);
        // Whoever asked may have gone, or have it from the other thread.
        let _ = done.try_send(outcome);
    };
    std::thread::Builder::new().name("password".into()).spawn(hash).map(drop).map_err(Error::unavailable)
}

/// Lets this thread run where nobody else wants to. On Linux a thread has a priority of its own; elsewhere it would be the whole
/// process's. If it is refused, the hash takes its turn as any other thread.
#[cfg(target_os = "linux")]
fn go_last() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let when_idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, when_idle);
}

/// Gives this thread a low priority: it still has a tenth of a core that somebody else never lets go of.
#[cfg(target_os = "linux")]
fn go_late() {
    const NICE: i32 = 10;
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

#[cfg(not(target_os = "linux"))]
fn go_last() {}

#[cfg(not(target_os = "linux"))]
fn go_late() {}
