//! Waiting: always for a condition, never for a time, and never for ever.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up. Generous: it is there to end a test that hangs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for `future`, and fails the test with `what` if it does not come before the deadline.
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {DEADLINE:?} for {what}, and it did not come"),
    }
}

/// Asks `look` again and again until it gives something, and fails the test with `what` after the deadline.
pub async fn eventually<T, F: AsyncFnMut() -> Option<T>>(what: &str, mut look: F) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "looked {DEADLINE:?} for {what}, and it did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
