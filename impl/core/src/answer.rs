//! What a call of the application answers: done, not yet, or an error.
//!
//! Applications go by what their calls return, and rarely read an [`Ending`](crate::Ending). So the
//! answer is decided here, by a pure function of where the machine stands, and the adapters ask for
//! it. Leaves to them how a wait is done, and how an error looks.
//!
//! | call | `Done` once | `Failed` if |
//! | --- | --- | --- |
//! | `Read` | a close_notify came before which nothing was thrown away, or a FIN that the policy tolerates | reading ended otherwise |
//! | `Write` | data may be taken | writing has ended |
//! | `Flush` | all that was written is in the transport | the transport or its FIN failed, we reset it, or something was discarded |
//! | `Shutdown` | all that, our close_notify and our FIN are | one of them never will be |
//! | `Close` | the transport is let go of | never: the ending says how it went |
//! | `HandBack` | both have said close_notify, and the transport goes on | the connection is over otherwise |
//! | `PeerClosed` | reading has ended | never |
//! | `Confirm` | it is known, or the peer closed well and says nothing of it | reading ended otherwise |
//!
//! Until then each is `Wait`, and every wait ends: with room in the transport, with what the peer
//! says, or with [`Event::DeadlinePassed`](crate::Event::DeadlinePassed), once
//! [`Output::StartDeadline`] has been asked for.
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
/// use close_notify_core::{Answer, Call, Event, Machine, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::Write)?;
/// assert_eq!(machine.answer(Call::Flush), Answer::Wait);
/// machine.handle(Event::Flushed)?;
/// assert_eq!(machine.answer(Call::Flush), Answer::Done);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// Reading, once everything that may be handed on has been: is it the end?
    Read {
        /// Where the application protocol stands.
        framing: FramingState,
    },
    /// Writing: may data be taken?
    Write,
    /// Flushing: is all that was written in the transport?
    Flush,
    /// Shutting the write side: has all that was written left, and close_notify and FIN after it?
    Shutdown,
    /// Closing, rejecting or aborting: is the connection over?
    Close,
    /// Asking for the transport back: may it go?
    HandBack,
    /// Asking whether the peer has ended the connection.
    PeerClosed,
    /// Asking whether the peer took our handshake.
    Confirm {
        /// Something has come that proves it, or nothing needs to.
        is_known: bool,
    },
}

/// What a call answers now.
///
/// ```
/// use close_notify_core::{Answer, Call, Event, Machine, Manner, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls12, Role::Client, Policy::STRICT);
/// machine.handle(Event::Close(Manner::HalfClose))?;
/// assert_eq!(machine.answer(Call::Shutdown), Answer::Wait);
/// machine.handle(Event::TransportReset { errno: 104 })?;
/// assert_eq!(machine.answer(Call::Shutdown), Answer::Failed);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// `Ok`: what the call stands for is so.
    Done,
    /// Nothing yet: do what [`Machine::output`] asks, and ask again.
    Wait,
    /// An error that carries the ending: what the call stands for will never be so.
    Failed,
}

impl Machine {
    /// What a call of the application answers now.
    ///
    /// `Done` and `Failed` are final for all but [`Call::Write`] and [`Call::Flush`], as long as
    /// nothing more is written.
    ///
    /// ```
    /// use close_notify_core::{Answer, Call, Event, FramingState, Machine, Policy, Role, Version};
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

    // RFC 9846 §6.1 · no-ok-over-a-loss: `Ok(0)` says that this was all
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
        // A transport that keeps bytes back until its FIN has lost them with it.
        if broke || self.has_lost_output() || self.evidence.knows(Known::FinFailed) {
            Answer::Failed
        } else if self.evidence.knows(Known::Unflushed) {
            Answer::Wait
        } else {
            Answer::Done
        }
    }

    // RFC 9846 §6.1 · shut-means-said: the peer can know that this was all
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
            S::Handshaking
            | S::Open
            | S::ReplyDue
            | S::NotifyDue
            | S::NotifyLeaving
            | S::Notified
            | S::NotifiedShut
            | S::AlertDue
            | S::AlertLeaving
            | S::Alerted
            | S::AlertedShut
            | S::Silenced
            | S::SilencedShut
            | S::Failed
            | S::Aborted => Answer::Failed,
        }
    }

    // every-close-ends: how it ended is the ending's to say
    const fn answer_to_close(&self) -> Answer {
        if matches!(self.output(), Output::Done) { Answer::Done } else { Answer::Wait }
    }

    // RFC 4511 §4.14.3.1 · wait-before-handback
    const fn answer_to_hand_back(&self) -> Answer {
        match self.output() {
            Output::HandBack => Answer::Done,
            Output::Done => Answer::Failed,
            Output::Idle
            | Output::DiscardPending
            | Output::SendCloseNotify { .. }
            | Output::SendAlert { .. }
            | Output::ShutWrite
            | Output::ForgetSession
            | Output::StartDeadline
            | Output::AwaitPeer
            | Output::Drain
            | Output::CloseTransport
            | Output::ResetTransport => Answer::Wait,
        }
    }

    /// A close_notify is no refusal, and no proof either: `Done`, and nothing is known.
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
