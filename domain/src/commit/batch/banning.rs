//! Who is kept out of a room.

use entity::Timestamp;
use entity::id::UserId;
use entity::room_ban;
use entity::thread_event::EventKind;

use super::Batch;
use crate::event::Data;
use crate::room_ban::{Write, holds};

impl Batch {
    /// The ban that holds for somebody.
    pub(crate) fn ban_of(&self, user_id: UserId) -> Option<&room_ban::Model> {
        self.bans.get(&user_id).filter(|ban| holds(ban, self.now))
    }

    /// Whether somebody is banned, if the changes so far say anything of it.
    pub(super) fn banned(&self, user_id: UserId) -> Option<bool> {
        self.ban_writes.iter().rev().find_map(|write| match write {
            Write::Set(ban) => (ban.user_id == user_id).then(|| holds(ban, self.now)),
            Write::Lift(lifted) => (*lifted == user_id).then_some(false),
        })
    }

    /// Keeps somebody out of this room, and takes them out if they are in.
    pub(crate) fn ban(
        &mut self,
        user_id: UserId,
        by: UserId,
        reason: Option<String>,
        until: Option<Timestamp>,
    ) -> room_ban::Model {
        self.finish();
        self.take_out(user_id);
        let seq = self.append(EventKind::ParticipantChanged, by, None, Some(Data::banned(user_id)));
        self.keep_out(user_id, by, reason, until, seq)
    }

    /// Keeps somebody out who has been taken out, as a line of the log tells already.
    pub(crate) fn keep_out(
        &mut self,
        user_id: UserId,
        by: UserId,
        reason: Option<String>,
        until: Option<Timestamp>,
        seq: i64,
    ) -> room_ban::Model {
        let thread_id = self.thread.id;
        let ban = room_ban::Model { thread_id, user_id, by_user_id: Some(by), reason, at: self.now, until, seq };
        self.bans.insert(user_id, ban.clone());
        self.ban_writes.push(Write::Set(ban.clone()));
        self.move_membership();
        ban
    }

    /// Lifts a ban, which is told. Nothing, if there is none.
    pub(crate) fn unban(&mut self, user_id: UserId, by: UserId) {
        if self.ban_of(user_id).is_some() {
            self.lift_ban(user_id);
            self.append(EventKind::ParticipantChanged, by, None, Some(Data::unbanned(user_id)));
            self.move_membership();
        }
    }

    /// Lifts a ban of somebody who comes back in the same moment, which tells it.
    pub(crate) fn lift_ban(&mut self, user_id: UserId) {
        if self.bans.remove(&user_id).is_some() {
            self.ban_writes.push(Write::Lift(user_id));
        }
    }
}
