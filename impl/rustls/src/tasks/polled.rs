//! A tokio transport as a nonblocking timed transport: a pending call returns `WouldBlock`, and
//! wakes the task later.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::tokio::io::{AsyncWrite, ReadBuf};
use ::tokio::runtime::{Handle, Id, TryCurrentError};
use ::tokio::time::{Instant as Moment, Sleep, sleep_until};

use close_notify_linger::Draining;

use super::transport::Transport;
use crate::driver::lingering::Lingering;
use crate::driver::timed::Timed;

/// Longer than any close: stands in for a duration that the clock cannot represent.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The deadline of a close, once it runs.
#[derive(Debug, Default)]
pub(super) struct Clock {
    by: Option<By>,
    /// What wakes the tasks that wait for the deadline: one timer for each runtime in which a task
    /// waits, because a runtime's timers end with it.
    sleeps: Vec<(Id, Pin<Box<Sleep>>)>,
}

/// A deadline on two clocks: that of the runtime in which it was started, which a test may have
/// paused, and the system's, which is used everywhere else.
#[derive(Clone, Copy, Debug)]
struct By {
    home: Option<Id>,
    there: Moment,
    elsewhere: Instant,
}

impl By {
    fn after(patience: Duration) -> Self {
        let patience = patience.min(FOR_EVER);
        Self { home: runtime().ok(), there: Moment::now() + patience, elsewhere: Instant::now() + patience }
    }

    /// The deadline on the current clock.
    fn here(self) -> Moment {
        if self.home == runtime().ok() {
            return self.there;
        }
        Moment::now() + self.elsewhere.saturating_duration_since(Instant::now())
    }
}

/// The current runtime.
fn runtime() -> Result<Id, TryCurrentError> {
    Handle::try_current().map(|runtime| runtime.id())
}

impl Clock {
    pub(super) const fn is_running(&self) -> bool {
        self.by.is_some()
    }

    /// Sets the deadline to this far from now.
    pub(super) fn start(&mut self, patience: Duration) {
        *self = Self { by: Some(By::after(patience)), sleeps: Vec::new() };
    }

    /// Removes the deadline.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    fn has_passed(&self) -> Option<bool> {
        self.by.map(|by| by.here() <= Moment::now())
    }

    /// Makes the current runtime wake the task when the deadline passes.
    ///
    /// Fails outside a runtime.
    fn poll(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, TryCurrentError> {
        let (Some(by), here) = (self.by, runtime()?) else { return Ok(Poll::Pending) };
        // A runtime that is gone has ended its timers.
        self.sleeps.retain(|(home, sleep)| *home == here || !sleep.is_elapsed());
        let known = self.sleeps.iter().position(|(home, _)| *home == here);
        let at = known.unwrap_or_else(|| {
            self.sleeps.push((here, Box::pin(sleep_until(by.here()))));
            self.sleeps.len() - 1
        });
        Ok(self.sleeps[at].1.as_mut().poll(cx))
    }
}

/// One call's view of a transport.
pub(super) struct Polled<'a, 'c, IO> {
    pub(super) io: &'a mut Option<IO>,
    pub(super) clock: &'a mut Clock,
    pub(super) lingering: &'a mut Lingering,
    pub(super) cx: &'a mut Context<'c>,
    /// A task waits for this call.
    pub(super) is_awaited: bool,
    /// The task waits for a deadline outside a runtime, so no timer can wake it.
    pub(super) without_runtime: Option<TryCurrentError>,
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

/// A transport that is ready with an error will not wake us: it has failed, whatever the kind says.
fn failed(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

/// Nor will a transport wake us that is ready and takes nothing.
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

impl<IO: Transport> Timed for Polled<'_, '_, IO> {
    fn is_there(&self) -> bool {
        self.io.is_some()
    }

    fn release(&mut self) {
        *self.io = None;
    }

    fn has_lingerer(&self) -> bool {
        self.lingering.has_service()
    }

    #[cfg(unix)]
    fn linger(&mut self, draining: Option<Draining>) {
        let Some(io) = self.io.take() else { return };
        let deadline = self.clock.by.map(|by| by.elsewhere);
        *self.io = self.lingering.take_over(io, Transport::into_socket, draining, deadline);
    }

    #[cfg(not(unix))]
    fn linger(&mut self, _: Option<Draining>) {}

    fn start_deadline(&mut self, patience: Duration) {
        self.clock.start(patience);
    }

    fn stop_deadline(&mut self) {
        self.clock.stop();
    }

    fn deadline_has_passed(&mut self) -> Option<bool> {
        let has_passed = self.clock.has_passed()?;
        if has_passed || !self.is_awaited {
            return Some(has_passed);
        }
        match self.clock.poll(self.cx) {
            Ok(poll) => Some(poll.is_ready()),
            Err(without_runtime) => {
                self.without_runtime = Some(without_runtime);
                Some(false)
            }
        }
    }

    fn only_try(&mut self, _only: bool) {}

    /// Asynchronous code limits a call with a timer around it.
    fn call_has_passed(&mut self) -> bool {
        false
    }
}
