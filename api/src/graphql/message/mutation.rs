//! What changes messages: their inputs, their payloads, and the mutations.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::message::{self, Draft};

use super::Message;
use crate::graphql::attachment::{AttachmentInput, drafts};
use crate::graphql::error::{UserError, settle};
use crate::graphql::id;
use crate::graphql::scalar::{Cursor, Json};
use crate::graphql::scope::{Scope, viewer};

/// What to send.
#[derive(InputObject)]
pub(crate) struct MessageSendInput {
    /// Where to.
    thread_id: ID,
    /// What it says: 1 to 4,000 characters unless configured otherwise.
    content: String,
    /// Chosen by the client, unique per sender and thread, 1 to 100 characters: sending again with it returns the first
    /// message, so that a send whose answer was lost can safely be repeated. Without one, a repetition is a second message.
    client_key: Option<String>,
    /// The message that it replies to, of the same thread.
    parent_id: Option<ID>,
    /// Whatever the client wants to keep with it, at most 8 KiB unless configured otherwise.
    metadata: Option<Json>,
    /// Files, at most 10 unless configured otherwise.
    attachments: Option<Vec<AttachmentInput>>,
}

/// What to say instead.
#[derive(InputObject)]
pub(crate) struct MessageEditInput {
    /// Which of your messages.
    id: ID,
    /// What it says from now on.
    content: String,
    /// Refuse with CONFLICT if the message has moved on from this version.
    expected_version: Option<i32>,
}

/// Which message to delete.
#[derive(InputObject)]
pub(crate) struct MessageDeleteInput {
    /// Which message.
    id: ID,
}

/// Defines the payload of a change to a message.
macro_rules! message_payload {
    ($payload:ident, $mutation:literal) => {
        #[doc = concat!("The outcome of ", $mutation, ".")]
        #[derive(SimpleObject)]
        pub(crate) struct $payload {
            /// The message as it is now; null if nothing was done.
            message: Option<Message>,
            /// Where the thread's log stands with the change in it: once your stream is there, it has shown it.
            cursor: Option<Cursor>,
            /// What was wrong with the input.
            errors: Vec<UserError>,
        }

        impl $payload {
            /// The payload of a message that was changed, or was already as it should be.
            pub(crate) fn of(scope: Scope, changed: Option<message::Changed>, errors: Vec<UserError>) -> Self {
                let cursor = changed.as_ref().map(|changed| scope.cursor(&changed.reader, changed.seq));
                let message =
                    changed.map(|changed| Message { scope, reader: changed.reader, row: Arc::new(changed.message) });
                Self { message, cursor, errors }
            }
        }
    };
}

message_payload!(MessageSendPayload, "messageSend");
message_payload!(MessageEditPayload, "messageEdit");
message_payload!(MessageDeletePayload, "messageDelete");
message_payload!(ReactionPayload, "reactionAdd and reactionRemove");

#[derive(Default)]
pub(crate) struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Sends a message. Everything up to it counts as read by you.
    async fn message_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What, and where to.")] input: MessageSendInput,
    ) -> Result<MessageSendPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let draft = Draft {
                thread_id: id::parse("thread_id", &input.thread_id)?,
                content: input.content,
                client_key: input.client_key,
                parent_id: id::parse_optional("parent_id", input.parent_id.as_ref())?,
                metadata: input.metadata.map(|json| json.0).filter(|json| !json.is_null()),
                attachments: drafts(input.attachments.unwrap_or_default())?,
            };
            message::send(scope.app(), viewer, draft).await
        };
        let (sent, errors) = settle(outcome.await)?;
        let sent =
            sent.map(|sent| message::Changed { reader: sent.reader, seq: sent.message.seq, message: sent.message });
        Ok(MessageSendPayload::of(scope, sent, errors))
    }

    /// Says something else in a message of yours; what it said stays as a revision.
    async fn message_edit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message, and what it says.")] input: MessageEditInput,
    ) -> Result<MessageEditPayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            let id = id::parse("id", &input.id)?;
            message::edit(scope.app(), viewer, id, input.content, input.expected_version).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(MessageEditPayload::of(scope, changed, errors))
    }

    /// Deletes a message: one's own, or as an admin of a group or room anybody's. Its place stays; what it said is gone for
    /// everyone. Deleting twice does no harm.
    async fn message_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] input: MessageDeleteInput,
    ) -> Result<MessageDeletePayload> {
        let (scope, viewer) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            viewer.require()?;
            message::delete(scope.app(), viewer, id::parse("id", &input.id)?).await
        };
        let (changed, errors) = settle(outcome.await)?;
        Ok(MessageDeletePayload::of(scope, changed, errors))
    }
}
