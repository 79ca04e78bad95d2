//! After the transport is released the ending is final, no matter who released it and why.

use close_notify_core::{
    AlertDescription, Delivery, Event, FirstCloser, Illegal, Machine, Manner, NotSent, Output, ReadEnd,
    Version, WriteEnd, send,
};

use crate::common::*;

fn dropped(version: Version) -> Machine {
    after(open(version), &[Event::Write, Event::Flushed, Event::TransportClosed])
}

// fin-is-not-close, notify-before-fin: dropping the transport ends both halves, and neither end is
// clean
#[test]
fn a_dropped_connection_was_not_awaited_and_sent_nothing() {
    for &version in Version::ALL {
        let machine = dropped(version);
        let ending = machine.ending();
        assert_eq!(ending.reading, ReadEnd::NotAwaited);
        assert_eq!(ending.writing, WriteEnd::NotSent(NotSent::NotAsked));
        assert_eq!((ending.first_closer, ending.delivery), (FirstCloser::Us, Delivery::Unconfirmed));
        refused(machine, Event::Write);
        assert!(!machine.may_write() && !machine.delivers_data());
    }
}

// cut-is-visible: what was pending when it was dropped is still counted
#[test]
fn what_was_pending_is_counted() {
    for &version in Version::ALL {
        let machine = dropped(version);
        assert_eq!(machine.output(), Output::DiscardPending);
        let mut machine = after(machine, &[Event::PendingDiscarded { bytes: 12 }]);
        assert_eq!((machine.ending().discarded, machine.ending().delivery), (12, Delivery::Lost));
        assert_eq!(drive(&mut machine).last(), Some(&Output::Done));
    }
}

#[test]
fn a_last_word_that_was_due_stays_unsent() {
    let machine = after(open(Version::Tls13), &[GRACEFUL, Event::TransportClosed]);
    assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::NotAsked));
    refused(machine, Event::OutputSealed);
}

fn finished(version: Version) -> [Machine; 5] {
    let clean = driven(open(version), &[GRACEFUL, CLOSE_NOTIFY]);
    let cut = driven(open(version), &[EOF, GRACEFUL]);
    let aborted = driven(open(version), &[Event::Close(Manner::Abort)]);
    let returned = driven(open(version), &[Event::Close(Manner::HandBack), CLOSE_NOTIFY]);
    let mut dropped = dropped(version);
    drive(&mut dropped);
    [clean, cut, aborted, returned, dropped]
}

// notify-is-final; #5: closing again is no error, and changes nothing
#[test]
fn no_request_and_no_event_changes_a_final_ending() {
    for &version in Version::ALL {
        for machine in finished(version) {
            assert_eq!(machine.output(), Output::Done);
            let requests = Manner::ALL.iter().filter(|&&m| m != Manner::HalfClose).map(|&m| Event::Close(m));
            let reject = Event::Reject(AlertDescription::ACCESS_DENIED);
            for event in requests.chain([reject]) {
                assert_eq!(after(machine, &[event]), machine, "{event:?}");
            }
            let events = [data(9), FATAL, VIOLATION, Event::WriteFailed { errno: EPIPE }, EOF, RESET];
            for event in events {
                let mut later = machine;
                let _ = later.handle(event);
                assert_eq!((later.ending(), later.output()), (machine.ending(), Output::Done), "{event:?}");
            }
        }
    }
}

#[test]
fn a_half_close_after_the_release_changes_nothing() {
    for machine in finished(Version::Tls13) {
        assert_eq!(after(machine, &[Event::CloseWrite]), machine);
    }
}

#[test]
fn a_transport_is_released_once() {
    for machine in finished(Version::Tls12) {
        for event in [Event::TransportClosed, Event::TransportResetByUs, Event::DeadlinePassed] {
            assert!(matches!(refused(machine, event), Illegal::Transport { .. }));
        }
    }
}

// A reset that nobody asked for is still a reset: the close_notify before it may be lost in flight.
#[test]
fn a_transport_that_we_reset_was_aborted() {
    let machine = after(driven(open(Version::Tls13), &[GRACEFUL]), &[Event::TransportResetByUs]);
    assert_eq!(machine.ending().writing, WriteEnd::Aborted { after_close_notify: true });
    assert_eq!(machine.ending().reading, ReadEnd::NotAwaited);
    assert_eq!(machine.send_state(), send::State::Aborted);
}
