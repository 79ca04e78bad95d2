//! Our close_notify is sealed: it can no longer be withdrawn, and is not yet completely in the
//! transport.

use close_notify_core::{Event, FirstCloser, Machine, Manner, Output, ReadEnd, Version, WriteEnd, send};

use crate::common::*;

fn leaving(version: Version) -> Machine {
    after(open(version), &[GRACEFUL, Event::DeadlineStarted, Event::OutputSealed])
}

#[test]
fn it_is_still_to_be_written() {
    for &version in Version::ALL {
        assert_eq!(leaving(version).output(), Output::SendCloseNotify { fin_follows: true });
        assert_eq!(leaving(version).ending().writing, WriteEnd::Closing);
        refused(leaving(version), Event::OutputSealed);
        refused(leaving(version), Event::Write);
    }
}

// RFC 9846 §6.1 · nothing-after-notify; #11: it leaves completely, and no alert after it
#[test]
fn no_violation_puts_an_alert_after_it() {
    for &version in Version::ALL {
        let machine = after(leaving(version), &[VIOLATION]);
        assert_eq!(machine.send_state(), send::State::NotifyLeaving);
        assert_eq!(machine.output(), Output::ForgetSession);
        let mut machine = after(machine, &[Event::SessionForgotten, Event::OutputWritten]);
        let done = drive(&mut machine);
        assert!(!done.iter().any(|o| matches!(o, Output::SendAlert { .. })));
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
    }
}

#[test]
fn what_begins_before_it_is_sealed_is_not_the_last_word() {
    for &version in Version::ALL {
        let open = open(version);
        assert_eq!(after(open, &[Event::OutputBegun]), open);
    }
}

#[test]
fn what_cuts_it_leaves_it_partly_written_once_it_has_begun() {
    for &version in Version::ALL {
        for event in
            [Event::WriteFailed { errno: EPIPE }, RESET, Event::DeadlinePassed, Event::TransportClosed]
        {
            let unbegun = after(leaving(version), &[event]);
            assert!(matches!(unbegun.ending().writing, WriteEnd::NotSent(_)), "{event:?}");
            let machine = after(leaving(version), &[Event::OutputBegun, event]);
            assert_eq!(machine.ending().writing, WriteEnd::PartlyWritten, "{event:?}");
        }
    }
}

// RFC 9846 §6.1 · crossed-confirms-nothing; #6
#[test]
fn the_peers_close_notify_has_crossed_it() {
    for &version in Version::ALL {
        let machine = driven(leaving(version), &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().first_closer, FirstCloser::Crossed);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.output(), Output::Done);
    }
}

// RFC 9846 §6.2 · fatal-is-an-error; #12
#[test]
fn the_peers_fatal_alert_is_an_error() {
    for &version in Version::ALL {
        let machine = after(leaving(version), &[FATAL]);
        assert!(matches!(machine.ending().reading, ReadEnd::FatalAlert(_)));
        assert_eq!(machine.send_state(), send::State::NotifyLeaving);
    }
}

// RFC 9846 §6.1 · abort-sends-no-notify: the record stays incomplete, and the transport is reset
#[test]
fn an_abort_resets_the_transport() {
    for &version in Version::ALL {
        let mut machine = after(leaving(version), &[Event::Close(Manner::Abort)]);
        assert!(drive(&mut machine).ends_with(&[Output::ResetTransport, Output::Done]));
        assert_eq!(machine.ending().writing, WriteEnd::Aborted { after_close_notify: false });
    }
}
