//! The driver that never blocks: one call does one thing, and every call can be repeated after `WouldBlock`.
//!
//! Decides which bytes carry a step. Leaves every closing step to the [`Machine`]: what is kept here beside it is
//! bytes, not states. Records come in by [`receive`](Session::receive), in `session/receive.rs`; the last word goes
//! out by [`step`](Session::step), in `session/step.rs`.

mod receive;
mod step;

use std::fmt;
use std::io;

use close_notify_core::{
    AlertDescription, Ending, Event, Machine, Manner, Output, Policy, Version, recv, send,
};
use close_notify_linger::{errno_of, is_a_wait};
use rustls::Connection;

use crate::engine::Engine;
use crate::error::Error;
use crate::forget::ForgetSession;
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::transport::Transport;

pub use receive::Received;
pub use step::Step;

/// How much plaintext a call takes at most, and how much may wait for a record.
const CHUNK: usize = 16 * 1024;
/// How much sealed output may wait before plaintext waits instead.
const OUTBOX: usize = 20 * 1024;

/// Room that is allocated at once: enough for every last word, so that closing allocates nothing.
const SMALL: usize = 512;

/// What a rejection says whose alert cannot be sealed.
const NO_PROVIDER: &str = "this connection was configured without close_notify::provider, so its keys cannot seal \
     the alert: build the configuration with it, or abort instead";

/// How far a handshake has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    /// Something was done: call again.
    Advanced,
    /// The handshake is done and all of it is in the transport.
    Done,
    /// The connection has an end to see to: call [`Session::step`].
    Ending,
}

/// One TLS connection, its closing machine, and the bytes between them and the transport.
///
/// Shape: the transport is lent to each call and is always the same one. After each fact do what
/// [`machine().output()`](Machine::output) asks by [`step`](Self::step), before anything else is read.
///
/// ```no_run
/// use close_notify::{Output, Session, Step};
/// # fn example(connection: rustls::ClientConnection, socket: &mut std::net::TcpStream) -> std::io::Result<()> {
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
pub struct Session {
    engine: Engine,
    machine: Machine,
    inbox: Inbox,
    outbox: Outbox,
    /// What rustls sealed and the machine has not asked for yet.
    held: Vec<u8>,
    /// Plaintext that no record holds yet.
    pending: Vec<u8>,
    /// Plaintext that came while nobody read.
    kept: Vec<u8>,
    kept_from: usize,
    forget: Option<Box<dyn ForgetSession>>,
}

impl Session {
    /// A session over a connection of rustls, before or after its handshake.
    ///
    /// Shape: rustls must not have read bytes of the transport that it has not processed.
    #[must_use]
    pub fn new(connection: impl Into<Connection>, policy: Policy) -> Self {
        let engine = Engine::new(connection.into());
        let machine = match engine.version() {
            Some(version) if !engine.is_handshaking() => Machine::established(version, engine.role(), policy),
            version => Machine::new(version.unwrap_or(Version::Tls13), engine.role(), policy),
        };
        let mut session = Self {
            engine,
            machine,
            inbox: Inbox::new(),
            outbox: Outbox::new(SMALL),
            held: Vec::with_capacity(SMALL),
            pending: Vec::new(),
            kept: Vec::new(),
            kept_from: 0,
            forget: None,
        };
        session.engine.pull(session.outbox.tail());
        session
    }

    /// The same session, with what it takes to forget its tickets where a rule asks for it.
    #[must_use]
    pub fn with_forget(self, forget: impl ForgetSession + 'static) -> Self {
        Self { forget: Some(Box::new(forget)), ..self }
    }

    /// The closing machine.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.machine.ending()
    }

    /// The connection of rustls.
    #[must_use]
    pub const fn rustls(&self) -> &Connection {
        self.engine.connection()
    }

    /// Whether records pass the hook of [`provider`](crate::provider).
    ///
    /// Without it: `reject` can send no alert once there are keys, levels of alerts and swallowed warnings are not
    /// seen, and a rustls built with debug assertions panics on a bad record behind our close_notify (rustls#959).
    #[must_use]
    pub fn is_hooked(&self) -> bool {
        self.engine.is_hooked()
    }

    /// Whether no application data may be sent yet.
    #[must_use]
    pub const fn is_handshaking(&self) -> bool {
        matches!(self.machine.send_state(), send::State::Handshaking)
    }

    /// Tells the machine what the application asks for, or what the driver's clock says.
    ///
    /// Errors: [`Error::Misuse`] where no row of the tables has it; nothing is changed.
    pub fn tell(&mut self, event: Event) -> io::Result<()> {
        self.machine
            .handle(event)
            .map_err(|illegal| Error::Misuse { illegal, ending: self.machine.ending() }.into())
    }

    /// Asks for the end of the connection in this manner: [`step`](Self::step) then does it.
    ///
    /// Errors: as [`tell`](Self::tell).
    pub fn close(&mut self, manner: Manner) -> io::Result<()> {
        self.tell(Event::Close(manner))
    }

    /// Rejects, where the alert can be sealed.
    ///
    /// Errors: as [`tell`](Self::tell); `Unsupported` where it cannot, nothing changed.
    pub(crate) fn reject(&mut self, alert: AlertDescription) -> io::Result<()> {
        let mut rejected = self.machine;
        let is_legal = rejected.handle(Event::Reject(alert)).is_ok();
        let is_due = matches!(rejected.send_state(), send::State::AlertDue) && self.held.is_empty();
        if is_legal && is_due && !self.engine.can_seal_alerts() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, NO_PROVIDER));
        }
        self.tell(Event::Reject(alert))
    }

    /// Does one step of the handshake: writes what is to be written, or takes one record.
    ///
    /// Errors: `WouldBlock` and `TimedOut` as the transport says them.
    pub fn handshake(&mut self, transport: &mut impl Transport) -> io::Result<Progress> {
        if !self.machine.recv_state().has_ended() && !self.outbox.is_empty() {
            self.flush(transport)?;
            return Ok(self.progress(Progress::Advanced));
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

    /// Takes data to be sent, and writes what the transport takes at once. Returns how much was taken: all of it
    /// will leave before a close_notify, unless the ending says that it was discarded.
    ///
    /// Errors: `BrokenPipe` where the machine refuses a write, nothing taken; `WouldBlock` where no room is left;
    /// the end of the connection where the transport fails.
    pub fn write(&mut self, transport: &mut impl Transport, data: &[u8]) -> io::Result<usize> {
        self.tell(Event::Write)?;
        let taken = self.take(data)?;
        match self.flush(transport) {
            Err(error) if taken > 0 && is_a_wait(&error) => Ok(taken),
            Err(error) => Err(error),
            Ok(()) if taken == 0 && !data.is_empty() => {
                self.take(data).and_then(|taken| self.flush(transport).map(|()| taken))
            }
            Ok(()) => Ok(taken),
        }
    }

    /// Puts data into records, or beside them where too many wait already.
    fn take(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.pending.is_empty() && self.outbox.unsent().len() < OUTBOX - CHUNK {
            return self.seal(&data[..data.len().min(CHUNK)]);
        }
        let taken = data.len().min(CHUNK - self.pending.len());
        self.pending.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    /// Seals data. Where rustls closes at a limit of its keys in its place, the machine is told.
    fn seal(&mut self, data: &[u8]) -> io::Result<usize> {
        let (taken, engine_notified) = self.engine.seal_data(data, self.outbox.tail());
        if engine_notified {
            // RFC 9846 §5.5 · limit-close-counts
            self.tell(Event::EngineNotified)?;
        }
        Ok(taken)
    }

    /// Seals plaintext that had to wait.
    fn seal_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let result = self.seal(&pending);
        self.pending = pending;
        self.pending.drain(..*result.as_ref().unwrap_or(&0));
        result.map(drop)
    }

    /// Writes once of what is sealed; where the transport takes it all, what had to wait is sealed.
    ///
    /// Errors: `WouldBlock` and `TimedOut` as the transport says them; the end of the connection where it fails.
    pub fn flush(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        self.flush_once(transport)?;
        if matches!(self.machine.send_state(), send::State::Failed) { Err(self.ended()) } else { Ok(()) }
    }

    fn flush_once(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        if self.machine.send_state().is_final() {
            return Ok(());
        }
        if self.outbox.is_empty() && matches!(self.machine.send_state(), send::State::Open) {
            self.seal_pending()?;
        }
        self.write_out(|bytes| transport.write(bytes))
    }

    /// Whether nothing that was written waits for the transport.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        (self.outbox.is_empty() && self.pending.is_empty()) || self.machine.send_state().is_final()
    }

    /// One write of the outbox. A failure is a fact, not an error.
    fn write_out(&mut self, write: impl FnOnce(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        match write(self.outbox.unsent()) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            Ok(count) => {
                self.outbox.sent(count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_a_wait(&error) => Err(error),
            Err(error) => self.write_failed(errno_of(&error)),
        }
    }

    /// The transport takes no more: what is sealed will never leave.
    fn write_failed(&mut self, errno: i32) -> io::Result<()> {
        self.outbox.clear();
        self.tell(Event::WriteFailed { errno })
    }

    /// Moves received plaintext to `buffer`; zero says that none waits, not that there is an end.
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

    /// The deadline that [`Output::StartDeadline`](close_notify_core::Output::StartDeadline) asked for has passed.
    ///
    /// Errors: as [`tell`](Self::tell).
    pub fn deadline_passed(&mut self) -> io::Result<()> {
        self.tell(Event::DeadlinePassed)
    }

    /// Reads raw bytes once and throws them away, where the machine asks for
    /// [`Output::Drain`](close_notify_core::Output::Drain).
    ///
    /// Errors: `WouldBlock` and `TimedOut` as the transport says them.
    pub fn drain(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        let unread = self.inbox.unread().len();
        if unread == 0 {
            return close_notify_linger::drain(&mut self.machine, transport, self.inbox.scratch());
        }
        if self.machine.output() != Output::Drain {
            return Ok(());
        }
        self.inbox.consume(unread);
        self.tell(Event::Drained { bytes: u32::try_from(unread).unwrap_or(u32::MAX) })
    }

    /// Gives the transport back to the application, where the machine asks for
    /// [`Output::HandBack`](close_notify_core::Output::HandBack): what was read behind the peer's close_notify.
    ///
    /// Errors: as [`tell`](Self::tell); nothing is given.
    pub fn hand_back(&mut self) -> io::Result<Vec<u8>> {
        if self.machine.output() != Output::HandBack {
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

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("machine", &self.machine).finish_non_exhaustive()
    }
}
