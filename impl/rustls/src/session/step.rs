//! Does once what the machine asks for: each output, its bytes, and the event that answers it.

use std::io;

use close_notify_core::{AlertDescription, Event, Output, send};
use close_notify_linger::errno_of;

use super::Session;
use crate::engine::tls::Tls;
use crate::engine::{CLOSE_NOTIFY, Unsealable};
use crate::error::is_a_wait;
use crate::transport::Transport;

/// Level fatal.
const FATAL: u8 = 2;

/// What one call of [`Session::step`] did.
///
/// ```
/// use close_notify::{Manner, Output, Pipe, Policy, Session, Step};
/// # mod lab { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.rs")); }
/// # fn main() -> std::io::Result<()> {
/// let (client, _) = lab::connections();
/// let (mut near, _far) = Pipe::pair(1 << 12);
/// let mut session = Session::new(client, Policy::STRICT);
/// assert_eq!(session.step(&mut near)?, Step::Idle);
///
/// session.close(Manner::Graceful)?;
/// while let Step::Did(output) = session.step(&mut near)? {
///     println!("{output:?}"); // the close_notify, the FIN, the deadline, which the caller keeps
/// }
/// assert_eq!(session.step(&mut near)?, Step::Waits(Output::AwaitPeer)); // receive now
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// This output, or a part of it. After `CloseTransport` and `ResetTransport` the caller drops
    /// the transport; after `StartDeadline` it starts a clock.
    Did(Output),
    /// Nothing: the transport takes no more right now. A peer that is blocked like us takes our
    /// bytes once we have taken its bytes: call [`drain`](Session::drain) if the machine
    /// [allows](close_notify_core::Machine::may_drain) it, and [`receive`](Session::receive)
    /// otherwise.
    Blocked,
    /// Nothing: the caller must [`receive`](Session::receive), [`drain`](Session::drain) or
    /// [`hand_back`](Session::hand_back).
    Waits(Output),
    /// Nothing is due: it is the application's turn.
    Idle,
    /// The ending is final.
    Done,
}

impl<C: Tls> Session<C> {
    /// Does once what the machine asks for.
    ///
    /// # Errors
    ///
    /// Fails as [`tell`](Self::tell) does, which would be a bug in this crate. A failure of the
    /// transport is not an error here: the machine records it.
    pub fn step(&mut self, transport: &mut impl Transport) -> io::Result<Step> {
        let output = self.machine.output();
        let done = match output {
            Output::Idle if self.is_flushed() => return Ok(Step::Idle),
            Output::Idle => self.flush_once(transport),
            Output::Done => return Ok(Step::Done),
            Output::AwaitPeer | Output::Drain | Output::HandBack => return Ok(Step::Waits(output)),
            Output::DiscardPending => self.discard_pending(),
            Output::SendCloseNotify { fin_follows } => {
                self.send_last_word(transport, CLOSE_NOTIFY, fin_follows)
            }
            Output::SendAlert { alert: AlertDescription(code) } => {
                self.send_last_word(transport, [FATAL, code], true)
            }
            Output::ShutWrite => self.shut_write(transport),
            Output::ForgetSession => self.forget_session(),
            Output::StartDeadline => self.tell(Event::DeadlineStarted),
            Output::CloseTransport => self.tell(Event::TransportClosed),
            Output::ResetTransport => self.reset(transport),
        };
        match done {
            Ok(()) => Ok(Step::Did(output)),
            Err(error) if is_a_wait(&error) => Ok(Step::Blocked),
            Err(error) => Err(error),
        }
    }

    fn discard_pending(&mut self) -> io::Result<()> {
        let bytes = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
        self.pending.clear();
        if self.machine.send_state().is_final() {
            self.outbox.clear();
        }
        self.tell(Event::PendingDiscarded { bytes })
    }

    /// Seals the last word, or continues writing it.
    fn send_last_word(
        &mut self,
        transport: &mut impl Transport,
        word: [u8; 2],
        last: bool,
    ) -> io::Result<()> {
        use send::State as S;
        if matches!(self.machine.send_state(), S::NotifyDue | S::AlertDue) {
            return self.seal_last_word(word);
        }
        let unsent = self.outbox.unsent().len();
        let written = self.write_out(transport, last);
        self.tell_what_left(unsent, last)?;
        written
    }

    fn seal_last_word(&mut self, word: [u8; 2]) -> io::Result<()> {
        while !self.pending.is_empty() {
            let before = self.pending.len();
            self.seal_pending()?;
            if self.pending.len() == before {
                break;
            }
        }
        if matches!(self.machine.send_state(), send::State::NotifyLeaving) {
            return Ok(());
        }
        if word != CLOSE_NOTIFY && !self.held.is_empty() {
            self.outbox.tail().append(&mut self.held);
            return self.tell(Event::OutputSealed);
        }
        match self.engine.seal_alert(word, self.outbox.tail()) {
            Ok(()) => self.tell(Event::OutputSealed),
            Err(Unsealable) => {
                self.outbox.clear();
                self.tell(Event::OutputUnsealable)
            }
        }
    }

    /// A write side that cannot be shut is gone already, so both events are reported. ENOTCONN does
    /// not say why it is gone; the error number that says it still waits in the socket
    /// (shutdown(2)).
    fn shut_write(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        match transport.shut_write() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) if is_a_wait(&error) => return Err(error),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                self.tell(Event::WriteFailed { errno: 0 })?;
            }
            Err(error) => self.tell(Event::WriteFailed { errno: errno_of(&error) })?,
        }
        self.tell(Event::WriteShut)
    }

    fn forget_session(&mut self) -> io::Result<()> {
        if let Some(forget) = &self.forget {
            forget.forget();
        }
        self.tell(Event::SessionForgotten)
    }

    fn reset(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        self.outbox.clear();
        // A transport that cannot be reset is dropped anyway: the machine must not wait for it.
        let _ = transport.reset();
        self.tell(Event::TransportResetByUs)
    }
}
