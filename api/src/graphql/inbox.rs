//! The viewer's threads as they change.

use async_graphql::{Context, ID, Interface, Result, SimpleObject, Subscription};
use domain::inbox::{self, Frame, Step};
use entity::id::UserId;
use futures_util::{Stream, StreamExt};

use super::fault;
use super::progress::Progress;
use super::scalar::Cursor;
use super::scope::{Scope, viewer};
use super::thread::Thread;

/// One frame of the inbox: absolute state, so a frame seen twice does no harm.
#[derive(Interface)]
#[expect(clippy::enum_variant_names, reason = "the types' names are the contract's")]
#[graphql(field(name = "cursor", ty = "Cursor", desc = "Where to go on from."))]
pub(crate) enum InboxFrame {
    InboxThread(InboxThread),
    InboxThreadRemoved(InboxThreadRemoved),
    InboxCaughtUp(InboxCaughtUp),
    InboxHeartbeat(InboxHeartbeat),
    InboxReset(InboxReset),
}

/// A thread of yours, as it is now.
#[derive(SimpleObject)]
pub(crate) struct InboxThread {
    /// Where to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// The thread.
    thread: Thread,
}

/// You no longer take part in a thread.
#[derive(SimpleObject)]
pub(crate) struct InboxThreadRemoved {
    /// Where to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// Which thread.
    thread_id: ID,
}

/// The backlog is through; what follows is live.
#[derive(SimpleObject)]
pub(crate) struct InboxCaughtUp {
    /// Where to go on from.
    #[graphql(owned)]
    cursor: Cursor,
}

/// Everything that changed up to here has been sent; about once a minute.
#[derive(SimpleObject)]
pub(crate) struct InboxHeartbeat {
    /// Where to go on from.
    #[graphql(owned)]
    cursor: Cursor,
}

/// The cursor is of another log: read the list afresh and go on from `cursor`.
#[derive(SimpleObject)]
pub(crate) struct InboxReset {
    /// Where to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// Why, for whoever debugs.
    reason: String,
}

impl InboxFrame {
    fn of(scope: Scope, user_id: UserId, frame: Frame) -> Self {
        let cursor = Cursor(frame.cursor.encode(user_id));
        match frame.step {
            Step::Thread(reader) => Self::InboxThread(InboxThread { cursor, thread: Thread { scope, reader } }),
            Step::Removed(id) => {
                Self::InboxThreadRemoved(InboxThreadRemoved { cursor, thread_id: id.to_string().into() })
            }
            Step::CaughtUp => Self::InboxCaughtUp(InboxCaughtUp { cursor }),
            Step::Heartbeat => Self::InboxHeartbeat(InboxHeartbeat { cursor }),
            Step::Reset(reset) => Self::InboxReset(InboxReset { cursor, reason: reset.reason().to_owned() }),
        }
    }
}

#[derive(Default)]
pub(crate) struct InboxSubscription;

#[Subscription]
impl InboxSubscription {
    /// Your threads as they change: absolute state, so a frame seen twice does no harm. With `after`, first each thread that
    /// changed since then, once, as it is now; then InboxCaughtUp; then live, at most one frame a second for each thread.
    async fn inbox_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cursor of the last inbox frame that you have seen.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<InboxFrame>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let viewer = viewer(ctx).clone();
        let user_id = viewer.require().map_err(fault)?.user.id;
        let progress = Progress::of(ctx);
        let frames = inbox::stream(app.clone(), viewer, progress.after(after).map(|cursor| cursor.0));
        Ok(frames.map(move |frame| {
            let frame = frame.inspect(|frame| progress.note(&Cursor(frame.cursor.encode(user_id)), None));
            let frame = frame.map(|frame| InboxFrame::of(Scope::of_frame(app.clone()), user_id, frame));
            frame.map_err(fault)
        }))
    }
}
