//! A piece of work that holds SQLite's one lock for writing, and a pause after it.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::error::Result;
use crate::infra::db::{Db, count};
use crate::job::next_size;

/// Whoever waits for the lock asks again after a pause of its own, which grows with the time that it has waited: after 25 ms at the
/// most as long as that is not long, and never after more than 100 ms.
const PAUSES: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(120));
/// Pages of a slice, at the least and at the most.
const PAGES: (i64, i64) = (16, 8192);

/// Slices of work.
pub(super) struct Slices {
    /// Pages that the next one may move.
    pages: i64,
    /// Pages that the next one may merge.
    merged: i64,
    longest: Duration,
}

impl Slices {
    pub(super) fn new() -> Self {
        Self { pages: 256, merged: 64, longest: Duration::ZERO }
    }

    /// For how long somebody had to wait, at the most.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// Gives back pages that nothing is in, as many as fit into a slice.
    pub(super) async fn give_back(&mut self, db: &Db) -> Result<()> {
        let took = self.run(db, &format!("PRAGMA incremental_vacuum({})", self.pages)).await?;
        self.pages = next_size(self.pages, took, PAGES);
        Ok(())
    }

    /// Merges parts of the search's index, as much as fits into a slice; all that there are when it begins. Whether there is more to do.
    pub(super) async fn merge(&mut self, db: &Db, begins: bool) -> Result<bool> {
        let pages = if begins { -self.merged } else { self.merged };
        let sql = format!("INSERT INTO message_search_terms (message_search_terms, rank) VALUES ('merge', {pages})");
        let before = changes(db).await?;
        let took = self.run(db, &sql).await?;
        self.merged = next_size(self.merged, took, PAGES);
        // One change is the statement's own.
        Ok(changes(db).await? - before >= 2)
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

/// Changes that the connection that writes has made.
async fn changes(db: &Db) -> Result<i64> {
    count(&db.writer(), db.engine(), "SELECT total_changes()", []).await
}
