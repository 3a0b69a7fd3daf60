//! How often somebody may do something: by class, for each account and for each address. And how often somebody may try a
//! password: for each account it is tried at, and from each address, however many a request holds. An account has a bucket of
//! its own for each site where it has been signed in to, so that nobody is locked out by what others try elsewhere. And how many
//! mails anybody may have sent to an address, how often an account is exported, and how many files it puts here.
//!
//! Each node counts for itself. Buckets are told by governor; this module says which, and forgets those that are full again.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use entity::id::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Error, Result};

/// How often a minute; `linnet.default.toml` says of what.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Attempts at passwords, for an account and from an address.
    pub credentials: NonZeroU32,
    /// Changes by one account.
    pub writes: NonZeroU32,
    /// Queries of one account.
    pub reads: NonZeroU32,
    /// Signals of one account.
    pub signals: NonZeroU32,
    /// Mails to one address that anybody may ask for; an hour.
    pub mails: NonZeroU32,
    /// Exports of one account; an hour.
    pub exports: NonZeroU32,
    /// Files that one account puts here; an hour.
    pub uploads: NonZeroU32,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Asks.
    Reads,
    /// Changes something that lasts.
    Writes,
    /// Tells something that doesn't.
    Signals,
}

/// How much more one address may do than one account: many people share one.
const SHARED: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// Keys of one kind that are remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;
/// How often they are looked through at the most, in seconds.
const PAUSE: u64 = 5;

/// Buckets of one kind.
struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    /// As many as a bucket holds.
    burst: NonZeroU32,
    started: Instant,
    swept: AtomicU64,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        Self::of(Quota::per_minute(per_minute))
    }

    fn of(quota: Quota) -> Self {
        let (limiter, burst) = (RateLimiter::keyed(quota), quota.burst_size());
        Self { limiter, burst, started: Instant::now(), swept: AtomicU64::new(0) }
    }

    fn take(&self, key: &K, count: u32) -> Result<()> {
        self.sweep();
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN).min(self.burst);
        match self.limiter.check_key_n(key, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                Err(Error::RateLimited { retry_after: until.wait_time_from(DefaultClock::default().now()) })
            }
            // Never, as no more than a bucket holds is asked for.
            Err(_) => Err(Error::RateLimited { retry_after: Duration::from_secs(60) }),
        }
    }

    /// Forgets keys whose buckets are full again. Looking through all costs, so it is not done for every request.
    fn sweep(&self) {
        let now = self.started.elapsed().as_secs();
        let swept = self.swept.load(Ordering::Relaxed);
        let due = self.limiter.len() > REMEMBERED && now >= swept + PAUSE;
        if due && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.limiter.retain_recent();
        }
    }
}

/// Buckets of one class.
struct Pair {
    accounts: Buckets<UserId>,
    addresses: Buckets<IpAddr>,
}

impl Pair {
    fn new(per_minute: NonZeroU32) -> Self {
        Self { accounts: Buckets::new(per_minute), addresses: Buckets::new(per_minute.saturating_mul(SHARED)) }
    }

    fn take(&self, user_id: Option<UserId>, address: Option<IpAddr>, count: u32) -> Result<()> {
        if let Some(user_id) = user_id {
            self.accounts.take(&user_id, count)?;
        }
        address.map_or(Ok(()), |address| self.addresses.take(&site(address), count))
    }
}

/// What counts as one address: a site has a /64 of IPv6 at the least.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

/// At whose password somebody tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// An account's, by whoever is signed in to it, elsewhere than where they signed in.
    Account(UserId),
    /// An account's, from a site where it has been signed in to: whoever tries elsewhere does not lock its owner out there. Counted by
    /// account, so that whoever shares a site with somebody can tell that they sign in there, and by which name and address: neighbours
    /// are trusted that far, since else they could lock each other out.
    Familiar(UserId, IpAddr),
    /// Whoever's: a digest of the login that is tried from elsewhere, whether or not it names an account, and not which.
    Login(Vec<u8>),
}

/// Who asks for a mail to an address. What strangers ask for keeps nobody from asking for their own, nor from signing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asking {
    /// Anybody: the address is whose it is.
    Anybody,
    /// Somebody who gives it with an account that is made.
    Newcomer,
    /// The account that waits for it to be proved.
    Owner(UserId),
}

/// How many sign-ups an address may have looked at for each that it may have hashed: people try names that are taken.
const LOOKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

struct Limiting {
    targets: Buckets<Target>,
    attempts: Buckets<IpAddr>,
    looks: Buckets<IpAddr>,
    mails: Buckets<(Asking, Vec<u8>)>,
    owned: Buckets<Vec<u8>>,
    exports: Buckets<UserId>,
    uploads: Buckets<UserId>,
    challenges: Buckets<IpAddr>,
    writes: Pair,
    reads: Pair,
    signals: Pair,
}

/// The limits of one node; none when they are off.
pub(crate) struct Limits(Option<Box<Limiting>>);

impl Limits {
    pub(crate) fn new(rates: Option<Rates>) -> Self {
        Self(rates.map(|rates| {
            Box::new(Limiting {
                targets: Buckets::new(rates.credentials),
                attempts: Buckets::new(rates.credentials),
                looks: Buckets::new(rates.credentials.saturating_mul(LOOKS)),
                mails: Buckets::of(Quota::per_hour(rates.mails)),
                owned: Buckets::of(Quota::per_hour(rates.mails.saturating_mul(SHARED))),
                exports: Buckets::of(Quota::per_hour(rates.exports)),
                uploads: Buckets::of(Quota::per_hour(rates.uploads)),
                challenges: Buckets::new(rates.credentials),
                writes: Pair::new(rates.writes),
                reads: Pair::new(rates.reads),
                signals: Pair::new(rates.signals),
            })
        }))
    }

    /// Counts a password that is to be hashed, by the address that it comes from.
    pub(crate) fn password(&self, address: Option<IpAddr>) -> Result<()> {
        let (Some(limits), Some(address)) = (&self.0, address) else { return Ok(()) };
        limits.attempts.take(&site(address), 1)
    }

    /// Counts a message that a wallet is to sign, by the address that asks. What comes back signed is counted as a password.
    pub(crate) fn challenge(&self, address: Option<IpAddr>) -> Result<()> {
        let (Some(limits), Some(address)) = (&self.0, address) else { return Ok(()) };
        limits.challenges.take(&site(address), 1)
    }

    /// Counts a look at whether a name or an email is taken, by the address that asks.
    pub(crate) fn look(&self, address: Option<IpAddr>) -> Result<()> {
        let (Some(limits), Some(address)) = (&self.0, address) else { return Ok(()) };
        limits.looks.take(&site(address), 1)
    }

    /// Counts a mail that somebody asks for, by a digest of where it goes; whether or not there is somebody. Accounts that say an
    /// address is theirs are counted together, too: anybody may make many of them.
    pub(crate) fn mail(&self, asking: Asking, address: Vec<u8>) -> Result<()> {
        let Some(limits) = &self.0 else { return Ok(()) };
        if let Asking::Owner(_) = asking {
            limits.owned.take(&address, 1)?;
        }
        limits.mails.take(&(asking, address), 1)
    }

    /// Counts a change of an account's that it is not signed in for, but has shown what speaks for it.
    pub(crate) fn write(&self, user_id: UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |limits| limits.writes.accounts.take(&user_id, 1))
    }

    /// Counts an export of everything that an account has.
    pub(crate) fn export(&self, user_id: UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |limits| limits.exports.take(&user_id, 1))
    }

    /// Counts a file that an account is about to put here.
    pub(crate) fn upload(&self, user_id: UserId) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |limits| limits.uploads.take(&user_id, 1))
    }

    /// Counts an attempt at somebody's password, whether or not there is somebody.
    pub(crate) fn attempt(&self, target: &Target) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |limits| limits.targets.take(target, 1))
    }
}

/// Counts what the viewer is about to do, `count` times at once.
///
/// Errors: [`Error::RateLimited`] says when to come again; nothing of it should be done then.
pub fn charge(app: &App, viewer: &Viewer, address: Option<IpAddr>, class: Class, count: u32) -> Result<()> {
    let Some(limits) = &app.limits.0 else { return Ok(()) };
    let pair = match class {
        Class::Reads => &limits.reads,
        Class::Writes => &limits.writes,
        Class::Signals => &limits.signals,
    };
    pair.take(viewer.user_id(), address, count)
}

#[cfg(test)]
mod tests {
    use entity::id::TypedId;

    use super::*;

    fn rates(each: u32) -> Option<Rates> {
        let each = NonZeroU32::new(each)?;
        Some(Rates {
            credentials: each,
            writes: each,
            reads: each,
            signals: each,
            mails: each,
            exports: each,
            uploads: each,
        })
    }

    fn from(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    fn account(number: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn the_sixth_attempt_at_one_account_has_to_wait() {
        let limits = Limits::new(rates(5));
        let ann = Target::Account(account(1));
        assert!((0..5).all(|_| limits.attempt(&ann).is_ok()));
        assert!(matches!(limits.attempt(&ann), Err(Error::RateLimited { .. })));
        assert!(limits.attempt(&Target::Account(account(2))).is_ok());
        assert!(limits.attempt(&Target::Login(b"ann".to_vec())).is_ok());
        assert!((0..9).all(|_| Limits::new(None).attempt(&ann).is_ok()));
    }

    #[test]
    fn who_tries_elsewhere_locks_nobody_out_at_home() {
        let limits = Limits::new(rates(5));
        while limits.attempt(&Target::Account(account(1))).is_ok() {}
        let home = |from: &str| Target::Familiar(account(1), from.parse().unwrap());
        assert!((0..5).all(|_| limits.attempt(&home("192.0.2.1")).is_ok()));
        assert!(limits.attempt(&home("192.0.2.1")).is_err());
        assert!(limits.attempt(&home("192.0.2.2")).is_ok());
    }

    #[test]
    fn the_sixth_attempt_from_one_address_has_to_wait_whoever_it_is_at() {
        let limits = Limits::new(rates(5));
        let attempt = |address: &str| limits.password(from(address));
        assert!((0..5).all(|at| attempt(&format!("2001:db8::{at}")).is_ok()));
        assert!(attempt("2001:db8::ffff").is_err(), "a site is one address");
        assert!(attempt("2001:db8:0:1::1").is_ok(), "the next site is another");
        assert!(attempt("192.0.2.1").is_ok());
    }

    #[test]
    fn looks_are_counted_apart_and_four_times_as_many() {
        let limits = Limits::new(rates(5));
        assert!((0..20).all(|_| limits.look(from("192.0.2.1")).is_ok()));
        assert!(limits.look(from("192.0.2.1")).is_err());
        assert!(limits.look(from("192.0.2.2")).is_ok() && limits.password(from("192.0.2.1")).is_ok());
    }

    #[test]
    fn the_sixth_mail_to_an_address_has_to_wait_for_minutes() {
        let limits = Limits::new(rates(5));
        let mail = |asking, to: &[u8]| limits.mail(asking, to.to_vec());
        assert!((0..5).all(|_| mail(Asking::Anybody, b"ann").is_ok()));
        let refusal = mail(Asking::Anybody, b"ann");
        assert!(matches!(refusal, Err(Error::RateLimited { retry_after }) if retry_after > Duration::from_secs(600)));
        assert!(mail(Asking::Anybody, b"bob").is_ok());
        let owners = (2..).take_while(|&number| mail(Asking::Owner(account(number)), b"cat").is_ok());
        assert_eq!(owners.count(), 50, "however many accounts wait for it");
        assert!([Asking::Newcomer, Asking::Owner(account(1))].into_iter().all(|asking| mail(asking, b"ann").is_ok()));
    }

    #[test]
    fn many_may_share_an_address() {
        let pair = Pair::new(NonZeroU32::MIN);
        assert!((0..10).all(|_| pair.take(None, from("192.0.2.1"), 1).is_ok()));
        assert!(pair.take(None, from("::ffff:192.0.2.1"), 1).is_err());
        assert!(pair.take(None, None, 1).is_ok());
    }
}
