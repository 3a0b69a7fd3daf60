//! Jobs: what is to be done beside requests, and is done though a node dies over it. Owns the table and who holds a job; what is
//! done is [`crate::work`]'s.
//!
//! A job is added in the transaction of what calls for it, so that there is neither without the other. A node that begins one has
//! it for half a minute and renews that while it works; a job whose node is gone is begun again when that time is over. So a job may
//! be done twice, in whole or in part, and handlers see to it that it does no harm: what they write, they write in transactions that
//! [`Running::hold`] lets through to one of them only.
//!
//! All times are the database's, since nodes share the jobs.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{JobId, UserId};
use entity::job;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

mod hold;
mod part;
mod worker;

pub use hold::Running;
pub(crate) use part::give_way;
pub(crate) use worker::work;

use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::db;
use crate::mail::Mail;

/// How often a job is begun before it is given up; with the pauses between, some three hours.
const ATTEMPTS: i32 = 14;

/// What waits together, so that it waits for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Mails.
    Mail,
    /// What takes long and hurries nobody: one after the other, so that requests hardly notice.
    Slow,
}

impl Queue {
    /// All of them.
    const ALL: [Self; 2] = [Self::Mail, Self::Slow];

    fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Slow => "slow",
        }
    }

    /// How many jobs of it one node does at once.
    fn lanes(self) -> usize {
        match self {
            Self::Mail => 4,
            Self::Slow => 1,
        }
    }
}

/// What is to be done, with what. Written as its kind and its payload, which newer versions must be able to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Task {
    /// Sends a mail that has no secrets in it.
    Mail(Mail),
    /// Sends what proves an email address.
    ProveEmail {
        /// Whose it is to be.
        user_id: UserId,
        /// The address.
        email: String,
    },
    /// Sends what sets a password anew, if there is somebody with this address.
    ResetPassword {
        /// The address, normalised.
        email: String,
    },
    /// Takes out what is left of a deleted account.
    ClearAccount {
        /// Which one.
        user_id: UserId,
    },
    /// Removes what has expired.
    RemoveExpired {},
}

impl Task {
    fn queue(&self) -> Queue {
        match self {
            Self::Mail(_) | Self::ProveEmail { .. } | Self::ResetPassword { .. } => Queue::Mail,
            Self::ClearAccount { .. } | Self::RemoveExpired {} => Queue::Slow,
        }
    }

    /// Whose address is in it, if that is known.
    fn whose(&self) -> Option<UserId> {
        match self {
            Self::Mail(mail) => mail.user_id,
            Self::ProveEmail { user_id, .. } => Some(*user_id),
            Self::ResetPassword { .. } | Self::ClearAccount { .. } | Self::RemoveExpired {} => None,
        }
    }

    /// As it is written in a row.
    fn write(&self) -> Result<Written> {
        let value = serde_json::to_value(self).map_err(Error::internal)?;
        serde_json::from_value(value).map_err(Error::internal)
    }

    /// Reads what a row says; nothing if this version does not know such a job.
    fn read(row: &job::Model) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ "kind": row.kind, "payload": row.payload })).ok()
    }
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    payload: serde_json::Value,
}

/// What wakes the workers of one node.
#[derive(Default)]
pub(crate) struct Jobs {
    mail: Arc<Notify>,
    slow: Arc<Notify>,
}

impl Jobs {
    fn added(&self, queue: Queue) -> &Arc<Notify> {
        match queue {
            Queue::Mail => &self.mail,
            Queue::Slow => &self.slow,
        }
    }
}

/// Adds a job in the transaction of what calls for it. It is begun as soon as that is committed.
pub async fn add(app: &App, on: &DatabaseTransaction, task: &Task) -> Result<JobId> {
    let id = app.clock.id();
    add_once(app, on, id, task).await?;
    Ok(id)
}

/// The same under an id that is given, so that there is no other job of this id at a time: nothing if there is one, waiting or begun.
pub async fn add_once(app: &App, on: &DatabaseTransaction, id: JobId, task: &Task) -> Result<()> {
    let engine = app.db.engine();
    let (queue, Written { kind, payload }) = (task.queue(), task.write()?);
    let now = db::stamp(on, engine).await?;
    let sql = "INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at, user_id) \
               VALUES ($1, $2, $3, $4, 0, $5, $5, $6) ON CONFLICT (id) DO NOTHING";
    let values = [id.into(), queue.name().into(), kind.into(), payload.into(), now.into(), task.whose().into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    let added = app.jobs.added(queue).clone();
    db::after_commit(move || added.notify_one());
    Ok(())
}

/// How long a job rests after an attempt that failed.
fn rest(attempts: i32) -> Duration {
    let doubled = 1_u64 << attempts.clamp(1, 12);
    Duration::from_secs(doubled.min(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_rests_longer_each_time_and_an_hour_at_the_most() {
        let rests: Vec<u64> = (1..ATTEMPTS).map(|attempts| rest(attempts).as_secs()).collect();
        assert_eq!(rests[..3], [2, 4, 8]);
        assert!(rests.is_sorted() && rests.iter().all(|&seconds| seconds <= 3600));
        let hours = rests.iter().sum::<u64>() / 3600;
        assert_eq!(hours, 3);
    }

    #[test]
    fn what_is_to_be_done_is_read_as_it_was_written() {
        let mail = Mail { user_id: None, to: "ann@example.org".into(), subject: "Hello".into(), text: "Ann".into() };
        let task = Task::Mail(mail);
        let Written { kind, payload } = task.write().expect("it can be written");
        assert_eq!((kind.as_str(), &payload["to"]), ("mail", &serde_json::json!("ann@example.org")));
        let Written { kind, payload } = Task::RemoveExpired {}.write().expect("it can be written");
        assert_eq!((kind.as_str(), payload), ("remove_expired", serde_json::json!({})));
    }
}
