//! The audit log: what was done to accounts, by whom, from where. Rows are only ever added.

use std::sync::Arc;

use entity::audit_entry;
use entity::id::UserId;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

pub use entity::audit_entry::Action;

use crate::app::App;
use crate::error::Result;
use crate::session::Client;

/// A line to be written.
#[derive(Clone)]
pub(crate) struct Entry(audit_entry::Model);

impl Entry {
    /// What was done to an account; by its owner, until [`Entry::by`] says otherwise.
    pub(crate) fn new(app: &App, action: Action, user_id: UserId, client: &Client) -> Self {
        Self(audit_entry::Model {
            id: app.clock.id(),
            user_id,
            actor_id: Some(user_id),
            action,
            ip_address: client.ip_address.map(|address| address.to_string()),
            created_at: app.clock.now(),
        })
    }

    /// The same, done by somebody else: none for who was not signed in, and for the operator.
    pub(crate) fn by(mut self, actor_id: Option<UserId>) -> Self {
        self.0.actor_id = actor_id;
        self
    }
}

/// Writes a line beside the request: of what was tried and not done. That it is written must not be told by the time that the
/// answer takes.
pub(crate) fn note(app: &Arc<App>, entry: Entry) {
    let context = app.clone();
    app.spawn(async move {
        let work = context.db.write(move |transaction| Box::pin(async move { record(transaction, entry).await }));
        if let Err(error) = work.await {
            tracing::warn!(?error, "a line of the audit log was not written");
        }
    });
}

/// Writes a line in the transaction of what it tells, so that there is neither without the other.
pub(crate) async fn record(on: &DatabaseTransaction, entry: Entry) -> Result<()> {
    audit_entry::Entity::insert(entry.0.into_active_model()).exec_without_returning(on).await?;
    Ok(())
}
