//! What waits to be written to one client: bounded by frames and by bytes. Whoever puts more into it waits, so that a client
//! that reads slowly slows its own streams down, and those go back to the log.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Frames that may wait.
const FRAMES: usize = 32;
/// Bytes that may wait; a frame that is larger waits alone.
const BYTES: usize = 256 * 1024;

/// The end that is filled.
#[derive(Clone)]
pub(super) struct Outgoing {
    frames: mpsc::Sender<Box<Frame>>,
    room: Arc<Semaphore>,
}

/// The end that is written from.
pub(super) type Waiting = mpsc::Receiver<Box<Frame>>;

/// A text to be written, and the room that it takes. In a box, since a queue has room for many of them when it is empty.
pub(super) struct Frame {
    pub(super) text: String,
    room: OwnedSemaphorePermit,
}

impl Drop for Frame {
    fn drop(&mut self) {
        gauge!("linnet_queue_bytes").decrement(self.room.num_permits() as f64);
    }
}

/// Nobody writes any more, or there was no room for too long.
#[derive(Debug)]
pub(super) struct Gone;

/// A queue with nothing in it.
pub(super) fn queue() -> (Outgoing, Waiting) {
    let (frames, waiting) = mpsc::channel(FRAMES);
    (Outgoing { frames, room: Arc::new(Semaphore::new(BYTES)) }, waiting)
}

impl Outgoing {
    /// Puts a text into the queue as soon as there is room for it.
    pub(super) async fn send(&self, text: String) -> Result<(), Gone> {
        let bytes = u32::try_from(text.len().min(BYTES)).unwrap_or(u32::MAX);
        tokio::select! {
            room = self.room.clone().acquire_many_owned(bytes) => {
                let frame = frame(text, room.map_err(|_| Gone)?);
                self.frames.send(frame).await.map_err(|_| Gone)
            }
            () = self.frames.closed() => Err(Gone),
        }
    }

    /// The same, if there is room soon enough.
    pub(super) async fn send_within(&self, time: Duration, text: String) -> Result<(), Gone> {
        timeout(time, self.send(text)).await.unwrap_or(Err(Gone))
    }

    /// Puts a text into the queue if there is room for it now.
    pub(super) fn offer(&self, text: String) {
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if let Ok(room) = self.room.clone().try_acquire_many_owned(bytes) {
            let _ = self.frames.try_send(frame(text, room));
        }
    }
}

fn frame(text: String, room: OwnedSemaphorePermit) -> Box<Frame> {
    gauge!("linnet_queue_bytes").increment(room.num_permits() as f64);
    Box::new(Frame { text, room })
}
