//! What speaks for an account: a session, or an API key. Whoever presents a token of either is made a viewer here, and what
//! lives no longer than what speaks for it is told when that ends.

use std::sync::Arc;

use entity::id::{ApiKeyId, SessionId};
use entity::{Timestamp, api_key, user, user_session};
use sea_orm::{DbErr, FromQueryResult, QueryResult};

mod open;

pub use open::{Lease, lease};
pub(crate) use open::{Open, watch};

use crate::access::{Viewer, columns};
use crate::app::App;
use crate::error::{Error, Result};
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
    let found = found.filter(|found| found.session.revoked_at.is_none() && found.session.expires_at > now);
    let found = found.filter(|found| session::may_sign_in(&found.user));
    Ok(found.map(|found| Viewer::signed_in(found.user, found.session.into())))
}

/// Who an access token or an API key speaks for.
pub async fn authenticate(app: &Arc<App>, token: &str) -> Result<Viewer> {
    let invalid = || Error::Unauthenticated("The token is not valid (any more): refresh it or sign in again.");
    let found = match token.starts_with(keys::PREFIX) {
        true => keys::presented(app, token).await?,
        false => session::presented(app, token).await?,
    };
    let (user, credential) = found.ok_or_else(invalid)?;
    let now = app.clock.now();
    let over = credential.revoked_at().is_some() || credential.expires_at().is_some_and(|at| at <= now);
    if over || !session::may_sign_in(&user) {
        return Err(invalid());
    }
    open::note_use(app, &credential, now);
    Ok(Viewer::signed_in(user, credential))
}
