//! Links to groups: what their admins make of them, and what whoever holds one does with it.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::access::Reader;
use domain::invitation::{self, Draft, Model};
use domain::page::{Page, Window};
use entity::id::UserId;

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::loader::InvitationsTo;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::participant::ParticipantRole;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, viewer};
use super::session::client;
use super::thread::Thread;
use super::user::User;
use super::{fault, id};

/// A link to a group, as its admins see it.
#[derive(Clone)]
pub(crate) struct ThreadInvitation {
    scope: Scope,
    row: Model,
}

connection!(ThreadInvitationConnection, ThreadInvitationEdge, ThreadInvitation, "invitations");

impl ThreadInvitationConnection {
    /// Those of a group, together with those of the groups that are shown with it.
    pub(crate) async fn of_thread(scope: &Scope, reader: &Reader, args: Args) -> Result<Self> {
        let window: Window<String> = List::Invitations.window(args, ITEMS).map_err(fault)?;
        let key = |reader: &Reader| InvitationsTo(reader.clone(), window.clone());
        let all = |shown: &Shown| shown.threads.iter().map(key).collect();
        let (page, scope) = scope.load(key(reader), all).await?;
        let page = page.unwrap_or_else(Page::empty);
        let cursor = |row: &Model| List::Invitations.cursor(&row.id.to_string());
        Ok(Self::of(page.map(|row| (cursor(&row), ThreadInvitation { scope: scope.clone(), row }))))
    }
}

/// A link to a group, as its admins see it. It is good until it ends, is used up or is revoked; and only while whoever made it manages the
/// group, and their account is neither gone nor suspended nor deactivated.
#[Object]
impl ThreadInvitation {
    /// The invitation's id: `inv_…`. It is not the code.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// Which admin has made it.
    async fn created_by(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.row.created_by).await }).await
    }

    /// When it was made. Whoever is removed from the group later does not come back by it.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// What whoever comes by it may do.
    async fn role(&self) -> ParticipantRole {
        self.row.role.into()
    }

    /// When it ends by itself; it is gone from the list about a day later.
    async fn expires_at(&self) -> DateTime {
        self.row.expires_at.into()
    }

    /// How many may come by it. Null for any number.
    async fn max_uses(&self) -> Option<i32> {
        self.row.max_uses
    }

    /// How many have come by it.
    async fn use_count(&self) -> i32 {
        self.row.use_count
    }
}

/// What whoever holds the code of an invitation sees of the group before they come; the rest is for its members.
pub(crate) struct ThreadInvitationPreview {
    scope: Scope,
    preview: invitation::Preview,
}

/// What whoever holds the code of an invitation sees of the group before they come; the rest is for its members.
#[Object]
impl ThreadInvitationPreview {
    /// What the group is called. Null if nobody named it.
    async fn title(&self) -> Option<&str> {
        self.preview.title.as_deref()
    }

    /// How many take part.
    async fn participant_count(&self) -> i32 {
        self.preview.participant_count
    }

    /// Who invites.
    async fn invited_by(&self) -> Required<User> {
        Required::of(async {
            let inviter: UserId = self.preview.inviter;
            User::require(&self.scope, inviter).await
        })
        .await
    }
}

/// What an invitation is to be.
#[derive(InputObject)]
pub(crate) struct ThreadInvitationCreateInput {
    /// To which group.
    thread_id: ID,
    /// When it ends by itself: a moment to come, within 366 days. Left out, it ends in seven days.
    expires_at: Option<DateTime>,
    /// How many may come by it: 1 to 1,000,000. Left out, any number.
    max_uses: Option<i32>,
    /// What whoever comes by it may do: be a MEMBER, or an ADMIN. Not AI: an assistant is added.
    #[graphql(default_with = "Some(ParticipantRole::Member)")]
    role: Option<ParticipantRole>,
}

/// The outcome of threadInvitationCreate.
#[derive(SimpleObject)]
pub(crate) struct ThreadInvitationCreatePayload {
    /// The invitation; null if none was made.
    thread_invitation: Option<ThreadInvitation>,
    /// What to put into the link: `lni_…`. It is shown here and nowhere else, and whoever has it comes in.
    code: Option<String>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which invitation to take.
#[derive(InputObject)]
pub(crate) struct ThreadInvitationAcceptInput {
    /// The code in the link.
    code: String,
}

/// The outcome of threadInvitationAccept.
#[derive(SimpleObject)]
pub(crate) struct ThreadInvitationAcceptPayload {
    /// The group, in which you are now; null if the invitation is not good.
    thread: Option<Thread>,
    /// Where the group's log stands with you in it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which invitation to withdraw.
#[derive(InputObject)]
pub(crate) struct ThreadInvitationRevokeInput {
    /// Which one.
    id: ID,
}

/// The outcome of threadInvitationRevoke.
#[derive(SimpleObject)]
pub(crate) struct ThreadInvitationRevokePayload {
    /// The invitation by which nobody comes any more.
    revoked_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// What is behind the code of an invitation, for whoever holds it, signed in or not. Null if there is none, or it is not good any more,
    /// or not for you: which of these it is, is not told.
    async fn thread_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code in the link.")] code: String,
    ) -> Nullable<ThreadInvitationPreview> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            let found = invitation::preview(scope.app(), &client(ctx), viewer(ctx), &code).await.map_err(fault)?;
            Ok(found.map(|preview| ThreadInvitationPreview { scope, preview }))
        })
        .await
    }
}

#[derive(Default)]
pub(crate) struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Makes a link by which people come into a group by themselves. For its admins. A group has at most a hundred.
    async fn thread_invitation_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To which group, and how far it goes.")] input: ThreadInvitationCreateInput,
    ) -> Result<ThreadInvitationCreatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let thread = id::parse("thread_id", &input.thread_id)?;
            let draft = Draft {
                role: input.role.unwrap_or(ParticipantRole::Member).into(),
                max_uses: input.max_uses,
                expires_at: input.expires_at.map(|DateTime(at)| at),
            };
            invitation::create(scope.app(), viewer, thread, draft).await
        };
        let (created, errors) = settle(outcome.await)?;
        let (row, code) = created.map(|created| (created.invitation, created.code)).unzip();
        Ok(ThreadInvitationCreatePayload {
            thread_invitation: row.map(|row| ThreadInvitation { scope, row }),
            code,
            errors,
        })
    }

    /// Comes into a group by an invitation. Who is in already stays as they are, and uses nothing up. Guests may not. An invitation that is
    /// not good, or not for you, is answered with NOT_FOUND, whatever is wrong with it. One that was made before an admin removed you is not
    /// for you.
    async fn thread_invitation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: ThreadInvitationAcceptInput,
    ) -> Result<ThreadInvitationAcceptPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            invitation::accept(scope.app(), &client(ctx), viewer, &input.code).await
        };
        let (accepted, errors) = settle(outcome.await)?;
        let cursor = accepted.as_ref().map(|accepted| scope.cursor(&accepted.reader, accepted.seq));
        let thread = accepted.map(|accepted| Thread { scope, reader: accepted.reader });
        Ok(ThreadInvitationAcceptPayload { thread, cursor, errors })
    }

    /// Withdraws an invitation: nobody comes by it any more. For the admins of its group. Who has come stays.
    async fn thread_invitation_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: ThreadInvitationRevokeInput,
    ) -> Result<ThreadInvitationRevokePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            invitation::revoke(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (revoked, errors) = settle(outcome.await)?;
        Ok(ThreadInvitationRevokePayload { revoked_id: revoked.map(|()| input.id), errors })
    }
}
