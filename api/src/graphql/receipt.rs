//! Receipts, and the marks that make them.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::receipt::{self, Status};
use entity::read_mark::MarkKind;

use super::error::{UserError, settle};
use super::id;
use super::nullable::Required;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::thread::ViewerThreadState;
use super::user::User;

/// SENT once stored; DELIVERED or READ once every other member who had joined by then (and is still in) has got or read
/// it. Where receipts are not shared it stays SENT. It never goes back.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageStatus {
    /// Stored.
    Sent,
    /// Every other member has got it.
    Delivered,
    /// Every other member has read it.
    Read,
}

impl From<Status> for MessageStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Sent => Self::Sent,
            Status::Delivered => Self::Delivered,
            Status::Read => Self::Read,
        }
    }
}

/// When a message had come how far.
#[derive(SimpleObject)]
pub(crate) struct MessageStatusTimestamps {
    /// When it was stored.
    pub(crate) sent: DateTime,
    /// When the last of the others had got it.
    pub(crate) delivered: Option<DateTime>,
    /// When the last of the others had read it.
    pub(crate) read: Option<DateTime>,
}

/// Who has got or read a message, and when.
pub(crate) struct Receipt {
    pub(crate) scope: Scope,
    pub(crate) receipt: receipt::Receipt,
}

/// Who has got or read a message, and when.
#[Object]
impl Receipt {
    /// Who.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.receipt.user_id).await }).await
    }

    /// When a device of theirs had it; reading counts.
    async fn delivered_at(&self) -> Option<DateTime> {
        self.receipt.delivered_at.map(DateTime)
    }

    /// When they had read it.
    async fn read_at(&self) -> Option<DateTime> {
        self.receipt.read_at.map(DateTime)
    }
}

/// How far you have come. Everything up to and including `upTo`; a mark never moves back.
#[derive(InputObject)]
pub(crate) struct ThreadMarkInput {
    /// In which thread.
    thread_id: ID,
    /// Any cursor of this thread.
    up_to: Cursor,
}

/// The outcome of threadMarkRead and threadMarkDelivered.
#[derive(SimpleObject)]
pub(crate) struct ThreadMarkPayload {
    /// Your own state in the thread as it is now; null if nothing was marked.
    viewer_state: Option<ViewerThreadState>,
    /// Where the thread's log stands with the mark in it.
    cursor: Option<Cursor>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct ReceiptMutation;

#[Object]
impl ReceiptMutation {
    /// Says that you have read everything up to a cursor.
    async fn thread_mark_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How far.")] input: ThreadMarkInput,
    ) -> Result<ThreadMarkPayload> {
        mark(ctx, input, MarkKind::Read).await
    }

    /// Says that this device has got everything up to a cursor.
    async fn thread_mark_delivered(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How far.")] input: ThreadMarkInput,
    ) -> Result<ThreadMarkPayload> {
        mark(ctx, input, MarkKind::Delivered).await
    }
}

async fn mark(ctx: &Context<'_>, input: ThreadMarkInput, kind: MarkKind) -> Result<ThreadMarkPayload> {
    let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
    let outcome = async {
        viewer.require()?;
        let id = id::parse("thread_id", &input.thread_id)?;
        receipt::mark(scope.app(), viewer, id, kind, &input.up_to.0).await
    };
    let (marked, errors) = settle(outcome.await)?;
    Ok(ThreadMarkPayload {
        cursor: marked.as_ref().map(|marked| scope.cursor(&marked.reader, marked.seq)),
        viewer_state: marked.map(|marked| ViewerThreadState::of(&scope, &marked.reader, marked.own)),
        errors,
    })
}
