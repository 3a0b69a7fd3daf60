//! Answers that were given before. One is found by the whole prompt, in the thread that it was given in and nowhere else: what was
//! said in private stays there.

use entity::ai_cache;
use entity::id::ThreadId;
use entity::thread_event::EventKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::cost::Spent;
use super::prompt::Prompt;
use crate::Timestamp;
use crate::app::App;
use crate::error::Result;
use crate::infra::db::{self, Engine};

/// An answer that is to be kept.
#[derive(Clone)]
pub(super) struct Fresh {
    pub(super) hash: String,
    pub(super) summary: String,
    pub(super) text: String,
    /// Where the thread's log stood before it was asked for.
    pub(super) since: i64,
}

/// What was answered to this very prompt in this thread, if that is still good.
pub(super) async fn find(app: &App, thread_id: ThreadId, model: &str, prompt: &Prompt) -> Result<Option<String>> {
    if app.settings.assistant.as_ref().is_none_or(|settings| settings.cache_lifetime.is_none()) {
        return Ok(None);
    }
    let now = app.clock.moved(app.db.stamp().await?);
    let sql = "SELECT * FROM ai_cache WHERE scope = $1 AND model = $2 AND prompt_hash = $3 AND expires_at > $4";
    let values = [thread_id.into(), model.into(), prompt.hash().into(), now.into()];
    let found: Option<ai_cache::Model> = app.db.one(sql, values).await?;
    Ok(found.map(|row| row.response_text))
}

/// Keeps an answer, in the place of what was answered to the same before; unless it may have something of what was deleted since it
/// was asked for, or of somebody who has gone.
pub(super) async fn keep(
    app: &App,
    on: &DatabaseTransaction,
    thread_id: ThreadId,
    fresh: Fresh,
    spent: &Spent,
    now: Timestamp,
) -> Result<()> {
    let Some(lifetime) = app.settings.assistant.as_ref().and_then(|settings| settings.cache_lifetime) else {
        return Ok(());
    };
    let engine = app.db.engine();
    let sql = "SELECT COUNT(*) FROM thread_events WHERE thread_id = $1 AND seq > $2 AND kind IN ($3, $4)";
    let kinds = [EventKind::MessageDeleted, EventKind::ParticipantChanged];
    let values = [thread_id.into(), fresh.since.into()].into_iter().chain(kinds.map(Into::into));
    if db::count(on, engine, sql, values).await? > 0 {
        return Ok(());
    }
    let sql = "INSERT INTO ai_cache (id, scope, model, prompt_hash, prompt_summary, response_text, tokens_used, cost_estimate, \
               created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (scope, model, prompt_hash) DO UPDATE SET response_text = excluded.response_text, \
               tokens_used = excluded.tokens_used, cost_estimate = excluded.cost_estimate, \
               created_at = excluded.created_at, expires_at = excluded.expires_at";
    let id: entity::id::CachedAnswerId = app.clock.id();
    let values = [
        id.into(),
        thread_id.into(),
        spent.model.clone().into(),
        fresh.hash.into(),
        fresh.summary.into(),
        fresh.text.into(),
        (spent.usage.input + spent.usage.output).into(),
        spent.micro_dollars.into(),
        now.into(),
        (now + lifetime).into(),
    ];
    on.execute_raw(engine.sql(sql, values)).await?;
    Ok(())
}

/// Forgets all that was answered in a thread: something that was said in it is to be forgotten.
pub(crate) async fn forget(engine: Engine, on: &DatabaseTransaction, thread_id: ThreadId) -> Result<()> {
    on.execute_raw(engine.sql("DELETE FROM ai_cache WHERE scope = $1", [thread_id.into()])).await?;
    Ok(())
}
