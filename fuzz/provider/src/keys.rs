//! The keys of one direction for a test: it seals and opens records of any type and length without
//! rustls.

use std::cell::RefCell;

use crate::cipher::{APPLICATION_DATA, NONCE, Sealing, TAG};

const HEADER: usize = 5;

thread_local! {
    static MADE: RefCell<Option<Vec<Sealing>>> = const { RefCell::new(None) };
}

/// Runs `call` and returns the keys of every sealing direction that rustls made during it on this
/// thread, in order. Each is at its first record.
pub fn keys_made_by<R>(call: impl FnOnce() -> R) -> (R, Vec<Keys>) {
    MADE.set(Some(Vec::new()));
    let result = call();
    let made = MADE.take().unwrap_or_default();
    (result, made.into_iter().map(|sealing| Keys { sealing, seq: 0 }).collect())
}

pub(crate) fn note(sealing: Sealing) {
    MADE.with_borrow_mut(|made| {
        if let Some(made) = made {
            made.push(sealing);
        }
    });
}

/// The keys of one direction, and the place of its next record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys {
    sealing: Sealing,
    seq: u64,
}

/// A record that was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened<'a> {
    /// Its content type.
    pub content: u8,
    /// What it holds.
    pub payload: &'a [u8],
}

impl Keys {
    /// The same keys, `records` records later.
    #[must_use]
    pub const fn skip(self, records: u64) -> Self {
        Self { seq: self.seq + records, ..self }
    }

    /// Seals a record of any type and length, and appends it to `out`.
    ///
    /// A payload too long for the header's length field is cut.
    pub fn seal(&mut self, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        let extra = TAG + if self.sealing.is_13 { 1 } else { NONCE };
        let payload = &payload[..payload.len().min(usize::from(u16::MAX) - extra)];
        let outer = if self.sealing.is_13 { APPLICATION_DATA } else { content };
        let length = u16::try_from(payload.len() + extra).expect("it was cut to fit");
        let tag = self.sealing.tag(self.seq, content, std::iter::once(payload));
        out.extend_from_slice(&[outer, 3, 3]);
        out.extend_from_slice(&length.to_be_bytes());
        if !self.sealing.is_13 {
            out.extend_from_slice(&self.seq.to_be_bytes());
        }
        out.extend_from_slice(payload);
        if self.sealing.is_13 {
            out.push(content);
        }
        out.extend_from_slice(&tag);
        self.seq += 1;
    }

    /// Opens one whole record with its header. Returns `None` if these keys did not seal it at this
    /// place.
    pub fn open<'a>(&mut self, record: &'a [u8]) -> Option<Opened<'a>> {
        let (header, body) = record.split_first_chunk::<HEADER>()?;
        let (content, range) = self.sealing.verified(header[0], self.seq, body)?;
        self.seq += 1;
        Some(Opened { content, payload: &body[range] })
    }
}
