//! Devices: what accounts sign in on. A client is recognised by an id that it makes once and keeps; what the account knows the
//! device by is another, which says nothing about the client's.

use std::net::IpAddr;
use std::sync::Arc;

use entity::Timestamp;
use entity::id::{DeviceId, UserId};
use entity::{user, user_device};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use crate::access::Viewer;
use crate::account::letter;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Code, Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::infra::list::{List, by_id};
use crate::mail;
use crate::page::{Page, Window};
use crate::session::{self, Client, digest};
use crate::text::Checks;

/// Characters of a name.
const NAME: usize = 100;
/// Characters of a push token.
const PUSH_TOKEN: usize = 4096;

/// What a client says of the device that it runs on.
pub struct Introduction {
    /// What the client made once and keeps: 16 to 200 characters that nobody guesses.
    pub id: String,
    /// What to call it: 1 to 100 characters.
    pub name: String,
    /// What it is: at most 50 characters.
    pub platform: Option<String>,
    /// Where to push to: at most 4,096 characters.
    pub push_token: Option<String>,
}

/// A device as its client introduced it, in good form.
#[derive(Clone)]
pub struct Introduced {
    key_hash: Vec<u8>,
    name: String,
    platform: Option<String>,
    push_token: Option<String>,
}

impl std::fmt::Debug for Introduced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introduced").finish_non_exhaustive()
    }
}

/// Checks what a client says of its device.
pub fn introduce(given: Introduction) -> Result<Introduced> {
    let mut checks = Checks::default();
    checks.text("id", &given.id, 200);
    checks.require(given.id.len() >= 16, Code::Invalid, "id", "It must have at least 16 characters.");
    checks.text("name", &given.name, NAME);
    checks.optional("platform", given.platform.as_deref(), 50);
    checks.optional("push_token", given.push_token.as_deref(), PUSH_TOKEN);
    checks.done()?;
    let Introduction { id, name, platform, push_token } = given;
    Ok(Introduced { key_hash: digest(&id), name, platform, push_token })
}

/// A device on which an account signs in.
pub(crate) struct Arrival {
    row: user_device::Model,
    entry: Entry,
    from: Option<IpAddr>,
}

impl Arrival {
    /// What the client says that it runs on, if it says so.
    pub(crate) fn of(app: &App, user_id: UserId, client: &Client) -> Option<Self> {
        let Introduced { key_hash, name, platform, push_token } = client.device.clone()?;
        let now = app.clock.now();
        let id = app.clock.id();
        let row = user_device::Model {
            id,
            user_id,
            name,
            platform,
            push_token,
            last_seen_at: now,
            created_at: now,
            key_hash,
        };
        Some(Self { row, entry: Entry::new(app, Action::DeviceAdd, user_id, client), from: client.ip_address })
    }

    /// Recognises the device, or remembers a new one. One that is known keeps the name that its owner knows it by; one that is new
    /// is told to the account's address, if that is proved, but not as the account is made.
    pub(crate) async fn store(
        self,
        app: &App,
        on: &DatabaseTransaction,
        user: &user::Model,
        is_sign_up: bool,
    ) -> Result<user_device::Model> {
        let engine = app.db.engine();
        let sql = "INSERT INTO user_devices (id, user_id, name, platform, push_token, last_seen_at, created_at, key_hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, key_hash) DO UPDATE SET \
                   platform = coalesce(excluded.platform, user_devices.platform), \
                   push_token = coalesce(excluded.push_token, user_devices.push_token), \
                   last_seen_at = excluded.last_seen_at RETURNING *";
        let row = self.row;
        let values = [
            row.id.into(),
            row.user_id.into(),
            row.name.into(),
            row.platform.into(),
            row.push_token.into(),
            row.last_seen_at.into(),
            row.created_at.into(),
            row.key_hash.into(),
        ];
        let stored = user_device::Model::find_by_statement(engine.sql(sql, values)).one(on).await?;
        let stored = stored.ok_or_else(|| Error::internal("a device was not stored"))?;
        if stored.id == row.id {
            make_room(app, on, &stored, &self.entry).await?;
            audit::record(on, self.entry).await?;
            if let Some(to) = letter::proved(user).filter(|_| !is_sign_up) {
                mail::queue(app, on, letter::new_device(to, user, &stored, self.from)).await?;
            }
        }
        Ok(stored)
    }
}

/// Forgets devices for one that was just stored, if there are too many: those that were not seen for the longest, and first those that
/// have no session open. The sessions of others end: a client that keeps no id is a new device each time, and would lock its owner out.
/// The account's row is locked.
async fn make_room(app: &App, on: &DatabaseTransaction, new: &user_device::Model, added: &Entry) -> Result<()> {
    let engine = app.db.engine();
    let sql = "SELECT count(*) FROM user_devices WHERE user_id = $1";
    let excess = db::count(on, engine, sql, [new.user_id.into()]).await? - app.settings.account_devices;
    if excess <= 0 {
        return Ok(());
    }
    let sql = format!(
        "SELECT d.* FROM user_devices d WHERE d.user_id = $1 AND d.id <> $2 \
         ORDER BY CASE WHEN EXISTS (SELECT 1 FROM user_sessions s WHERE s.device_id = d.id AND s.revoked_at IS NULL AND s.expires_at > $3) \
         THEN 1 ELSE 0 END, d.last_seen_at, d.id LIMIT $4{}",
        engine.for_update()
    );
    let values = [new.user_id.into(), new.id.into(), new.created_at.into(), excess.into()];
    for unseen in db::all::<user_device::Model>(on, engine, sql, values).await? {
        forget(app, on, unseen.user_id, unseen.id, new.created_at).await?;
        audit::record(on, added.anew(app, Action::DeviceRemove).by(None)).await?;
    }
    Ok(())
}

/// Takes away a device, and ends its sessions.
async fn forget(app: &App, on: &DatabaseTransaction, owner: UserId, id: DeviceId, at: Timestamp) -> Result<()> {
    let engine = app.db.engine();
    session::end_on(engine, on, id, at).await?;
    on.execute_raw(engine.sql("DELETE FROM user_devices WHERE id = $1", [id.into()])).await?;
    let bus = app.bus.clone();
    db::after_commit(move || bus.publish(Hint::AccessEnded(owner)));
    Ok(())
}

/// The viewer's devices, the newest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<user_device::Model>> {
    let (own, _) = viewer.require_session()?;
    let list = List {
        select: "*",
        from: "FROM user_devices WHERE user_id = $1",
        keys: &["id"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &by_id::<DeviceId>(window)).await
}

/// The device that one of an account's sessions was opened on; none if it has been forgotten.
pub async fn of_session(app: &App, user_id: UserId, id: DeviceId) -> Result<Option<user_device::Model>> {
    let sql = "SELECT * FROM user_devices WHERE id = $1 AND user_id = $2";
    app.db.one(sql, [id.into(), user_id.into()]).await
}

/// What to change; an outer `None` leaves a field as it is.
pub struct Changes {
    /// What to call it: 1 to 100 characters.
    pub name: Option<Option<String>>,
    /// Where to push to; an inner `None` ends pushing.
    pub push_token: Option<Option<String>>,
}

/// Changes one of the viewer's devices.
pub async fn update(app: &App, viewer: &Viewer, id: DeviceId, changes: Changes) -> Result<user_device::Model> {
    let (own, _) = viewer.require_session()?;
    let mut checks = Checks::default();
    match &changes.name {
        Some(Some(name)) => checks.text("name", name, NAME),
        Some(None) => checks.require(false, Code::Blank, "name", "It can't be taken away."),
        None => {}
    }
    let push_token = changes.push_token.clone().flatten();
    checks.optional("push_token", push_token.as_deref(), PUSH_TOKEN);
    checks.done()?;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let repush = changes.push_token.is_some();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = "UPDATE user_devices SET name = coalesce($3, name), \
                       push_token = CASE WHEN $4 THEN $5 ELSE push_token END \
                       WHERE id = $1 AND user_id = $2 RETURNING *";
            let values = [id.into(), own.into(), changes.name.flatten().into(), repush.into(), push_token.into()];
            let changed = user_device::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
            changed.ok_or_else(|| Error::not_found("id", "device"))
        })
    });
    work.await
}

/// Forgets one of the viewer's devices: its sessions end, on every node within a second.
pub async fn remove(app: &Arc<App>, client: &Client, viewer: &Viewer, id: DeviceId) -> Result<()> {
    let (own, _) = viewer.require_session()?;
    let (engine, now) = (app.db.engine(), app.clock.now());
    let (viewer, entry, within) = (viewer.clone(), Entry::new(app, Action::DeviceRemove, own, client), app.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = format!("SELECT * FROM user_devices WHERE id = $1 AND user_id = $2{}", engine.for_update());
            let values = [id.into(), own.into()];
            let found = user_device::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
            if found.is_none() {
                return Err(Error::not_found("id", "device"));
            }
            forget(&within, transaction, own, id, now).await?;
            audit::record(transaction, entry).await
        })
    });
    work.await
}
