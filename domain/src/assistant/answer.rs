//! The job that answers one question.

use std::sync::Arc;
use std::time::Duration;

use entity::assistant_answer::{Failure, Status};
use entity::id::MessageId;
use metrics::{counter, histogram};
use sea_orm::ConnectionTrait;
use tokio::time::{Instant, sleep, sleep_until};

use super::begin::{Asked, begin, is_wanted};
use super::cost::{Outcome, Spent};
use super::post::{Given, post};
use super::prompt::{Prompt, estimate};
use super::{Settings, cached, cost, tell};
use crate::app::App;
use crate::error::Result;
use crate::infra::bus::SignalKind;
use crate::infra::db;
use crate::infra::model::{Model, Trouble, Usage};
use crate::job::Running;
use crate::signal;

/// How often those who watch are shown what there is of an answer.
const SHOWN: Duration = Duration::from_millis(200);
/// How often it is looked whether an answer is still wanted while it is given.
const LOOK: Duration = Duration::from_secs(1);
/// For how long an endpoint is waited for that says when to come again; whoever asks may ask once more after that.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long one rests that says nothing, for each attempt so far.
const PAUSE: Duration = Duration::from_secs(2);
/// What stands at the end of an answer that was cut.
const CUT: char = '…';

/// Does the job. Whatever it comes to can be seen in the row of the question.
pub(crate) async fn answer(app: &Arc<App>, held: Running, question_id: MessageId) -> Result<()> {
    let begun = Instant::now();
    let Some(asked) = begin(app, held, question_id).await? else { return Ok(()) };
    let (Some(settings), Some(model)) = (&app.settings.assistant, &app.model) else { return Ok(()) };
    tell(app, asked.question.thread_id, question_id, Status::Answering);
    let prompt = Prompt::read(app, settings, asked.kind, &asked.question).await?;
    let given = match cached::find(app, asked.question.thread_id, model.name(), &prompt).await? {
        Some(text) => Ok(Given { text, outcome: Outcome::Cached, usage: Usage::default() }),
        None => converse(app, model, &asked, &prompt).await,
    };
    let given = match given {
        Ok(given) => given,
        Err((trouble, usage)) => return fail(app, held, settings, &asked, trouble, usage).await,
    };
    let (outcome, usage) = (given.outcome, given.usage);
    match post(app, settings, &asked, &prompt, given).await {
        Ok(Ok(())) => {
            let outcome = if outcome == Outcome::Cached { "cached" } else { "answered" };
            counter!("linnet_assistant_answers_total", "outcome" => outcome).increment(1);
            histogram!("linnet_assistant_answer_seconds").record(begun.elapsed());
            tell(app, asked.question.thread_id, question_id, Status::Answered);
            Ok(())
        }
        Ok(Err(refusal)) => {
            let trouble = Trouble::new(Failure::Closed, refusal.message);
            fail(app, held, settings, &asked, trouble, usage).await
        }
        Err(error) => {
            // The job is begun again, and the model is asked anew.
            let spent = Spent::new(settings, Outcome::Failed, usage);
            if let Err(error) = cost::write_off(app, held, spent).await {
                tracing::warn!(job = %held.id(), ?error, "what an attempt took was not written down");
            }
            Err(error)
        }
    }
}

/// What there is of an answer.
#[derive(Default)]
struct Draft {
    text: String,
    /// In characters.
    length: usize,
    is_cut: bool,
    /// Whether the endpoint has been told what it is to answer.
    is_asked: bool,
    /// What it took, if the endpoint has said so.
    usage: Option<Usage>,
}

impl Draft {
    /// What it took so far: about that, where the endpoint has not come to say so.
    fn usage(&self, prompt: &Prompt) -> Usage {
        let about = || Usage { input: prompt.estimate(), output: estimate(&self.text) };
        self.usage.unwrap_or_else(|| if self.is_asked { about() } else { Usage::default() })
    }
}

/// Asks the model, for as long as its answer is wanted; what it took is told also if there is none.
async fn converse(app: &App, model: &Model, asked: &Asked, prompt: &Prompt) -> Result<Given, (Trouble, Usage)> {
    let mut draft = Draft::default();
    let heard = tokio::select! {
        heard = listen(app, model, asked, prompt, &mut draft) => heard,
        () = unwanted(app, asked) => Err(Trouble::new(Failure::Closed, "the answer is not wanted any more")),
    };
    let usage = draft.usage(prompt);
    heard.map_err(|trouble| (trouble, usage))?;
    let text = fitting(draft.text.trim(), app.settings.message_length, draft.is_cut);
    if text.is_empty() || text.chars().eq([CUT]) {
        return Err((Trouble::new(Failure::Empty, "there is nothing in the answer"), usage));
    }
    Ok(Given { text, outcome: Outcome::Answered, usage })
}

/// Returns once there is nobody to answer any more, or nowhere to.
async fn unwanted(app: &App, asked: &Asked) {
    loop {
        sleep(LOOK).await;
        match is_wanted(app, asked.question.id).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(?error, "whether an answer is still wanted is not known"),
        }
    }
}

/// Writes down what the model says, and shows those who watch what it has answered so far.
async fn listen(app: &App, model: &Model, asked: &Asked, prompt: &Prompt, draft: &mut Draft) -> Result<(), Trouble> {
    let begun = Instant::now();
    draft.is_asked = true;
    let mut reply = model.ask(prompt.turns()).await.inspect_err(|trouble| {
        // Who refuses at once, or is not there, has done nothing for it.
        draft.is_asked = matches!(trouble.failure, Failure::CutOff | Failure::Stalled);
    })?;
    let most = app.settings.message_length;
    let (mut next_at, mut is_shown) = (Instant::now(), true);
    let show = |text: &str| {
        let kind = SignalKind::Writes(asked.question.id, text.to_owned());
        signal::of_assistant(app, asked.question.thread_id, kind);
    };
    // What is longer than a message may be is not waited for.
    while draft.length <= most {
        // Asked here, since a timer may come a moment late: the first words are shown however soon the last ones come.
        if !is_shown && Instant::now() >= next_at {
            (next_at, is_shown) = (Instant::now() + SHOWN, true);
            show(&draft.text);
        }
        let piece = tokio::select! {
            () = sleep_until(next_at), if !is_shown => continue,
            piece = reply.next() => piece,
        };
        draft.usage = reply.usage();
        let Some(piece) = piece? else { break };
        if draft.text.is_empty() {
            histogram!("linnet_assistant_first_token_seconds").record(begun.elapsed());
        }
        // The database keeps no U+0000.
        let piece = piece.replace('\0', "");
        draft.length += piece.chars().count();
        draft.text.push_str(&piece);
        is_shown = draft.text.trim().is_empty();
    }
    draft.is_cut = draft.length > most || reply.is_cut();
    Ok(())
}

/// A text of at most so many characters, with a sign at its end if something is missing there.
fn fitting(text: &str, most: usize, is_cut: bool) -> String {
    if !is_cut {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain([CUT]).collect()
}

/// Whether it may work in a moment.
fn may_pass(failure: Failure) -> bool {
    !matches!(failure, Failure::Refused | Failure::Empty | Failure::Closed | Failure::Off)
}

/// Writes down that an attempt failed, and has it tried again if that is worth it.
async fn fail(
    app: &Arc<App>,
    held: Running,
    settings: &Settings,
    asked: &Asked,
    trouble: Trouble,
    usage: Usage,
) -> Result<()> {
    let question_id = asked.question.id;
    let pause = trouble.retry_after.unwrap_or(PAUSE * asked.attempts.unsigned_abs());
    let is_worth_it = may_pass(trouble.failure) && asked.attempts < settings.attempts && pause <= LONGEST_PAUSE;
    let again = is_worth_it.then_some(pause);
    let status = if again.is_some() { Status::Queued } else { Status::Failed };
    let spent = Spent::new(settings, Outcome::Failed, usage);
    let (context, failure) = (app.clone(), trouble.failure);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            held.hold(transaction).await?;
            let now = context.clock.moved(db::stamp(transaction, engine).await?);
            let sql = "UPDATE assistant_answers SET status = $2, failure = $3, updated_at = $4 \
                       WHERE question_id = $1 AND status <> $5";
            let values = [question_id.into(), status.into(), failure.into(), now.into(), Status::Answered.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            cost::add(engine, transaction, now, &spent).await?;
            match again {
                Some(pause) => held.postpone(transaction, pause).await,
                None => held.complete(&context, transaction).await,
            }
        })
    });
    work.await?;
    let outcome = if again.is_some() { "tried_again" } else { "failed" };
    counter!("linnet_assistant_answers_total", "outcome" => outcome).increment(1);
    tracing::warn!(job = %held.id(), why = trouble.why, outcome, "the assistant has no answer");
    tell(app, asked.question.thread_id, question_id, status);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_for_a_message_is_cut_where_all_can_see_it() {
        assert_eq!(fitting("abc", 3, false), "abc");
        assert_eq!(fitting("äöü", 3, true), "äö…");
        assert_eq!(fitting("ab", 3, true), "ab…");
    }
}
