//! The audit log: what was done to accounts, by whom, from where. Rows are only ever added.

use std::sync::Arc;

use entity::id::{AuditId, UserId};
use entity::{audit_entry, user};
use sea_orm::{DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel, Value};

pub use entity::audit_entry::Action;

use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::error::Result;
use crate::infra::list::{List, by_id};
use crate::page::{Page, Window};
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

    /// Another line about the same account, at the same time from the same place.
    pub(crate) fn anew(&self, app: &App, action: Action) -> Self {
        Self(audit_entry::Model { id: app.clock.id(), action, ..self.0.clone() })
    }

    /// Whether it tells that the account was made.
    pub(crate) fn is_sign_up(&self) -> bool {
        self.0.action == Action::AccountCreate
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
        let engine = context.db.engine();
        let work = context.db.write(move |transaction| {
            Box::pin(async move {
                // It may come when the account is gone, and its addresses with it: then nothing would take this one away.
                let sql = format!("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL{}", engine.for_share());
                match user::Model::find_by_statement(engine.sql(sql, [entry.0.user_id.into()])).one(transaction).await?
                {
                    Some(_) => record(transaction, entry).await,
                    None => Ok(()),
                }
            })
        });
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

/// The same of many.
pub(crate) async fn record_all(on: &DatabaseTransaction, entries: Vec<Entry>) -> Result<()> {
    let rows = entries.into_iter().map(|entry| entry.0.into_active_model());
    audit_entry::Entity::insert_many(rows).exec_without_returning(on).await?;
    Ok(())
}

/// What was done to the viewer's own account, the newest first. From where somebody else did it is theirs to know.
pub async fn of_own(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<audit_entry::Model>> {
    let (own, _) = viewer.require_session()?;
    let page = of_account(app, own, window).await?;
    Ok(page.map(|mut line| {
        if line.actor_id.is_some_and(|actor| actor != own) {
            line.ip_address = None;
        }
        line
    }))
}

/// What was done to one account, or to any: for administrators.
pub async fn of_any(
    app: &App,
    _: &Administrator,
    user_id: Option<UserId>,
    window: &Window<String>,
) -> Result<Page<audit_entry::Model>> {
    match user_id {
        Some(user_id) => of_account(app, user_id, window).await,
        None => page(app, "FROM audit_log WHERE TRUE", Vec::new(), window).await,
    }
}

async fn of_account(app: &App, user_id: UserId, window: &Window<String>) -> Result<Page<audit_entry::Model>> {
    page(app, "FROM audit_log WHERE user_id = $1", vec![user_id.into()], window).await
}

async fn page(app: &App, from: &str, values: Vec<Value>, window: &Window<String>) -> Result<Page<audit_entry::Model>> {
    let list = List { select: "*", from, keys: &["id"], descending: true, values };
    list.page(&app.db, &by_id::<AuditId>(window)).await
}
