//! Deadlines of a connection, whatever is spoken over it: the head of a request comes within some seconds, and whoever
//! stops reading is gone within some seconds.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// The head of a request, from its first byte on.
    pub(crate) head: Duration,
    /// A write that makes no progress to speak of.
    pub(crate) write: Duration,
    /// A connection on which nothing is asked.
    pub(crate) idle: Duration,
}

/// Whether a request is being answered on a connection, or its head still being read.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicBool>);

impl Phase {
    /// The head is complete.
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What comes next is another head.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn answering(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A time that runs out, once it has been started.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn start(&mut self, time: Duration) {
        self.0.get_or_insert_with(|| Box::pin(sleep(time)));
    }

    fn stop(&mut self) {
        self.0 = None;
    }

    /// An error if the time is up; else the task is woken when it is.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.0.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Err(io::ErrorKind::TimedOut.into()),
            Some(Poll::Pending) | None => Ok(()),
        }
    }
}

/// A stream of bytes with deadlines.
pub(super) struct Timed<S> {
    stream: S,
    phase: Phase,
    deadlines: Deadlines,
    head: Timer,
    write: Timer,
    /// Bytes that were written since that timer was started.
    progress: usize,
}

/// What a client that is slow has to take in the time of a write; one that takes less does not read.
const PROGRESS: usize = 16 * 1024;

impl<S> Timed<S> {
    pub(super) fn new(stream: S, phase: Phase, deadlines: Deadlines) -> Self {
        Self { stream, phase, deadlines, head: Timer::default(), write: Timer::default(), progress: 0 }
    }

    /// Takes note of a write of `offered` bytes.
    fn written(&mut self, cx: &mut Context<'_>, outcome: &Poll<io::Result<usize>>, offered: usize) -> io::Result<()> {
        let Poll::Ready(Ok(written)) = *outcome else {
            self.write.start(self.deadlines.write);
            return self.write.check(cx);
        };
        self.progress += written;
        if written == offered || self.progress >= PROGRESS {
            self.write.stop();
            self.progress = 0;
        }
        self.write.check(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if this.phase.answering() {
            this.head.stop();
        } else if buffer.filled().len() > before {
            this.head.start(this.deadlines.head);
        }
        if outcome.is_pending() {
            this.head.check(cx)?;
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, &outcome, bytes.len())?;
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush, and says so even when it can't be written.
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, &outcome, slices.iter().map(|slice| slice.len()).sum())?;
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
