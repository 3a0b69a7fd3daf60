//! Whether a question is to be answered now, decided under the lock of its thread.

use std::sync::Arc;
use std::time::Duration;

use entity::assistant_answer::{Failure, Status};
use entity::id::{AttemptId, MessageId, ThreadId, UserId};
use entity::thread::{self, ThreadKind};
use entity::{Timestamp, message, user};
use metrics::counter;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::{lock, tell};
use crate::app::App;
use crate::archive::{MESSAGE, in_both};
use crate::error::Result;
use crate::infra::db::{self, Engine};
use crate::job::Running;
use crate::session;

/// For how long it counts that an answer was begun.
const HOUR: Duration = Duration::from_secs(3600);

/// A question that is being answered.
pub(super) struct Asked {
    pub(super) question: message::Model,
    pub(super) kind: ThreadKind,
    /// Where the thread's log stood.
    pub(super) seq: i64,
    /// How often it was begun, this time among them.
    pub(super) attempts: i32,
}

/// What becomes of a question that is not answered now.
enum Instead {
    /// It is none any more.
    Dropped,
    /// It waits for somebody to ask once more.
    Left(Status, Option<Failure>, Option<Timestamp>),
}

/// Begins to answer, if it still is to be answered and may be; else the job has come to its end.
pub(super) async fn begin(app: &Arc<App>, held: Running, question_id: MessageId) -> Result<Option<Asked>> {
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let app = &context;
            let engine = app.db.engine();
            held.hold(transaction).await?;
            let now = app.clock.moved(db::stamp(transaction, engine).await?);
            let (asked, instead) = match look(app, transaction, question_id, now).await? {
                Ok(asked) => {
                    note(app, transaction, &asked.question, now).await?;
                    (Some(asked), None)
                }
                Err(instead) => (None, Some(instead)),
            };
            let told = match instead {
                None => None,
                Some(Instead::Dropped) => {
                    let sql = "DELETE FROM assistant_answers WHERE question_id = $1 AND status <> $2";
                    let values = [question_id.into(), Status::Answered.into()];
                    transaction.execute_raw(engine.sql(sql, values)).await?;
                    held.complete(app, transaction).await?;
                    None
                }
                Some(Instead::Left(status, failure, retry_at)) => {
                    let sql = "UPDATE assistant_answers SET status = $2, failure = $3, retry_at = $4, updated_at = $5 \
                               WHERE question_id = $1 RETURNING thread_id";
                    let values = [question_id.into(), status.into(), failure.into(), retry_at.into(), now.into()];
                    let thread = Thread::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
                    held.complete(app, transaction).await?;
                    thread.map(|row| (row.thread_id, status))
                }
            };
            Ok((asked, told))
        })
    });
    let (asked, told) = work.await?;
    if let Some((thread_id, status)) = told {
        let outcome = if status == Status::Limited { "limited" } else { "failed" };
        counter!("linnet_assistant_answers_total", "outcome" => outcome).increment(1);
        tell(app, thread_id, question_id, status);
    }
    Ok(asked)
}

#[derive(FromQueryResult)]
struct Thread {
    thread_id: ThreadId,
}

#[derive(FromQueryResult)]
struct Begun {
    begun_at: Timestamp,
}

/// Whether a question is to be answered now. The thread is locked, so that of two of its questions one is the last of the hour.
async fn look(
    app: &App,
    on: &DatabaseTransaction,
    question_id: MessageId,
    now: Timestamp,
) -> Result<Result<Asked, Instead>> {
    let engine = app.db.engine();
    let ground = ground(engine, on, question_id, engine.for_no_key_update()).await?;
    let row = lock(engine, on, question_id).await?;
    let Some(row) = row.filter(|row| row.status != Status::Answered) else { return Ok(Err(Instead::Dropped)) };
    let left = |failure| Ok(Err(Instead::Left(Status::Failed, Some(failure), None)));
    let (question, thread) = match ground {
        Ok(ground) => ground,
        Err(Lost::Question) => return Ok(Err(Instead::Dropped)),
        Err(Lost::Place) => return left(Failure::Closed),
    };
    let Some(settings) = &app.settings.assistant else { return left(Failure::Off) };
    if row.attempts >= settings.attempts {
        // It was begun again and again, and nobody came to say how it ended.
        return left(row.failure.unwrap_or(Failure::CutOff));
    }
    let sql = "SELECT begun_at FROM assistant_attempts WHERE thread_id = $1 AND begun_at > $2 ORDER BY begun_at DESC LIMIT $3";
    let values = [thread.id.into(), (now - HOUR).into(), settings.answers_per_hour.into()];
    let begun: Vec<Begun> = db::all(on, engine, sql, values).await?;
    if let Some(oldest) = begun.last().filter(|_| begun.len() as i64 >= settings.answers_per_hour) {
        return Ok(Err(Instead::Left(Status::Limited, None, Some(oldest.begun_at + HOUR))));
    }
    Ok(Ok(Asked { question, kind: thread.kind, seq: thread.last_seq, attempts: row.attempts + 1 }))
}

/// Writes down that an answer is begun. That it was stays written, whatever becomes of the question.
async fn note(app: &App, on: &DatabaseTransaction, question: &message::Model, now: Timestamp) -> Result<()> {
    let engine = app.db.engine();
    let sql = "UPDATE assistant_answers SET status = $2, attempts = attempts + 1, failure = NULL, retry_at = NULL, \
               begun_at = $3, updated_at = $3 WHERE question_id = $1";
    let values = [question.id.into(), Status::Answering.into(), now.into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    let id: AttemptId = app.clock.id();
    let sql = "INSERT INTO assistant_attempts (id, thread_id, begun_at) VALUES ($1, $2, $3)";
    on.execute_raw(engine.sql(sql, [id.into(), question.thread_id.into(), now.into()])).await?;
    Ok(())
}

/// What a question has lost that is not answered.
enum Lost {
    /// What it says, or who asks.
    Question,
    /// Where it could be answered.
    Place,
}

/// What an answer stands on: the question and its thread, if whoever asks is there and takes part, and the assistant may write there.
async fn ground(
    engine: Engine,
    on: &impl ConnectionTrait,
    question_id: MessageId,
    lock: &str,
) -> Result<Result<(message::Model, thread::Model), Lost>> {
    let sql = in_both(|shelf| format!("SELECT {} FROM {} t WHERE t.id = $1", *MESSAGE, shelf.messages));
    let found = message::Model::find_by_statement(engine.sql(sql, [question_id.into()])).one(on).await?;
    let found = found.filter(|question| question.content.is_some());
    let Some((question, asker)) = found.and_then(|question| question.sender_id.map(|asker| (question, asker))) else {
        return Ok(Err(Lost::Question));
    };
    let sql = format!("SELECT * FROM threads WHERE id = $1{lock}");
    let thread = thread::Model::find_by_statement(engine.sql(sql, [question.thread_id.into()])).one(on).await?;
    let Some(thread) = thread else { return Ok(Err(Lost::Question)) };
    if !is_there(engine, on, asker).await? {
        return Ok(Err(Lost::Question));
    }
    let sql = "SELECT COUNT(*) FROM thread_participants WHERE thread_id = $1 AND user_id = $2 AND left_at IS NULL";
    let takes_part = db::count(on, engine, sql, [thread.id.into(), asker.into()]).await? > 0;
    if !takes_part || !is_open(&thread) || !is_there(engine, on, super::id()).await? {
        return Ok(Err(Lost::Place));
    }
    Ok(Ok((question, thread)))
}

/// Whether the answer that is being given may still be posted, as far as can be seen without a lock.
pub(super) async fn is_wanted(app: &App, question_id: MessageId) -> Result<bool> {
    Ok(ground(app.db.engine(), app.db.reader(), question_id, "").await?.is_ok())
}

/// Whether the assistant writes in a thread.
pub(super) fn is_open(thread: &thread::Model) -> bool {
    thread.assistant && thread.archived_at.is_none() && !thread.blocked
}

/// Whether an account is there, and neither rests nor is suspended.
async fn is_there(engine: Engine, on: &impl ConnectionTrait, id: UserId) -> Result<bool> {
    let sql = engine.sql("SELECT * FROM users WHERE id = $1", [id.into()]);
    let found = user::Model::find_by_statement(sql).one(on).await?;
    Ok(found.is_some_and(|user| session::may_sign_in(&user)))
}
