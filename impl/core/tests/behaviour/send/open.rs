//! Application data may be sent.

use close_notify_core::{
    AlertDescription, Answer, Call, Event, FirstCloser, Illegal, Machine, Manner, Output, Policy, Version,
    WriteEnd, send,
};

use crate::common::*;

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| open(version))
}

// RFC 9846 §6.1, RFC 5246 §7.2.1 · notify-before-fin; #1
#[test]
fn closing_sends_close_notify_before_the_fin() {
    for mut machine in every() {
        machine = after(machine, &[Event::Write, GRACEFUL]);
        let done = drive(&mut machine);
        let expected = [
            Output::StartDeadline,
            Output::SendCloseNotify { fin_follows: true },
            Output::ShutWrite,
            Output::AwaitPeer,
        ];
        assert_eq!(done, expected);
        assert_eq!(machine.ending().first_closer, FirstCloser::Us);
    }
}

// RFC 9846 §6.1 · notify-before-fin: what was written comes before the close_notify and is not
// discarded
#[test]
fn closing_discards_nothing() {
    for machine in every() {
        let machine = driven(machine, &[Event::Write, GRACEFUL, CLOSE_NOTIFY]);
        assert_eq!(machine.output(), Output::Done);
        assert!(machine.ending().is_clean());
    }
}

// RFC 9846 §6.1: only 1.3 can end one direction alone
#[test]
fn closing_the_write_side_is_refused_before_13() {
    for version in COUPLED {
        assert_eq!(refused(open(version), Event::CloseWrite), Illegal::HalfClose { version });
    }
}

// RFC 5246 §7.2.1 · no-ok-over-a-loss: a side that only shuts its write side reads on, and what
// comes is not late
#[test]
fn shutting_the_write_side_reads_on_in_every_version_and_policy() {
    for (&version, (_, policy)) in
        Version::ALL.iter().flat_map(|v| Policy::PRESETS.iter().map(move |p| (v, p)))
    {
        let machine = driven(open_with(version, *policy), &[Event::Write, Event::Close(Manner::HalfClose)]);
        assert_eq!(machine.answer(Call::Shutdown), Answer::Done);
        assert!(machine.delivers_data() && !machine.deadline_runs());
        let machine = driven(machine, &[data(1 << 20), CLOSE_NOTIFY]);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.ending().drained, 0);
        assert_eq!(machine.answer(READ), Answer::Done);
        assert_eq!(driven(machine, &[GRACEFUL]).output(), Output::Done);
    }
}

// RFC 9846 §6.1 · write-after-peer-notify
#[test]
fn half_closing_in_13_shuts_our_side_and_reads_on_without_a_deadline() {
    for event in [Event::CloseWrite, Event::Close(Manner::HalfClose)] {
        let mut machine = after(open(Version::Tls13), &[event]);
        let done = drive(&mut machine);
        let expected = [
            Output::StartDeadline,
            Output::SendCloseNotify { fin_follows: true },
            Output::ShutWrite,
            Output::Idle,
        ];
        assert_eq!(done, expected);
        assert!(machine.delivers_data() && !machine.deadline_runs());
        let machine = after(machine, &[data(1 << 20), CLOSE_NOTIFY]);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.ending().drained, 0);
        assert_eq!(machine.output(), Output::Idle);
    }
}

#[test]
fn a_rejection_needs_an_error_alert() {
    for alert in [AlertDescription::CLOSE_NOTIFY, AlertDescription::USER_CANCELED] {
        assert_eq!(refused(open(Version::Tls13), Event::Reject(alert)), Illegal::NotAnError { alert });
    }
}

// RFC 9846 §6.2, §6.1 · fatal-no-notify, alert-survives-close; #13, #44
#[test]
fn rejecting_sends_the_alert_shuts_and_drains() {
    for machine in every() {
        let mut machine = after(machine, &[Event::Reject(AlertDescription::ACCESS_DENIED)]);
        let expected = [
            Output::DiscardPending,
            Output::ForgetSession,
            Output::StartDeadline,
            Output::SendAlert { alert: AlertDescription::ACCESS_DENIED },
            Output::ShutWrite,
            Output::Drain,
        ];
        assert_eq!(drive(&mut machine), expected);
        let machine = driven(machine, &[EOF]);
        assert_eq!(machine.output(), Output::Done);
        assert_eq!(machine.ending().writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED));
    }
}

// RFC 9846 §6.2 · fatal-ends-both: a rejection without a reason is an internal error, and a fatal
// alert like any other
#[test]
fn the_manner_reject_alone_says_internal_error_and_forgets_the_session() {
    for &version in Version::ALL {
        let policy = Policy { reply: close_notify_core::Reply::WhenAsked, ..Default::default() };
        for before in [&[][..], &[CLOSE_NOTIFY]] {
            let machine = after(open_with(version, policy), before);
            let machine = driven(machine, &[Event::Close(Manner::Reject)]);
            let ending = machine.ending();
            assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::INTERNAL_ERROR));
            assert!(!ending.resumption.allowed);
        }
    }
}

// RFC 9846 §5.5 · limit-close-counts, cut-is-visible; #14
#[test]
fn a_close_notify_of_the_engine_closes_like_any_other() {
    for machine in every() {
        let mut machine = after(machine, &[Event::Write, Event::EngineNotified]);
        refused(machine, Event::Write);
        refused(machine, Event::OutputSealed);
        assert_eq!(machine.output(), Output::DiscardPending);
        machine = after(machine, &[Event::PendingDiscarded { bytes: 9 }]);
        let expected = [Output::StartDeadline, Output::SendCloseNotify { fin_follows: false }, Output::Idle];
        assert_eq!(drive(&mut machine), expected);
        let ending = machine.ending();
        assert_eq!((ending.writing, ending.discarded), (WriteEnd::CloseNotifySent, 9));
        assert_eq!(ending.first_closer, FirstCloser::Us);
        refused(machine, Event::Write);
        refused(machine, Event::EngineNotified);
    }
}

#[test]
fn steps_that_were_not_asked_for_are_refused() {
    for machine in every() {
        let steps = [
            Event::OutputSealed,
            Event::OutputWritten,
            Event::WriteShut,
            Event::PendingDiscarded { bytes: 0 },
            Event::TransportHandedBack,
        ];
        for step in steps {
            refused(machine, step);
        }
    }
}

#[test]
fn asking_for_nothing_changes_nothing() {
    for machine in every() {
        assert_eq!(after(machine, &[Event::Close(Manner::Unasked)]), machine);
        assert_eq!(machine.send_state(), send::State::Open);
    }
}
