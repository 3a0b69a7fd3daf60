//! The assistant: an account of the installation's own that answers what it is asked in the threads that it takes part in. It has
//! the rights of its role and no others, and nobody signs in as it.
//!
//! A message that calls it is a question from the transaction on in which it is sent, with a job and a row that says how far the
//! answer has come. The job asks the endpoint outside of any transaction, shows what it has so far as signals, and posts the answer
//! as one message, in the transaction that says so in the row. So whoever is killed over it, there is one answer.

use std::collections::HashMap;
use std::time::Duration;

use entity::assistant_answer::{self, Status};
use entity::id::{MessageId, ThreadId, TypedId, UserId};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

mod answer;
mod begin;
mod cached;
mod call;
mod cost;
mod post;
mod prompt;
mod retry;
mod work;

pub(crate) use answer::answer;
pub(crate) use cached::forget;
pub(crate) use call::Call;
pub use cost::{Cost, costs};
pub use retry::retry;
pub(crate) use work::{Work, give_up, store};

use crate::app::App;
use crate::error::{Code, Refusal, Result};
use crate::infra::bus::SignalKind;
use crate::infra::db::Engine;
use crate::infra::model;
use crate::signal;

/// What an operator sets who has an endpoint.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the account is called.
    pub username: String,
    /// What answers.
    pub endpoint: model::Options,
    /// What it is told before everything else.
    pub prompt: String,
    /// How often it is tried to answer a message before that is given up.
    pub attempts: i32,
    /// Answers that one thread may have in an hour.
    pub answers_per_hour: i64,
    /// Messages that it is shown, the question among them.
    pub context_messages: i64,
    /// Characters that it is shown of them.
    pub context_characters: usize,
    /// How long answers are kept for whoever asks the same in the same thread; none if they are not.
    pub cache_lifetime: Option<Duration>,
    /// Millionths of a dollar for a million tokens that it is given.
    pub input_price: i64,
    /// Millionths of a dollar for a million tokens that it gives.
    pub output_price: i64,
}

/// The one assistant: however many nodes start at once, its id is taken once.
pub fn id() -> UserId {
    UserId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003))
}

/// What answers here: the name of the model, if an endpoint is configured.
pub fn model(app: &App) -> Option<&str> {
    app.model.as_ref().map(model::Model::name)
}

/// Refuses what would leave somebody waiting for an answer that can't come.
pub(crate) fn require(app: &App, field: &'static str) -> Result<(), Refusal> {
    match app.model {
        Some(_) => Ok(()),
        None => Err(Refusal::new(Code::Forbidden, field, "There is no assistant here: no endpoint is configured.")),
    }
}

/// How far the answers to messages have come, of those that ask for one. Whoever may read a message may know.
pub async fn of_messages(app: &App, ids: &[MessageId]) -> Result<HashMap<MessageId, assistant_answer::Model>> {
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM assistant_answers WHERE question_id {}", engine.among(1));
    let rows: Vec<assistant_answer::Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.question_id, row)).collect())
}

/// The row of a question, which nobody else changes before the transaction ends.
async fn lock(
    engine: Engine,
    on: &DatabaseTransaction,
    question_id: MessageId,
) -> Result<Option<assistant_answer::Model>> {
    let sql = format!("SELECT * FROM assistant_answers WHERE question_id = $1{}", engine.for_update());
    Ok(assistant_answer::Model::find_by_statement(engine.sql(sql, [question_id.into()])).one(on).await?)
}

/// Tells those who watch the thread how far an answer has come.
fn tell(app: &App, thread_id: ThreadId, question_id: MessageId, status: Status) {
    signal::of_assistant(app, thread_id, SignalKind::Answer(question_id, status));
}
