//! Memory for answers that are on their way: so much for all clients of this node together. It is taken before an operation
//! runs, by what it may cost at the most, and given back when the answer has been written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long an operation may wait for room before its client is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a node may load for an answer, in KiB: a message with all that is shown of it.
const NODE: u64 = 16;
/// What the smallest answer takes, in KiB.
const LEAST: u64 = 4;
/// Bytes of a body that are handed over at once.
const SLICE: usize = 64 * 1024;

/// The room of a node, in KiB.
#[derive(Clone)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    all: u64,
}

/// A part of it.
pub(super) struct Reserved(OwnedSemaphorePermit);

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        let all = (bytes / 1024).max(1);
        Self { free: Arc::new(Semaphore::new(all)), all: all as u64 }
    }

    /// Room for an answer of this cost, which has no more than `most` bytes of text. None if there was none for too long.
    pub(super) async fn reserve(&self, cost: u64, most: usize) -> Option<Reserved> {
        let most = (most as u64 / 1024).saturating_add(LEAST).min(self.all);
        let wanted = cost.saturating_mul(NODE).clamp(LEAST.min(most), most);
        let permits = self.free.clone().acquire_many_owned(u32::try_from(wanted).unwrap_or(u32::MAX));
        timeout(PATIENCE, permits).await.ok()?.ok().map(Reserved)
    }
}

impl Reserved {
    /// Gives back what an answer of so many bytes does not need.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let needed = bytes / 1024 + 1;
        let surplus = self.0.num_permits().saturating_sub(needed);
        drop(self.0.split(surplus));
    }
}

/// A body that keeps its room until it has been handed over: in slices, since whoever writes takes the next one only when the
/// one before is written.
pub(super) struct Kept {
    rest: Bytes,
    _room: Reserved,
}

impl Kept {
    pub(super) fn body(text: Bytes, mut room: Reserved) -> axum::body::Body {
        room.shrink(text.len());
        axum::body::Body::new(BoxBody::new(Self { rest: text, _room: room }))
    }
}

impl Body for Kept {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let rest = &mut self.get_mut().rest;
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        let slice = rest.split_to(rest.len().min(SLICE));
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
