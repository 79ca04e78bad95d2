//! A framing with messages of ten bytes, three of them a header section. It judges a stream with a
//! tracker.
//!
//! Decides by arithmetic on a number of bytes what may be handed on, so that the judge needs no
//! tracker.
//! Source: RFC 9112 §8 · http-headers-cut.

use close_notify::{FramingState, framing::Fault, framing::Framing, framing::Way, framing::What};

const MESSAGE: u64 = 10;
const HEADER: u64 = 3;
/// The offset of a byte that cannot be followed.
const FAULT_AT: u64 = 4000;

/// The tracker: how many bytes have come.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tens(pub(super) u64);

impl Tens {
    /// Whether what has come ends within a header section.
    pub(super) const fn is_in_header(self) -> bool {
        !self.0.is_multiple_of(MESSAGE) && self.0 % MESSAGE < HEADER
    }

    pub(super) const fn is_between(self) -> bool {
        self.0.is_multiple_of(MESSAGE) && !self.is_at_fault()
    }

    pub(super) const fn is_at_fault(self) -> bool {
        self.0 > FAULT_AT
    }

    /// How much of what has come may be handed on.
    pub(super) fn free(self) -> u64 {
        let whole = if self.is_in_header() { self.0 - self.0 % MESSAGE } else { self.0 };
        whole.min(FAULT_AT)
    }
}

impl Framing for Tens {
    fn received(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn state(&self) -> FramingState {
        if self.is_between() { FramingState::BetweenMessages } else { FramingState::InsideMessage }
    }

    fn fault(&self) -> Option<Fault> {
        self.is_at_fault().then_some(Fault { what: What::Chunk, way: Way::Received, offset: FAULT_AT })
    }

    fn releasable(&self) -> u64 {
        self.free()
    }
}
