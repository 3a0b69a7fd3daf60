//! Whom the admins of a room keep out of it.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::access::Reader;
use domain::page::{Page, Window};
use domain::room_ban::{self, Draft, Model};

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::loader::BansOf;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, viewer};
use super::user::User;
use super::{fault, id};

/// That somebody is kept out of a room.
#[derive(Clone)]
pub(crate) struct RoomBan {
    scope: Scope,
    row: Model,
}

connection!(RoomBanConnection, RoomBanEdge, RoomBan, "bans");

impl RoomBanConnection {
    /// Those of a room, together with those of the rooms that are shown with it.
    pub(crate) async fn of_room(scope: &Scope, reader: &Reader, args: Args) -> Result<Self> {
        let window: Window<i64> = List::Bans.window(args, ITEMS).map_err(fault)?;
        let key = |reader: &Reader| BansOf(reader.clone(), window.clone());
        let all = |shown: &Shown| shown.threads.iter().map(key).collect();
        let (page, scope) = scope.load(key(reader), all).await?;
        let page = page.unwrap_or_else(Page::empty);
        Ok(Self::of(page.map(|row| (List::Bans.cursor(&row.seq), RoomBan { scope: scope.clone(), row }))))
    }
}

/// That somebody is kept out of a room: they neither read it nor join it while they are signed in.
#[Object]
impl RoomBan {
    /// Who is kept out.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.row.user_id).await }).await
    }

    /// Which admin has banned them. Null once their account is gone.
    async fn banned_by(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.row.by_user_id {
                Some(id) => User::load(&self.scope, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// Why; for the room's admins alone. Null if no reason was given.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// Since when.
    async fn created_at(&self) -> DateTime {
        self.row.at.into()
    }

    /// When it ends by itself. One that has ended has no effect, and is gone from the list soon. Null if it lasts until it is lifted.
    async fn until(&self) -> Option<DateTime> {
        self.row.until.map(DateTime)
    }
}

/// Whom to keep out of a room.
#[derive(InputObject)]
pub(crate) struct RoomBanCreateInput {
    /// Of which room.
    thread_id: ID,
    /// Whom; whether they are in it or not.
    user_id: ID,
    /// Why, for the room's admins: 1 to 500 characters. Whoever is banned is not told.
    reason: Option<String>,
    /// When it ends by itself: a moment to come. Left out, it lasts until it is lifted.
    until: Option<DateTime>,
}

/// The outcome of roomBanCreate.
#[derive(SimpleObject)]
pub(crate) struct RoomBanCreatePayload {
    /// The ban; null if there is none.
    room_ban: Option<RoomBan>,
    /// Where the room's log stands with the change in it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Whom to keep out no longer.
#[derive(InputObject)]
pub(crate) struct RoomBanDeleteInput {
    /// Of which room.
    thread_id: ID,
    /// Whom.
    user_id: ID,
}

/// The outcome of roomBanDelete.
#[derive(SimpleObject)]
pub(crate) struct RoomBanDeletePayload {
    /// Who is kept out no longer.
    unbanned_user_id: Option<ID>,
    /// Where the room's log stands with the change in it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct RoomBanMutation;

#[Object]
impl RoomBanMutation {
    /// Bans somebody from a room, whether they are in it or not. For its admins. Who is in is out of it then; they can't join, their streams of
    /// it end with AccessRevoked, and the room reads as if there were none. A room is public, so whoever signs out may read it
    /// still. Banning somebody again sets the reason and the end anew.
    async fn room_ban_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, where, and for how long.")] input: RoomBanCreateInput,
    ) -> Result<RoomBanCreatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let (thread, user_id) = (id::parse("thread_id", &input.thread_id)?, id::parse("user_id", &input.user_id)?);
            let draft = Draft { user_id, reason: input.reason, until: input.until.map(|DateTime(until)| until) };
            room_ban::create(scope.app(), viewer, thread, draft).await
        };
        let (banned, errors) = settle(outcome.await)?;
        Ok(RoomBanCreatePayload {
            cursor: banned.as_ref().map(|banned| scope.cursor(&banned.reader, banned.seq)),
            room_ban: banned.map(|banned| RoomBan { scope, row: banned.ban }),
            errors,
        })
    }

    /// Lifts a ban: they may join again by themselves. For the room's admins. No harm if there is none.
    async fn room_ban_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and where.")] input: RoomBanDeleteInput,
    ) -> Result<RoomBanDeletePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let (thread, user) = (id::parse("thread_id", &input.thread_id)?, id::parse("user_id", &input.user_id)?);
            room_ban::delete(scope.app(), viewer, thread, user).await
        };
        let (lifted, errors) = settle(outcome.await)?;
        Ok(RoomBanDeletePayload {
            cursor: lifted.as_ref().map(|lifted| scope.cursor(&lifted.reader, lifted.seq)),
            unbanned_user_id: lifted.map(|_| input.user_id),
            errors,
        })
    }
}
