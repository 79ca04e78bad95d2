//! The blocking adapter: reads and writes like a file, and ends like the core says.
//!
//! Decides nothing: the [`Driver`] repeats, the line waits, the machine closes.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::time::{Duration, Instant};

use close_notify_core::{AlertDescription, Ending, FramingState, Manner, Policy};
use close_notify_framing::Framing;
use rustls::Connection;

use crate::driver::line::{Bounded, Line};
use crate::driver::lingering::Lingering;
use crate::driver::{Acceptance, Driver, Standing};
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::session::Session;
use crate::transport::Transport;

/// A blocking TLS stream that knows how it ended.
///
/// Shape: reading ends with `Ok(0)` behind the peer's close_notify, and with an error that carries
/// the [`Ending`] otherwise. [`close`](Self::close) ends the connection; dropping the stream drops
/// the transport without a word.
///
/// Over a transport that does not block, `WouldBlock` passes through and the call is made again
/// once the transport is ready. Poll it for reading; for writing too while [`Session::is_flushed`]
/// says no or [`Machine::output`] is a `SendCloseNotify`, a `SendAlert` or `ShutWrite` (both by
/// [`session`](Self::session)). Poll a close no longer than the patience: the call that is made
/// then ends the wait.
///
/// [`Machine::output`]: crate::Machine::output
///
/// ```
/// use std::io::{Read, Write};
/// use close_notify::{Ending, FindEnding, Manner, Pipe, Policy, Stream};
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
    line: Bounded<T>,
}

impl<T: Transport> Stream<T> {
    /// A stream over a connection of rustls that has read nothing yet, before or after its
    /// handshake.
    ///
    /// Shape: as [`Session::new`]. For a stream in use there is [`WithEnding`](crate::WithEnding).
    #[must_use]
    pub fn new(connection: impl Into<Connection>, transport: T, policy: Policy) -> Self {
        Self::from_session(Session::new(connection, policy), transport)
    }
}

impl<T: Transport, C: Tls> Stream<T, C> {
    /// A stream over a session.
    #[must_use]
    pub fn from_session(session: Session<C>, transport: T) -> Self {
        Self { driver: Driver::new(session), line: Bounded::unbounded(transport) }
    }

    /// How long a close, or the salvage of an alert behind a failed write, may take. The default is
    /// 5 s; longer than the clock can say is for ever. A close that is under way has that long from
    /// now.
    ///
    /// `close(Graceful)` takes all of it if the peer does not answer: a Java client that keeps the
    /// connection for its next request sends no close_notify. A server closes with
    /// [`Linger`](Manner::Linger) after its last response, with a [lingerer](Self::set_lingerer) if
    /// no thread may wait, or sets a shorter patience.
    pub fn set_patience(&mut self, patience: Duration) {
        self.driver.patience = patience;
        self.line.set_patience(patience);
    }

    /// Where the transport goes once nothing but TCP is left to finish: `close(Linger)` and
    /// `reject` are done then, and its TLS state may be dropped. What the lingering finds, the
    /// service counts.
    ///
    /// A transport that the service [cannot take](close_notify_linger::Counters::not_taken) lingers
    /// in the stream, as without a service: one that [gives up no socket](Transport::into_socket),
    /// one of a service that has finished, or of a parent process.
    ///
    /// ```no_run
    /// use close_notify::linger::{Limits, Lingerer};
    /// # fn example(mut stream: close_notify::Stream<std::net::TcpStream>) -> std::io::Result<()> {
    /// let lingerer = Lingerer::spawn(Limits::DEFAULT)?; // one for the process
    /// stream.set_lingerer(&lingerer);
    /// stream.close(close_notify::Manner::Linger)?; // says the last word, and waits for nothing
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub fn set_lingerer(&mut self, lingerer: &close_notify_linger::Lingerer) {
        self.line.lingering = lingerer.clone().into();
    }

    /// Where the application protocol stands, for the end of reading to be judged by. The default
    /// is
    /// [`FramingState::DelimitedByEnd`]: only close_notify says that all has come.
    pub fn set_framing(&mut self, framing: FramingState) {
        self.driver.stand(Standing::Said(framing));
    }

    /// Has this tracker see all that is read and written from now on, and say where the framing
    /// stands.
    ///
    /// A missing close_notify is then tolerated between messages where the policy says so
    /// ([`MissingNotify::BetweenMessages`](crate::MissingNotify::BetweenMessages),
    /// [`Policy::https`]), and an error inside one; a header section comes out whole, or not at
    /// all.
    ///
    /// Shape: before the first message is read or written, or between two protocols. What a tracker
    /// before it has held back comes first.
    pub fn set_tracker(&mut self, tracker: impl Framing + Send + Sync + 'static) {
        self.driver.stand(Standing::tracked(tracker));
    }

    /// The tracker of [`set_tracker`](Self::set_tracker), to be asked for more than where it
    /// stands; `None` if there is none of this type.
    ///
    /// It knows what a read has taken out of the session, and that may be a little more than the
    /// read has handed on.
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
        self.driver.standing.tracker()
    }

    /// Where the framing stands.
    #[must_use]
    pub fn framing(&self) -> FramingState {
        self.driver.standing.state()
    }

    /// Whether what was read may be less than what the peer sent: [`Ending::truncation_possible`]
    /// where the framing stands.
    #[must_use]
    pub fn truncation_possible(&self) -> bool {
        self.driver.truncation_possible()
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.driver.session.ending()
    }

    /// The session beneath.
    #[must_use]
    pub const fn session(&self) -> &Session<C> {
        &self.driver.session
    }

    /// The transport, while it is there.
    #[must_use]
    pub const fn transport(&self) -> Option<&T> {
        self.line.inner.as_ref()
    }

    /// Does the handshake to its end. Reading and writing do it too.
    ///
    /// Errors: how it ended: the peer's alert where one came, even behind a failed write;
    /// `WouldBlock`.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        self.driver.complete_handshake(&mut self.line)
    }

    /// Does the handshake to its end, within this time.
    ///
    /// Errors: as [`complete_handshake`](Self::complete_handshake); an ending that is
    /// [`TimedOut`](crate::ReadEnd::TimedOut), the transport dropped.
    pub fn complete_handshake_within(&mut self, patience: Duration) -> io::Result<()> {
        self.within(patience, |driver, line| match driver.complete_handshake(line) {
            Err(error) if is_a_wait(&error) && line.call_has_passed() => driver.handshake_timed_out(line),
            done => done,
        })
    }

    pub(crate) fn lingering_in(mut self, lingering: &Lingering) -> Self {
        self.line.lingering = lingering.clone();
        self
    }

    pub(crate) fn into_parts(self) -> (Driver<C>, Bounded<T>) {
        (self.driver, self.line)
    }

    /// A call with a deadline of its own, which is nothing to the machine.
    fn within<R>(
        &mut self,
        patience: Duration,
        call: impl FnOnce(&mut Driver<C>, &mut Bounded<T>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.line.call_by = Instant::now().checked_add(patience);
        let result = call(&mut self.driver, &mut self.line);
        self.line.call_by = None;
        result
    }

    /// Whether the server took our certificate: TLS 1.3 ends a client's handshake before that is
    /// known.
    ///
    /// Data that comes meanwhile is kept for reading.
    ///
    /// Errors: how the connection ended: the server's alert by name, not the reset that followed
    /// it.
    pub fn confirm_accepted(&mut self, patience: Duration) -> io::Result<Acceptance> {
        match self.within(patience, Driver::acceptance) {
            Err(error) if is_a_wait(&error) => Ok(Acceptance::Unknown),
            result => result,
        }
    }

    /// Whether the peer has ended the connection by now: ask before an idle connection is used
    /// again.
    ///
    /// What the peer sent before is kept for reading, and its close_notify is answered where the
    /// version wants it.
    ///
    /// Errors: none that a peer can cause.
    pub fn peer_closed_now(&mut self) -> io::Result<bool> {
        self.driver.peer_closed_now(&mut self.line)
    }

    /// Ends the connection in this manner, within the patience of
    /// [`set_patience`](Self::set_patience).
    ///
    /// An end that is not clean is no error: the ending says what is known. Behind a finished close
    /// nothing more is done, and the ending is the same.
    ///
    /// Shape: `Graceful`, `Linger`, `AtOnce` or `Abort`; the other manners have calls of their own,
    /// named below.
    ///
    /// Errors: `InvalidInput` where the manner is another, nothing changed: see
    /// [`hand_back`](Self::hand_back), [`reject`](Self::reject) and
    /// [`close_write`](Self::close_write); [`Error::Misuse`](crate::Error::Misuse) where it cannot
    /// follow what was asked before; `WouldBlock`.
    pub fn close(&mut self, manner: Manner) -> io::Result<Ending> {
        self.driver.close(&mut self.line, manner)
    }

    /// Closes the write side and reads on (TLS 1.3): all that was written, close_notify and FIN are
    /// in the transport. It takes no longer than the patience. After a finished close nothing more
    /// is done: the ending of that close is returned.
    ///
    /// Errors: the ending, if some of it never left and never will;
    /// [`Error::Misuse`](crate::Error::Misuse) in earlier versions, after a finished close too;
    /// `WouldBlock`.
    pub fn close_write(&mut self) -> io::Result<Ending> {
        self.driver.close_write(&mut self.line)
    }

    /// Resets the transport, so that the peer must not take what it has for the whole.
    ///
    /// Some do: CPython up to 3.12 and node read a reset as the end of a body that nothing else
    /// delimits. If the connection was configured with [`provider`](crate::provider),
    /// [`reject`](Self::reject) with [`INTERNAL_ERROR`](AlertDescription::INTERNAL_ERROR) is an
    /// error to every client that we tried, and destroys nothing that was sent before.
    ///
    /// Errors: none that a peer can cause.
    pub fn abort(&mut self) -> io::Result<Ending> {
        self.close(Manner::Abort)
    }

    /// Rejects the connection with a fatal alert, and lingers until the peer has ended its stream,
    /// so that the alert is read. Behind a finished close nothing is sent: the ending of that close
    /// is returned.
    ///
    /// Patience and [`Policy::drain_budget`] bound the lingering, and a peer that still sends then
    /// meets a reset, which may destroy the alert: [`Ending::transport`] says how it ended. What
    /// was written before the alert arrives before it, and the peer cannot take it for the whole.
    ///
    /// Needs a connection that was configured with [`provider`](crate::provider), once its keys are
    /// in use: rustls alone seals no alert that its caller chooses.
    ///
    /// Errors: `Unsupported` without that provider, nothing changed: [`abort`](Self::abort)
    /// instead; [`Error::Misuse`](crate::Error::Misuse) where the alert says no error;
    /// `WouldBlock`.
    pub fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        self.driver.reject(&mut self.line, alert)
    }

    /// Ends TLS and gives the transport back: what is returned beside it was read behind the peer's
    /// close_notify. The stream still knows its [`ending`](Self::ending).
    ///
    /// Errors: how the connection ended instead, the transport dropped; `WouldBlock`.
    pub fn hand_back(&mut self) -> io::Result<(T, Vec<u8>)> {
        let leftover = self.driver.hand_back(&mut self.line)?;
        let transport = self.line.inner.take().ok_or_else(|| self.driver.session.ended())?;
        Ok((transport, leftover))
    }
}

impl<T: Transport, C: Tls> Read for Stream<T, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.driver.read(&mut self.line, buffer)
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
        self.driver.write(&mut self.line, &[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        self.driver.write(&mut self.line, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.driver.flush(&mut self.line)
    }
}

impl<T: Transport, C: Tls> fmt::Debug for Stream<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("session", &self.driver.session).finish_non_exhaustive()
    }
}
