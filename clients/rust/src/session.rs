//! Who speaks for the account.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select_ok;
use tokio::time::sleep;

use crate::Error;
use crate::client::Inner;
use crate::operations::SessionRefresh;
use crate::operations::session_refresh::{SessionRefreshSessionRefresh, Variables};
use crate::operations::types::SessionRefreshInput;

/// When a refresh is tried, and tried again if nothing has come back. The server takes a used refresh token for ten seconds, in case its
/// answer was lost, and ends the session if it comes later: so all attempts are made within that time, beside each other.
const ATTEMPTS: [Duration; 5] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6), Duration::from_secs(9)];

/// What speaks for an account: a session's tokens, or an API key as `access` alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// What requests are made with.
    pub access: String,
    /// What new tokens are asked for with.
    pub refresh: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens")
    }
}

/// Hears of new tokens, and of `None` once the session has ended.
pub(crate) type OnTokens = Box<dyn Fn(Option<&Tokens>) + Send + Sync>;

/// The tokens that speak for an account, and how there come new ones.
pub(crate) struct Session {
    tokens: Mutex<Option<Tokens>>,
    on_tokens: Option<OnTokens>,
    refreshing: tokio::sync::Mutex<()>,
}

impl Session {
    pub(crate) fn new(tokens: Option<Tokens>, on_tokens: Option<OnTokens>) -> Self {
        Self { tokens: Mutex::new(tokens), on_tokens, refreshing: tokio::sync::Mutex::default() }
    }

    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.held().clone()
    }

    /// Goes on with these.
    pub(crate) fn keep(&self, tokens: Option<Tokens>) {
        self.held().clone_from(&tokens);
        if let Some(on_tokens) = &self.on_tokens {
            on_tokens(tokens.as_ref());
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Tokens>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokens in the place of those that the server no longer takes: one refresh for all who ask at once. `None` if the session has ended;
/// fails if nobody can tell now. It goes on though whoever asked for it is dropped.
pub(crate) async fn refresh(inner: &Arc<Inner>, stale: String) -> Result<Option<Tokens>, Error> {
    let inner = Arc::clone(inner);
    // Boxed, as a refresh is a request itself.
    let refreshing = async move {
        let session = &inner.session;
        let _alone = session.refreshing.lock().await;
        let held = match session.tokens() {
            Some(held) if held.access == stale => held,
            // Somebody has signed out, or has refreshed while this was on its way.
            other => return Ok(other),
        };
        let fresh = match &held.refresh {
            Some(refresh) => tokens(ask(&inner, refresh).await?),
            None => None,
        };
        let now = session.tokens();
        if now.as_ref() != Some(&held) {
            return Ok(now);
        }
        session.keep(fresh.clone());
        Ok(fresh)
    };
    tokio::spawn(refreshing.boxed()).await.map_err(|error| Error::network(&error))?
}

/// Asks until an answer comes, by whichever attempt.
async fn ask(inner: &Arc<Inner>, refresh: &str) -> Result<SessionRefreshSessionRefresh, Error> {
    let attempts = ATTEMPTS.map(|delay| {
        let input = SessionRefreshInput { refresh_token: refresh.to_owned() };
        async move {
            sleep(delay).await;
            inner.ask_as_nobody::<SessionRefresh>(Variables { input }).await
        }
        .boxed()
    });
    select_ok(attempts).await.map(|(answer, _)| answer.session_refresh)
}

fn tokens(fresh: SessionRefreshSessionRefresh) -> Option<Tokens> {
    Some(Tokens { access: fresh.access_token?, refresh: Some(fresh.refresh_token?) })
}
