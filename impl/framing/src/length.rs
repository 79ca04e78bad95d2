//! Messages that have their length at a fixed place in front.
//!
//! Decides where such a message ends. Leaves its content to the application.

use crate::fault::What;
use crate::walk::{Walk, Walker, skip, tracker};

/// How many bytes the length field has.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, LengthPrefixed, Width};
/// let mut tracker = LengthPrefixed::big_endian(Width::Three, 100);
/// tracker.received(&[0, 0, 1, b'a']);
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Width {
    /// One byte.
    One = 1,
    /// Two bytes.
    Two = 2,
    /// Three bytes.
    Three = 3,
    /// Four bytes.
    Four = 4,
    /// Eight bytes.
    Eight = 8,
}

/// What the length counts.
///
/// ```
/// # use close_notify_framing::{Counts, Framing, FramingState, LengthPrefixed, Width};
/// let mut tracker = LengthPrefixed::big_endian(Width::Two, 100).counting(Counts::ItselfAndRest);
/// tracker.received(&[0, 3, b'a']);
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Counts {
    /// What comes after the length field.
    Rest,
    /// The length field and what comes after it.
    ItselfAndRest,
    /// The whole message, including what comes before the length field.
    Whole,
}

/// Messages with their length in front.
///
/// | protocol | tracker |
/// | --- | --- |
/// | DNS over TLS (RFC 7858 §3.3) | `big_endian(Width::Two, 65_537)` |
/// | PostgreSQL, as a client | `big_endian(Width::Four, max).after(1).counting(Counts::ItselfAndRest)` |
/// | PostgreSQL, as a server | the same with `.first_after(0)` |
/// | MySQL, without compression | `little_endian(Width::Three, max).with_uncounted(1).split_when_full()` |
///
/// A PostgreSQL client's first message has no type before its length: it is the StartupMessage or a
/// CancelRequest. That is so under TLS as well, whether TLS begins with the connection or after an
/// SSLRequest. An SSLRequest or a GSSENCRequest, and the one byte that answers it, come before TLS.
/// Do not pass them to the tracker.
///
/// `max` is in bytes. It counts a whole message with its length field, or a whole part of a message
/// that is split.
/// ```
/// # use close_notify_framing::{Counts, Framing, FramingState, LengthPrefixed, Width};
/// let client = LengthPrefixed::big_endian(Width::Four, 1 << 30)
///     .after(1)
///     .counting(Counts::ItselfAndRest);
/// let mut server = client.clone().first_after(0);
/// server.received(b"\0\0\0\x11\0\x03\0\0user\0me\0"); // one byte is missing
/// assert_eq!(server.state(), FramingState::InsideMessage);
/// server.received(b"\0");
/// assert_eq!(server.state(), FramingState::BetweenMessages);
/// server.received(b"X\0\0\0\x04");
/// assert_eq!((server.state(), server.fault()), (FramingState::BetweenMessages, None));
/// ```
#[derive(Clone, Debug)]
pub struct LengthPrefixed {
    walker: Walker<Prefixed>,
}

impl LengthPrefixed {
    /// Messages that begin with a length in network byte order, which counts what comes after it.
    #[must_use]
    pub const fn big_endian(width: Width, max: u64) -> Self {
        Self::new(width, max, true)
    }

    /// Messages that begin with a length whose lowest byte comes first, which counts what comes
    /// after it.
    #[must_use]
    pub const fn little_endian(width: Width, max: u64) -> Self {
        Self::new(width, max, false)
    }

    const fn new(width: Width, max: u64, big_endian: bool) -> Self {
        let walk = Prefixed {
            width: width as u64,
            big_endian,
            before: 0,
            first_before: None,
            counts: Counts::Rest,
            uncounted: 0,
            is_split_when_full: false,
            max,
            goes_on: false,
            seen: 0,
            value: 0,
            left: 0,
        };
        Self { walker: Walker::new(walk) }
    }

    /// Puts the length field after the first `bytes` bytes of each message.
    #[must_use]
    pub const fn after(mut self, bytes: u8) -> Self {
        self.walker.walk.before = bytes as u64;
        self
    }

    /// Puts the length field of the first message after its first `bytes` bytes, which may be none.
    #[must_use]
    pub const fn first_after(mut self, bytes: u8) -> Self {
        self.walker.walk.first_before = Some(bytes as u64);
        self
    }

    /// Sets what the length counts.
    #[must_use]
    pub const fn counting(mut self, counts: Counts) -> Self {
        self.walker.walk.counts = counts;
        self
    }

    /// Sets how many bytes after the length field the length does not count.
    #[must_use]
    pub const fn with_uncounted(mut self, bytes: u8) -> Self {
        self.walker.walk.uncounted = bytes as u64;
        self
    }

    /// Continues a message whose length field has all bits set with the next one.
    #[must_use]
    pub const fn split_when_full(mut self) -> Self {
        self.walker.walk.is_split_when_full = true;
        self
    }
}

tracker!(LengthPrefixed);

#[derive(Clone, Debug)]
struct Prefixed {
    width: u64,
    big_endian: bool,
    before: u64,
    /// Of the first message, until its length field was read.
    first_before: Option<u64>,
    counts: Counts,
    uncounted: u64,
    is_split_when_full: bool,
    max: u64,
    /// More parts of the message follow, and the next has not begun.
    goes_on: bool,
    /// How many bytes have come, up to the end of the length field.
    seen: u64,
    value: u64,
    left: u64,
}

impl Prefixed {
    const fn rest(&self, head: u64) -> Result<u64, What> {
        let counted_before = match self.counts {
            Counts::Rest => 0,
            Counts::ItselfAndRest => self.width,
            Counts::Whole => head,
        };
        let Some(rest) = self.value.checked_sub(counted_before) else { return Err(What::TooShort) };
        let Some(rest) = rest.checked_add(self.uncounted) else { return Err(What::TooLong) };
        match rest.checked_add(head) {
            Some(whole) if whole <= self.max => Ok(rest),
            Some(_) | None => Err(What::TooLong),
        }
    }
}

impl Walk for Prefixed {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        if self.left > 0 {
            return Ok(skip(&mut self.left, bytes));
        }
        let before = self.first_before.unwrap_or(self.before);
        if self.seen >= before {
            let byte = u64::from(bytes[0]);
            self.value = if self.big_endian {
                self.value << 8 | byte
            } else {
                self.value | byte << (8 * (self.seen - before))
            };
        }
        self.seen += 1;
        if self.seen == before + self.width {
            self.left = self.rest(self.seen)?;
            self.goes_on = self.is_split_when_full && self.value == u64::MAX >> (64 - 8 * self.width);
            (self.first_before, self.seen, self.value) = (None, 0, 0);
        }
        Ok(1)
    }

    fn is_between(&self) -> bool {
        self.seen == 0 && self.left == 0 && !self.goes_on
    }
}
