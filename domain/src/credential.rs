//! What speaks for an account: a session, or an API key. Whoever presents a token of either is made a viewer here, and what
//! lives no longer than what speaks for it is told when that ends.

use std::sync::Arc;

use entity::id::{ApiKeyId, SessionId};
use entity::{Timestamp, api_key, user, user_session};
use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult, QueryResult};

mod open;

pub use open::{Lease, lease, note_use};
pub(crate) use open::{Open, note, watch};

use crate::access::{Viewer, columns};
use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::db::Engine;
use crate::{api_key as keys, session};

/// What speaks for an account.
pub enum Credential {
    /// A sign-in.
    Session(user_session::Model),
    /// A key of a program's.
    Key(api_key::Model),
}

/// Names a session or a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CredentialId {
    Session(SessionId),
    Key(ApiKeyId),
}

impl From<user_session::Model> for Credential {
    fn from(session: user_session::Model) -> Self {
        Self::Session(session)
    }
}

impl Credential {
    fn id(&self) -> CredentialId {
        match self {
            Self::Session(session) => CredentialId::Session(session.id),
            Self::Key(key) => CredentialId::Key(key.id),
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Session(session) => Some(session.expires_at),
            Self::Key(key) => key.expires_at,
        }
    }

    fn revoked_at(&self) -> Option<Timestamp> {
        match self {
            Self::Session(session) => session.revoked_at,
            Self::Key(key) => key.revoked_at,
        }
    }

    /// Whether it has neither been revoked nor expired.
    fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at().is_none() && self.expires_at().is_none_or(|at| at > now)
    }

    /// The same credential as it is now; none if its row is gone.
    async fn anew(&self, engine: Engine, on: &DatabaseTransaction) -> Result<Option<Self>> {
        Ok(match self {
            Self::Session(session) => {
                let sql = engine.sql("SELECT * FROM user_sessions WHERE id = $1", [session.id.into()]);
                user_session::Model::find_by_statement(sql).one(on).await?.map(Self::Session)
            }
            Self::Key(key) => {
                let sql = engine.sql("SELECT * FROM api_keys WHERE id = $1", [key.id.into()]);
                api_key::Model::find_by_statement(sql).one(on).await?.map(Self::Key)
            }
        })
    }

    /// When it was last used, as far as that was written down.
    fn last_used_at(&self) -> Option<Timestamp> {
        match self {
            Self::Session(session) => Some(session.last_activity_at),
            Self::Key(key) => key.last_used_at,
        }
    }
}

/// A session with its account.
struct Signed {
    session: user_session::Model,
    user: user::Model,
}

impl FromQueryResult for Signed {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            session: user_session::Model::from_query_result(row, "s_")?,
            user: user::Model::from_query_result(row, "u_")?,
        })
    }
}

/// Who a session speaks for, if it does now: for what goes on without a token.
pub(crate) async fn of_session(app: &App, id: SessionId) -> Result<Option<Viewer>> {
    let sql = format!(
        "SELECT {}, {} FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
        columns::<user_session::Entity>("s", "s_"),
        columns::<user::Entity>("u", "u_"),
    );
    let found: Option<Signed> = app.db.one(sql, [id.into()]).await?;
    let now = app.clock.now();
    let found = found.map(|found| (found.user, Credential::from(found.session)));
    let found = found.filter(|(user, credential)| credential.is_good(now) && session::may_sign_in(user));
    Ok(found.map(|(user, credential)| Viewer::signed_in(user, credential)))
}

/// The viewer's account as it is now, which nobody else changes before the transaction ends. A viewer is proved once for all of a
/// request, and may have ended the session or deleted the account a line before: whatever changes an account begins with this.
///
/// Errors: what the viewer came with does not speak for the account any more.
pub(crate) async fn hold(
    engine: Engine,
    on: &DatabaseTransaction,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<user::Model> {
    let id = viewer.require()?.user.id;
    let sql = format!("SELECT * FROM users WHERE id = $1{}", engine.for_no_key_update());
    let user = user::Model::find_by_statement(engine.sql(sql, [id.into()])).one(on).await?;
    // A statement of its own, which sees what the one who had the account before has done to it.
    require_open(engine, on, viewer, now).await?;
    user.filter(session::may_sign_in).ok_or(ENDED)
}

/// The part of [`hold`] that is about what the viewer came with, for who has locked the account already.
pub(crate) async fn require_open(
    engine: Engine,
    on: &DatabaseTransaction,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<()> {
    let credential = viewer.require()?.credential.anew(engine, on).await?;
    if credential.is_some_and(|one| one.is_good(now)) { Ok(()) } else { Err(ENDED) }
}

/// What is said to those whose session or account goes while they ask.
pub(crate) const ENDED: Error = Error::Unauthenticated("The session has ended: sign in again.");

/// Who an access token or an API key speaks for.
pub async fn authenticate(app: &Arc<App>, token: &str) -> Result<Viewer> {
    let invalid = || Error::Unauthenticated("The token is not valid (any more): refresh it or sign in again.");
    let found = match token.starts_with(keys::PREFIX) {
        true => keys::presented(app, token).await?,
        false => session::presented(app, token).await?,
    };
    let (user, credential) = found.ok_or_else(invalid)?;
    let now = app.clock.now();
    if !credential.is_good(now) || !session::may_sign_in(&user) {
        return Err(invalid());
    }
    note(app, &credential);
    Ok(Viewer::signed_in(user, credential))
}
