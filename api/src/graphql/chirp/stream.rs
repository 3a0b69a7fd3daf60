//! The frames of the feed's log, as chirpEvents pushes them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Interface, Result, SimpleObject, Subscription};
use domain::App;
use domain::chirp::{self, Entry, FeedFrame};
use domain::event::{self, Step};
use entity::chirp_event::ChirpEventKind as Kind;
use futures_util::{Stream, StreamExt};

use super::Chirp;
use crate::graphql::event::{CaughtUp, Heartbeat, StreamReset};
use crate::graphql::fault;
use crate::graphql::progress::Progress;
use crate::graphql::scalar::Cursor;
use crate::graphql::scope::{Scope, viewer};

/// Kinds of durable change in the feed, to name those that a client understands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub(crate) enum ChirpEventKind {
    /// A chirp was posted: frames of type ChirpPosted.
    Posted,
    /// A chirp says something else now: frames of type ChirpUpdated.
    Updated,
    /// A chirp is no more: frames of type ChirpDeleted.
    Deleted,
}

/// One frame of the feed's stream. What a frame speaks of can be gone by the time it is replayed: then it is null.
#[derive(Interface)]
#[graphql(field(name = "cursor", ty = "Cursor", desc = "The place in the log to go on from."))]
pub(crate) enum ChirpFrame {
    ChirpPosted(ChirpPosted),
    ChirpUpdated(ChirpUpdated),
    ChirpDeleted(ChirpDeleted),
    CaughtUp(CaughtUp),
    Heartbeat(Heartbeat),
    StreamReset(StreamReset),
}

/// A chirp was posted.
#[derive(SimpleObject)]
pub(crate) struct ChirpPosted {
    /// The place in the log to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// The chirp, as it is when this is sent. Null if it is gone by then.
    chirp: Option<Chirp>,
}

/// A chirp says something else now.
#[derive(SimpleObject)]
pub(crate) struct ChirpUpdated {
    /// The place in the log to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// The chirp, as it is when this is sent. Null if it is gone by then.
    chirp: Option<Chirp>,
}

/// A chirp is no more: its author or an administrator has deleted it, or the author's account was deleted.
#[derive(SimpleObject)]
pub(crate) struct ChirpDeleted {
    /// The place in the log to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// Which chirp it was.
    chirp_id: ID,
}

impl ChirpFrame {
    /// A step of the walk as clients see it; none of a step that the feed, which is for everybody, does not know.
    fn of(app: &Arc<App>, frame: FeedFrame) -> Option<Self> {
        let cursor = Cursor(chirp::cursor(app, frame.seq));
        Some(match frame.step {
            Step::Entry(entry) => Self::of_entry(app, cursor, &entry),
            Step::CaughtUp => Self::CaughtUp(CaughtUp { cursor }),
            Step::Heartbeat => Self::Heartbeat(Heartbeat { cursor }),
            Step::Reset(reset) => Self::StreamReset(StreamReset::of(cursor, reset)),
            Step::Revoked => return None,
        })
    }

    /// A line: loaded once for all who see it, together with those that were read with it.
    fn of_entry(app: &Arc<App>, cursor: Cursor, entry: &Entry) -> Self {
        let chirp = || {
            let scope = Scope::shared(app, &entry.chunk);
            entry.chirp.clone().map(|row| Chirp { scope, row })
        };
        match entry.event.kind {
            Kind::Posted => Self::ChirpPosted(ChirpPosted { chirp: chirp(), cursor }),
            Kind::Updated => Self::ChirpUpdated(ChirpUpdated { chirp: chirp(), cursor }),
            Kind::Deleted => {
                Self::ChirpDeleted(ChirpDeleted { chirp_id: entry.event.chirp_id.to_string().into(), cursor })
            }
        }
    }
}

/// A frame of a stream, which has come as far as this.
fn noted(app: &Arc<App>, frame: FeedFrame, progress: &Progress) -> Option<ChirpFrame> {
    let happened_at = match &frame.step {
        Step::Entry(entry) => Some(entry.event.created_at),
        _ => None,
    };
    if matches!(frame.step, Step::CaughtUp) {
        progress.note_live();
    }
    progress.note(&Cursor(chirp::cursor(app, frame.seq)), happened_at);
    ChirpFrame::of(app, frame)
}

#[derive(Default)]
pub(crate) struct ChirpSubscription;

#[Subscription]
impl ChirpSubscription {
    /// Every change of the feed, in order, once each: with `after`, first all that were missed, then CaughtUp, then live. Keep the
    /// cursor of the last frame and pass it as `after` when you come back; nothing is lost, doubled or reordered, whatever happens in
    /// between. For everybody, signed in or not.
    async fn chirp_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Any cursor of the feed: what comes after it is sent first.")] after: Option<Cursor>,
        #[graphql(desc = "Only these kinds of change: name what your client understands. All, if left out.")]
        kinds: Option<Vec<ChirpEventKind>>,
    ) -> Result<impl Stream<Item = Result<ChirpFrame>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let progress = Progress::of(ctx);
        let after = progress.after(after).map(|text| chirp::parse_cursor("after", &text.0));
        let after = after.transpose().map_err(fault)?;
        let walk = chirp::walk(app.clone(), viewer(ctx).clone(), after);
        let wanted =
            move |entry: &Arc<Entry>| kinds.as_ref().is_none_or(|kinds| kinds.contains(&entry.event.kind.into()));
        let walk = event::only(app.settings.heartbeat, walk, wanted);
        Ok(walk.filter_map(move |frame| {
            let shown = frame.map_err(fault).map(|frame| noted(&app, frame, &progress)).transpose();
            std::future::ready(shown)
        }))
    }
}
