//! Our fatal alert is due, leaving or sent.

use close_notify_core::{
    AlertDescription, Event, Machine, Manner, NotSent, Output, ReadEnd, Version, WriteEnd, send,
};

use crate::common::*;

const ALERT: AlertDescription = AlertDescription::HANDSHAKE_FAILURE;

fn due() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| after(open(version), &[Event::Reject(ALERT)]))
}

// RFC 9846 §6.1 · fatal-no-notify; #13
#[test]
fn no_close_notify_follows_whatever_is_asked_for() {
    for machine in due() {
        for sent in [machine, driven(machine, &[Event::SessionForgotten])] {
            for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::Abort, Manner::Reject] {
                let mut machine = after(sent, &[Event::Close(manner)]);
                let done = drive(&mut machine);
                assert!(!done.iter().any(|o| matches!(o, Output::SendCloseNotify { .. })), "{manner}");
            }
        }
    }
}

// RFC 9846 §6.2 · nothing-after-notify
#[test]
fn no_data_and_no_second_alert_follows() {
    for machine in due() {
        refused(machine, Event::Write);
        assert!(!machine.delivers_data());
        let machine = driven(machine, &[Event::Reject(AlertDescription::ACCESS_DENIED)]);
        assert_eq!(machine.ending().writing, WriteEnd::FatalAlertSent(ALERT));
        assert_eq!(machine.output(), Output::Drain);
        refused(machine, Event::OutputSealed);
    }
}

#[test]
fn the_reading_end_names_the_reason() {
    for machine in due() {
        for event in [data(5), CLOSE_NOTIFY, FATAL, EOF, RESET] {
            assert_eq!(after(machine, &[event]).ending().reading, ReadEnd::Refused(ALERT), "{event:?}");
        }
    }
}

// RFC 9112 §9.6 · alert-survives-close, linger-is-bounded; #44
#[test]
fn the_drain_ends_with_the_peer_or_the_deadline() {
    for machine in due() {
        let machine = driven(machine, &[Event::SessionForgotten]);
        assert_eq!(machine.output(), Output::Drain);
        for event in [EOF, EOF_IN_RECORD, RESET, Event::DeadlinePassed] {
            let machine = driven(machine, &[event]);
            assert_eq!(machine.output(), Output::Done, "{event:?}");
            assert_eq!(machine.ending().writing, WriteEnd::FatalAlertSent(ALERT));
        }
    }
}

#[test]
fn what_cuts_it_leaves_it_partly_written_or_unsent() {
    for machine in due() {
        let unsent = after(machine, &[Event::WriteFailed { errno: EPIPE }]);
        assert_eq!(unsent.ending().writing, WriteEnd::NotSent(NotSent::TransportFailed));
        let leaving = after(machine, &[Event::OutputSealed]);
        assert_eq!(leaving.ending().writing, WriteEnd::Closing);
        let unbegun = after(leaving, &[Event::DeadlinePassed]);
        assert_eq!(unbegun.ending().writing, WriteEnd::NotSent(NotSent::GaveUp));
        let cut = after(leaving, &[Event::OutputBegun, Event::DeadlinePassed]);
        assert_eq!(cut.ending().writing, WriteEnd::PartlyWritten);
        assert_eq!(cut.send_state(), send::State::Failed);
    }
}

// shutdown(2), ENOTCONN
#[test]
fn a_failed_shutdown_is_not_repeated() {
    for machine in due() {
        let steps = [
            Event::PendingDiscarded { bytes: 0 },
            Event::SessionForgotten,
            Event::DeadlineStarted,
            Event::OutputSealed,
            Event::OutputWritten,
        ];
        let machine = after(machine, &steps);
        assert_eq!(machine.output(), Output::ShutWrite);
        let machine = after(machine, &[Event::WriteFailed { errno: 107 }]);
        assert_eq!(machine.output(), Output::Drain);
        assert_eq!(machine.ending().writing, WriteEnd::FatalAlertSent(ALERT));
    }
}
