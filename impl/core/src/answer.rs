//! What a call of the application returns: done, not yet, or an error.
//!
//! Applications rely on what their calls return, and rarely read an [`Ending`](crate::Ending). So
//! the answer is decided here, by a pure function of the machine's state. The adapters ask for it,
//! and decide how to wait and what an error looks like.
//!
//! | call | `Done` when | `Failed` if |
//! | --- | --- | --- |
//! | `Read` | the peer sent close_notify and nothing before it was discarded, or a FIN came that the policy tolerates | reading ended otherwise |
//! | `Write` | data may be written | writing has ended |
//! | `Flush` | everything written is in the transport | the transport or its FIN failed, we reset it, or something was discarded |
//! | `Shutdown` | everything written, our close_notify and our FIN are in the transport | one of them never will be |
//! | `Close` | the transport is released | never: the ending says how it went |
//! | `HandBack` | both sides have sent close_notify, and the transport still works | the connection ended otherwise |
//! | `PeerClosed` | reading has ended | never |
//! | `Confirm` | the handshake is known to be accepted, or the peer sent close_notify, which does not say | reading ended otherwise |
//!
//! Until then each is `Wait`. Every wait ends: with room in the transport, with an event from the
//! peer, or with [`Event::DeadlinePassed`](crate::Event::DeadlinePassed) after
//! [`Output::StartDeadline`].
//!
//! Sources: docs/requirements.md · no-ok-over-a-loss, flushed-means-left, shut-means-said,
//! every-call-ends.

use crate::evidence::Known;
use crate::framing::FramingState;
use crate::machine::Machine;
use crate::output::Output;
use crate::{recv, send};

/// A call of the application that may have to wait, or that may fail.
///
/// ```
/// # use close_notify_core::{Answer, Call, Event, Machine, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::Write)?;
/// assert_eq!(machine.answer(Call::Flush), Answer::Wait);
/// machine.handle(Event::Flushed)?;
/// assert_eq!(machine.answer(Call::Flush), Answer::Done);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// Reading, after all available data has been delivered: is this the end?
    Read {
        /// The position of the application protocol.
        framing: FramingState,
    },
    /// Writing: may data be written?
    Write,
    /// Flushing: is everything written in the transport?
    Flush,
    /// Shutting down the write side: has everything written left, and close_notify and FIN after
    /// it?
    Shutdown,
    /// Closing, rejecting or aborting: is the connection over?
    Close,
    /// Asking for the transport back: may it be handed back?
    HandBack,
    /// Asking whether the peer has ended the connection.
    PeerClosed,
    /// Asking whether the peer accepted our handshake.
    Confirm {
        /// Whether something has arrived that proves it, or no proof is needed.
        is_known: bool,
    },
}

/// The result of a call.
///
/// ```
/// # use close_notify_core::{Answer, Call, Event, Machine, Manner, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls12, Role::Client, Policy::STRICT);
/// machine.handle(Event::Close(Manner::HalfClose))?;
/// assert_eq!(machine.answer(Call::Shutdown), Answer::Wait);
/// machine.handle(Event::TransportReset { errno: 104 })?;
/// assert_eq!(machine.answer(Call::Shutdown), Answer::Failed);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// `Ok`: what the call asks for has happened.
    Done,
    /// Nothing yet: do what [`Machine::output`] asks, and ask again.
    Wait,
    /// An error that carries the ending: what the call asks for will never happen.
    Failed,
}

impl Machine {
    /// The answer to a call of the application in the current state.
    ///
    /// `Done` and `Failed` are final for all calls but [`Call::Write`] and [`Call::Flush`], as long
    /// as nothing more is written.
    ///
    /// ```
    /// # use close_notify_core::*;
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// let read = Call::Read { framing: FramingState::DelimitedByEnd };
    /// assert_eq!(machine.answer(read), Answer::Wait);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.answer(read), Answer::Failed); // and not `Ok(0)`
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn answer(&self, call: Call) -> Answer {
        match call {
            Call::Read { framing } => self.answer_to_read(framing),
            Call::Write => self.answer_to_write(),
            Call::Flush => self.answer_to_flush(),
            Call::Shutdown => self.answer_to_shutdown(),
            Call::Close => self.answer_to_close(),
            Call::HandBack => self.answer_to_hand_back(),
            Call::PeerClosed if self.recv.has_ended() => Answer::Done,
            Call::PeerClosed => Answer::Wait,
            Call::Confirm { is_known } => self.answer_to_confirm(is_known),
        }
    }

    // RFC 9846 §6.1 · no-ok-over-a-loss: `Ok(0)` means that this was everything
    const fn answer_to_read(&self, framing: FramingState) -> Answer {
        if !self.recv.has_ended() {
            Answer::Wait
        } else if self.reads_as_end(framing) {
            Answer::Done
        } else {
            Answer::Failed
        }
    }

    const fn answer_to_write(&self) -> Answer {
        if self.may_write() {
            Answer::Done
        } else if matches!(self.send, send::State::Handshaking) && !self.recv.has_ended() {
            Answer::Wait
        } else {
            Answer::Failed
        }
    }

    // POSIX write(2) · flushed-means-left
    const fn answer_to_flush(&self) -> Answer {
        let broke = matches!(self.send, send::State::Failed | send::State::Aborted);
        // A transport that holds bytes back until its FIN has lost them if the FIN failed.
        if broke || self.has_lost_output() || self.evidence.knows(Known::FinFailed) {
            Answer::Failed
        } else if self.evidence.knows(Known::Unflushed) {
            Answer::Wait
        } else {
            Answer::Done
        }
    }

    // RFC 9846 §6.1 · shut-means-said: the peer can know that this was everything
    const fn answer_to_shutdown(&self) -> Answer {
        use send::State as S;
        let failed = self.has_lost_output() || self.evidence.knows(Known::FinFailed);
        match self.send {
            S::NotifiedShut if !failed => Answer::Done,
            S::Handshaking | S::Open | S::ReplyDue | S::NotifyDue | S::NotifyLeaving | S::Notified
                if !failed && !self.transport.is_released() =>
            {
                Answer::Wait
            }
            _ => Answer::Failed,
        }
    }

    // every-close-ends: the ending says how it ended
    const fn answer_to_close(&self) -> Answer {
        if matches!(self.output(), Output::Done) { Answer::Done } else { Answer::Wait }
    }

    // RFC 4511 §4.14.3.1 · wait-before-handback
    const fn answer_to_hand_back(&self) -> Answer {
        match self.output() {
            Output::HandBack => Answer::Done,
            Output::Done => Answer::Failed,
            _ => Answer::Wait,
        }
    }

    /// A close_notify neither refuses nor proves the handshake: `Done`, but nothing is known.
    const fn answer_to_confirm(&self, is_known: bool) -> Answer {
        if is_known || matches!(self.recv, recv::State::PeerNotified) {
            Answer::Done
        } else if self.recv.has_ended() {
            Answer::Failed
        } else {
            Answer::Wait
        }
    }
}
