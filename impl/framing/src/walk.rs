//! What the trackers of one direction share: the offset, the fault, and the loop over the bytes.

use close_notify_core::FramingState;

use crate::fault::{Fault, Way, What};

/// One framing, step by step.
pub(crate) trait Walk {
    /// Takes at least one of the bytes, and returns how many. `bytes` is not empty. Only bytes that
    /// have no meaning of their own may be taken in bulk, so that the pieces do not matter.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What>;

    /// Whether the last message is whole and the next has not begun.
    fn is_between(&self) -> bool;
}

/// A walk, and how many bytes it has taken.
#[derive(Clone, Debug)]
pub(crate) struct Walker<W> {
    pub(crate) walk: W,
    offset: u64,
    pub(crate) fault: Option<Fault>,
}

impl<W: Walk> Walker<W> {
    pub(crate) const fn new(walk: W) -> Self {
        Self { walk, offset: 0, fault: None }
    }

    pub(crate) fn received(&mut self, mut bytes: &[u8]) {
        while self.fault.is_none() && !bytes.is_empty() {
            match self.walk.take(bytes) {
                Ok(taken) => {
                    self.offset += taken as u64;
                    bytes = &bytes[taken..];
                }
                Err(what) => self.fault = Some(Fault { what, way: Way::Received, offset: self.offset }),
            }
        }
    }

    pub(crate) fn state(&self) -> FramingState {
        if self.fault.is_none() && self.walk.is_between() {
            FramingState::BetweenMessages
        } else {
            FramingState::InsideMessage
        }
    }
}

/// Takes as much of a payload as there is; returns how much.
pub(crate) fn skip(left: &mut u64, bytes: &[u8]) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= taken as u64;
    taken
}

/// Makes a tracker of a type with a field `walker`. The function, if given, takes what we send.
macro_rules! tracker {
    ($Name:ty $(, sent = $sent:expr)?) => {
        impl $crate::framing::Framing for $Name {
            fn received(&mut self, bytes: &[u8]) {
                self.walker.received(bytes);
            }
            $(fn sent(&mut self, bytes: &[u8]) {
                $sent(self, bytes);
            })?
            fn state(&self) -> close_notify_core::FramingState {
                self.walker.state()
            }
            fn fault(&self) -> Option<$crate::fault::Fault> {
                self.walker.fault
            }
        }
    };
}
pub(crate) use tracker;
