//! The side of a socket that writes: what is queued, and the close frame at its end.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::protocol::Close;
use crate::http::queue::{Frame, Waiting};

/// How long the end of a socket may take to be written.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

/// When a close frame is written.
pub(super) enum Turn {
    /// Before whatever is queued: the client may not read it.
    Next,
    /// After the answers that it is owed.
    Last,
}

/// Writes what is queued, until the socket can't be written or is closed.
pub(super) async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut waiting: Waiting,
    mut close: oneshot::Receiver<(Close, Turn)>,
    gone: CancellationToken,
) {
    let mut last = None;
    while last.is_none() {
        tokio::select! {
            biased;
            Ok((close, turn)) = &mut close => {
                last = Some(close);
                if matches!(turn, Turn::Last) {
                    while let Some(frame) = waiting.recv().await {
                        if !put(&mut sink, &waiting, frame).await {
                            break;
                        }
                    }
                }
            }
            frame = waiting.recv() => {
                let Some(frame) = frame else {
                    // The word why may have come since it was looked for.
                    last = close.try_recv().ok().map(|(close, _)| close);
                    break;
                };
                if !put(&mut sink, &waiting, frame).await {
                    break;
                }
            }
        }
    }
    gone.cancel();
    // The rest that waits is of no use, and its room not either.
    drop(waiting);
    if let Some(close) = last {
        let _ = timeout(FAREWELL, sink.send(Message::Close(Some(close.into())))).await;
    }
    let _ = timeout(FAREWELL, sink.close()).await;
}

/// Writes a frame; it goes out with those behind it, if there are some: under load, one write to the connection serves many.
async fn put(sink: &mut SplitSink<WebSocket, Message>, waiting: &Waiting, mut frame: Box<Frame>) -> bool {
    let text = std::mem::take(&mut frame.text);
    sink.feed(Message::Text(text.into())).await.is_ok() && (!waiting.is_empty() || sink.flush().await.is_ok())
}
