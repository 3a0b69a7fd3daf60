//! Jobs: what is to be done beside requests, and is done though a node dies over it. Owns the table and who holds a job; what is
//! done is [`crate::work`]'s.
//!
//! A job is added in the transaction of what calls for it, so that there is neither without the other. A node that begins one has
//! it for half a minute and renews that while it works; a job whose node is gone is begun again when that time is over. So a job may
//! be done twice, in whole or in part, and handlers see to it that it does no harm: what they write, they write in transactions that
//! [`Running::hold`] lets through to one of them only. What must happen once and can't tell whether it did, ends its job in the very
//! transaction in which it happens ([`Running::complete`]).
//!
//! All times are the database's, since nodes share the jobs.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{JobId, MessageId, MintId, UserId};
use entity::job;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

pub mod failed;
mod hold;
mod part;
pub mod queue;
mod turn;
mod waiting;
mod worker;

pub use hold::Running;
pub(crate) use part::{give_way, next_size};
pub use queue::Queue;
pub(crate) use turn::Turn;
pub(crate) use waiting::{Waiting, add_all};
pub(crate) use worker::work;

use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::mail::Mail;
use crate::mint;

/// How often a job is begun before it is given up; with the pauses between, some three hours.
const ATTEMPTS: i32 = 14;

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
    /// Has a token made.
    Mint {
        /// What was asked for.
        mint_id: MintId,
    },
    /// Has the assistant answer a message.
    AnswerMessage {
        /// Which one.
        question_id: MessageId,
    },
    /// Removes what has expired.
    RemoveExpired {},
    /// Removes old lines of threads' logs.
    TrimLogs {},
    /// Moves messages to the archive, or back.
    MoveMessages {},
    /// Takes away files that no message carries.
    CollectUploads {},
    /// Deletes the messages that are older than their thread keeps them.
    DeleteOldMessages {},
    /// Puts messages into the search's index that were there before it was.
    IndexMessages {},
    /// Something that tests can count, and see to have been done once.
    #[cfg(feature = "test-control")]
    Count {
        /// Which one.
        number: i32,
        /// How long it takes.
        takes_ms: u64,
    },
}

impl Task {
    fn queue(&self) -> Queue {
        match self {
            Self::Mail(_) | Self::ProveEmail { .. } | Self::ResetPassword { .. } => Queue::Mail,
            Self::Mint { .. } => Queue::Mint,
            Self::AnswerMessage { .. } => Queue::Assistant,
            Self::ClearAccount { .. } | Self::RemoveExpired {} | Self::TrimLogs {} => Queue::Slow,
            Self::MoveMessages {} | Self::DeleteOldMessages {} | Self::CollectUploads {} => Queue::Slow,
            Self::IndexMessages {} => Queue::Slow,
            #[cfg(feature = "test-control")]
            Self::Count { .. } => Queue::Mail,
        }
    }

    /// Whose address is in it, if that is known.
    fn whose(&self) -> Option<UserId> {
        match self {
            Self::Mail(mail) => mail.user_id,
            Self::ProveEmail { user_id, .. } => Some(*user_id),
            Self::AnswerMessage { .. } => None,
            Self::ResetPassword { .. } | Self::ClearAccount { .. } | Self::Mint { .. } => None,
            Self::RemoveExpired {} | Self::TrimLogs {} => None,
            Self::MoveMessages {} | Self::DeleteOldMessages {} | Self::CollectUploads {} => None,
            Self::IndexMessages {} => None,
            #[cfg(feature = "test-control")]
            Self::Count { .. } => None,
        }
    }

    /// The id of its job: what there is one job for at a time has one of its own.
    fn job_id(&self, app: &App) -> JobId {
        match self {
            Self::Mint { mint_id } => mint::only(*mint_id),
            _ => app.clock.id(),
        }
    }

    /// As it is written in a row.
    fn write(&self) -> Result<Written> {
        let value = serde_json::to_value(self).map_err(Error::internal)?;
        serde_json::from_value(value).map_err(Error::internal)
    }

    /// Reads what a row says; nothing if this version does not know such a job.
    fn read(row: &job::Model) -> Option<Self> {
        Self::parse(&row.kind, &row.payload)
    }

    fn parse(kind: &str, payload: &serde_json::Value) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ "kind": kind, "payload": payload })).ok()
    }
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    payload: serde_json::Value,
}

/// What wakes the workers of one node.
#[derive(Default)]
pub(crate) struct Jobs([Arc<Notify>; Queue::ALL.len()]);

impl Jobs {
    fn added(&self, queue: Queue) -> &Arc<Notify> {
        &self.0[queue as usize]
    }
}

/// Tells the workers of all nodes, once the transaction at hand is committed, that there is something to do.
fn announce(app: &App, queue: Queue) {
    let bus = app.bus.clone();
    db::after_commit(move || bus.publish(Hint::JobsReady(queue.name().into())));
}

/// Wakes the workers of this node when the bus hints at something to do.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::JobsReady(name)) => {
                if let Some(queue) = Queue::named(&name) {
                    app.jobs.added(queue).notify_one();
                }
            }
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => app.jobs.0.iter().for_each(|added| added.notify_one()),
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Adds a job in the transaction of what calls for it. It is begun as soon as that is committed.
pub async fn add(app: &App, on: &DatabaseTransaction, task: &Task) -> Result<JobId> {
    let id = task.job_id(app);
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
    announce(app, queue);
    Ok(())
}

/// How long a job rests after an attempt that failed: longer each time, and not as long as others that failed with it (`fraction`
/// is a number in `0..1`), so that they don't all come back at once.
fn rest(attempts: i32, fraction: f64) -> Duration {
    let doubled = 1_u64 << attempts.clamp(1, 12);
    Duration::from_secs(doubled.min(3600)).mul_f64(0.75 + fraction / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_rests_longer_each_time_and_about_an_hour_at_the_most() {
        let rests = |fraction| (1..ATTEMPTS).map(move |attempts| rest(attempts, fraction).as_secs_f64());
        let (least, most): (Vec<_>, Vec<_>) = (rests(0.0).collect(), rests(1.0).collect());
        assert_eq!((&least[..3], &most[..3]), (&[1.5, 3.0, 6.0][..], &[2.5, 5.0, 10.0][..]));
        assert!(rests(0.5).is_sorted() && rests(1.0).all(|seconds| seconds <= 4500.0));
        assert_eq!((rests(0.5).sum::<f64>() / 3600.0) as u64, 3);
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
