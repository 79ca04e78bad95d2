//! Both directions of a connection, in the order in which a tracker received them.

/// Everything that a tracker received.
///
/// Positions are in bytes since the start of each direction.
#[derive(Clone, Debug, Default)]
pub struct Told {
    received: Vec<u8>,
    sent: Vec<u8>,
    /// After each byte received, how many had been sent; `received_by` is the reverse.
    sent_by: Vec<usize>,
    received_by: Vec<usize>,
}

impl Told {
    /// Adds the peer's next bytes.
    pub fn received(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        self.sent_by.resize(self.received.len(), self.sent.len());
    }

    /// Adds our next bytes.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
        self.received_by.resize(self.sent.len(), self.received.len());
    }

    /// All of the peer's bytes.
    #[must_use]
    pub fn all_received(&self) -> &[u8] {
        &self.received
    }

    /// All of our bytes.
    #[must_use]
    pub fn all_sent(&self) -> &[u8] {
        &self.sent
    }

    /// How many bytes had been sent when `received` bytes had just been received.
    pub(super) fn sent_when(&self, received: usize) -> usize {
        received.checked_sub(1).map_or(0, |last| self.sent_by[last])
    }

    /// How many bytes had been received when `sent` bytes had just been sent.
    pub(super) fn received_when(&self, sent: usize) -> usize {
        sent.checked_sub(1).map_or(0, |last| self.received_by[last])
    }
}
