//! Time and randomness, both from one place, so that a test build can move the one and nothing else makes the other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Duration, SubsecRound, Utc};
use entity::Timestamp;
use entity::id::TypedId;
use rand::Rng;
use uuid::{ContextV7, Uuid};

/// The source of time, ids and secrets.
pub struct Clock {
    offset_micros: AtomicI64,
    /// Counts within a millisecond, so that ids made one after the other sort that way.
    sequence: Mutex<ContextV7>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { offset_micros: AtomicI64::new(0), sequence: Mutex::new(ContextV7::new()) }
    }
}

impl Clock {
    /// Now, in whole microseconds: what PostgreSQL can keep.
    pub fn now(&self) -> Timestamp {
        self.moved(Utc::now()).trunc_subsecs(6)
    }

    /// The time that another clock tells, such as the database's, moved as this one is.
    pub fn moved(&self, at: Timestamp) -> Timestamp {
        at + Duration::microseconds(self.offset_micros.load(Ordering::Relaxed))
    }

    /// Moves the clock; only a test build has a way to ask for it.
    pub fn advance(&self, by: Duration) {
        self.offset_micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }

    /// A new id; ids made later sort later.
    pub fn id<I: TypedId>(&self) -> I {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let timestamp = uuid::Timestamp::from_unix(&self.sequence, seconds, now.timestamp_subsec_nanos());
        I::from_uuid(Uuid::new_v7(timestamp))
    }

    /// 256 random bits from the operating system's generator.
    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        bytes
    }

    /// So many random letters and digits, none of which is taken for another: five bits each, at most 32 of them.
    pub fn code(&self, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        self.secret().iter().take(length).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
    }

    /// A number in `0..1`, for jitter.
    pub fn fraction(&self) -> f64 {
        f64::from(rand::rng().next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}
