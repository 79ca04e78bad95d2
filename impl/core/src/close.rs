//! The ends of both directions that an application may ask for at any time.
//!
//! Decides nothing about the steps of an end: [`Manner`] has the rules, and more values. A
//! half-close, a hand-back and a rejection are other calls, with other results.
//!
//! Sources: those of [`Manner`]; RFC 9846 §6.1 and RFC 9112 §8 (what a relay passes on).

use crate::ending::Ending;
use crate::framing::FramingState;
use crate::manner::Manner;
use crate::named::named;

named! {
    /// How a close ends the connection.
    ///
    /// A close is never refused. It may come at any time, and again: the end that was asked for can
    /// only be hastened, so a slower close after a faster one changes nothing.
    ///
    /// ```
    /// # use close_notify_core::{Close, Event, Machine, Manner, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// for close in [Close::Graceful, Close::AtOnce, Close::Linger] {
    ///     machine.handle(Event::Close(close.into()))?;
    /// }
    /// assert_eq!(machine.manner(), Manner::AtOnce); // the fastest one applies
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum Close {
        /// Exchange close_notify, then close. It waits for the peer's close_notify: afterwards this
        /// side knows whether both sides ended well.
        Graceful,
        /// Send close_notify, drain the transport until the peer ends it, then close. What the peer
        /// still sends is thrown away, and cannot destroy what we sent.
        Linger,
        /// Send close_notify, then close. It does not wait for the peer, whose unread bytes may
        /// destroy what we sent.
        AtOnce,
        /// Reset the transport. The peer must not read a clean end.
        Abort,
    }
}

impl Close {
    /// The manner in which the machine then ends the connection.
    #[must_use]
    pub const fn manner(self) -> Manner {
        match self {
            Self::Graceful => Manner::Graceful,
            Self::Linger => Manner::Linger,
            Self::AtOnce => Manner::AtOnce,
            Self::Abort => Manner::Abort,
        }
    }

    /// How a relay ends its downstream after its upstream has ended: `Graceful` or `Abort`. An
    /// unclean end never becomes a clean one.
    ///
    /// Source: RFC 9846 §6.1, RFC 9112 §8 · no-laundering.
    ///
    /// ```
    /// # use close_notify_core::{Close, Event, Machine, Policy, Role, Version};
    /// let mut upstream = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// upstream.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(Close::for_downstream(&upstream.ending()), Close::Abort);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn for_downstream(upstream: &Ending) -> Self {
        if upstream.truncation_possible(FramingState::DelimitedByEnd) { Self::Abort } else { Self::Graceful }
    }
}

impl From<Close> for Manner {
    fn from(close: Close) -> Self {
        close.manner()
    }
}
