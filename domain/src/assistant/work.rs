//! What the commits of a thread leave to the assistant's own tables.

use entity::assistant_answer::{Failure, Status};
use entity::id::{JobId, MessageId, ThreadId, TypedId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::cached::{self, Fresh};
use super::cost::{self, Spent};
use crate::app::App;
use crate::error::Result;
use crate::infra::db;
use crate::job::{self, Task};

/// What the changes of one commit ask of the assistant, and what it has answered.
#[derive(Default)]
pub(crate) struct Work {
    asked: Vec<MessageId>,
    answered: Vec<Answered>,
}

/// An answer that is posted.
#[derive(Clone)]
pub(super) struct Answered {
    pub(super) question_id: MessageId,
    pub(super) answer_id: MessageId,
    pub(super) spent: Spent,
    /// What is to be kept for whoever asks the same.
    pub(super) fresh: Option<Fresh>,
}

impl Work {
    /// Notes a message that asks for an answer.
    pub(crate) fn ask(&mut self, question_id: MessageId) {
        self.asked.push(question_id);
    }

    pub(super) fn answer(&mut self, answered: Answered) {
        self.answered.push(answered);
    }
}

/// There is one such job at a time for a question.
pub(super) fn only(question_id: MessageId) -> JobId {
    JobId::from_uuid(question_id.uuid())
}

/// Says that there will be no answer, in the transaction in which the job is given up: nodes have died over it again and again.
pub(crate) async fn give_up(app: &App, on: &DatabaseTransaction, question_id: MessageId) -> Result<()> {
    let engine = app.db.engine();
    let now = app.clock.moved(db::stamp(on, engine).await?);
    let sql = "UPDATE assistant_answers SET status = $2, failure = $3, updated_at = $4 WHERE question_id = $1 AND status <> $5";
    let values =
        [question_id.into(), Status::Failed.into(), Failure::Broken.into(), now.into(), Status::Answered.into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    Ok(())
}

/// Writes it, in the transaction of what it came from.
pub(crate) async fn store(app: &App, on: &DatabaseTransaction, thread_id: ThreadId, work: Work) -> Result<()> {
    let engine = app.db.engine();
    for question_id in work.asked {
        let sql = "INSERT INTO assistant_answers (question_id, thread_id, status, attempts, asked_at, updated_at) \
                   VALUES ($1, $2, $3, 0, $4, $4)";
        let now = app.clock.moved(db::stamp(on, engine).await?);
        let values = [question_id.into(), thread_id.into(), Status::Queued.into(), now.into()];
        on.execute_raw(engine.sql(sql, values)).await?;
        job::add_once(app, on, only(question_id), &Task::AnswerMessage { question_id }).await?;
    }
    for Answered { question_id, answer_id, spent, fresh } in work.answered {
        let now = app.clock.moved(db::stamp(on, engine).await?);
        let sql = "UPDATE assistant_answers SET status = $2, answer_id = $3, failure = NULL, retry_at = NULL, updated_at = $4 \
                   WHERE question_id = $1";
        let values = [question_id.into(), Status::Answered.into(), answer_id.into(), now.into()];
        on.execute_raw(engine.sql(sql, values)).await?;
        cost::add(engine, on, now, &spent).await?;
        if let Some(fresh) = fresh {
            cached::keep(app, on, thread_id, fresh, &spent, now).await?;
        }
    }
    Ok(())
}
