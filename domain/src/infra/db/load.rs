//! How busy the connections of a node are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{Db, Engine};

/// How busy the connections of a node are.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections that work.
    pub in_use: u32,
    /// Connections that rest.
    pub idle: u32,
    /// Statements and transactions that wait for one.
    pub waiting: u32,
    /// Connections at the most.
    pub most: u32,
}

/// How many statements and transactions have a connection or wait for one.
#[derive(Clone, Default)]
pub(super) struct Wanted(Arc<Counts>);

#[derive(Default)]
struct Counts {
    now: AtomicU32,
    ever: AtomicU64,
}

/// One of them, while it lasts.
pub(super) struct Want(Wanted);

impl Wanted {
    pub(super) fn one_more(&self) -> Want {
        self.0.now.fetch_add(1, Ordering::Relaxed);
        self.0.ever.fetch_add(1, Ordering::Relaxed);
        Want(self.clone())
    }

    /// How many there are.
    fn now(&self) -> u32 {
        self.0.now.load(Ordering::Relaxed)
    }

    /// How many there were, those that are among them.
    pub(super) fn ever(&self) -> u64 {
        self.0.ever.load(Ordering::Relaxed)
    }
}

impl Drop for Want {
    fn drop(&mut self) {
        self.0.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Db {
    /// How busy the connections are.
    pub fn load(&self) -> Load {
        let (mut in_use, mut idle) = (0, 0);
        let mut count = |size: u32, resting: usize| {
            let resting = u32::try_from(resting).unwrap_or(size).min(size);
            in_use += size - resting;
            idle += resting;
        };
        match self.engine {
            Engine::Sqlite => {
                for connection in [&self.writer(), &self.reader] {
                    let pool = connection.get_sqlite_connection_pool();
                    count(pool.size(), pool.num_idle());
                }
            }
            Engine::Postgres => {
                let pool = self.reader.get_postgres_connection_pool();
                count(pool.size(), pool.num_idle());
            }
        }
        let most = match self.engine {
            Engine::Sqlite => 1 + super::readers(&self.options),
            Engine::Postgres => self.options.max_connections,
        };
        Load { in_use, idle, waiting: self.wanted.now().saturating_sub(in_use), most }
    }
}
