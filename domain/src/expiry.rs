//! What has expired is removed: sessions, their tokens, tokens that went out by mail, links to exports and to groups, what wallets were asked to
//! sign, what is cached, bans, files that no message carries, and attempts of the assistant, jobs that were given up and batches that were
//! finished long ago. A job does it about once an hour, so that one node does it at a time, in small parts, each by an index.
//!
//! A refresh token that was used stays for as long as it would have been good: if it comes back, it was stolen, and its family ends
//! ([`crate::session`]). After that nobody could play it any more, and its row tells nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::account::deletion;
use crate::app::App;
use crate::error::Result;
use crate::infra::db::Engine;
use crate::job::{Running, Task};
use crate::recurring::{self, Recurring};
use crate::room_ban;
use crate::upload;

/// For how long it is kept that something has expired. Nodes' clocks differ, and who comes late is told so.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Rows that go in one transaction.
const AT_ONCE: usize = 500;

/// It is done about once an hour.
pub(crate) const RECURRING: Recurring = Recurring {
    name: "remove_expired",
    every: Duration::from_secs(3600),
    number: 1,
    task: |_| Some(Task::RemoveExpired {}),
};

/// Asks for what has expired to be removed, unless that was asked for and is not done yet.
pub async fn ask(app: &Arc<App>) -> Result<()> {
    recurring::ask(app, &RECURRING).await
}

/// What is removed, by which column: tokens before the sessions that they are of, so that no session takes many along. With the
/// nonces go the challenges.
const EXPIRING: [(&str, &str); 7] = [
    ("refresh_tokens", "id"),
    ("user_sessions", "id"),
    ("email_verification_tokens", "user_id"),
    ("password_reset_tokens", "email"),
    ("export_tokens", "user_id"),
    ("thread_invitations", "id"),
    ("wallet_nonces", "id"),
];

/// The job. It also asks again for deletions of accounts that were given up.
pub(crate) async fn remove(app: &Arc<App>, held: Running) -> Result<()> {
    let (engine, now) = (app.db.engine(), app.clock.moved(app.db.stamp().await?));
    for (table, key) in EXPIRING {
        let sql = some_of(engine, table, key, "expires_at");
        while held.part(app, &sql, [(now - KEPT).into()]).await? {}
    }
    for table in ["cache", "cache_locks"] {
        let sql = some_of(engine, table, "key", "expiration");
        while held.part(app, &sql, [now.into()]).await? {}
    }
    let sql = some_of(engine, "assistant_attempts", "id", "begun_at");
    while held.part(app, &sql, [(now - KEPT).into()]).await? {}
    let sql = some_of(engine, "ai_cache", "id", "expires_at");
    while held.part(app, &sql, [now.into()]).await? {}
    if let Some(retention) = app.settings.failed_job_retention {
        let sql = some_of(engine, "job_batches", "id", "finished_at");
        while held.part(app, &sql, [(now - retention).into()]).await? {}
        let sql = some_of(engine, "failed_jobs", "id", "failed_at");
        while held.part(app, &sql, [(now - retention).into()]).await? {}
    }
    while held.part(app, &room_ban::ended(engine), [now.into()]).await? {}
    deletion::ask_again(app, now).await?;
    upload::collect(app, held, Task::RemoveExpired {}).await
}

/// Removes some of the rows whose time is before `$1`, the oldest first. What somebody else has locked is left for the next time.
fn some_of(engine: Engine, table: &str, key: &str, time: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE {key} IN \
         (SELECT {key} FROM {table} WHERE {time} < $1 ORDER BY {time} LIMIT {AT_ONCE}{})",
        engine.skip_locked()
    )
}
