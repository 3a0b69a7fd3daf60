//! Sessions: signing in and out, and what is signed in.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use domain::device;
use domain::session::{self, Client, Issued};
use entity::id::{DeviceId, UserId, WalletId};
use entity::{user_device, user_session};

use super::cursor::{Args, ITEMS, List};
use super::device::{Device, DeviceInput, client_on};
use super::error::{UserError, settle};
use super::loader::OwnWallet;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::user::User;
use super::viewer::Own;
use super::wallet::Wallet;
use super::{fault, id};

/// A sign-in on one client.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct Session {
    /// The session's id: `ses_…`.
    id: ID,
    /// When it began.
    created_at: DateTime,
    /// When it was last used, to the minute.
    last_activity_at: DateTime,
    /// When it ends unless it is refreshed before.
    expires_at: DateTime,
    /// Where it signed in from.
    ip_address: Option<String>,
    /// What the client called itself.
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    is_current: bool,
    #[graphql(skip)]
    opened_on: OpenedOn,
    #[graphql(skip)]
    wallet_of: Option<(UserId, WalletId)>,
    #[graphql(skip)]
    scope: Scope,
}

connection!(SessionConnection, SessionEdge, Session, "sessions");

/// The device of a session: as it was read with it, or to be asked for.
#[derive(Clone)]
enum OpenedOn {
    Read(Option<Device>),
    Named { user_id: UserId, id: DeviceId, current: Option<DeviceId> },
}

impl Session {
    /// A session, with its device where that was read, as whoever `current` speaks for sees it.
    pub(crate) fn of(
        row: &user_session::Model,
        device: Option<user_device::Model>,
        current: &user_session::Model,
        scope: &Scope,
    ) -> Self {
        let opened_on = match (device, row.device_id) {
            (None, Some(id)) => OpenedOn::Named { user_id: row.user_id, id, current: current.device_id },
            (device, _) => OpenedOn::Read(device.map(|device| Device::of(device, current.device_id))),
        };
        Self {
            id: row.id.to_string().into(),
            created_at: row.created_at.into(),
            last_activity_at: row.last_activity_at.into(),
            expires_at: row.expires_at.into(),
            ip_address: row.ip_address.clone(),
            user_agent: row.user_agent.clone(),
            is_current: row.id == current.id,
            opened_on,
            wallet_of: row.wallet_id.map(|id| (row.user_id, id)),
            scope: scope.clone(),
        }
    }
}

#[ComplexObject]
impl Session {
    /// The wallet that it was signed in with; null if it was not, or if the wallet has been removed.
    async fn wallet(&self) -> Nullable<Wallet> {
        Nullable::of(async {
            let Some((owner, id)) = self.wallet_of else { return Ok(None) };
            let (wallet, _) = self.scope.load(OwnWallet(owner, id), |_| Vec::new()).await?;
            Ok(wallet.map(Wallet::from))
        })
        .await
    }

    /// The device that it signed in on; null if the client named none.
    async fn device(&self) -> Nullable<Device> {
        Nullable::of(async {
            match &self.opened_on {
                OpenedOn::Read(device) => Ok(device.clone()),
                OpenedOn::Named { user_id, id, current } => {
                    let row = device::of_session(self.scope.app(), *user_id, *id).await.map_err(fault)?;
                    Ok(row.map(|row| Device::of(row, *current)))
                }
            }
        })
        .await
    }
}

/// The viewer's sessions.
pub(crate) struct OwnSessions(pub(crate) Own);

#[Object]
impl OwnSessions {
    /// Your sessions that have not ended, the newest first. Not for API keys.
    async fn sessions(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<SessionConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let (_, current) = who.require_session().map_err(fault)?;
            let window = List::Sessions.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = session::list(scope.app(), who, &window).await.map_err(fault)?;
            Ok(SessionConnection::of(page.map(|listed| {
                let cursor = List::Sessions.cursor(&listed.session.id.to_string());
                (cursor, Session::of(&listed.session, listed.device, current, scope))
            })))
        })
        .await
    }
}

/// The outcome of signing up, signing in or refreshing. Keep the tokens: they are shown once.
#[derive(SimpleObject)]
pub(crate) struct SessionPayload {
    /// The session; null if there is none.
    session: Option<Session>,
    /// The account that is signed in.
    user: Option<User>,
    /// For the `Authorization: Bearer …` header, and for the payload of `connection_init`.
    access_token: Option<String>,
    /// When the access token runs out: refresh before.
    access_token_expires_at: Option<DateTime>,
    /// For sessionRefresh; good for one use.
    refresh_token: Option<String>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

impl SessionPayload {
    /// The payload of whatever issues tokens.
    pub(crate) async fn of(scope: &Scope, outcome: domain::Result<Issued>) -> Result<Self> {
        let (issued, errors) = settle(outcome)?;
        let Some(issued) = issued else {
            return Ok(Self {
                session: None,
                user: None,
                access_token: None,
                access_token_expires_at: None,
                refresh_token: None,
                errors,
            });
        };
        Ok(Self {
            session: Some(Session::of(&issued.session, issued.device, &issued.session, scope)),
            user: User::load(scope, issued.user.id).await?,
            access_token: Some(issued.access_token),
            access_token_expires_at: Some(issued.access_expires_at.into()),
            refresh_token: Some(issued.refresh_token),
            errors,
        })
    }
}

/// Who signs in.
#[derive(InputObject)]
pub(crate) struct SessionCreateInput {
    /// Username or email, whatever the case.
    login: String,
    /// The password.
    #[graphql(secret)]
    password: String,
    /// What they sign in on.
    device: Option<DeviceInput>,
}

/// Which session to go on with.
#[derive(InputObject)]
pub(crate) struct SessionRefreshInput {
    /// The refresh token that came last.
    #[graphql(secret)]
    refresh_token: String,
}

/// Which session to end.
#[derive(InputObject)]
pub(crate) struct SessionRevokeInput {
    /// One of your sessions; without it, the current one.
    id: Option<ID>,
}

/// The outcome of sessionRevoke.
#[derive(SimpleObject)]
pub(crate) struct SessionRevokePayload {
    /// The session that has ended.
    revoked_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which session to keep.
#[derive(InputObject)]
pub(crate) struct SessionRevokeOthersInput {
    /// One of your sessions; without it, the current one.
    id: Option<ID>,
}

/// The outcome of sessionRevokeOthers.
#[derive(SimpleObject)]
pub(crate) struct SessionRevokeOthersPayload {
    /// The session that is left.
    session: Option<Session>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The client that asks, as the edge sees it.
pub(crate) fn client(ctx: &Context<'_>) -> Client {
    ctx.data_opt::<Client>().cloned().unwrap_or_default()
}

#[derive(Default)]
pub(crate) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in with a password.
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SessionCreateInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = async {
            let client = client_on(ctx, input.device)?;
            session::create(scope.app(), &client, &input.login, input.password).await
        };
        SessionPayload::of(&scope, outcome.await).await
    }

    /// Trades a refresh token for new tokens of the same session. For ten seconds it may be used again, for a client that
    /// lost the answer; used after that, the session ends, since somebody else may have it.
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: SessionRefreshInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = session::refresh(scope.app(), &client(ctx), &input.refresh_token).await;
        SessionPayload::of(&scope, outcome).await
    }

    /// Signs out: ends a session. Its sockets close within a second with code 4403.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: SessionRevokeInput,
    ) -> Result<SessionRevokePayload> {
        let scope = Scope::fresh(ctx);
        let outcome = async {
            let who = viewer(ctx);
            who.require()?;
            session::revoke(scope.app(), &client(ctx), who, id::parse_optional("id", input.id.as_ref())?).await
        };
        let (revoked, errors) = settle(outcome.await)?;
        Ok(SessionRevokePayload { revoked_id: revoked.map(|id| id.to_string().into()), errors })
    }

    /// Signs out everywhere else: ends all of your sessions but one. Their sockets close within a second with code 4403.
    async fn session_revoke_others(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session to keep.")] input: SessionRevokeOthersInput,
    ) -> Result<SessionRevokeOthersPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let keep = id::parse_optional("id", input.id.as_ref())?;
            session::revoke_others(scope.app(), &client(ctx), who, keep).await
        };
        let (kept, errors) = settle(outcome.await)?;
        let current = who.session();
        let session = kept.map(|kept| Session::of(&kept, None, current.unwrap_or(&kept), &scope));
        Ok(SessionRevokeOthersPayload { session, errors })
    }
}
