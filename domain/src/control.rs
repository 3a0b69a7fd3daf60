//! What a test build lets tests do with jobs and the cache. No other build has this file in it.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;

use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::job::{Running, Task};
use crate::{batch, cache};

/// The job of tests: a row in a table that the test has made, once for each number, after a while. Numbers below zero can't be
/// counted.
pub(crate) async fn count(app: &Arc<App>, held: Running, number: i32, takes_ms: u64) -> Result<()> {
    tokio::time::sleep(Duration::from_millis(takes_ms)).await;
    if number < 0 {
        return Err(Error::refuse(Code::Invalid, "number", "It is below zero, says ann@example.org."));
    }
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "INSERT INTO test_counts (number) VALUES ($1)";
            transaction.execute_raw(context.db.engine().sql(sql, [number.into()])).await?;
            held.complete(&context, transaction).await
        })
    });
    work.await
}

/// Begins a batch of jobs that count these numbers, and one at its end.
pub async fn begin(app: &Arc<App>, numbers: Vec<i32>, then: Option<i32>, takes_ms: u64) -> Result<batch::Model> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let task = |number| Task::Count { number, takes_ms };
            let (tasks, then): (Vec<_>, _) = (numbers.into_iter().map(task).collect(), then.map(task));
            let draft = batch::Draft { id: context.clock.id(), name: "count", tasks: &tasks, then };
            batch::begin(&context, transaction, draft).await
        })
    });
    work.await
}

/// Remembers under a key what takes a while to find out; finding out is a row in the table of the test.
pub async fn remember(app: &Arc<App>, key: &str, lifetime: Duration, takes: Duration, value: i32) -> Result<i32> {
    let context = app.clone();
    let find_out = async move || {
        tokio::time::sleep(takes).await;
        if value < 0 {
            return Err(Error::unavailable("it could not be found out"));
        }
        let engine = context.db.engine();
        let work = context.db.write(move |transaction| {
            Box::pin(async move {
                let sql = "INSERT INTO test_counts (number) VALUES ($1)";
                transaction.execute_raw(engine.sql(sql, [value.into()])).await?;
                Ok(value)
            })
        });
        work.await
    };
    cache::remember(app, key, lifetime, find_out).await
}
