//! What the bytes of one direction say: records opened beside rustls, and the last word among them.
//!
//! Decides how bytes read as records, with keys of its own. Leaves to its user what may be said
//! when.
//! Sources: RFC 9846 §5.1–5.2, RFC 5246 §6.2.1.

use std::sync::LazyLock;

use close_notify::{AlertDescription, AlertLevel, Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE, Keys};

use crate::lab::Recording;

/// Type, version and length.
const HEADER: usize = 5;
/// The longest text that is written at once.
pub const LONGEST: usize = 16 * 1024;
/// After so many bytes a text begins again. No length of a record or a buffer divides it.
const PERIOD: usize = 251;

/// What a side's application says under TLS is spoken by the voice of its number; what it says
/// outside, by this much higher.
pub const PLAIN: usize = 2;

/// What a voice says, from any place on: nothing else is ever written, so every byte that is read
/// shows its place.
///
/// Shape: `length` is at most [`LONGEST`].
#[must_use]
pub fn text(voice: usize, from: usize, length: usize) -> &'static [u8] {
    static TEXTS: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
        let byte = |at: usize, sign: u8| u8::try_from(at % PERIOD).unwrap_or(0) ^ sign;
        [0, 0x5a, 0x3c, 0x66].map(|sign| (0..LONGEST + PERIOD).map(|at| byte(at, sign)).collect())
    });
    &TEXTS[voice][from % PERIOD..][..length]
}

/// Whether this is what the voice says from that place on.
#[must_use]
pub fn is_text(voice: usize, from: usize, bytes: &[u8]) -> bool {
    let mut from = from;
    bytes.chunks(LONGEST).all(|part| {
        let is_right = part == text(voice, from, part.len());
        from += part.len();
        is_right
    })
}

/// What ends a side's speech.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// A close_notify of this level.
    Notify(AlertLevel),
    /// A fatal alert.
    Fatal(AlertDescription),
}

/// A last word, and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Last {
    /// What it is.
    pub word: Word,
    /// Where its record ends.
    pub end: usize,
}

/// One direction, heard as far as its records are whole.
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
    /// The last word. What follows it is not heard.
    pub last: Option<Last>,
}

impl Heard {
    /// What this side of an established connection says behind the first `at` bytes of its
    /// direction; its application's text goes on at `first`.
    #[must_use]
    pub fn of(version: Version, side: usize, at: usize, first: usize) -> Self {
        let role = [Role::Client, Role::Server][side];
        let keys = Recording::of(version, role).ours[0];
        Self { keys, side, first, at, data: 0, records: 0, last: None }
    }

    /// Hears the records that have become whole since.
    ///
    /// Panics: where a record is not what this side may seal there.
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

    /// Where the record of the close_notify ends.
    #[must_use]
    pub fn notify_end(&self) -> Option<usize> {
        self.last.filter(|last| matches!(last.word, Word::Notify(_))).map(|last| last.end)
    }
}

/// The whole record that begins there.
fn record_at(log: &[u8], at: usize) -> Option<&[u8]> {
    let rest = &log[at..];
    let header = rest.first_chunk::<HEADER>()?;
    rest.get(..HEADER + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

/// How much longer than its data a record is.
#[must_use]
pub const fn overhead(version: Version) -> usize {
    if version.has_independent_halves() { HEADER + 1 + 16 } else { HEADER + 8 + 16 }
}
