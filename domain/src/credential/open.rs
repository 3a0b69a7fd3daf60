//! Sessions that have something open on this node: what lives no longer than they do, and when they were last active.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::id::SessionId;
use entity::{Timestamp, user_session};
use sea_orm::{ConnectionTrait, FromQueryResult};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::bus::Hint;

/// How often a session's last activity is written at the most.
const ACTIVITY: Duration = Duration::from_secs(60);
/// How long after one look at revoked sessions a hint makes for the next at the soonest.
const HINTED: Duration = Duration::from_millis(50);
/// Sessions whose activity is remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// Writes a session's last activity, beside the request and at most once a minute.
pub(super) fn note_activity(app: &Arc<App>, session: &user_session::Model, now: Timestamp) {
    let id = session.id;
    let pause = chrono::Duration::from_std(ACTIVITY).unwrap_or_default();
    if now - session.last_activity_at <= pause || !app.sessions.claim_activity(id, now, pause) {
        return;
    }
    let context = app.clone();
    app.spawn(async move {
        let engine = context.db.engine();
        let work = context.db.write(move |transaction| {
            Box::pin(async move {
                let sql = "UPDATE user_sessions SET last_activity_at = $2 WHERE id = $1 AND last_activity_at < $2";
                transaction.execute_raw(engine.sql(sql, [id.into(), now.into()])).await?;
                Ok(())
            })
        });
        if let Err(error) = work.await {
            tracing::warn!(?error, "a session's last activity was not written");
        }
    });
}

/// What one node knows of the sessions that have something open on it.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<SessionId, (usize, CancellationToken)>>,
    active: Mutex<HashMap<SessionId, Timestamp>>,
}

impl Sessions {
    /// Whether it is this request's turn to write a session's last activity.
    fn claim_activity(&self, id: SessionId, now: Timestamp, pause: chrono::Duration) -> bool {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if active.get(&id).is_some_and(|at| now - *at < pause) {
            return false;
        }
        if active.len() > REMEMBERED {
            active.retain(|_, at| now - *at < pause);
        }
        active.insert(id, now);
        true
    }

    fn is_open(&self, id: SessionId) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    fn end(&self, id: SessionId) {
        if let Some((_, ended)) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            ended.cancel();
        }
    }
}

/// Something that lives no longer than its session, such as a socket.
pub struct Lease {
    app: Arc<App>,
    id: SessionId,
    expires_at: Timestamp,
    ended: CancellationToken,
}

impl Lease {
    /// Returns when the session is revoked or has expired.
    pub async fn ended(&self) {
        loop {
            let now = self.app.clock.now();
            if self.expires_at <= now {
                return;
            }
            let left = (self.expires_at - now).to_std().unwrap_or_default().min(Duration::from_secs(30));
            if self.ended.run_until_cancelled(tokio::time::sleep(left)).await.is_none() {
                return;
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut open = self.app.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = open.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.id);
            }
        }
    }
}

/// Ties something to the viewer's session; nothing for the anonymous.
pub fn lease(app: &Arc<App>, viewer: &Viewer) -> Option<Lease> {
    let session = &viewer.account()?.session;
    let mut open = app.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, ended) = open.entry(session.id).or_insert_with(|| (0, CancellationToken::new()));
    *count += 1;
    Some(Lease { app: app.clone(), id: session.id, expires_at: session.expires_at, ended: ended.clone() })
}

#[derive(FromQueryResult)]
struct Revoked {
    id: SessionId,
}

/// Ends leases when their session is revoked: by asking the database now and then, and at once when the bus hints at it.
/// A hint is not believed, since anybody on the bus could give one.
pub(crate) async fn watch(app: Arc<App>) {
    let mut hints = app.bus.listen();
    let mut looked = Instant::now();
    let mut next = looked + app.settings.revocation_look;
    loop {
        tokio::select! {
            hint = hints.recv() => match hint {
                Ok(Hint::SessionRevoked(id)) if !app.sessions.is_open(id) => {}
                // However many hints there are, they make it look so often and no more.
                Ok(Hint::SessionRevoked(_)) | Err(RecvError::Lagged(_)) => next = next.min(looked + HINTED),
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
            () = sleep_until(next) => {
                looked = Instant::now();
                next = looked + app.settings.revocation_look;
                if let Err(error) = end_revoked(&app).await {
                    tracing::warn!(?error, "revoked sessions could not be asked for");
                }
            }
        }
    }
}

async fn end_revoked(app: &App) -> Result<()> {
    let open: Vec<SessionId> =
        app.sessions.open.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
    if open.is_empty() {
        return Ok(());
    }
    // By what is open here, not by when: clocks of nodes differ, ids don't.
    let engine = app.db.engine();
    let sql = format!("SELECT id FROM user_sessions WHERE revoked_at IS NOT NULL AND id {}", engine.among(1));
    let revoked: Vec<Revoked> = app.db.all(sql, [engine.ids(open)]).await?;
    revoked.iter().for_each(|row| app.sessions.end(row.id));
    Ok(())
}
