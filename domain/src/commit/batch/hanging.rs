//! What hangs on messages, and goes with them: revisions, files, mentions, reactions.

use entity::id::{MessageId, UploadId, UserId};
use entity::{message_attachment, message_reaction, message_revision, upload};

use super::{Batch, ReactionWrite};

impl Batch {
    /// Keeps what a message said before it is edited.
    pub(crate) fn keep_revision(&mut self, revision: message_revision::Model) {
        self.revisions.push(revision);
    }

    /// An upload, as the changes so far left it.
    pub(crate) fn upload(&self, id: UploadId) -> Option<&upload::Model> {
        self.uploads.get(&id)
    }

    /// Notes that messages of other threads carry these uploads.
    pub(in crate::commit) fn give_away(&mut self, carried: &[UploadId]) {
        for id in carried {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.collect_at = None;
            }
        }
    }

    /// Gives a message its files; uploads among them are carried from now on.
    pub(super) fn attach(&mut self, attachments: Vec<message_attachment::Model>) {
        for upload_id in attachments.iter().filter_map(|attachment| attachment.upload_id) {
            self.carried.push(upload_id);
            if let Some(upload) = self.uploads.get_mut(&upload_id) {
                upload.collect_at = None;
            }
        }
        self.attachments.extend(attachments);
    }

    /// Takes from a message what hangs on it: revisions, attachments, mentions, reactions.
    pub(super) fn empty(&mut self, id: MessageId) {
        self.emptied_messages.insert(id);
        self.revisions.retain(|row| row.message_id != id);
        self.let_go.extend(self.attachments.extract_if(.., |row| row.message_id == id).filter_map(|row| row.upload_id));
        self.mentions.remove(&id);
        self.reactions.retain(|(message, ..)| *message != id);
        self.reaction_writes.retain(|write| match write {
            ReactionWrite::Add(row) => row.message_id != id,
            ReactionWrite::Remove(message, ..) => *message != id,
        });
    }

    /// The emojis that somebody has put to a message.
    pub(crate) fn reactions_of(&self, id: MessageId, user_id: UserId) -> Vec<&str> {
        let own = self.reactions.iter().filter(|(message, user, _)| *message == id && *user == user_id);
        own.map(|(_, _, emoji)| emoji.as_str()).collect()
    }

    /// Adds a reaction; false if it was there.
    pub(crate) fn react(&mut self, id: MessageId, user_id: UserId, emoji: &str) -> bool {
        let added = self.reactions.insert((id, user_id, emoji.to_owned()));
        if added {
            let row =
                message_reaction::Model { message_id: id, user_id, emoji: emoji.to_owned(), created_at: self.now };
            self.reaction_writes.push(ReactionWrite::Add(row));
        }
        added
    }

    /// Takes a reaction back; false if it was not there.
    pub(crate) fn unreact(&mut self, id: MessageId, user_id: UserId, emoji: &str) -> bool {
        let removed = self.reactions.remove(&(id, user_id, emoji.to_owned()));
        if removed {
            self.reaction_writes.push(ReactionWrite::Remove(id, user_id, emoji.to_owned()));
        }
        removed
    }
}
