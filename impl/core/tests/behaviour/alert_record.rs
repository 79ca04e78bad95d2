//! How many alerts a record holds, and which of them are read.

use close_notify_core::{
    AlertDescription, AlertLevel, AlertRecord, CoalescedAlerts, Event, FirstCloser, FragmentedAlert, Machine,
    Policy, ReadEnd, UserCanceled, Version, WriteEnd, read_alert,
};

use crate::common::*;

const REFUSED: AlertRecord<'_> = AlertRecord::Malformed(AlertDescription::UNEXPECTED_MESSAGE);

fn every_policy() -> Vec<Policy> {
    let choices = |fragmented_alert| {
        CoalescedAlerts::ALL.iter().map(move |&coalesced_alerts| Policy {
            fragmented_alert,
            coalesced_alerts,
            ..Policy::STRICT
        })
    };
    FragmentedAlert::ALL.iter().flat_map(|&fragmented| choices(fragmented)).collect()
}

const BOTH: Policy = Policy {
    fragmented_alert: FragmentedAlert::Assemble,
    coalesced_alerts: CoalescedAlerts::ReadEach,
    ..Policy::STRICT
};

/// Reports everything that these alert records hold, as a driver does. Returns the machine and what
/// is still held.
fn fed(mut machine: Machine, records: &[&[u8]]) -> (Machine, Option<AlertLevel>) {
    let (policy, mut held) = (machine.policy(), None);
    for &record in records {
        let mut left = Some(record);
        while let Some(payload) = left.take() {
            let read = read_alert(machine.version(), &policy, held.take(), payload);
            if let Some(event) = read.event() {
                machine = after(machine, &[event]);
            }
            match read {
                AlertRecord::Alert { rest: [], .. } | AlertRecord::Malformed(_) => {}
                AlertRecord::Alert { rest, .. } => left = Some(rest),
                AlertRecord::Part { level } => held = Some(level),
            }
        }
    }
    (machine, held)
}

// RFC 9846 §5.4, RFC 5246 §6.2.1; #26
#[test]
fn an_empty_alert_record_is_refused_everywhere() {
    for &version in Version::ALL {
        for policy in every_policy() {
            for held in [None, Some(AlertLevel::WARNING)] {
                assert_eq!(read_alert(version, &policy, held, &[]), REFUSED);
            }
        }
    }
}

// RFC 9846 §5.1: one alert per record, regardless of the policy; #24, #25
#[test]
fn tls_13_reads_a_record_of_two_bytes_alone() {
    for policy in every_policy() {
        for length in [1, 3, 4, 5, 300] {
            assert_eq!(read_alert(Version::Tls13, &policy, None, &vec![1; length]), REFUSED, "{length}");
        }
        for payload in [&[0][..], &[0, 1, 0]] {
            assert_eq!(read_alert(Version::Tls13, &policy, Some(AlertLevel::WARNING), payload), REFUSED);
        }
    }
}

#[test]
fn an_alert_of_two_bytes_is_complete_everywhere() {
    for &version in Version::ALL {
        for policy in every_policy() {
            let whole =
                AlertRecord::Alert { level: AlertLevel(7), description: AlertDescription(9), rest: &[] };
            assert_eq!(read_alert(version, &policy, None, &[7, 9]), whole);
        }
    }
}

// RFC 5246 §6.2.1; #24, #25: each choice, on its own
#[test]
fn older_versions_split_and_join_as_the_policy_says() {
    let part = AlertRecord::Part { level: AlertLevel(1) };
    let alert = |rest| AlertRecord::Alert { level: AlertLevel(1), description: AlertDescription(100), rest };
    for version in COUPLED {
        for policy in every_policy() {
            let joins = policy.fragmented_alert == FragmentedAlert::Assemble;
            let splits = policy.coalesced_alerts == CoalescedAlerts::ReadEach;
            let held = Some(AlertLevel(1));
            let rows: [(Option<AlertLevel>, &[u8], bool, AlertRecord<'_>); 5] = [
                (None, &[1], joins, part),
                (held, &[100], joins, alert(&[])),
                (held, &[100, 2, 0], joins && splits, alert(&[2, 0])),
                (None, &[1, 100, 2, 0], splits, alert(&[2, 0])),
                (None, &[1, 100, 2], splits, alert(&[2])),
            ];
            for (held, payload, taken, expected) in rows {
                let read = read_alert(version, &policy, held, payload);
                assert_eq!(read, if taken { expected } else { REFUSED }, "{policy:?} {payload:?}");
            }
        }
    }
}

// notify-whole: half of a close_notify is none, and a FIN after it is a truncation inside a record
#[test]
fn a_close_notify_in_two_parts_counts_once_both_came() {
    for version in COUPLED {
        let (half, held) = fed(open_with(version, BOTH), &[&[1]]);
        assert_eq!((half.ending().reading, held), (ReadEnd::Open, Some(AlertLevel::WARNING)));
        let cut = after(half, &[Event::TransportEof { inside_record: held.is_some() }]);
        assert_eq!(cut.ending().reading, ReadEnd::TruncatedInRecord);
        let (whole, held) = fed(open_with(version, BOTH), &[&[1], &[0]]);
        assert_eq!((whole.ending().reading, held), (ReadEnd::CloseNotify, None));
    }
}

// notify-is-final, ignore-after-notify; #20, #22: what follows the end in its own record is after
// the end
#[test]
fn the_rest_of_a_record_is_ignored_after_an_alert_that_ends() {
    for version in COUPLED {
        for record in [&[1, 0, 2, 40][..], &[1, 0, 1, 0], &[1, 0, 9, 9], &[1, 0, 1]] {
            let (machine, _) = fed(open_with(version, BOTH), &[record]);
            assert_eq!(machine.ending().reading, ReadEnd::CloseNotify, "{record:?}");
        }
        let (fatal, _) = fed(open_with(version, BOTH), &[&[2, 40, 1, 0]]);
        assert_eq!(fatal.ending().reading, ReadEnd::FatalAlert(AlertDescription::HANDSHAKE_FAILURE));
        let (second, _) = fed(open_with(version, BOTH), &[&[1, 100, 1, 0]]);
        assert_eq!(second.ending().reading, ReadEnd::CloseNotify);
    }
}

// RFC 9846 §6.2 · fatal-no-notify; #24, #25, #26
#[test]
fn a_refused_record_ends_the_connection_with_its_alert() {
    for &version in Version::ALL {
        for record in [&[][..], &[1], &[1, 0, 1, 0]] {
            let (machine, _) = fed(open(version), &[record]);
            let ending = driven(machine, &[EOF]).ending();
            assert_eq!(ending.reading, ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE), "{record:?}");
            assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::UNEXPECTED_MESSAGE));
        }
    }
}

// RFC 9846 §6.1 · user-canceled-then-notify; #30: after the handshake, in 1.3, as the policy says
#[test]
fn user_canceled_after_the_handshake_is_read_as_the_policy_says() {
    for &version in Version::ALL {
        for &user_canceled in UserCanceled::ALL {
            let policy = Policy { user_canceled, ..Policy::STRICT };
            let ending = after(open_with(version, policy), &[Event::Write, USER_CANCELED]).ending();
            let ends = user_canceled == UserCanceled::Error && version == Version::Tls13;
            let fatal = ReadEnd::FatalAlert(AlertDescription::USER_CANCELED);
            assert_eq!(ending.reading, if ends { fatal } else { ReadEnd::Open }, "{version} {user_canceled}");
            assert_eq!(ending.may_resume(), !ends);
            assert_eq!(ending.first_closer, if ends { FirstCloser::Peer } else { FirstCloser::Nobody });
        }
    }
}

// RFC 9846 §6.1; #15: it belongs to the handshake, and the policy is only for later
#[test]
fn user_canceled_in_the_handshake_is_read_on_under_every_choice() {
    for &user_canceled in UserCanceled::ALL {
        let machine = Machine::new(
            Version::Tls13,
            close_notify_core::Role::Server,
            Policy { user_canceled, ..Policy::STRICT },
        );
        let machine = after(machine, &[Event::PeerKeysInUse, USER_CANCELED]);
        assert_eq!(machine.ending().reading, ReadEnd::Open);
        assert!(machine.ending().user_canceled);
    }
}

// A limit of the engine is not a failure of the transport, and is legal only if a last word is due.
#[test]
fn a_last_word_that_cannot_be_sealed_is_named_and_the_transport_is_reset() {
    use close_notify_core::{Illegal, NotSent, Output};
    for &version in Version::ALL {
        for event in [GRACEFUL, VIOLATION] {
            let due = after(open(version), &[event]);
            let mut machine = after(due, &[Event::OutputUnsealable]);
            assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::Unsealable));
            assert_eq!(machine.ending().errno, None);
            drive(&mut machine);
            assert_eq!(*drive(&mut after(machine, &[EOF])).last().expect("a step"), Output::Done);
            assert!(matches!(refused(machine, Event::OutputUnsealable), Illegal::Send { .. }));
        }
        assert!(matches!(refused(open(version), Event::OutputUnsealable), Illegal::Send { .. }));
    }
}
