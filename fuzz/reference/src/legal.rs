//! What can happen next: one rule for each kind of fact.
//!
//! The core must refuse a fact that cannot happen, and must not refuse one that can.

use close_notify_core::{Event, LateData, Manner, NotSent, ReadEnd, Version};

use super::account::{Account, Stage, Word};
use super::alert::{Says, says};

impl Account {
    /// Whether this fact can happen now.
    #[must_use]
    pub fn allows(&self, fact: Event) -> bool {
        match fact {
            // Each step of the handshake comes once, in its order, and before the peer has ended.
            Event::PeerKeysInUse => self.reads() && self.stage == Stage::Plain,
            Event::EarlyDataAccepted => self.reads() && self.stage == Stage::Protected,
            Event::HandshakeDone => self.reads() && matches!(self.stage, Stage::Protected | Stage::EarlyData),

            // RFC 9846 §6.1, §6.2 · nothing-after-notify, fatal-ends-both
            Event::Write => self.may_write(),
            // RFC 9846 §6.1 · one direction alone is closed in 1.3 only
            Event::CloseWrite => self.setup.version == Version::Tls13 && self.may_close(Manner::HalfClose),
            Event::Close(manner) => self.may_close(manner),
            // A rejection says an error (RFC 9846 §6.1).
            Event::Reject(alert) => !matches!(alert.0, 0 | 90),

            Event::PeerData { bytes } => self.may_receive_data(bytes),
            Event::PeerMessage { bytes } => {
                if self.is_beyond(bytes) {
                    !self.released
                } else {
                    self.hears()
                }
            }
            Event::PeerAlert { level, description } => {
                let Self { setup, stage, .. } = self;
                let done = *stage == Stage::Done;
                let said = says(setup.version, &setup.policy, done, level.0, description.0);
                self.hears() || said == Says::Nonsense
            }
            Event::Drained { bytes } => !(self.is_beyond(bytes) && self.released),

            // A transport that was let go of cannot end again.
            Event::TransportEof { .. }
            | Event::TransportReset { .. }
            | Event::DeadlinePassed
            | Event::TransportClosed
            | Event::TransportResetByUs
            | Event::TransportHandedOver => !self.released,

            Event::PendingDiscarded { .. } => self.may_discard(),
            Event::EngineNotified => self.may_write() || self.owes(Word::Notify),
            Event::OutputSealed | Event::OutputUnsealable => {
                self.owes(Word::Notify) || self.owes(Word::Alert)
            }
            Event::OutputWritten => self.is_leaving(),
            Event::WriteShut => self.released || self.has_said(),
            // RFC 4511 §4.14.3.1 · wait-before-handback
            Event::TransportHandedBack => {
                let both = self.reading == ReadEnd::CloseNotify && self.has_notified();
                both && !self.aborted && !self.shut && !self.released
            }

            Event::PeerViolation(_)
            | Event::WriteFailed { .. }
            | Event::OutputBegun
            | Event::DeadlineStarted
            | Event::SessionForgotten
            | Event::Flushed => true,
        }
    }

    /// Whether the application may still write.
    pub fn may_write(&self) -> bool {
        self.stage == Stage::Done && self.word.is_none() && self.has_voice()
    }

    fn may_close(&self, manner: Manner) -> bool {
        match manner {
            Manner::HalfClose => self.released || self.manner != Manner::HandBack,
            // RFC 4511 §4.14.3.1 · a transport that is shut, or about to be, cannot go back; after
            // a fault the request has no effect
            Manner::HandBack => {
                let faulty = matches!(self.reading, ReadEnd::Refused(_) | ReadEnd::FatalAlert(_));
                self.released || faulty || matches!(self.manner, Manner::Unasked | Manner::HandBack)
            }
            Manner::Unasked
            | Manner::Graceful
            | Manner::Linger
            | Manner::AtOnce
            | Manner::Reject
            | Manner::Abort => true,
        }
    }

    /// Whether anything can still come from the peer: nothing does after the end of its transport.
    const fn hears(&self) -> bool {
        !matches!(
            self.reading,
            ReadEnd::TruncatedAtBoundary
                | ReadEnd::TruncatedInRecord
                | ReadEnd::Reset
                | ReadEnd::TransportFailed
        )
    }

    /// Whether data can come. It needs keys and an open direction; data that ends the connection
    /// may come at any time.
    fn may_receive_data(&self, bytes: u32) -> bool {
        if self.is_beyond(bytes) {
            return !self.released;
        }
        let refused = self.is_closing() && self.setup.policy.late_data == LateData::Refuse;
        if self.reads() {
            refused || matches!(self.stage, Stage::EarlyData | Stage::Done)
        } else {
            self.hears()
        }
    }

    fn is_beyond(&self, bytes: u32) -> bool {
        self.is_closing() && self.drained.saturating_add(bytes) > self.allowance()
    }

    /// Whether this word must be sealed next.
    pub(crate) fn owes(&self, word: Word) -> bool {
        let waits = word == Word::Notify && self.overtakes && !self.discard_told;
        self.word == Some(word) && !self.sealed && self.has_voice() && !waits
    }

    /// Whether nothing of ours can follow: our last word is out, or the peer's fatal alert has
    /// silenced us.
    pub(crate) fn has_said(&self) -> bool {
        !self.aborted && (self.written || self.is_silenced()) && !self.has_failed()
    }

    pub(crate) fn is_silenced(&self) -> bool {
        !self.aborted && self.unsent == Some(NotSent::PeerFatalAlert)
    }

    /// Whether what was pending can no longer leave, so that it may be thrown away.
    pub(crate) fn may_discard(&self) -> bool {
        let overtaken = self.word == Some(Word::Notify)
            && (self.is_leaving()
                || (self.overtakes && !self.discard_told && !self.sealed && self.has_voice()));
        let refused = self.owes(Word::Alert);
        overtaken || refused || self.is_silenced() || self.has_failed() || self.aborted
    }
}
