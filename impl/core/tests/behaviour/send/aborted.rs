//! Aborted on purpose, without a last word.

use close_notify_core::{Event, FirstCloser, Machine, Manner, Output, ReadEnd, Version, WriteEnd};

use crate::common::*;

const ABORT: Event = Event::Close(Manner::Abort);

// RFC 9846 §6.1 · abort-sends-no-notify; #49
#[test]
fn the_transport_is_reset_and_nothing_is_sent() {
    for &version in Version::ALL {
        let mut machine = after(open(version), &[Event::Write, ABORT]);
        let done = drive(&mut machine);
        assert_eq!(done.first(), Some(&Output::DiscardPending));
        assert!(done.ends_with(&[Output::ResetTransport, Output::Done]));
        let waits = |o: &Output| matches!(o, Output::SendCloseNotify { .. } | Output::SendAlert { .. });
        assert!(!done.iter().any(|o| waits(o) || o.waits_for_peer() || *o == Output::StartDeadline));
        let ending = machine.ending();
        assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false });
        assert_eq!((ending.reading, ending.first_closer), (ReadEnd::NotAwaited, FirstCloser::Us));
    }
}

#[test]
fn it_is_possible_from_every_state_before_the_release() {
    let before: [&[Event]; 8] = [
        &[],
        &[GRACEFUL],
        &[GRACEFUL, Event::OutputSealed],
        &[FATAL],
        &[VIOLATION],
        &[Event::WriteFailed { errno: EPIPE }],
        &[RESET],
        &[CLOSE_NOTIFY],
    ];
    for &version in Version::ALL {
        for events in before {
            let mut machine = after(open(version), events);
            machine = after(machine, &[ABORT]);
            assert!(drive(&mut machine).ends_with(&[Output::ResetTransport, Output::Done]), "{events:?}");
        }
    }
    assert_eq!(driven(new(Version::Tls13), &[ABORT]).output(), Output::Done);
}

#[test]
fn nothing_softens_it() {
    let aborted: Machine = after(open(Version::Tls13), &[ABORT]);
    for manner in [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::Abort, Manner::HalfClose] {
        assert_eq!(after(aborted, &[Event::Close(manner)]), aborted, "{manner}");
    }
    refused(aborted, Event::Close(Manner::HandBack));
    refused(aborted, Event::Write);
    for event in [data(3), CLOSE_NOTIFY, FATAL, VIOLATION] {
        assert_eq!(after(aborted, &[event]).ending().reading, ReadEnd::NotAwaited);
    }
}
