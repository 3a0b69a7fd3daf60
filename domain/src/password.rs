//! Passwords: argon2id, beside the requests, few at a time and after everything else, so that a flood of sign-ins costs nobody else.
//! Hashes that came from elsewhere ([`imported`]) take their part of the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub(crate) mod imported;
mod thread;

use crate::app::App;
use crate::error::{Error, Result};
use imported::{Cost, Imported};

/// Hashes that may wait; the next one is told to come again.
const WAITING: usize = 64;

/// How long one waits at the most before it is told so, too: where no core is free each takes many times what it takes elsewhere, and
/// people don't wait for a sign-in for half a minute.
const LONGEST: Duration = Duration::from_secs(10);

/// How long those who are told to come again are to wait: the first a second, each further one a little longer than the one before,
/// and then from the beginning, so that they don't all come at once.
const SPREAD: usize = 64;
const STEP: Duration = Duration::from_millis(50);

/// Hashes that run at once, of 19 MiB each: half of the cores, so that requests find one free whatever is hashed. As many again may
/// be waiting for a core on a machine that has none left ([`thread::run`]).
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

/// Hashes and verifies passwords.
pub(crate) struct Hasher {
    argon2: Argon2<'static>,
    permits: Arc<Semaphore>,
    /// Those of them that may wait for a core that has nothing else to do.
    idle: Arc<Semaphore>,
    waiting: AtomicUsize,
    refused: AtomicUsize,
    /// What an unknown login is verified against, so that it takes the same time as a wrong password.
    decoy: Arc<str>,
}

/// What came of comparing a password with an account's hash.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Whether it is the account's.
    pub(crate) matches: bool,
    /// The hash to keep of it from now on, if the account's was made elsewhere.
    pub(crate) anew: Option<String>,
}

/// Whether a password is that of an account's hash; takes as long when there is none.
pub(crate) async fn compare(app: &App, password: String, hash: Option<String>) -> Result<Verdict> {
    compare_at(app, app.hasher.place()?, password, hash).await
}

/// The same for who has a place already.
pub(crate) async fn compare_at(
    app: &App,
    place: Waiting<'_>,
    password: String,
    hash: Option<String>,
) -> Result<Verdict> {
    let left = imported::largest_cost(app).await?;
    app.hasher.verify(place, password, hash, left).await
}

/// A place among those who wait; given up when dropped, whatever happened to them.
pub(crate) struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hasher {
    /// With the parameters that OWASP recommends: 19 MiB, two passes, one lane.
    pub(crate) fn new() -> Result<Self> {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, "nobody has this password")?.into();
        Ok(Self {
            argon2,
            permits: Arc::new(Semaphore::new(at_once())),
            idle: Arc::new(Semaphore::new(at_once())),
            waiting: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            decoy,
        })
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(self.place()?, move || hash(&argon2, &password)).await
    }

    /// Whether a password is that of a hash. Takes as long when there is none, and when it is an imported one: whatever it is
    /// compared with, argon2 is done once, and bcrypt at the cost `left` if there is any left of it. For an imported one, argon2
    /// makes what is kept in its place.
    async fn verify(
        &self,
        place: Waiting<'_>,
        password: String,
        hash: Option<String>,
        left: Option<Cost>,
    ) -> Result<Verdict> {
        let (argon2, decoy) = (self.argon2.clone(), self.decoy.clone());
        let work = self.run(place, move || {
            let imported = hash.as_deref().map(Imported::read).and_then(Result::ok);
            if let Some(imported) = imported {
                let anew = self::hash(&argon2, &password)?;
                // One that came after the others were looked for may be the largest.
                return match imported.verify(&password, left)? {
                    true => Ok(Verdict { matches: true, anew: imported::is_whole(&password).then_some(anew) }),
                    false => Ok(Verdict::default()),
                };
            }
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(&decoy);
            let parsed = PasswordHash::new(hash).map_err(|error| Error::internal(error.to_string()))?;
            let matches = argon2.verify_password(password.as_bytes(), &parsed).is_ok();
            if let Some(cost) = left {
                imported::work(&password, cost);
            }
            Ok(Verdict { matches: matches && known, anew: None })
        });
        work.await
    }

    /// A place among those who wait. Taken before anything else is done for a sign-in, so that who has to come again costs little.
    pub(crate) fn place(&self) -> Result<Waiting<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Waiting(&self.waiting);
        if before < WAITING {
            return Ok(place);
        }
        Err(self.come_again())
    }

    fn come_again(&self) -> Error {
        let later = self.refused.fetch_add(1, Ordering::Relaxed) % SPREAD;
        Error::Unavailable {
            retry_after: Duration::from_secs(1) + STEP * u32::try_from(later).unwrap_or_default(),
            source: "too many passwords wait to be hashed".into(),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        place: Waiting<'_>,
        work: impl Fn() -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let turn = timeout(LONGEST, self.permits.clone().acquire_owned()).await;
        let permit = turn.map_err(|_| self.come_again())?.map_err(Error::internal)?;
        drop(place);
        let idle = self.idle.clone();
        // By a task of its own: the permit is held until the work is done, though whoever asked has gone.
        let task = tokio::spawn(async move {
            let _permit = permit;
            thread::run(&idle, work).await
        });
        task.await.map_err(Error::internal)?
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let hash = argon2.hash_password(password.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}
