//! The sending half: what this side still has to send, and whether it was sent.
//!
//! This table decides which state follows. `couple` decides which events the other half, the
//! version and the policy force on this half, and the driver sends the bytes.
//! Sources: RFC 9846 §6.1–6.2, RFC 5246 §7.2.1–7.2.2; each row names its duty.

use crate::illegal::Illegal;
use crate::named::named;

named! {
    /// The state of the sending half.
    ///
    /// ```
    /// # use close_notify_core::send::{Event, State};
    /// assert_eq!(State::Open.next(Event::CloseWrite), Ok(State::NotifyDue));
    /// ```
    pub enum State {
        /// No application data may be sent yet.
        Handshaking,
        /// Application data may be sent.
        Open,
        /// The peer's close_notify forces ours; pending data must be discarded first.
        ReplyDue,
        /// Our close_notify is due, after the pending data.
        NotifyDue,
        /// Our close_notify is sealed and not yet completely in the transport.
        NotifyLeaving,
        /// Our close_notify is completely in the transport.
        Notified,
        /// Like `Notified`, and the transport's write side is shut or takes no more.
        NotifiedShut,
        /// A fatal alert of ours is due.
        AlertDue,
        /// Our fatal alert is sealed and not yet completely in the transport.
        AlertLeaving,
        /// Our fatal alert is completely in the transport.
        Alerted,
        /// Like `Alerted`, and the transport's write side is shut or takes no more.
        AlertedShut,
        /// The peer's fatal alert ended both directions, and we may send nothing after it.
        Silenced,
        /// Like `Silenced`, and the transport's write side is shut or takes no more.
        SilencedShut,
        /// Writing ended before the last word was out.
        Failed,
        /// Aborted on purpose.
        Aborted,
    }
}

named! {
    /// What happened, as far as the sending half is concerned.
    ///
    /// ```
    /// # use close_notify_core::send::{Event, State};
    /// assert!(State::Notified.next(Event::Write).is_err());
    /// ```
    pub enum Event {
        /// The handshake is done.
        HandshakeDone,
        /// The application writes.
        Write,
        /// The application closes its write side.
        CloseWrite,
        /// The peer's close_notify requires ours at once.
        Reply,
        /// The driver discarded what was pending.
        PendingDiscarded,
        /// The engine sealed a close_notify by itself, at a sequence or AEAD limit.
        EngineNotified,
        /// This side ends the connection with a fatal alert.
        Alert,
        /// The peer ended the connection with a fatal alert.
        Silence,
        /// The last word is sealed, and can no longer be withdrawn.
        Sealed,
        /// The last byte of the last word is in the transport.
        Written,
        /// The transport's write side is shut.
        WriteShut,
        /// The transport takes no more.
        WriteFailed,
        /// The application aborts the connection.
        Abort,
    }
}

impl State {
    /// The progress of the half. No transition lowers it.
    #[must_use]
    pub const fn rank(self) -> u8 {
        use State as S;
        match self {
            S::Handshaking => 0,
            S::Open => 1,
            S::NotifyDue => 2,
            S::ReplyDue => 2,
            S::NotifyLeaving => 4,
            S::Notified => 5,
            S::NotifiedShut => 6,
            S::AlertDue => 3,
            S::AlertLeaving => 4,
            S::Alerted => 5,
            S::AlertedShut => 6,
            S::Silenced => 5,
            S::SilencedShut | S::Failed => 6,
            S::Aborted => 7,
        }
    }

    /// Whether the last word of this side is out, or never will be.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.rank() >= 5
    }

    /// Whether the last word is sealed and not yet completely in the transport.
    #[must_use]
    pub const fn is_leaving(self) -> bool {
        matches!(self, Self::NotifyLeaving | Self::AlertLeaving)
    }

    /// Whether our close_notify is completely in the transport.
    #[must_use]
    pub const fn is_notified(self) -> bool {
        matches!(self, Self::Notified | Self::NotifiedShut)
    }

    /// Whether our last word is completely in the transport.
    #[must_use]
    pub const fn has_spoken(self) -> bool {
        self.is_notified() || matches!(self, Self::Alerted | Self::AlertedShut)
    }

    /// Whether this half has ended without a last word. What had not left by then never will.
    #[must_use]
    pub const fn is_mute(self) -> bool {
        matches!(self, Self::Silenced | Self::SilencedShut | Self::Failed | Self::Aborted)
    }

    /// The state that follows `event`.
    ///
    /// # Errors
    ///
    /// [`Illegal::Send`] if the event is impossible in this state.
    #[inline]
    pub const fn next(self, event: Event) -> Result<Self, Illegal> {
        use {Event as E, State as S};
        Ok(match (self, event) {
            (S::Handshaking, E::HandshakeDone) => S::Open,
            (S::Open, E::Write) => S::Open,

            // RFC 9846 §6.1, RFC 5246 §7.2.1 · notify-before-fin: after what is pending
            (S::Handshaking | S::Open, E::CloseWrite) => S::NotifyDue,
            // RFC 5246 §7.2.1 · reply-at-once, reply-drops-pending
            (S::Handshaking | S::Open | S::NotifyDue, E::Reply) => S::ReplyDue,
            (S::ReplyDue, E::PendingDiscarded) => S::NotifyDue,
            (S::NotifyDue, E::Sealed) => S::NotifyLeaving,
            // RFC 9846 §5.5 · limit-close-counts
            (S::Open | S::NotifyDue, E::EngineNotified) => S::NotifyLeaving,
            (S::NotifyLeaving, E::Written) => S::Notified,
            (S::Notified | S::NotifiedShut, E::WriteShut) => S::NotifiedShut,

            // RFC 9846 §6.2 · fatal-no-notify: an alert replaces a close_notify that is not sealed
            (S::Handshaking | S::Open | S::ReplyDue | S::NotifyDue, E::Alert) => S::AlertDue,
            (S::AlertDue, E::Sealed) => S::AlertLeaving,
            (S::AlertLeaving, E::Written) => S::Alerted,
            (S::Alerted | S::AlertedShut, E::WriteShut) => S::AlertedShut,

            // RFC 9846 §6.2, RFC 5246 §7.2.2 · fatal-ends-both
            (S::Handshaking | S::Open | S::ReplyDue | S::NotifyDue | S::AlertDue, E::Silence) => S::Silenced,
            (S::Silenced | S::SilencedShut, E::WriteShut) => S::SilencedShut,

            // RFC 9846 §6.1 · abort-sends-no-notify
            (_, E::Abort) => S::Aborted,

            // If the transport fails before it has the last byte, the last word was not sent. A
            // later failure takes nothing back, and the write side cannot be shut any more
            // (shutdown(2), ENOTCONN).
            (
                S::Handshaking
                | S::Open
                | S::ReplyDue
                | S::NotifyDue
                | S::NotifyLeaving
                | S::AlertDue
                | S::AlertLeaving,
                E::WriteFailed,
            ) => S::Failed,
            (S::Notified, E::WriteFailed) => S::NotifiedShut,
            (S::Alerted, E::WriteFailed) => S::AlertedShut,
            (S::Silenced, E::WriteFailed) => S::SilencedShut,

            // RFC 9846 §6.1 · one-notify, nothing-after-notify: asking again changes nothing, no
            // alert follows a sealed close_notify, and what is pending then can only be discarded
            (S::ReplyDue, E::CloseWrite | E::Reply)
            | (S::NotifyDue, E::CloseWrite)
            | (S::AlertDue, E::CloseWrite | E::Reply | E::Alert)
            | (
                S::NotifyLeaving
                | S::Notified
                | S::NotifiedShut
                | S::AlertLeaving
                | S::Alerted
                | S::AlertedShut
                | S::Silenced
                | S::SilencedShut
                | S::Failed
                | S::Aborted,
                E::CloseWrite | E::Reply | E::Alert | E::Silence,
            )
            | (
                S::NotifyLeaving | S::AlertDue | S::Silenced | S::SilencedShut | S::Failed | S::Aborted,
                E::PendingDiscarded,
            )
            | (S::NotifiedShut | S::AlertedShut | S::SilencedShut | S::Failed | S::Aborted, E::WriteFailed) => {
                self
            }

            // A write after the last word is decided (RFC 9846 §6.1 · nothing-after-notify), a
            // second handshake, and reports of steps that the machine has not asked for.
            _ => return Err(Illegal::Send { state: self, event }),
        })
    }
}
