//! The blocking adapter: reads and writes like a file, and ends like the core says.
//!
//! Decides how to wait: until when, and what is repeated. Leaves every closing step to the session's machine.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use close_notify_core::{AlertDescription, Ending, Event, FramingState, Manner, Output, Policy};
use close_notify_linger::is_a_wait;
use rustls::{Connection, StreamOwned};

use crate::bounded::Bounded;
use crate::error::Error;
use crate::session::{Progress, Received, Session, Step};
use crate::transport::Transport;

/// How long a close, or the salvage of an alert, may take where nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// A transport may wake us a little early: what is left then counts as passed.
const EARLY: Duration = Duration::from_millis(2);

/// What [`Stream::close`] says to a manner that it cannot do.
const OTHER_CALLS: &str = "close takes Graceful, Linger, AtOnce or Abort; hand a transport back with hand_back, \
     reject with reject(alert), close one direction with close_write";

/// A blocking TLS stream that knows how it ended.
///
/// Shape: reading ends with `Ok(0)` behind the peer's close_notify, and with an error that carries the [`Ending`]
/// otherwise. [`close`](Self::close) ends the connection; dropping the stream drops the transport without a word.
/// Over a transport that does not block, `WouldBlock` passes through and every call may be repeated.
///
/// ```
/// use std::io::{Read, Write};
/// use close_notify::{Manner, Pipe, Policy, Stream};
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
/// assert!(close_notify::ending_of(&error).is_some());
/// ```
#[derive(Debug)]
pub struct Stream<T> {
    session: Session,
    transport: Option<Bounded<T>>,
    patience: Duration,
    framing: FramingState,
}

impl<T: Transport> Stream<T> {
    /// A stream over a connection of rustls, before or after its handshake.
    #[must_use]
    pub fn new(connection: impl Into<Connection>, transport: T, policy: Policy) -> Self {
        Self::from_session(Session::new(connection, policy), transport)
    }

    /// A stream over a session.
    #[must_use]
    pub fn from_session(session: Session, transport: T) -> Self {
        Self {
            session,
            transport: Some(Bounded::unbounded(transport)),
            patience: PATIENCE,
            framing: FramingState::DelimitedByEnd,
        }
    }

    /// A stream over the parts of one of rustls's own.
    ///
    /// Shape: rustls must not have read bytes that it has not processed: best before the first read.
    #[must_use]
    pub fn from_rustls<C, S>(stream: StreamOwned<C, T>, policy: Policy) -> Self
    where
        C: Into<Connection> + std::ops::DerefMut<Target = rustls::ConnectionCommon<S>>,
        S: rustls::SideData,
    {
        let (connection, transport) = stream.into_parts();
        Self::new(connection, transport, policy)
    }

    /// How long a close, or the salvage of an alert behind a failed write, may take. The default is 5 s; longer than
    /// the clock can say is for ever.
    pub const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Where the application protocol stands, for the end of reading to be judged by. The default is
    /// [`FramingState::DelimitedByEnd`]: only close_notify says that all has come.
    pub const fn set_framing(&mut self, framing: FramingState) {
        self.framing = framing;
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.session.ending()
    }

    /// The session beneath.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The transport, while it is there.
    #[must_use]
    pub const fn transport(&self) -> Option<&T> {
        match &self.transport {
            Some(transport) => Some(&transport.inner),
            None => None,
        }
    }

    /// Does the handshake to its end. Reading and writing do it too.
    ///
    /// Errors: how it ended: the peer's alert where one came, even behind a failed write; `WouldBlock`.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        loop {
            let Some(transport) = &mut self.transport else { return Err(self.session.ended()) };
            match self.session.handshake(transport) {
                Ok(Progress::Advanced) => {}
                Ok(Progress::Done) => return Ok(()),
                Ok(Progress::Ending) => return self.end_of_handshake(),
                Err(error) if is_a_wait(&error) => return Err(error),
                Err(_) => return self.end_of_handshake(),
            }
        }
    }

    fn end_of_handshake(&mut self) -> io::Result<()> {
        self.drive()?;
        Err(self.session.ended())
    }

    /// Ends the connection in this manner, within the patience of [`set_patience`](Self::set_patience).
    ///
    /// An end that is not clean is no error: the ending says what is known. Behind a finished close nothing more is
    /// done, and the ending is the same.
    ///
    /// Shape: `Graceful`, `Linger`, `AtOnce` or `Abort`; the other manners have calls of their own, named below.
    ///
    /// Errors: `InvalidInput` where the manner is another, nothing changed: see [`hand_back`](Self::hand_back),
    /// [`reject`](Self::reject) and [`close_write`](Self::close_write); [`Error::Misuse`] where it cannot follow what
    /// was asked before; `WouldBlock`.
    pub fn close(&mut self, manner: Manner) -> io::Result<Ending> {
        closes_both(manner)?;
        self.session.close(manner)?;
        self.drive()?;
        Ok(self.ending())
    }

    /// Closes the write side and reads on (TLS 1.3). Behind a finished close nothing more is done: the ending of that
    /// close is returned.
    ///
    /// Errors: [`Error::Misuse`] in earlier versions, behind a finished close too; `WouldBlock`.
    pub fn close_write(&mut self) -> io::Result<Ending> {
        self.session.tell(Event::CloseWrite)?;
        self.drive()?;
        Ok(self.ending())
    }

    /// Resets the transport, so that the peer cannot take what it has for the whole.
    ///
    /// Errors: none that a peer can cause.
    pub fn abort(&mut self) -> io::Result<Ending> {
        self.close(Manner::Abort)
    }

    /// Rejects the connection with a fatal alert, and lingers until the peer has read it. Behind a finished close
    /// nothing is sent: the ending of that close is returned.
    ///
    /// Needs a connection that was configured with [`provider`](crate::provider), once its keys are in use: rustls
    /// alone seals no alert that its caller chooses.
    ///
    /// Errors: `Unsupported` without that provider, nothing changed: [`abort`](Self::abort) instead;
    /// [`Error::Misuse`] where the alert says no error; `WouldBlock`.
    pub fn reject(&mut self, alert: AlertDescription) -> io::Result<Ending> {
        self.session.reject(alert)?;
        self.drive()?;
        Ok(self.ending())
    }

    /// Ends TLS and keeps the transport: what is returned beside it was read behind the peer's close_notify.
    ///
    /// Errors: how the connection ended instead, the transport closed.
    pub fn hand_back(mut self) -> io::Result<(T, Vec<u8>)> {
        self.session.close(Manner::HandBack)?;
        self.drive()?;
        let leftover = self.session.hand_back()?;
        let Some(transport) = self.transport.take() else { return Err(self.session.ended()) };
        Ok((transport.inner, leftover))
    }

    /// Does what the machine asks for until it is the application's turn, or the end.
    fn drive(&mut self) -> io::Result<()> {
        while let Some(transport) = &mut self.transport {
            match self.session.step(transport)? {
                Step::Did(Output::StartDeadline) => {
                    transport.deadline = Instant::now().checked_add(self.patience);
                }
                Step::Did(Output::CloseTransport | Output::ResetTransport) => self.transport = None,
                Step::Did(_) => {}
                Step::Waits(Output::HandBack) | Step::Idle | Step::Done => return Ok(()),
                Step::Blocked => self.waited(Err(io::ErrorKind::WouldBlock.into()))?,
                Step::Waits(output) => self.wait_for_peer(output)?,
            }
        }
        Ok(())
    }

    fn wait_for_peer(&mut self, output: Output) -> io::Result<()> {
        let Some(transport) = &mut self.transport else { return Ok(()) };
        let result = if output == Output::Drain {
            self.session.drain(transport)
        } else {
            self.session.receive(transport).and_then(unless_full)
        };
        self.waited(result)
    }

    /// Whether a wait goes on: it does until the deadline, which is then told.
    fn waited(&mut self, result: io::Result<()>) -> io::Result<()> {
        let Some(deadline) = self.transport.as_ref().and_then(|transport| transport.deadline) else {
            return result;
        };
        match result {
            Err(error) if !is_a_wait(&error) => Err(error),
            _ if !self.waits() => Ok(()),
            _ if deadline.saturating_duration_since(Instant::now()) <= EARLY => {
                self.session.deadline_passed()
            }
            result => result,
        }
    }

    /// Whether the machine still has something to wait for.
    fn waits(&self) -> bool {
        let output = self.session.machine().output();
        output.waits_for_peer() || matches!(output, Output::SendCloseNotify { .. } | Output::SendAlert { .. })
    }

    /// How the end of reading reads to the application.
    fn end_of_reading(&mut self) -> io::Result<usize> {
        // fatal-is-an-error, rst-is-not-close: a whole message does not make its connection's end a clean one
        if self.session.machine().reads_as_end(self.framing) {
            return Ok(0);
        }
        Err(self.session.ended())
    }

    /// Whether output that the transport does not take yet is no reason not to read.
    fn may_read_on(&self) -> bool {
        let machine = self.session.machine();
        machine.recv_state().has_ended() || machine.output() == Output::Idle
    }

    fn drive_before_reading(&mut self) -> io::Result<()> {
        match self.drive() {
            Err(error) if is_a_wait(&error) && self.may_read_on() => Ok(()),
            driven => driven,
        }
    }
}

/// Whether [`Stream::close`] can do what the manner asks for.
fn closes_both(manner: Manner) -> io::Result<()> {
    match manner {
        Manner::Graceful | Manner::Linger | Manner::AtOnce | Manner::Abort => Ok(()),
        Manner::Unasked | Manner::HalfClose | Manner::HandBack | Manner::Reject => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, OTHER_CALLS))
        }
    }
}

/// Plaintext that nobody reads must not pile up, whatever the peer sends.
fn unless_full(received: Received) -> io::Result<()> {
    if received == Received::Full { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
}

impl<T: Transport> Read for Stream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.session.read(buffer);
            if count > 0 {
                return Ok(count);
            }
            self.drive_before_reading()?;
            if self.session.machine().recv_state().has_ended() {
                return self.end_of_reading();
            }
            if self.session.is_handshaking() {
                self.complete_handshake()?;
            }
            let Some(transport) = &mut self.transport else { return self.end_of_reading() };
            self.session.receive(transport)?;
        }
    }
}

impl<T: Transport> Write for Stream<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.complete_handshake()?;
        }
        let Some(transport) = &mut self.transport else {
            self.session.tell(Event::Write)?;
            return Err(self.session.ended());
        };
        match self.session.write(transport, data) {
            Ok(taken) => {
                self.flush_what_fits()?;
                Ok(taken)
            }
            Err(error) => Err(self.salvaged(error)?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while let (Some(transport), false) = (&mut self.transport, self.session.is_flushed()) {
            if let Err(error) = self.session.flush(transport) {
                return Err(self.salvaged(error)?);
            }
        }
        Ok(())
    }
}

impl<T: Transport> Stream<T> {
    /// Flushes after a write whose data is taken already: what the transport does not take now waits.
    fn flush_what_fits(&mut self) -> io::Result<()> {
        match self.flush() {
            Err(error) if is_a_wait(&error) => Ok(()),
            flushed => flushed,
        }
    }

    // salvage-alert: a failed write is no reason not to read
    fn salvaged(&mut self, error: io::Error) -> io::Result<io::Error> {
        if is_a_wait(&error) || matches!(inner(&error), Some(Error::Misuse { .. })) {
            return Ok(error);
        }
        self.drive()?;
        Ok(self.session.ended())
    }
}

fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}
