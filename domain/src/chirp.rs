//! Chirps: short things that people say to everybody, in one feed.
//!
//! The feed is as public as a room is: whoever asks reads it, signed in or not. So a block hides nothing in it: it would keep from
//! somebody what they read once they sign out, and tell them of the block. What a suspended account has said stays, as in threads; what
//! a deleted one has said goes with it, line by line in the feed's log.
//!
//! What is written here locks in one order: the account, the chirp, the feed.

use std::sync::Arc;

use entity::chirp::Model as Chirp;
use entity::chirp_event::ChirpEventKind;
use entity::id::{ChirpId, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};
use sha2::{Digest, Sha256};

mod feed;
mod page;
mod retain;
mod withdraw;

pub use feed::{Entry, Feed, FeedFrame, Tip, cursor, feed_seq, parse_cursor, walk};
pub(crate) use page::of_own;
pub use page::{Listed, list, pages};
pub(crate) use retain::trim;
pub(crate) use withdraw::{LEFT, withdraw_some};

use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::audit::{self, Action};
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::Engine;
use crate::session::Client;
use crate::text::Checks;

/// Characters of a chirp, at the most.
const LONGEST: usize = 255;

/// A chirp to be posted.
#[derive(Debug, Clone)]
pub struct Draft {
    /// 1 to 255 characters.
    pub message: String,
    /// Unique per author: posting again with it gives the first chirp. 1 to 100 characters.
    pub client_key: Option<String>,
}

/// A chirp that was posted or changed, or was already as it should be.
pub struct Changed {
    /// The chirp as it is now.
    pub chirp: Chirp,
    /// Where the feed's log stands with the change in it.
    pub seq: i64,
}

fn check(message: &str, client_key: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    checks.text("message", message, LONGEST);
    if let Some(key) = client_key {
        checks.text("client_key", key, 100);
    }
    checks.done()
}

/// Posts a chirp. Guests post none. Refuses with [`Code::Conflict`] a key that was used for something else.
pub async fn create(app: &Arc<App>, viewer: &Viewer, draft: Draft) -> Result<Changed> {
    let user_id = viewer.require_account()?.user.id;
    check(&draft.message, draft.client_key.as_deref())?;
    let now = app.clock.now();
    let chirp = Chirp {
        id: app.clock.id(),
        user_id,
        // Given by the feed.
        seq: 0,
        send_hash: draft.client_key.is_some().then(|| fingerprint(&draft.message)),
        message: draft.message,
        client_key: draft.client_key,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let (engine, viewer) = (app.db.engine(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            // Of two who come with one key at once, the second finds what the first has posted.
            credential::hold(engine, transaction, &viewer, now).await?;
            post(engine, transaction, chirp).await
        })
    });
    let changed = work.await?;
    app.bus.publish(Hint::FeedAt(changed.seq));
    Ok(changed)
}

/// Sixteen bytes that tell whether the same key comes with the same message, even after a change.
fn fingerprint(message: &str) -> Vec<u8> {
    Sha256::digest(message.as_bytes())[..16].to_vec()
}

async fn post(engine: Engine, on: &DatabaseTransaction, mut chirp: Chirp) -> Result<Changed> {
    if let Some(key) = &chirp.client_key {
        let sql = "SELECT * FROM chirps WHERE user_id = $1 AND client_key = $2 AND client_key IS NOT NULL";
        let sql = engine.sql(sql, [chirp.user_id.into(), key.clone().into()]);
        if let Some(posted) = Chirp::find_by_statement(sql).one(on).await? {
            if posted.send_hash == chirp.send_hash {
                return Ok(Changed { seq: posted.seq, chirp: posted });
            }
            return Err(Error::refuse(Code::Conflict, "client_key", "This key was used for another chirp."));
        }
    }
    chirp.seq = feed::append(engine, on, ChirpEventKind::Posted, &[chirp.id], chirp.created_at).await?;
    entity::chirp::Entity::insert(chirp.clone().into_active_model()).exec_without_returning(on).await?;
    Ok(Changed { seq: chirp.seq, chirp })
}

/// Says something else in one of the viewer's own. With `expected_version`, refuses with [`Code::Conflict`] if the chirp has moved on.
pub async fn update(
    app: &Arc<App>,
    viewer: &Viewer,
    id: ChirpId,
    message: String,
    expected_version: Option<i32>,
) -> Result<Changed> {
    let user_id = viewer.require()?.user.id;
    check(&message, None)?;
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let mut chirp = lock(engine, transaction, id).await?;
            if chirp.user_id != user_id {
                return Err(Error::refuse(Code::Forbidden, "id", "Only its author may change a chirp."));
            }
            if expected_version.is_some_and(|version| version != chirp.version) {
                let why = format!("The chirp is at version {} by now.", chirp.version);
                return Err(Refusal::new(Code::Conflict, "expected_version", why).into());
            }
            if chirp.message == message {
                return Ok(Changed { seq: feed::tip(engine, transaction).await?.last_seq, chirp });
            }
            (chirp.message, chirp.version, chirp.updated_at) = (message, chirp.version + 1, now);
            let sql = "UPDATE chirps SET message = $2, version = $3, updated_at = $4 WHERE id = $1";
            let values = [id.into(), chirp.message.clone().into(), chirp.version.into(), now.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            let seq = feed::append(engine, transaction, ChirpEventKind::Updated, &[id], now).await?;
            Ok(Changed { chirp, seq })
        })
    });
    let changed = work.await?;
    app.bus.publish(Hint::FeedAt(changed.seq));
    Ok(changed)
}

/// Takes a chirp out of the feed, for good: one's own; by the session of an administrator anybody's, which the audit log tells. Where the
/// feed's log stands with that in it.
pub async fn delete(app: &Arc<App>, client: &Client, viewer: &Viewer, id: ChirpId) -> Result<i64> {
    let own = viewer.require()?.user.id;
    let (engine, now) = (app.db.engine(), app.clock.now());
    let (context, client, viewer) = (app.clone(), client.clone(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let account = credential::hold(engine, transaction, &viewer, now).await?;
            let chirp = lock(engine, transaction, id).await?;
            if chirp.user_id != own {
                let proof = Administrator::held(&viewer, &account).ok_or_else(not_yours)?;
                let entry = audit::Entry::new(&context, Action::ChirpDelete, chirp.user_id, &client);
                audit::record(transaction, entry.by(Some(proof.user_id()))).await?;
            }
            transaction.execute_raw(engine.sql("DELETE FROM chirps WHERE id = $1", [id.into()])).await?;
            feed::append(engine, transaction, ChirpEventKind::Deleted, &[id], now).await
        })
    });
    let seq = work.await?;
    app.bus.publish(Hint::FeedAt(seq));
    Ok(seq)
}

fn not_yours() -> Error {
    Error::refuse(Code::Forbidden, "id", "Only its author or an administrator may delete a chirp.")
}

/// A chirp, which nobody else changes before the transaction ends.
async fn lock(engine: Engine, on: &DatabaseTransaction, id: ChirpId) -> Result<Chirp> {
    let sql = format!("SELECT * FROM chirps WHERE id = $1{}", engine.for_update());
    let found = Chirp::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?;
    found.ok_or_else(|| Error::not_found("id", "chirp"))
}

/// Chirps by id; those that are gone are missing.
pub async fn by_ids(app: &App, ids: impl IntoIterator<Item = ChirpId>) -> Result<Vec<Arc<Chirp>>> {
    let engine = app.db.engine();
    let sql = format!("SELECT * FROM chirps WHERE id {}", engine.among(1));
    let rows: Vec<Chirp> = app.db.all(sql, [engine.ids(ids)]).await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// Who has said these, each once.
fn authors<'a>(chirps: impl IntoIterator<Item = &'a Arc<Chirp>>) -> Vec<UserId> {
    let users: std::collections::BTreeSet<UserId> = chirps.into_iter().map(|chirp| chirp.user_id).collect();
    users.into_iter().collect()
}
