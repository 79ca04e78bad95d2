//! A transport of tokio as a line that does not block: what is pending reads as `WouldBlock`, and wakes the task.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::tokio::io::{AsyncWrite, ReadBuf};
use ::tokio::time::{Instant as Moment, Sleep, sleep_until};

use close_notify_linger::Draining;

use super::transport::Transport;
use crate::line::Line;
use crate::lingering::Lingering;

/// Longer than any close: what the clock cannot say is that far from now.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The deadline of a close, once it runs.
#[derive(Debug, Default)]
pub(super) struct Clock {
    by: Option<Moment>,
    /// What wakes the task that waits for it: made by the first wait, because it needs a runtime.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    pub(super) const fn is_running(&self) -> bool {
        self.by.is_some()
    }

    /// The deadline is that far from now.
    pub(super) fn start(&mut self, patience: Duration) {
        let now = Moment::now();
        self.by = now.checked_add(patience).or_else(|| now.checked_add(FOR_EVER));
        self.sleep = None;
    }

    /// There is no deadline any more.
    pub(super) fn stop(&mut self) {
        (self.by, self.sleep) = (None, None);
    }

    /// Whether the deadline has passed; the task is woken when it does.
    fn has_passed(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        let by = self.by?;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(by)));
        Some(sleep.as_mut().poll(cx).is_ready())
    }
}

/// One poll's view of a transport.
pub(super) struct Polled<'a, 'c, IO> {
    pub(super) io: &'a mut Option<IO>,
    pub(super) clock: &'a mut Clock,
    pub(super) lingering: &'a Lingering,
    pub(super) cx: &'a mut Context<'c>,
}

impl<IO: Transport> Polled<'_, '_, IO> {
    fn call<R>(
        &mut self,
        poll: impl FnOnce(Pin<&mut IO>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> io::Result<R> {
        let Some(io) = self.io.as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
        match poll(Pin::new(io), self.cx) {
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            Poll::Ready(Err(error)) if close_notify_linger::is_a_wait(&error) => Err(failed(error)),
            Poll::Ready(result) => result,
        }
    }
}

/// A transport that is ready with an error will not wake us: whatever its kind says, it has failed.
fn failed(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

/// A transport that is ready and takes nothing will not wake us either.
fn taken(written: io::Result<usize>, bytes: &[u8]) -> io::Result<usize> {
    match written {
        Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
        written => written,
    }
}

impl<IO: Transport> Read for Polled<'_, '_, IO> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|io, cx| {
            let mut buffer = ReadBuf::new(buffer);
            io.poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
        })
    }
}

impl<IO: Transport> Write for Polled<'_, '_, IO> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.call(|io, cx| io.poll_write(cx, bytes));
        taken(written, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(AsyncWrite::poll_flush)
    }
}

impl<IO: Transport> crate::Transport for Polled<'_, '_, IO> {
    fn write_last(&mut self, bytes: &[u8], _deadline: Option<Instant>) -> io::Result<usize> {
        let written = self.call(|io, cx| io.get_mut().poll_write_last(cx, bytes));
        taken(written, bytes)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.call(AsyncWrite::poll_shutdown)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.io.as_mut().map_or(Ok(()), Transport::reset)
    }
}

impl<IO: Transport> Line for Polled<'_, '_, IO> {
    fn is_there(&self) -> bool {
        self.io.is_some()
    }

    fn release(&mut self) {
        *self.io = None;
    }

    fn has_lingerer(&self) -> bool {
        self.lingering.has_service()
    }

    fn linger(&mut self, draining: Draining) {
        let deadline = self.clock.by.map(Moment::into_std);
        #[cfg(unix)]
        self.lingering.take_over(self.io.take().and_then(Transport::into_socket), draining, deadline);
        #[cfg(not(unix))]
        let _ = (draining, deadline, self.io.take());
    }

    fn start_deadline(&mut self, patience: Duration) {
        self.clock.start(patience);
    }

    fn stop_deadline(&mut self) {
        self.clock.stop();
    }

    fn deadline_has_passed(&mut self) -> Option<bool> {
        self.clock.has_passed(self.cx)
    }

    fn only_try(&mut self, _only: bool) {}

    /// A call of an asynchronous program is given its time by a timer around it.
    fn call_has_passed(&mut self) -> bool {
        false
    }
}
