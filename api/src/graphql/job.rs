//! Jobs, as administrators see them: how queues stand, and what was given up.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::access::Administrator;
use domain::job::{failed, queue};
use domain::page::Page;
use entity::failed_job;
use entity::id::FailedJobId;

use super::batch::JobBatch;
use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, viewer};
use super::session::client;
use super::{fault, id};

/// What waits together, so that it waits for nothing else. May grow.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "queue::Queue")]
pub(crate) enum JobQueueName {
    /// Mails.
    Mail,
    /// Tokens that are to be minted.
    Mint,
    /// What takes long and hurries nobody.
    Slow,
    /// Answers of the assistant.
    Assistant,
}

/// How a queue of jobs stands, a moment ago.
#[derive(SimpleObject)]
pub(crate) struct JobQueue {
    /// Which one.
    queue: JobQueueName,
    /// Jobs that nobody has begun, and those that rest after they failed; 10,000 if there are more.
    waiting: i32,
    /// Jobs that run now.
    running: i32,
    /// Jobs that were given up; 10,000 if there are more.
    failed: i32,
}

/// A job that was given up: it can never be done, or failed again and again for three hours. What it was to do is not shown, since it
/// may be somebody's address.
#[derive(Clone)]
pub(crate) struct FailedJob(failed_job::Model);

connection!(FailedJobConnection, FailedJobEdge, FailedJob, "jobs that were given up");

/// A job that was given up: it can never be done, or failed again and again for three hours. What it was to do is not shown, since it
/// may be somebody's address.
#[Object]
impl FailedJob {
    /// Its id: `fjb_…`. Another one each time that it is given up.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The queue that it was in. Null if this version has no such queue.
    async fn queue(&self) -> Option<JobQueueName> {
        queue::Queue::named(&self.0.queue).map(JobQueueName::from)
    }

    /// What kind of job it is, such as `prove_email`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// How often it was begun.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// Why the last attempt failed, in words for whoever runs the server; without addresses and secrets.
    async fn error(&self) -> &str {
        &self.0.exception
    }

    /// The id of the batch that it is of; the batch may be gone.
    async fn batch_id(&self) -> Option<ID> {
        self.0.batch_id.map(|id| id.to_string().into())
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was given up.
    async fn failed_at(&self) -> DateTime {
        self.0.failed_at.into()
    }
}

impl FailedJobConnection {
    fn listed(page: Page<failed_job::Model>) -> Self {
        Self::of(page.map(|row| (List::FailedJobs.cursor(&row.id.to_string()), FailedJob(row))))
    }
}

/// What administrators see of jobs.
pub(crate) struct JobAdministration {
    pub(crate) proof: Administrator,
    pub(crate) scope: Scope,
}

#[Object]
impl JobAdministration {
    /// How the queues of jobs stand. The numbers are up to two seconds old.
    async fn job_queues(&self) -> Required<Vec<JobQueue>> {
        Required::of(async {
            let states = queue::states(self.scope.app(), &self.proof).await.map_err(fault)?;
            let shown = |state: queue::State| {
                let queue = queue::Queue::named(&state.name)?.into();
                let (waiting, running, failed) = (int(state.waiting), int(state.running), int(state.failed));
                Some(JobQueue { queue, waiting, running, failed })
            };
            // Another version may have counted queues that this one does not know.
            Ok(states.into_iter().filter_map(shown).collect())
        })
        .await
    }

    /// Jobs that were given up, the latest first. `failedJobRetry` begins one anew, `failedJobForget` forgets it.
    async fn failed_jobs(
        &self,
        #[graphql(desc = "Those of one queue only.")] queue: Option<JobQueueName>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<FailedJobConnection> {
        Required::of(async {
            let window = List::FailedJobs.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let queue = queue.map(queue::Queue::from);
            let page = failed::list(self.scope.app(), &self.proof, queue, &window).await.map_err(fault)?;
            Ok(FailedJobConnection::listed(page))
        })
        .await
    }
}

/// Which job to begin anew.
#[derive(InputObject)]
pub(crate) struct FailedJobRetryInput {
    /// Its id as one that was given up: `fjb_…`.
    id: ID,
}

/// The outcome of failedJobRetry.
#[derive(SimpleObject)]
pub(crate) struct FailedJobRetryPayload {
    /// The id of what is no longer given up.
    retried_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which jobs to begin anew.
#[derive(InputObject)]
pub(crate) struct FailedJobRetryAllInput {
    /// Those of one queue; without it, of all.
    queue: Option<JobQueueName>,
}

/// The outcome of failedJobRetryAll.
#[derive(SimpleObject)]
pub(crate) struct FailedJobRetryAllPayload {
    /// How many were begun anew. Null when the input was wrong.
    retried_count: Option<i32>,
    /// Those of them that were of no batch, as one: watch it with `jobBatchProgress`. Null if there were none.
    batch: Option<JobBatch>,
    /// Whether there may be more: ask once more. Null when the input was wrong.
    has_more: Option<bool>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which job to forget.
#[derive(InputObject)]
pub(crate) struct FailedJobForgetInput {
    /// Its id as one that was given up: `fjb_…`.
    id: ID,
}

/// The outcome of failedJobForget.
#[derive(SimpleObject)]
pub(crate) struct FailedJobForgetPayload {
    /// The id of what is forgotten.
    forgotten_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct JobMutation;

#[Object]
impl JobMutation {
    /// Begins a job anew that was given up, as if it had just been asked for; in its batch, if it is of one. For administrators.
    async fn failed_job_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: FailedJobRetryInput,
    ) -> Result<FailedJobRetryPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: FailedJobId = id::parse("id", &input.id)?;
            failed::retry(scope.app(), &client(ctx), who, id).await?;
            Ok(input.id)
        };
        let (retried_id, errors) = settle(outcome.await)?;
        Ok(FailedJobRetryPayload { retried_id, errors })
    }

    /// Begins all jobs anew that were given up and can be, up to a thousand, the first of them first: those of a batch in it, the
    /// others together as a new batch. For administrators.
    async fn failed_job_retry_all(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which jobs.")] input: FailedJobRetryAllInput,
    ) -> Result<FailedJobRetryAllPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            failed::retry_all(scope.app(), &client(ctx), who, input.queue.map(queue::Queue::from)).await
        };
        let (revived, errors) = settle(outcome.await)?;
        let Some(failed::Revived { jobs, batch, more }) = revived else {
            return Ok(FailedJobRetryAllPayload { retried_count: None, batch: None, has_more: None, errors });
        };
        let retried_count = Some(i32::try_from(jobs).unwrap_or(i32::MAX));
        Ok(FailedJobRetryAllPayload { retried_count, batch: batch.map(JobBatch), has_more: Some(more), errors })
    }

    /// Forgets a job that was given up: it can't be begun anew any more. For administrators.
    async fn failed_job_forget(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: FailedJobForgetInput,
    ) -> Result<FailedJobForgetPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: FailedJobId = id::parse("id", &input.id)?;
            failed::forget(scope.app(), &client(ctx), who, id).await?;
            Ok(input.id)
        };
        let (forgotten_id, errors) = settle(outcome.await)?;
        Ok(FailedJobForgetPayload { forgotten_id, errors })
    }
}
