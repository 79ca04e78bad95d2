//! Helpers to drive a tracker.

use close_notify_framing::{Framing, FramingState, What};

pub(crate) use close_notify_framing::FramingState::{BetweenMessages, DelimitedByEnd, InsideMessage};

/// The state of the tracker after the bytes.
pub(crate) fn state_after(mut tracker: impl Framing, bytes: &[u8]) -> FramingState {
    tracker.received(bytes);
    tracker.state()
}

/// The fault that the tracker finds in the bytes, and its offset. A fault must stay.
pub(crate) fn fault_in(mut tracker: impl Framing, bytes: &[u8]) -> Option<(What, u64)> {
    tracker.received(bytes);
    let fault = tracker.fault();
    if fault.is_some() {
        tracker.received(b"\r\n\r\n\0\0\0\0\r\n");
        assert_eq!(tracker.state(), InsideMessage);
        assert_eq!(tracker.fault(), fault);
    }
    fault.map(|fault| (fault.what, fault.offset))
}

/// Every message of `messages` ends at the end of its string, and nowhere before.
pub(crate) fn ends_with_each(tracker: &mut impl Framing, messages: &[&[u8]]) {
    for message in messages {
        for (at, byte) in message.iter().enumerate() {
            tracker.received(&[*byte]);
            let expected = if at + 1 == message.len() { BetweenMessages } else { InsideMessage };
            assert_eq!(tracker.state(), expected, "byte {at} of {:?}", String::from_utf8_lossy(message));
        }
    }
    assert_eq!(tracker.fault(), None);
}

/// A small random number generator: xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
