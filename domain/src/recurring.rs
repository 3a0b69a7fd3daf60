//! Work that comes back: which, how often, and that one node asks for it at a time.
//!
//! Each node looks now and then whether it is time. Who takes the work's lock adds its job in the same transaction, and leaves the
//! lock: until its time is over nobody asks again. So of all nodes one asks in each period, and if it dies over that, the lock has
//! not been taken.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{JobId, TypedId};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::job::{self, Task};
use crate::{archive, event, expiry, lock, message};

/// How often a node looks, at the most a half more or less.
const LOOK: Duration = Duration::from_secs(600);

/// Work that comes back.
pub(crate) struct Recurring {
    /// The name of its lock.
    pub(crate) name: &'static str,
    /// How much time is between two beginnings, at the least.
    pub(crate) every: Duration,
    /// The last part of its job's id: there is one such job at a time, whichever node asks for it.
    pub(crate) number: u16,
    /// What is to be done; nothing if the operator wants none of it.
    pub(crate) task: fn(&App) -> Option<Task>,
}

impl Recurring {
    fn id(&self) -> JobId {
        JobId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | u128::from(self.number)))
    }
}

/// All of it, each with a number of its own.
const ALL: [Recurring; 4] = [expiry::RECURRING, event::RECURRING, archive::RECURRING, message::RECURRING];

/// Looks now and then, for as long as the application runs.
pub(crate) async fn watch(app: Arc<App>) {
    loop {
        // Nodes start together; they need not look together.
        tokio::time::sleep(LOOK.mul_f64(0.5 + app.clock.fraction())).await;
        look(&app).await;
    }
}

/// Asks for what it is time for.
pub async fn look(app: &Arc<App>) {
    for recurring in &ALL {
        if let Err(error) = ask_in_turn(app, recurring).await {
            tracing::warn!(name = recurring.name, ?error, "recurring work was not asked for");
        }
    }
}

async fn ask_in_turn(app: &Arc<App>, recurring: &'static Recurring) -> Result<()> {
    let Some(task) = (recurring.task)(app) else { return Ok(()) };
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let key = format!("recurring:{}", recurring.name);
            if lock::claim(&context, transaction, &key, recurring.every).await? {
                job::add_once(&context, transaction, recurring.id(), &task).await?;
            }
            Ok(())
        })
    });
    work.await
}

/// Asks for it now, unless it was asked for and is not done yet.
pub(crate) async fn ask(app: &Arc<App>, recurring: &'static Recurring) -> Result<()> {
    let Some(task) = (recurring.task)(app) else { return Ok(()) };
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move { job::add_once(&context, transaction, recurring.id(), &task).await })
    });
    work.await
}
