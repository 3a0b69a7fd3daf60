//! API keys: what programs speak for an account with. A key is shown once and stored as SHA-256; it reads, and writes messages if
//! it may, but never manages the account ([`crate::access::Right`]).

use std::sync::Arc;

use entity::api_key::Model;
use entity::id::{ApiKeyId, UserId};
use entity::{Timestamp, api_key, user};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryResult,
};

use crate::access::{Viewer, columns};
use crate::account::letter;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential::{self, Credential};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};
use crate::infra::list::{List, by_id};
use crate::limit::Asking;
use crate::mail;
use crate::page::{Page, Window};
use crate::session::{Client, digest, token};
use crate::text::{Checks, unique_key};

/// What every key begins with.
pub(crate) const PREFIX: &str = "lnk_";

/// A key to be made.
pub struct Draft {
    /// What its owner knows it by: 1 to 100 characters.
    pub name: String,
    /// Whether it may change things, too.
    pub can_write: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made.
pub struct Created {
    /// Its row.
    pub key: Model,
    /// The key itself, which is nowhere else.
    pub token: String,
}

/// Makes a key that speaks for the viewer, and tells the account's address of it if that is proved.
pub async fn create(app: &Arc<App>, client: &Client, viewer: &Viewer, draft: Draft) -> Result<Created> {
    viewer.require_account()?;
    let (own, _) = viewer.require_session()?;
    let now = app.clock.now();
    let mut checks = Checks::default();
    checks.text("name", &draft.name, 100);
    let ahead = draft.expires_at.is_none_or(|at| at > now);
    checks.require(ahead, Code::Invalid, "expires_at", "It must be in the future.");
    checks.done()?;
    if let Some(to) = letter::proved(&viewer.require()?.user) {
        app.limits.mail(Asking::Owner(own), digest(&unique_key(&to)))?;
    }
    let token = token(app, PREFIX.trim_end_matches('_'));
    let key = Model {
        id: app.clock.id(),
        user_id: own,
        name: draft.name,
        key_hash: digest(&token),
        can_write: draft.can_write,
        created_at: now,
        expires_at: draft.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let (engine, entry, row) = (app.db.engine(), Entry::new(app, Action::ApiKeyCreate, own, client), key.clone());
    let (context, viewer, most) = (app.clone(), viewer.clone(), app.settings.account_api_keys);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            // Of two that are made at once, the one that comes second is counted with the first.
            let user = credential::hold(engine, transaction, &viewer, now).await?;
            // Those that have expired among them.
            let sql = "SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL";
            if db::count(transaction, engine, sql, [own.into()]).await? >= most {
                let message =
                    format!("An account has at most {most} keys: revoke one that is not used any more.").into();
                return Err(Refusal { code: Code::TooLong, path: Vec::new(), message }.into());
            }
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::new_api_key(to, &user, &row)).await?;
            }
            api_key::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    Ok(Created { key, token })
}

/// The viewer's keys that were not revoked, the newest first.
pub async fn list(app: &App, viewer: &Viewer, window: &Window<String>) -> Result<Page<Model>> {
    let (own, _) = viewer.require_session()?;
    let list = List {
        select: "*",
        from: "FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL",
        keys: &["id"],
        descending: true,
        values: vec![own.into()],
    };
    list.page(&app.db, &by_id::<ApiKeyId>(window)).await
}

/// Revokes one of the viewer's keys. Its sockets close within a second, on every node.
pub async fn revoke(app: &App, client: &Client, viewer: &Viewer, id: ApiKeyId) -> Result<()> {
    let (own, _) = viewer.require_session()?;
    let (engine, now) = (app.db.engine(), app.clock.now());
    let (viewer, entry) = (viewer.clone(), Entry::new(app, Action::ApiKeyRevoke, own, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let sql = "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL";
            let revoked = transaction.execute_raw(engine.sql(sql, [id.into(), own.into(), now.into()])).await?;
            if revoked.rows_affected() == 0 {
                return Err(Error::not_found("id", "API key"));
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    app.bus.publish(Hint::AccessEnded(own));
    Ok(())
}

/// Revokes all keys of an account, whose row has to be locked. How many there were. Publish [`Hint::AccessEnded`] when it is committed.
pub(crate) async fn revoke_all(
    engine: Engine,
    on: &DatabaseTransaction,
    user_id: UserId,
    now: Timestamp,
) -> Result<u64> {
    let sql = "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    Ok(on.execute_raw(engine.sql(sql, [user_id.into(), now.into()])).await?.rows_affected())
}

/// A key with its account.
struct Presented {
    key: Model,
    user: user::Model,
}

impl FromQueryResult for Presented {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self { key: Model::from_query_result(row, "k_")?, user: user::Model::from_query_result(row, "u_")? })
    }
}

/// The account and the key that a text is, whether or not it is good any more.
pub(crate) async fn presented(app: &App, token: &str) -> Result<Option<(user::Model, Credential)>> {
    let sql = format!(
        "SELECT {}, {} FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.key_hash = $1",
        columns::<api_key::Entity>("k", "k_"),
        columns::<user::Entity>("u", "u_"),
    );
    let found: Option<Presented> = app.db.one(sql, [digest(token).into()]).await?;
    Ok(found.map(|found| (found.user, Credential::Key(found.key))))
}
