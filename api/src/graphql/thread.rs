//! Threads: direct, group and room. What changes them is in `mutation`.

use async_graphql::{Context, Enum, ID, Object, Result};
use domain::access::{self, Reader};
use domain::page::{Page, Window, bounded};
use domain::thread::{self, Listed};
use domain::{Refusal, event, participant};
use entity::id::ThreadId;
use entity::participant as row;
use entity::thread::ThreadKind as Kind;

use super::cursor::{Args, ITEMS, List, MESSAGES};
use super::event::ThreadEventPage;
use super::invitation::ThreadInvitationConnection;
use super::loader::{EventsOf, LastMessage, MessagesAround, MessagesOf, OwnRow, ParticipantsOf};
use super::message::{Message, MessageConnection};
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::participant::{Participant, ParticipantConnection, ParticipantRole, Total};
use super::recall::Found;
use super::room_ban::RoomBanConnection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown, viewer};
use super::user::User;
use super::{fault, id};

mod mutation;
mod state;

pub(crate) use mutation::ThreadMutation;
pub(crate) use state::ViewerThreadState;

/// A conversation, with the proof that whoever asks may read it.
#[derive(Clone)]
pub(crate) struct Thread {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
}

connection!(ThreadConnection, ThreadEdge, Thread, "threads");

impl ThreadConnection {
    /// A page of a list of threads.
    pub(crate) fn listed(page: Page<Listed>, list: List, scope: &Scope) -> Self {
        let threads: Vec<Reader> = page.items.iter().map(|listed| listed.reader.clone()).collect();
        let users = threads.iter().filter_map(|reader| reader.thread().created_by).collect();
        let scope = scope.showing(Shown { threads, users, ..Shown::default() });
        Self::of(page.map(|listed| {
            let thread = Thread { scope: scope.clone(), reader: listed.reader };
            (list.cursor(&listed.key), thread)
        }))
    }
}

impl Thread {
    /// The viewer's own row in the thread, read again where the proof is older than the thread.
    async fn own_row(&self) -> Result<Option<row::Model>> {
        match (self.reader.own_row(), self.reader.viewer()) {
            (Ok(row), _) => Ok(row.cloned()),
            (Err(_), Some(viewer)) => {
                let key = |reader: &Reader| OwnRow(reader.id(), viewer);
                let (row, _) =
                    self.scope.load(key(&self.reader), |shown| shown.threads.iter().map(key).collect()).await?;
                Ok(row)
            }
            (Err(_), None) => Ok(None),
        }
    }
}

/// A conversation: between two people, in a group, or in a public room.
#[Object]
impl Thread {
    /// The thread's id: `thr_…`.
    pub(crate) async fn id(&self) -> ID {
        self.reader.id().to_string().into()
    }

    /// What sort of thread it is; never changes.
    async fn kind(&self) -> ThreadKind {
        self.reader.thread().kind.into()
    }

    /// What it is called. Null for direct threads, and for groups that nobody named: show the participants instead.
    async fn title(&self) -> Option<&str> {
        self.reader.thread().title.as_deref()
    }

    /// Who made it. Null once their account is gone.
    async fn created_by(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.reader.thread().created_by {
                Some(id) => User::load(&self.scope, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.reader.thread().created_at.into()
    }

    /// When anything but its messages last changed.
    async fn updated_at(&self) -> DateTime {
        self.reader.thread().updated_at.into()
    }

    /// When its last message was sent. Null while there is none.
    async fn last_message_at(&self) -> Option<DateTime> {
        self.reader.thread().last_message_at.map(DateTime)
    }

    /// Since when it is archived, and so read-only. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.reader.thread().archived_at.map(DateTime)
    }

    /// After how many days its messages are deleted, as if by an admin. Null if they stay.
    async fn retention_days(&self) -> Option<i32> {
        self.reader.thread().retention_days
    }

    /// Where the thread's log stands as this answer was read: pass it to threadEvents(after:) and nothing is missed.
    async fn event_cursor(&self) -> Cursor {
        self.scope.cursor(&self.reader, self.reader.thread().last_seq)
    }

    /// The newest message, deleted or not. Null while there is none.
    async fn last_message(&self) -> Nullable<Message> {
        Nullable::of(async {
            if self.reader.thread().message_count == 0 {
                return Ok(None);
            }
            let all = |shown: &Shown| shown.threads.iter().cloned().map(LastMessage).collect();
            let (row, scope) = self.scope.load(LastMessage(self.reader.clone()), all).await?;
            Ok(row.map(|row| Message { scope, reader: self.reader.clone(), row }))
        })
        .await
    }

    /// How many take part.
    async fn participant_count(&self) -> i32 {
        self.reader.thread().participant_count
    }

    /// Who takes part: admins first, then by when they joined. Of a room, for members only: for others an empty list,
    /// totalCount 0.
    async fn participants(
        &self,
        #[graphql(desc = "Only those of this role.")] role: Option<ParticipantRole>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ParticipantConnection> {
        Required::of(async {
            let role = role.map(row::Role::from);
            let window: Window<participant::Key> =
                List::Participants.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let key = |reader: &Reader| ParticipantsOf(reader.clone(), role, window.clone());
            let all = |shown: &Shown| shown.threads.iter().map(key).collect();
            let (page, scope) = self.scope.load(key(&self.reader), all).await?;
            let page = page.unwrap_or_else(Page::empty).map(|row| {
                let cursor = List::Participants.cursor(&participant::key(&row));
                (cursor, Participant { scope: scope.clone(), reader: self.reader.clone(), row })
            });
            Ok(ParticipantConnection::of(page, Total { scope: self.scope.clone(), reader: self.reader.clone(), role }))
        })
        .await
    }

    /// Who is banned from it, the latest first. For the admins of a room; for others an empty list.
    async fn bans(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: earlier bans.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: later bans.")] before: Option<Cursor>,
    ) -> Required<RoomBanConnection> {
        let args = Args { first, after, last, before };
        Required::of(RoomBanConnection::of_room(&self.scope, &self.reader, args)).await
    }

    /// The links by which people come into it by themselves, the latest first. For the admins of a group; for others an empty list.
    async fn invitations(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: earlier invitations.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: later invitations.")] before: Option<Cursor>,
    ) -> Required<ThreadInvitationConnection> {
        let args = Args { first, after, last, before };
        Required::of(ThreadInvitationConnection::of_thread(&self.scope, &self.reader, args)).await
    }

    /// Its messages, oldest first within a page: `last: 50` is the newest page, `before` a cursor the one before it;
    /// `around` is a page about one message.
    async fn messages(
        &self,
        #[graphql(desc = "The id of a message of this thread to have in the middle; `first` says how many in all.")]
        around: Option<ID>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<MessageConnection> {
        Required::of(async {
            let (page, scope) = match around {
                Some(around) => {
                    let alone = last.is_none() && after.is_none() && before.is_none();
                    if !alone {
                        let why = "It goes with `first` only.";
                        return Err(fault(Refusal::new(domain::Code::Invalid, "around", why).into()));
                    }
                    let limit = bounded("first", first.unwrap_or(MESSAGES)).map_err(fault)?;
                    let middle = id::parse("around", &around).map_err(fault)?;
                    let key = |reader: &Reader| MessagesAround(reader.clone(), middle, limit);
                    let all = |shown: &Shown| shown.threads.iter().map(key).collect();
                    let (page, scope) = self.scope.load(key(&self.reader), all).await?;
                    (page.ok_or_else(|| fault(domain::Error::not_found("around", "message")))?, scope)
                }
                None => {
                    let args = Args { first, after, last, before };
                    let window = args.of_messages(&self.scope, self.reader.id()).map_err(fault)?;
                    let key = |reader: &Reader| MessagesOf(reader.clone(), window.clone());
                    // A cursor is of one thread, so only pages without one can be those of all threads.
                    let same = window.after.is_none() && window.before.is_none();
                    let all = |shown: &Shown| shown.threads.iter().filter(|_| same).map(key).collect();
                    let (page, scope) = self.scope.load(key(&self.reader), all).await?;
                    (page.unwrap_or_else(Page::empty), scope)
                }
            };
            Ok(MessageConnection::listed(page, &self.reader, &scope))
        })
        .await
    }

    /// The same frames that threadEvents pushes, for clients that poll: those after a cursor, or from the beginning of
    /// what is retained.
    async fn events(
        &self,
        #[graphql(desc = "How many: 1 to 100; 50 if left out.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
    ) -> Required<ThreadEventPage> {
        Required::of(async {
            let limit = bounded("first", first.unwrap_or(MESSAGES)).map_err(fault)?;
            let after =
                after.map(|text| event::parse_cursor("after", &text.0, self.reader.id())).transpose().map_err(fault)?;
            let key = |reader: &Reader| EventsOf(reader.clone(), after, limit);
            // A cursor is of one thread, so only pages without one can be those of all threads.
            let all = |shown: &Shown| shown.threads.iter().filter(|_| after.is_none()).map(key).collect();
            let (page, scope) = self.scope.load(key(&self.reader), all).await?;
            let page = page.ok_or_else(|| fault(domain::Error::internal("a page of the log was not loaded")))?;
            Ok(ThreadEventPage::of(&page, &self.reader, &scope))
        })
        .await
    }

    /// Your own state in this thread; null if you do not take part.
    async fn viewer_state(&self) -> Nullable<ViewerThreadState> {
        Nullable::of(async {
            Ok(self.own_row().await?.map(|row| ViewerThreadState::of(&self.scope, &self.reader, row)))
        })
        .await
    }

    /// Whether members see each other's receipts: in small threads only, never in rooms. Once a thread has grown too large
    /// for it, never again.
    async fn shares_receipts(&self) -> bool {
        self.reader.thread().receipts_until_seq.is_none()
    }
}

/// The sorts of thread.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadKind {
    /// Two people, for ever.
    Direct,
    /// Whom its admins add.
    Group,
    /// Readable by anyone; whoever is signed in may join.
    Room,
}

impl From<Kind> for ThreadKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Direct => Self::Direct,
            Kind::Group => Self::Group,
            Kind::Room => Self::Room,
        }
    }
}

#[derive(Default)]
pub(crate) struct ThreadQuery;

#[Object]
impl ThreadQuery {
    /// A thread that you may read; null if there is none, which is also what one gets who may not read it.
    async fn thread(&self, ctx: &Context<'_>, #[graphql(desc = "Which thread.")] id: ID) -> Nullable<Thread> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            let id: ThreadId = id::parse("id", &id).map_err(fault)?;
            let found = access::readers(scope.app(), viewer(ctx), &[id]).await.map_err(fault)?;
            let reader = found.into_values().next();
            if let Some(witness) = scope.witness() {
                witness.found(Found::Thread(id, reader.clone()));
            }
            Ok(reader.map(|reader| Thread { scope, reader }))
        })
        .await
    }

    /// The room that is there from the first start, for whoever comes by: a guest has a name, joins it, and talks. Null if whoever runs
    /// this installation wants none.
    async fn lobby(&self, ctx: &Context<'_>) -> Nullable<Thread> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            let reader = thread::lobby(scope.app(), viewer(ctx)).await.map_err(fault)?;
            Ok(reader.map(|reader| Thread { scope, reader }))
        })
        .await
    }

    /// Public rooms, readable by anyone, the most recently active first.
    async fn rooms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ThreadConnection> {
        Required::of(async {
            let scope = Scope::of(ctx);
            let window = List::Rooms.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = thread::rooms(scope.app(), viewer(ctx), &window).await.map_err(fault)?;
            Ok(ThreadConnection::listed(page, List::Rooms, &scope))
        })
        .await
    }
}
