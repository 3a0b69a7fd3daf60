//! What jobs do.

use std::sync::Arc;

use crate::app::App;
use crate::error::Result;
use crate::job::{Running, Task};
use crate::mail;

/// Does a job. It may be done twice, and a node may die over it: [`crate::job`] says what to mind.
///
/// Errors: [`crate::Error::Refused`] if it can never be done; after all others it is tried again.
pub(crate) async fn run(app: &Arc<App>, held: Running, task: Task) -> Result<()> {
    match task {
        Task::Mail(letter) => mail::send(app, held.id(), &letter).await,
    }
}
