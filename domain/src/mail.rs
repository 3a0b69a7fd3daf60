//! Mails: put into the outbox with what they tell of, and sent by a job afterwards.
//!
//! What is in the outbox is in the database as it is: a mail with a secret in it is made by the job that sends it, and never queued.

use entity::id::{JobId, UserId};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::Result;
use crate::infra::mail::Message;
use crate::job::{self, Task};

/// A mail, of plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Whose address that is. What is left of a mail that could not be sent goes with the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The address that it goes to.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Lines of text.
    pub text: String,
}

/// Sends a mail once the transaction is committed. Nothing secret may be in it.
pub async fn queue(app: &App, on: &DatabaseTransaction, mail: Mail) -> Result<()> {
    job::add(app, on, &Task::Mail(mail)).await.map(drop)
}

/// Sends a mail now. Tried again, it is the same mail: whoever gets it twice can tell.
pub(crate) async fn send(app: &App, job_id: JobId, mail: &Mail) -> Result<()> {
    let message = Message {
        name: job_id.to_string(),
        at: app.clock.now(),
        to: &mail.to,
        subject: &mail.subject,
        text: &mail.text,
    };
    app.mailer.send(message).await
}
