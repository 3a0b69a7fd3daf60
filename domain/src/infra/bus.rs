//! The bus carries hints and nothing else: losing, doubling or delaying one costs latency, never a message.
//!
//! Every node hears every hint; a hint is some forty bytes and says where to look, never what is there.

use entity::Timestamp;
use entity::id::{SessionId, ThreadId, UserId};
use tokio::sync::broadcast;

/// Something may have changed: whoever cares looks for itself.
#[derive(Clone, Debug)]
pub enum Hint {
    /// The log of a thread has reached this seq.
    ThreadAt(ThreadId, i64),
    /// The user's own state in a thread changed: joined, left, read, muted.
    UserChanged(UserId, ThreadId),
    /// A session was revoked.
    SessionRevoked(SessionId),
    /// Typing or presence: the one thing that is the message itself, since it is never stored.
    Signal(ThreadId, Signal),
}

/// What members of a thread show each other without storing it.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Who.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SignalKind,
}

/// The kinds of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// Is writing.
    Typing,
    /// Watches the thread now.
    Online,
    /// Watches it no longer.
    Offline,
    /// Has just come and asks who is there; every node answers for its own watchers.
    Asks,
}

/// The bus of one node.
pub struct Bus {
    hints: broadcast::Sender<Hint>,
}

/// How many hints a listener may fall behind before it is told that it missed some.
const BACKLOG: usize = 4096;

impl Bus {
    /// The bus of a node that is alone.
    pub fn local() -> Self {
        Self { hints: broadcast::Sender::new(BACKLOG) }
    }

    /// Tells everyone who listens now.
    pub fn publish(&self, hint: Hint) {
        // An error says that nobody listens, which is fine.
        let _ = self.hints.send(hint);
    }

    /// Hears every hint from now on; one that falls behind is told so, and must look for itself.
    pub fn listen(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }
}
