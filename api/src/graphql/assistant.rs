//! The assistant: who it is, how far its answers have come, and what they cost.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::access::{Administrator, Reader};
use domain::assistant;
use domain::page::Page;
use entity::assistant_answer;
use entity::id::MessageId;

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::loader::Parent;
use super::message::Message;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, Date, DateTime, int};
use super::scope::{Scope, Shown, viewer};
use super::user::User;
use super::{fault, id};

/// The assistant of this installation.
pub(crate) struct Assistant {
    scope: Scope,
    model: String,
}

/// The assistant of this installation: an account that answers. Whoever may open direct threads may open one with it, where it
/// answers everything; admins add it to groups and rooms by `participantAdd` with the role AI, where it answers what mentions it by
/// `@` and its username. What it is asked, and the messages before that, are sent to the endpoint that the operator has chosen.
#[Object]
impl Assistant {
    /// Its account.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, assistant::id()).await }).await
    }

    /// The model that answers, as its endpoint calls it.
    async fn model(&self) -> &str {
        &self.model
    }
}

/// How far an answer of the assistant's has come. May grow.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "assistant_answer::Status")]
pub(crate) enum AssistantAnswerStatus {
    /// It waits, for the first time or after an attempt that failed: then `failure` says why.
    Queued,
    /// It is being written: `threadSignals` shows it, as `AnswerWriting`.
    Answering,
    /// It is there, as `message`.
    Answered,
    /// It was given up. `assistantRetry` asks for it once more.
    Failed,
    /// As many answers were begun in the thread as may be in an hour. From `retryAt` on `assistantRetry` asks for it once more.
    Limited,
}

/// Why the assistant has no answer. May grow.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "assistant_answer::Failure")]
pub(crate) enum AssistantFailure {
    /// The endpoint could not be reached.
    Unreachable,
    /// The endpoint had too much to do.
    Busy,
    /// The endpoint failed, or said something that is no answer.
    Broken,
    /// The endpoint refused what it was asked: the operator has to look at the key and the model.
    Refused,
    /// The answer ended in the middle.
    CutOff,
    /// Nothing came for too long.
    Stalled,
    /// There was nothing in the answer.
    Empty,
    /// Nobody writes in the thread any more, or the assistant doesn't.
    Closed,
    /// This installation has no endpoint any more.
    Off,
}

/// What became of a message that asks the assistant something.
pub(crate) struct AssistantAnswer {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
    pub(crate) row: Arc<assistant_answer::Model>,
}

/// What became of a message that asks the assistant something. `threadSignals` tells of each change, as `AnswerChanged`.
#[Object]
impl AssistantAnswer {
    /// How far the answer has come.
    async fn status(&self) -> AssistantAnswerStatus {
        self.row.status.into()
    }

    /// Why the last attempt failed. Null if it did not.
    async fn failure(&self) -> Option<AssistantFailure> {
        self.row.failure.map(AssistantFailure::from)
    }

    /// How often it was tried since it was asked for, or asked for once more.
    async fn attempts(&self) -> i32 {
        self.row.attempts
    }

    /// From when on the thread may have answers again, if it has had too many. Null otherwise.
    async fn retry_at(&self) -> Option<DateTime> {
        self.row.retry_at.map(DateTime)
    }

    /// The answer. Null until it is there.
    async fn message(&self) -> Nullable<Message> {
        Nullable::of(async {
            let Some(answer_id) = self.row.answer_id else { return Ok(None) };
            let key = |shown: &Shown, row: &assistant_answer::Model| {
                Some(Parent(shown.reader_of(&self.reader, row.thread_id)?, row.answer_id?))
            };
            let all = |shown: &Shown| shown.answers.iter().filter_map(|row| key(shown, row)).collect();
            let (row, scope) = self.scope.load(Parent(self.reader.clone(), answer_id), all).await?;
            Ok(row.map(|row| Message { scope, reader: self.reader.clone(), row }))
        })
        .await
    }

    /// When it was asked for.
    async fn asked_at(&self) -> DateTime {
        self.row.asked_at.into()
    }

    /// When it came so far.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }
}

/// What the answers of one model have cost on one day.
#[derive(Clone)]
pub(crate) struct AssistantCost(assistant::Cost);

connection!(AssistantCostConnection, AssistantCostEdge, AssistantCost, "costs of the assistant");

/// What the answers of one model have cost on one day.
#[Object]
impl AssistantCost {
    /// The day, in UTC.
    async fn day(&self) -> Date {
        Date(self.0.day)
    }

    /// The model, as its endpoint calls it.
    async fn model(&self) -> &str {
        &self.0.model
    }

    /// How many answers there were.
    async fn answers(&self) -> i32 {
        int(self.0.answers)
    }

    /// How many of them had been given before, and so cost nothing.
    async fn cached_answers(&self) -> i32 {
        int(self.0.cached_answers)
    }

    /// How many attempts failed.
    async fn failed_attempts(&self) -> i32 {
        int(self.0.failed_attempts)
    }

    /// Tokens that the model was given: a whole number, as its endpoint counts. One that does not is taken to count one for four
    /// characters.
    async fn input_tokens(&self) -> f64 {
        self.0.input_tokens as f64
    }

    /// Tokens that it gave: a whole number, counted alike.
    async fn output_tokens(&self) -> f64 {
        self.0.output_tokens as f64
    }

    /// What that costs by the prices of the settings, in millionths of a dollar: a whole number.
    async fn micro_dollars(&self) -> f64 {
        self.0.micro_dollars as f64
    }
}

impl AssistantCostConnection {
    fn listed(page: Page<assistant::Cost>) -> Self {
        let cursor = |row: &assistant::Cost| List::AssistantCosts.cursor(&(row.day, &row.model));
        Self::of(page.map(|row| (cursor(&row), AssistantCost(row))))
    }
}

/// What administrators see of the assistant.
pub(crate) struct AssistantAdministration {
    pub(crate) proof: Administrator,
    pub(crate) scope: Scope,
}

#[Object]
impl AssistantAdministration {
    /// What the assistant has cost, by day and model, the latest day first.
    async fn assistant_costs(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<AssistantCostConnection> {
        Required::of(async {
            let window = List::AssistantCosts.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = assistant::costs(self.scope.app(), &self.proof, &window).await.map_err(fault)?;
            Ok(AssistantCostConnection::listed(page))
        })
        .await
    }
}

#[derive(Default)]
pub(crate) struct AssistantQuery;

#[Object]
impl AssistantQuery {
    /// The assistant; null where the operator has configured no endpoint: then nobody answers.
    async fn assistant(&self, ctx: &Context<'_>) -> Option<Assistant> {
        let scope = Scope::of(ctx);
        let model = assistant::model(scope.app())?.to_owned();
        Some(Assistant { scope, model })
    }
}

/// What to ask the assistant once more.
#[derive(InputObject)]
pub(crate) struct AssistantRetryInput {
    /// The message that asks.
    message_id: ID,
}

/// The outcome of assistantRetry.
#[derive(SimpleObject)]
pub(crate) struct AssistantRetryPayload {
    /// The message that asks; `assistantAnswer` says how far the answer has come now.
    message: Option<Message>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct AssistantMutation;

#[Object]
impl AssistantMutation {
    /// Asks the assistant once more for an answer that failed, or that the thread could not have any more within the hour: as who
    /// has asked, or as an admin of the thread.
    async fn assistant_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to ask once more.")] input: AssistantRetryInput,
    ) -> Result<AssistantRetryPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: MessageId = id::parse("message_id", &input.message_id)?;
            assistant::retry(scope.app(), who, id).await
        };
        let (retried, errors) = settle(outcome.await)?;
        let message = retried.map(|(reader, row)| Message { scope, reader, row: Arc::new(row) });
        Ok(AssistantRetryPayload { message, errors })
    }
}
