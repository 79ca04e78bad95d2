//! Two halves of one blocking stream for two threads, with one closing state: either half may
//! close.
//!
//! Decides who waits for what. A thread holds the stream while it tries a call, and releases it
//! while it waits. So a thread that waits in a write or a read does not keep others from closing,
//! and is woken to learn how the connection ended.
//! Sources: poll(2); socket(7) `SO_RCVTIMEO`, `SO_SNDTIMEO`.

mod common;

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use close_notify_core::{AlertDescription, Close, Ending, FramingState};
use close_notify_framing::Framing;
use rustix::event::PollFlags;
use rustls::Connection;

use crate::blocking::stream::Stream;
use crate::driver::Driver;
use crate::driver::timed::{Bounded, Timed};
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::transport::socket;
use common::Common;
pub use common::Socket;

/// Ends the connection that the halves share, from any thread.
///
/// It can be cloned. The transport is released when a close ends, or when the last handle and both
/// halves are dropped.
///
/// ```
/// use std::io::Read;
/// use close_notify::Policy;
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let [client, _silent] = lab::streams(Policy::STRICT);
/// let (mut read, write) = client.into_split()?;
/// let handle = write.handle().clone();
/// let reader = std::thread::spawn(move || read.read(&mut [0; 64])); // would wait forever
/// println!("{}", handle.abort()?);
/// assert!(reader.join().expect("no panic").is_err());
/// # Ok(())
/// # }
/// ```
pub struct Handle<T: Socket, C: Tls = Connection>(Arc<Shared<T, C>>);

/// The reading half of a [`Stream`].
///
/// [`read`](Read::read) fails as it does on the stream.
///
/// ```
/// use std::io::{Read, Write};
/// use close_notify::{Close, Policy};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let [client, mut server] = lab::streams(Policy::STRICT);
/// server.write_all(b"news")?;
/// server.close(Close::AtOnce)?;
/// let (mut read, _write) = client.into_split()?;
/// let mut news = String::new();
/// read.read_to_string(&mut news)?; // ends with close_notify, or fails
/// assert_eq!(news, "news");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReadHalf<T: Socket, C: Tls = Connection>(Handle<T, C>);

/// The writing half of a [`Stream`].
///
/// Dropping it ends nothing: a [`close_write`](Handle::close_write) or a close tells the peer that
/// no more data comes. [`write`](Write::write) fails as it does on the stream.
///
/// ```
/// use std::io::{Read, Write};
/// use close_notify::Policy;
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let [client, mut server] = lab::streams(Policy::STRICT);
/// let (_read, mut write) = client.into_split()?;
/// write.write_all(b"all of it")?;
/// write.handle().close_write()?;
/// let mut all = String::new();
/// server.read_to_string(&mut all)?;
/// assert_eq!(all, "all of it");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WriteHalf<T: Socket, C: Tls = Connection>(Handle<T, C>);

struct Shared<T: Socket, C: Tls> {
    state: Mutex<State<T, C>>,
    /// Readable while some waiting thread has not yet seen the last change.
    wake: [UnixStream; 2],
}

struct State<T: Socket, C: Tls> {
    driver: Driver<C>,
    io: Bounded<Common<T>>,
    /// Threads that wait.
    waiting: usize,
    /// Waiting threads that have not yet seen the last change.
    unaware: usize,
    changes: u64,
}

/// Which call a thread waits in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Read,
    Write,
    Close,
}

impl<T: Socket, C: Tls> Stream<T, C> {
    /// Splits the stream for two threads, which share its end.
    ///
    /// The socket's timeouts, as they are when a wait begins, apply to the halves as they do to the
    /// stream: a read or a write that waits longer returns `WouldBlock`. The calls of a [`Handle`]
    /// are bound by the patience instead.
    ///
    /// # Errors
    ///
    /// Fails with the system's error if it has no socket pair left for the wake-ups. The stream is
    /// dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use close_notify::{Close, Stream};
    /// # use std::io::Write;
    /// fn upload(stream: Stream<std::net::TcpStream>) -> std::io::Result<()> {
    ///     let (read, mut write) = stream.into_split()?;
    ///     let closer = read.handle().clone();
    ///     let writer = std::thread::spawn(move || write.write_all(&[0; 1 << 20]));
    ///     println!("{}", closer.close(Close::AtOnce)?); // whether or not the writer waits
    ///     writer.join().expect("the writer does not panic")
    /// }
    /// # let _ = upload;
    /// ```
    pub fn into_split(self) -> io::Result<(ReadHalf<T, C>, WriteHalf<T, C>)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let (driver, io) = self.into_parts();
        let io = io.map(Common::new);
        let state = Mutex::new(State { driver, io, waiting: 0, unaware: 0, changes: 0 });
        let handle = Handle(Arc::new(Shared { state, wake: [wake, woken] }));
        Ok((ReadHalf(handle.clone()), WriteHalf(handle)))
    }
}

impl<T: Socket, C: Tls> State<T, C> {
    /// The readiness that the call needs from the transport to go on.
    fn needs(&self, waits: Waits) -> PollFlags {
        let session = &self.driver.session;
        // salvage-alert: a write that has failed also listens
        let hears = waits != Waits::Write || session.is_handshaking() || session.machine().salvages();
        let takes = session.may_receive() || session.machine().may_drain();
        let input = if hears && takes { PollFlags::IN } else { PollFlags::empty() };
        let says = !session.is_flushed() || session.machine().output().is_a_last_word();
        let output = if says { PollFlags::OUT } else { PollFlags::empty() };
        input | output
    }
}

impl<T: Socket, C: Tls> Shared<T, C> {
    fn state(&self) -> MutexGuard<'_, State<T, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Repeats a call until it is done. Tries it under the lock, and waits without the lock.
    fn call<R>(
        &self,
        waits: Waits,
        mut call: impl FnMut(&mut Driver<C>, &mut Bounded<Common<T>>) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut since = None;
        loop {
            let mut state = self.state();
            let before = state.driver.progress(state.io.is_there());
            let State { driver, io, .. } = &mut *state;
            let result = call(driver, io);
            if state.driver.progress(state.io.is_there()) != before {
                self.wake(&mut state);
            }
            match result {
                Err(error) if is_a_wait(&error) => self.wait(state, waits, &mut since)?,
                result => return result,
            }
        }
    }

    /// Makes every waiting thread try again.
    fn wake(&self, state: &mut State<T, C>) {
        let is_readable = state.unaware > 0;
        state.changes += 1;
        state.unaware = state.waiting;
        if state.waiting > 0 && !is_readable {
            // One byte at a time: the last thread reads everything that is there.
            let _ = (&self.wake[0]).write(&[0]);
        }
    }

    /// Waits for the transport or a wake-up. The socket's own timeout counts from `since`.
    fn wait(
        &self,
        mut state: MutexGuard<'_, State<T, C>>,
        waits: Waits,
        since: &mut Option<Instant>,
    ) -> io::Result<()> {
        let Some(io) = &state.io.inner else { return Ok(()) };
        let transport = io.shared();
        let (needs, seen) = (state.needs(waits), state.changes);
        // As in the blocking stream: the deadline of a close replaces the socket's timeouts.
        let is_timed = waits != Waits::Close && !state.io.is_running;
        let timeout = if is_timed { socket::timeout(&*transport, needs)? } else { None };
        let until = match timeout {
            Some(timeout) => since.get_or_insert_with(Instant::now).checked_add(timeout),
            None => state.io.deadline,
        };
        state.waiting += 1;
        drop(state);
        let result = socket::wait_for_either(&*transport, needs, &self.wake[1], until);
        drop(transport);
        self.woken(seen);
        match result {
            Ok(ready) => {
                let awaited = if needs.contains(PollFlags::IN) { PollFlags::IN } else { PollFlags::OUT };
                if ready.contains(awaited) {
                    *since = None;
                }
                Ok(())
            }
            Err(error) if !is_a_wait(&error) => Err(error),
            Err(_) if timeout.is_some() => Err(socket::timed_out()),
            // The driver notices the deadline.
            Err(_) => Ok(()),
        }
    }

    /// The last thread that sees a change consumes the wake-up.
    fn woken(&self, seen: u64) {
        let mut state = self.state();
        state.waiting -= 1;
        if seen == state.changes {
            return;
        }
        state.unaware -= 1;
        if state.unaware == 0 {
            let _ = (&self.wake[1]).read(&mut [0; 64]);
        }
    }
}

impl<T: Socket, C: Tls> Handle<T, C> {
    /// How the connection has ended so far.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.0.state().driver.ending()
    }

    /// Reports whether the peer has ended the connection by now, as [`Stream::peer_closed_now`]
    /// does.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn peer_closed_now(&self) -> io::Result<bool> {
        let mut state = self.0.state();
        let State { driver, io, .. } = &mut *state;
        let closed = driver.peer_closed_now(io)?;
        self.0.wake(&mut state);
        Ok(closed)
    }

    /// The framing state.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.0.state().driver.framed.state()
    }

    /// Asks the tracker, which [`Stream::tracker`] describes. Returns `None` if there is no tracker
    /// of this type.
    ///
    /// The connection is locked during the call: `ask` must not use one of its halves or handles.
    ///
    /// ```
    /// # use close_notify::{Handle, Socket};
    /// use close_notify::framing::http::Responses;
    /// # fn is_idle<T: Socket>(handle: &Handle<T>) -> bool {
    /// handle.with_tracker(|responses: &Responses| responses.owed()) == Some(0)
    /// # }
    /// ```
    pub fn with_tracker<F: Framing + 'static, R>(&self, ask: impl FnOnce(&F) -> R) -> Option<R> {
        self.0.state().driver.framed.tracker().map(ask)
    }

    /// Sets how long a close may take, as [`Stream::set_patience`] does.
    pub fn set_patience(&self, patience: Duration) {
        let mut state = self.0.state();
        state.driver.patience = patience;
        state.io.set_patience(patience);
        self.0.wake(&mut state);
    }

    /// Ends the connection in this manner, as [`Stream::close`] does.
    ///
    /// Several threads may close, each in its own manner. A later manner can only speed up the end
    /// ([`Manner::then`](crate::Manner::then)), and every call returns how it ended.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close`] does.
    pub fn close(&self, manner: Close) -> io::Result<Ending> {
        self.0.call(Waits::Close, |driver, io| driver.close(io, manner))
    }

    /// Closes the write side (TLS 1.3), as [`Stream::close_write`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::close_write`] does.
    pub fn close_write(&self) -> io::Result<Ending> {
        self.0.call(Waits::Close, |driver, io| driver.close_write(io))
    }

    /// Resets the transport, as [`Stream::abort`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::abort`] does.
    pub fn abort(&self) -> io::Result<Ending> {
        self.close(Close::Abort)
    }

    /// Rejects the connection with a fatal alert, as [`Stream::reject`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`Stream::reject`] does.
    pub fn reject(&self, alert: AlertDescription) -> io::Result<Ending> {
        self.0.call(Waits::Close, |driver, io| driver.reject(io, alert))
    }
}

impl<T: Socket, C: Tls> Clone for Handle<T, C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Socket, C: Tls> fmt::Debug for Handle<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.ending()).finish()
    }
}

impl<T: Socket, C: Tls> ReadHalf<T, C> {
    /// The handle, which ends the connection.
    #[must_use]
    pub const fn handle(&self) -> &Handle<T, C> {
        &self.0
    }
}

impl<T: Socket, C: Tls> WriteHalf<T, C> {
    /// The handle, which ends the connection.
    #[must_use]
    pub const fn handle(&self) -> &Handle<T, C> {
        &self.0
    }
}

impl<T: Socket, C: Tls> Read for ReadHalf<T, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.0.call(Waits::Read, |driver, io| driver.read(io, buffer))
    }
}

impl<T: Socket, C: Tls> Write for WriteHalf<T, C> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.0.call(Waits::Write, |driver, io| driver.write(io, data))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.0.call(Waits::Write, |driver, io| driver.flush(io))
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use close_notify_core::Policy;

    use super::*;

    #[test]
    fn however_often_a_thread_is_woken_nothing_stays_readable_once_it_knows() {
        let crypto = rustls::crypto::ring::default_provider();
        let config = rustls::ClientConfig::builder_with_provider(crypto.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let connection = rustls::ClientConnection::new(config.into(), name).unwrap();
        let (socket, _peer) = UnixStream::pair().unwrap();
        let (read, _write) = Stream::new(connection, socket, Policy::STRICT).into_split().unwrap();
        let shared = &read.handle().0;
        shared.state().waiting = 1;
        for _ in 0..1000 {
            shared.wake(&mut shared.state());
        }
        shared.woken(0);
        let readable = (&shared.wake[1]).read(&mut [0]);
        assert_eq!(readable.unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}
