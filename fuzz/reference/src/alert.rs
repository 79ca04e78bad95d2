//! Alerts, read from the standards: what a record holds, and what one alert means.
//!
//! Sources: RFC 9846 §5.1, §5.4, §6; RFC 5246 §6.2.1, §7.2; the choices of the policy.

use close_notify_core::{
    AlertDescription, AlertLevel, CoalescedAlerts, Event, FatalNotify, FragmentedAlert, Policy, UserCanceled,
    Version,
};

/// The meaning of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Says {
    /// The sender writes no more.
    Closed,
    /// The connection is over, for this reason.
    Fatal,
    /// Nothing that must end the connection.
    Warning { user_canceled: bool },
    /// Nothing that TLS knows.
    Nonsense,
}

/// The meaning of an alert in this version, under this policy; `established` is whether the
/// handshake is done.
pub(super) fn says(version: Version, policy: &Policy, established: bool, level: u8, description: u8) -> Says {
    const CLOSE_NOTIFY: u8 = 0;
    const USER_CANCELED: u8 = 90;
    let user_canceled = description == USER_CANCELED;
    if version == Version::Tls13 {
        // RFC 9846 §6 · level-ignored-13, unknown-alert-is-error-13
        let refused = established && policy.user_canceled == UserCanceled::Error;
        return match description {
            CLOSE_NOTIFY => Says::Closed,
            USER_CANCELED if !refused => Says::Warning { user_canceled },
            _ => Says::Fatal,
        };
    }
    let clean_at_any_level = policy.fatal_notify == FatalNotify::Clean;
    match (level, description) {
        // RFC 5246 §7.2.1 · notify-level-1x
        (1, CLOSE_NOTIFY) => Says::Closed,
        (2, CLOSE_NOTIFY) if clean_at_any_level => Says::Closed,
        // RFC 5246 §7.2.2 · warning-may-continue
        (1, _) => Says::Warning { user_canceled },
        // RFC 5246 §7.2.2 · fatal-ends-both
        (2, _) => Says::Fatal,
        _ => Says::Nonsense,
    }
}

/// The facts in the payload of one alert record.
///
/// `held` is the first byte of an alert whose second has not come. It is kept between records, and
/// never after a violation.
///
/// ```
/// use close_notify_core::{AlertDescription, CoalescedAlerts, Event, Policy, Version};
/// use close_notify_reference::alerts_of;
/// let policy = Policy { coalesced_alerts: CoalescedAlerts::ReadEach, ..Policy::STRICT };
/// assert_eq!(alerts_of(Version::Tls12, &policy, &mut None, &[1, 100, 1, 0]).count(), 2);
/// let refused = [Event::PeerViolation(AlertDescription::UNEXPECTED_MESSAGE)];
/// assert!(alerts_of(Version::Tls13, &policy, &mut None, &[1, 100, 1, 0]).eq(refused));
/// ```
pub fn alerts_of<'a>(
    version: Version,
    policy: &Policy,
    held: &mut Option<u8>,
    payload: &'a [u8],
) -> impl Iterator<Item = Event> + 'a {
    // RFC 9846 §5.1 · in 1.3 one alert is one record, under any policy
    let free = version != Version::Tls13;
    let several = free && policy.coalesced_alerts == CoalescedAlerts::ReadEach;
    let in_parts = free && policy.fragmented_alert == FragmentedAlert::Assemble;
    let first = held.take();
    let length = payload.len() + usize::from(first.is_some());
    // RFC 9846 §5.4, RFC 5246 §6.2.1 · no record is empty
    let refused = payload.is_empty() || (length > 2 && !several);
    let half = length % 2 == 1 && !refused;
    if half && in_parts {
        *held = payload.last().copied();
    }
    let readable = if refused { &[] } else { payload };
    let joined = first.zip(readable.first().copied());
    let rest = if joined.is_some() { &readable[1..] } else { readable };
    let whole = rest.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let violation = Event::PeerViolation(AlertDescription::UNEXPECTED_MESSAGE);
    let alert = |(level, description)| Event::PeerAlert {
        level: AlertLevel(level),
        description: AlertDescription(description),
    };
    joined.into_iter().chain(whole).map(alert).chain((refused || (half && !in_parts)).then_some(violation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: Version, policy: &Policy, records: &[&[u8]]) -> Vec<Option<(u8, u8)>> {
        let mut held = None;
        let mut read = Vec::new();
        for payload in records {
            read.extend(alerts_of(version, policy, &mut held, payload).map(|event| match event {
                Event::PeerAlert { level, description } => Some((level.0, description.0)),
                other => {
                    assert_eq!(other, Event::PeerViolation(AlertDescription::UNEXPECTED_MESSAGE));
                    None
                }
            }));
        }
        read
    }

    fn policy(several: bool, in_parts: bool) -> Policy {
        Policy {
            coalesced_alerts: if several { CoalescedAlerts::ReadEach } else { CoalescedAlerts::Refuse },
            fragmented_alert: if in_parts { FragmentedAlert::Assemble } else { FragmentedAlert::Refuse },
            ..Policy::STRICT
        }
    }

    // RFC 9846 §5.1, §5.4
    #[test]
    fn in_13_one_record_is_one_alert_under_any_policy() {
        for (several, in_parts) in [(false, false), (false, true), (true, false), (true, true)] {
            let policy = policy(several, in_parts);
            assert_eq!(read(Version::Tls13, &policy, &[&[1, 0]]), [Some((1, 0))]);
            for payload in [&[][..], &[1], &[1, 0, 1], &[1, 0, 1, 0]] {
                assert_eq!(read(Version::Tls13, &policy, &[payload]), [None]);
            }
        }
    }

    // RFC 5246 §6.2.1
    #[test]
    fn in_12_the_policy_says_what_may_be_split_and_joined() {
        let v = Version::Tls12;
        assert_eq!(read(v, &policy(false, false), &[&[1], &[0]]), [None, None]);
        assert_eq!(read(v, &policy(false, true), &[&[1], &[0]]), [Some((1, 0))]);
        assert_eq!(read(v, &policy(false, true), &[&[1, 100, 1]]), [None]);
        assert_eq!(read(v, &policy(false, true), &[&[1], &[100, 1]]), [None]);
        assert_eq!(read(v, &policy(true, false), &[&[1, 100, 1]]), [Some((1, 100)), None]);
        assert_eq!(read(v, &policy(true, true), &[&[1, 100, 1], &[0]]), [Some((1, 100)), Some((1, 0))]);
        assert_eq!(read(v, &policy(true, true), &[&[1], &[], &[1, 0]]), [None, Some((1, 0))]);
    }

    #[test]
    fn the_core_reads_every_short_record_as_the_same_facts() {
        let payloads: Vec<Vec<u8>> = (0_u8..6)
            .map(|length| (0..length).map(|at| [1, 0, 2, 90, 1][usize::from(at)]).collect())
            .collect();
        for &version in Version::ALL {
            for choice in 0..4 {
                let policy = policy(choice & 1 == 1, choice & 2 == 2);
                for held in [None, Some(1)] {
                    for payload in &payloads {
                        let (mut ours, mut theirs) = (held, held.map(AlertLevel));
                        let plain: Vec<Event> = alerts_of(version, &policy, &mut ours, payload).collect();
                        let core = by_the_core(version, &policy, &mut theirs, payload);
                        // A held byte that no earlier record can have left is not compared.
                        let possible = held.is_none() || (version != Version::Tls13 && choice & 2 == 2);
                        assert!(!possible || (plain == core && ours == theirs.map(|level| level.0)));
                    }
                }
            }
        }
    }

    fn by_the_core(v: Version, policy: &Policy, held: &mut Option<AlertLevel>, payload: &[u8]) -> Vec<Event> {
        use close_notify_core::{AlertRecord, read_alert};
        let (mut facts, mut payload) = (Vec::new(), payload);
        loop {
            let read = read_alert(v, policy, held.take(), payload);
            facts.extend(read.event());
            match read {
                AlertRecord::Alert { rest: [], .. } | AlertRecord::Malformed(_) => return facts,
                AlertRecord::Alert { rest, .. } => payload = rest,
                AlertRecord::Part { level } => {
                    *held = Some(level);
                    return facts;
                }
            }
        }
    }
}
