//! The blocking stream: it reads and writes like a file, and ends as the core decides.
//!
//! Decides nothing: the [`Driver`] repeats calls, the timed transport waits, the machine closes.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::time::{Duration, Instant};

use close_notify_core::{AlertDescription, Close, Ending, FramingState, Policy};
use close_notify_framing::Framing;
use rustls::Connection;

use crate::driver::lingering::Lingering;
use crate::driver::timed::{Bounded, Timed};
use crate::driver::{Acceptance, Driver, Framed};
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::session::Session;
use crate::transport::Transport;

/// A blocking TLS stream that knows how it ended.
///
/// Reading returns `Ok(0)` after the peer's close_notify. If the connection ends in another way,
/// reading fails with an error that carries the [`Ending`]. [`close`](Self::close) ends the
/// connection; dropping the stream drops the transport and sends nothing.
///
/// # Nonblocking transports
///
/// A call on a nonblocking transport returns `WouldBlock`; repeat the call once the transport is
/// ready. Poll the transport for reading. Poll it for writing too while [`Session::is_flushed`] is
/// false, or while [`Machine::output`] is a `SendCloseNotify`, a `SendAlert` or `ShutWrite`;
/// [`session`](Self::session) gives access to both. While a close is under way, poll for no longer
/// than the patience, then call it again: that call ends the wait.
///
/// [`Machine::output`]: crate::Machine::output
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use close_notify::{Ending, FindEnding, Pipe, Policy, Stream};
/// # fn connection() -> rustls::ClientConnection {
/// #     let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// #     let config = rustls::ClientConfig::builder_with_provider(provider.into())
/// #         .with_safe_default_protocol_versions().unwrap()
/// #         .with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
/// #     rustls::ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap()
/// # }
/// let (socket, peer) = Pipe::pair(16_384);
/// let mut stream = Stream::new(connection(), socket, Policy::STRICT);
/// drop(peer);
/// let error = stream.complete_handshake().unwrap_err();
/// println!("{error}");
/// assert!(Ending::find(&error).is_some());
/// ```
pub struct Stream<T: Transport, C: Tls = Connection> {
    driver: Driver<C>,
    io: Bounded<T>,
}

impl<T: Transport> Stream<T> {
    /// Makes a stream over a rustls connection that has read nothing yet, before or after its
    /// handshake.
    ///
    /// The connection must be one that [`Session::new`] accepts. For a stream that is already in
    /// use, see [`WithEnding`](crate::WithEnding).
    #[must_use]
    pub fn new(connection: impl Into<Connection>, transport: T, policy: Policy) -> Self {
        Self::from_session(Session::new(connection, policy), transport)
    }
}

impl<T: Transport, C: Tls> Stream<T, C> {
    /// Makes a stream over a session.
    #[must_use]
    pub fn from_session(session: Session<C>, transport: T) -> Self {
        Self { driver: Driver::new(session), io: Bounded::unbounded(transport) }
    }

    /// Sets how long a close may take, and how long a failed write may look for the peer's alert.
    ///
    /// The default is 5 s. A duration that the clock cannot represent means forever. A close that
    /// is under way gets this long from now.
    ///
    /// `close(Graceful)` takes all of it if the peer does not answer. A Java client that keeps the
    /// connection for its next request sends no close_notify. A server should close with
    /// [`Linger`](Close::Linger) after its last response, with a [lingerer](Self::set_lingerer) if
    /// no thread may wait, or set a shorter patience.
    pub fn set_patience(&mut self, patience: Duration) {
        self.driver.patience = patience;
        self.io.set_patience(patience);
    }

    /// Sets the service that takes the transport once only TCP is left to finish.
    ///
    /// `close(Linger)` and `reject` are done at that point, and the TLS state may be dropped. The
    /// service counts what lingering finds.
    ///
    /// A transport that the service [cannot take](close_notify_linger::Counters::not_taken) lingers
    /// in the stream, as it would without a service. Such a transport [gives up no
    /// socket](Transport::into_socket), or its service has finished or belongs to a parent process.
    ///
    /// ```no_run
    /// use close_notify::linger::{Limits, Lingerer};
    /// # fn example(mut stream: close_notify::Stream<std::net::TcpStream>) -> std::io::Result<()> {
    /// let lingerer = Lingerer::spawn(Limits::DEFAULT)?; // one for the process
    /// stream.set_lingerer(&lingerer);
    /// stream.close(close_notify::Close::Linger)?; // sends close_notify, and does not wait
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn set_lingerer(&mut self, lingerer: &close_notify_linger::Lingerer) {
        self.io.lingering = lingerer.clone().into();
    }

    /// Sets the framing state, by which the end of reading is judged.
    ///
    /// The default is [`FramingState::DelimitedByEnd`]: only close_notify says that everything has
    /// arrived.
    pub fn set_framing(&mut self, framing: FramingState) {
        self.driver.set_framed(Framed::Said(framing));
    }

    /// Sets a tracker, which sees everything that is read and written from now on and reports the
    /// framing state.
    ///
    /// A missing close_notify is then tolerated between messages if the policy says so
    /// ([`MissingNotify::BetweenMessages`](crate::MissingNotify::BetweenMessages),
    /// [`Policy::https`]), and is an error inside a message. A header section is delivered whole,
    /// or not at all.
    ///
    /// Call it before the first message is read or written, or between two protocols. Data that an
    /// earlier tracker has held back is delivered first.
    pub fn set_tracker(&mut self, tracker: impl Framing + Send + Sync + 'static) {
        self.driver.set_framed(Framed::tracked(tracker));
    }

    /// The tracker of [`set_tracker`](Self::set_tracker), to ask it for more than the framing
    /// state. `None` if there is no tracker of this type.
    ///
    /// The tracker knows what a read has taken out of the session, which may be a little more than
    /// the read has returned.
    ///
    /// # Examples
    ///
    /// A server that keeps a connection unless its client says goodbye:
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use close_notify::Policy;
    /// use close_notify::framing::websocket::Frames;
    /// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
    /// # fn main() -> std::io::Result<()> {
    /// let [mut client, mut server] = lab::streams(Policy::https());
    /// server.set_tracker(Frames::of_client());
    /// client.write_all(b"\x88\x80mask")?; // a Close frame
    ///
    /// server.read_exact(&mut [0; 6])?;
    /// let keep = server.tracker::<Frames>().is_some_and(|frames| !frames.is_peer_closing());
    /// assert!(!keep);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tracker<F: Framing + 'static>(&self) -> Option<&F> {
        self.driver.framed.tracker()
    }

    /// The framing state.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.driver.framed.state()
    }

    /// Whether what was read may be less than what the peer sent: [`Ending::truncation_possible`]
    /// in the current framing state.
    #[must_use]
    pub fn truncation_possible(&self) -> bool {
        self.driver.truncation_possible()
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.driver.session.ending()
    }

    /// The underlying session.
    #[must_use]
    pub const fn session(&self) -> &Session<C> {
        &self.driver.session
    }

    /// The transport, until it is released.
    #[must_use]
    pub const fn transport(&self) -> Option<&T> {
        self.io.inner.as_ref()
    }

    /// Completes the handshake. Reading and writing do this too.
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended. If the peer sent an alert, this is the alert, even if a
    /// write failed first. On a nonblocking transport, returns `WouldBlock` as described
    /// [above](Stream#nonblocking-transports).
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        self.driver.complete_handshake(&mut self.io)
    }

    /// Completes the handshake within this time.
    ///
    /// # Errors
    ///
    /// Fails as [`complete_handshake`](Self::complete_handshake) does. If the time is over, the
    /// ending is [`TimedOut`](crate::ReadEnd::TimedOut) and the transport has been dropped.
    pub fn complete_handshake_within(&mut self, patience: Duration) -> io::Result<()> {
        self.within(patience, |driver, io| match driver.complete_handshake(io) {
            Err(error) if is_a_wait(&error) && io.call_has_passed() => driver.handshake_timed_out(io),
            done => done,
        })
    }

    pub(crate) fn lingering_in(mut self, lingering: &Lingering) -> Self {
        self.io.lingering = lingering.clone();
        self
    }

    pub(crate) fn into_parts(self) -> (Driver<C>, Bounded<T>) {
        (self.driver, self.io)
    }

    /// Makes a call with its own deadline, which the machine does not know about.
    fn within<R>(
        &mut self,
        patience: Duration,
        call: impl FnOnce(&mut Driver<C>, &mut Bounded<T>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.call_by = Instant::now().checked_add(patience);
        let result = call(&mut self.driver, &mut self.io);
        self.io.call_by = None;
        result
    }

    /// Reports whether the server accepted our certificate. In TLS 1.3 a client's handshake is
    /// complete before that is known.
    ///
    /// Data that arrives in the meantime is kept for reading.
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended: with the server's alert, not with the reset that
    /// followed it.
    pub fn confirm_accepted(&mut self, patience: Duration) -> io::Result<Acceptance> {
        match self.within(patience, Driver::acceptance) {
            Err(error) if is_a_wait(&error) => Ok(Acceptance::Unknown),
            result => result,
        }
    }

    /// Reports whether the peer has ended the connection by now. Call it before an idle connection
    /// is used again.
    ///
    /// Data that the peer sent before is kept for reading, and its close_notify is answered if the
    /// TLS version requires it.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn peer_closed_now(&mut self) -> io::Result<bool> {
        self.driver.peer_closed_now(&mut self.io)
    }

    /// Ends the connection in this manner, within the patience of
    /// [`set_patience`](Self::set_patience).
    ///
    /// A close may come at any time, and again in another manner, which can only speed up the end.
    /// Other ends have their own calls: [`hand_back`](Self::hand_back), [`reject`](Self::reject)
    /// and [`close_write`](Self::close_write).
    ///
    /// An end that is not clean is not an error: the returned ending says what is known. After a
    /// finished close, another call does nothing and returns the same ending.
    ///
    /// # Errors
    ///
    /// `WouldBlock` on a [nonblocking transport](Stream#nonblocking-transports).
    pub fn close(&mut self, manner: Close) -> io::Result<Ending> {
        self.driver.close(&mut self.io, manner)
    }

    /// Closes the write side and keeps reading (TLS 1.3).
    ///
    /// On success, everything that was written, the close_notify and the FIN are in the transport.
    /// The call takes no longer than the patience. After a finished close it does nothing more and
    /// returns the ending of that close.
    ///
    /// # Errors
    ///
    /// * The ending, if any of this never left and never will.
    /// * [`Error::Misuse`](crate::Error::Misuse) in earlier versions, after a finished close too.
    /// * `WouldBlock` on a [nonblocking transport](Stream#nonblocking-transports).
    pub fn close_write(&mut self) -> io::Result<Ending> {
        self.driver.close_write(&mut self.io)
    }

    /// Resets the transport, so that the peer must not take what it has for the whole.
    ///
    /// Some peers do so anyway: CPython up to 3.12 and node read a reset as the end of a body that
    /// nothing else delimits. If the connection was configured with [`provider`](crate::provider),
    /// prefer [`reject`](Self::reject) with [`INTERNAL_ERROR`](AlertDescription::INTERNAL_ERROR):
    /// it is an error to every client that we tried, and destroys nothing that was sent before.
    ///
    /// # Errors
    ///
    /// A peer cannot cause an error here.
    pub fn abort(&mut self) -> io::Result<Ending> {
        self.close(Close::Abort)
    }

    /// Rejects the connection with a fatal alert, and lingers until the peer has ended its stream,
    /// so that the peer reads the alert.
    ///
    /// The patience and [`Policy::drain_budget`] bound the lingering. A peer that is still sending
    /// at that point gets a reset, which may destroy the alert: [`Ending::transport`] says how
    /// lingering ended. What was written earlier arrives before the alert, and the peer cannot take
    /// it for the whole. After a finished close nothing is sent, and the ending of that close is
    /// returned.
    ///
    /// Once the connection uses its keys, this needs a connection that was configured with
    /// [`provider`](crate::provider): rustls alone cannot seal an alert that its caller chooses.
    ///
    /// # Errors
    ///
    /// * `Unsupported` without that provider. Nothing has changed; [`abort`](Self::abort) instead.
    /// * [`Error::Misuse`](crate::Error::Misuse) if the alert does not describe an error.
    /// * `WouldBlock` on a [nonblocking transport](Stream#nonblocking-transports).
    pub fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        self.driver.reject(&mut self.io, alert)
    }

    /// Ends TLS and gives the transport back, together with the bytes that were read after the
    /// peer's close_notify.
    ///
    /// The stream still knows its [`ending`](Self::ending).
    ///
    /// # Errors
    ///
    /// Fails with how the connection ended instead; the transport has been dropped. On a
    /// nonblocking transport, returns `WouldBlock` as described
    /// [above](Stream#nonblocking-transports).
    pub fn hand_back(&mut self) -> io::Result<(T, Vec<u8>)> {
        let leftover = self.driver.hand_back(&mut self.io)?;
        let transport = self.io.inner.take().ok_or_else(|| self.driver.session.ended())?;
        Ok((transport, leftover))
    }
}

impl<T: Transport, C: Tls> Read for Stream<T, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.driver.read(&mut self.io, buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let Some(at) = buffers.iter().position(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let (first, rest) = buffers[at..].split_first_mut().expect("there is one at this place");
        let mut count = self.read(first)?;
        let mut is_full = count == first.len();
        for buffer in rest.iter_mut().filter(|buffer| !buffer.is_empty()) {
            if !is_full {
                break;
            }
            let more = self.driver.read_what_came(buffer)?;
            is_full = more == buffer.len();
            count += more;
        }
        Ok(count)
    }
}

impl<T: Transport, C: Tls> Write for Stream<T, C> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.driver.write(&mut self.io, &[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        self.driver.write(&mut self.io, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.driver.flush(&mut self.io)
    }
}

impl<T: Transport, C: Tls> fmt::Debug for Stream<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("session", &self.driver.session).finish_non_exhaustive()
    }
}
