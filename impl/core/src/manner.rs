//! How the application wants the connection to end, and which request may follow which.
//!
//! Sources: RFC 9846 §6.1 (close_notify, waiting), RFC 9112 §9.6 (lingering), RFC 4511 §4.14.3
//! (hand-back).

use crate::illegal::Illegal;
use crate::named::named;

named! {
    /// How the application wants the connection to end.
    ///
    /// This is the state of the machine. Its values differ in when they are legal, and in what
    /// their calls return; [`Close`](crate::Close) has those that are always legal.
    ///
    /// ```
    /// # use close_notify_core::Manner;
    /// assert_eq!(Manner::Graceful.then(Manner::AtOnce), Ok(Manner::AtOnce));
    /// assert_eq!(Manner::AtOnce.then(Manner::Graceful), Ok(Manner::AtOnce));
    /// assert!(Manner::Graceful.then(Manner::HandBack).is_err());
    /// ```
    pub enum Manner {
        /// The application has not asked for an end.
        Unasked,
        /// The application closed its write side and reads on.
        HalfClose,
        /// Exchange close_notify, then close.
        Graceful,
        /// Send close_notify, drain the transport until the peer ends it, then close.
        Linger,
        /// Send close_notify, then close. Unread bytes of the peer may destroy what we sent.
        AtOnce,
        /// Exchange close_notify, then return the transport to the application.
        HandBack,
        /// Send a fatal alert, drain as `Linger` does, then close.
        Reject,
        /// Reset the transport. The peer must not read a clean end.
        Abort,
    }
}

impl Manner {
    /// Whether the application has asked for the end of both directions.
    #[must_use]
    pub const fn is_closing(self) -> bool {
        !matches!(self, Self::Unasked | Self::HalfClose)
    }

    /// Whether a FIN follows the last word of this side.
    #[must_use]
    pub const fn shuts_write_side(self) -> bool {
        !matches!(self, Self::Unasked | Self::HandBack | Self::Abort)
    }

    /// The manner that applies after the application asks for `asked`. A later request can only
    /// hasten the end.
    ///
    /// # Errors
    ///
    /// [`Illegal::Manner`] if `asked` is a hand-back that is no longer possible, or a half-close
    /// after a hand-back.
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

            // RFC 9112 §9.6 · alert-survives-close: only AtOnce and Abort end the drain early
            (M::Reject, M::HalfClose | M::Graceful | M::Linger | M::Reject) => M::Reject,
            (M::Reject, M::AtOnce | M::Abort) => asked,

            (M::Abort, M::HalfClose | M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort) => M::Abort,

            // RFC 4511 §4.14.3.1 · wait-before-handback: a transport whose write side is shut, or
            // about to be, cannot be handed back
            (M::HalfClose | M::Graceful | M::Linger | M::AtOnce | M::Reject | M::Abort, M::HandBack)
            | (M::HandBack, M::HalfClose) => return Err(Illegal::Manner { current: self, asked }),
        })
    }
}
