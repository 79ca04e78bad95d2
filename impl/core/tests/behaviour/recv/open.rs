//! Application data arrives.

use close_notify_core::{
    AlertDescription, AlertLevel, Event, FatalNotify, FirstCloser, FramingState, Machine, MissingNotify,
    Output, Policy, ReadEnd, Reply, Version, WriteEnd, recv, send,
};

use crate::common::*;

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| open(version))
}

// RFC 9846 §6.1, RFC 2818 §2.2 · fin-is-not-close; #34
#[test]
fn eof_without_close_notify_is_truncated() {
    for machine in every() {
        let machine = after(machine, &[data(100), EOF]);
        assert_eq!(machine.ending().reading, ReadEnd::TruncatedAtBoundary);
        assert_eq!(machine.ending().first_closer, FirstCloser::Peer);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9846 §5.1 · notify-whole; #23, #35
#[test]
fn eof_inside_a_record_is_truncated() {
    for machine in every() {
        assert_eq!(after(machine, &[EOF_IN_RECORD]).ending().reading, ReadEnd::TruncatedInRecord);
    }
}

// RFC 9293 §3.10.7 · rst-is-not-close; #36
#[test]
fn a_reset_is_a_reset_with_its_errno() {
    for machine in every() {
        let ending = after(machine, &[data(3), RESET]).ending();
        assert_eq!((ending.reading, ending.errno), (ReadEnd::Reset, Some(ECONNRESET)));
    }
}

// RFC 9293 §3.10.7 · rst-is-not-close: Linux reports a reset once, and then end of stream
#[test]
fn eof_after_a_reset_that_a_write_saw_is_a_reset() {
    for errno in [104, 54, 10054, 10053] {
        for eof in [EOF, EOF_IN_RECORD] {
            let machine = after(open(Version::Tls13), &[Event::WriteFailed { errno }, data(9), eof]);
            assert_eq!(machine.ending().reading, ReadEnd::Reset, "{errno}");
        }
    }
}

// RFC 9293 §3.10.7 · rst-is-not-close: the first errno is kept, and a later reset is still
// remembered
#[test]
fn a_reset_seen_after_another_errno_is_a_reset() {
    let events = [Event::WriteFailed { errno: EPIPE }, Event::WriteFailed { errno: ECONNRESET }, EOF];
    let ending = after(open(Version::Tls13), &events).ending();
    assert_eq!((ending.reading, ending.errno), (ReadEnd::Reset, Some(EPIPE)));
}

// A broken pipe follows a FIN that was read (measured on Linux): the end of stream after it is that
// FIN. ENOTCONN on Linux, the BSDs and Windows does not say why.
#[test]
fn eof_after_a_broken_pipe_is_truncated() {
    for errno in [EPIPE, 0, 107, 57, 10057, 109, 232, 10058] {
        let ending = after(open(Version::Tls13), &[Event::WriteFailed { errno }, EOF]).ending();
        assert_eq!((ending.reading, ending.first_closer), (ReadEnd::TruncatedAtBoundary, FirstCloser::Peer));
    }
}

// tcp(7), measured on Linux · dead-is-not-fin: after ETIMEDOUT, ECONNABORTED, EHOSTUNREACH and EIO
// a read returns end of stream
#[test]
fn eof_after_a_failure_of_the_transport_is_no_fin_under_any_policy() {
    for (errno, &missing_notify) in
        [110, 103, 113, 5].into_iter().flat_map(|errno| MissingNotify::ALL.iter().map(move |m| (errno, m)))
    {
        for eof in [EOF, EOF_IN_RECORD] {
            let machine = open_with(Version::Tls13, Policy { missing_notify, ..Policy::STRICT });
            let machine = after(machine, &[data(9), Event::WriteFailed { errno }, eof]);
            let ending = machine.ending();
            assert_eq!((ending.reading, ending.errno), (ReadEnd::TransportFailed, Some(errno)));
            assert_eq!(ending.first_closer, FirstCloser::Nobody);
            assert!(FramingState::ALL.iter().all(|&framing| !machine.reads_as_end(framing)));
        }
    }
}

// The error number of a failed read says whether the peer has reset the connection.
#[test]
fn a_read_that_fails_without_a_reset_is_no_reset() {
    for errno in [110, 103, 113, 5, 0] {
        let ending = after(open(Version::Tls12), &[Event::TransportReset { errno }]).ending();
        assert_eq!((ending.reading, ending.first_closer), (ReadEnd::TransportFailed, FirstCloser::Nobody));
    }
    let known = [Event::WriteFailed { errno: ECONNRESET }, Event::TransportReset { errno: 110 }];
    assert_eq!(after(open(Version::Tls12), &known).ending().reading, ReadEnd::Reset);
}

// RFC 9846 §6.1 · delivered-before-end; #19
#[test]
fn data_before_close_notify_is_delivered_first() {
    for machine in every() {
        assert!(machine.delivers_data());
        let machine = after(machine, &[data(100)]);
        assert!(machine.delivers_data());
        let machine = after(machine, &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().reading, ReadEnd::CloseNotify);
        assert_eq!(machine.ending().late, 0);
    }
}

// RFC 9846 §6.1 · write-after-peer-notify; #2
#[test]
fn close_notify_in_13_leaves_the_sending_half_alone() {
    let machine = after(open(Version::Tls13), &[Event::Write, CLOSE_NOTIFY, Event::Write, Event::Write]);
    assert_eq!(machine.output(), Output::Idle);
    assert!(machine.may_write());
    let machine = driven(machine, &[GRACEFUL]);
    assert!(machine.ending().is_clean());
    assert_eq!(machine.ending().discarded, 0);
}

// RFC 5246 §7.2.1 · reply-at-once, reply-drops-pending, cut-is-visible; #3, #52
#[test]
fn close_notify_before_13_is_answered_at_once_and_drops_what_is_pending() {
    for version in COUPLED {
        let machine = after(open(version), &[Event::Write, CLOSE_NOTIFY]);
        assert!(!machine.may_write());
        assert_eq!(machine.output(), Output::DiscardPending);
        let mut machine = after(machine, &[Event::PendingDiscarded { bytes: 70 }]);
        let expected = [Output::StartDeadline, Output::SendCloseNotify { fin_follows: false }, Output::Idle];
        assert_eq!(drive(&mut machine), expected);
        let ending = machine.ending();
        assert_eq!((ending.discarded, ending.writing), (70, WriteEnd::CloseNotifySent));
        assert!(!ending.is_clean());
    }
}

// RFC 5246 §7.2.1 · reply-at-once; #3: the named policy that loses nothing
#[test]
fn flush_answers_after_what_is_pending() {
    for version in COUPLED {
        let policy = Policy { reply: Reply::Flush, ..Policy::STRICT };
        let machine =
            after(open_with(version, policy), &[Event::Write, CLOSE_NOTIFY, Event::DeadlineStarted]);
        assert_eq!(machine.output(), Output::SendCloseNotify { fin_follows: false });
        refused(machine, Event::Write);
        assert!(driven(machine, &[GRACEFUL]).ending().is_clean());
    }
}

// #3: the named policy that continues to write
#[test]
fn when_asked_answers_when_the_application_closes() {
    for version in COUPLED {
        let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
        let machine = after(open_with(version, policy), &[CLOSE_NOTIFY, Event::Write]);
        assert_eq!(machine.output(), Output::Idle);
        assert!(driven(machine, &[GRACEFUL]).ending().is_clean());
    }
}

// RFC 9846 §6.1 · write-after-peer-notify: the policies of older versions do not apply to 1.3
#[test]
fn no_reply_policy_binds_13() {
    for &reply in Reply::ALL {
        let machine = after(open_with(Version::Tls13, Policy { reply, ..Policy::STRICT }), &[CLOSE_NOTIFY]);
        assert!(machine.may_write(), "{reply}");
    }
}

// RFC 9846 §6.2, RFC 5246 §7.2.2 · fatal-ends-both, fatal-is-an-error, fatal-no-notify
#[test]
fn a_fatal_alert_ends_both_directions_by_its_name() {
    for machine in every() {
        let mut machine = after(machine, &[Event::Write, FATAL]);
        assert!(!machine.may_write() && !machine.delivers_data());
        assert_eq!(machine.output(), Output::DiscardPending);
        let done = drive(&mut machine);
        assert!(!done.iter().any(|o| matches!(o, Output::SendCloseNotify { .. } | Output::SendAlert { .. })));
        assert_eq!(done.last(), Some(&Output::Done));
        let expected = ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED);
        assert_eq!(machine.ending().reading, expected);
    }
}

// RFC 9846 §6 · unknown-alert-is-error-13, level-ignored-13; #29
#[test]
fn an_unknown_alert_in_13_is_fatal_at_any_level() {
    for level in [0, 1, 2, 255] {
        let description = AlertDescription(222);
        let event = Event::PeerAlert { level: AlertLevel(level), description };
        let ending = after(open(Version::Tls13), &[event]).ending();
        assert_eq!(ending.reading, ReadEnd::FatalAlert(description));
    }
}

// #27: a close_notify at level fatal, a named policy up to 1.2 and clean in 1.3
#[test]
fn close_notify_at_level_fatal_is_what_policy_and_version_say() {
    let event = Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription::CLOSE_NOTIFY };
    for &version in Version::ALL {
        for &fatal_notify in FatalNotify::ALL {
            let machine = open_with(version, Policy { fatal_notify, ..Policy::STRICT });
            let clean = version == Version::Tls13 || fatal_notify == FatalNotify::Clean;
            let expected = if clean {
                ReadEnd::CloseNotify
            } else {
                ReadEnd::FatalAlert(AlertDescription::CLOSE_NOTIFY)
            };
            assert_eq!(after(machine, &[event]).ending().reading, expected, "{version} {fatal_notify}");
        }
    }
}

// RFC 5246 §7.2; #28: a level that does not exist is answered with illegal_parameter
#[test]
fn a_close_notify_of_an_unknown_level_is_malformed_before_13() {
    for version in COUPLED {
        for level in [0, 3, 255] {
            let event =
                Event::PeerAlert { level: AlertLevel(level), description: AlertDescription::CLOSE_NOTIFY };
            assert_eq!(after(open(version), &[event]).ending().first_closer, FirstCloser::Us);
            let machine = driven(open(version), &[event]);
            let alert = AlertDescription::ILLEGAL_PARAMETER;
            assert_eq!(machine.ending().reading, ReadEnd::Refused(alert));
            assert_eq!(machine.ending().writing, WriteEnd::FatalAlertSent(alert));
        }
    }
}

// RFC 9846 §6.1 · user-canceled-then-notify; #30, #31
#[test]
fn user_canceled_is_read_on_until_close_notify() {
    for machine in every() {
        let machine = after(machine, &[USER_CANCELED]);
        assert!(machine.ending().user_canceled && machine.delivers_data());
        assert_eq!(after(machine, &[CLOSE_NOTIFY]).ending().reading, ReadEnd::CloseNotify);
        assert_eq!(after(machine, &[EOF]).ending().reading, ReadEnd::TruncatedAtBoundary);
    }
}

// RFC 9846 §6.2 · fatal-ends-both; #18, #24, #25, #26, #50: what the engine refuses is answered,
// never closed clean
#[test]
fn a_violation_is_answered_with_its_alert_and_discards_what_is_pending() {
    for machine in every() {
        let mut machine = after(machine, &[Event::Write, VIOLATION]);
        assert_eq!(machine.output(), Output::DiscardPending);
        assert_eq!(machine.ending().first_closer, FirstCloser::Us);
        let done = drive(&mut machine);
        assert!(done.contains(&Output::SendAlert { alert: AlertDescription::BAD_RECORD_MAC }));
        assert!(!done.iter().any(|o| matches!(o, Output::SendCloseNotify { .. })));
        let ending = machine.ending();
        assert_eq!(ending.reading, ReadEnd::Refused(AlertDescription::BAD_RECORD_MAC));
        assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::BAD_RECORD_MAC));
    }
}

// salvage-alert
#[test]
fn a_failed_write_is_no_reason_to_stop_reading() {
    for machine in every() {
        let mut machine = after(machine, &[Event::WriteFailed { errno: EPIPE }]);
        let done = drive(&mut machine);
        assert_eq!(done, [Output::DiscardPending, Output::StartDeadline, Output::AwaitPeer]);
        assert!(machine.delivers_data());
        let machine = after(machine, &[data(10), FATAL]);
        assert_eq!(machine.ending().reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
    }
}

// linger-is-bounded: the wait after a failed write ends with the deadline
#[test]
fn the_salvage_ends_with_the_deadline() {
    let mut machine = after(open(Version::Tls13), &[Event::WriteFailed { errno: EPIPE }]);
    drive(&mut machine);
    machine = after(machine, &[Event::DeadlinePassed]);
    assert_eq!(drive(&mut machine), [Output::ResetTransport, Output::Done]);
    assert_eq!(machine.ending().reading, ReadEnd::TimedOut);
}

// #43: the peer shut its side without close_notify and may still read
#[test]
fn our_direction_survives_the_peers_truncation() {
    let machine = after(open(Version::Tls13), &[EOF, Event::Write]);
    assert_eq!(machine.output(), Output::Idle);
    let machine = driven(machine, &[GRACEFUL]);
    assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
    assert_eq!(machine.ending().reading, ReadEnd::TruncatedAtBoundary);
    assert_eq!(machine.recv_state(), recv::State::CutAtBoundary);
    assert_eq!(machine.send_state(), send::State::NotifiedShut);
}

#[test]
fn early_steps_of_the_handshake_are_refused() {
    for machine in every() {
        refused(machine, Event::PeerKeysInUse);
        refused(machine, Event::EarlyDataAccepted);
        refused(machine, Event::HandshakeDone);
    }
}
