//! How often somebody may try: attempts at one account's password, whoever makes them and however many a request holds.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Error, Result};

/// Attempts at one account's password a minute.
const ATTEMPTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
/// Accounts remembered before those that are at rest again are forgotten.
const REMEMBERED: usize = 10_000;

/// The limits of one node; none when they are off.
pub(crate) struct Limits {
    logins: Option<DefaultKeyedRateLimiter<Vec<u8>>>,
}

impl Limits {
    pub(crate) fn new(on: bool) -> Self {
        Self { logins: on.then(|| RateLimiter::keyed(Quota::per_minute(ATTEMPTS))) }
    }

    /// Counts an attempt at the account that a login names, by a digest of it, whether or not there is one.
    pub(crate) fn attempt(&self, login_digest: Vec<u8>) -> Result<()> {
        let Some(logins) = &self.logins else { return Ok(()) };
        if logins.len() > REMEMBERED {
            logins.retain_recent();
        }
        logins.check_key(&login_digest).map_err(|until| {
            let retry_after = until.wait_time_from(DefaultClock::default().now());
            Error::RateLimited { retry_after }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_at_one_account_has_to_wait() {
        let limits = Limits::new(true);
        let attempt = || limits.attempt(b"ann".to_vec());
        assert!((0..5).all(|_| attempt().is_ok()));
        assert!(matches!(attempt(), Err(Error::RateLimited { .. })));
        assert!(limits.attempt(b"bob".to_vec()).is_ok());
        assert!((0..9).all(|_| Limits::new(false).attempt(b"ann".to_vec()).is_ok()));
    }
}
