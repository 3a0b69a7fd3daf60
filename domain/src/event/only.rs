//! Streams of which somebody wants to see only some lines.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, future::ready};
use tokio::time::Instant;

use super::walk::{Frame, Step};
use crate::error::Result;

/// Leaves out the lines that are not wanted. Where nothing was shown for as long as a heartbeat takes, there is one in place of the next
/// that is left out: so silence means trouble on a busy log, too, and whoever comes back has a cursor that is not old.
pub fn only<P: Send, L: Send + Sync>(
    heartbeat: Duration,
    frames: impl Stream<Item = Result<Frame<P, L>>> + Send,
    wanted: impl Fn(&Arc<L>) -> bool + Send,
) -> impl Stream<Item = Result<Frame<P, L>>> + Send {
    let mut shown_at = Instant::now();
    frames.filter_map(move |frame| {
        let frame = match frame {
            Ok(Frame { seq, proof, step: Step::Entry(entry) }) if !wanted(&entry) => {
                let is_due = shown_at.elapsed() >= heartbeat;
                is_due.then_some(Ok(Frame { seq, proof, step: Step::Heartbeat }))
            }
            other => Some(other),
        };
        if frame.is_some() {
            shown_at = Instant::now();
        }
        ready(frame)
    })
}
