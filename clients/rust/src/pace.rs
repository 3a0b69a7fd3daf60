//! When to try again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Error;

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Before the second attempt, at the most.
    pub first: Duration,
    /// However many have failed, at the most.
    pub most: Duration,
}

impl Default for Pace {
    /// From a quarter of a second to half a minute.
    fn default() -> Self {
        Self { first: Duration::from_millis(250), most: Duration::from_secs(30) }
    }
}

impl Pace {
    /// How long to wait after so many failures: twice as long each time, and a random part of it less, so that clients that were
    /// cut off together don't come back together.
    pub(crate) fn pause(self, failures: u32, at_least: Option<Duration>) -> Duration {
        let longest = self.most.min(self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))));
        at_least.unwrap_or_default() + longest.mul_f64(rand::random_range(0.5..1.0))
    }
}

/// The attempts at one thing.
pub(crate) struct Attempts {
    pace: Pace,
    most: Option<u32>,
    until: Option<Instant>,
    failed: u32,
}

impl Attempts {
    /// So many at the most.
    pub(crate) fn at_most(most: u32, pace: Pace) -> Self {
        Self { pace, most: Some(most), until: None, failed: 0 }
    }

    /// As many as there is time for.
    pub(crate) fn within(time: Duration, pace: Pace) -> Self {
        Self { pace, most: None, until: Some(Instant::now() + time), failed: 0 }
    }

    /// Waits until the next one after this failure, and gives it back: as an error, without waiting, if there is none.
    pub(crate) async fn next(&mut self, error: Error) -> Result<Error, Error> {
        self.failed += 1;
        let pause = self.pace.pause(self.failed, error.retry_after());
        let is_last = self.most.is_some_and(|most| self.failed >= most);
        let is_late = self.until.is_some_and(|until| Instant::now() + pause > until);
        if is_last || is_late || !error.is_transient() {
            return Err(error);
        }
        sleep(pause).await;
        Ok(error)
    }
}
