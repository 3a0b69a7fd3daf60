//! Whom messages mention.

use entity::id::MessageId;
use entity::message_mention;
use entity::thread::ThreadKind;

use super::Batch;
use crate::mention::{Meant, Named};

impl Batch {
    /// Has a message mention those of the names that [`super::Needs::names`] resolved, in the place of whomever it mentioned.
    pub(crate) fn mention(&mut self, id: MessageId, names: &Named) {
        let Some((thread_id, seq)) = self.messages.get(&id).map(|row| (row.thread_id, row.seq)) else { return };
        let rows = names.stored().filter_map(|(key, places)| {
            let user_id = self.named.get(key).filter(|meant| self.may_read(meant))?.id;
            Some(message_mention::Model { message_id: id, user_id, thread_id, seq, places })
        });
        let rows = rows.collect();
        self.mentions.insert(id, rows);
    }

    /// Whether somebody may read the thread as the changes so far left it.
    fn may_read(&self, meant: &Meant) -> bool {
        let changed = match self.thread.kind {
            ThreadKind::Direct | ThreadKind::Group => self.participants.get(&meant.id).map(|row| row.left_at.is_none()),
            ThreadKind::Room => self.banned(meant.id).map(|is_banned| !is_banned),
        };
        changed.unwrap_or(meant.may_read)
    }
}
