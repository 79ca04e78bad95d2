//! Our close_notify is completely in the transport.

use close_notify_core::{
    AlertDescription, Event, FirstCloser, LateData, Machine, Manner, Output, Policy, ReadEnd, Version,
    WriteEnd, send,
};

use crate::common::*;

fn waiting(version: Version, late_data: LateData) -> Machine {
    driven(open_with(version, Policy { late_data, ..Policy::STRICT }), &[GRACEFUL])
}

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| waiting(version, LateData::Deliver))
}

// RFC 9846 §6.1 · nothing-after-notify; #4
#[test]
fn writes_are_refused() {
    for machine in every() {
        assert!(!machine.may_write());
        refused(machine, Event::Write);
    }
}

// RFC 9846 §6.1 · one-notify; #5
#[test]
fn closing_again_changes_nothing() {
    for machine in every() {
        assert_eq!(after(machine, &[GRACEFUL]), machine);
    }
}

// RFC 9846 §4.6.3, §6.1 · nothing-after-notify; #7, #8, #10: KeyUpdate, tickets, HelloRequest
#[test]
fn handshake_messages_are_read_and_nothing_is_sent() {
    for machine in every() {
        let machine = after(machine, &[Event::PeerMessage { bytes: 120 }]);
        assert_eq!(machine.output(), Output::AwaitPeer);
        assert_eq!(machine.ending().drained, 120);
        assert_eq!(machine.ending().late, 0);
    }
}

// RFC 9846 §6.1 · cut-is-visible; #9
#[test]
fn late_data_is_delivered_by_default() {
    for machine in every() {
        assert!(machine.delivers_data());
        let machine = after(machine, &[data(50), CLOSE_NOTIFY]);
        assert!(machine.ending().is_clean());
        assert_eq!((machine.ending().late, machine.ending().drained), (0, 50));
    }
}

// RFC 9846 §6.1 · cut-is-visible; #9, #52
#[test]
fn late_data_that_is_discarded_is_counted_and_never_clean() {
    for &version in Version::ALL {
        let machine = waiting(version, LateData::Discard);
        assert!(!machine.delivers_data());
        let machine = after(machine, &[data(50)]);
        assert_eq!(machine.output(), Output::AwaitPeer);
        let ending = after(machine, &[CLOSE_NOTIFY]).ending();
        assert_eq!((ending.reading, ending.late), (ReadEnd::CloseNotify, 50));
        assert!(!ending.is_clean());
    }
}

// RFC 9846 §6.1 · cut-is-visible; #9: the wait ends with an error, and nothing follows our
// close_notify
// RFC 9112 §9.6 · data-survives-close: what else the peer sends is drained, because a close would
// reset the connection and destroy what we sent
#[test]
fn late_data_that_is_refused_ends_the_wait() {
    for &version in Version::ALL {
        let machine = waiting(version, LateData::Refuse);
        assert!(!machine.delivers_data());
        let mut machine = after(machine, &[data(50)]);
        assert_eq!(machine.ending().reading, ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE));
        assert_eq!(machine.ending().late, 50);
        assert_eq!(drive(&mut machine), [Output::ForgetSession, Output::Drain]);
        let mut machine = after(machine, &[Event::TransportEof { inside_record: false }]);
        assert_eq!(drive(&mut machine), [Output::CloseTransport, Output::Done]);
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
    }
}

// RFC 9846 §6.1 · nothing-after-notify; #11
#[test]
fn a_violation_is_an_error_without_an_alert() {
    for machine in every() {
        let mut machine = after(machine, &[VIOLATION]);
        assert_eq!(machine.ending().reading, ReadEnd::Refused(AlertDescription::BAD_RECORD_MAC));
        let done = drive(&mut machine);
        assert!(!done.iter().any(|o| matches!(o, Output::SendAlert { .. })));
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
        assert_eq!(machine.output(), Output::Drain);
    }
}

// RFC 9846 §6.2 · fatal-is-an-error; #12
#[test]
fn the_peers_fatal_alert_is_an_error() {
    for machine in every() {
        let machine = driven(machine, &[FATAL]);
        assert_eq!(machine.ending().reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
        assert_eq!(machine.output(), Output::Done);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9112 §9.8; #38: an incomplete close is neither clean nor hidden
#[test]
fn a_reset_in_place_of_the_peers_close_notify_is_an_incomplete_close() {
    for machine in every() {
        let machine = driven(machine, &[RESET]);
        assert_eq!(machine.ending().reading, ReadEnd::Reset);
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
        assert_eq!(machine.output(), Output::Done);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9112 §9.6 · linger-is-bounded, no-mutual-wait; #48
#[test]
fn the_deadline_ends_the_wait() {
    for machine in every() {
        let mut machine = after(machine, &[Event::DeadlinePassed]);
        assert_eq!(machine.ending().reading, ReadEnd::TimedOut);
        let done = drive(&mut machine);
        assert!(done.ends_with(&[Output::CloseTransport, Output::Done]), "{done:?}");
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
    }
}

// shutdown(2), ENOTCONN: a transport that fails after the last word is not shut again
#[test]
fn a_failed_shutdown_is_not_repeated() {
    for &version in Version::ALL {
        for errno in [0, 107] {
            let mut machine = after(open(version), &[GRACEFUL, Event::DeadlineStarted]);
            machine = after(machine, &[Event::OutputSealed, Event::OutputWritten]);
            assert_eq!(machine.output(), Output::ShutWrite);
            machine = after(machine, &[Event::WriteFailed { errno }]);
            assert_eq!(machine.output(), Output::AwaitPeer);
            assert_eq!(machine.send_state(), send::State::NotifiedShut);
            assert!(after(machine, &[CLOSE_NOTIFY]).ending().is_clean());
        }
    }
}

// RFC 9846 §6.1: the write side is shut once, and reporting it twice does no harm
#[test]
fn the_write_side_is_shut_once() {
    for machine in every() {
        assert_eq!(after(machine, &[Event::WriteShut]), machine);
    }
}

// RFC 9846 §6.1 · crossed-confirms-nothing
#[test]
fn the_peers_close_notify_answers_ours_or_has_crossed_it() {
    for machine in every() {
        let machine = driven(machine, &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().first_closer, FirstCloser::UsOrCrossed);
        assert_eq!(machine.output(), Output::Done);
    }
}

// RFC 9846 §6.1 · abort-sends-no-notify; #49: what left before is reported
#[test]
fn an_abort_says_that_the_peer_may_have_read_a_clean_end() {
    for machine in every() {
        let machine = driven(machine, &[Event::Close(Manner::Abort)]);
        assert_eq!(machine.ending().writing, WriteEnd::Aborted { after_close_notify: true });
        assert_eq!(machine.output(), Output::Done);
    }
}
