//! The peer ended the connection with a fatal alert.

use close_notify_core::{AlertDescription, Event, Machine, NotSent, Output, ReadEnd, Version, WriteEnd};

use crate::common::*;

const END: ReadEnd = ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED);

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| after(open(version), &[FATAL]))
}

// RFC 9846 §6.2 · fatal-is-an-error, fatal-ends-both
#[test]
fn nothing_that_follows_changes_the_end() {
    let other = Event::PeerAlert {
        level: close_notify_core::AlertLevel::FATAL,
        description: AlertDescription::UNKNOWN_CA,
    };
    for machine in every() {
        for event in [data(1), CLOSE_NOTIFY, other, EOF, RESET, VIOLATION, Event::DeadlinePassed] {
            let machine = after(machine, &[event]);
            assert_eq!(machine.ending().reading, END, "{event:?}");
            assert!(!machine.delivers_data());
        }
        refused(machine, Event::Write);
    }
}

// RFC 9846 §6.1, §6.2 · fatal-no-notify, fatal-ends-both: no matter what the application then asks
// for
#[test]
fn no_record_of_ours_follows() {
    use close_notify_core::Manner;
    for machine in every() {
        for &manner in Manner::ALL {
            let mut machine = after(machine, &[Event::Close(manner)]);
            let done = drive(&mut machine);
            let speaks = |o: &Output| matches!(o, Output::SendCloseNotify { .. } | Output::SendAlert { .. });
            assert!(!done.iter().any(speaks), "{manner}: {done:?}");
            assert_eq!(machine.output(), Output::Done);
        }
    }
}

// cut-is-visible: a transport that fails before the driver has counted what was pending does not
// change the count
#[test]
fn what_was_pending_is_counted_though_a_write_fails_first() {
    for machine in every() {
        let mut machine = after(machine, &[Event::WriteFailed { errno: EPIPE }]);
        assert_eq!(machine.output(), Output::DiscardPending);
        machine.handle(Event::PendingDiscarded { bytes: 5 }).unwrap();
        assert_eq!(machine.ending().discarded, 5);
        assert_ne!(machine.output(), Output::DiscardPending);
    }
}

// RFC 9846 §6.2: the write side is shut and the transport closed, without a wait
#[test]
fn it_is_closed_at_once() {
    for mut machine in every() {
        let done = drive(&mut machine);
        let expected = [
            Output::DiscardPending,
            Output::ForgetSession,
            Output::StartDeadline,
            Output::ShutWrite,
            Output::CloseTransport,
            Output::Done,
        ];
        assert_eq!(done, expected);
        assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::PeerFatalAlert));
    }
}
