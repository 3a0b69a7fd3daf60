//! Who takes part in a thread.

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::access::Reader;
use domain::participant;
use entity::participant as row;

use super::error::{UserError, settle};
use super::id;
use super::loader::CountOf;
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime, int};
use super::scope::{Scope, Shown, viewer};
use super::user::User;

/// Somebody who takes part in a thread.
#[derive(Clone)]
pub(crate) struct Participant {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
    pub(crate) row: row::Model,
}

connection!(ParticipantConnection, ParticipantEdge, Participant, "participants", #[graphql(complex)] total: Total);

/// What the total of a list of participants is counted from, if it is asked for.
#[derive(Clone)]
pub(crate) struct Total {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
    pub(crate) role: Option<row::Role>,
}

#[ComplexObject]
impl ParticipantConnection {
    /// How many there are in the whole list.
    async fn total_count(&self) -> Required<i32> {
        Required::of(async {
            let Total { scope, reader, role } = &self.total;
            match role {
                _ if !reader.sees_participants() => Ok(0),
                None => Ok(reader.thread().participant_count),
                Some(role) => {
                    let key = |reader: &Reader| CountOf(reader.id(), *role);
                    let all = |shown: &Shown| shown.threads.iter().map(key).collect();
                    Ok(int(scope.load(key(reader), all).await?.0.unwrap_or_default()))
                }
            }
        })
        .await
    }
}

/// Somebody who takes part in a thread.
#[Object]
impl Participant {
    /// Who.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.row.user_id).await }).await
    }

    /// What they may do.
    async fn role(&self) -> ParticipantRole {
        self.row.role.into()
    }

    /// When they joined (last).
    async fn joined_at(&self) -> DateTime {
        self.row.joined_at.into()
    }

    /// When they last marked something read, or sent something. Null where receipts are not shared, but for your own.
    async fn last_read_at(&self) -> Option<DateTime> {
        self.row.last_read_at.filter(|_| self.shown()).map(DateTime)
    }

    /// The cursor of the last message that they have read. Null while there is none, and where receipts are not shared.
    async fn last_read_cursor(&self) -> Option<Cursor> {
        let has_read = self.row.last_read_at.is_some() && self.shown();
        has_read.then(|| self.scope.cursor(&self.reader, self.row.last_read_seq))
    }

    /// The cursor of the last message that a device of theirs has got; reading counts. Null while there is none, and where
    /// receipts are not shared.
    async fn last_delivered_cursor(&self) -> Option<Cursor> {
        let got =
            self.row.last_delivered_seq.max(if self.row.last_read_at.is_some() { self.row.last_read_seq } else { 0 });
        (got > self.row.joined_seq && self.shown()).then(|| self.scope.cursor(&self.reader, got))
    }
}

impl Participant {
    /// How far somebody has read is for those who share receipts with them, and for themselves.
    fn shown(&self) -> bool {
        self.reader.thread().receipts_until_seq.is_none() || self.reader.viewer() == Some(self.row.user_id)
    }
}

/// What a participant may do.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParticipantRole {
    /// Writes and manages.
    Admin,
    /// Reads and writes.
    Member,
    /// A program: writes like a member, manages nothing, is added by admins.
    Ai,
}

impl From<row::Role> for ParticipantRole {
    fn from(role: row::Role) -> Self {
        match role {
            row::Role::Admin => Self::Admin,
            row::Role::Member => Self::Member,
            row::Role::Ai => Self::Ai,
        }
    }
}

impl From<ParticipantRole> for row::Role {
    fn from(role: ParticipantRole) -> Self {
        match role {
            ParticipantRole::Admin => Self::Admin,
            ParticipantRole::Member => Self::Member,
            ParticipantRole::Ai => Self::Ai,
        }
    }
}

/// Whom to add.
#[derive(InputObject)]
pub(crate) struct ParticipantAddInput {
    /// To which group or room.
    thread_id: ID,
    /// Whom.
    user_id: ID,
    /// What they may do.
    #[graphql(default_with = "Some(ParticipantRole::Member)")]
    role: Option<ParticipantRole>,
}

/// Whom to remove.
#[derive(InputObject)]
pub(crate) struct ParticipantRemoveInput {
    /// From which group or room.
    thread_id: ID,
    /// Whom.
    user_id: ID,
}

/// Whose role to change.
#[derive(InputObject)]
pub(crate) struct ParticipantSetRoleInput {
    /// In which group or room.
    thread_id: ID,
    /// Whose.
    user_id: ID,
    /// What they may do from now on.
    role: ParticipantRole,
}

/// Defines the payload of a change to a participant who stays.
macro_rules! participant_payload {
    ($payload:ident, $mutation:literal) => {
        #[doc = concat!("The outcome of ", $mutation, ".")]
        #[derive(SimpleObject)]
        pub(crate) struct $payload {
            /// The participant as they are now; null if nothing was changed.
            participant: Option<Participant>,
            /// Where the thread's log stands with the change in it.
            cursor: Option<Cursor>,
            /// What was wrong with the input.
            errors: Vec<UserError>,
        }

        impl $payload {
            fn of(scope: Scope, changed: Option<participant::Changed>, errors: Vec<UserError>) -> Self {
                let cursor = changed.as_ref().map(|changed| scope.cursor(&changed.reader, changed.seq));
                let participant =
                    changed.map(|changed| Participant { scope, reader: changed.reader, row: changed.participant });
                Self { participant, cursor, errors }
            }
        }
    };
}

participant_payload!(ParticipantAddPayload, "participantAdd");
participant_payload!(ParticipantSetRolePayload, "participantSetRole");

/// The outcome of participantRemove.
#[derive(SimpleObject)]
pub(crate) struct ParticipantRemovePayload {
    /// Who no longer takes part.
    removed_user_id: Option<ID>,
    /// Where the thread's log stands with the change in it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct ParticipantMutation;

#[Object]
impl ParticipantMutation {
    /// Adds somebody to a group or room. For its admins. Adding somebody who is in already does no harm.
    async fn participant_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, and where.")] input: ParticipantAddInput,
    ) -> Result<ParticipantAddPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let (thread, user) = (id::parse("thread_id", &input.thread_id)?, id::parse("user_id", &input.user_id)?);
            let role = input.role.unwrap_or(ParticipantRole::Member);
            participant::add(scope.app(), viewer, thread, user, role.into()).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ParticipantAddPayload::of(scope, changed, errors))
    }

    /// Removes somebody from a group or room. For its admins. Whoever is removed from a room is banned from it, until an admin adds them
    /// again or lifts the ban (`roomBanDelete`); `roomBanCreate` gives a ban a reason and an end.
    async fn participant_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, and from where.")] input: ParticipantRemoveInput,
    ) -> Result<ParticipantRemovePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let (thread, user) = (id::parse("thread_id", &input.thread_id)?, id::parse("user_id", &input.user_id)?);
            participant::remove(scope.app(), viewer, thread, user).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ParticipantRemovePayload {
            cursor: changed.as_ref().map(|changed| scope.cursor(&changed.reader, changed.seq)),
            removed_user_id: changed.map(|changed| changed.participant.user_id.to_string().into()),
            errors,
        })
    }

    /// Gives somebody another role. For admins; the last admin keeps theirs, but in the lobby, which needs none.
    async fn participant_set_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and which.")] input: ParticipantSetRoleInput,
    ) -> Result<ParticipantSetRolePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let (thread, user) = (id::parse("thread_id", &input.thread_id)?, id::parse("user_id", &input.user_id)?);
            participant::set_role(scope.app(), viewer, thread, user, input.role.into()).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ParticipantSetRolePayload::of(scope, changed, errors))
    }
}
