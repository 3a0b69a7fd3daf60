//! Batches of jobs, and how far they have come, as administrators see them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use domain::access::Administrator;
use domain::batch;
use domain::page::Page;
use entity::id::BatchId;
use futures_util::{Stream, StreamExt};

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, viewer};
use super::session::client;
use super::{fault, id};

/// Jobs that belong together, and how far they have come.
#[derive(Clone)]
pub(crate) struct JobBatch(pub(crate) batch::Model);

connection!(JobBatchConnection, JobBatchEdge, JobBatch, "batches of jobs");

/// Jobs that belong together, and how far they have come.
#[Object]
impl JobBatch {
    /// Its id: `bat_…`.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What they do together, such as `retry`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How many jobs there are in all.
    async fn total(&self) -> i32 {
        self.0.total_jobs
    }

    /// How many have not come to an end yet.
    async fn pending(&self) -> i32 {
        self.0.pending_jobs
    }

    /// How many were given up, and not begun anew since.
    async fn failed(&self) -> i32 {
        self.0.failed_jobs
    }

    /// The ids of those that were given up: the first hundred, as far as they were not forgotten.
    async fn failed_job_ids(&self) -> Vec<ID> {
        batch::failed_ids(&self.0).into_iter().map(|id| id.to_string().into()).collect()
    }

    /// How much has come to an end, in percent; 100 only once nothing is pending.
    async fn progress(&self) -> i32 {
        let (total, pending) = (i64::from(self.0.total_jobs), i64::from(self.0.pending_jobs));
        if total == 0 { 100 } else { int(100 * (total - pending) / total) }
    }

    /// When it was cancelled: no more of its jobs were begun from then on.
    async fn cancelled_at(&self) -> Option<DateTime> {
        self.0.cancelled_at.map(DateTime::from)
    }

    /// When it was begun.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the last of its jobs came to an end. Null while some are pending, also again once jobs of it are begun anew.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime::from)
    }
}

impl JobBatchConnection {
    fn listed(page: Page<batch::Model>) -> Self {
        Self::of(page.map(|row| (List::JobBatches.cursor(&row.id.to_string()), JobBatch(row))))
    }
}

/// What administrators see of batches.
pub(crate) struct BatchAdministration {
    pub(crate) proof: Administrator,
    pub(crate) scope: Scope,
}

#[Object]
impl BatchAdministration {
    /// Batches of jobs, the newest first.
    async fn job_batches(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<JobBatchConnection> {
        Required::of(async {
            let window = List::JobBatches.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = batch::list(self.scope.app(), &self.proof, &window).await.map_err(fault)?;
            Ok(JobBatchConnection::listed(page))
        })
        .await
    }

    /// One batch of jobs; null if there is none.
    async fn job_batch(&self, #[graphql(desc = "Which one.")] id: ID) -> Nullable<JobBatch> {
        Nullable::of(async {
            let id: BatchId = id::parse("id", &id).map_err(fault)?;
            Ok(batch::by_id(self.scope.app(), &self.proof, id).await.map_err(fault)?.map(JobBatch))
        })
        .await
    }
}

/// Which batch to cancel.
#[derive(InputObject)]
pub(crate) struct JobBatchCancelInput {
    /// The batch.
    id: ID,
}

/// The outcome of jobBatchCancel.
#[derive(SimpleObject)]
pub(crate) struct JobBatchCancelPayload {
    /// The batch as it is now.
    batch: Option<JobBatch>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct BatchMutation;

#[Object]
impl BatchMutation {
    /// Cancels a batch: no more of its jobs are begun, those that run come to their end, and what was to be done after them is not.
    /// One that is finished stays as it is. For administrators.
    async fn job_batch_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch.")] input: JobBatchCancelInput,
    ) -> Result<JobBatchCancelPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: BatchId = id::parse("id", &input.id)?;
            batch::cancel(scope.app(), &client(ctx), who, id).await
        };
        let (batch, errors) = settle(outcome.await)?;
        Ok(JobBatchCancelPayload { batch: batch.map(JobBatch), errors })
    }
}

#[derive(Default)]
pub(crate) struct BatchSubscription;

#[Subscription]
impl BatchSubscription {
    /// A batch as it is now, and again whenever it has come further, up to four times a second; ends when it is finished. For
    /// administrators; for everybody else there is no such batch.
    async fn job_batch_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which batch.")] id: ID,
    ) -> Result<impl Stream<Item = Result<JobBatch>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id: BatchId = id::parse("id", &id).map_err(fault)?;
        let states = batch::watch(app, viewer(ctx).clone(), id);
        Ok(states.map(|state| state.map(JobBatch).map_err(fault)))
    }
}
