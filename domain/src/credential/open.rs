//! Sessions and keys that have something open on this node: what lives no longer than they do, and when they were last used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entity::Timestamp;
use entity::id::{ApiKeyId, DeviceId, SessionId, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Credential, CredentialId};
use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::infra::bus::Hint;
use crate::infra::keys::{Column, Key};

/// How often it is written at the most that a session or a key is used.
const ACTIVITY: Duration = Duration::from_secs(60);
/// How long after one look at what was revoked a hint makes for the next at the soonest.
const HINTED: Duration = Duration::from_millis(50);
/// Sessions and keys whose use is remembered before those at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// Notes that the viewer asks for something, on a connection that knows them from before.
pub fn note_use(app: &Arc<App>, viewer: &Viewer) {
    if let Some(signed_in) = viewer.account() {
        note(app, &signed_in.credential);
    }
}

/// Writes when a session or a key was last used, and on which device, beside the request and at most once a minute.
pub(crate) fn note(app: &Arc<App>, credential: &Credential) {
    let (id, now) = (credential.id(), app.clock.now());
    let pause = chrono::Duration::from_std(ACTIVITY).unwrap_or_default();
    let recent = credential.last_used_at().is_some_and(|at| now - at <= pause);
    if recent || !app.open.claim_use(id, now, pause) {
        return;
    }
    let device_id = match credential {
        Credential::Session(session) => session.device_id,
        Credential::Key(_) => None,
    };
    let context = app.clone();
    app.spawn(async move {
        if let Err(error) = write_use(&context, id, device_id, now).await {
            tracing::warn!(?error, "when a session or a key was last used was not written");
        }
    });
}

async fn write_use(app: &App, id: CredentialId, device_id: Option<DeviceId>, now: Timestamp) -> Result<()> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            // Devices before sessions, as whoever ends the sessions of a device has it.
            if let Some(device_id) = device_id {
                let sql = "UPDATE user_devices SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2";
                transaction.execute_raw(engine.sql(sql, [device_id.into(), now.into()])).await?;
            }
            let (sql, id) = match id {
                CredentialId::Session(id) => {
                    ("UPDATE user_sessions SET last_activity_at = $2 WHERE id = $1 AND last_activity_at < $2", id.into())
                }
                CredentialId::Key(id) => (
                    "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
                    id.into(),
                ),
            };
            transaction.execute_raw(engine.sql(sql, [id, now.into()])).await?;
            Ok(())
        })
    });
    work.await
}

/// Something open of one session or key.
struct Held {
    user_id: UserId,
    count: usize,
    ended: CancellationToken,
}

/// What one node knows of the sessions and keys that have something open on it.
#[derive(Default)]
pub(crate) struct Open {
    held: Mutex<HashMap<CredentialId, Held>>,
    used: Mutex<HashMap<CredentialId, Timestamp>>,
}

impl Open {
    /// Whether it is this request's turn to write when a session or a key was last used.
    fn claim_use(&self, id: CredentialId, now: Timestamp, pause: chrono::Duration) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.get(&id).is_some_and(|at| now - *at < pause) {
            return false;
        }
        if used.len() > REMEMBERED {
            used.retain(|_, at| now - *at < pause);
        }
        used.insert(id, now);
        true
    }

    fn held(&self) -> MutexGuard<'_, HashMap<CredentialId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a hint concerns something that is open here.
    fn is_concerned(&self, hint: &Hint) -> bool {
        match hint {
            Hint::SessionRevoked(id) => self.held().contains_key(&CredentialId::Session(*id)),
            Hint::AccessEnded(user_id) => self.held().values().any(|held| held.user_id == *user_id),
            _ => false,
        }
    }

    fn end(&self, id: CredentialId) {
        if let Some(held) = self.held().get(&id) {
            held.ended.cancel();
        }
    }

    fn ids(&self) -> (Vec<SessionId>, Vec<ApiKeyId>) {
        let (mut sessions, mut keys) = (Vec::new(), Vec::new());
        for id in self.held().keys() {
            match id {
                CredentialId::Session(id) => sessions.push(*id),
                CredentialId::Key(id) => keys.push(*id),
            }
        }
        (sessions, keys)
    }
}

/// Something that lives no longer than what speaks for it, such as a socket.
pub struct Lease {
    app: Arc<App>,
    id: CredentialId,
    expires_at: Option<Timestamp>,
    ended: CancellationToken,
}

impl Lease {
    /// Returns when the session or the key is revoked or has expired, or its account may not sign in any more.
    pub async fn ended(&self) {
        const LONGEST: Duration = Duration::from_secs(30);
        loop {
            let left = match self.expires_at.map(|at| at - self.app.clock.now()) {
                Some(left) if left <= chrono::Duration::zero() => return,
                Some(left) => left.to_std().unwrap_or_default().min(LONGEST),
                None => LONGEST,
            };
            if self.ended.run_until_cancelled(tokio::time::sleep(left)).await.is_none() {
                return;
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut open = self.app.open.held();
        if let Some(held) = open.get_mut(&self.id) {
            held.count -= 1;
            if held.count == 0 {
                open.remove(&self.id);
            }
        }
    }
}

/// Ties something to what speaks for the viewer; nothing for the anonymous.
pub fn lease(app: &Arc<App>, viewer: &Viewer) -> Option<Lease> {
    let signed_in = viewer.account()?;
    let (id, user_id) = (signed_in.credential.id(), signed_in.user.id);
    let mut open = app.open.held();
    let held = open.entry(id).or_insert_with(|| Held { user_id, count: 0, ended: CancellationToken::new() });
    held.count += 1;
    let ended = held.ended.clone();
    Some(Lease { app: app.clone(), id, expires_at: signed_in.credential.expires_at(), ended })
}

/// Ends leases when what they depend on is over: by asking the database now and then, and at once when the bus hints at it.
/// A hint is not believed, since anybody on the bus could give one.
pub(crate) async fn watch(app: Arc<App>) {
    let mut hints = app.bus.listen();
    let mut looked = Instant::now();
    let mut next = looked + app.settings.revocation_look;
    loop {
        tokio::select! {
            hint = hints.recv() => match hint {
                Ok(hint) if !app.open.is_concerned(&hint) => {}
                // However many hints there are, they make it look so often and no more.
                Ok(_) | Err(RecvError::Lagged(_)) => next = next.min(looked + HINTED),
                Err(RecvError::Closed) => return,
            },
            () = sleep_until(next) => {
                looked = Instant::now();
                next = looked + app.settings.revocation_look;
                if let Err(error) = end_revoked(&app).await {
                    tracing::warn!(?error, "what was revoked could not be asked for");
                }
            }
        }
    }
}

#[derive(FromQueryResult)]
struct Over<I: sea_orm::TryGetable> {
    id: I,
}

async fn end_revoked(app: &App) -> Result<()> {
    let (sessions, keys) = app.open.ids();
    let engine = app.db.engine();
    // By what is open here, not by when: clocks of nodes differ, ids don't. Rows that are gone are over, too.
    let sql = |table: &str| {
        format!(
            "WITH {} SELECT w.id FROM want w LEFT JOIN {table} c ON c.id = w.id LEFT JOIN users u ON u.id = c.user_id \
             WHERE u.id IS NULL OR c.revoked_at IS NOT NULL \
             OR NOT u.is_active OR u.suspended_at IS NOT NULL OR u.deleted_at IS NOT NULL",
            engine.want(&[("id", Column::Id)], 1)
        )
    };
    let wanted = |ids: Vec<Key>| engine.keys(&[("id", Column::Id)], ids.into_iter().map(|id| [id]));
    if !sessions.is_empty() {
        let ids = wanted(sessions.into_iter().map(Key::from).collect());
        let over: Vec<Over<SessionId>> = app.db.all(sql("user_sessions"), [ids]).await?;
        over.iter().for_each(|row| app.open.end(CredentialId::Session(row.id)));
    }
    if !keys.is_empty() {
        let ids = wanted(keys.into_iter().map(Key::from).collect());
        let over: Vec<Over<ApiKeyId>> = app.db.all(sql("api_keys"), [ids]).await?;
        over.iter().for_each(|row| app.open.end(CredentialId::Key(row.id)));
    }
    Ok(())
}
