//! Our close_notify is due, after the pending data.

use close_notify_core::{
    AlertDescription, Event, FirstCloser, Machine, Manner, NotSent, Output, Policy, Reply, Version, WriteEnd,
    send,
};

use crate::common::*;

fn due(version: Version) -> Machine {
    after(open(version), &[Event::Write, GRACEFUL, Event::DeadlineStarted])
}

// RFC 9846 §6.1 · nothing-after-notify
#[test]
fn writes_are_refused() {
    for &version in Version::ALL {
        assert!(!due(version).may_write());
        refused(due(version), Event::Write);
    }
}

// RFC 9846 §6.1 · one-notify; #5
#[test]
fn closing_again_changes_nothing() {
    for &version in Version::ALL {
        assert_eq!(after(due(version), &[GRACEFUL, GRACEFUL]), due(version));
    }
}

// RFC 5246 §7.2.1 · reply-drops-pending: even if our own close was already due; #52
#[test]
fn the_peers_close_notify_drops_what_is_pending_before_13() {
    for version in COUPLED {
        let machine = after(due(version), &[CLOSE_NOTIFY]);
        assert_eq!(machine.output(), Output::DiscardPending);
        assert_eq!(machine.ending().first_closer, FirstCloser::Crossed);
    }
}

// RFC 9846 §6.1 · write-after-peer-notify; #6
#[test]
fn the_peers_close_notify_drops_nothing_in_13_or_under_flush() {
    let flush = Policy { reply: Reply::Flush, ..Policy::STRICT };
    let machines = COUPLED.map(|version| after(open_with(version, flush), &[Event::Write, GRACEFUL]));
    for machine in machines.into_iter().chain([due(Version::Tls13)]) {
        let machine = driven(machine, &[CLOSE_NOTIFY]);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.output(), Output::Done);
        assert_eq!(machine.ending().first_closer, FirstCloser::Crossed);
    }
}

// RFC 9846 §6.2 · fatal-no-notify; #50: a local error overtakes a close_notify that is not sealed
#[test]
fn a_violation_turns_the_last_word_into_an_alert() {
    for &version in Version::ALL {
        let mut machine = after(due(version), &[VIOLATION]);
        let done = drive(&mut machine);
        assert!(done.contains(&Output::SendAlert { alert: AlertDescription::BAD_RECORD_MAC }));
        assert!(!done.iter().any(|o| matches!(o, Output::SendCloseNotify { .. })));
    }
}

// #47: the deadline ends the attempt, and the ending says that nothing was sent
#[test]
fn the_deadline_leaves_it_unsent() {
    for &version in Version::ALL {
        let mut machine = after(due(version), &[Event::DeadlinePassed]);
        assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::GaveUp));
        let done = drive(&mut machine);
        assert!(done.contains(&Output::DiscardPending) && done.contains(&Output::ResetTransport), "{done:?}");
        assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::GaveUp));
    }
}

// #47: an error without a number is still an error
#[test]
fn a_failure_without_a_number_is_not_a_deadline() {
    let machine = after(due(Version::Tls13), &[Event::WriteFailed { errno: 0 }]);
    assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::TransportFailed));
    assert_eq!(machine.ending().errno, None);
}

// RFC 9846 §5.5 · limit-close-counts, cut-is-visible: the engine closes while pending data is being
// written
#[test]
fn the_engine_may_close_in_the_middle_of_the_flush() {
    let machine = after(due(Version::Tls13), &[Event::EngineNotified]);
    assert_eq!(machine.send_state(), send::State::NotifyLeaving);
    assert_eq!(machine.output(), Output::DiscardPending);
    let machine = after(machine, &[Event::PendingDiscarded { bytes: 400 }]);
    let machine = driven(machine, &[Event::OutputWritten, CLOSE_NOTIFY]);
    assert_eq!(machine.ending().discarded, 400);
    assert!(!machine.ending().is_clean());
}

// RFC 9846 §6.2 · fatal-ends-both
#[test]
fn the_peers_fatal_alert_leaves_it_unsent() {
    for &version in Version::ALL {
        let machine = driven(due(version), &[FATAL]);
        assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::PeerFatalAlert));
        assert_eq!((machine.output(), machine.manner()), (Output::Done, Manner::AtOnce));
    }
}

// Only an alert, an abort or a failure overtakes a reply that is due.
#[test]
fn a_reply_that_is_due_stays_due_when_the_application_closes() {
    for version in COUPLED {
        let machine = after(open(version), &[CLOSE_NOTIFY, GRACEFUL]);
        assert_eq!(machine.send_state(), send::State::ReplyDue);
        refused(machine, Event::Write);
        assert_eq!(machine.ending().writing, WriteEnd::Closing);
        let refusal = after(machine, &[Event::Reject(AlertDescription::INTERNAL_ERROR)]);
        assert_eq!(refusal.send_state(), send::State::AlertDue);
        let failed = after(machine, &[Event::WriteFailed { errno: EPIPE }]);
        assert_eq!(failed.output(), Output::DiscardPending);
    }
}

// RFC 9846 §6.1 · write-after-peer-notify: in 1.3 no pending data is lost, whether late data is
// delivered or not
#[test]
fn in_13_nothing_is_discarded_after_the_peers_close_notify() {
    for late in [&[][..], &[data(100)][..]] {
        let machine = after(after(due(Version::Tls13), late), &[CLOSE_NOTIFY]);
        assert_eq!(machine.send_state(), send::State::NotifyDue);
        assert_eq!(machine.output(), Output::SendCloseNotify { fin_follows: true });
    }
}
