//! A transport until it is released, and the clock of its connection: what every adapter lends to
//! the [`Driver`].
//!
//! Decides nothing: the core says when the clock starts, the application how long it runs.
//!
//! [`Driver`]: crate::driver::Driver

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use close_notify_linger::Draining;

use crate::driver::lingering::Lingering;
use crate::transport::Transport;

/// A transport may wake us a little early: a remainder this short counts as passed.
const EARLY: Duration = Duration::from_millis(2);

/// A transport that can be released, with a deadline for waits.
///
/// Once a deadline runs, reading and writing wait until then at the longest, or not at all.
pub(crate) trait Timed: Transport {
    /// Whether the transport has not been released.
    fn is_there(&self) -> bool;
    /// Releases the transport.
    fn release(&mut self);
    /// Whether there is a service that may take the transport once only TCP is left to finish.
    fn has_lingerer(&self) -> bool;
    /// Releases the transport, which lingers in the service from now on. The transport stays if the
    /// service cannot take it, or if nothing can linger without TLS; afterwards it has no service.
    fn linger(&mut self, draining: Option<Draining>);
    /// Starts the clock of the machine, which does not depend on the time of the call that started
    /// it.
    fn start_deadline(&mut self, patience: Duration);
    /// Stops the clock: nothing is waited for any more.
    fn stop_deadline(&mut self);
    /// Whether the deadline has passed; `None` if no deadline runs.
    fn deadline_has_passed(&mut self) -> Option<bool>;
    /// With `true`, the following calls only try and never wait, until `false` was passed as often.
    fn only_try(&mut self, only: bool);
    /// Makes a call that only tries.
    fn trying<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R
    where
        Self: Sized,
    {
        self.only_try(true);
        let result = call(self);
        self.only_try(false);
        result
    }
    /// Whether this call has used up the time that the application gives it. The machine does not
    /// know about it.
    fn call_has_passed(&mut self) -> bool;
}

/// The transport of the blocking stream: a deadline bounds each of its calls.
#[derive(Debug)]
pub(crate) struct Bounded<T> {
    pub(crate) inner: Option<T>,
    pub(crate) deadline: Option<Instant>,
    /// A close has begun to wait, possibly forever.
    pub(crate) is_running: bool,
    pub(crate) call_by: Option<Instant>,
    /// How many times `only_try(true)` is in effect: calls then get a deadline in the past.
    tries: u8,
    born: Instant,
    pub(crate) lingering: Lingering,
}

impl<T> Bounded<T> {
    /// A transport whose calls take as long as the application has allowed.
    pub(crate) fn unbounded(inner: T) -> Self {
        Self {
            inner: Some(inner),
            deadline: None,
            is_running: false,
            call_by: None,
            tries: 0,
            born: Instant::now(),
            lingering: Lingering::default(),
        }
    }

    /// The same with its transport wrapped.
    pub(crate) fn map<U>(self, wrap: impl FnOnce(T) -> U) -> Bounded<U> {
        let Self { inner, deadline, is_running, call_by, tries, born, lingering } = self;
        Bounded { inner: inner.map(wrap), deadline, is_running, call_by, tries, born, lingering }
    }

    /// A running deadline is this far from now; a duration that the clock cannot represent means
    /// forever.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        if self.is_running {
            self.deadline = Instant::now().checked_add(patience);
        }
    }

    /// Until when a call of the transport may wait.
    fn until(&self) -> Option<Instant> {
        if self.tries > 0 { Some(self.born) } else { earlier(self.deadline, self.call_by) }
    }

    fn transport(&mut self) -> io::Result<&mut T> {
        self.inner.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<T: Transport> Timed for Bounded<T> {
    fn is_there(&self) -> bool {
        self.inner.is_some()
    }

    fn release(&mut self) {
        self.inner = None;
    }

    fn has_lingerer(&self) -> bool {
        self.lingering.has_service()
    }

    #[cfg(unix)]
    fn linger(&mut self, draining: Option<Draining>) {
        let Some(transport) = self.inner.take() else { return };
        let into_socket = |transport: T| transport.into_socket().map_err(Some);
        self.inner = self.lingering.take_over(transport, into_socket, draining, self.deadline);
    }

    #[cfg(not(unix))]
    fn linger(&mut self, _: Option<Draining>) {}

    fn start_deadline(&mut self, patience: Duration) {
        self.is_running = true;
        // A duration that the clock cannot represent means forever.
        self.deadline = Instant::now().checked_add(patience);
    }

    fn stop_deadline(&mut self) {
        (self.is_running, self.deadline) = (false, None);
    }

    fn deadline_has_passed(&mut self) -> Option<bool> {
        self.deadline.map(has_passed)
    }

    fn only_try(&mut self, only: bool) {
        self.tries = if only { self.tries + 1 } else { self.tries - 1 };
    }

    fn call_has_passed(&mut self) -> bool {
        self.call_by.is_some_and(has_passed)
    }
}

fn has_passed(deadline: Instant) -> bool {
    deadline.saturating_duration_since(Instant::now()) <= EARLY
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl<T: Transport> Read for Bounded<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let until = self.until();
        let transport = self.transport()?;
        match until {
            Some(until) => transport.read_by(buffer, until),
            None => transport.read(buffer),
        }
    }
}

impl<T: Transport> Write for Bounded<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let until = self.until();
        let transport = self.transport()?;
        match until {
            Some(until) => transport.write_by(bytes, until),
            None => transport.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport()?.flush()
    }
}

impl<T: Transport> Transport for Bounded<T> {
    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        let deadline = deadline.or(self.until());
        self.transport()?.write_last(bytes, deadline)
    }

    fn wait_for_room(&mut self, input: bool, _deadline: Option<Instant>) -> io::Result<()> {
        let until = self.until();
        self.transport()?.wait_for_room(input, until)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.transport()?.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.transport()?.reset()
    }
}
