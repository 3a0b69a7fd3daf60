//! The search for messages. It hangs off `viewer`: what it finds is what this account may read.

#![expect(clippy::too_many_arguments, reason = "what is searched for is said beside how a page of it is cut")]

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use domain::search::{self, Filter, Found, Part};

use super::budget::Budget;
use super::cursor::{Args, ITEMS, List};
use super::message::Message;
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime, Json};
use super::scope::{Scope, Shown, Shows};
use super::viewer::Own;
use super::{fault, id};

/// A message that was found.
#[derive(Clone)]
pub(crate) struct MessageSearchHit {
    message: Message,
    snippet: Vec<Part>,
}

connection!(
    MessageSearchConnection, MessageSearchEdge, MessageSearchHit, "messages that were found",
    #[graphql(complex)] complete: bool
);

#[ComplexObject]
impl MessageSearchConnection {
    /// Whether everything is found that there is. False for a while after the update that brought the search: messages of before are still
    /// being put into its index. Show what is found, and say that there may be more.
    async fn is_complete(&self) -> bool {
        self.complete
    }
}

impl MessageSearchConnection {
    fn listed(found: Found, scope: &Scope) -> Self {
        let mut shown = Shown::default();
        for hit in &found.page.items {
            hit.message.show(&mut shown);
            shown.threads.push(hit.reader.clone());
        }
        let scope = scope.showing(shown);
        let page = found.page.map(|hit| {
            let message = Message { scope: scope.clone(), reader: hit.reader, row: hit.message };
            (List::Search.cursor(&hit.place), MessageSearchHit { message, snippet: hit.snippet })
        });
        Self::of(page, found.is_complete)
    }
}

/// A message that was found.
#[Object]
impl MessageSearchHit {
    /// The message. Its place among its neighbours is `thread.messages(around:)`.
    async fn message(&self) -> Message {
        self.message.clone()
    }

    /// What it says about where it was found, some 160 characters of it, in parts: one after the other they are the text, and those that
    /// were searched for are marked. Plain text, whatever it looks like: never put it into a page as HTML. Where the message goes on
    /// before or behind, there is an ellipsis.
    async fn snippet(&self, ctx: &Context<'_>) -> Required<Vec<MessageSearchSnippetPart>> {
        Required::of(async {
            Budget::spend(ctx, self.snippet.iter().map(|part| part.text.len()).sum())?;
            Ok(self.snippet.iter().cloned().map(MessageSearchSnippetPart::from).collect())
        })
        .await
    }
}

/// A part of a snippet.
#[derive(SimpleObject)]
pub(crate) struct MessageSearchSnippetPart {
    /// What it says, as its sender wrote it.
    text: String,
    /// Whether it is what was searched for: show it highlighted.
    is_match: bool,
}

impl From<Part> for MessageSearchSnippetPart {
    fn from(part: Part) -> Self {
        Self { text: part.text, is_match: part.is_match }
    }
}

/// Something that the metadata of a message has.
#[derive(InputObject)]
pub(crate) struct MessageMetadataInput {
    /// A key of the metadata, which then is an object.
    key: String,
    /// What is under it, or in the list that is under it: a text, a number or a boolean.
    value: Json,
}

/// Searching.
pub(crate) struct OwnSearch(pub(crate) Own);

#[Object]
impl OwnSearch {
    /// Messages that you may read, by what they say, the newest first: in your direct threads and groups (of more than 1,000, in those in
    /// which something was said last) and in all rooms, wherever they lie and however old they are. Deleted ones are not found, and
    /// edited ones by what they say now.
    ///
    /// Case and accents make no difference (`cafe` finds “Café”). Every word has to be there; the last one may be only begun, with two
    /// letters at the least, unless a space follows. Words in double quotes, and those that only a hyphen or another sign parts, have to
    /// stand together in that order. There are no operators: whatever else there is, is passed over, and a query without any word finds
    /// nothing. A character of a script without spaces (Chinese, Japanese, Thai and others) and an emoji is a word, so any part of a
    /// sentence is found. Of a message the first 12,000 characters are searched; of a word the first 32 count.
    ///
    /// It costs as much as 50 nodes, besides what is asked of what it finds. Wait until nobody has typed for a moment before you ask.
    async fn message_search(
        &self,
        #[graphql(desc = "What to find: 1 to 200 characters, at most 32 words.")] query: String,
        #[graphql(
            desc = "Only in this thread, which may be any that you may read. In one that you may not, nothing is found."
        )]
        thread_id: Option<ID>,
        #[graphql(desc = "Only what this account has sent.")] sender_id: Option<ID>,
        #[graphql(desc = "Only what was sent then or later.")] sent_since: Option<DateTime>,
        #[graphql(desc = "Only what was sent before then.")] sent_before: Option<DateTime>,
        #[graphql(
            desc = "Only what has all of this in its metadata: at most 5. Of the metadata of a message, the first 32 \
                          entries are searched."
        )]
        metadata: Option<Vec<MessageMetadataInput>>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<MessageSearchConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::Search.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let filter = Filter {
                query,
                thread_id: thread_id.map(|text| id::parse("thread_id", &text)).transpose().map_err(fault)?,
                sender_id: sender_id.map(|text| id::parse("sender_id", &text)).transpose().map_err(fault)?,
                since: sent_since.map(|DateTime(at)| at),
                before: sent_before.map(|DateTime(at)| at),
                metadata: metadata.into_iter().flatten().map(|entry| (entry.key, entry.value.0)).collect(),
            };
            let found = search::find(scope.app(), who, filter, &window).await.map_err(fault)?;
            Ok(MessageSearchConnection::listed(found, scope))
        })
        .await
    }
}
