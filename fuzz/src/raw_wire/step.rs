//! The steps of the attacker who controls the wire, one byte each.

use close_notify::Close;

use crate::choices::Choices;
use crate::forged_peer::wire::End;

/// One step of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step<'a> {
    /// This many bytes of the peer are passed on.
    Pass(usize),
    /// The whole next record is passed on.
    PassRecord,
    /// The next byte is passed on with these bits flipped.
    Bend(u8),
    /// This many bytes of the peer are lost.
    Skip(usize),
    /// Bytes that the peer never sent.
    Insert(&'a [u8]),
    /// The last bytes that were passed on, again.
    Again(usize),
    End(End),
    PeerWrites(usize),
    PeerCloses,
    Write(usize),
    Close(Close),
}

/// The alphabet. A row without bits or bytes takes them from the input.
const ALPHABET: &[Step<'_>] = &[
    Step::Pass(usize::MAX),
    Step::Pass(1),
    Step::Pass(4),
    Step::Pass(5),
    Step::Pass(16),
    Step::Pass(100),
    Step::PassRecord,
    Step::Bend(0),
    Step::Bend(1),
    Step::Bend(0x80),
    Step::Skip(1),
    Step::Skip(5),
    Step::Skip(24),
    Step::Skip(100),
    Step::Insert(&[]),
    Step::Insert(&[21, 3, 3, 0, 2, 1, 0]),
    Step::Insert(&[21, 3, 3, 0, 2, 2, 40]),
    Step::Insert(&[21, 3, 1, 0, 2, 1, 90]),
    Step::Insert(&[20, 3, 3, 0, 1, 1]),
    Step::Insert(&[23, 3, 3, 0, 0]),
    Step::Insert(&[22, 3, 3, 0, 4, 0, 0, 0, 0]),
    Step::Insert(&[23, 3, 3, 0, 19, 1, 0, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    Step::Insert(&[22, 3, 3, 255, 255]),
    Step::Insert(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    Step::Again(7),
    Step::Again(24),
    Step::Again(100),
    Step::End(End::Fin),
    Step::End(End::Reset { errno: 104 }),
    Step::End(End::Reset { errno: 110 }),
    Step::PeerWrites(1),
    Step::PeerWrites(100),
    Step::PeerWrites(5000),
    Step::PeerCloses,
    Step::Write(10),
    Step::Write(5000),
    Step::Close(Close::Graceful),
    Step::Close(Close::Linger),
    Step::Close(Close::AtOnce),
    Step::Close(Close::Abort),
];

impl<'a> Step<'a> {
    pub(super) fn read(choices: &mut Choices<'a>) -> Option<Self> {
        let step = ALPHABET[usize::from(choices.next_byte()?) % ALPHABET.len()];
        Some(match step {
            Step::Bend(0) => Step::Bend(choices.byte()),
            Step::Insert([]) => {
                let length = choices.below(32);
                Step::Insert(choices.bytes(length))
            }
            other => other,
        })
    }
}
