//! What waits to be written to one client: bounded by frames and by bytes. Whoever puts more into it waits, so that a client
//! that reads slowly slows its own streams down, and those go back to the log.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::mpsc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::room::Reserved;

/// Frames that may wait.
const FRAMES: usize = 32;
/// Bytes that may wait; a frame that is larger waits alone.
const BYTES: usize = 256 * 1024;

/// The end that is filled.
#[derive(Clone)]
pub(super) struct Outgoing {
    frames: mpsc::Sender<Box<Frame>>,
    places: Arc<Semaphore>,
}

/// The end that is written from.
pub(super) type Waiting = mpsc::Receiver<Box<Frame>>;

/// A text to be written, and its place in the queue. In a box, since a queue has room for many of them when it is empty.
pub(super) struct Frame {
    pub(super) text: String,
    place: OwnedSemaphorePermit,
    /// Of an answer: what it takes of the node's memory.
    _room: Option<Reserved>,
}

impl Drop for Frame {
    fn drop(&mut self) {
        gauge!("linnet_queue_bytes").decrement(self.place.num_permits() as f64);
    }
}

/// Nobody writes any more, or there was no room for too long.
#[derive(Debug)]
pub(super) struct Gone;

/// A queue with nothing in it.
pub(super) fn queue() -> (Outgoing, Waiting) {
    let (frames, waiting) = mpsc::channel(FRAMES);
    (Outgoing { frames, places: Arc::new(Semaphore::new(BYTES)) }, waiting)
}

impl Outgoing {
    /// Puts a text into the queue as soon as there is a place for it.
    pub(super) async fn send(&self, text: String, mut room: Option<Reserved>) -> Result<(), Gone> {
        if let Some(room) = &mut room {
            room.shrink(text.len());
        }
        let bytes = u32::try_from(text.len().min(BYTES)).unwrap_or(u32::MAX);
        tokio::select! {
            place = self.places.clone().acquire_many_owned(bytes) => {
                let frame = frame(text, place.map_err(|_| Gone)?, room);
                self.frames.send(frame).await.map_err(|_| Gone)
            }
            () = self.frames.closed() => Err(Gone),
        }
    }

    /// The same, if there is a place soon enough.
    pub(super) async fn send_within(&self, time: Duration, text: String) -> Result<(), Gone> {
        timeout(time, self.send(text, None)).await.unwrap_or(Err(Gone))
    }

    /// Puts a text into the queue if there is a place for it now.
    pub(super) fn offer(&self, text: String) {
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if let Ok(place) = self.places.clone().try_acquire_many_owned(bytes) {
            let _ = self.frames.try_send(frame(text, place, None));
        }
    }
}

fn frame(text: String, place: OwnedSemaphorePermit, room: Option<Reserved>) -> Box<Frame> {
    gauge!("linnet_queue_bytes").increment(place.num_permits() as f64);
    Box::new(Frame { text, place, _room: room })
}
