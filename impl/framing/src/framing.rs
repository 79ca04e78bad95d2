//! The trait of a tracker, and its implementations for boxes and borrows.

use close_notify_core::FramingState;

use crate::fault::{Fault, Way};

/// Reports whether an application protocol is inside a message, from the bytes that went by.
///
/// A tracker takes every byte once, in order, as plaintext, in pieces of any size. Its answers do
/// not depend on the pieces. Call [`sent`](Self::sent) and [`received`](Self::received) in the
/// order in which the application wrote and read.
///
/// # Examples
///
/// A tracker for messages that end with a zero byte:
///
/// ```
/// # use close_notify_framing::{Framing, FramingState};
/// struct ZeroTerminated { inside: bool }
/// impl Framing for ZeroTerminated {
///     fn received(&mut self, bytes: &[u8]) {
///         if let Some(last) = bytes.last() {
///             self.inside = *last != 0;
///         }
///     }
///     fn state(&self) -> FramingState {
///         if self.inside { FramingState::InsideMessage } else { FramingState::BetweenMessages }
///     }
/// }
/// let mut tracker = ZeroTerminated { inside: false };
/// tracker.received(b"one\0tw");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"o\0");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
pub trait Framing {
    /// Takes the next bytes that were read from the peer.
    fn received(&mut self, bytes: &[u8]);

    /// Takes our next bytes that were written. Most framings need none of them.
    fn sent(&mut self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// The state of the framing if the connection ends now.
    ///
    /// Never [`FramingState::BetweenMessages`] after a [`fault`](Self::fault).
    fn state(&self) -> FramingState;

    /// What the tracker could not follow, if there is something. It stays.
    fn fault(&self) -> Option<Fault> {
        None
    }

    /// How many of the bytes received may be handed on, as far as the framing is concerned. The
    /// bytes after them belong to a header section that is not whole, or come after a fault.
    ///
    /// In bytes since the start. The number never decreases. It is more than were received if
    /// nothing is held back.
    fn releasable(&self) -> u64 {
        match self.fault() {
            Some(Fault { way: Way::Received, offset, .. }) => offset,
            Some(_) | None => u64::MAX,
        }
    }
}

macro_rules! pass_on {
    ($($Pointer:ty),+) => { $(
        impl<F: Framing + ?Sized> Framing for $Pointer {
            fn received(&mut self, bytes: &[u8]) {
                (**self).received(bytes);
            }
            fn sent(&mut self, bytes: &[u8]) {
                (**self).sent(bytes);
            }
            fn state(&self) -> FramingState {
                (**self).state()
            }
            fn fault(&self) -> Option<Fault> {
                (**self).fault()
            }
            fn releasable(&self) -> u64 {
                (**self).releasable()
            }
        }
    )+ };
}
pass_on!(&mut F, Box<F>);

/// Messages that only the end of the connection delimits. The state is never between two messages.
///
/// ```
/// # use close_notify_framing::{DelimitedByEnd, Framing, FramingState};
/// let mut tracker = DelimitedByEnd;
/// tracker.received(b"anything");
/// assert_eq!(tracker.state(), FramingState::DelimitedByEnd);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DelimitedByEnd;

impl Framing for DelimitedByEnd {
    fn received(&mut self, _: &[u8]) {}

    fn state(&self) -> FramingState {
        FramingState::DelimitedByEnd
    }
}
