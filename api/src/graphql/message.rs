//! Messages. What changes them is in `mutation`.

use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::access::{self, Reader};
use domain::mention::Mention;
use domain::message;
use domain::page::{Page, Slice, Window};
use domain::receipt;
use entity::id::{MessageId, ThreadId};

use super::assistant::AssistantAnswer;
use super::attachment::Attachment;
use super::budget::Budget;
use super::cursor::{Args, ITEMS};
use super::loader::{
    AnswerTo, AttachmentsOf, Batch, MentionsIn, Parent, ReactionsTo, ReceiptsOf, RepliesTo, ReplyCount, RevisionsOf,
};
use super::mention::MessageMention;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::reaction::ReactionGroup;
use super::receipt::{MessageStatus, MessageStatusTimestamps, Receipt};
use super::scalar::{Cursor, DateTime, Json, int};
use super::scope::{Asks, Scope, Shown, Shows, viewer};
use super::thread::Thread;
use super::user::User;
use super::{fault, id};

mod mutation;
mod stream;

pub(crate) use mutation::{MessageMutation, ReactionPayload};
pub(crate) use stream::MessageSubscription;

/// A message, with the proof that whoever asks may read it.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) scope: Scope,
    pub(crate) reader: Reader,
    pub(crate) row: Arc<entity::message::Model>,
}

connection!(MessageConnection, MessageEdge, Message, "messages");
use list::MessageEdge;

impl MessageConnection {
    /// A page of a thread's messages, in the scope of what is shown with them.
    pub(crate) fn listed(page: Page<Arc<entity::message::Model>>, reader: &Reader, scope: &Scope) -> Self {
        Self::of(
            page.map(|row| {
                (scope.cursor(reader, row.seq), Message { scope: scope.clone(), reader: reader.clone(), row })
            }),
        )
    }
}

impl Message {
    fn deleted(&self) -> bool {
        self.row.deleted_at.is_some()
    }

    /// Loads something of this message, together with the same of those that are shown with it.
    async fn load<K, V>(&self, key: impl Fn(MessageId) -> K + Send + Sync) -> Result<V>
    where
        K: Asks + Send + Sync + std::hash::Hash + Eq + Clone + 'static,
        V: Shows + Default + Clone + Send + Sync + 'static,
        Batch: Loader<K, Value = V, Error = Arc<domain::Error>>,
    {
        let all = |shown: &Shown| shown.messages.iter().map(|row| key(row.id)).collect();
        let (answer, _) = self.scope.load(key(self.row.id), all).await?;
        Ok(answer.unwrap_or_default())
    }

    /// The messages that are shown together with it, itself among them, each with the proof that it may be.
    fn beside<'a>(&'a self, shown: &'a Shown) -> impl Iterator<Item = (Reader, &'a entity::message::Model)> {
        shown.messages.iter().filter_map(|row| Some((shown.reader(&self.reader, row)?, &**row)))
    }

    /// Whom it mentions, and the scope in which to show them.
    async fn all_mentions(&self) -> Result<(Vec<Mention>, Scope)> {
        if self.deleted() {
            return Ok((Vec::new(), self.scope.clone()));
        }
        let all = |shown: &Shown| shown.messages.iter().map(|row| MentionsIn(row.id)).collect();
        let (mentions, scope) = self.scope.load(MentionsIn(self.row.id), all).await?;
        Ok((mentions.unwrap_or_default(), scope))
    }

    /// Its receipts, and the scope in which to show whose they are.
    async fn all_receipts(&self) -> Result<(Option<Arc<receipt::Receipts>>, Scope)> {
        let key = |reader: &Reader, row: &entity::message::Model| ReceiptsOf(receipt::ask(reader, row));
        let all = |shown: &Shown| self.beside(shown).map(|(reader, row)| key(&reader, row)).collect();
        self.scope.load(key(&self.reader, &self.row), all).await
    }
}

/// A message. Once deleted it keeps its place as a tombstone: no content, metadata, attachments, reactions or revisions.
#[Object]
impl Message {
    /// The message's id: `msg_…`.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// The thread that it is in.
    async fn thread(&self) -> Thread {
        Thread { scope: self.scope.clone(), reader: self.reader.clone() }
    }

    /// Who sent it. Null once the sender's account is gone.
    async fn sender(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.row.sender_id {
                Some(id) => User::load(&self.scope, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// What it says. Null once deleted.
    async fn content(&self, ctx: &Context<'_>) -> Nullable<&str> {
        Nullable::of(async {
            let content = self.row.content.as_deref();
            Budget::spend(ctx, content.map_or(0, str::len))?;
            Ok(content)
        })
        .await
    }

    /// The message that it replies to. Replies are one level deep: a reply to a reply has the same parent.
    async fn parent(&self) -> Nullable<Message> {
        Nullable::of(async {
            let Some(parent) = self.row.parent_id else { return Ok(None) };
            let key = |(reader, row): (Reader, &entity::message::Model)| Some(Parent(reader, row.parent_id?));
            let all = |shown: &Shown| self.beside(shown).filter_map(key).collect();
            let (row, scope) = self.scope.load(Parent(self.reader.clone(), parent), all).await?;
            Ok(row.map(|row| Message { scope, reader: self.reader.clone(), row }))
        })
        .await
    }

    /// How many messages reply to it, deleted ones among them.
    async fn reply_count(&self) -> Required<i32> {
        Required::of(async { Ok(int(self.load(ReplyCount).await?)) }).await
    }

    /// The messages that reply to it, oldest first.
    async fn replies(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<MessageConnection> {
        Required::of(async {
            let neither = first.is_none() && last.is_none();
            let args = Args { first: if neither { Some(ITEMS) } else { first }, after, last, before };
            let window: Window<i64> = args.of_messages(&self.scope, self.reader.id()).map_err(fault)?;
            let key = |reader, id| RepliesTo(reader, id, window.clone());
            // A cursor is of one thread, as is a page that has one.
            let same = window.after.is_none() && window.before.is_none();
            let asked = |reader: &Reader| same || reader.id() == self.reader.id();
            let all = |shown: &Shown| {
                let beside = self.beside(shown).filter(|(reader, _)| asked(reader));
                beside.map(|(reader, row)| key(reader, row.id)).collect()
            };
            let (page, scope) = self.scope.load(key(self.reader.clone(), self.row.id), all).await?;
            Ok(MessageConnection::listed(page.unwrap_or_else(Page::empty), &self.reader, &scope))
        })
        .await
    }

    /// The files that it carries, in the order in which they were given.
    async fn attachments(&self) -> Required<Vec<Attachment>> {
        Required::of(async {
            if self.deleted() {
                return Ok(Vec::new());
            }
            let rows = self.load(AttachmentsOf).await?;
            Ok(rows.into_iter().map(Attachment).collect())
        })
        .await
    }

    /// Whom it mentions, in the order of the text: `@name`, as it was when the message was sent or edited, of whoever took part in the
    /// thread then, and in a room of whoever may read it. At most fifty names of a message count. Empty once deleted.
    async fn mentions(&self) -> Required<Vec<MessageMention>> {
        Required::of(async {
            let (mentions, scope) = self.all_mentions().await?;
            Ok(mentions.into_iter().map(|mention| MessageMention { scope: scope.clone(), mention }).collect())
        })
        .await
    }

    /// Whether it mentions you. False for the anonymous.
    async fn mentions_viewer(&self) -> Required<bool> {
        Required::of(async {
            let Some(own) = self.reader.viewer() else { return Ok(false) };
            let (mentions, _) = self.all_mentions().await?;
            Ok(mentions.iter().any(|mention| mention.user_id == own))
        })
        .await
    }

    /// The reactions to it by emoji, the one that was put first, first.
    async fn reactions(&self) -> Required<Vec<ReactionGroup>> {
        Required::of(async {
            if self.deleted() {
                return Ok(Vec::new());
            }
            let groups = self.load(|id| ReactionsTo(self.reader.viewer(), id)).await?;
            let group = |group| ReactionGroup {
                scope: self.scope.clone(),
                reader: self.reader.clone(),
                message_id: self.row.id,
                group,
            };
            Ok(groups.into_iter().map(group).collect())
        })
        .await
    }

    /// What its client kept with it.
    async fn metadata(&self, ctx: &Context<'_>) -> Nullable<Json> {
        Nullable::of(async { Json::within(ctx, self.row.metadata.as_ref()) }).await
    }

    /// How far it has come with all others together; never goes back.
    async fn status(&self) -> Required<MessageStatus> {
        Required::of(async {
            let (receipts, _) = self.all_receipts().await?;
            Ok(receipts.map_or(MessageStatus::Sent, |receipts| receipts.status.into()))
        })
        .await
    }

    /// When it had come how far.
    async fn status_timestamps(&self) -> Required<MessageStatusTimestamps> {
        Required::of(async {
            let (receipts, _) = self.all_receipts().await?;
            Ok(MessageStatusTimestamps {
                sent: self.row.created_at.into(),
                delivered: receipts.as_ref().and_then(|receipts| receipts.delivered_at).map(DateTime),
                read: receipts.as_ref().and_then(|receipts| receipts.read_at).map(DateTime),
            })
        })
        .await
    }

    /// Who of those in the thread has got or read it, and when: those who had joined when it was sent, but for its sender.
    /// Empty where receipts are not shared.
    async fn receipts(&self) -> Required<Vec<Receipt>> {
        Required::of(async {
            let (Some(receipts), scope) = self.all_receipts().await? else { return Ok(Vec::new()) };
            let of_member = |receipt: &receipt::Receipt| Receipt { scope: scope.clone(), receipt: receipt.clone() };
            Ok(receipts.of_members.iter().map(of_member).collect())
        })
        .await
    }

    /// The key it was sent with; only its sender sees it.
    async fn client_key(&self) -> Option<&str> {
        let own = self.row.sender_id.is_some() && self.row.sender_id == self.reader.viewer();
        self.row.client_key.as_deref().filter(|_| own)
    }

    /// 1, and one more with each edit and with the deletion: of two states the one with the greater version is newer.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// What it said before it was edited, oldest first: the 20 oldest, unless `first` or `last` says otherwise. The newest
    /// are `last: 20`, oldest first among them. There are `version` − 1 in all. Empty once deleted.
    async fn revisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the oldest on: 1 to 100; 20 if both are left out.")] first: Option<i32>,
        #[graphql(desc = "How many of the newest: 1 to 100.")] last: Option<i32>,
    ) -> Required<Vec<MessageRevision>> {
        Required::of(async {
            let slice = Slice::new(first, last, ITEMS).map_err(fault)?;
            if self.deleted() || self.row.edited_at.is_none() {
                return Ok(Vec::new());
            }
            let rows = self.load(|id| RevisionsOf(id, slice)).await?;
            Budget::spend(ctx, rows.iter().map(|row| row.content.len()).sum())?;
            let revision = |row: entity::message_revision::Model| MessageRevision {
                version: row.version,
                content: row.content,
                created_at: row.created_at.into(),
            };
            Ok(rows.into_iter().map(revision).collect())
        })
        .await
    }

    /// What became of it as a question to the assistant. Null if it asks the assistant nothing, and once deleted.
    async fn assistant_answer(&self) -> Nullable<AssistantAnswer> {
        Nullable::of(async {
            if self.deleted() {
                return Ok(None);
            }
            let all = |shown: &Shown| self.beside(shown).map(|(reader, row)| AnswerTo(reader, row.id)).collect();
            let (row, scope) = self.scope.load(AnswerTo(self.reader.clone(), self.row.id), all).await?;
            Ok(row.map(|row| AssistantAnswer { scope, reader: self.reader.clone(), row }))
        })
        .await
    }

    /// When it was sent.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it was last edited. Null if never.
    async fn edited_at(&self) -> Option<DateTime> {
        self.row.edited_at.map(DateTime)
    }

    /// When it was deleted. Null while it stands.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.row.deleted_at.map(DateTime)
    }
}

/// What a message said before it was edited.
#[derive(SimpleObject)]
pub(crate) struct MessageRevision {
    /// The version that said it.
    version: i32,
    /// What it said.
    content: String,
    /// When that was written.
    created_at: DateTime,
}

#[derive(Default)]
pub(crate) struct MessageQuery;

#[Object]
impl MessageQuery {
    /// Did my send land? Your own message by the key it was sent with; null if there is none.
    async fn message_by_client_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which thread.")] thread_id: ID,
        #[graphql(desc = "The key.")] client_key: String,
    ) -> Nullable<Message> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            let id: ThreadId = id::parse("thread_id", &thread_id).map_err(fault)?;
            let found = access::readers(scope.app(), viewer(ctx), &[id]).await.map_err(fault)?;
            let Some(reader) = found.into_values().next() else { return Ok(None) };
            let row = message::by_client_key(scope.app(), &reader, &client_key).await.map_err(fault)?;
            Ok(row.map(|row| Message { scope, reader, row: Arc::new(row) }))
        })
        .await
    }
}
