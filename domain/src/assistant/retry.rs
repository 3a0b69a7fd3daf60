//! Asking once more for an answer that did not come.

use std::sync::Arc;

use entity::assistant_answer::Status;
use entity::id::MessageId;
use sea_orm::ConnectionTrait;

use super::{lock, require, tell, work};
use crate::access::{Reader, Viewer};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::db;
use crate::job::{self, Task};
use crate::message;

/// Asks once more for the answer to a message of the viewer's, or as an admin of the thread to anybody's. Refuses with
/// [`Code::Conflict`] if it neither failed nor was put off.
pub async fn retry(app: &Arc<App>, viewer: &Viewer, id: MessageId) -> Result<(Reader, entity::message::Model)> {
    let field = "message_id";
    let proof = message::author_of(app, viewer, field, id).await?;
    require(app, field)?;
    let found = message::by_ids(app, &[(proof.reader().clone(), id)]).await?.remove(&id);
    let question = found.ok_or_else(|| Error::not_found(field, "message"))?;
    if question.sender_id != Some(proof.user_id()) && !proof.manages() {
        let why = "Only who has asked, or an admin of the thread, may ask once more.";
        return Err(Error::refuse(Code::Forbidden, field, why));
    }
    if question.content.is_none() {
        return Err(Error::refuse(Code::Conflict, field, "This message was deleted."));
    }
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let row = lock(engine, transaction, id).await?;
            if !row.is_some_and(|row| matches!(row.status, Status::Failed | Status::Limited)) {
                let why = "There is no answer to this message that failed or was put off.";
                return Err(Error::refuse(Code::Conflict, field, why));
            }
            let now = context.clock.moved(db::stamp(transaction, engine).await?);
            let sql = "UPDATE assistant_answers SET status = $2, attempts = 0, failure = NULL, retry_at = NULL, updated_at = $3 \
                       WHERE question_id = $1";
            transaction.execute_raw(engine.sql(sql, [id.into(), Status::Queued.into(), now.into()])).await?;
            job::add_once(&context, transaction, work::only(id), &Task::AnswerMessage { question_id: id }).await
        })
    });
    work.await?;
    tell(app, question.thread_id, id, Status::Queued);
    Ok((proof.reader().clone(), question))
}
