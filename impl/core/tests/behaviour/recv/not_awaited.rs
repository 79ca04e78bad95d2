//! We closed without waiting for the peer.

use close_notify_core::{Event, Machine, Manner, Output, ReadEnd, Version, WriteEnd};

use crate::common::*;

fn every(manner: Manner) -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(move |&version| after(open(version), &[Event::Close(manner)]))
}

// RFC 9846 §6.1 · no-wait-needed
#[test]
fn at_once_sends_close_notify_and_closes() {
    for mut machine in every(Manner::AtOnce) {
        let done = drive(&mut machine);
        let tail = [
            Output::StartDeadline,
            Output::SendCloseNotify { fin_follows: true },
            Output::ShutWrite,
            Output::CloseTransport,
            Output::Done,
        ];
        assert!(done.ends_with(&tail), "{done:?}");
        assert_eq!(machine.ending().reading, ReadEnd::NotAwaited);
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9112 §9.6 · data-survives-close; #44, #45: unread bytes of the peer do not destroy what we
// sent
#[test]
fn linger_drains_before_it_closes() {
    for mut machine in every(Manner::Linger) {
        let done = drive(&mut machine);
        assert!(done.ends_with(&[Output::ShutWrite, Output::Drain]), "{done:?}");
        let mut machine = after(machine, &[Event::Drained { bytes: 900 }]);
        assert_eq!(machine.output(), Output::Drain);
        machine = after(machine, &[EOF]);
        assert_eq!(drive(&mut machine), [Output::CloseTransport, Output::Done]);
        assert_eq!(machine.ending().drained, 900);
    }
}

// RFC 9846 §6.1 · cut-is-visible; #9, #52
#[test]
fn data_is_counted_and_not_delivered() {
    for manner in [Manner::AtOnce, Manner::Linger] {
        for machine in every(manner) {
            assert!(!machine.delivers_data());
            let machine = after(machine, &[data(100), data(11)]);
            assert_eq!((machine.ending().late, machine.ending().drained), (111, 111));
        }
    }
}

#[test]
fn what_the_peer_still_sends_changes_nothing() {
    for machine in every(Manner::Linger) {
        for event in [CLOSE_NOTIFY, FATAL, VIOLATION, USER_CANCELED, EOF, Event::PeerMessage { bytes: 3 }] {
            assert_eq!(after(machine, &[event]).ending().reading, ReadEnd::NotAwaited, "{event:?}");
        }
    }
}
