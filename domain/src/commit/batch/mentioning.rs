//! Whom messages mention.

use entity::id::MessageId;
use entity::message_mention;

use super::Batch;
use crate::mention::Named;

impl Batch {
    /// Has a message mention those of the names that [`super::Needs::names`] resolved, in the place of whomever it mentioned.
    pub(crate) fn mention(&mut self, id: MessageId, names: &Named) {
        let Some((thread_id, seq)) = self.messages.get(&id).map(|row| (row.thread_id, row.seq)) else { return };
        let rows = names.stored().filter_map(|(key, places)| {
            let user_id = *self.named.get(key)?;
            Some(message_mention::Model { message_id: id, user_id, thread_id, seq, places })
        });
        let rows = rows.collect();
        self.mentions.insert(id, rows);
    }
}
