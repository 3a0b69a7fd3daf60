//! The viewer, and the sessions that speak for them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::access::Viewer as Who;
use domain::account;
use domain::session::{self, Client, Issued};
use domain::{block, diary, thread};
use entity::user_session;

use super::block::BlockedUserConnection;
use super::cursor::{Args, ITEMS, List};
use super::diary::{DiaryEntry, DiaryEntryConnection};
use super::error::{UserError, settle};
use super::nullable::{Nullable, Required};
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, viewer};
use super::thread::ThreadConnection;
use super::user::User;
use super::{fault, id};

#[derive(Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The signed-in account; null for an anonymous request. All that is private hangs off this field alone.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        viewer(ctx).account().map(|_| Viewer(viewer(ctx).clone(), Scope::of(ctx)))
    }
}

/// You: the signed-in account, with all that nobody else sees.
pub(crate) struct Viewer(Who, Scope);

impl Viewer {
    /// Whoever this is, and what their fields load through.
    pub(crate) fn of(who: Who, scope: Scope) -> Self {
        Self(who, scope)
    }

    fn account(&self) -> Result<&domain::access::SignedIn> {
        self.0.require().map_err(fault)
    }
}

/// You: the signed-in account, with all that nobody else sees.
#[Object]
impl Viewer {
    /// Your public face.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.1, self.account()?.user.id).await }).await
    }

    /// Your email address; null for a guest.
    async fn email(&self) -> Nullable<&str> {
        Nullable::of(async { Ok(self.account()?.user.email.as_deref()) }).await
    }

    /// When you proved that the address is yours.
    async fn email_verified_at(&self) -> Nullable<DateTime> {
        Nullable::of(async { Ok(self.account()?.user.email_verified_at.map(DateTime)) }).await
    }

    /// The address that yours is to be changed to, once it is proved; null if you have asked for none.
    async fn pending_email(&self) -> Nullable<String> {
        Nullable::of(async { account::pending_email(self.1.app(), &self.0).await.map_err(fault) }).await
    }

    /// The session that this request speaks for. Null for an API key.
    async fn session(&self) -> Nullable<Session> {
        Nullable::of(async { Ok(Some(Session::of(&self.account()?.session, true))) }).await
    }

    /// Your threads, the most recently active first.
    async fn threads(
        &self,
        #[graphql(desc = "Those that are archived instead of those in use.", default_with = "Some(false)")]
        archived: Option<bool>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ThreadConnection> {
        Required::of(async {
            let window = List::Threads.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = thread::inbox(self.1.app(), &self.0, archived.unwrap_or(false), &window).await.map_err(fault)?;
            Ok(ThreadConnection::listed(page, List::Threads, &self.1))
        })
        .await
    }

    /// Whom you have blocked, the latest first.
    async fn blocked_users(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<BlockedUserConnection> {
        Required::of(async {
            let window = List::Blocked.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = block::list(self.1.app(), &self.0, &window).await.map_err(fault)?;
            Ok(BlockedUserConnection::listed(page, &self.1))
        })
        .await
    }

    /// Your diary: what you have written for yourself alone, the latest day first. Nobody else ever sees it.
    async fn diary_entries(
        &self,
        #[graphql(desc = "Only what is about days of one month, such as `2026-11`.")] month: Option<String>,
        #[graphql(desc = "Only what has this in its title or content, whatever the case and the accents.")]
        search: Option<String>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<DiaryEntryConnection> {
        Required::of(async {
            let window = List::Diary.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let filter = diary::Filter { month, search };
            let page = diary::list(self.1.app(), &self.0, &filter, &window).await.map_err(fault)?;
            Ok(DiaryEntryConnection::listed(page))
        })
        .await
    }

    /// One entry of your diary; null if there is none.
    async fn diary_entry(&self, #[graphql(desc = "Which one.")] id: ID) -> Nullable<DiaryEntry> {
        Nullable::of(async {
            let id = id::parse("id", &id).map_err(fault)?;
            let entry = diary::by_id(self.1.app(), &self.0, id).await.map_err(fault)?;
            Ok(entry.map(DiaryEntry::from))
        })
        .await
    }

    /// How many of your threads in use have something that you have not read.
    async fn unread_thread_count(&self) -> Required<i32> {
        Required::of(async { Ok(int(thread::unread_thread_count(self.1.app(), &self.0).await.map_err(fault)?)) }).await
    }
}

/// A sign-in on one client.
#[derive(SimpleObject)]
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
}

impl Session {
    fn of(row: &user_session::Model, is_current: bool) -> Self {
        Self {
            id: row.id.to_string().into(),
            created_at: row.created_at.into(),
            last_activity_at: row.last_activity_at.into(),
            expires_at: row.expires_at.into(),
            ip_address: row.ip_address.clone(),
            user_agent: row.user_agent.clone(),
            is_current,
        }
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
            session: Some(Session::of(&issued.session, true)),
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
        let outcome = session::create(scope.app(), &client(ctx), &input.login, input.password).await;
        SessionPayload::of(&scope, outcome).await
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
}
