//! A hash of 32 bytes that every input byte changes, and that anybody can invert.

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};

pub(crate) const LENGTH: usize = 32;
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The state of a walk over the input, eight bytes per step.
#[derive(Clone, Copy)]
pub(crate) struct State {
    sum: u64,
    word: u64,
    length: u64,
}

impl State {
    pub(crate) const fn new() -> Self {
        Self { sum: ODD, word: 0, length: 0 }
    }

    pub(crate) fn with(mut self, data: &[u8]) -> Self {
        self.update(data);
        self
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        while !self.length.is_multiple_of(8) && !data.is_empty() {
            self.push(data[0]);
            data = &data[1..];
        }
        let (words, rest) = data.as_chunks::<8>();
        for word in words {
            self.step(u64::from_le_bytes(*word));
        }
        self.length += 8 * words.len() as u64;
        rest.iter().for_each(|&byte| self.push(byte));
    }

    fn push(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * (self.length % 8));
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.step(self.word);
            self.word = 0;
        }
    }

    const fn step(&mut self, word: u64) {
        self.sum = (self.sum ^ word).wrapping_mul(ODD).rotate_left(29);
    }

    /// The first words of the hash.
    pub(crate) fn words<const N: usize>(mut self) -> [u64; N] {
        self.step(self.word);
        self.step(self.length);
        std::array::from_fn(|at| {
            self.step(at as u64);
            self.sum ^ (self.sum >> 32)
        })
    }

    fn bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.words::<4>()) {
            *place = word.to_le_bytes();
        }
        bytes
    }
}

/// The hash, and the HMAC over it.
pub(crate) struct Walk;

impl Hash for Walk {
    fn start(&self) -> Box<dyn Context> {
        Box::new(State::new())
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&State::new().with(data).bytes())
    }

    fn output_len(&self) -> usize {
        LENGTH
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

impl Context for State {
    fn fork_finish(&self) -> Output {
        Output::new(&self.bytes())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(*self)
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.bytes())
    }

    fn update(&mut self, data: &[u8]) {
        Self::update(self, data);
    }
}

impl Hmac for Walk {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        Box::new(Keyed(State::new().with(key).with(&[0x5c])))
    }

    fn hash_output_len(&self) -> usize {
        LENGTH
    }
}

struct Keyed(State);

impl Key for Keyed {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut state = self.0.with(first);
        middle.iter().for_each(|part| state.update(part));
        Tag::new(&state.with(last).bytes())
    }

    fn tag_len(&self) -> usize {
        LENGTH
    }
}
