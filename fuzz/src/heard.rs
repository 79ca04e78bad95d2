//! Reads the bytes of one direction: opens its records without rustls, and finds the last word.
//!
//! Decides how bytes are read as records, with its own copy of the keys. Its user decides what may
//! be said when.
//! Sources: RFC 9846 §5.1–5.2, RFC 5246 §6.2.1.

use std::sync::LazyLock;

use close_notify::{AlertDescription, AlertLevel, Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE, Keys};

use crate::lab::Recording;

/// Type, version and length.
const HEADER: usize = 5;
/// The longest text that is written in one call.
pub const LONGEST: usize = 16 * 1024;
/// A text repeats after this many bytes. No length of a record or a buffer divides it.
const PERIOD: usize = 251;

/// The offset between voices: a side's application uses the voice of its number under TLS, and the
/// voice this much higher in the clear.
pub const PLAIN: usize = 2;

/// The text of a voice from the offset `from`. Nothing else is ever written, so every byte that is
/// read shows its place.
///
/// # Panics
///
/// Panics if `length` is more than [`LONGEST`], or if there is no such voice.
#[must_use]
pub fn text(voice: usize, from: usize, length: usize) -> &'static [u8] {
    static TEXTS: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
        let byte = |at: usize, sign: u8| u8::try_from(at % PERIOD).unwrap_or(0) ^ sign;
        [0, 0x5a, 0x3c, 0x66].map(|sign| (0..LONGEST + PERIOD).map(|at| byte(at, sign)).collect())
    });
    &TEXTS[voice][from % PERIOD..][..length]
}

/// Whether this is the text of the voice from that offset.
#[must_use]
pub fn is_text(voice: usize, from: usize, bytes: &[u8]) -> bool {
    let mut from = from;
    bytes.chunks(LONGEST).all(|part| {
        let is_right = part == text(voice, from, part.len());
        from += part.len();
        is_right
    })
}

/// A word that ends a side's direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// A close_notify of this level.
    Notify(AlertLevel),
    /// A fatal alert.
    Fatal(AlertDescription),
}

/// A last word, and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Last {
    /// The word.
    pub word: Word,
    /// Where its record ends.
    pub end: usize,
}

/// One direction, read as far as its records are whole.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    keys: Keys,
    side: usize,
    first: usize,
    /// Where the next record begins.
    pub at: usize,
    /// How much application data the records hold.
    pub data: usize,
    /// How many records there were, of any type.
    pub records: usize,
    /// The last word. What follows it is not read.
    pub last: Option<Last>,
}

impl Heard {
    /// Reads what this side of an established connection says after the first `at` bytes of its
    /// direction. Its application's text continues at `first`.
    #[must_use]
    pub fn of(version: Version, side: usize, at: usize, first: usize) -> Self {
        let role = [Role::Client, Role::Server][side];
        let keys = Recording::of(version, role).ours[0];
        Self { keys, side, first, at, data: 0, records: 0, last: None }
    }

    /// Reads the records that have become whole since the last call.
    ///
    /// # Panics
    ///
    /// Panics if a record is not one that this side may seal there.
    pub fn hear(&mut self, log: &[u8]) {
        while self.last.is_none()
            && let Some(record) = record_at(log, self.at)
        {
            let opened = self.keys.open(record);
            let opened = opened.unwrap_or_else(|| panic!("the record at {} is not its side's", self.at));
            self.at += record.len();
            self.records += 1;
            match (opened.content, opened.payload) {
                (APPLICATION_DATA, data) => {
                    let is_right = is_text(self.side, self.first + self.data, data);
                    assert!(is_right, "other data leaves than was written");
                    self.data += data.len();
                }
                (ALERT, &[level, description]) => self.hear_alert(AlertLevel(level), description),
                (HANDSHAKE, _) => {}
                (content, payload) => panic!("a record of type {content} says {payload:?}"),
            }
        }
    }

    fn hear_alert(&mut self, level: AlertLevel, description: u8) {
        let word = match (level, AlertDescription(description)) {
            (level, AlertDescription::CLOSE_NOTIFY) => Word::Notify(level),
            (AlertLevel::FATAL, description) => Word::Fatal(description),
            (level, description) => panic!("nobody asked for {description} at level {level:?}"),
        };
        self.last = Some(Last { word, end: self.at });
    }

    /// The offset at which the record of the close_notify ends.
    #[must_use]
    pub fn notify_end(&self) -> Option<usize> {
        self.last.filter(|last| matches!(last.word, Word::Notify(_))).map(|last| last.end)
    }
}

/// The record that begins at `at`, if it is whole.
fn record_at(log: &[u8], at: usize) -> Option<&[u8]> {
    let rest = &log[at..];
    let header = rest.first_chunk::<HEADER>()?;
    rest.get(..HEADER + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

/// The difference between the lengths of a record and of its data.
#[must_use]
pub const fn overhead(version: Version) -> usize {
    if version.has_independent_halves() { HEADER + 1 + 16 } else { HEADER + 8 + 16 }
}
