//! What jobs do.

use std::sync::Arc;

use sea_orm::DatabaseTransaction;

use crate::app::App;
#[cfg(feature = "test-control")]
use crate::control;
use crate::error::Result;
use crate::job::{Running, Task};
use crate::{account, archive, assistant, event, expiry, mail, message, mint, search, upload};

/// What there is left to do for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    ToDo,
}

/// What becomes of a job whose batch was cancelled. What says elsewhere how it stands says there that it was taken back, or is done all
/// the same if it was begun before, or if somebody waits for it who has not cancelled anything.
pub(crate) async fn withdraw(app: &Arc<App>, held: Running, task: &Task) -> Result<Left> {
    match task {
        Task::Mint { mint_id } => mint::withdraw(app, held, *mint_id).await,
        Task::AnswerMessage { .. } => Ok(Left::ToDo),
        _ => Ok(Left::Nothing),
    }
}

/// Says where a job says how it stands that it was given up, in the transaction in which it is.
pub(crate) async fn give_up(app: &App, on: &DatabaseTransaction, task: &Task) -> Result<()> {
    match task {
        Task::Mint { mint_id } => mint::give_up(app, on, *mint_id).await,
        Task::AnswerMessage { question_id } => assistant::give_up(app, on, *question_id).await,
        _ => Ok(()),
    }
}

/// Does a job. It may be done twice, and a node may die over it: [`crate::job`] says what to mind.
///
/// Errors: [`crate::Error::Refused`] if it can never be done; after all others it is tried again.
pub(crate) async fn run(app: &Arc<App>, held: Running, task: Task) -> Result<()> {
    match task {
        Task::Mail(letter) => mail::send(app, held.id(), &letter).await,
        Task::ProveEmail { user_id, email } => account::email::send_proof(app, held, user_id, email).await,
        Task::ResetPassword { email } => account::password::send_reset(app, held, email).await,
        Task::ClearAccount { user_id } => account::deletion::clear(app, held, user_id).await,
        Task::Mint { mint_id } => mint::perform(app, held, mint_id).await,
        Task::AnswerMessage { question_id } => assistant::answer(app, held, question_id).await,
        Task::RemoveExpired {} => expiry::remove(app, held).await,
        Task::TrimLogs {} => event::trim(app).await,
        Task::MoveMessages {} => archive::run(app, held).await,
        Task::DeleteOldMessages {} => message::delete_old(app, held).await,
        Task::CollectUploads {} => upload::collect(app, held, task).await,
        Task::IndexMessages {} => search::run(app, held).await,
        #[cfg(feature = "test-control")]
        Task::Count { number, takes_ms } => control::count(app, held, number, takes_ms).await,
    }
}
