//! Jobs that are added together, or once more.

use entity::failed_job;
use entity::id::{BatchId, JobId, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};

use super::{Queue, Task, Written, announce};
use crate::app::App;
use crate::error::Result;
use crate::infra::db;
use crate::infra::keys::{Column, Key};

/// Rows that one statement takes.
const AT_ONCE: usize = 1000;

/// A job that is to be added, as a row has it: whether this version knows what it does is not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(super) id: JobId,
    pub(super) queue: String,
    pub(super) kind: String,
    pub(super) payload: serde_json::Value,
    pub(super) user_id: Option<UserId>,
    #[serde(skip)]
    pub(super) batch_id: Option<BatchId>,
}

impl Waiting {
    /// A new job.
    pub(crate) fn new(app: &App, task: &Task) -> Result<Self> {
        let Written { kind, payload } = task.write()?;
        let (queue, user_id) = (task.queue().name().into(), task.whose());
        Ok(Self { id: task.job_id(app), queue, kind, payload, user_id, batch_id: None })
    }

    /// One that was given up, once more.
    pub(super) fn again(row: failed_job::Model) -> Self {
        let failed_job::Model { uuid: id, queue, kind, payload, user_id, batch_id, .. } = row;
        Self { id, queue, kind, payload, user_id, batch_id }
    }

    /// The same as one of no batch.
    pub(super) fn of_none(mut self) -> Self {
        self.batch_id = None;
        self
    }

    /// The same as one of a batch.
    pub(crate) fn of(mut self, batch_id: BatchId) -> Self {
        self.batch_id = Some(batch_id);
        self
    }
}

/// Adds jobs in the transaction of what calls for them; says how many: one that is there already is not added once more.
pub(crate) async fn add_all(app: &App, on: &DatabaseTransaction, jobs: Vec<Waiting>) -> Result<u64> {
    const COLUMNS: [(&str, Column); 6] = [
        ("id", Column::Id),
        ("queue", Column::Text),
        ("kind", Column::Text),
        ("payload", Column::Text),
        ("user_id", Column::Id),
        ("batch_id", Column::Id),
    ];
    let engine = app.db.engine();
    let now = db::stamp(on, engine).await?;
    let sql = format!(
        "WITH {} INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at, user_id, batch_id) \
         SELECT w.id, w.queue, w.kind, {}, 0, $2, $2, w.user_id, w.batch_id FROM want w WHERE TRUE \
         ON CONFLICT (id) DO NOTHING",
        engine.want(&COLUMNS, 1),
        engine.json("w.payload"),
    );
    for queue in Queue::ALL {
        if jobs.iter().any(|job| job.queue == queue.name()) {
            announce(app, queue);
        }
    }
    let mut added = 0;
    for some in jobs.chunks(AT_ONCE) {
        let rows = some.iter().map(|job| {
            let Waiting { id, queue, kind, payload, user_id, batch_id } = job;
            [
                (*id).into(),
                Key::Text(queue.clone()),
                Key::Text(kind.clone()),
                Key::Text(payload.to_string()),
                Key::of(*user_id),
                Key::of(*batch_id),
            ]
        });
        let values = [engine.keys(&COLUMNS, rows), now.into()];
        added += on.execute_raw(engine.sql(sql.as_str(), values)).await?.rows_affected();
    }
    Ok(added)
}
