//! Long jobs are done in parts, with rests in between, so that requests hardly notice.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Value};

use super::Running;
use crate::app::App;
use crate::error::Result;

impl Running {
    /// Runs a statement in a transaction of its own, if the job is still held, and rests. Whether it found anything: most such
    /// statements take some of what there is, and are run until nothing is left.
    pub(crate) async fn part<const N: usize>(
        self,
        app: &App,
        sql: impl Into<String>,
        values: [Value; N],
    ) -> Result<bool> {
        let (begun, statement) = (Instant::now(), app.db.engine().sql(sql, values));
        let work = app.db.write(move |transaction| {
            Box::pin(async move {
                self.hold(transaction).await?;
                Ok(transaction.execute_raw(statement).await?.rows_affected() > 0)
            })
        });
        let found = work.await?;
        give_way(begun).await;
        Ok(found)
    }
}

/// Rests for three times as long as the last part took, so that whoever sends meanwhile hardly notices.
pub(crate) async fn give_way(begun: Instant) {
    tokio::time::sleep((begun.elapsed() * 3).min(Duration::from_secs(1))).await;
}

/// How long a part is meant to take that holds a lock others wait for.
const MEANT: Duration = Duration::from_millis(40);

/// How much the next such part does, by how long this one took: within its bounds, the least and the most.
pub(crate) fn next_size(size: i64, took: Duration, (least, most): (i64, i64)) -> i64 {
    let next = match took {
        long if long > MEANT => size / 2,
        short if short < MEANT / 4 => size * 2,
        _ => size,
    };
    next.clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_and_shrink_to_what_they_are_meant_to_take() {
        let next = |size, took| next_size(size, Duration::from_millis(took), (16, 8192));
        assert_eq!(next(256, 1), 512);
        assert_eq!(next(256, 30), 256);
        assert_eq!(next(256, 200), 128);
        assert_eq!(next(16, 9000), 16);
        assert_eq!(next(8192, 0), 8192);
    }
}
