//! How the application wants the connection to end, and which wish may follow which.
//!
//! Sources: RFC 9846 §6.1 (close_notify, waiting), RFC 9112 §9.6 (lingering), RFC 4511 §4.14.3
//! (hand-back).

use crate::ending::Ending;
use crate::framing::FramingState;
use crate::illegal::Illegal;
use crate::named::named;

named! {
    /// How the application wants the connection to end.
    ///
    /// ```
    /// use close_notify_core::Manner;
    /// assert_eq!(Manner::Graceful.then(Manner::AtOnce), Ok(Manner::AtOnce));
    /// assert_eq!(Manner::AtOnce.then(Manner::Graceful), Ok(Manner::AtOnce));
    /// assert!(Manner::Graceful.then(Manner::HandBack).is_err());
    /// ```
    pub enum Manner {
        /// It has not asked for an end.
        Unasked,
        /// It closed its write side and reads on.
        HalfClose,
        /// close_notify both ways, then close.
        Graceful,
        /// close_notify, then drain the transport unread until the peer ends it, then close.
        Linger,
        /// close_notify, then close: unread bytes of the peer may destroy what we sent.
        AtOnce,
        /// close_notify both ways, then the transport goes back to the application.
        HandBack,
        /// A fatal alert, then drain like `Linger`, then close.
        Reject,
        /// Reset the transport: the peer must not read a clean end.
        Abort,
    }
}

impl Manner {
    /// Whether this side has asked for the end of both directions.
    #[must_use]
    pub const fn is_closing(self) -> bool {
        !matches!(self, Self::Unasked | Self::HalfClose)
    }

    /// Whether a FIN follows the last word of this side, because nothing else can.
    #[must_use]
    pub const fn shuts_write_side(self) -> bool {
        !matches!(self, Self::Unasked | Self::HandBack | Self::Abort)
    }

    /// The manner that holds once the application asks for `asked`: an end is only ever hastened.
    ///
    /// Errors: [`Illegal`] where a hand-back is asked for that can no longer be kept; nothing is
    /// changed.
    pub const fn then(self, asked: Self) -> Result<Self, Illegal> {
        use Manner as M;
        Ok(match (self, asked) {
            (M::Unasked, asked) => asked,
            (current, M::Unasked) => current,

            (M::HalfClose, M::HalfClose) => M::HalfClose,
            (M::HalfClose, M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort) => asked,

            (M::Graceful, M::HalfClose | M::Graceful) => M::Graceful,
            (M::Graceful, M::Linger | M::AtOnce | M::Reject | M::Abort) => asked,

            (M::Linger, M::HalfClose | M::Graceful | M::Linger) => M::Linger,
            (M::Linger, M::AtOnce | M::Reject | M::Abort) => asked,

            (M::AtOnce, M::HalfClose | M::Graceful | M::Linger | M::AtOnce | M::Reject) => M::AtOnce,
            (M::AtOnce, M::Abort) => M::Abort,

            (M::HandBack, M::HandBack) => M::HandBack,
            (M::HandBack, M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort) => asked,

            // RFC 9112 §9.6 · alert-survives-close: only AtOnce and Abort cut the drain short
            (M::Reject, M::HalfClose | M::Graceful | M::Linger | M::Reject) => M::Reject,
            (M::Reject, M::AtOnce | M::Abort) => asked,

            (M::Abort, M::HalfClose | M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort) => M::Abort,

            // RFC 4511 §4.14.3.1 · wait-before-handback: a transport that is shut, or about to be,
            // cannot go back
            (M::HalfClose | M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort, M::HandBack)
            | (M::HandBack, M::HalfClose) => return Err(Illegal::Manner { current: self, asked }),
        })
    }
}

impl Manner {
    /// How a relay ends its downstream once its upstream has ended: an unclean end is never made
    /// clean.
    ///
    /// Source: RFC 9846 §6.1, RFC 9112 §8 · no-laundering.
    ///
    /// ```
    /// use close_notify_core::{Event, Machine, Manner, Policy, Role, Version};
    /// let mut upstream = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// upstream.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(Manner::for_downstream(&upstream.ending()), Manner::Abort);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn for_downstream(upstream: &Ending) -> Self {
        if upstream.truncation_possible(FramingState::DelimitedByEnd) { Self::Abort } else { Self::Graceful }
    }
}
