//! Peers that do not read, do not answer, or never stop: bounded by time and by bytes. The calls
//! are counted.

use std::time::{Duration, Instant};

use close_notify::{
    AlertDescription, Delivery, Ending, LateData, Manner, NotSent, Policy, ReadEnd, WriteEnd,
};

use crate::keyed_peer::DATA;
use crate::memory::Shape;
use crate::side::{Adapter, Arm, Side};

/// Manners that wait, each with a last word.
const WAITING: [Manner; 3] = [Manner::Graceful, Manner::Linger, Manner::Reject];

/// The peer takes every possible number of bytes of our last flight and then no more; the deadline
/// passes.
pub(crate) fn a_peer_that_reads_a_number_of_bytes_and_no_more(arm: Arm) {
    for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::Reject] {
        let mut total = usize::MAX;
        let mut room = 0;
        while room <= total {
            let (mut side, mut peer) = arm.connect(Policy::STRICT);
            side.controls.set(Shape { room: 0, ..Shape::PLAIN });
            assert_eq!(side.try_write(b"ours").unwrap().unwrap(), 4);
            side.controls.set(Shape { room, ..Shape::PLAIN });
            side.set_patience(Duration::ZERO);
            let ending = side.try_end(manner).unwrap().unwrap();
            let heard = peer.heard();
            let is_out = heard.last_word().is_some();
            assert_eq!(says_sent(&ending), is_out, "{arm} {manner}, {room} bytes: {ending}");
            assert_eq!(ending.delivery == Delivery::Lost, !is_out, "{manner}, {room} bytes: {ending}");
            assert!(side.has_let_go() && !ending.is_clean(), "{manner}, {room} bytes");
            match ending.writing {
                WriteEnd::NotSent(why) => {
                    assert_eq!((why, &heard.tail[..]), (NotSent::GaveUp, &[][..]), "{manner}, {room} bytes");
                }
                WriteEnd::PartlyWritten => assert!(room > 0 && !is_out),
                _ => assert!(is_out, "{manner}, {room} bytes: {ending}"),
            }
            if !heard.tail.is_empty() {
                assert_eq!(ending.writing, WriteEnd::PartlyWritten, "the peer sees a cut inside a record");
            }
            assert!(side.controls.calls() <= 20, "{manner}: {} calls", side.controls.calls());
            if is_out && total == usize::MAX {
                total = room + 1;
            }
            room += 1;
        }
    }
}

fn says_sent(ending: &Ending) -> bool {
    matches!(ending.writing, WriteEnd::CloseNotifySent | WriteEnd::FatalAlertSent(_))
}

/// Ends the connection in real time, over a transport that never waits.
fn end_by_polling(side: &mut Side, manner: Manner) -> (Ending, Duration, usize) {
    let start = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        if let Some(ended) = side.try_end(manner) {
            return (ended.unwrap(), start.elapsed(), tries);
        }
        std::thread::yield_now();
    }
}

/// How a connection ends if its peer does not end it: after how much time, and with how many calls
/// per try of ours.
fn end_of_patience(side: &mut Side, arm: Arm, manner: Manner) -> (Ending, usize) {
    let patience = Duration::from_millis(if arm.adapter == Adapter::Tokio { 3000 } else { 10 });
    side.set_patience(patience);
    if let Some((ending, took)) = side.end_in_paused_time(manner) {
        assert_eq!(took.as_millis(), patience.as_millis(), "{manner}");
        return (ending, side.controls.calls());
    }
    let (ending, took, tries) = end_by_polling(side, manner);
    // A wait may end a little early.
    assert!(took + Duration::from_millis(3) >= patience, "{manner}: {took:?}");
    (ending, side.controls.calls() / tries)
}

pub(crate) fn a_silent_peer_costs_the_patience(arm: Arm) {
    for manner in WAITING {
        let (mut side, _peer) = arm.connect(Policy::STRICT);
        let (ending, calls) = end_of_patience(&mut side, arm, manner);
        assert_given_up(&side, &ending, manner);
        assert!(calls <= 10, "{manner}: {calls} calls");
    }
}

/// Checks that the time is over: no clean end, our last word was sent, and the transport is let go.
#[track_caller]
fn assert_given_up(side: &Side, ending: &Ending, manner: Manner) {
    assert!(!ending.is_clean() && says_sent(ending) && side.has_let_go(), "{manner}: {ending}");
    assert_eq!(ending.reading == ReadEnd::TimedOut, manner == Manner::Graceful, "{manner}: {ending}");
}

/// Records without end, read one byte at a time: the budget ends it, and no byte costs more than
/// one call.
pub(crate) fn a_peer_that_never_ends_meets_the_budget_byte_by_byte(arm: Arm) {
    const BUDGET: u32 = 1000;
    for late_data in [LateData::Deliver, LateData::Discard] {
        for length in [0, 1, 200] {
            for manner in WAITING {
                let policy = Policy { drain_budget: BUDGET, late_data, ..Policy::STRICT };
                let (mut side, mut peer) = arm.connect(policy);
                let mut flood = Vec::new();
                while flood.len() < 4 * BUDGET as usize {
                    flood.extend(peer.record(DATA, &vec![7; length]));
                }
                peer.say(&flood);
                side.controls.set(Shape { piece: 1, ..Shape::PLAIN });
                let ending = side.try_end(manner).unwrap().unwrap();
                assert!(!ending.is_clean() && side.has_let_go(), "{manner}: {ending}");
                // Records that hold nothing are refused before they cost the budget.
                let reading = match (manner, length) {
                    (Manner::Graceful, 0) => ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE),
                    (Manner::Graceful, _) => ReadEnd::OverBudget,
                    (Manner::Reject, _) => ReadEnd::Refused(AlertDescription::ACCESS_DENIED),
                    _ => ReadEnd::NotAwaited,
                };
                assert_eq!(ending.reading, reading, "{manner}, {length}");
                // Our last word is written byte by byte too.
                let calls = side.controls.calls();
                assert!(calls <= 2 * BUDGET as usize + 300, "{manner}, {length}: {calls} calls");
                assert!(ending.drained as usize <= 2 * BUDGET as usize, "{ending}");
            }
        }
    }
}

/// One byte at a time, forever, and slowly: the deadline ends it.
pub(crate) fn a_peer_that_drips_meets_the_deadline(arm: Arm) {
    let pace = Duration::from_millis(if arm.adapter == Adapter::Tokio { 400 } else { 1 });
    for manner in WAITING {
        let (mut side, mut peer) = arm.connect(Policy::STRICT);
        let flood: Vec<u8> = (0..100).flat_map(|_| peer.record(DATA, b"drip")).collect();
        peer.say(&flood);
        side.controls.set(Shape { piece: 1, pace: Some(pace), ..Shape::PLAIN });
        let (ending, calls) = end_of_patience(&mut side, arm, manner);
        assert_given_up(&side, &ending, manner);
        // By the paused clock, some bytes came for certain; none of them completed a record.
        let dripped = arm.adapter == Adapter::Tokio && manner != Manner::Graceful;
        assert!(ending.drained > 0 || !dripped, "{manner}: {ending}");
        assert!(calls <= 60, "{manner}: {calls} calls");
    }
}
