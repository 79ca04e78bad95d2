//! The transport under TLS: whether the peer ended it, or we gave it up, closed, reset or returned
//! it.
//!
//! This table decides which end of the transport is kept. It contains no TLS: a lingering socket
//! needs only this part.
//! Sources: RFC 9293 §3.6, §3.10.7; RFC 9112 §9.6.

use crate::illegal::Illegal;
use crate::named::named;

named! {
    /// The state of the transport.
    ///
    /// ```
    /// # use close_notify_core::transport::{Event, State};
    /// assert_eq!(State::Open.next(Event::Eof), Ok(State::PeerEof));
    /// ```
    pub enum State {
        /// Neither end is known to have ended it.
        Open,
        /// The peer's end of stream was read.
        PeerEof,
        /// A reset was read.
        PeerReset,
        /// The deadline or the budget ended our waiting.
        GivenUp,
        /// We closed it.
        Closed,
        /// We reset it.
        ResetByUs,
        /// We returned it to the application.
        HandedBack,
    }
}

named! {
    /// What happened to the transport.
    ///
    /// ```
    /// # use close_notify_core::transport::{Event, State};
    /// assert!(State::Closed.next(Event::Eof).is_err());
    /// ```
    pub enum Event {
        /// A read returned the end of stream.
        Eof,
        /// A read returned a reset.
        Reset,
        /// The deadline or the budget ended our waiting.
        GiveUp,
        /// The driver closed it.
        Closed,
        /// The driver reset it.
        ResetByUs,
        /// The driver returned it to the application.
        HandedBack,
    }
}

impl State {
    /// Whether this side has released the transport: closed it, reset it or returned it.
    #[must_use]
    pub const fn is_released(self) -> bool {
        matches!(self, Self::Closed | Self::ResetByUs | Self::HandedBack)
    }

    /// The state that follows `event`.
    ///
    /// # Errors
    ///
    /// [`Illegal::Transport`] if the event is impossible in this state.
    #[inline]
    pub const fn next(self, event: Event) -> Result<Self, Illegal> {
        use {Event as E, State as S};
        Ok(match (self, event) {
            (S::Open, E::Eof) => S::PeerEof,
            (S::Open | S::PeerEof, E::Reset) => S::PeerReset,
            (S::PeerEof, E::Eof) => S::PeerEof,
            (S::PeerReset, E::Eof | E::Reset) => S::PeerReset,

            // RFC 9112 §9.6 · linger-is-bounded
            (S::Open, E::GiveUp) => S::GivenUp,
            (S::PeerEof, E::GiveUp) => S::PeerEof,
            (S::PeerReset, E::GiveUp) => S::PeerReset,
            (S::GivenUp, E::Eof | E::Reset | E::GiveUp) => S::GivenUp,

            (S::Open | S::PeerEof | S::PeerReset | S::GivenUp, E::Closed) => S::Closed,
            (S::Open | S::PeerEof | S::PeerReset | S::GivenUp, E::ResetByUs) => S::ResetByUs,
            // RFC 4511 §4.14.3.1 · wait-before-handback
            (S::Open | S::PeerEof, E::HandedBack) => S::HandedBack,

            // A transport that was reset or let go of cannot be handed back, and has no other end.
            _ => return Err(Illegal::Transport { state: self, event }),
        })
    }
}
