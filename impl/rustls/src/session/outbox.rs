//! Bytes that are sealed and not yet in the transport.
//!
//! Decides nothing: bytes in, the same bytes out.

/// Sealed bytes that wait for the transport. The memory is kept.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Outbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), start: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    pub(crate) fn unsent(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.start += count;
        if self.is_empty() {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// The buffer to append sealed bytes to.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        &mut self.bytes
    }
}
