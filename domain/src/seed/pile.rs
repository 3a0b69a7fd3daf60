//! Messages on their way into the tables, with what hangs on them.

use entity::Timestamp;
use entity::id::{AttachmentId, MessageId};
use sea_orm::{Statement, Value};

use super::load::Load;
use crate::infra::db::Engine;

/// Messages that wait to be written, their lines of the log, reactions and files.
pub(super) struct Pile {
    pub(super) messages: Load<10>,
    pub(super) events: Load<6>,
    pub(super) reactions: Load<4>,
    attachments: Load<7>,
}

impl Pile {
    pub(super) fn new(engine: Engine) -> Self {
        let messages = [
            "id",
            "thread_id",
            "sender_id",
            "seq",
            "position",
            "content",
            "parent_id",
            "client_key",
            "created_at",
            "updated_at",
        ];
        let events = ["thread_id", "seq", "kind", "actor_id", "message_id", "created_at"];
        let attachments = ["id", "message_id", "url", "type", "name", "size", "created_at"];
        Self {
            messages: Load::new(engine, "messages", messages),
            events: Load::new(engine, "thread_events", events),
            reactions: Load::new(engine, "message_reactions", ["message_id", "user_id", "emoji", "created_at"]),
            attachments: Load::new(engine, "message_attachments", attachments),
        }
    }

    /// Adds the file of a message.
    pub(super) fn attach(&mut self, id: AttachmentId, message_id: MessageId, message: u64, at: Timestamp) {
        let kinds = [("pdf", "application/pdf"), ("jpg", "image/jpeg"), ("png", "image/png")];
        let (ending, media_type) = kinds[(message % 3) as usize];
        let name = format!("file-{message}.{ending}");
        let size = 1_000 + i32::try_from(message % 5_000_000).unwrap_or(0);
        let url = format!("https://example.com/files/{name}");
        let row: [Value; 7] =
            [id.into(), message_id.into(), url.into(), media_type.into(), name.into(), size.into(), at.into()];
        self.attachments.push(row);
    }

    /// The statements for what waits; messages first, since all else refers to them.
    pub(super) fn take(&mut self, everything: bool) -> Vec<Statement> {
        if everything {
            return [self.messages.rest(), self.events.rest(), self.reactions.rest(), self.attachments.rest()].concat();
        }
        [self.messages.whole(), self.events.whole(), self.reactions.whole(), self.attachments.whole()].concat()
    }
}
