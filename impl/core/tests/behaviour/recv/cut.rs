//! The transport ended before a close_notify came: the first end is kept.

use close_notify_core::{Event, Machine, ReadEnd, Version};

use crate::common::*;

fn ends() -> [(Event, ReadEnd); 3] {
    [
        (EOF, ReadEnd::TruncatedAtBoundary),
        (EOF_IN_RECORD, ReadEnd::TruncatedInRecord),
        (RESET, ReadEnd::Reset),
    ]
}

fn every() -> impl Iterator<Item = (Machine, ReadEnd)> {
    let each = |&version| ends().map(|(event, end)| (after(open(version), &[event]), end));
    Version::ALL.iter().flat_map(each)
}

// RFC 9846 §6.1 · fin-is-not-close, rst-is-not-close: no later event makes the end better or
// different
#[test]
fn no_later_end_of_the_transport_replaces_the_first() {
    for (machine, end) in every() {
        for event in [EOF, EOF_IN_RECORD, RESET, Event::DeadlinePassed, VIOLATION] {
            assert_eq!(after(machine, &[event]).ending().reading, end, "{event:?}");
        }
    }
}

#[test]
fn nothing_arrives_after_the_end_of_the_transport() {
    for (machine, _) in every() {
        for event in [data(1), CLOSE_NOTIFY, FATAL, USER_CANCELED, Event::PeerMessage { bytes: 1 }] {
            refused(machine, event);
        }
        assert!(!machine.delivers_data());
    }
}

#[test]
fn the_first_errno_is_kept() {
    let machine = after(open(Version::Tls12), &[RESET, Event::WriteFailed { errno: EPIPE }]);
    assert_eq!(machine.ending().errno, Some(ECONNRESET));
}

#[test]
fn a_violation_found_after_the_end_is_not_answered() {
    for (machine, _) in every() {
        assert_eq!(after(machine, &[VIOLATION]), machine);
    }
}

#[test]
fn closing_after_the_cut_ends_without_a_wait() {
    use close_notify_core::{Manner, Output};
    for (machine, end) in every() {
        for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::HandBack] {
            let machine = driven(machine, &[Event::Close(manner)]);
            assert_eq!(machine.output(), Output::Done, "{end:?} {manner}");
            assert_eq!(machine.ending().reading, end);
        }
    }
}
