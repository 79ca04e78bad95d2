//! The peer: seals what it says with the keys of its direction, and opens what the subject says to
//! it.

use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE, Keys};

use super::outcome::Said;
use super::script::{End, Script, Step, Word};

/// Seals and opens records outside of a TLS stack.
pub(super) trait Seal {
    fn seal(&mut self, content: u8, payload: &[u8], out: &mut Vec<u8>);
    /// Switches the sealing keys to the next update.
    fn update_ours(&mut self);
    /// Content and payload of one whole record; `None` if it cannot be opened.
    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)>;
    /// Switches the opening keys to the next update.
    fn update_theirs(&mut self);
}

const WARNING: u8 = 1;
const KEY_UPDATE: u8 = 24;
/// A ticket of TLS 1.3 that rustls and OpenSSL accept: a lifetime of two hours, a nonce, two bytes
/// of ticket, no extensions.
const TICKET: [u8; 20] = [4, 0, 0, 16, 0, 0, 28, 32, 1, 2, 3, 4, 1, 0, 0, 2, 7, 7, 0, 0];
/// A HelloRequest of a server, or from a client a handshake message that is no ClientHello: an end
/// that accepts it ignores it.
const HELLO_REQUEST: [u8; 4] = [0, 0, 0, 0];

/// The bytes that arrive in each step.
pub(super) fn bytes(script: &Script, keys: &mut impl Seal) -> Vec<Vec<u8>> {
    script.steps.iter().map(|step| step_bytes(script, *step, keys)).collect()
}

fn step_bytes(script: &Script, step: Step, keys: &mut impl Seal) -> Vec<u8> {
    let mut out = Vec::new();
    match step {
        Step::Says(word) => say(script.is_13(), word, keys, &mut out),
        Step::Ends(End::FinInRecord) => {
            keys.seal(APPLICATION_DATA, b"cut", &mut out);
            out.truncate(out.len() / 2);
        }
        Step::Ends(End::Fin | End::Reset) | Step::Writes | Step::Closes | Step::Reads => {}
    }
    out
}

fn say(is_13: bool, word: Word, keys: &mut impl Seal, out: &mut Vec<u8>) {
    match word {
        Word::Data(length) => keys.seal(APPLICATION_DATA, &[b'd'; 255][..usize::from(length)], out),
        Word::Alert(alert) => keys.seal(ALERT, &alert, out),
        Word::TwoAlerts([level, code]) => keys.seal(ALERT, &[level, code, 1, 0], out),
        Word::SplitNotify => {
            keys.seal(ALERT, &[1], out);
            keys.seal(ALERT, &[0], out);
        }
        Word::EmptyAlert => keys.seal(ALERT, &[], out),
        Word::KeyUpdate(asks) if is_13 => {
            keys.seal(HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, asks.into()], out);
            keys.update_ours();
        }
        Word::KeyUpdate(_) => {}
        Word::Ticket => keys.seal(HANDSHAKE, if is_13 { &TICKET } else { &HELLO_REQUEST }, out),
        Word::PlainNotify => out.extend([ALERT, 3, 3, 0, 2, 1, 0]),
        Word::Plain => out.extend(b"+OK plaintext again\r\n"),
        Word::Forged => {
            keys.seal(APPLICATION_DATA, b"forged", out);
            let last = out.last_mut().expect("a record has bytes");
            *last ^= 1;
        }
    }
}

/// What an end said, derived from what it wrote.
pub(super) fn said(mut written: &[u8], keys: &mut impl Seal) -> Said {
    let mut said = Said::default();
    while let Some((header, _)) = written.split_first_chunk::<5>() {
        let length = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
        let Some((record, rest)) = written.split_at_checked(length) else { break };
        written = rest;
        let opened = keys.open(record);
        if said.alert.is_some() {
            said.is_not_last = true;
        }
        match opened {
            // A warning ends nothing.
            Some((ALERT, payload)) if payload[0] == WARNING && payload[1] != 0 => {}
            Some((ALERT, payload)) => {
                said.alert.get_or_insert([payload[0], payload[1]]);
            }
            Some((HANDSHAKE, payload)) if payload.first() == Some(&KEY_UPDATE) => keys.update_theirs(),
            Some(_) => {}
            None => said.is_sealed_badly = true,
        }
    }
    said
}

/// The keys of the stand-in cryptography.
pub(super) struct Readable<'a> {
    pub(super) ours: Keys,
    pub(super) our_next: &'a [Keys],
    pub(super) theirs: Keys,
    pub(super) their_next: &'a [Keys],
}

fn next(keys: &mut Keys, chain: &mut &[Keys]) {
    if let Some((first, rest)) = chain.split_first() {
        (*keys, *chain) = (*first, rest);
    }
}

impl Seal for Readable<'_> {
    fn seal(&mut self, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        self.ours.seal(content, payload, out);
    }

    fn update_ours(&mut self) {
        next(&mut self.ours, &mut self.our_next);
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        self.theirs.open(record).map(|opened| (opened.content, opened.payload.to_vec()))
    }

    fn update_theirs(&mut self) {
        next(&mut self.theirs, &mut self.their_next);
    }
}
