//! A stream to somebody who has to read: whoever does not is left.
//!
//! Input:  any stream of bytes.
//! Limits: while an answer waits to be taken, [`STEP_BYTES`] must go through in each time limit, or
//!         writing fails and the connection with it. Reading is bounded elsewhere.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A stream whose writing gives up on a reader that does not read.
pub(crate) struct Steady<S> {
    stream: S,
    limit: Duration,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Bytes taken since the limit began to run.
    taken: usize,
}

impl<S> Steady<S> {
    pub(crate) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None, taken: 0 }
    }

    /// What became of an attempt to write, or the end of patience.
    fn watch(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = &wrote {
            self.taken = self.taken.saturating_add(*count);
            if self.taken >= STEP_BYTES {
                self.rest();
            }
        }
        if wrote.is_ready() {
            return wrote;
        }
        let limit = self.limit;
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn rest(&mut self) {
        self.waiting = None;
        self.taken = 0;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Steady<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Steady<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        self.rest();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Bytes that a reader takes at least in each time limit: 1 kB/s at the limit of 30 s, slower than
/// any line that somebody works on.
const STEP_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn who_reads_nothing_or_a_byte_at_a_time_is_left_and_who_reads_is_not() {
        for (name, pause, at_once, kept) in [
            ("reads nothing", 3_600_000, 1, false),
            ("a byte now and then", 10, 1, false),
            ("slowly", 10, 8 * 1024, true),
        ] {
            let (ours, mut theirs) = duplex(1024);
            let mut steady = Steady::new(ours, Duration::from_secs(1));
            let reading = tokio::spawn(async move {
                let mut buffer = vec![0; at_once];
                loop {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    if !matches!(theirs.read_exact(&mut buffer).await, Ok(1..)) {
                        break;
                    }
                }
            });
            let wrote = steady.write_all(&vec![7; 200 * 1024]).await;
            assert_eq!(wrote.is_ok(), kept, "{name}");
            reading.abort();
        }
    }
}
