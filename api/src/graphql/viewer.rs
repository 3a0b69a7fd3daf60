//! You: the signed-in account. All that is private hangs off this field; what is of one noun is in that noun's file.

use async_graphql::{Context, ID, MergedObject, Object, Result};
use domain::access::Viewer as Who;
use domain::{account, block, diary, thread};

use super::administration::OwnAdministration;
use super::api_key::OwnKeys;
use super::audit::OwnAudit;
use super::block::BlockedUserConnection;
use super::cursor::{Args, ITEMS, List};
use super::device::OwnDevices;
use super::diary::{DiaryEntry, DiaryEntryConnection};
use super::mention::OwnMentions;
use super::mint::OwnMints;
use super::nullable::{Nullable, Required};
use super::recall::Found;
use super::referral::OwnReferrals;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, viewer};
use super::search::OwnSearch;
use super::session::{OwnSessions, Session};
use super::thread::ThreadConnection;
use super::user::User;
use super::wallet::OwnWallets;
use super::{fault, id};

#[derive(Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The signed-in account; null for an anonymous request. All that is private hangs off this field alone.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        viewer(ctx).account().map(|_| Viewer::of(viewer(ctx).clone(), Scope::of(ctx)))
    }
}

/// You: the signed-in account, with all that nobody else sees.
#[derive(MergedObject)]
pub(crate) struct Viewer(
    Own,
    OwnSearch,
    OwnSessions,
    OwnDevices,
    OwnKeys,
    OwnWallets,
    OwnMentions,
    OwnMints,
    OwnReferrals,
    OwnAudit,
    OwnAdministration,
);

impl Viewer {
    /// Whoever this is, and what their fields load through.
    pub(crate) fn of(who: Who, scope: Scope) -> Self {
        let own = || Own(who.clone(), scope.clone());
        Self(
            own(),
            OwnSearch(own()),
            OwnSessions(own()),
            OwnDevices(own()),
            OwnKeys(own()),
            OwnWallets(own()),
            OwnMentions(own()),
            OwnMints(own()),
            OwnReferrals(own()),
            OwnAudit(own()),
            OwnAdministration(own()),
        )
    }
}

/// Who asks, and what their own things load through.
#[derive(Clone)]
pub(crate) struct Own(pub(crate) Who, pub(crate) Scope);

impl Own {
    fn account(&self) -> Result<&domain::access::SignedIn> {
        self.0.require().map_err(fault)
    }
}

#[Object]
impl Own {
    /// Your public face.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.1, self.account()?.user.id).await }).await
    }

    /// Your email address; null for a guest, and for who came with a wallet. Not for API keys.
    async fn email(&self) -> Nullable<&str> {
        Nullable::of(async { Ok(self.0.require_in_person().map_err(fault)?.email.as_deref()) }).await
    }

    /// When you proved that the address is yours. Not for API keys.
    async fn email_verified_at(&self) -> Nullable<DateTime> {
        Nullable::of(async { Ok(self.0.require_in_person().map_err(fault)?.email_verified_at.map(DateTime)) }).await
    }

    /// The address that yours is to be changed to, once it is proved; null if you have asked for none. Not for API keys.
    async fn pending_email(&self) -> Nullable<String> {
        Nullable::of(async { account::pending_email(self.1.app(), &self.0).await.map_err(fault) }).await
    }

    /// The session that this request speaks for. Null for an API key.
    async fn session(&self) -> Nullable<Session> {
        Nullable::of(async { Ok(self.0.session().map(|row| Session::of(row, None, row, &self.1))) }).await
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
            let archived = archived.unwrap_or(false);
            let page = thread::inbox(self.1.app(), &self.0, archived, &window).await.map_err(fault)?;
            if let Some(witness) = self.1.witness() {
                witness.found(Found::Threads { archived, window, page: page.clone() });
            }
            Ok(ThreadConnection::listed(page, List::Threads, &self.1))
        })
        .await
    }

    /// Whom you have blocked, the latest first. Not for API keys.
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

    /// Your diary: what you have written for yourself alone, the latest day first. Nobody else ever sees it. Not for API
    /// keys.
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

    /// One entry of your diary; null if there is none. Not for API keys.
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
