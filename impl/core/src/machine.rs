//! The closing machine of one end of one connection: its parts, and the one place that moves them.
//!
//! The driver handles bytes, keys, clocks and sockets. The machine decides every closing step.
//!
//! # Theory of operation
//!
//! The machine has four parts. The moves of each are a table of its own, which does not know the
//! other parts, the version or the policy:
//!
//! * [`send`], the sending half: whether our last word is due, leaving, out, or will never leave.
//!   The last word is a close_notify or a fatal alert.
//! * [`recv`], the receiving half: what ended the peer's direction. The first end is kept.
//! * [`transport`], the connection under TLS: who ended it, and how. It contains no TLS.
//! * [`Manner`]: the end that the application wants. A later request can only hasten it.
//!
//! `couple` joins the parts: [`Machine::moves`] turns an event into at most one move of each. It
//! looks at the version, the policy, the evidence and the present states, but never at the role:
//!
//! * Up to TLS 1.2 the peer's close_notify may force ours: the policy says how. In TLS 1.3 the
//!   halves are independent. Before the handshake is done, it forces ours in every version.
//! * A fatal alert ends both halves, whether it is ours or comes before the receiving half has
//!   ended.
//! * A close moves the sending half. `Linger`, `AtOnce` and `Abort` do not wait for the peer's
//!   close_notify, and end the receiving half too.
//! * A FIN ends only the receiving half. A failed write ends only the sending half, because the
//!   peer's alert may still be readable. A reset ends both.
//! * The deadline or the budget ends all waiting, and with it both halves.
//!
//! An event goes through [`Machine::handle`] in five steps:
//!
//! 1. `couple` turns it into moves.
//! 2. Each part says what follows. If one refuses its move, nothing has changed.
//! 3. `evidence` keeps what the event shows. It sees the states before and after the event.
//! 4. All parts are assigned. No other code assigns them.
//! 5. If nothing is waited for any more, the deadline no longer runs.
//!
//! No move causes another move. What the states together require is not a transition but an
//! [`Output`], and [`Machine::output`] is a pure function of the machine. So nothing is queued: a
//! driver that was interrupted asks again. An event can still change what comes next: an alert
//! replaces a close_notify that is not sealed yet. Two machines that are equal have the same
//! future, so the model visits equal states once.
//!
//! Outputs have a fixed order: discard, forget the session, start the deadline, send the last word,
//! shut the write side; then wait, drain, hand back, close or reset. After the release of the
//! transport only the first two are left.
//!
//! Evidence is what the states do not say: alerts, the first error number, byte counts, who closed
//! first, how the transport ended, and which outputs are done. `couple` reads it: if one call has
//! returned a reset, a later end of stream is not taken for a FIN. `output` reads it, so that
//! nothing is asked for twice. `ending`, `answer` and `resume` read it for what is proved. What it
//! keeps is never taken back, except for two facts about the present: that the deadline runs, and
//! that not everything written is in the transport.
//!
//! Sources: RFC 9846 §5.5, §6.1; RFC 9112 §9.6; RFC 4511 §4.14.3.1; each rule names its duty.

use core::hash::{Hash, Hasher};

use crate::ending::NotSent;
use crate::event::Event;
use crate::evidence::{Evidence, Known};
use crate::illegal::Illegal;
use crate::manner::Manner;
use crate::output::Output;
use crate::policy::{LateData, Policy};
use crate::version::{Role, Version};
use crate::{recv, send, transport};

/// The closing machine of one end of one connection. It holds no resources, so it can be copied,
/// compared and hashed.
///
/// Report events with [`handle`](Self::handle), do what [`output`](Self::output) returns and report
/// the result, until it returns [`Output::Done`] or [`Output::Idle`].
///
/// ```
/// # use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::Close(Manner::AtOnce))?;
/// assert_eq!(machine.output(), Output::StartDeadline);
/// machine.handle(Event::DeadlineStarted)?;
/// assert_eq!(machine.output(), Output::SendCloseNotify { fin_follows: true });
/// machine.handle(Event::OutputSealed)?;
/// machine.handle(Event::OutputWritten)?;
/// assert_eq!(machine.output(), Output::ShutWrite);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    pub(crate) version: Version,
    pub(crate) role: Role,
    pub(crate) policy: Policy,
    pub(crate) send: send::State,
    pub(crate) recv: recv::State,
    pub(crate) transport: transport::State,
    pub(crate) manner: Manner,
    pub(crate) evidence: Evidence,
}

/// Hashes only what changes during the life of a machine, in few writes: explorers hash millions of
/// machines with the same version, role and policy.
impl Hash for Machine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let place = [self.send as u8, self.recv as u8, self.transport as u8, self.manner as u8];
        state.write_u32(u32::from_le_bytes(place));
        self.evidence.hash(state);
    }
}

impl Machine {
    /// A machine before the first byte of the handshake.
    #[must_use]
    pub const fn new(version: Version, role: Role, policy: Policy) -> Self {
        Self {
            version,
            role,
            policy,
            send: send::State::Handshaking,
            recv: recv::State::Plain,
            transport: transport::State::Open,
            manner: Manner::Unasked,
            evidence: Evidence::NONE,
        }
    }

    /// A machine whose handshake is done.
    #[must_use]
    pub const fn established(version: Version, role: Role, policy: Policy) -> Self {
        Self { send: send::State::Open, recv: recv::State::Open, ..Self::new(version, role, policy) }
    }

    /// Handles an event: moves both halves, the transport and the evidence together.
    ///
    /// Events may come in any order in which they happen. After the release of the transport only
    /// the answers to [`Output::DiscardPending`] and [`Output::ForgetSession`] still count.
    ///
    /// # Errors
    ///
    /// [`Illegal`] if the event is impossible in the current state. The machine is unchanged.
    #[inline]
    pub const fn handle(&mut self, event: Event) -> Result<(), Illegal> {
        let moves = match self.moves(event) {
            Ok(moves) => moves,
            Err(illegal) => return Err(illegal),
        };
        let manner = match self.manner.then(moves.manner) {
            Ok(manner) => manner,
            Err(illegal) => return Err(illegal),
        };
        let send = match moves.send {
            Some(event) => self.send.next(event),
            None => Ok(self.send),
        };
        let recv = match moves.recv {
            Some(event) => self.recv.next(event),
            None => Ok(self.recv),
        };
        let transport = match moves.transport {
            Some(event) => self.transport.next(event),
            None => Ok(self.transport),
        };
        match (send, recv, transport) {
            (Ok(send), Ok(recv), Ok(transport)) => {
                self.note_transport(event, transport);
                self.note(event, send, recv);
                (self.send, self.recv, self.transport) = (send, recv, transport);
                self.manner = manner;
                // The deadline ends with its wait. The next wait gets a full one.
                if self.deadline_runs() && !self.waits() {
                    self.evidence.forget(Known::DeadlineStarted);
                }
                Ok(())
            }
            (Err(illegal), _, _) | (_, Err(illegal), _) | (_, _, Err(illegal)) => Err(illegal),
        }
    }

    /// The next step of the driver. It stays the same until an event answers it.
    #[must_use]
    #[inline]
    pub const fn output(&self) -> Output {
        if self.discard_is_due() {
            return Output::DiscardPending;
        }
        if self.must_forget() && !self.evidence.knows(Known::SessionForgotten) {
            return Output::ForgetSession;
        }
        if self.transport.is_released() {
            return Output::Done;
        }
        if self.deadline_is_due() {
            return Output::StartDeadline;
        }
        match self.last_word() {
            Some(output) => output,
            None => self.rest(),
        }
    }

    /// Whether the deadline that [`Output::StartDeadline`] asked for is running. It ends by itself
    /// when nothing is waited for: a side that has shut its write side may read for as long as it
    /// likes.
    #[must_use]
    pub const fn deadline_runs(&self) -> bool {
        self.evidence.knows(Known::DeadlineStarted)
    }

    /// Whether the application may write data now.
    #[must_use]
    pub const fn may_write(&self) -> bool {
        matches!(self.send, send::State::Open)
    }

    /// Whether application data that arrives now is delivered to the application.
    ///
    /// Call it before reporting the data as [`Event::PeerData`]. Data that is not delivered is
    /// counted as [`Ending::late`](crate::Ending::late), unless it came after the peer's
    /// close_notify.
    #[must_use]
    pub const fn delivers_data(&self) -> bool {
        let wanted = !self.is_late() || matches!(self.policy.late_data, LateData::Deliver);
        matches!(self.recv, recv::State::Open | recv::State::EarlyData) && wanted
    }

    /// Whether raw bytes of the peer may be read and discarded now.
    ///
    /// This is so if [`Output::Drain`] asks for it. It is also so while our last word waits for
    /// room and nothing that the peer sends matters any more: a peer that is blocked too takes our
    /// bytes after we have taken its own.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// for event in [Event::Close(Manner::Linger), Event::DeadlineStarted, Event::OutputSealed] {
    ///     machine.handle(event)?;
    /// }
    /// assert_eq!(machine.output(), Output::SendCloseNotify { fin_follows: true });
    /// assert!(machine.may_drain());
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    // no-mutual-wait; RFC 4511 §4.14.3.1 · handback-exact: what follows TLS is not discarded
    #[must_use]
    pub const fn may_drain(&self) -> bool {
        let output = self.output();
        let is_unheard = self.recv.has_ended() && matches!(self.transport, transport::State::Open);
        let is_over = self.manner.is_closing() && !matches!(self.manner, Manner::HandBack);
        matches!(output, Output::Drain) || (output.is_a_last_word() && is_unheard && is_over)
    }

    /// The TLS version of the connection.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Which end of the connection this machine is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The choices of the application.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// How the application wants the connection to end.
    #[must_use]
    pub const fn manner(&self) -> Manner {
        self.manner
    }

    /// The state of the sending half.
    #[must_use]
    pub const fn send_state(&self) -> send::State {
        self.send
    }

    /// The state of the receiving half.
    #[must_use]
    pub const fn recv_state(&self) -> recv::State {
        self.recv
    }

    /// The state of the transport.
    #[must_use]
    pub const fn transport_state(&self) -> transport::State {
        self.transport
    }

    /// Whether data that comes now would come after the end that we asked for.
    pub(crate) const fn is_late(&self) -> bool {
        self.manner.is_closing()
    }

    /// Whether data that comes now ends the wait as an error.
    pub(crate) const fn refuses_late_data(&self) -> bool {
        self.is_late() && !self.recv.has_ended() && matches!(self.policy.late_data, LateData::Refuse)
    }

    const fn discard_is_due(&self) -> bool {
        use send::State as S;
        match self.send {
            S::ReplyDue => true,
            // RFC 9846 §5.5 · limit-close-counts, cut-is-visible
            S::NotifyLeaving => {
                self.evidence.knows(Known::EngineNotified) && !self.evidence.knows(Known::PendingDiscarded)
            }
            S::AlertDue | S::Silenced | S::SilencedShut | S::Failed | S::Aborted => {
                !self.evidence.knows(Known::PendingDiscarded)
            }
            _ => false,
        }
    }

    const fn deadline_is_due(&self) -> bool {
        self.waits()
            && !self.evidence.knows(Known::DeadlineStarted)
            && !matches!(self.send, send::State::Aborted)
    }

    // RFC 9112 §9.6 · every-close-ends: a last word needs room in the transport, no matter who
    // asked for it
    /// Whether the machine waits for something that the peer can withhold.
    const fn waits(&self) -> bool {
        self.manner.is_closing() || self.salvages() || self.last_word().is_some()
    }

    /// What the sending half still has to send or shut.
    const fn last_word(&self) -> Option<Output> {
        use send::State as S;
        let shuts = self.manner.shuts_write_side();
        match self.send {
            S::NotifyDue | S::NotifyLeaving => Some(Output::SendCloseNotify { fin_follows: shuts }),
            S::AlertDue | S::AlertLeaving => Some(Output::SendAlert { alert: self.evidence.own_alert() }),
            S::Notified | S::Alerted | S::Silenced if shuts => Some(Output::ShutWrite),
            _ => None,
        }
    }

    /// What is left after the last word: wait, hand back or close.
    const fn rest(&self) -> Output {
        let waits = !self.recv.has_ended();
        match self.manner {
            Manner::Unasked | Manner::HalfClose if self.salvages() => Output::AwaitPeer,
            // every-call-ends, notify-before-fin: nothing can be sent or received any more, and a
            // close would send a FIN
            Manner::Unasked | Manner::HalfClose if self.has_given_up() => Output::ResetTransport,
            Manner::Unasked | Manner::HalfClose => Output::Idle,
            Manner::Graceful | Manner::HandBack if waits => Output::AwaitPeer,
            // RFC 4511 §4.14.3.1 · wait-before-handback
            Manner::HandBack if self.is_handed_back_clean() => Output::HandBack,
            // RFC 9112 §9.6 · alert-survives-close, data-survives-close
            Manner::Linger | Manner::Reject if matches!(self.transport, transport::State::Open) => {
                Output::Drain
            }
            // RFC 9846 §6.1 · notify-before-fin: a close would send a FIN although no last word
            // could be sent
            Manner::Graceful | Manner::HandBack | Manner::Linger | Manner::AtOnce | Manner::Reject
                if matches!(self.send, send::State::Failed) =>
            {
                Output::ResetTransport
            }
            Manner::Graceful | Manner::HandBack | Manner::Linger | Manner::AtOnce | Manner::Reject => {
                Output::CloseTransport
            }
            Manner::Abort => Output::ResetTransport,
        }
    }

    /// Whether the deadline has ended a wait.
    const fn has_given_up(&self) -> bool {
        let unsaid =
            matches!(self.send, send::State::Failed) && matches!(self.evidence.unsent, NotSent::GaveUp);
        unsaid || matches!(self.recv, recv::State::TimedOut)
    }

    /// Whether both sides have sent close_notify and the transport still works.
    pub(crate) const fn is_handed_back_clean(&self) -> bool {
        matches!(self.recv, recv::State::PeerNotified) && matches!(self.send, send::State::Notified)
    }

    // salvage-alert: a failed write is no reason to stop reading
    /// Whether a write has failed and the peer may still send the reason.
    #[must_use]
    pub const fn salvages(&self) -> bool {
        matches!(self.send, send::State::Failed) && !self.recv.has_ended()
    }
}
