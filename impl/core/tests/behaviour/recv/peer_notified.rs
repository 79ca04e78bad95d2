//! The peer's close_notify came: a clean end that nothing takes back.

use close_notify_core::{Event, Machine, Policy, ReadEnd, Reply, Version, recv};

use crate::common::*;

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| driven(open(version), &[CLOSE_NOTIFY]))
}

fn stays_clean(event: Event) {
    for machine in every() {
        let machine = after(machine, &[event]);
        assert_eq!(machine.recv_state(), recv::State::PeerNotified, "{event:?}");
        assert_eq!(machine.ending().reading, ReadEnd::CloseNotify);
        assert!(!machine.delivers_data());
        assert_eq!(machine.ending().late, 0);
    }
}

// RFC 9846 §6.1 · ignore-after-notify; #21
#[test]
fn records_of_data_are_ignored() {
    stays_clean(data(100));
}

// RFC 9846 §6.1 · ignore-after-notify; #20
#[test]
fn garbage_is_ignored_and_never_answered() {
    stays_clean(VIOLATION);
    for machine in every() {
        assert_eq!(after(machine, &[VIOLATION]), machine);
    }
}

// RFC 9846 §6.1 · ignore-after-notify, notify-is-final; #22
#[test]
fn a_second_close_notify_or_a_fatal_alert_is_ignored() {
    for event in [CLOSE_NOTIFY, FATAL, USER_CANCELED, Event::PeerMessage { bytes: 4 }] {
        stays_clean(event);
        for machine in every() {
            assert_eq!(after(machine, &[event]), machine, "{event:?}");
        }
    }
}

// RFC 5246 §7.2: after the end, even a malformed alert is ignored
#[test]
fn an_alert_of_an_unknown_level_is_ignored() {
    use close_notify_core::{AlertDescription, AlertLevel};
    let event = Event::PeerAlert { level: AlertLevel(9), description: AlertDescription::HANDSHAKE_FAILURE };
    stays_clean(event);
    for machine in every() {
        assert_eq!(after(machine, &[event]), machine);
    }
}

// RFC 9846 §6.1 · notify-is-final; #1, #37
#[test]
fn fin_and_reset_change_nothing() {
    for event in [EOF, EOF_IN_RECORD, RESET, Event::DeadlinePassed] {
        stays_clean(event);
    }
}

// RFC 9846 §6.1 · notify-is-final; #37: both sides had sent close_notify before the reset
#[test]
fn a_reset_after_both_close_notifies_stays_clean() {
    for &version in Version::ALL {
        let machine = driven(open(version), &[CLOSE_NOTIFY]);
        let machine = if version == Version::Tls13 {
            let closing = after(machine, &[GRACEFUL, Event::DeadlineStarted]);
            after(closing, &[Event::OutputSealed, Event::OutputWritten])
        } else {
            machine
        };
        let machine = driven(machine, &[RESET]);
        assert!(machine.ending().is_clean());
        assert_eq!(machine.ending().errno, Some(ECONNRESET));
    }
}

// RFC 5246 §7.2.2: warnings after the end are not counted, so a flood of them is not answered
#[test]
fn a_flood_of_warnings_is_ignored() {
    for machine in every() {
        assert_eq!(after(machine, &[USER_CANCELED; 20]), machine);
    }
}

#[test]
fn a_reset_under_an_open_sending_half_is_its_failure_alone() {
    use close_notify_core::{NotSent, Output, WriteEnd};
    let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
    for &version in Version::ALL {
        let machine = after(open_with(version, policy), &[CLOSE_NOTIFY, RESET]);
        let ending = machine.ending();
        assert_eq!(ending.reading, ReadEnd::CloseNotify);
        assert_eq!(ending.writing, WriteEnd::NotSent(NotSent::TransportFailed));
        assert_eq!(driven(machine, &[Event::PendingDiscarded { bytes: 0 }]).output(), Output::Idle);
    }
}

// RFC 9112 §9.6 · data-survives-close: the peer's close_notify does not mean that the peer has read
// ours
#[test]
fn a_linger_after_it_drains_until_the_transport_ends() {
    for machine in every() {
        let lingering = driven(machine, &[Event::Close(close_notify_core::Manner::Linger)]);
        assert_eq!(lingering.output(), close_notify_core::Output::Drain);
        let ended = driven(lingering, &[EOF]);
        assert_eq!(ended.output(), close_notify_core::Output::Done);
        assert_eq!(ended.ending().reading, ReadEnd::CloseNotify);
    }
}
