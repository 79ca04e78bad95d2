//! What a tracker is: the trait, and how boxes and borrows pass it on.

use close_notify_core::FramingState;

use crate::fault::{Fault, Way};

/// Says where an application protocol stands in its own messages, from the bytes that went by.
///
/// Shape: every byte once, in order, as plaintext, in pieces of any size; what is said does not
/// depend on the pieces. [`sent`](Self::sent) and [`received`](Self::received) are told in the
/// order in which the application wrote and read.
///
/// A tracker of one's own, for messages that end with a zero byte:
///
/// ```
/// use close_notify_framing::{Framing, FramingState};
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
    /// The peer's next bytes have been read.
    fn received(&mut self, bytes: &[u8]);

    /// Our next bytes have been written. Most framings need none of them.
    fn sent(&mut self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// Where the framing stands if the connection ends now.
    ///
    /// Never [`FramingState::BetweenMessages`] behind a [`fault`](Self::fault).
    fn state(&self) -> FramingState;

    /// What the tracker could not follow, once there is something. It stays.
    fn fault(&self) -> Option<Fault> {
        None
    }

    /// How many of the bytes received may be handed on, as far as the framing goes: those behind
    /// them belong to a header section that is not whole, or lie behind a fault.
    ///
    /// Units: bytes since the start, never fewer than before; more than were received where nothing
    /// is held back.
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

/// Messages that only the end of the connection delimits: never between two of them.
///
/// ```
/// use close_notify_framing::{DelimitedByEnd, Framing, FramingState};
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
