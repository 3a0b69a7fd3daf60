//! A piece of work that holds SQLite's one lock for writing, and a pause after it.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::error::Result;
use crate::infra::db::Db;

/// How long a slice is meant to take.
const MEANT: Duration = Duration::from_millis(40);
/// Whoever waits for the lock asks again after a pause of its own, which grows with the time that it has waited: after 25 ms at the
/// most as long as that is not long, and never after more than 100 ms.
const PAUSES: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(120));
/// Pages of a slice, at the least and at the most.
const PAGES: (i64, i64) = (16, 8192);

/// Slices of work.
pub(super) struct Slices {
    /// Pages that the next one may move.
    pages: i64,
    longest: Duration,
}

impl Slices {
    pub(super) fn new() -> Self {
        Self { pages: 256, longest: Duration::ZERO }
    }

    /// For how long somebody had to wait, at the most.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// Gives back pages that nothing is in, as many as fit into a slice.
    pub(super) async fn give_back(&mut self, db: &Db) -> Result<()> {
        let took = self.run(db, &format!("PRAGMA incremental_vacuum({})", self.pages)).await?;
        self.pages = next(self.pages, took);
        Ok(())
    }

    /// Runs one statement, and lets others come before the next.
    pub(super) async fn run(&mut self, db: &Db, sql: &str) -> Result<Duration> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = db.writer().begin_with_options(options).await?;
        let begun = Instant::now();
        transaction.execute_unprepared(sql).await?;
        transaction.commit().await?;
        let took = begun.elapsed();
        self.longest = self.longest.max(took);
        tokio::time::sleep(took.clamp(PAUSES.0, PAUSES.1)).await;
        Ok(took)
    }
}

/// How many pages the next slice may move, by how long this one took.
fn next(pages: i64, took: Duration) -> i64 {
    let next = match took {
        long if long > MEANT => pages / 2,
        short if short < MEANT / 4 => pages * 2,
        _ => pages,
    };
    next.clamp(PAGES.0, PAGES.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_grow_and_shrink_to_what_they_are_meant_to_take() {
        assert_eq!(next(256, Duration::from_millis(1)), 512);
        assert_eq!(next(256, Duration::from_millis(30)), 256);
        assert_eq!(next(256, Duration::from_millis(200)), 128);
        assert_eq!(next(16, Duration::from_secs(9)), 16);
        assert_eq!(next(8192, Duration::ZERO), 8192);
    }
}
