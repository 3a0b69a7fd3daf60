//! Whom messages mention.

use std::sync::Arc;

use async_graphql::{Object, Result};
use domain::access::Viewer;
use domain::mention::{self, Mention};
use domain::page::{Page, Window};

use super::cursor::{Args, ITEMS, List};
use super::fault;
use super::message::Message;
use super::nullable::Required;
use super::page::connection;
use super::scalar::Cursor;
use super::scope::{Scope, Shown, Shows};
use super::user::User;
use super::viewer::Own;

/// Somebody whom a message mentions.
#[derive(Clone)]
pub(crate) struct MessageMention {
    pub(crate) scope: Scope,
    pub(crate) mention: Mention,
}

connection!(MentionConnection, MentionEdge, Message, "messages that mention you");

impl MentionConnection {
    /// A page of the messages that mention the viewer, whatever threads they are in.
    pub(crate) async fn of_viewer(scope: &Scope, viewer: &Viewer, args: Args) -> Result<Self> {
        let window: Window<String> = List::Mentions.window(args, ITEMS).map_err(fault)?;
        let page = mention::of_viewer(scope.app(), viewer, &window).await.map_err(fault)?;
        let page: Page<_> = page.map(|(reader, row)| (reader, Arc::new(row)));
        let mut shown = Shown::default();
        for (reader, row) in &page.items {
            row.show(&mut shown);
            if !shown.threads.contains(reader) {
                shown.threads.push(reader.clone());
            }
        }
        let scope = scope.showing(shown);
        Ok(Self::of(page.map(|(reader, row)| {
            (List::Mentions.cursor(&row.id.to_string()), Message { scope: scope.clone(), reader, row })
        })))
    }
}

/// What mentions the viewer.
pub(crate) struct OwnMentions(pub(crate) Own);

#[Object]
impl OwnMentions {
    /// The messages of others that mention you, in all threads that you may read, the latest first; read and unread ones. Without those of
    /// accounts that you have blocked, and without those that were deleted.
    async fn mentions(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor: older messages.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor: newer messages.")] before: Option<Cursor>,
    ) -> Required<MentionConnection> {
        let args = Args { first, after, last, before };
        Required::of(MentionConnection::of_viewer(&self.0.1, &self.0.0, args)).await
    }
}

/// Somebody whom a message mentions, and where in its text. Where is counted in UTF-16 code units, as JavaScript, Java and Kotlin count the
/// characters of a string, and `NSString` does: in JavaScript, `content.slice(offset, offset + length)` is the mention.
#[Object]
impl MessageMention {
    /// Who is mentioned: the account that had this name when the message was sent or edited, however it is called now.
    async fn user(&self) -> Required<User> {
        Required::of(async { User::require(&self.scope, self.mention.user_id).await }).await
    }

    /// Where in `content` it begins, at the `@`: a number of UTF-16 code units, from 0.
    async fn offset(&self) -> i32 {
        self.mention.place.offset
    }

    /// How long it is, the `@` included: a number of UTF-16 code units.
    async fn length(&self) -> i32 {
        self.mention.place.length
    }
}
