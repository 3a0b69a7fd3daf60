//! Threads that hash: others that want to run go first, so that a flood of sign-ins costs nobody else, however few cores there are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// How long it may take until a core is found that has nothing else to do: one that there is begins at once.
const PATIENCE: Duration = Duration::from_millis(20);

/// What is to be done, until a thread takes it.
type Offer = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Does some work in a thread of its own and gives what came of it. A thread costs a thousandth of a hash, and its priority is for
/// good: one of a pool's would go on being slow with other people's work.
///
/// The work is for a core that has nothing else to do, which it leaves at once when there is: a thread that is merely nice is let run on for
/// some milliseconds, and whoever sends meanwhile notices. Where no core is ever idle, one that is merely nice does it, so that people
/// sign in on a busy machine, too.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, mut outcome) = oneshot::channel();
    // Whoever asked may have gone.
    let work = move || drop(done.send(work()));
    let offer: Offer = Arc::new(Mutex::new(Some(Box::new(work))));
    begin(&offer, go_last)?;
    if let Ok(outcome) = timeout(PATIENCE, &mut outcome).await {
        return outcome.map_err(Error::internal)?;
    }
    if is_open(&offer) {
        begin(&offer, go_late)?;
    }
    outcome.await.map_err(Error::internal)?
}

/// Starts a thread that takes what is to be done, unless another was first.
fn begin(offer: &Offer, give_way: fn()) -> Result<()> {
    let offer = offer.clone();
    let take = move || {
        give_way();
        let work = offer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            work();
        }
    };
    std::thread::Builder::new().name("password".into()).spawn(take).map(drop).map_err(Error::unavailable)
}

fn is_open(offer: &Offer) -> bool {
    offer.lock().unwrap_or_else(PoisonError::into_inner).is_some()
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
