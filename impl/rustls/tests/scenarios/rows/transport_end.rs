//! The transport ends, or stalls, where a close_notify should be: rows 34–38, 43–45 and 47–50.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use close_notify::{
    AlertDescription, Close, Delivery, FramingState, MissingNotify, NotSent, Policy, ReadEnd, WriteEnd,
};

use crate::arm::{Arm, HANGS, Near, SHORT, ended, far};
use crate::common::FORGED;
use crate::keyed_peer::{CLOSE_NOTIFY, DATA, End, Peer};

/// Under no policy is a cut inside a record, or a reset, an end.
const LENIENT: Policy = Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT };

const MISPLACED: ReadEnd = ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE);

/// #34
pub(crate) fn fin_at_boundary(arm: Arm) {
    for (policy, is_error) in [(Policy::STRICT, true), (LENIENT, false)] {
        let (mut near, mut peer) = arm.meet(policy);
        peer.say_data(b"all?");
        peer.fin();
        let (data, end) = near.read_on();
        assert_eq!((&data[..], end.is_err()), (&b"all?"[..], is_error));
        let ending = near.close(Close::Graceful);
        assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
        assert!(!ending.is_clean(), "tolerated is not clean: {ending}");
    }
}

/// #35
pub(crate) fn fin_in_record(arm: Arm) {
    for policy in [Policy::STRICT, LENIENT] {
        // Inside the header, after it, inside the payload, before the last byte.
        for cut in [1, 4, 5, 6, 20, 30] {
            let (mut near, mut peer) = arm.meet(policy);
            peer.say_data(b"whole");
            let record = peer.keys.send.seal(DATA, b"half of it");
            assert!(cut < record.len());
            peer.say(&record[..cut]);
            peer.fin();
            let (data, end) = near.read_on();
            assert_eq!(data, b"whole");
            assert_eq!(ended(&end.unwrap_err()).reading, ReadEnd::TruncatedInRecord, "{cut} bytes");
            assert!(!near.close(Close::Graceful).is_clean());
        }
    }
}

/// #36
pub(crate) fn reset_after_data(arm: Arm) {
    for policy in [Policy::STRICT, LENIENT] {
        let (mut near, mut peer) = arm.meet(policy);
        peer.say_data(b"opened before the reset");
        // The record is opened, and one byte of it delivered, before the reset comes.
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
        peer.reset();
        let (data, end) = near.read_on();
        assert_eq!(data, b"pened before the reset");
        let ending = ended(&end.unwrap_err());
        assert_eq!(ending.reading, ReadEnd::Reset, "{ending}");
        assert!(ending.errno.is_some_and(|errno| errno > 0), "{ending}");
        assert!(!near.close(Close::Graceful).is_clean());
    }
}

/// #37
pub(crate) fn reset_after_close_notify(arm: Arm) {
    // None of our bytes have left, or all of them.
    for we_closed in [false, true] {
        let (mut near, mut peer) = arm.meet(Policy::STRICT);
        peer.say_data(b"whole");
        peer.say_close_notify();
        assert_eq!(near.read_to_end(), b"whole");
        if we_closed && arm.is_13() {
            near.close_write().unwrap();
        }
        let before = near.ending();
        peer.reset();
        assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "reading has ended well");
        let ending = near.close(Close::Graceful);
        assert_eq!(ending.reading, ReadEnd::CloseNotify, "{ending}");
        assert!(!ending.truncation_possible(FramingState::DelimitedByEnd));
        let had_left = before.writing == WriteEnd::CloseNotifySent;
        assert_eq!(had_left, we_closed || !arm.is_13(), "up to TLS 1.2 it is answered at once");
        assert!(ending.is_clean() || !had_left, "{ending}");
    }
}

/// #38
pub(crate) fn reset_instead_of_answer(arm: Arm) {
    let (mut near, peer) = arm.meet(Policy::STRICT);
    near.write_all(b"the last response").unwrap();
    let peer = thread::spawn(move || {
        let mut peer = peer;
        let heard = peer.hear_alert();
        peer.reset();
        heard
    });
    let ending = near.close(Close::Graceful);
    assert_eq!(peer.join().unwrap().last().unwrap().payload, CLOSE_NOTIFY);
    assert_eq!((ending.reading, ending.writing), (ReadEnd::Reset, WriteEnd::CloseNotifySent), "{ending}");
    assert!(!ending.is_clean());
    assert!(!ending.truncation_possible(FramingState::BetweenMessages), "no message was open");
    assert!(ending.truncation_possible(FramingState::InsideMessage));
}

/// #43
pub(crate) fn half_close_without_close_notify(arm: Arm) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    peer.say_data(b"question");
    peer.fin();
    let (data, end) = near.read_on();
    assert_eq!(data, b"question");
    assert_eq!(ended(&end.unwrap_err()).reading, ReadEnd::TruncatedAtBoundary);
    near.write_all(b"the answer, if the application likes").unwrap();
    let ending = near.close(Close::Graceful);
    assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{ending}");
    assert!(!ending.is_clean());
    let flight = peer.hear_all();
    assert_eq!(flight.data(), b"the answer, if the application likes");
    flight.ends_with(CLOSE_NOTIFY);
}

/// #44
pub(crate) fn alert_before_unread_input(arm: Arm) {
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    for _ in 0..10 {
        peer.say_data(&[7; 10_000]);
    }
    let peer = far(peer, |peer| {
        let heard = peer.hear_alert();
        peer.fin();
        (heard, peer.hear_all())
    });
    let ending = near.reject(AlertDescription::ACCESS_DENIED);
    assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED));
    assert!(ending.drained > 0, "{ending}");
    let (heard, rest) = peer.join().unwrap();
    assert_eq!(heard.last().unwrap().payload, [2, AlertDescription::ACCESS_DENIED.0]);
    assert_eq!((rest.records.len(), rest.end), (0, End::Fin), "no reset that could overtake the alert");
}

/// #45
pub(crate) fn close_with_unread_tickets(arm: Arm) {
    const UPLOAD: usize = 300_000;
    // A manner that does not wait for a close_notify, and the one that does.
    for manner in [Close::Linger, Close::Graceful] {
        let (mut near, mut peer) = arm.meet_narrow(Policy::STRICT);
        let (go, gone) = mpsc::channel();
        let peer = thread::spawn(move || {
            let mut heard = peer.hear_alert();
            peer.say_close_notify();
            peer.fin();
            gone.recv().unwrap();
            let mut rest = peer.hear_all();
            heard.append(&mut rest.records);
            crate::keyed_peer::Flight { records: heard, ..rest }
        });
        near.write_all(&vec![7; UPLOAD]).unwrap();
        let ending = near.close(manner);
        go.send(()).unwrap();
        let flight = peer.join().unwrap();
        assert_eq!(flight.data().len(), UPLOAD, "{manner}: {ending}");
        flight.ends_with(CLOSE_NOTIFY);
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
        assert!(ending.drained > 0, "the tickets were there: {ending}");
    }
}

/// #47
pub(crate) fn full_send_buffer(arm: Arm) {
    for reads_in_time in [false, true] {
        let (mut near, peer) = arm.meet_narrow(Policy::STRICT);
        let taken = near.fill();
        near.set_patience(if reads_in_time { HANGS } else { SHORT });
        let (closed, is_closed) = mpsc::channel();
        let peer = far(peer, move |peer| {
            if reads_in_time {
                return peer.answer();
            }
            is_closed.recv().unwrap();
            peer.hear_all()
        });
        let ending = near.close(Close::Graceful);
        closed.send(()).unwrap_or(());
        let flight = peer.join().unwrap();
        if reads_in_time {
            assert!(ending.is_clean(), "{ending}");
            assert_eq!(flight.data().len(), taken);
            flight.ends_with(CLOSE_NOTIFY);
        } else {
            let gave_up = WriteEnd::NotSent(NotSent::GaveUp);
            assert!(ending.writing == WriteEnd::PartlyWritten || ending.writing == gave_up, "{ending}");
            assert_eq!(ending.delivery, Delivery::Lost);
            assert!(flight.alerts().is_empty(), "and none came");
        }
    }
}

/// #48
pub(crate) fn silent_or_endless_peer(arm: Arm) {
    let policy = Policy { drain_budget: 4000, ..Policy::STRICT };
    for manner in [Close::Graceful, Close::Linger] {
        let (mut near, peer) = arm.meet(policy);
        near.set_patience(SHORT);
        let ending = near.close(manner);
        let reading = if manner == Close::Graceful { ReadEnd::TimedOut } else { ReadEnd::NotAwaited };
        assert_eq!(ending.reading, reading, "silent: {ending}");
        assert!(!ending.is_clean());
        drop(peer);

        for (what, length, reading) in [
            ("records of nothing", 0, MISPLACED), // rustls survives 32 of them
            ("records of one byte", 1, ReadEnd::OverBudget),
            ("data", 500, ReadEnd::OverBudget),
        ] {
            let (mut near, peer) = arm.meet(policy);
            // The bytes, or the records, must be what ends it.
            near.set_patience(HANGS);
            let peer = without_end(peer, length);
            let ending = near.close(manner);
            let reading = if manner == Close::Graceful { reading } else { ReadEnd::NotAwaited };
            assert_eq!(ending.reading, reading, "{what} without end: {ending}");
            // At most one read more than the budget.
            assert!(ending.drained < 4000 + 40_000, "{what}: {ending}");
            peer.join().unwrap();
        }
    }
    // A record that never ends, one byte at a time.
    let (mut near, peer) = arm.meet(policy);
    near.set_patience(SHORT);
    let peer = dripping(peer.socket);
    let ending = near.close(Close::Graceful);
    assert_eq!(ending.reading, ReadEnd::TimedOut, "{ending}");
    peer.join().unwrap();
}

/// The peer sends data records, each of this length, until nobody takes them.
fn without_end(peer: Peer, length: usize) -> thread::JoinHandle<()> {
    far(peer, move |peer| {
        loop {
            let record = peer.keys.send.seal(DATA, &vec![7; length]);
            if peer.socket.write_all(&record).is_err() {
                return;
            }
        }
    })
}

fn dripping(mut socket: TcpStream) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for byte in [23, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(7)) {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(SHORT / 20);
        }
    })
}

/// #49
pub(crate) fn abort(arm: Arm) {
    let in_use: fn(&mut Near) = |_| ();
    let written: fn(&mut Near) = |near| near.write_all(b"half of it").unwrap();
    for before in [in_use, written] {
        let (mut near, mut peer) = arm.meet(Policy::STRICT);
        before(&mut near);
        let ending = near.abort();
        assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false });
        let flight = peer.hear_all();
        assert_eq!(flight.end, End::Reset);
        assert!(flight.alerts().is_empty(), "{:?}", flight.alerts());
    }
    // With data that has not left.
    let (mut near, mut peer) = arm.meet_narrow(Policy::STRICT);
    near.fill();
    assert_eq!(near.abort().delivery, Delivery::Lost);
    let flight = peer.hear_all();
    assert!(flight.alerts().is_empty(), "{:?}", flight.alerts());
    assert_eq!(flight.end, End::Reset);
}

/// #50
pub(crate) fn local_error_with_queued_data(arm: Arm) {
    // Our own decision, and one that the peer's bad record forces on us.
    for forced in [false, true] {
        let (mut near, mut peer) = arm.meet_narrow(Policy::STRICT);
        let taken = near.fill();
        let alert = if forced { AlertDescription::BAD_RECORD_MAC } else { AlertDescription::INTERNAL_ERROR };
        if forced {
            peer.say(&FORGED);
        }
        let peer = far(peer, |peer| {
            peer.fin();
            peer.hear_all()
        });
        let ending = if forced {
            drop(near.read_on());
            near.close(Close::Graceful)
        } else {
            near.reject(alert)
        };
        assert_eq!(ending.writing, WriteEnd::FatalAlertSent(alert), "{ending}");
        let flight = peer.join().unwrap();
        flight.ends_with([2, alert.0]);
        assert_eq!(flight.data().len() + ending.discarded as usize, taken, "{ending}");
    }
}
