//! An answer becomes a message: once, whoever answers the same question once more.

use std::sync::Arc;

use entity::message;
use entity::thread::ThreadKind;

use super::Settings;
use super::begin::{Asked, is_open};
use super::cached::Fresh;
use super::cost::{Outcome, Spent};
use super::prompt::Prompt;
use super::work::Answered;
use crate::app::App;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::model::Usage;

/// An answer, before it is posted.
pub(super) struct Given {
    pub(super) text: String,
    pub(super) outcome: Outcome,
    pub(super) usage: Usage,
}

/// Posts the answer, once; what was refused under the lock of the thread is handed back.
pub(super) async fn post(
    app: &Arc<App>,
    settings: &Settings,
    asked: &Asked,
    prompt: &Prompt,
    given: Given,
) -> Result<Result<(), Refusal>> {
    let is_new = given.outcome == Outcome::Answered;
    let fresh = Fresh { hash: prompt.hash(), summary: prompt.summary(), text: given.text.clone(), since: asked.seq };
    let change = AnswerChange {
        answered: Answered {
            question_id: asked.question.id,
            answer_id: app.clock.id(),
            spent: Spent::new(settings, given.outcome, given.usage),
            fresh: is_new.then_some(fresh),
        },
        key: format!("answer to {}", asked.question.id),
        text: given.text,
    };
    match commit::submit(app, asked.question.thread_id, change).await? {
        Ok(_) => Ok(Ok(())),
        Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
        Err(Denied::Stale) => Err(Error::internal("an answer carries no proof that could be stale")),
    }
}

/// Posts an answer. Its proof is what it sees under the lock.
struct AnswerChange {
    answered: Answered,
    /// What it is sent with, so that whoever answers the same question once more finds that it has an answer.
    key: String,
    text: String,
}

impl Change for AnswerChange {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(super::id());
        needs.writers.insert(super::id());
        needs.keys.insert((super::id(), self.key.clone()));
        needs.messages.insert(self.answered.question_id);
    }

    fn apply(&self, batch: &mut Batch) -> Result<(), Denied> {
        if batch.sent_with(super::id(), &self.key).is_some() {
            return Ok(());
        }
        let refused = |why| Denied::from(Refusal::new(Code::Forbidden, "thread_id", why));
        let may_write = batch.participant(super::id()).is_some() && batch.active.contains(&super::id());
        if !may_write || !is_open(&batch.thread) {
            return Err(refused("The assistant does not write in this thread any more."));
        }
        let question = batch.message(self.answered.question_id).filter(|row| row.content.is_some());
        let question = question.filter(|row| row.sender_id.is_some());
        let question = question.ok_or_else(|| refused("The question is none any more."))?;
        // In company it is seen to which of many messages it is an answer.
        let is_direct = batch.thread.kind == ThreadKind::Direct;
        let parent_id = question.parent_id.or((!is_direct).then_some(question.id));
        let row = message::Model {
            id: self.answered.answer_id,
            thread_id: batch.thread.id,
            sender_id: Some(super::id()),
            // Both are given by the batch.
            seq: 0,
            position: 0,
            content: Some(self.text.clone()),
            parent_id,
            metadata: None,
            client_key: Some(self.key.clone()),
            send_hash: None,
            version: 1,
            created_at: batch.now,
            edited_at: None,
            deleted_at: None,
            updated_at: batch.now,
        };
        batch.post(row, Vec::new(), super::id());
        batch.assistant.answer(self.answered.clone());
        Ok(())
    }
}
