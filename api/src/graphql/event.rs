//! The frames of a thread's log, as threadEvents pushes them and Thread.events lists them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Interface, Object, Result, SimpleObject, Subscription};
use domain::access::Reader;
use domain::event::{self, Entry, EventPage, Frame, Reset, Step, Track};
use entity::id::{ThreadId, UserId};
use entity::thread_event::EventKind;
use futures_util::{Stream, StreamExt};

use super::message::Message;
use super::nullable::Nullable;
use super::participant::Participant;
use super::progress::Progress;
use super::scalar::Cursor;
use super::scope::{Scope, viewer};
use super::shared::Shared;
use super::thread::Thread;
use super::user::User;
use super::{fault, id};

/// Kinds of durable change, to name those that a client understands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadEventKind {
    /// A message was posted: frames of type MessagePosted.
    MessagePosted,
    /// A message says something else now: frames of type MessageEdited.
    MessageEdited,
    /// A message is a tombstone now: frames of type MessageDeleted.
    MessageDeleted,
    /// Reactions came or went: frames of type ReactionsChanged.
    ReactionsChanged,
    /// Some members have got or read more: frames of type ReceiptsAdvanced.
    ReceiptsAdvanced,
    /// Somebody joined, left, has another role, or was banned or unbanned: frames of type ParticipantChanged.
    ParticipantChanged,
    /// The title, the archive flag or the retention changed: frames of type ThreadChanged.
    ThreadChanged,
}

impl From<EventKind> for ThreadEventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::MessagePosted => Self::MessagePosted,
            EventKind::MessageEdited => Self::MessageEdited,
            EventKind::MessageDeleted => Self::MessageDeleted,
            EventKind::ReactionsChanged => Self::ReactionsChanged,
            EventKind::ReceiptsAdvanced => Self::ReceiptsAdvanced,
            EventKind::ParticipantChanged => Self::ParticipantChanged,
            EventKind::ThreadChanged => Self::ThreadChanged,
        }
    }
}

/// One frame of a thread's stream. What a frame speaks of can be gone by the time it is replayed (retention, an erased
/// account): then it is null.
#[derive(Interface)]
#[graphql(field(name = "cursor", ty = "Cursor", desc = "The place in the log to go on from."))]
pub(crate) enum ThreadFrame {
    MessagePosted(MessagePosted),
    MessageEdited(MessageEdited),
    MessageDeleted(MessageDeleted),
    ReactionsChanged(ReactionsChanged),
    ReceiptsAdvanced(ReceiptsAdvanced),
    ParticipantChanged(ParticipantChanged),
    ThreadChanged(ThreadChanged),
    CaughtUp(CaughtUp),
    Heartbeat(Heartbeat),
    StreamReset(StreamReset),
    AccessRevoked(AccessRevoked),
}

/// Defines a frame that speaks of one message.
macro_rules! message_frame {
    ($frame:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(SimpleObject)]
        pub(crate) struct $frame {
            /// The place in the log to go on from.
            #[graphql(owned)]
            cursor: Cursor,
            /// The message, as it is when this is sent.
            message: Option<Message>,
        }
    };
}

message_frame!(MessagePosted, "A message was posted.");
message_frame!(MessageEdited, "A message says something else now.");
message_frame!(MessageDeleted, "A message was deleted: it is a tombstone now.");
message_frame!(ReactionsChanged, "Reactions to a message came or went.");

/// Some members have got or read more: marks that moved together, of those still in the thread.
#[derive(SimpleObject)]
pub(crate) struct ReceiptsAdvanced {
    /// The place in the log to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// Those whose marks moved, as they are when this is sent.
    participants: Vec<Participant>,
}

/// Somebody joined, left, has another role, or was banned or unbanned.
pub(crate) struct ParticipantChanged {
    scope: Scope,
    cursor: Cursor,
    change: ParticipantChange,
    user_id: Option<UserId>,
    participant: Option<Participant>,
}

/// Somebody joined, left, has another role, or was banned or unbanned.
#[Object]
impl ParticipantChanged {
    /// The place in the log to go on from.
    async fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    /// What happened.
    async fn change(&self) -> ParticipantChange {
        self.change
    }

    /// To whom. Null once their account is gone, and in a room for those who are not members.
    async fn user(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.user_id {
                Some(id) => User::load(&self.scope, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// Their part in the thread as it is when this is sent. Null if they are not in it then, and in a room for those who are
    /// not members.
    async fn participant(&self) -> Option<Participant> {
        self.participant.clone()
    }
}

/// How somebody's part in a thread changed. May grow: at a value that you don't know, look at `participant` anew.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParticipantChange {
    /// They take part now.
    Joined,
    /// They left or were removed.
    Left,
    /// They have another role.
    RoleChanged,
    /// They are banned from the room, and out of it if they were in.
    Banned,
    /// They are banned no longer, and may join again. A ban that ends by itself is not told.
    Unbanned,
}

impl From<event::ParticipantChange> for ParticipantChange {
    fn from(change: event::ParticipantChange) -> Self {
        match change {
            event::ParticipantChange::Joined => Self::Joined,
            event::ParticipantChange::Left => Self::Left,
            event::ParticipantChange::RoleChanged => Self::RoleChanged,
            event::ParticipantChange::Banned => Self::Banned,
            event::ParticipantChange::Unbanned => Self::Unbanned,
        }
    }
}

/// The title or the archive flag changed.
#[derive(SimpleObject)]
pub(crate) struct ThreadChanged {
    /// The place in the log to go on from.
    #[graphql(owned)]
    cursor: Cursor,
    /// The thread, as it is when this is sent.
    thread: Thread,
}

/// Defines a frame that says nothing but where the stream stands.
macro_rules! bare_frame {
    ($frame:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(SimpleObject)]
        pub(crate) struct $frame {
            /// The place in the log to go on from.
            #[graphql(owned)]
            pub(crate) cursor: Cursor,
        }
    };
}

bare_frame!(CaughtUp, "The backlog is through; what follows is live.");
bare_frame!(Heartbeat, "Sent on a quiet stream from the log's reader, so that silence means trouble.");
bare_frame!(AccessRevoked, "You may no longer read this thread; the stream ends.");

/// The cursor is too old or of another log: read the thread, or the feed, afresh and go on from `cursor`.
#[derive(SimpleObject)]
pub(crate) struct StreamReset {
    /// The place in the log to go on from.
    #[graphql(owned)]
    pub(crate) cursor: Cursor,
    /// Why, for whoever debugs: it begins with TRIMMED, OTHER_LOG or AHEAD.
    reason: String,
}

impl StreamReset {
    pub(crate) fn of(cursor: Cursor, reset: Reset) -> Self {
        Self { cursor, reason: reset.reason().to_owned() }
    }
}

/// A page of a thread's log.
#[derive(SimpleObject)]
pub(crate) struct ThreadEventPage {
    /// The frames, oldest first.
    frames: Vec<ThreadFrame>,
    /// The place in the log to go on from.
    end_cursor: Cursor,
    /// Whether there are more frames already.
    has_next_page: bool,
}

impl ThreadEventPage {
    /// A page as the domain read it, in the scope of what is shown with it.
    pub(crate) fn of(page: &EventPage, reader: &Reader, scope: &Scope) -> Self {
        Self {
            end_cursor: scope.cursor(reader, page.end),
            has_next_page: page.has_next,
            frames: page.frames.iter().map(|frame| ThreadFrame::of(scope.clone(), frame.clone())).collect(),
        }
    }
}

impl ThreadFrame {
    /// A step of a stream: an event is loaded once for all who see it, together with those that were read with it.
    fn streamed(app: &Arc<domain::App>, frame: Frame) -> Shared<Self> {
        match &frame.step {
            Step::Entry(entry) => {
                let (scope, seq) = (Scope::shared(app, &entry.chunk), frame.seq);
                Shared::of_line(Self::of(scope.clone(), frame), scope, seq)
            }
            _ => Shared::alone(Self::of(Scope::new(app.clone()), frame)),
        }
    }

    /// A step of a walk as clients see it, loading through `scope`.
    fn of(scope: Scope, frame: Frame) -> Self {
        let cursor = scope.cursor(&frame.proof, frame.seq);
        match frame.step {
            Step::Entry(entry) => Self::of_entry(scope, frame.proof, cursor, &entry),
            Step::CaughtUp => Self::CaughtUp(CaughtUp { cursor }),
            Step::Heartbeat => Self::Heartbeat(Heartbeat { cursor }),
            Step::Reset(reset) => Self::StreamReset(StreamReset::of(cursor, reset)),
            Step::Revoked => Self::AccessRevoked(AccessRevoked { cursor }),
        }
    }

    fn of_entry(scope: Scope, reader: Reader, cursor: Cursor, entry: &Entry) -> Self {
        let message = || {
            let row = entry.message.clone();
            row.map(|row| Message { scope: scope.clone(), reader: reader.clone(), row })
        };
        match entry.event.kind {
            EventKind::MessagePosted => Self::MessagePosted(MessagePosted { message: message(), cursor }),
            EventKind::MessageEdited => Self::MessageEdited(MessageEdited { message: message(), cursor }),
            EventKind::MessageDeleted => Self::MessageDeleted(MessageDeleted { message: message(), cursor }),
            EventKind::ReactionsChanged => Self::ReactionsChanged(ReactionsChanged { message: message(), cursor }),
            EventKind::ReceiptsAdvanced => {
                let participants = entry.participants.iter().cloned();
                let participants =
                    participants.map(|row| Participant { scope: scope.clone(), reader: reader.clone(), row });
                Self::ReceiptsAdvanced(ReceiptsAdvanced { participants: participants.collect(), cursor })
            }
            EventKind::ParticipantChanged | EventKind::ThreadChanged => match entry.participant_change() {
                Some((user_id, change)) => {
                    // Who takes part in a room is for its members to know.
                    let shown = reader.sees_participants();
                    let user_id = shown.then_some(user_id);
                    let row = entry.participants.first().cloned().filter(|_| shown);
                    let participant = row.map(|row| Participant { scope: scope.clone(), reader, row });
                    let change = change.into();
                    Self::ParticipantChanged(ParticipantChanged { scope, cursor, change, user_id, participant })
                }
                None => Self::ThreadChanged(ThreadChanged { thread: Thread { scope, reader }, cursor }),
            },
        }
    }
}

/// A frame of a stream, which has come as far as this.
fn noted(app: &Arc<domain::App>, frame: Frame, progress: &Progress) -> Shared<ThreadFrame> {
    let happened_at = match &frame.step {
        Step::Entry(entry) => Some(entry.event.created_at),
        _ => None,
    };
    if matches!(frame.step, Step::CaughtUp) {
        progress.note_live();
    }
    progress.note(&Cursor(event::cursor(app, frame.proof.id(), frame.seq)), happened_at);
    ThreadFrame::streamed(app, frame)
}

#[derive(Default)]
pub(crate) struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// Every durable change of one thread, in order, once each: with `after`, first all that were missed, then CaughtUp,
    /// then live. Keep the cursor of the last frame and pass it as `after` when you come back; nothing is lost, doubled
    /// or reordered, whatever happens in between. Ends with AccessRevoked when you may no longer read the thread.
    async fn thread_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which thread.")] thread_id: ID,
        #[graphql(desc = "Any cursor of this thread: what comes after it is sent first.")] after: Option<Cursor>,
        #[graphql(desc = "Only these kinds of change: name what your client understands. All, if left out.")]
        kinds: Option<Vec<ThreadEventKind>>,
    ) -> Result<impl Stream<Item = Result<Shared<ThreadFrame>>> + use<>> {
        let app = Scope::fresh(ctx).app().clone();
        let id: ThreadId = id::parse("thread_id", &thread_id).map_err(fault)?;
        let progress = Progress::of(ctx);
        let after = progress.after(after).map(|text| event::parse_cursor("after", &text.0, id));
        let after = after.transpose().map_err(fault)?;
        let walk = event::walk(app.clone(), viewer(ctx).clone(), id, after, Track::Log);
        let wanted =
            move |entry: &Arc<Entry>| kinds.as_ref().is_none_or(|kinds| kinds.contains(&entry.event.kind.into()));
        let walk = event::only(app.settings.heartbeat, walk, wanted);
        Ok(walk.map(move |frame| frame.map(|frame| noted(&app, frame, &progress)).map_err(fault)))
    }
}
