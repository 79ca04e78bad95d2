//! close_notify both ways, and what may come after the peer's: rows 1–6 and 19–22.

use std::io::ErrorKind;

use close_notify::{AlertDescription, Close, FirstCloser, Policy, ReadEnd, Reply, WriteEnd};

use crate::arm::{Arm, Near, far};
use crate::keyed_peer::{CLOSE_NOTIFY, DATA};

/// #1
pub(crate) fn both_ways(arm: Arm) {
    let (mut near, peer) = arm.meet(Policy::STRICT);
    let peer = far(peer, |peer| peer.answer());
    near.write_all(b"goodbye").unwrap();
    let ending = near.close(Close::Graceful);
    assert!(ending.is_clean(), "{ending}");
    let flight = peer.join().unwrap();
    flight.ends_with(CLOSE_NOTIFY);
    assert_eq!(flight.data(), b"goodbye");
}

/// #2
pub(crate) fn peer_first_13(arm: Arm) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    peer.say_close_notify();
    assert_eq!(near.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(near.ending().writing, WriteEnd::Open);
    near.write_all(b"we go on").unwrap();
    near.write_all(b" until we close").unwrap();
    let ending = near.close(Close::Graceful);
    assert!(ending.is_clean(), "{ending}");
    assert_eq!(ending.first_closer, FirstCloser::Peer);
    let flight = peer.hear_all();
    assert_eq!(flight.data(), b"we go on until we close");
    flight.ends_with(CLOSE_NOTIFY);
}

/// #3
pub(crate) fn peer_first_12(arm: Arm) {
    let policies = [
        (Reply::Discard, "the letter of RFC 5246"),
        (Reply::Flush, "the lenient policy that still refuses new data"),
        (Reply::WhenAsked, "the lenient policy that goes on"),
    ];
    for (reply, what) in policies {
        let (mut near, mut peer) = arm.meet_narrow(Policy { reply, ..Policy::STRICT });
        let taken = near.fill();
        peer.say_close_notify();
        near.learn_of_the_end();
        let peer = far(peer, |peer| peer.hear_all());
        assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "{what}");
        let more = near.write_all(b"more");
        let ending = near.close(Close::Graceful);
        let flight = peer.join().unwrap();
        flight.ends_with(CLOSE_NOTIFY);
        let arrived = flight.data().len();
        match reply {
            Reply::WhenAsked => assert_eq!((more.unwrap(), arrived), ((), taken + 4), "{what}"),
            Reply::Flush | Reply::Discard => {
                assert_eq!(more.unwrap_err().kind(), ErrorKind::BrokenPipe, "{what}");
                assert_eq!(arrived + ending.discarded as usize, taken, "{what}");
            }
        }
        assert_eq!(ending.discarded > 0, reply == Reply::Discard, "{what}: {ending}");
        assert_eq!(ending.is_clean(), reply != Reply::Discard, "{what}: {ending}");
    }
}

/// #4
pub(crate) fn write_after_own(arm: Arm) {
    let half: fn(&mut Near) = |near| assert!(!near.close_write().unwrap().is_clean());
    let both: fn(&mut Near) = Near::begin_close;
    let ways = if arm.is_13() { vec![half, both] } else { vec![both] };
    for closes in ways {
        let (mut near, peer) = arm.meet(Policy::STRICT);
        closes(&mut near);
        assert_eq!(near.write(b"after ours").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let peer = far(peer, |peer| peer.answer());
        near.close(Close::Graceful);
        assert_eq!(near.write(b"after both").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let flight = peer.join().unwrap();
        assert!(flight.data().is_empty());
        flight.ends_with(CLOSE_NOTIFY);
    }
}

/// #5
pub(crate) fn close_twice(arm: Arm) {
    let (mut near, peer) = arm.meet(Policy::STRICT);
    let peer = far(peer, |peer| peer.answer());
    if arm.is_13() {
        near.close_write().unwrap();
        near.close_write().unwrap();
    }
    let once = near.close(Close::Graceful);
    for manner in [Close::Graceful, Close::Linger, Close::AtOnce, Close::Abort] {
        assert_eq!(near.close(manner), once, "{manner}");
    }
    assert_eq!(near.reject(AlertDescription::INTERNAL_ERROR), once);
    assert!(once.is_clean(), "{once}");
    peer.join().unwrap().ends_with(CLOSE_NOTIFY);
}

/// #6
pub(crate) fn crossing(arm: Arm) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    // It is on the wire before ours, and read after ours.
    peer.say_close_notify();
    peer.fin();
    let peer = far(peer, |peer| peer.hear_all());
    let ending = near.close(Close::Graceful);
    assert!(ending.is_clean(), "{ending}");
    assert!(matches!(ending.first_closer, FirstCloser::Crossed | FirstCloser::UsOrCrossed), "{ending}");
    peer.join().unwrap().ends_with(CLOSE_NOTIFY);
}

/// #19
pub(crate) fn data_before(arm: Arm) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    let segment = [peer.keys.send.seal(DATA, b"last words"), peer.keys.close_notify()].concat();
    peer.say(&segment);
    let mut first = [0; 4];
    assert_eq!(near.read(&mut first).unwrap(), 4);
    assert_eq!(&first, b"last");
    assert_eq!(near.read_to_end(), b" words");
    assert_eq!(near.ending().reading, ReadEnd::CloseNotify);
    assert!(near.close(Close::Graceful).is_clean());
    peer.hear_all().ends_with(CLOSE_NOTIFY);
}

/// The peer's close_notify in one segment with something after it: the end is clean, and nothing
/// after it is ever read.
fn with_after(arm: Arm, after: impl FnOnce(&mut crate::keyed_peer::Peer) -> Vec<u8>) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    let mut segment = peer.keys.send.seal(DATA, b"before");
    segment.extend(peer.keys.close_notify());
    segment.extend(after(&mut peer));
    peer.say(&segment);
    let peer = far(peer, |peer| peer.hear_all());
    assert_eq!(near.read_to_end(), b"before");
    assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "and again");
    let ending = near.close(Close::Graceful);
    assert!(ending.is_clean(), "{ending}");
    assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "and after our close");
    peer.join().unwrap().ends_with(CLOSE_NOTIFY);
}

/// #20
pub(crate) fn garbage_after(arm: Arm) {
    with_after(arm, |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    with_after(arm, |_| vec![0xff; 300]);
    with_after(arm, |_| crate::common::FORGED.to_vec());
}

/// #21
pub(crate) fn records_after(arm: Arm) {
    with_after(arm, |peer| peer.keys.send.seal(DATA, b"after"));
    with_after(arm, |peer| [[0; 8], [1; 8]].map(|data| peer.keys.send.seal(DATA, &data)).concat());
}

/// #22
pub(crate) fn alerts_after(arm: Arm) {
    use crate::keyed_peer::ALERT;
    for alert in [[1, 0], [2, 0], [2, 80], [1, 90], [1, 100]] {
        with_after(arm, |peer| peer.keys.send.seal(ALERT, &alert));
    }
}
