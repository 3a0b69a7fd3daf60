//! Sessions: a sign-in on one client, and the tokens that speak for it.
//!
//! Tokens are opaque, 256 random bits, stored as SHA-256 only. An access token is good for minutes; a refresh token is
//! used once, except that for ten seconds it may be used again, for a client that lost the answer or has two tabs. Used
//! after that, somebody has stolen it, and the whole family ends. For the two tabs to go on, each issue of tokens is a
//! row of its own: a session may have two access tokens alive for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::id::{FamilyId, SessionId, TokenId, UserId, WalletId};
use entity::{Timestamp, refresh_token, user, user_device, user_session};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryResult,
};
use sha2::{Digest, Sha256};

mod create;
mod list;
mod revoke;

pub use create::create;
pub(crate) use create::wrong_credentials;
pub use list::{Listed, list};
pub(crate) use revoke::{end, end_all, end_on};
pub use revoke::{revoke, revoke_others};

use crate::access::columns;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential::{self, Credential};
use crate::device::{Arrival, Introduced};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};

/// How long a used refresh token may be used again.
const GRACE: Duration = Duration::from_secs(10);
/// How often a session may be refreshed from when a token was used until it is used again. More than tabs there are is somebody
/// who collects tokens.
const WITHIN_GRACE: i64 = 8;

/// The client at the other end, as the edge sees it.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its address.
    pub ip_address: Option<IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// What it says that it runs on, where it signs in.
    pub device: Option<Introduced>,
}

/// What a client gets when it signs in or refreshes. The tokens are nowhere else.
pub struct Issued {
    /// The account.
    pub user: user::Model,
    /// The session.
    pub session: user_session::Model,
    /// The device that it was opened on, where that was just told.
    pub device: Option<user_device::Model>,
    /// For the `Authorization` header.
    pub access_token: String,
    /// When the access token runs out.
    pub access_expires_at: Timestamp,
    /// For the next refresh.
    pub refresh_token: String,
}

/// A session with new tokens, to be stored.
pub(crate) struct Fresh {
    session: user_session::Model,
    tokens: refresh_token::Model,
    access_token: String,
    refresh_token: String,
    /// The device that a new session is opened on.
    arrival: Option<Arrival>,
}

impl Fresh {
    /// A new session.
    pub(crate) fn new(app: &App, user_id: UserId, client: &Client) -> Self {
        let now = app.clock.now();
        let session = user_session::Model {
            id: app.clock.id(),
            user_id,
            wallet_id: None,
            device_id: None,
            ip_address: client.ip_address.map(|address| address.to_string()),
            // As long as a browser's is; what is longer is cut, since nobody but its owner reads it.
            user_agent: client.user_agent.as_ref().map(|text| text.chars().filter(|&c| c != '\0').take(500).collect()),
            payload: None,
            last_activity_at: now,
            created_at: now,
            expires_at: now + app.settings.session_lifetime,
            revoked_at: None,
        };
        Self { arrival: Arrival::of(app, user_id, client), ..Self::issue(app, session, app.clock.id()) }
    }

    /// The same, signed in with a wallet.
    pub(crate) fn with_wallet(mut self, id: WalletId) -> Self {
        self.session.wallet_id = Some(id);
        self
    }

    /// New tokens for a session.
    fn issue(app: &App, mut session: user_session::Model, family_id: FamilyId) -> Self {
        let now = app.clock.now();
        session.expires_at = now + app.settings.session_lifetime;
        let (access_token, refresh_token) = (token(app, "lna"), token(app, "lnr"));
        let tokens = refresh_token::Model {
            id: app.clock.id::<TokenId>(),
            session_id: session.id,
            user_id: session.user_id,
            token_hash: digest(&refresh_token),
            access_hash: digest(&access_token),
            access_expires_at: now + app.settings.access_lifetime,
            family_id,
            created_at: now,
            expires_at: session.expires_at,
            used_at: None,
            revoked_at: None,
        };
        Self { session, tokens, access_token, refresh_token, arrival: None }
    }

    /// Stores a new session with its device, and with the line of the audit log that says how it came about: none comes about
    /// otherwise. A device that an account had not is told to it. Gives what the client gets.
    pub(crate) async fn store(
        mut self,
        app: &App,
        on: &DatabaseTransaction,
        user: user::Model,
        how: Entry,
    ) -> Result<Issued> {
        let is_sign_up = how.is_sign_up();
        audit::record(on, how).await?;
        let device = match self.arrival.take() {
            Some(arrival) => Some(arrival.store(app, on, &user, is_sign_up).await?),
            None => None,
        };
        self.session.device_id = device.as_ref().map(|device| device.id);
        user_session::Entity::insert(self.session.clone().into_active_model()).exec_without_returning(on).await?;
        self.store_tokens(on).await?;
        Ok(Issued { device, ..self.issued(user) })
    }

    async fn store_tokens(&self, on: &DatabaseTransaction) -> Result<()> {
        refresh_token::Entity::insert(self.tokens.clone().into_active_model()).exec_without_returning(on).await?;
        Ok(())
    }

    /// What the client gets.
    fn issued(self, user: user::Model) -> Issued {
        Issued {
            user,
            session: self.session,
            device: None,
            access_token: self.access_token,
            access_expires_at: self.tokens.access_expires_at,
            refresh_token: self.refresh_token,
        }
    }
}

/// A prefix tells a leaked token for what it is; see <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>.
pub(crate) fn token(app: &App, prefix: &str) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(app.clock.secret()))
}

/// What is stored of a token.
pub(crate) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Whether its owner may enter: an account that rests is taken up by that.
pub(crate) fn may_enter(user: &user::Model) -> bool {
    user.suspended_at.is_none() && user.deleted_at.is_none()
}

/// Whether sessions and keys of an account speak for it.
pub(crate) fn may_sign_in(user: &user::Model) -> bool {
    user.is_active && may_enter(user)
}

/// A refresh token's row with its session and account.
#[derive(Clone)]
pub(crate) struct Presented {
    token: refresh_token::Model,
    session: user_session::Model,
    user: user::Model,
}

impl FromQueryResult for Presented {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            token: refresh_token::Model::from_query_result(row, "r_")?,
            session: user_session::Model::from_query_result(row, "s_")?,
            user: user::Model::from_query_result(row, "u_")?,
        })
    }
}

static PRESENTED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}, {}, {}",
        columns::<refresh_token::Entity>("r", "r_"),
        columns::<user_session::Entity>("s", "s_"),
        columns::<user::Entity>("u", "u_"),
    )
});

fn refusal(code: Code, message: &'static str) -> Error {
    Refusal::new(code, "refresh_token", message).into()
}

/// Trades a refresh token for new tokens of the same session.
pub async fn refresh(app: &Arc<App>, client: &Client, presented: &str) -> Result<Issued> {
    let (engine, now, hash) = (app.db.engine(), app.clock.now(), digest(presented));
    let (context, client) = (app.clone(), client.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            // The session's row is what whoever ends sessions goes by, and what orders two who refresh at once.
            let sql = format!(
                "SELECT {} FROM refresh_tokens r JOIN user_sessions s ON s.id = r.session_id \
                 JOIN users u ON u.id = r.user_id WHERE r.token_hash = $1{}",
                *PRESENTED,
                engine.for_update_of("s")
            );
            let found = Presented::find_by_statement(engine.sql(sql, [hash.into()])).one(transaction).await?;
            let Some(mut found) = found else { return Ok(Refreshed::Refused(Code::WrongCredentials, None)) };
            // A statement of its own, which sees that whoever had the session's row before has used it.
            let sql = engine.sql("SELECT * FROM refresh_tokens WHERE id = $1", [found.token.id.into()]);
            let Some(token) = refresh_token::Model::find_by_statement(sql).one(transaction).await? else {
                return Ok(Refreshed::Refused(Code::WrongCredentials, None));
            };
            found.token = token;
            let over = found.token.revoked_at.is_some() || found.session.revoked_at.is_some();
            if over || found.token.expires_at <= now || !may_sign_in(&found.user) {
                return Ok(Refreshed::Refused(Code::Expired, None));
            }
            let grace = chrono::Duration::from_std(GRACE).unwrap_or_default();
            // By the database's clock, as `used_at` is: the two tabs may be on two nodes, whose clocks differ.
            let stamp = db::stamp(transaction, engine).await?;
            if found.token.used_at.is_some_and(|used_at| stamp - used_at > grace) {
                end(engine, transaction, found.session.id, now).await?;
                let entry = Entry::new(&context, Action::TokenReuse, found.user.id, &client);
                audit::record(transaction, entry.by(None)).await?;
                return Ok(Refreshed::Refused(Code::Expired, Some(found.session.id)));
            }
            context.limits.write(found.user.id)?;
            if let Some(used_at) = found.token.used_at
                && refreshed_since(engine, transaction, found.session.id, used_at).await? >= WITHIN_GRACE
            {
                return Ok(Refreshed::Refused(Code::Expired, None));
            }
            let mut fresh = Fresh::issue(&context, found.session, found.token.family_id);
            fresh.tokens.created_at = stamp;
            let sql = "UPDATE refresh_tokens SET used_at = coalesce(used_at, $2) WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [found.token.id.into(), stamp.into()])).await?;
            let sql = "UPDATE user_sessions SET expires_at = $2 WHERE id = $1";
            let values = [fresh.session.id.into(), fresh.session.expires_at.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            fresh.store_tokens(transaction).await?;
            Ok(Refreshed::Issued(Box::new(fresh.issued(found.user))))
        })
    });
    match work.await? {
        Refreshed::Issued(mut issued) => {
            // By itself: a device's row is locked before its sessions', and this one's session was locked above.
            credential::note(app, &Credential::Session(issued.session.clone()));
            issued.session.last_activity_at = now;
            Ok(*issued)
        }
        Refreshed::Refused(code, ended) => {
            if let Some(session_id) = ended {
                app.bus.publish(Hint::SessionRevoked(session_id));
            }
            Err(refusal(code, "This refresh token is not valid (any more): sign in again."))
        }
    }
}

/// How often a session has been refreshed since one of its tokens was used; by the database's clock, which both times are of.
async fn refreshed_since(engine: Engine, on: &DatabaseTransaction, id: SessionId, used_at: Timestamp) -> Result<i64> {
    let sql = "SELECT count(*) FROM refresh_tokens WHERE session_id = $1 AND created_at >= $2";
    db::count(on, engine, sql, [id.into(), used_at.into()]).await
}

/// A refusal must be committed, too: it may have ended a family.
enum Refreshed {
    Issued(Box<Issued>),
    Refused(Code, Option<SessionId>),
}

/// The account and the session that an access token speaks for, if it is good.
pub(crate) async fn presented(app: &App, token: &str) -> Result<Option<(user::Model, Credential)>> {
    let hash = digest(token);
    let found = app.sessions.ask(vec![hash.clone()], |hashes| by_access(app, hashes)).await?.remove(&hash);
    let now = app.clock.now();
    let good = found.filter(|found| found.token.revoked_at.is_none() && found.token.access_expires_at > now);
    Ok(good.map(|found| (found.user, found.session.into())))
}

async fn by_access(app: &App, hashes: Vec<Vec<u8>>) -> Result<HashMap<Vec<u8>, Presented>> {
    let engine = app.db.engine();
    let sql = format!(
        "SELECT {} FROM {} {} {} {}",
        *PRESENTED,
        engine.each_hash(1),
        engine.join_each("refresh_tokens r", "r.access_hash = w.hash"),
        engine.join_each("user_sessions s", "s.id = r.session_id"),
        engine.join_each("users u", "u.id = r.user_id")
    );
    let rows: Vec<Presented> = app.db.all(sql, [engine.hashes(hashes)]).await?;
    Ok(rows.into_iter().map(|found| (found.token.access_hash.clone(), found)).collect())
}
