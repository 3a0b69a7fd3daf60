//! Lets connections go that nobody has needed for a while.
//!
//! sqlx would do that by itself. But a connection that is given back while another is taken can make it count the ones that rest as some
//! 2⁶⁴ (transact-rs/sqlx#3645), and going through them keeps a core busy for good, and the process from ending. So its pools are told of no
//! such times, and it is done here, with a count that can't be wrong.

use std::time::Duration;

use sea_orm::{DatabaseConnection, sqlx};
use tokio_util::task::AbortOnDropHandle;

use super::Engine;
use super::load::Wanted;

/// After how long a connection to PostgreSQL is closed when it is given back, which keeps small what it remembers there.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// A connection is let rest for this long, whatever the settings say.
const SHORTEST_REST: Duration = Duration::from_secs(1);

/// Closes connections of a pool that have rested for so long, until this is dropped. One is kept.
pub(super) fn let_go(
    engine: Engine,
    connections: &DatabaseConnection,
    wanted: Wanted,
    after: Duration,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(match engine {
        Engine::Sqlite => tokio::spawn(watch(connections.get_sqlite_connection_pool().clone(), wanted, after)),
        Engine::Postgres => tokio::spawn(watch(connections.get_postgres_connection_pool().clone(), wanted, after)),
    })
}

async fn watch<D: sqlx::Database>(pool: sqlx::Pool<D>, wanted: Wanted, after: Duration) {
    let mut before = wanted.ever();
    loop {
        tokio::time::sleep(after.max(SHORTEST_REST)).await;
        let now = wanted.ever();
        for _ in 0..rested(pool.size(), now - before) {
            // They are taken in turn, so those that have rested are the next.
            let Some(connection) = pool.try_acquire() else { break };
            // One that can't be closed is gone, too.
            let _ = connection.close().await;
        }
        before = now;
    }
}

/// How many of a pool's connections nobody can have used, if one was wanted so many times.
fn rested(size: u32, uses: u64) -> u64 {
    u64::from(size).saturating_sub(uses.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::db::{Db, Options};

    #[tokio::test]
    async fn pools_are_told_of_no_time_after_which_they_look() {
        let (max_connections, second) = (2, Duration::from_secs(1));
        let url = "sqlite::memory:".to_owned();
        let options = Options { url, max_connections, acquire_timeout: second, idle_timeout: second };
        let db = Db::connect(&options).await.expect("a database in memory opens");
        for connection in [&db.writer(), &db.reader] {
            let told = connection.get_sqlite_connection_pool().options();
            assert_eq!((told.get_idle_timeout(), told.get_max_lifetime()), (None, None));
        }
    }

    #[test]
    fn one_stays_and_so_do_those_that_were_used() {
        assert_eq!(rested(20, 0), 19);
        assert_eq!(rested(20, 5), 15);
        assert_eq!(rested(20, 20), 0);
        assert_eq!(rested(1, 0), 0);
        assert_eq!(rested(3, 1_000_000), 0);
    }
}
