//! Short reads and writes, of every size, and pipes of every capacity: nothing is lost, and nothing
//! is sent twice.

use std::io::ErrorKind;

use close_notify::{Close, Policy};

use crate::keyed_peer::{ALERT, CLOSE_NOTIFY, DATA};
use crate::memory::Shape;
use crate::side::{Arm, Peer, Side, WIDE, by_turns};

/// Data in each direction: several records of ours and of the peer's.
const LENGTH: usize = 300;

/// Both send what they have and close, our side first. Returns the calls of our transport.
fn exchange(side: &mut Side, peer: &mut Peer) -> usize {
    let data: Vec<u8> = (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for piece in data.chunks(100) {
        let mut left = piece;
        while !left.is_empty() {
            let taken = by_turns(|| side.try_write(left), || peer.hear()).unwrap();
            left = &left[taken..];
        }
    }
    by_turns(|| side.try_flush(), || peer.hear()).unwrap();
    let mut answer: Vec<u8> = data.chunks(100).flat_map(|piece| peer.record(DATA, piece)).collect();
    answer.extend(peer.record(ALERT, &CLOSE_NOTIFY));
    let mut left = &answer[..];
    let ending = by_turns(
        || side.try_close(Close::Graceful),
        || {
            left = peer.say_what_fits(left);
            peer.hear();
        },
    )
    .unwrap();
    assert!(ending.is_clean() && side.has_let_go(), "{ending}");
    assert_eq!(side.read_to_end(), (data.clone(), None));
    let heard = peer.heard();
    assert_eq!(heard.data(), data);
    heard.assert_closed();
    side.controls.calls()
}

/// Sizes that end in a header, in a nonce, or in a tag, and some around the largest record.
fn sizes() -> impl Iterator<Item = usize> {
    (1..=70).chain([100, 129, 255, 256, 257, 1000, 4095, 4096, 4097, 16_384, 16_640])
}

pub(crate) fn reads_and_writes_of_every_size_lose_nothing(arm: Arm) {
    for piece in sizes() {
        for hiccup in [None, Some(ErrorKind::Interrupted), Some(ErrorKind::WouldBlock)] {
            let shape = Shape { piece, hiccup, ..Shape::PLAIN };
            let (mut side, mut peer) = arm.connect_over(Policy::STRICT, WIDE, shape);
            let calls = exchange(&mut side, &mut peer);
            // Each byte is moved once, by calls of which every other one may fail; a few find
            // nothing.
            let most = 4 * (2 * (LENGTH + 300)).div_ceil(piece) + 60;
            assert!(calls <= most, "{arm}, {shape:?}: {calls} calls");
        }
    }
}

pub(crate) fn every_capacity_of_the_pipe_lets_a_close_through(arm: Arm) {
    for capacity in 1..=70 {
        let (mut side, mut peer) = arm.connect_over(Policy::STRICT, capacity, Shape::PLAIN);
        exchange(&mut side, &mut peer);
    }
}
