//! New messages of one thread, as they come.

use std::sync::Arc;

use async_graphql::{Context, ID, Result, Subscription};
use domain::event::{self, Step, Track};
use entity::id::ThreadId;
use entity::thread_event::EventKind;
use futures_util::{Stream, StreamExt};

use super::{Message, MessageEdge};
use crate::graphql::progress::Progress;
use crate::graphql::scalar::Cursor;
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::shared::Shared;
use crate::graphql::{fault, id};

#[derive(Default)]
pub(crate) struct MessageSubscription;

#[Subscription]
impl MessageSubscription {
    /// New messages of one thread, read from the messages themselves: with `after`, first all that were missed, in order,
    /// once each, however long ago; then live. Losing the right to read ends it with an `error` message, code
    /// ACCESS_REVOKED; a stream refused at the start gets an `error` message too, code NOT_FOUND.
    async fn message_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which thread.")] thread_id: ID,
        #[graphql(desc = "Any cursor of this thread: what comes after it is sent first.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Shared<MessageEdge>>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id: ThreadId = id::parse("thread_id", &thread_id).map_err(fault)?;
        let progress = Progress::of(ctx);
        let after = progress.after(after).map(|text| event::parse_cursor("after", &text.0, id));
        let after = after.transpose().map_err(fault)?;
        let walk = event::walk(app.clone(), viewer(ctx).clone(), id, after, Track::Messages);
        Ok(walk.filter_map(move |frame| {
            let edge = frame.map(|frame| edge_of(&app, frame, &progress)).unwrap_or_else(|error| Some(Err(error)));
            std::future::ready(edge.map(|edge| edge.map_err(fault)))
        }))
    }
}

/// What a stream of messages shows of a step; most steps nothing.
fn edge_of(
    app: &Arc<domain::App>,
    frame: event::Frame,
    progress: &Progress,
) -> Option<domain::Result<Shared<MessageEdge>>> {
    match frame.step {
        Step::Entry(entry) if entry.event.kind == EventKind::MessagePosted => {
            let row = entry.message.clone()?;
            let scope = Scope::shared(app, &entry.chunk);
            let cursor = scope.cursor(&frame.proof, frame.seq);
            progress.note(&cursor, Some(entry.event.created_at));
            let edge = MessageEdge { cursor, node: Message { scope: scope.clone(), reader: frame.proof, row } };
            Some(Ok(Shared::of_line(edge, scope, frame.seq)))
        }
        Step::Revoked => Some(Err(domain::Error::AccessRevoked)),
        Step::CaughtUp => {
            progress.note_live();
            None
        }
        _ => None,
    }
}
