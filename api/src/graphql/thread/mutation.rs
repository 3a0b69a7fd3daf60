//! What changes threads: their inputs, their payloads, and the mutations.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject, Result, SimpleObject};
use domain::access::Reader;
use domain::participant;
use domain::thread::{self, New, Update};

use super::Thread;
use crate::graphql::error::{UserError, settle};
use crate::graphql::id;
use crate::graphql::scalar::{Cursor, DateTime};
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::user::given;

/// What thread to make: one of the three.
#[derive(OneofObject)]
pub(crate) enum ThreadCreateInput {
    /// A direct one.
    Direct(DirectThreadInput),
    /// A group.
    Group(GroupThreadInput),
    /// A public room.
    Room(RoomThreadInput),
}

/// A thread of you and one other. Asking twice for the same two people gives the same thread.
#[derive(InputObject)]
pub(crate) struct DirectThreadInput {
    /// The other one.
    user_id: ID,
}

/// A group of which you are the first admin.
#[derive(InputObject)]
pub(crate) struct GroupThreadInput {
    /// What it is called: 1 to 255 characters.
    title: Option<String>,
    /// Who else takes part from the start.
    participant_ids: Vec<ID>,
}

/// A public room of which you are the first admin.
#[derive(InputObject)]
pub(crate) struct RoomThreadInput {
    /// What it is called: 1 to 255 characters.
    title: String,
}

/// The outcome of threadCreate.
#[derive(SimpleObject)]
pub(crate) struct ThreadCreatePayload {
    /// The thread; null if none was made.
    thread: Option<Thread>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// What to change about a thread.
#[derive(InputObject)]
pub(crate) struct ThreadUpdateInput {
    /// Which thread.
    id: ID,
    /// What it is called from now on: 1 to 255 characters; null takes a group's title away.
    title: MaybeUndefined<String>,
    /// After how many days messages are deleted from now on, those that are older already among them: 1 to 3650; null keeps them.
    /// What has been deleted does not come back.
    retention_days: MaybeUndefined<i32>,
}

/// Defines the payload of a change to a thread.
macro_rules! thread_payload {
    ($payload:ident, $mutation:literal) => {
        #[doc = concat!("The outcome of ", $mutation, ".")]
        #[derive(SimpleObject)]
        pub(crate) struct $payload {
            /// The thread as it is now; null if nothing was changed.
            thread: Option<Thread>,
            /// Where the thread's log stands with the change in it: once your stream is there, it has shown it.
            cursor: Option<Cursor>,
            /// What was wrong with the input.
            errors: Vec<UserError>,
        }

        impl $payload {
            fn of(scope: Scope, changed: Option<(Reader, i64)>, errors: Vec<UserError>) -> Self {
                let cursor = changed.as_ref().map(|(reader, seq)| scope.cursor(reader, *seq));
                Self { thread: changed.map(|(reader, _)| Thread { scope, reader }), cursor, errors }
            }
        }
    };
}

thread_payload!(ThreadUpdatePayload, "threadUpdate");
thread_payload!(ThreadArchivePayload, "threadArchive");
thread_payload!(ThreadJoinPayload, "threadJoin");

/// Whether a thread is to be read-only.
#[derive(InputObject)]
pub(crate) struct ThreadArchiveInput {
    /// Which thread.
    id: ID,
    /// True to archive it, false to take it back.
    archived: bool,
}

/// Which room to join.
#[derive(InputObject)]
pub(crate) struct ThreadJoinInput {
    /// Which room.
    id: ID,
}

/// Which thread to leave.
#[derive(InputObject)]
pub(crate) struct ThreadLeaveInput {
    /// Which group or room.
    id: ID,
}

/// The outcome of threadLeave.
#[derive(SimpleObject)]
pub(crate) struct ThreadLeavePayload {
    /// The thread that you are no longer in.
    left_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// What to hear nothing of, and until when.
#[derive(InputObject)]
pub(crate) struct ThreadMuteInput {
    /// Which thread.
    id: ID,
    /// A moment to come; without it, until you unmute it, which reads as the end of the year 9999.
    until: Option<DateTime>,
}

/// What to hear of again.
#[derive(InputObject)]
pub(crate) struct ThreadUnmuteInput {
    /// Which thread.
    id: ID,
}

/// Defines the payload of a change to how the viewer alone has a thread.
macro_rules! own_payload {
    ($payload:ident, $mutation:literal) => {
        #[doc = concat!("The outcome of ", $mutation, ".")]
        #[derive(SimpleObject)]
        pub(crate) struct $payload {
            /// The thread with your own state in it as it is now; null if nothing was changed.
            thread: Option<Thread>,
            /// What was wrong with the input.
            errors: Vec<UserError>,
        }
    };
}

own_payload!(ThreadMutePayload, "threadMute");
own_payload!(ThreadUnmutePayload, "threadUnmute");

fn new_thread(input: ThreadCreateInput) -> domain::Result<New> {
    Ok(match input {
        ThreadCreateInput::Direct(direct) => New::Direct(id::parse("user_id", &direct.user_id)?),
        ThreadCreateInput::Group(group) => {
            let ids = group.participant_ids.iter().enumerate();
            let ids = ids.map(|(index, id)| id::parse_item("participant_ids", index, id));
            New::Group { title: group.title, participants: ids.collect::<domain::Result<_>>()? }
        }
        ThreadCreateInput::Room(room) => New::Room { title: room.title },
    })
}

#[derive(Default)]
pub(crate) struct ThreadMutation;

#[Object]
impl ThreadMutation {
    /// Makes a thread. Guests may not.
    async fn thread_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What thread.")] input: ThreadCreateInput,
    ) -> Result<ThreadCreatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outer = match &input {
            ThreadCreateInput::Direct(_) => "direct",
            ThreadCreateInput::Group(_) => "group",
            ThreadCreateInput::Room(_) => "room",
        };
        let outcome = async {
            viewer.require()?;
            let new = new_thread(input)?;
            thread::create(scope.app(), viewer, new).await
        };
        let outcome = outcome.await.map_err(|error: domain::Error| error.within(outer));
        let (reader, errors) = settle(outcome)?;
        Ok(ThreadCreatePayload { thread: reader.map(|reader| Thread { scope, reader }), errors })
    }

    /// Changes a group's or a room's title, or for how long it keeps messages. For its admins.
    async fn thread_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ThreadUpdateInput,
    ) -> Result<ThreadUpdatePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let update = Update { title: given(input.title), retention_days: given(input.retention_days) };
            thread::update(scope.app(), viewer, id::parse("id", &input.id)?, update).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ThreadUpdatePayload::of(scope, changed.map(|changed| (changed.reader, changed.seq)), errors))
    }

    /// Makes a thread read-only, or takes it back. For admins; in a direct thread for either of the two.
    async fn thread_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which thread, and how.")] input: ThreadArchiveInput,
    ) -> Result<ThreadArchivePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            thread::archive(scope.app(), viewer, id::parse("id", &input.id)?, input.archived).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ThreadArchivePayload::of(scope, changed.map(|changed| (changed.reader, changed.seq)), errors))
    }

    /// Joins a public room. Joining twice does no harm.
    async fn thread_join(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which room.")] input: ThreadJoinInput,
    ) -> Result<ThreadJoinPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            participant::join(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(ThreadJoinPayload::of(scope, changed.map(|changed| (changed.reader, changed.seq)), errors))
    }

    /// Leaves a group or a room. When its last admin leaves, the longest-standing member becomes one, but not in the lobby, which
    /// administrators manage.
    async fn thread_leave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which thread.")] input: ThreadLeaveInput,
    ) -> Result<ThreadLeavePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            participant::leave(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (left, errors) = settle(outcome.await)?;
        Ok(ThreadLeavePayload { left_id: left.map(|id| id.to_string().into()), errors })
    }

    /// Mutes a thread that you take part in: your clients stay silent about it. Nobody else can tell; your other devices hear
    /// of it through `inboxChanges`.
    async fn thread_mute(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which thread, and until when.")] input: ThreadMuteInput,
    ) -> Result<ThreadMutePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let until = input.until.map(|DateTime(until)| until);
            thread::mute(scope.app(), viewer, id::parse("id", &input.id)?, until).await
        };
        let (reader, errors) = settle(outcome.await)?;
        Ok(ThreadMutePayload { thread: reader.map(|reader| Thread { scope, reader }), errors })
    }

    /// Lets a thread be heard again. No harm if it is not muted.
    async fn thread_unmute(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which thread.")] input: ThreadUnmuteInput,
    ) -> Result<ThreadUnmutePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            thread::unmute(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (reader, errors) = settle(outcome.await)?;
        Ok(ThreadUnmutePayload { thread: reader.map(|reader| Thread { scope, reader }), errors })
    }
}
