//! Who asks: an account with what speaks for it, or nobody in particular.

use std::sync::Arc;

use entity::id::UserId;
use entity::user::UserKind;
use entity::{user, user_session};
use sha2::{Digest, Sha256};

use crate::Refusal;
use crate::credential::Credential;
use crate::error::{Code, Error, Result};

/// Who asks.
#[derive(Clone)]
pub struct Viewer(Option<Arc<SignedIn>>);

/// An account with what speaks for it.
pub struct SignedIn {
    /// The account.
    pub user: user::Model,
    /// A session, or an API key.
    pub credential: Credential,
}

impl SignedIn {
    /// The session that speaks for the account; none for an API key.
    pub fn session(&self) -> Option<&user_session::Model> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            Credential::Key(_) => None,
        }
    }
}

/// What a change is to; it decides what may speak for the account that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Threads and what is in them, and chirps: sessions, and API keys that may write.
    Messaging,
    /// Accounts, and what gives access to them: sessions alone. Who gets hold of a key must not get hold of the account.
    Account,
}

impl Viewer {
    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self(None)
    }

    pub(crate) fn signed_in(user: user::Model, credential: Credential) -> Self {
        Self(Some(Arc::new(SignedIn { user, credential })))
    }

    /// The account's id, if signed in.
    pub fn user_id(&self) -> Option<UserId> {
        self.0.as_ref().map(|signed_in| signed_in.user.id)
    }

    /// A name for the log that is the same each time and does not tell who it is.
    pub fn pseudonym(&self) -> Option<String> {
        let digest = Sha256::digest(self.user_id()?.to_string());
        Some(digest[..6].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The account and what speaks for it, if signed in.
    pub fn account(&self) -> Option<&SignedIn> {
        self.0.as_deref()
    }

    /// The session that speaks for the account; none for an API key.
    pub fn session(&self) -> Option<&user_session::Model> {
        self.account()?.session()
    }

    /// The account and what speaks for it; an error for the anonymous.
    pub fn require(&self) -> Result<&SignedIn> {
        self.account().ok_or(Error::Unauthenticated("Sign in first: send `Authorization: Bearer <accessToken>`."))
    }

    /// As [`Viewer::require`], and not a guest.
    pub fn require_account(&self) -> Result<&SignedIn> {
        let signed_in = self.require()?;
        if signed_in.user.kind == UserKind::Guest {
            return Err(forbidden("A guest may read and write in public rooms only."));
        }
        Ok(signed_in)
    }

    /// The account's id with the session that speaks for it: for what an API key may neither see nor do.
    pub fn require_session(&self) -> Result<(UserId, &user_session::Model)> {
        let user_id = self.require()?.user.id;
        self.session().map(|session| (user_id, session)).ok_or_else(not_by_key)
    }

    /// The account, if a session speaks for it: for what of the account an API key may not see.
    pub fn require_in_person(&self) -> Result<&user::Model> {
        self.require_session()?;
        Ok(&self.require()?.user)
    }

    /// Whether what speaks for the viewer may make changes of a kind. The anonymous are let through: what they may do is for
    /// each change to say.
    pub fn permit(&self, right: Right) -> Result<()> {
        let Some(SignedIn { credential: Credential::Key(key), .. }) = self.account() else { return Ok(()) };
        match right {
            Right::Messaging if key.can_write => Ok(()),
            Right::Messaging => Err(forbidden("This API key may read only.")),
            Right::Account => Err(not_by_key()),
        }
    }
}

fn not_by_key() -> Error {
    forbidden("An API key does not manage its account: sign in for that.")
}

fn forbidden(why: &'static str) -> Error {
    Error::Refused(vec![Refusal { code: Code::Forbidden, path: Vec::new(), message: why.into() }])
}
