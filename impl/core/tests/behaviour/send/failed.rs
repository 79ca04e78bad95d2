//! Writing ended before the last word was out.

use close_notify_core::{
    AlertDescription, Event, Machine, Manner, NotSent, Output, ReadEnd, Version, WriteEnd,
};

use crate::common::*;

fn failed() -> impl Iterator<Item = Machine> {
    let event = Event::WriteFailed { errno: EPIPE };
    Version::ALL.iter().map(move |&version| after(open(version), &[Event::Write, event]))
}

// RFC 9846 §6.1 · notify-before-fin: some peers would read a FIN without close_notify as the end of
// the data
#[test]
fn it_ends_in_a_reset_and_never_in_a_fin() {
    for machine in failed() {
        for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::HandBack] {
            let mut machine = after(machine, &[EOF, Event::Close(manner)]);
            let done = drive(&mut machine);
            assert!(done.ends_with(&[Output::ResetTransport, Output::Done]), "{manner} {done:?}");
            assert!(!done.contains(&Output::ShutWrite));
            assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::TransportFailed));
        }
    }
}

// cut-is-visible
#[test]
fn what_was_pending_is_counted() {
    for machine in failed() {
        let machine = after(machine, &[Event::PendingDiscarded { bytes: 77 }]);
        assert_eq!(machine.ending().discarded, 77);
        assert_ne!(machine.output(), Output::DiscardPending);
    }
}

// salvage-alert; #46
#[test]
fn closing_gracefully_still_reads_what_the_peer_sent() {
    for machine in failed() {
        let machine = driven(machine, &[GRACEFUL]);
        assert_eq!(machine.output(), Output::AwaitPeer);
        let machine = driven(machine, &[FATAL]);
        assert_eq!(machine.ending().reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
        assert_eq!(machine.output(), Output::Done);
    }
}

#[test]
fn writes_are_refused() {
    for machine in failed() {
        assert!(!machine.may_write());
        refused(machine, Event::Write);
        refused(machine, Event::OutputSealed);
    }
}

#[test]
fn the_first_reason_is_kept() {
    for machine in failed() {
        let machine = driven(machine, &[GRACEFUL, Event::DeadlinePassed]);
        assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::TransportFailed));
    }
    let machine = driven(open(Version::Tls13), &[GRACEFUL]);
    assert_eq!(machine.output(), Output::AwaitPeer);
}

// RFC 9846 §6.1 · write-after-peer-notify: half-closed reading is salvaged too
#[test]
fn a_half_close_that_fails_reads_on_under_a_deadline() {
    let mut machine = after(open(Version::Tls13), &[Event::CloseWrite, Event::WriteFailed { errno: EPIPE }]);
    let done = drive(&mut machine);
    assert_eq!(done, [Output::DiscardPending, Output::StartDeadline, Output::AwaitPeer]);
    assert_eq!(driven(machine, &[CLOSE_NOTIFY]).output(), Output::Idle);
}

// A report on the TLS working group's list, December 2011 · salvage-alert: regardless of the errno
// of the write
#[test]
fn reading_goes_on_after_every_errno_until_the_alert_is_found() {
    for &version in Version::ALL {
        for errno in [ECONNRESET, EPIPE, 110] {
            let machine = driven(open(version), &[Event::Write, Event::WriteFailed { errno }]);
            assert_eq!(machine.output(), Output::AwaitPeer, "errno {errno}");
            let found = driven(machine, &[FATAL]);
            let named = ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED);
            assert_eq!(found.ending().reading, named);
        }
    }
}
