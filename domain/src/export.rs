//! Exports: everything of one person's in one document, and nothing of anybody else's. `docs/export.md` says what is in it.
//!
//! It is asked for by whoever is signed in, and fetched by a link; what is read of it is read page by page, and for each it is
//! proved again that whoever asked may.

use std::sync::Arc;
use std::time::Duration;

use entity::id::SessionId;
use entity::{Timestamp, export_token};
use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, FromQueryResult};

mod document;
mod list;
mod section;
mod token;
mod written;

use crate::access::Viewer;
use crate::account::letter;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::download::{self, Download};
use crate::error::Result;
use crate::mail;
use crate::session::{Client, digest, token};

/// How long a link is good for.
const GOOD: Duration = Duration::from_secs(600);

/// A way to an export. It is nowhere else.
pub struct Link {
    /// Where to fetch it: a path from the root of the API.
    pub url: String,
    /// Until when, at the latest.
    pub expires_at: Timestamp,
}

/// Gives the viewer a link to what is theirs, in place of any from before.
pub async fn request(app: &Arc<App>, client: &Client, viewer: &Viewer) -> Result<Link> {
    let (user_id, session) = viewer.require_session()?;
    app.limits.export(user_id)?;
    let token = token(app, "lnx");
    let (engine, hash, now, session_id) = (app.db.engine(), digest(&token), app.clock.now(), session.id);
    let expires_at = now + GOOD;
    let (viewer, entry) = (viewer.clone(), Entry::new(app, Action::AccountExport, user_id, client));
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let user = credential::hold(engine, transaction, &viewer, now).await?;
            let sql = "INSERT INTO export_tokens (user_id, session_id, token_hash, created_at, expires_at) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET \
                       session_id = excluded.session_id, token_hash = excluded.token_hash, \
                       created_at = excluded.created_at, expires_at = excluded.expires_at";
            let values = [user_id.into(), session_id.into(), hash.into(), now.into(), expires_at.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::exported(to, &user)).await?;
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    Ok(Link { url: download::link(&token), expires_at })
}

/// For whom the secret of a link is good. It is not used up by that.
pub(crate) async fn whose(app: &App, token: &str) -> Result<Option<Viewer>> {
    let sql = "SELECT * FROM export_tokens WHERE token_hash = $1";
    let found: Option<export_token::Model> = app.db.one(sql, [digest(token).into()]).await?;
    match found.filter(|found| found.expires_at > app.clock.now()) {
        Some(found) => credential::of_session(app, found.session_id).await,
        None => Ok(None),
    }
}

/// Opens an export by the secret of its link, which is used up by that; none if it is not good (any more), or the session that
/// asked for it has ended.
pub(crate) async fn open(app: &Arc<App>, token: &str) -> Result<Option<Download>> {
    let (engine, hash) = (app.db.engine(), digest(token));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "DELETE FROM export_tokens WHERE token_hash = $1 RETURNING *";
            Ok(export_token::Model::find_by_statement(engine.sql(sql, [hash.into()])).one(transaction).await?)
        })
    });
    let used: Option<export_token::Model> = work.await?;
    let Some(used) = used.filter(|used| used.expires_at > app.clock.now()) else { return Ok(None) };
    let source = Source { app: app.clone(), session_id: used.session_id };
    let Some(viewer) = credential::of_session(app, used.session_id).await? else { return Ok(None) };
    let name = format!("linnet-{}.json", viewer.require()?.user.username);
    let parts = document::document(source).boxed();
    Ok(Some(Download { viewer, name, media_type: "application/json; charset=utf-8", parts }))
}

/// What an export is read from, and the session that it is read for.
#[derive(Clone)]
struct Source {
    app: Arc<App>,
    session_id: SessionId,
}

impl Source {
    /// Proves that what asked for the export still speaks for its account.
    async fn prove(&self) -> Result<Viewer> {
        credential::of_session(&self.app, self.session_id).await?.ok_or(credential::ENDED)
    }
}
