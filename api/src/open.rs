//! What clients have open on this node: counted for /metrics, and for administrators who ask for `system`.

use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::gauge;

/// What may be open.
#[derive(Clone, Copy)]
pub(crate) enum Open {
    Connections,
    Sockets,
    EventStreams,
    Streams,
}

/// A process is one node, and its metrics are the process's, too.
static COUNTS: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

impl Open {
    /// How many are open now.
    pub(crate) fn count(self) -> usize {
        self.counter().load(Ordering::Relaxed)
    }

    fn counter(self) -> &'static AtomicUsize {
        &COUNTS[self as usize]
    }

    fn metric(self) -> &'static str {
        match self {
            Self::Connections => "linnet_connections",
            Self::Sockets => "linnet_sockets",
            Self::EventStreams => "linnet_event_streams",
            Self::Streams => "linnet_streams",
        }
    }
}

/// One more of something, for as long as this lives.
pub(crate) struct Counted(Open);

impl Counted {
    pub(crate) fn new(what: Open) -> Self {
        what.counter().fetch_add(1, Ordering::Relaxed);
        gauge!(what.metric()).increment(1);
        Self(what)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.counter().fetch_sub(1, Ordering::Relaxed);
        gauge!(self.0.metric()).decrement(1);
    }
}
