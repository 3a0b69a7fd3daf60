//! How the viewer alone has a thread.

use async_graphql::Object;
use domain::access::{self, Reader};
use domain::thread;
use entity::participant as row;

use crate::graphql::loader::{DeletedAfter, MentionCount};
use crate::graphql::nullable::Required;
use crate::graphql::participant::ParticipantRole;
use crate::graphql::scalar::{Cursor, DateTime, int};
use crate::graphql::scope::{Scope, Shown};

/// Your own state in a thread.
pub(crate) struct ViewerThreadState {
    scope: Scope,
    reader: Reader,
    row: row::Model,
}

impl ViewerThreadState {
    /// The state that a participant's row says.
    pub(crate) fn of(scope: &Scope, reader: &Reader, row: row::Model) -> Self {
        Self { scope: scope.clone(), reader: reader.clone(), row }
    }
}

/// Your own state in a thread.
#[Object]
impl ViewerThreadState {
    /// What you may do here.
    async fn role(&self) -> ParticipantRole {
        self.row.role.into()
    }

    /// How many messages you have not read; exact, and without those deleted since.
    async fn unread_count(&self) -> Required<i32> {
        Required::of(async {
            let thread = self.reader.thread();
            let position = thread::unread_from(thread, self.row.last_read_position);
            if thread.message_count <= position {
                return Ok(0);
            }
            // Where the viewer stands in the other threads that are shown is in their proofs.
            let key = |reader: &Reader| {
                let own = reader.own_row().ok().flatten()?;
                let position = thread::unread_from(reader.thread(), own.last_read_position);
                Some(DeletedAfter(reader.id(), position, reader.thread().message_count))
            };
            let all = |shown: &Shown| shown.threads.iter().filter_map(key).collect();
            let (deleted, _) = self.scope.load(DeletedAfter(thread.id, position, thread.message_count), all).await?;
            Ok(int(thread::unread_count(thread.message_count, position, deleted.unwrap_or_default())))
        })
        .await
    }

    /// How many of the messages that you have not read mention you; exact, and without those deleted since, those that an edit made mention
    /// you no longer, and those of accounts that you have blocked.
    async fn mention_count(&self) -> Required<i32> {
        Required::of(async {
            let thread = self.reader.thread();
            if thread.message_count <= self.row.last_read_position {
                return Ok(0);
            }
            let own = self.row.user_id;
            // Where the viewer stands in the other threads that are shown is in their proofs.
            let key = |reader: &Reader| {
                let row = reader.own_row().ok().flatten()?;
                Some(MentionCount((reader.id(), own, row.last_read_seq, reader.thread().last_seq)))
            };
            let all = |shown: &Shown| shown.threads.iter().filter_map(key).collect();
            let asked = MentionCount((thread.id, own, self.row.last_read_seq, thread.last_seq));
            let (count, _) = self.scope.load(asked, all).await?;
            Ok(int(count.unwrap_or_default()))
        })
        .await
    }

    /// When you last marked something read, or sent something.
    async fn last_read_at(&self) -> Option<DateTime> {
        self.row.last_read_at.map(DateTime)
    }

    /// The cursor of the last message that you have read. Null while there is none.
    async fn last_read_cursor(&self) -> Option<Cursor> {
        self.row.last_read_at.is_some().then(|| self.scope.cursor(&self.reader, self.row.last_read_seq))
    }

    /// Until when you want to hear nothing of it; over once that is past. Null if you have not muted it. Yours alone to see.
    async fn muted_until(&self) -> Option<DateTime> {
        self.row.muted_until.map(DateTime)
    }

    /// Whether you may send here now: not while it is archived, nor in a direct thread while one of you blocks the other.
    async fn can_send(&self) -> bool {
        self.reader.is_open()
    }

    /// Whether you may add, remove, rename and archive here.
    async fn can_manage(&self) -> bool {
        access::manages(self.row.role)
    }
}
