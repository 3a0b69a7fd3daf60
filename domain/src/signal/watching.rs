//! One stream's place among those that watch a thread.

use std::sync::{Arc, PoisonError};

use entity::id::{ThreadId, UserId};
use tokio::sync::broadcast;

use super::{BACKLOG, Present, Watched, forget, say_gone, say_gone_later, tell_others};
use crate::app::App;
use crate::infra::bus::{Signal, SignalKind};

/// A stream's place among the watched; a while after the last one of its member is dropped, they are gone.
pub(super) struct Watching {
    app: Arc<App>,
    thread_id: ThreadId,
    member: Option<UserId>,
}

impl Watching {
    /// A stream that shows nobody yet.
    pub(super) fn new(app: Arc<App>, thread_id: ThreadId) -> (Self, broadcast::Receiver<Signal>) {
        let mut threads = app.signals.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = threads.entry(thread_id).or_insert_with(|| Watched {
            signals: broadcast::Sender::new(BACKLOG),
            present: Present::default(),
            streams: 0,
        });
        watched.streams += 1;
        let signals = watched.signals.subscribe();
        drop(threads);
        (Self { app, thread_id, member: None }, signals)
    }

    /// The member who watches may have come, left the room, or joined it. To one who has come now: who else is there.
    pub(super) fn set_member(&mut self, member: Option<UserId>) -> Vec<Signal> {
        if self.member == member {
            return Vec::new();
        }
        // Who is none any more is gone at once.
        if let Some(member) = self.leave() {
            say_gone(&self.app, self.thread_id, member, self.app.clock.now());
        }
        self.member = member;
        let Some(member) = member else { return Vec::new() };
        let (node, at) = (self.app.signals.node, self.app.clock.now());
        let online = |user_id| Signal { user_id, at, kind: SignalKind::Online(node) };
        let there = self.app.signals.with(self.thread_id, |watched| {
            let there = watched.present.everybody();
            if watched.present.come(member, node) {
                watched.tell(online(member));
            }
            there
        });
        tell_others(&self.app, self.thread_id, member, at, SignalKind::Online(node));
        tell_others(&self.app, self.thread_id, member, at, SignalKind::Asks);
        there.unwrap_or_default().into_iter().map(online).collect()
    }

    /// Counts the member out; who it was, if this was their last stream here.
    fn leave(&mut self) -> Option<UserId> {
        let member = self.member.take()?;
        let is_last = self.app.signals.with(self.thread_id, |watched| watched.present.go(member));
        is_last.unwrap_or_default().then_some(member)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(member) = self.leave() {
            say_gone_later(&self.app, self.thread_id, member);
        }
        self.app.signals.with(self.thread_id, |watched| watched.streams -= 1);
        forget(&self.app, self.thread_id);
    }
}
