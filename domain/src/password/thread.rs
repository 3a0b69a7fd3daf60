//! Threads that hash: others that want to run go first, so that a flood of sign-ins costs nobody else, however few cores there are.

use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Does some work in a thread of its own and gives what came of it. A thread costs a thousandth of a hash, and its priority is for
/// good: one of a pool's would go on being slow with other people's work.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    let thread = std::thread::Builder::new().name("password".into());
    let spawned = thread.spawn(move || {
        go_last();
        // Whoever asked may have gone.
        let _ = done.send(work());
    });
    spawned.map_err(Error::unavailable)?;
    outcome.await.map_err(Error::internal)?
}

/// By how much a thread that hashes is nicer than others: it still has a tenth of a core that somebody else never lets go of, so that
/// people sign in on a busy machine, too.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Gives this thread a low priority. On Linux a thread has one of its own; elsewhere it would be the whole process's.
#[cfg(target_os = "linux")]
fn go_last() {
    // If it is refused, the hash takes its turn as any other thread.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

#[cfg(not(target_os = "linux"))]
fn go_last() {}
