//! Chirps: what people say to everybody. What changes them is in `mutation`, what streams them in `stream`.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, Object, Result};
use domain::chirp::{self, Listed};
use domain::page::{Page, Window};
use entity::id::UserId;

use super::budget::Budget;
use super::cursor::{Args, ITEMS};
use super::fault;
use super::loader::ChirpsOf;
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, Shows, viewer};
use super::user::User;

mod mutation;
mod stream;

pub(crate) use mutation::ChirpMutation;
pub(crate) use stream::ChirpSubscription;

/// Something that somebody has said to everybody.
#[derive(Clone)]
pub(crate) struct Chirp {
    scope: Scope,
    row: Arc<entity::chirp::Model>,
}

connection!(ChirpConnection, ChirpEdge, Chirp, "chirps", #[graphql(complex)] log_end: Cursor);

impl Chirp {
    /// Chirps that are shown together.
    pub(crate) fn listed(scope: &Scope, rows: Vec<Arc<entity::chirp::Model>>) -> Vec<Self> {
        let mut shown = Shown::default();
        rows.iter().for_each(|row| row.show(&mut shown));
        let scope = scope.showing(shown);
        rows.into_iter().map(|row| Self { scope: scope.clone(), row }).collect()
    }
}

impl ChirpConnection {
    /// A page of chirps, in the scope of what is shown with them.
    fn listed(listed: Listed, scope: &Scope) -> Self {
        let cursor = |seq| Cursor(chirp::cursor(scope.app(), seq));
        let page = listed.page.map(|row| (cursor(row.seq), Chirp { scope: scope.clone(), row }));
        Self::of(page, cursor(listed.last_seq))
    }

    /// What somebody has said, together with what those have who are shown with them.
    pub(crate) async fn of_user(scope: &Scope, user_id: UserId, args: Args) -> Result<Self> {
        let window = window(scope, args).map_err(fault)?;
        let all = |shown: &Shown| shown.users.iter().map(|id| ChirpsOf(*id, window.clone())).collect();
        let (listed, scope) = scope.load(ChirpsOf(user_id, window.clone()), all).await?;
        let empty = Listed { page: Page::empty(), last_seq: 0 };
        Ok(Self::listed(listed.unwrap_or(empty), &scope))
    }
}

/// The part of a list of chirps that is asked for.
fn window(scope: &Scope, args: Args) -> domain::Result<Window<i64>> {
    let read = |argument: &'static str, text: Option<Cursor>| {
        let cursor = text.map(|text| chirp::parse_cursor(argument, &text.0)).transpose()?;
        cursor.map(|cursor| chirp::feed_seq(scope.app(), cursor)).transpose()
    };
    let (after, before) = (read("after", args.after)?, read("before", args.before)?);
    Window::new(args.first, after, args.last, before, ITEMS)
}

#[ComplexObject]
impl ChirpConnection {
    /// Where the feed's log stood before this page was read: pass it to chirpEvents(after:) and nothing is missed.
    async fn event_cursor(&self) -> Cursor {
        self.log_end.clone()
    }
}

/// Something that somebody has said to everybody.
#[Object]
impl Chirp {
    /// The chirp's id: `chp_…`.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// Who said it. Chirps go with the account.
    async fn author(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.row.user_id).await }).await
    }

    /// What it says.
    async fn message(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.row.message.len())?;
            Ok(self.row.message.as_str())
        })
        .await
    }

    /// The key it was posted with; only its author sees it.
    async fn client_key(&self, ctx: &Context<'_>) -> Option<&str> {
        let own = viewer(ctx).user_id() == Some(self.row.user_id);
        self.row.client_key.as_deref().filter(|_| own)
    }

    /// 1, and one more with each change: of two states the one with the greater version is newer.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// When it was posted.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it was last changed; `createdAt` if never.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }
}

#[derive(Default)]
pub(crate) struct ChirpQuery;

#[Object]
impl ChirpQuery {
    /// The feed: what everybody has said, the newest first. It is public, as rooms are: whoever asks reads all of it, signed in or
    /// not. A block hides nothing in it; `author { viewerHasBlocked }` says what you may not want to show. All cursors of the feed are of
    /// one kind: those of these edges, of payloads, of `eventCursor` and of frames.
    async fn chirps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: what is older.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: what is newer.")] before: Option<Cursor>,
    ) -> Required<ChirpConnection> {
        Required::of(async {
            let scope = Scope::of(ctx);
            let window = window(&scope, Args { first, after, last, before }).map_err(fault)?;
            let listed = chirp::list(scope.app(), &window).await.map_err(fault)?;
            let mut shown = Shown::default();
            listed.show(&mut shown);
            Ok(ChirpConnection::listed(listed, &scope.showing(shown)))
        })
        .await
    }
}
