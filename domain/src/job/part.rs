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
