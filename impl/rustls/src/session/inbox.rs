//! Bytes that were read and not taken yet: our own input buffer, so that the engine loses no byte
//! after a record.
//!
//! Decides where a record ends. Leaves to the engine whether it is valid.
//! Sources: RFC 9846 §5.1–5.2, RFC 5246 §6.2.1.

use std::io::{self, Read};

/// The record types.
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=24;
/// Type, version and length.
const HEADER: usize = 5;
/// The longest record that any version allows.
const LONGEST: usize = HEADER + (1 << 14) + 2048;
/// Room for a record, and for what one large read returns in addition.
const CAPACITY: usize = 2 * LONGEST;
/// The initial size: enough for short records, so that an idle connection uses little memory.
const SMALL: usize = 4096;

/// Unread input of one connection. Its memory grows once, when a read fills it.
#[derive(Debug)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How much was given to an engine that may have begun a record before: its position in the
    /// record is unknown until a record ends.
    astray: Option<u32>,
    /// How much of the next record the engine has already; it stays unread here.
    ahead: usize,
}

impl Inbox {
    /// The next byte begins a record.
    pub(crate) fn aligned() -> Self {
        Self { bytes: vec![0; SMALL], start: 0, end: 0, astray: None, ahead: 0 }
    }

    /// The next byte may be anywhere in a record.
    pub(crate) fn strayed() -> Self {
        Self { astray: Some(0), ..Self::aligned() }
    }

    pub(crate) const fn is_aligned(&self) -> bool {
        self.astray.is_none()
    }

    /// How many bytes have shown no end of a record yet; `None` once one is seen.
    pub(crate) const fn stray(&mut self, bytes: Option<u32>) {
        self.astray = bytes;
    }

    pub(crate) const fn astray(&self) -> Option<u32> {
        self.astray
    }

    /// Whether an end that comes now may be inside a record.
    pub(crate) fn may_be_inside_record(&self) -> bool {
        !self.unread().is_empty() || !self.is_aligned()
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The length of the next record if it is complete. An invalid header counts as complete by
    /// itself, so that the engine refuses it at once.
    pub(crate) fn next_record(&self) -> Option<usize> {
        let unread = self.unread();
        if !self.is_aligned() {
            return (!unread.is_empty()).then_some(unread.len());
        }
        let header = unread.first_chunk::<HEADER>()?;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if !CONTENT_TYPES.contains(&header[0]) || header[1] != 3 || HEADER + length > LONGEST {
            return Some(HEADER);
        }
        (unread.len() >= HEADER + length).then_some(HEADER + length)
    }

    /// What the engine has not received yet of a record of this length and, if `open`, the first
    /// byte of the next. An engine that always has a part of a record keeps its buffer, and needs
    /// only one call per record. A byte that cannot begin a record is kept back, because the engine
    /// would refuse this record for it.
    pub(crate) fn give(&mut self, length: usize, open: bool) -> &[u8] {
        let from = self.start + self.ahead;
        let next = self.unread().get(length);
        self.ahead = usize::from(open && next.is_some_and(|first| CONTENT_TYPES.contains(first)));
        &self.bytes[from..self.start + length + self.ahead]
    }

    pub(crate) fn consume(&mut self, length: usize) {
        self.start += length;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads once, after what is unread. Call it only if no record is complete: then there is room,
    /// or room is made.
    pub(crate) fn fill(&mut self, transport: &mut impl Read) -> io::Result<usize> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize(CAPACITY, 0);
        }
        let count = transport.read(&mut self.bytes[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// The whole buffer as scratch space; unread bytes are lost.
    pub(crate) fn scratch(&mut self) -> &mut [u8] {
        (self.start, self.end) = (0, 0);
        &mut self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_given_a_byte_of_the_next_record_and_none_that_begins_no_record() {
        for (next, ahead) in [(23, 1), (20, 1), (24, 1), (19, 0), (b'P', 0)] {
            let mut inbox = Inbox::aligned();
            inbox.fill(&mut &[23, 3, 3, 0, 1, 7, next][..]).unwrap();
            assert_eq!(inbox.give(6, true).len(), 6 + ahead, "{next}");
            inbox.consume(6);
            assert_eq!(inbox.unread(), [next]);
        }
    }
}
