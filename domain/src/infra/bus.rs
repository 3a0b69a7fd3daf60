//! The bus carries hints and nothing else: losing, doubling or delaying one costs latency, never a message.
//!
//! Every node hears every hint; nearly each is some forty bytes and says where to look, never what is there. A node hears its
//! own at once, and those of the others over NATS where there is one.

use std::sync::Arc;

use entity::Timestamp;
use entity::assistant_answer::Status;
use entity::id::{BatchId, MessageId, MintId, NodeId, SessionId, ThreadId, UserId};
use tokio::sync::broadcast;

pub mod nats;
mod wire;

use nats::Nats;

use crate::app::App;

/// Something may have changed: whoever cares looks for itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Hint {
    /// The log of a thread has reached this seq.
    ThreadAt(ThreadId, i64),
    /// The log of the feed has reached this seq.
    FeedAt(i64),
    /// The user's own state in a thread changed: joined, left, read, muted.
    UserChanged(UserId, ThreadId),
    /// A session was revoked, says somebody: whoever has something of it open asks the database.
    SessionRevoked(SessionId),
    /// Something that speaks for an account has ended, says somebody: sessions or keys of it were revoked, or it may not sign
    /// in any more. Whoever has something of it open asks the database.
    AccessEnded(UserId),
    /// Typing, presence, or an answer that is being written: the one thing that is the message itself, since it is never stored.
    Signal(ThreadId, Signal),
    /// These watch a thread on a node, which was asked.
    Here(ThreadId, NodeId, Timestamp, Vec<UserId>),
    /// There is something to do in the queue of jobs of this name.
    JobsReady(String),
    /// A batch of jobs has come further.
    BatchChanged(BatchId),
    /// A token that was asked for has come further.
    MintChanged(MintId),
    /// What is cached under a key has changed.
    CacheDropped(String),
    /// A node is there, which it says every few seconds.
    NodeAlive(NodeId),
    /// A node stops.
    NodeLeft(NodeId),
    /// Hints were lost on the way between nodes: whoever does not look often looks now.
    Missed,
}

/// What members of a thread show each other without storing it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Who.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SignalKind,
}

/// The kinds of signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// Is writing.
    Typing,
    /// Watches the thread now, on this node.
    Online(NodeId),
    /// Watches it on this node no longer.
    Offline(NodeId),
    /// Has just come and asks who is there; every node answers for its own watchers.
    Asks,
    /// Shows nothing: who may show themselves here has changed, and whoever watches proves their right again.
    Proves,
    /// Writes an answer to this message, and has written so much of it.
    Writes(MessageId, String),
    /// The answer to this message has come so far.
    Answer(MessageId, Status),
}

/// The bus of one node.
#[derive(Clone)]
pub struct Bus {
    hints: broadcast::Sender<Hint>,
    nats: Option<Arc<Nats>>,
}

/// How many hints a listener may fall behind before it is told that it missed some.
const BACKLOG: usize = 4096;

impl Bus {
    /// The bus of a node that is alone.
    pub fn local() -> Self {
        Self { hints: broadcast::Sender::new(BACKLOG), nats: None }
    }

    /// The bus of one node among several. Connects once the application has started; sending never waits for that.
    pub fn nats(options: nats::Options) -> Self {
        Self { nats: Some(Arc::new(Nats::new(options))), ..Self::local() }
    }

    /// Tells everyone who listens now, here and on the other nodes. Never waits, and never fails.
    pub fn publish(&self, hint: Hint) {
        self.publish_elsewhere(&hint);
        // An error says that nobody listens, which is fine.
        let _ = self.hints.send(hint);
    }

    /// The same on the other nodes only. Whether it is on its way to them; if it is not, they will be told that they missed something.
    pub fn publish_elsewhere(&self, hint: &Hint) -> bool {
        self.nats.as_ref().is_none_or(|nats| nats.publish(hint))
    }

    /// Hears every hint from now on; one that falls behind is told so, and must look for itself.
    pub fn listen(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }

    /// Gives the last hints a moment to leave.
    pub(crate) async fn finish(&self) {
        if let Some(nats) = &self.nats {
            nats.flush().await;
        }
    }
}

/// Connects this node's bus with those of the others, and stays at it for as long as the application runs.
pub(crate) async fn carry(app: Arc<App>) {
    if let Some(nats) = &app.bus.nats {
        nats.carry(app.log_epoch, &app.bus.hints).await;
    }
}
