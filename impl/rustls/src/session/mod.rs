//! The driver that never blocks: one call does one thing, and every call can be repeated after
//! `WouldBlock`.
//!
//! Decides which bytes a step sends. Leaves every closing step to the [`Machine`]: besides the
//! machine it keeps bytes, not states. Records are received by [`receive`](Session::receive), in
//! `session/receive.rs`. Data is sent by [`write`](Session::write), in `session/write.rs`, and the
//! last word by [`step`](Session::step), in `session/step.rs`.

mod inbox;
mod outbox;
mod parts;
mod receive;
mod step;
mod write;

use std::fmt;
use std::io;

use close_notify_core::{
    AlertDescription, AlertLevel, Answer, Call, Ending, Event, Machine, Manner, Output, Policy, Role,
    Version, recv, send,
};
use close_notify_linger::Draining;
use rustls::Connection;

use crate::engine::Engine;
use crate::engine::tls::Tls;
use crate::error::{Error, is_a_wait};
use crate::resumption::forget::ForgetSession;
use crate::session::inbox::Inbox;
use crate::session::outbox::Outbox;
use crate::transport::Transport;

pub use receive::Received;
pub use step::Step;

/// The most plaintext that a call takes, and that may wait for a record.
const CHUNK: usize = 16 * 1024;
/// The most sealed output that may wait before plaintext waits instead.
const OUTBOX: usize = 20 * 1024;

/// Allocated at the start: enough for every last word, so that closing allocates nothing.
const SMALL: usize = 512;

/// What `reject` reports if the alert cannot be sealed.
const NO_PROVIDER: &str = "this connection was configured without close_notify::provider, so its keys cannot seal \
     the alert: build the configuration with it, or abort instead";

/// How far a handshake has progressed.
///
/// ```
/// use close_notify::{Pipe, Policy, Progress, Session};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let (client, server) = lab::connections(); // their handshake is done
/// let (mut near, _far) = Pipe::pair(1 << 12);
/// let mut session = Session::new(client, Policy::STRICT);
/// assert_eq!(session.handshake(&mut near)?, Progress::Done);
/// # drop(server);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    /// Something was done: call again.
    Advanced,
    /// The handshake is done, and all of it is in the transport.
    Done,
    /// The connection is ending: call [`Session::step`].
    Ending,
}

/// One TLS connection, its closing machine, and the bytes between them and the transport.
///
/// Each call borrows the transport, which must always be the same one. After each event, do what
/// [`machine().output()`](Machine::output) asks for by calling [`step`](Self::step), before
/// anything else is read.
///
/// ```no_run
/// use close_notify::{Output, Session, Step};
/// # fn example(
/// #     connection: rustls::ClientConnection,
/// #     socket: &mut std::net::TcpStream,
/// # ) -> std::io::Result<()> {
/// let mut session = Session::new(connection, close_notify::Policy::STRICT);
/// while session.handshake(socket)? == close_notify::Progress::Advanced {}
/// session.write(socket, b"hello")?;
/// session.close(close_notify::Manner::Graceful)?;
/// loop {
///     match session.step(socket)? {
///         Step::Waits(Output::AwaitPeer) => drop(session.receive(socket)?),
///         Step::Waits(_) => session.drain(socket)?,
///         Step::Done => break,
///         Step::Did(_) | Step::Blocked | Step::Idle => {}
///     }
/// }
/// println!("{}", session.ending());
/// # Ok(())
/// # }
/// ```
pub struct Session<C = Connection> {
    engine: Engine<C>,
    machine: Machine,
    inbox: Inbox,
    outbox: Outbox,
    /// The transport may hold back what it took.
    unflushed: bool,
    /// What rustls sealed and the machine has not asked for yet.
    held: Vec<u8>,
    /// Plaintext that is not in a record yet.
    pending: Vec<u8>,
    /// Plaintext that arrived while nobody read.
    kept: Vec<u8>,
    kept_from: usize,
    forget: Option<Box<dyn ForgetSession>>,
    /// The first byte of an alert whose second byte has not arrived.
    alert_part: Option<AlertLevel>,
}

impl Session {
    /// Makes a session over a rustls connection, before or after its handshake.
    ///
    /// rustls must not hold a part of a record that it could not open yet. [Adopt](Session::adopt)
    /// a connection that other code has read.
    #[must_use]
    pub fn new(connection: impl Into<Connection>, policy: Policy) -> Self {
        Self::over(connection.into(), policy, Inbox::aligned())
    }
}

impl<C: Tls> Session<C> {
    /// Makes a session over a connection, owned or borrowed, that other code may have read and
    /// written.
    ///
    /// rustls does not reveal how much of a record it holds. Until the end of a first record is
    /// seen, the session gives rustls single bytes, and an end of the transport counts as an end
    /// inside a record.
    ///
    /// The connection must not be closed and must not have failed. rustls does not reveal either
    /// whether it has sent a close_notify or an alert, and the ending knows only what is sent from
    /// here on.
    ///
    /// # Examples
    ///
    /// ```
    /// use close_notify::{Policy, ReadEnd, Session};
    /// # let provider = close_notify::provider(rustls::crypto::ring::default_provider());
    /// # let config = rustls::ClientConfig::builder_with_provider(provider.into())
    /// #     .with_safe_default_protocol_versions()?
    /// #     .with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    /// let mut connection = rustls::ClientConnection::new(config.into(), "localhost".try_into()?)?;
    /// let session = Session::adopt(&mut connection, Policy::STRICT);
    /// assert_eq!(session.ending().reading, ReadEnd::Open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn adopt(connection: C, policy: Policy) -> Self {
        // A client that has not sent its first message yet has read nothing.
        let common = connection.common();
        let is_fresh = common.is_handshaking() && common.wants_write() && connection.role() == Role::Client;
        let inbox = if is_fresh { Inbox::aligned() } else { Inbox::strayed() };
        let mut session = Self::over(connection, policy, inbox);
        if !session.outbox.is_empty() {
            // Data that other code wrote and did not flush. During the handshake there is none.
            let _ = session.tell(Event::Write);
        }
        session.tell_what_came_before();
        session
    }

    fn over(connection: C, policy: Policy, inbox: Inbox) -> Self {
        let engine = Engine::new(connection);
        let machine = match engine.version() {
            Some(version) if !engine.is_handshaking() => Machine::established(version, engine.role(), policy),
            version => Machine::new(version.unwrap_or(Version::Tls13), engine.role(), policy),
        };
        let mut session = Self {
            engine,
            machine,
            inbox,
            outbox: Outbox::new(SMALL),
            unflushed: false,
            held: Vec::with_capacity(SMALL),
            pending: Vec::new(),
            kept: Vec::new(),
            kept_from: 0,
            forget: None,
            alert_part: None,
        };
        session.engine.pull(session.outbox.tail());
        session
    }

    /// Sets how the session's tickets are forgotten when a rule requires it.
    #[must_use]
    pub fn with_forget(self, forget: impl ForgetSession + 'static) -> Self {
        Self { forget: Some(Box::new(forget)), ..self }
    }

    /// The closing machine.
    #[must_use]
    #[inline]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.machine.ending()
    }

    /// The rustls connection.
    #[must_use]
    pub const fn rustls(&self) -> &C {
        self.engine.connection()
    }

    /// Whether records pass through the hook of [`provider`](crate::provider).
    ///
    /// Without it, `reject` cannot send an alert once there are keys. The levels of alerts,
    /// warnings that rustls swallows, and alerts in parts are not seen. A rustls that is built with
    /// debug assertions panics on a bad record after our close_notify (rustls#959).
    #[must_use]
    pub fn is_hooked(&self) -> bool {
        self.engine.is_hooked()
    }

    /// Whether application data may not be sent yet.
    #[must_use]
    pub const fn is_handshaking(&self) -> bool {
        matches!(self.machine.send_state(), send::State::Handshaking)
    }

    /// Passes an event to the machine: what the application asks for, or what the driver's clock
    /// says.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] if no row of the tables has this event. Nothing is changed.
    pub fn tell(&mut self, event: Event) -> io::Result<()> {
        self.machine
            .handle(event)
            .map_err(|illegal| Error::Misuse { illegal, ending: self.machine.ending() }.into())
    }

    /// Asks for the end of the connection in this manner; [`step`](Self::step) then does it.
    ///
    /// An event loop does the steps of every manner, so this call takes them all, also those that
    /// are not always legal. The streams have other calls for these, and their `close` takes a
    /// [`Close`](crate::Close), which is a manner by [`Close::manner`](crate::Close::manner).
    ///
    /// # Errors
    ///
    /// Fails as [`tell`](Self::tell) does.
    pub fn close(&mut self, manner: Manner) -> io::Result<()> {
        self.tell(Event::Close(manner))
    }

    /// Rejects the connection, if the alert can be sealed.
    ///
    /// Fails as [`tell`](Self::tell) does, and with `Unsupported` if the alert cannot be sealed;
    /// nothing has changed then.
    pub(crate) fn reject(&mut self, alert: AlertDescription) -> io::Result<()> {
        let mut rejected = self.machine;
        let is_legal = rejected.handle(Event::Reject(alert)).is_ok();
        let is_due = matches!(rejected.send_state(), send::State::AlertDue) && self.held.is_empty();
        if is_legal && is_due && !self.engine.can_seal_alerts() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, NO_PROVIDER));
        }
        self.tell(Event::Reject(alert))
    }

    /// Does one step of the handshake: writes what is due, or takes one record if writing must
    /// wait.
    ///
    /// # Errors
    ///
    /// `WouldBlock` and `TimedOut` as the transport returns them.
    pub fn handshake(&mut self, transport: &mut impl Transport) -> io::Result<Progress> {
        let may_leave = !self.is_taken() && !self.machine.send_state().is_final();
        if !self.machine.recv_state().has_ended() && may_leave {
            match self.flush(transport) {
                // A peer that is blocked like us reads again once we have read.
                Err(error) if is_a_wait(&error) && self.engine.is_handshaking() => {}
                flushed => return flushed.map(|()| self.progress(Progress::Advanced)),
            }
        }
        if !self.engine.is_handshaking() {
            return Ok(self.progress(Progress::Done));
        }
        self.receive(transport)?;
        Ok(self.progress(Progress::Advanced))
    }

    fn progress(&self, otherwise: Progress) -> Progress {
        let nothing_ends = self.machine.output() == Output::Idle && !self.machine.recv_state().has_ended();
        if nothing_ends { otherwise } else { Progress::Ending }
    }

    /// Whether the peer's data waits for [`read`](Self::read).
    #[must_use]
    pub fn has_plaintext(&mut self) -> bool {
        self.kept_from < self.kept.len() || self.engine.has_plaintext()
    }

    /// How many TLS 1.3 tickets have arrived: none before the server has seen our Finished.
    pub(crate) fn tickets_received(&self) -> u32 {
        self.engine.tickets_received()
    }

    /// What is left to drain, if only the transport is left.
    pub(crate) fn lingering(&self) -> Option<Draining> {
        if self.inbox.unread().is_empty() { self.machine.lingering() } else { None }
    }

    /// Puts back plaintext, to be read again before everything that came after it.
    pub(crate) fn put_back(&mut self, mut plaintext: Vec<u8>) {
        plaintext.extend_from_slice(&self.kept[self.kept_from..]);
        (self.kept, self.kept_from) = (plaintext, 0);
    }

    /// Whether a record from the peer would be taken now.
    pub(crate) fn may_receive(&self) -> bool {
        !self.machine.recv_state().has_ended() && !self.is_full()
    }

    /// Moves received plaintext to `buffer`. Zero means that none is waiting, not that this is the
    /// end.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        let kept = &self.kept[self.kept_from..];
        if kept.is_empty() {
            return self.engine.read(buffer);
        }
        let count = kept.len().min(buffer.len());
        buffer[..count].copy_from_slice(&kept[..count]);
        self.kept_from += count;
        if self.kept_from == self.kept.len() {
            self.kept.clear();
            self.kept_from = 0;
        }
        count
    }

    /// Reports that the deadline that
    /// [`Output::StartDeadline`](close_notify_core::Output::StartDeadline) asked for has passed.
    ///
    /// # Errors
    ///
    /// Fails as [`tell`](Self::tell) does.
    pub fn deadline_passed(&mut self) -> io::Result<()> {
        self.tell(Event::DeadlinePassed)
    }

    /// Reads raw bytes once and throws them away.
    ///
    /// Call it when the machine asks for [`Output::Drain`](close_notify_core::Output::Drain), or
    /// after [`Step::Blocked`] if the machine [allows](Machine::may_drain) it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` and `TimedOut` as the transport returns them.
    pub fn drain(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        if self.inbox.unread().is_empty() {
            return close_notify_linger::drain(&mut self.machine, transport, self.inbox.scratch());
        }
        self.drain_what_came().map(drop)
    }

    /// Throws away bytes that were read from the transport before, if the machine asks for that.
    /// Returns whether there were any.
    pub(crate) fn drain_what_came(&mut self) -> io::Result<bool> {
        let unread = self.inbox.unread().len();
        if unread == 0 || !self.machine.may_drain() {
            return Ok(false);
        }
        self.inbox.consume(unread);
        self.tell(Event::Drained { bytes: u32::try_from(unread).unwrap_or(u32::MAX) })?;
        Ok(true)
    }

    /// Gives the transport back to the application, and returns what was read after the peer's
    /// close_notify.
    ///
    /// Call it when the machine asks for [`Output::HandBack`](close_notify_core::Output::HandBack).
    ///
    /// # Errors
    ///
    /// Fails as [`tell`](Self::tell) does; nothing is given back.
    pub fn hand_back(&mut self) -> io::Result<Vec<u8>> {
        if self.machine.answer(Call::HandBack) != Answer::Done {
            return Err(self.ended());
        }
        self.tell(Event::TransportHandedBack)?;
        let leftover = self.inbox.unread().to_vec();
        self.inbox.consume(leftover.len());
        Ok(leftover)
    }

    /// The error that says how the connection ended.
    pub(crate) fn ended(&mut self) -> io::Error {
        let refused = matches!(self.machine.recv_state(), recv::State::Refused);
        let cause = if refused { self.engine.error() } else { None };
        Error::ended(self.machine.ending(), cause).into()
    }
}

impl<C> fmt::Debug for Session<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("machine", &self.machine).finish_non_exhaustive()
    }
}
