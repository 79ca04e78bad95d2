//! The peer that holds the keys: it can say anything, and knows which records are authentic.

use close_notify::{Role, Version};
use insecure_test_crypto::{HANDSHAKE, Keys};

use super::meaning::{Endpoint, Meaning, Means};
use crate::lab::Recording;

/// Type, version and length.
const HEADER: usize = 5;
/// The offset of the ClientHello in its record, after the header.
const MESSAGE: usize = HEADER;

/// An authentic record: its range in what the peer sent, and its meaning there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) meaning: Meaning,
    /// The offset of its data in all data that the peer sealed.
    pub(crate) data_at: usize,
}

/// The peer.
#[derive(Debug)]
pub(crate) struct Adversary {
    recording: &'static Recording,
    role: Role,
    keys: Keys,
    /// How often the keys were changed.
    updates: usize,
    endpoint: Endpoint,
    /// After the last change of keys that was recorded the peer says no more.
    pub(crate) is_mute: bool,
    /// Every authentic record, in order.
    pub(crate) pieces: Vec<Piece>,
    /// How many bytes of data were sealed.
    pub(crate) said: usize,
}

/// The ClientHello of a recorded handshake. It is empty if our side is the client, as the peer then
/// sends none.
pub(crate) fn hello(recording: &'static Recording, role: Role) -> &'static [u8] {
    match role {
        Role::Client => &[],
        Role::Server => recording.flights.first().map_or(&[], |flight| &flight[MESSAGE..]),
    }
}

impl Adversary {
    pub(crate) fn new(version: Version, role: Role) -> Self {
        let recording = Recording::of(version, role);
        Self {
            recording,
            role,
            keys: recording.theirs[0],
            updates: 0,
            endpoint: Endpoint::new(version, role, hello(recording, role)),
            is_mute: false,
            pieces: Vec::with_capacity(32),
            said: 0,
        }
    }

    /// Seals an authentic record, and appends it to `out`.
    pub(crate) fn seal(&mut self, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        let from = out.len();
        self.keys.seal(content, payload, out);
        let meaning = self.endpoint.hear(content, payload);
        if meaning.renews_keys {
            self.updates += 1;
            self.is_mute = self.updates + 1 == self.recording.theirs.len();
            self.keys = self.recording.theirs[self.updates];
        }
        self.pieces.push(Piece { from, to: out.len(), meaning, data_at: self.said });
        if let Means::Data(length) = meaning.means {
            self.said += length;
        }
    }

    /// Seals a record that will be sent in part only.
    pub(crate) fn seal_unheard(&self, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        let mut keys = self.keys;
        keys.seal(content, payload, out);
    }

    /// Asks for another handshake: sends a HelloRequest to a client, or the ClientHello again to a
    /// server.
    pub(crate) fn ask_again(&mut self, out: &mut Vec<u8>) {
        let hello = hello(self.recording, self.role);
        let message = if hello.is_empty() { &[0, 0, 0, 0][..] } else { hello };
        self.seal(HANDSHAKE, message, out);
    }

    /// Seals a record with keys that are wrong at this place.
    pub(crate) fn seal_wrongly(&self, wrong: Wrong, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        let mut keys = match wrong {
            Wrong::Direction => self.recording.ours[0],
            Wrong::Place => self.keys.skip(1),
            Wrong::Epoch => match self.recording.theirs.get(self.updates + 1) {
                Some(&next) => next,
                None => self.keys.skip(1 << 20),
            },
        };
        keys.seal(content, payload, out);
    }
}

/// What is wrong with the keys of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    /// They are our side's keys.
    Direction,
    /// They are for another place in the sequence.
    Place,
    /// They are not in use yet.
    Epoch,
}

/// The next record in `bytes`: its end, its meaning, and whether it is the first of `pieces`.
/// `None` if it is not whole.
///
/// An impossible header counts as a record of its own: nothing after it can be framed.
pub(crate) fn next_record(
    bytes: &[u8],
    at: usize,
    given: usize,
    pieces: &[Piece],
) -> Option<(usize, Meaning, bool)> {
    let header = bytes[at..given].first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if !matches!(header, [20..=24, 3, ..]) || length > (1 << 14) + 2048 {
        return Some((at + HEADER, Meaning::VIOLATION, false));
    }
    let to = at + HEADER + length;
    if to > given {
        return None;
    }
    match pieces.first() {
        Some(piece) if piece.from == at && piece.to == to => Some((to, piece.meaning, true)),
        // RFC 9846 §5.2: a record that cannot be opened ends the connection
        Some(_) | None => Some((to, Meaning::VIOLATION, false)),
    }
}
