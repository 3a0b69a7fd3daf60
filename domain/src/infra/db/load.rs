//! How busy the connections of a node are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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
#[derive(Default)]
pub(super) struct Wanted(Arc<AtomicU32>);

/// One of them, while it lasts.
pub(super) struct Want(Arc<AtomicU32>);

impl Wanted {
    pub(super) fn one_more(&self) -> Want {
        self.0.fetch_add(1, Ordering::Relaxed);
        Want(self.0.clone())
    }
}

impl Drop for Want {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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
        let wanted = self.wanted.0.load(Ordering::Relaxed);
        Load { in_use, idle, waiting: wanted.saturating_sub(in_use), most }
    }
}
