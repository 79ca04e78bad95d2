//! The played peer: what it says, where each record ends, and what it has read of our output.
//!
//! Decides the bytes of its data, each of which shows its place. The run decides when it speaks.

use std::sync::LazyLock;

use close_notify::{Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE, Keys};

use crate::lab::Recording;

/// A TLS 1.3 ticket: a lifetime, an age, a nonce of one byte, a ticket of two, no extensions.
const TICKET: [u8; 19] = [4, 0, 0, 15, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 7, 0, 0];

/// A stream repeats after this many bytes.
const PERIOD: usize = 1 << 16;
/// The most bytes of it that one call moves.
pub(super) const LONGEST: usize = 20_000;

/// The bytes of a stream from an offset: each shows its place.
pub(super) fn stream(from: usize, count: usize) -> &'static [u8] {
    static BYTES: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..PERIOD + LONGEST).map(|place| (place ^ (place >> 8) ^ 0x5a) as u8).collect());
    &BYTES[from % PERIOD..][..count]
}

/// The end of the peer's direction, and its place in what the peer said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    /// The offset of the first byte after its record.
    pub(super) at: usize,
    /// Its alert: zero is close_notify.
    pub(super) alert: u8,
    /// How much data comes before it.
    pub(super) data: usize,
}

pub(super) struct Peer {
    version: Version,
    role: Role,
    theirs: Keys,
    ours: Keys,
    /// How much data it has said.
    pub(super) data: usize,
    /// Where its records end, and how much data comes before that.
    borders: Vec<(usize, usize)>,
    /// The first of its words that ends its direction.
    pub(super) end: Option<End>,
    warnings: u8,
    empty: u8,
    /// How many bytes of our output are whole records.
    pub(super) opened: usize,
    /// How much data they hold.
    pub(super) heard: usize,
    /// Where our last word ends, and its alert.
    pub(super) last_word: Option<(usize, u8)>,
}

impl Peer {
    pub(super) fn new(version: Version, role: Role) -> Self {
        let recording = Recording::of(version, role);
        Self {
            version,
            role,
            theirs: recording.theirs[0],
            ours: recording.ours[0],
            data: 0,
            borders: Vec::with_capacity(16),
            end: None,
            warnings: 0,
            empty: 0,
            opened: 0,
            heard: 0,
            last_word: None,
        }
    }

    pub(super) fn say_data(&mut self, count: usize, said: &mut Vec<u8>) {
        // A flood of empty records is refused (rustls allows 32 in a row).
        let count = if count == 0 && self.empty == 8 { 1 } else { count };
        self.empty += u8::from(count == 0);
        self.theirs.seal(APPLICATION_DATA, stream(self.data, count), said);
        self.data += count;
        self.borders.push((said.len(), self.data));
    }

    /// Says an alert that ends its direction: zero is close_notify.
    pub(super) fn say_end(&mut self, alert: u8, said: &mut Vec<u8>) {
        let level = if alert == 0 { 1 } else { 2 };
        self.theirs.seal(ALERT, &[level, alert], said);
        self.borders.push((said.len(), self.data));
        self.end.get_or_insert(End { at: said.len(), alert, data: self.data });
    }

    /// Says a message that is no data and ends nothing: a ticket, or a warning if no ticket is
    /// allowed.
    pub(super) fn say_message(&mut self, said: &mut Vec<u8>) {
        if self.version.has_independent_halves() && self.role == Role::Client {
            self.theirs.seal(HANDSHAKE, &TICKET, said);
        } else if self.warnings < 3 {
            self.warnings += 1;
            self.theirs.seal(ALERT, &[1, 90], said);
        }
        self.borders.push((said.len(), self.data));
    }

    /// Says plain bytes after its close_notify.
    pub(super) fn say_plain(&self, count: usize, said: &mut Vec<u8>) {
        if self.end.is_some_and(|end| end.alert == 0) {
            said.extend_from_slice(stream(said.len(), count));
        }
    }

    pub(super) fn records(&self) -> usize {
        self.borders.len()
    }

    /// Whether a record ends at this place.
    pub(super) fn is_border(&self, place: usize) -> bool {
        place == 0 || self.borders.iter().any(|&(at, _)| at == place)
    }

    /// How much data the whole records before this place hold.
    pub(super) fn data_before(&self, place: usize) -> usize {
        self.borders.iter().take_while(|&&(at, _)| at <= place).last().map_or(0, |&(_, data)| data)
    }

    /// Reads our output, record by record. Panics if a record is not sealed by us, does not hold
    /// the next bytes of our data, or comes after our last word.
    pub(super) fn hear(&mut self, out: &[u8]) {
        while let Some(record) = next_record(&out[self.opened..]) {
            assert!(self.last_word.is_none(), "a record after the last word"); // nothing-after-notify
            let opened = self.ours.open(record).expect("what leaves is sealed, whole and in its order");
            self.opened += record.len();
            match (opened.content, opened.payload) {
                (APPLICATION_DATA, data) => {
                    let same = data == stream(self.heard, data.len());
                    assert!(same, "data is lost, repeated or out of its place at {}", self.heard);
                    self.heard += data.len();
                }
                (ALERT, &[level, alert]) => {
                    assert_eq!(level, if alert == 0 { 1 } else { 2 }, "the level of alert {alert}");
                    self.last_word = Some((self.opened, alert));
                }
                (content, payload) => panic!("a record of type {content}: {payload:?}"),
            }
        }
        assert!(self.last_word.is_none() || self.opened == out.len(), "bytes after the last word");
    }
}

fn next_record(bytes: &[u8]) -> Option<&[u8]> {
    let header = bytes.first_chunk::<5>()?;
    let length = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
    bytes.get(..length)
}
