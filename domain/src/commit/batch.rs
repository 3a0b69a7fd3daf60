//! The locked thread as a change sees it: rows to look at, and what is noted to be written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::Timestamp;
use entity::id::{MessageId, UploadId, UserId};
use entity::participant::{self, Role};
use entity::read_mark::MarkKind;
use entity::thread_event::EventKind;
use entity::{
    message, message_attachment, message_mention, message_reaction, message_revision, read_mark, thread, thread_event,
    upload,
};

use super::Denied;
use crate::access::Member;
use crate::archive::{ARCHIVE, IN_USE, Shelf};
use crate::assistant;
use crate::event::Data;
use crate::invitation;
use crate::mention::Meant;
use crate::room_ban;

mod banning;
mod hanging;
mod mentioning;

/// A message found by a seq: its own seq and its position.
pub(crate) type Place = (i64, i64);

/// What is to be written to `message_reactions`.
pub(crate) enum ReactionWrite {
    Add(message_reaction::Model),
    Remove(MessageId, UserId, String),
}

/// The state of one locked thread, and what the changes applied so far do to it.
pub(crate) struct Batch {
    /// The thread's row, as it will be written.
    pub(crate) thread: thread::Model,
    /// By `app.clock`: when what the changes do happened.
    pub(crate) now: Timestamp,
    /// By the database's clock: what the inbox is read by.
    pub(crate) stamp: Timestamp,
    /// The pairs of [`super::Needs::meetings`] that must not be brought together.
    pub(crate) apart: HashSet<(UserId, UserId)>,
    /// Those of [`super::Needs::arrivals`] whose account is there; it stays so until all is written.
    pub(crate) there: HashSet<UserId>,
    /// Those of [`super::Needs::writers`] whose account is neither suspended nor at rest.
    pub(crate) active: HashSet<UserId>,
    pub(super) before: thread::Model,
    pub(super) receipts_members: i32,
    pub(super) participants: HashMap<UserId, participant::Model>,
    pub(super) dirty_participants: BTreeSet<UserId>,
    pub(super) messages: HashMap<MessageId, message::Model>,
    pub(super) keys: HashMap<(UserId, String), MessageId>,
    pub(super) places: BTreeMap<i64, Place>,
    pub(super) reactions: HashSet<(MessageId, UserId, String)>,
    /// Those of [`super::Needs::expiring`], in their order.
    pub(super) expiring: Vec<MessageId>,
    /// Those of [`super::Needs::bans`], whether or not they have ended.
    pub(super) bans: HashMap<UserId, room_ban::Model>,
    pub(super) new_messages: Vec<MessageId>,
    pub(super) dirty_messages: BTreeSet<MessageId>,
    pub(super) emptied_messages: BTreeSet<MessageId>,
    pub(super) attachments: Vec<message_attachment::Model>,
    pub(super) uploads: HashMap<UploadId, upload::Model>,
    /// Uploads that messages carry from now on, and those of them that they carry no more.
    pub(super) carried: Vec<UploadId>,
    pub(super) let_go: Vec<UploadId>,
    pub(super) revisions: Vec<message_revision::Model>,
    pub(super) reaction_writes: Vec<ReactionWrite>,
    /// Whom [`super::Needs::names`] mean.
    pub(super) named: HashMap<String, Meant>,
    /// Whom messages mention from now on.
    pub(super) mentions: BTreeMap<MessageId, Vec<message_mention::Model>>,
    pub(super) marks: Vec<read_mark::Model>,
    pub(super) ban_writes: Vec<room_ban::Write>,
    pub(super) events: Vec<thread_event::Model>,
    /// What the assistant is asked, and what it has answered.
    pub(crate) assistant: assistant::Work,
    /// Invitations that changes have named, and what becomes of them.
    pub(crate) invitations: invitation::Work,
    /// Whose receipts moved, so that one event tells of all of them.
    advanced: BTreeSet<UserId>,
}

impl Batch {
    pub(super) fn new(thread: thread::Model, now: Timestamp, stamp: Timestamp, receipts_members: i32) -> Self {
        Self {
            before: thread.clone(),
            thread,
            now,
            stamp,
            apart: HashSet::new(),
            there: HashSet::new(),
            active: HashSet::new(),
            receipts_members,
            participants: HashMap::new(),
            dirty_participants: BTreeSet::new(),
            messages: HashMap::new(),
            keys: HashMap::new(),
            places: BTreeMap::new(),
            reactions: HashSet::new(),
            expiring: Vec::new(),
            bans: HashMap::new(),
            new_messages: Vec::new(),
            dirty_messages: BTreeSet::new(),
            emptied_messages: BTreeSet::new(),
            attachments: Vec::new(),
            uploads: HashMap::new(),
            carried: Vec::new(),
            let_go: Vec::new(),
            revisions: Vec::new(),
            reaction_writes: Vec::new(),
            named: HashMap::new(),
            mentions: BTreeMap::new(),
            marks: Vec::new(),
            ban_writes: Vec::new(),
            events: Vec::new(),
            assistant: assistant::Work::default(),
            invitations: invitation::Work::default(),
            advanced: BTreeSet::new(),
        }
    }

    /// Whether a proof still holds: nothing about membership has moved since it was made, or what it proves is read here,
    /// under the lock, again. (So those who join and leave in a hurry hold nobody else up.)
    pub(crate) fn holds(&self, proof: &Member) -> Result<(), Denied> {
        let as_it_was = proof.membership_seq() == self.thread.membership_seq;
        let open = |thread: &thread::Model| (thread.archived_at.is_some(), thread.blocked);
        let open_alike = open(proof.thread()) == open(&self.thread);
        let role = self.participant(proof.user_id()).map(|row| row.role);
        if as_it_was || (open_alike && role == Some(proof.role())) { Ok(()) } else { Err(Denied::Stale) }
    }

    /// Makes every proof made so far be proven again.
    pub(crate) fn move_membership(&mut self) {
        self.thread.membership_seq += 1;
    }

    /// Writes the next line of the log and gives its seq.
    pub(crate) fn append(
        &mut self,
        kind: EventKind,
        actor: UserId,
        message: Option<MessageId>,
        data: Option<Data>,
    ) -> i64 {
        self.append_for(kind, Some(actor), message, data)
    }

    fn append_for(
        &mut self,
        kind: EventKind,
        actor_id: Option<UserId>,
        message_id: Option<MessageId>,
        data: Option<Data>,
    ) -> i64 {
        self.thread.last_seq += 1;
        self.events.push(thread_event::Model {
            thread_id: self.thread.id,
            seq: self.thread.last_seq,
            kind,
            actor_id,
            message_id,
            data: data.map(Data::into_json),
            created_at: self.now,
        });
        self.thread.last_seq
    }

    /// The row of one who takes part now.
    pub(crate) fn participant(&self, user_id: UserId) -> Option<&participant::Model> {
        self.participants.get(&user_id).filter(|row| row.left_at.is_none())
    }

    /// The same, to be changed.
    pub(crate) fn participant_mut(&mut self, user_id: UserId) -> Option<&mut participant::Model> {
        let row = self.participants.get_mut(&user_id).filter(|row| row.left_at.is_none())?;
        self.dirty_participants.insert(user_id);
        row.changed_at = self.stamp;
        Some(row)
    }

    /// Takes somebody in, with nothing unread. Receipts end here, for good, if the thread has grown too large for them.
    pub(crate) fn admit(&mut self, user_id: UserId, role: Role, actor: UserId) -> participant::Model {
        let seq = self.append(EventKind::ParticipantChanged, actor, None, Some(Data::joined(user_id)));
        let row = participant::Model {
            thread_id: self.thread.id,
            user_id,
            role,
            joined_at: self.now,
            joined_seq: seq,
            left_at: None,
            removed_seq: None,
            last_read_at: None,
            last_read_seq: seq,
            last_read_position: self.thread.message_count,
            last_delivered_seq: seq,
            muted_until: self.participants.get(&user_id).and_then(|row| row.muted_until),
            changed_at: self.stamp,
        };
        self.participants.insert(user_id, row.clone());
        self.dirty_participants.insert(user_id);
        self.thread.participant_count += 1;
        self.thread.assistant |= role == Role::Ai;
        if self.thread.participant_count > self.receipts_members {
            self.thread.receipts_until_seq.get_or_insert(seq);
        }
        self.move_membership();
        self.touch();
        row
    }

    /// Lets somebody go; the seq of the line that tells it, if they were here.
    pub(crate) fn dismiss(&mut self, user_id: UserId, actor: UserId) -> Option<i64> {
        // What they did before they went stands before it in the log: their marks, too.
        self.finish();
        if !self.take_out(user_id) {
            return None;
        }
        let seq = self.append(EventKind::ParticipantChanged, actor, None, Some(Data::left(user_id)));
        if let Some(row) = self.participants.get_mut(&user_id).filter(|_| actor != user_id) {
            row.removed_seq = Some(seq);
        }
        Some(seq)
    }

    /// Whether an admin has removed somebody behind a seq, and they have not come back since.
    pub(crate) fn removed_since(&self, user_id: UserId, seq: i64) -> bool {
        let removed_seq = self.participants.get(&user_id).and_then(|row| row.removed_seq);
        removed_seq.is_some_and(|removed_seq| removed_seq > seq)
    }

    /// Takes somebody out, of which nothing is told yet; whether they were in.
    pub(super) fn take_out(&mut self, user_id: UserId) -> bool {
        let now = self.now;
        let Some(row) = self.participant_mut(user_id) else { return false };
        row.left_at = Some(now);
        let is_assistant = row.role == Role::Ai;
        self.thread.assistant &= !is_assistant;
        self.thread.participant_count -= 1;
        self.move_membership();
        self.touch();
        true
    }

    /// Gives somebody who takes part another role.
    pub(crate) fn set_role(&mut self, user_id: UserId, role: Role, actor: UserId) {
        if let Some(row) = self.participant_mut(user_id) {
            row.role = role;
            self.append(EventKind::ParticipantChanged, actor, None, Some(Data::role_changed(user_id)));
            self.move_membership();
            self.touch();
        }
    }

    /// An admin other than `user_id`, of those that [`super::Needs::succession`] read.
    pub(crate) fn other_admin(&self, user_id: UserId) -> Option<UserId> {
        let others = self.participants.values().filter(|row| row.left_at.is_none() && row.user_id != user_id);
        others.filter(|row| row.role == Role::Admin).map(|row| row.user_id).next()
    }

    /// Whoever follows when `leaver`, an admin, goes: nobody while another admin is there.
    pub(crate) fn successor(&self, leaver: UserId) -> Option<UserId> {
        if self.other_admin(leaver).is_some() {
            return None;
        }
        let others = self.participants.values().filter(|row| row.left_at.is_none() && row.user_id != leaver);
        let members = others.filter(|row| row.role == Role::Member);
        members.min_by_key(|row| (row.joined_seq, row.user_id)).map(|row| row.user_id)
    }

    /// Something other than a message changed: inboxes look again.
    pub(crate) fn touch(&mut self) {
        self.thread.updated_at = self.stamp;
    }

    /// Whether a message was posted in this batch.
    pub(super) fn is_new(&self, id: MessageId) -> bool {
        self.new_messages.contains(&id)
    }

    /// A message of this thread, as the changes so far left it.
    pub(crate) fn message(&self, id: MessageId) -> Option<&message::Model> {
        self.messages.get(&id)
    }

    /// The same, to be changed.
    pub(crate) fn message_mut(&mut self, id: MessageId) -> Option<&mut message::Model> {
        let row = self.messages.get_mut(&id)?;
        self.dirty_messages.insert(id);
        row.updated_at = self.now;
        Some(row)
    }

    /// The message that was sent with a key.
    pub(crate) fn sent_with(&self, sender: UserId, key: &str) -> Option<&message::Model> {
        self.keys.get(&(sender, key.to_owned())).and_then(|id| self.messages.get(id))
    }

    /// Posts a message whose seq and position are given here; the sender has read everything up to it.
    pub(crate) fn post(
        &mut self,
        mut row: message::Model,
        attachments: Vec<message_attachment::Model>,
        sender: UserId,
    ) -> message::Model {
        let unread = self.participant(sender).is_some_and(|own| own.last_read_position < self.thread.message_count);
        self.thread.message_count += 1;
        row.position = self.thread.message_count;
        row.seq = self.append(EventKind::MessagePosted, sender, Some(row.id), None);
        self.thread.last_message_at = Some(self.now);
        self.thread.activity_at = self.stamp;
        // There is something again that could go to the archive. What it is looked at by does not move with each message.
        self.thread.move_look_at.get_or_insert(self.stamp);
        if unread {
            self.mark(sender, MarkKind::Read, (row.seq, row.position));
        } else if let Some(own) = self.participants.get_mut(&sender).filter(|own| own.left_at.is_none()) {
            // Inboxes find the thread by its activity. So nothing that an index holds changes, and none is written.
            (own.last_read_seq, own.last_read_position) = (row.seq, row.position);
            own.last_read_at = Some(row.created_at);
            self.dirty_participants.insert(sender);
        }
        if let Some(key) = &row.client_key {
            self.keys.insert((sender, key.clone()), row.id);
        }
        self.messages.insert(row.id, row.clone());
        self.new_messages.push(row.id);
        self.attach(attachments);
        row
    }

    /// Takes away what a message says, and all that hangs on it; its place stays. By nobody, if it is for its age.
    pub(crate) fn erase(&mut self, id: MessageId, actor: Option<UserId>) {
        let now = self.now;
        if let Some(row) = self.message_mut(id) {
            row.content = None;
            row.metadata = None;
            row.version += 1;
            row.deleted_at = Some(now);
        }
        self.empty(id);
        self.append_for(EventKind::MessageDeleted, actor, Some(id), None);
        self.touch();
    }

    /// The messages that [`super::Needs::expiring`] named, as the changes so far left them.
    pub(crate) fn expiring(&self) -> Vec<message::Model> {
        self.expiring.iter().filter_map(|id| self.messages.get(id).cloned()).collect()
    }

    /// Where a message lies: nothing is moved while the thread is locked.
    pub(super) fn shelf(&self, id: MessageId) -> &'static Shelf {
        let is_archived = self.messages.get(&id).is_some_and(|row| row.seq <= self.thread.moved_seq);
        if is_archived { &ARCHIVE } else { &IN_USE }
    }

    /// The last message at or before a seq that [`super::Needs::marks`] named.
    pub(crate) fn place(&self, seq: i64) -> Option<Place> {
        self.places.get(&seq).copied()
    }

    /// Moves a read or delivered mark forward; never back. Says whether the log will tell of it.
    pub(crate) fn mark(&mut self, user_id: UserId, kind: MarkKind, (seq, position): Place) -> bool {
        let (thread_id, now, shared) = (self.thread.id, self.now, self.thread.receipts_until_seq.is_none());
        let Some(row) = self.participant(user_id) else { return false };
        let moves = match kind {
            MarkKind::Delivered => seq > row.last_delivered_seq && seq > row.last_read_seq,
            MarkKind::Read => position > row.last_read_position,
        };
        if !moves {
            return false;
        }
        let Some(row) = self.participant_mut(user_id) else { return false };
        match kind {
            MarkKind::Delivered => row.last_delivered_seq = seq,
            MarkKind::Read => {
                (row.last_read_seq, row.last_read_position) = (seq, position);
                row.last_read_at = Some(now);
            }
        }
        if shared {
            self.marks.push(read_mark::Model { thread_id, user_id, kind, up_to_seq: seq, at: now });
            self.advanced.insert(user_id);
        }
        shared
    }

    /// Tells in one event of all whose receipts moved.
    pub(super) fn finish(&mut self) {
        if !self.advanced.is_empty() {
            let users = std::mem::take(&mut self.advanced);
            let actor = if users.len() == 1 { users.first().copied() } else { None };
            self.append_for(EventKind::ReceiptsAdvanced, actor, None, Some(Data::advanced(users)));
        }
    }

    /// Whether the log grew.
    pub(super) fn moved(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whose own rows changed.
    pub(super) fn touched(&self) -> impl Iterator<Item = UserId> {
        self.dirty_participants.iter().copied()
    }
}
