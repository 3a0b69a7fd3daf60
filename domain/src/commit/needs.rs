//! What changes name before they are applied: the rows that they must see.

use std::collections::BTreeSet;

use entity::id::{InvitationId, MessageId, UploadId, UserId};

/// The rows that the changes of a batch must see, read together once the thread is locked.
#[derive(Default)]
pub(crate) struct Needs {
    /// How many changes there are.
    pub(super) changes: i64,
    /// Rows of these users.
    pub(crate) participants: BTreeSet<UserId>,
    /// These messages, if they are of this thread.
    pub(crate) messages: BTreeSet<MessageId>,
    /// Messages that these senders sent with these keys.
    pub(crate) keys: BTreeSet<(UserId, String)>,
    /// The last message at or before each of these seqs.
    pub(crate) marks: BTreeSet<i64>,
    /// Reactions of these users to these messages.
    pub(crate) reactions: BTreeSet<(MessageId, UserId)>,
    /// So many messages that retention has not come to, the oldest first.
    pub(crate) expiring: Option<i64>,
    /// Whoever would follow as admin: one admin more than there are changes, each of which may take one away, and as many of the
    /// longest-standing members.
    pub(crate) succession: bool,
    /// Bans of these users.
    pub(crate) bans: BTreeSet<UserId>,
    /// These invitations to the thread.
    pub(crate) invitations: BTreeSet<InvitationId>,
    /// How many invitations to the thread there are.
    pub(crate) invitation_count: bool,
    /// Whom these names mean, by their keys.
    pub(crate) names: BTreeSet<String>,
    /// Accounts that must be active to write, and did not prove it.
    pub(crate) writers: BTreeSet<UserId>,
    /// Accounts that are about to take part.
    pub(crate) arrivals: BTreeSet<UserId>,
    /// Files that messages are to carry.
    pub(crate) uploads: BTreeSet<UploadId>,
    /// Pairs that are to meet, who acts and with whom.
    pub(crate) meetings: BTreeSet<(UserId, UserId)>,
}

impl Needs {
    /// Whether reading them locks what is not the thread's: accounts, files.
    pub(super) fn lock_others(&self) -> bool {
        !(self.arrivals.is_empty() && self.meetings.is_empty() && self.uploads.is_empty())
    }
}
