//! Checks the output of our side, opened with its own keys: every record is authentic and in its
//! place, data is as it was written, and there is one last word with nothing after it.
//!
//! Sources: RFC 9846 §6.1, §6.2 · nothing-after-notify, one-notify, fatal-no-notify,
//! notify-level-warning; §4.6.3.

use close_notify::{Role, Version};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE, Keys};

use super::flaw::Flaw;
use super::pattern;
use crate::lab::Recording;

const HEADER: usize = 5;
const WARNING: u8 = 1;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;
const NO_RENEGOTIATION: u8 = 100;
/// An answer to a KeyUpdate; it does not ask for one itself.
const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];

/// Our side's last word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LastWord {
    Notify,
    Fatal(u8),
}

/// The reader of our side's direction.
#[derive(Debug)]
pub(crate) struct Said {
    version: Version,
    recording: &'static Recording,
    keys: Keys,
    updates: usize,
    /// How much of our output is read.
    at: usize,
    /// Bytes of data.
    pub(crate) data: usize,
    /// Where the last of them ends.
    pub(crate) data_ends_at: usize,
    pub(crate) last_word: Option<LastWord>,
    /// Where the last word ends.
    pub(crate) ends_at: Option<usize>,
}

impl Said {
    pub(crate) fn new(version: Version, role: Role) -> Self {
        let recording = Recording::of(version, role);
        let keys = recording.ours[0];
        Self {
            version,
            recording,
            keys,
            updates: 0,
            at: 0,
            data: 0,
            data_ends_at: 0,
            last_word: None,
            ends_at: None,
        }
    }

    /// Reads every whole record of what the transport has taken.
    pub(crate) fn hear(&mut self, taken: &[u8]) -> Result<(), Flaw> {
        while let Some(record) = whole_record(&taken[self.at..]) {
            if self.last_word.is_some() {
                return Err(Flaw::of("nothing-after-notify", "a record comes after our last word"));
            }
            let Some(opened) = self.keys.open(record) else {
                return Err(Flaw::of(
                    "record",
                    "our side said a record that its keys did not seal in this place",
                ));
            };
            self.at += record.len();
            match (opened.content, opened.payload) {
                (APPLICATION_DATA, data) => self.data(data)?,
                (ALERT, &[level, description]) => self.alert(level, description)?,
                (HANDSHAKE, payload) if payload == KEY_UPDATE && self.version == Version::Tls13 => {
                    self.updates += 1;
                    self.keys = self.recording.ours[self.updates];
                }
                _ => return Err(Flaw::of("record", "our side said what nobody asked it for")),
            }
        }
        let after_it = self.last_word.is_some() && self.at < taken.len();
        if after_it {
            Err(Flaw::of("nothing-after-notify", "bytes come after our last word"))
        } else {
            Ok(())
        }
    }

    fn data(&mut self, data: &[u8]) -> Result<(), Flaw> {
        if !pattern::is_at(self.data, data) {
            return Err(Flaw::of("data", "our data is not what the application wrote"));
        }
        self.data += data.len();
        self.data_ends_at = self.at;
        Ok(())
    }

    fn alert(&mut self, level: u8, description: u8) -> Result<(), Flaw> {
        self.last_word = Some(match (level, description) {
            (WARNING, CLOSE_NOTIFY) => LastWord::Notify,
            (FATAL, CLOSE_NOTIFY | USER_CANCELED) => {
                return Err(Flaw::of("notify-level-warning", "a closure alert left at level fatal"));
            }
            (FATAL, description) => LastWord::Fatal(description),
            // RFC 5246 §7.2.2
            (WARNING, NO_RENEGOTIATION) if self.version == Version::Tls12 => return Ok(()),
            _ => return Err(Flaw::of("alert", "our side said an alert that fits nothing")),
        });
        self.ends_at = Some(self.at);
        Ok(())
    }
}

fn whole_record(bytes: &[u8]) -> Option<&[u8]> {
    let header = bytes.first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    bytes.get(..HEADER + length)
}
