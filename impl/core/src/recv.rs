//! The receiving half: how the peer's direction ended, and on what evidence.
//!
//! This table decides which end is believed. The driver knows whether bytes were authentic, and
//! `couple` decides which events our own closing forces on this half.
//! Sources: RFC 9846 §6.1, RFC 5246 §7.2.1, RFC 9293 §3.10.7; each row names its duty.

use crate::illegal::Illegal;
use crate::named::named;

named! {
    /// The state of the receiving half. The first known end is kept: evidence only grows.
    ///
    /// ```
    /// # use close_notify_core::recv::{Event, State};
    /// assert_eq!(State::Open.next(Event::Notify), Ok(State::PeerNotified));
    /// ```
    pub enum State {
        /// The peer's traffic keys are not in use: anybody may have sent what arrives.
        Plain,
        /// What arrives is authentic; the handshake is not done.
        Handshaking,
        /// A server is reading the client's 0-RTT data.
        EarlyData,
        /// Application data arrives.
        Open,
        /// The peer's close_notify came: the clean end.
        PeerNotified,
        /// A close_notify came before the handshake was done: an error.
        NotifiedEarly,
        /// The transport ended between two records, without close_notify.
        CutAtBoundary,
        /// The transport ended inside a record.
        CutInRecord,
        /// The transport was reset.
        Reset,
        /// The peer ended the connection with a fatal alert.
        PeerFatal,
        /// This side ended it, with a fatal alert or because of a violation that no alert may
        /// answer any more.
        Refused,
        /// This side closed without waiting for the peer.
        NotAwaited,
        /// The deadline passed first.
        TimedOut,
        /// The peer sent more than the budget after our close.
        OverBudget,
        /// The transport failed without a reset from the peer.
        TransportFailed,
    }
}

named! {
    /// What happened, as far as the receiving half is concerned.
    ///
    /// ```
    /// # use close_notify_core::recv::{Event, State};
    /// assert!(State::Reset.next(Event::Data).is_err());
    /// ```
    pub enum Event {
        /// The peer's first traffic keys are in use.
        KeysInUse,
        /// The server accepted 0-RTT data.
        EarlyDataAccepted,
        /// The handshake is done.
        HandshakeDone,
        /// A record of application data.
        Data,
        /// A handshake message: a ticket, a KeyUpdate, a request to renegotiate.
        Message,
        /// A close_notify.
        Notify,
        /// A user_canceled.
        UserCanceled,
        /// A warning that may be survived.
        Warning,
        /// A fatal alert.
        Fatal,
        /// This side ends the connection with an error.
        Refuse,
        /// The transport ended between two records.
        EofAtBoundary,
        /// The transport ended inside a record.
        EofInRecord,
        /// The transport was reset.
        Reset,
        /// This side closes without waiting.
        StopWaiting,
        /// The deadline passed.
        Deadline,
        /// The byte budget is spent.
        BudgetSpent,
        /// The transport failed, or ended after a call that does not read had met its failure.
        TransportFailed,
    }
}

impl State {
    /// The progress of the half. No transition lowers it, and at 4 no transition changes the state.
    #[must_use]
    pub const fn rank(self) -> u8 {
        use State as S;
        match self {
            S::Plain => 0,
            S::Handshaking => 1,
            S::EarlyData => 2,
            S::Open => 3,
            S::PeerNotified
            | S::NotifiedEarly
            | S::CutAtBoundary
            | S::CutInRecord
            | S::Reset
            | S::PeerFatal
            | S::Refused
            | S::NotAwaited
            | S::TimedOut
            | S::OverBudget
            | S::TransportFailed => 4,
        }
    }

    /// Whether the end of the peer's direction is known.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        self.rank() == 4
    }

    /// Whether reading has ended with the transport, so that nothing more can arrive.
    const fn is_end_of_transport(self) -> bool {
        matches!(self, Self::CutAtBoundary | Self::CutInRecord | Self::Reset | Self::TransportFailed)
    }

    /// The state that follows `event`.
    ///
    /// # Errors
    ///
    /// [`Illegal::Recv`] if the event is impossible in this state.
    #[inline]
    pub const fn next(self, event: Event) -> Result<Self, Illegal> {
        use {Event as E, State as S};
        Ok(match (self, event) {
            (S::Plain, E::KeysInUse) => S::Handshaking,
            (S::Handshaking, E::EarlyDataAccepted) => S::EarlyData,
            (S::Handshaking | S::EarlyData, E::HandshakeDone) => S::Open,
            // RFC 9846 §6.1 · user-canceled-then-notify, RFC 5246 §7.2.2 · warning-may-continue
            (_, E::Message | E::UserCanceled | E::Warning) if !self.has_ended() => self,
            (S::EarlyData | S::Open, E::Data) => self,

            // RFC 9846 §6.1, RFC 5246 §7.2.1 · delivered-before-end
            (S::Open, E::Notify) => S::PeerNotified,
            // RFC 9846 §6.1, §D.4 · plain-alert-is-no-close, notify-in-handshake; §4.2.10 ·
            // early-data-end
            (S::Plain | S::Handshaking | S::EarlyData, E::Notify) => S::NotifiedEarly,

            // RFC 9846 §6.1 · notify-is-final; of any other end, too, the first is kept
            (_, E::Refuse | E::EofAtBoundary | E::EofInRecord | E::Reset | E::TransportFailed)
            | (_, E::StopWaiting | E::Deadline | E::BudgetSpent)
                if self.has_ended() =>
            {
                self
            }
            // RFC 9846 §6.1 · ignore-after-notify
            (_, E::Data | E::Message | E::Notify | E::UserCanceled | E::Warning | E::Fatal)
                if self.has_ended() && !self.is_end_of_transport() =>
            {
                self
            }

            // RFC 9846 §6.2 · fatal-is-an-error, fatal-ends-both
            (_, E::Fatal) if !self.has_ended() => S::PeerFatal,
            (_, E::Refuse) => S::Refused,
            // RFC 9846 §6.1, RFC 2818 §2.2 · fin-is-not-close; §5.1 · notify-whole
            (_, E::EofAtBoundary) => S::CutAtBoundary,
            (_, E::EofInRecord) => S::CutInRecord,
            // RFC 9293 §3.10.7 · rst-is-not-close
            (_, E::Reset) => S::Reset,
            // tcp(7), our measurement · dead-is-not-fin: after a call has returned ETIMEDOUT, a
            // read returns end of stream
            (_, E::TransportFailed) => S::TransportFailed,
            // RFC 5246 §7.2.1, RFC 9846 §6.1 · no-wait-needed; RFC 9112 §9.6 · linger-is-bounded
            (_, E::StopWaiting) => S::NotAwaited,
            (_, E::Deadline) => S::TimedOut,
            (_, E::BudgetSpent) => S::OverBudget,

            // Nothing arrives after the transport's end, no application data before there are keys,
            // and each step of the handshake happens once, in order.
            _ => return Err(Illegal::Recv { state: self, event }),
        })
    }
}
