//! How an alert is read: whole, in parts, by its level, by its number: rows 23–32.

use close_notify::{
    AlertDescription, Close, CoalescedAlerts, FatalNotify, FragmentedAlert, Policy, ReadEnd, UserCanceled,
    WriteEnd,
};

use crate::arm::{Arm, far};
use crate::keyed_peer::{ALERT, CLOSE_NOTIFY, DATA, Flight};

const CLOSED: ReadEnd = ReadEnd::CloseNotify;
const MISPLACED: ReadEnd = ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE);

/// The peer sends these records and shuts its write side; we read to the end and close. Returns how
/// reading ended, and what we sent.
fn after(arm: Arm, policy: Policy, records: &[(u8, &[u8])]) -> (ReadEnd, Flight) {
    let (mut near, mut peer) = arm.meet(policy);
    for (content, payload) in records {
        peer.say_record(*content, payload);
    }
    peer.fin();
    let peer = far(peer, |peer| peer.hear_all());
    let (data, end) = near.read_on();
    let sent = records.iter().take_while(|(content, _)| *content == DATA);
    let sent: Vec<u8> = sent.flat_map(|(_, payload)| payload.to_vec()).collect();
    assert!(data.starts_with(&sent), "what came before is delivered");
    let ending = near.close(Close::Graceful);
    assert_eq!(end.is_ok(), ending.reading == CLOSED, "{ending}");
    (ending.reading, peer.join().unwrap())
}

/// As [`after`], and checks that what we sent ends as fits the end of reading.
fn read_as(arm: Arm, policy: Policy, records: &[(u8, &[u8])], reading: ReadEnd) {
    let (read, flight) = after(arm, policy, records);
    assert_eq!(read, reading, "{records:?} under {policy:?}");
    match reading {
        ReadEnd::Refused(alert) => flight.ends_with([2, alert.0]),
        ReadEnd::FatalAlert(_) => assert!(flight.alerts().is_empty(), "{records:?}: {:?}", flight.alerts()),
        _ => flight.ends_with(CLOSE_NOTIFY),
    }
}

/// #23
pub(crate) fn each_prefix(arm: Arm) {
    for cut in 0.. {
        let (mut near, mut peer) = arm.meet(Policy::STRICT);
        let record = peer.keys.close_notify();
        let whole = record.len();
        if cut > whole {
            return;
        }
        let peer = far(peer, move |peer| {
            for byte in &record[..cut] {
                peer.say(&[*byte]);
            }
            peer.fin();
            peer.hear_all()
        });
        drop(near.read_on());
        let ending = near.close(Close::Graceful);
        let reading = match cut {
            0 => ReadEnd::TruncatedAtBoundary,
            _ if cut == whole => CLOSED,
            _ => ReadEnd::TruncatedInRecord,
        };
        assert_eq!(ending.reading, reading, "{cut} of {whole} bytes");
        assert_eq!(ending.is_clean(), cut == whole, "{cut} of {whole} bytes: {ending}");
        peer.join().unwrap().ends_with(CLOSE_NOTIFY);
    }
}

/// #24
pub(crate) fn in_two_records(arm: Arm) {
    let split: [(u8, &[u8]); 2] = [(ALERT, &[1]), (ALERT, &[0])];
    let assemble = Policy { fragmented_alert: FragmentedAlert::Assemble, ..Policy::STRICT };
    read_as(arm, Policy::STRICT, &split, MISPLACED);
    read_as(arm, assemble, &split, if arm.is_13() { MISPLACED } else { CLOSED });
    // Half an alert is no alert: the FIN after it cuts.
    let half = if arm.is_13() { MISPLACED } else { ReadEnd::TruncatedInRecord };
    read_as(arm, assemble, &split[..1], half);
}

/// #25
pub(crate) fn two_in_one_record(arm: Arm) {
    let joined: [(u8, &[u8]); 1] = [(ALERT, &[1, 90, 1, 0])];
    let each = Policy { coalesced_alerts: CoalescedAlerts::ReadEach, ..Policy::STRICT };
    read_as(arm, Policy::STRICT, &joined, MISPLACED);
    read_as(arm, each, &joined, if arm.is_13() { MISPLACED } else { CLOSED });
    // Two close_notify in one record, or one with a byte too many, are no close_notify either.
    for payload in [&[1, 0, 1, 0][..], &[1, 0, 1]] {
        read_as(arm, Policy::STRICT, &[(ALERT, payload)], MISPLACED);
    }
}

/// #26
pub(crate) fn empty_record(arm: Arm) {
    read_as(arm, Policy::STRICT, &[(ALERT, &[]), (ALERT, &CLOSE_NOTIFY)], MISPLACED);
    read_as(arm, Policy::STRICT, &[(DATA, b"data"), (ALERT, &[])], MISPLACED);
}

/// #27
pub(crate) fn fatal_close_notify(arm: Arm) {
    let fatal: [(u8, &[u8]); 1] = [(ALERT, &[2, 0])];
    let error = ReadEnd::FatalAlert(AlertDescription::CLOSE_NOTIFY);
    read_as(arm, Policy::STRICT, &fatal, if arm.is_13() { CLOSED } else { error });
    // `read_as` checks on the wire that ours is sent at level warning.
    read_as(arm, Policy { fatal_notify: FatalNotify::Clean, ..Policy::STRICT }, &fatal, CLOSED);
}

/// #28
pub(crate) fn close_notify_of_no_level(arm: Arm) {
    for level in [0, 3, 255] {
        let illegal = ReadEnd::Refused(AlertDescription::ILLEGAL_PARAMETER);
        let reading = if arm.is_13() { CLOSED } else { illegal };
        read_as(arm, Policy::STRICT, &[(ALERT, &[level, 0])], reading);
    }
}

/// #29
pub(crate) fn error_alert_as_warning(arm: Arm) {
    for description in
        [AlertDescription::HANDSHAKE_FAILURE, AlertDescription::INTERNAL_ERROR, AlertDescription(250)]
    {
        for level in [1, 0, 255] {
            let records: [(u8, &[u8]); 2] = [(ALERT, &[level, description.0]), (ALERT, &CLOSE_NOTIFY)];
            read_as(arm, Policy::STRICT, &records, ReadEnd::FatalAlert(description));
        }
    }
}

const USER_CANCELED: [u8; 2] = [1, 90];

/// #30
pub(crate) fn user_canceled_then_close_notify(arm: Arm) {
    let records: [(u8, &[u8]); 3] = [(ALERT, &USER_CANCELED), (DATA, b"and yet"), (ALERT, &CLOSE_NOTIFY)];
    read_as(arm, Policy::STRICT, &records, CLOSED);
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    records.iter().for_each(|(content, payload)| peer.say_record(*content, payload));
    assert_eq!(near.read_to_end(), b"and yet");
    assert!(near.close(Close::Graceful).is_clean());
    let error = Policy { user_canceled: UserCanceled::Error, ..Policy::STRICT };
    let named = ReadEnd::FatalAlert(AlertDescription::USER_CANCELED);
    read_as(arm, error, &records, if arm.is_13() { named } else { CLOSED });
}

/// #31
pub(crate) fn user_canceled_then_fin(arm: Arm) {
    read_as(arm, Policy::STRICT, &[(ALERT, &USER_CANCELED)], ReadEnd::TruncatedAtBoundary);
}

/// #32
pub(crate) fn warning_flood(arm: Arm) {
    // TLS 1.3 survives no other alert.
    let warnings: &[[u8; 2]] = if arm.is_13() { &[[1, 90]] } else { &[[1, 90], [1, 100], [1, 41]] };
    for warning in warnings {
        for limit in [0, 1, 4, 9] {
            for count in [usize::from(limit), usize::from(limit) + 1] {
                let mut records: Vec<(u8, &[u8])> = vec![(ALERT, &warning[..]); count];
                records.push((ALERT, &CLOSE_NOTIFY));
                let reading = if count > limit.into() { MISPLACED } else { CLOSED };
                read_as(arm, Policy { warnings: limit, ..Policy::STRICT }, &records, reading);
            }
        }
    }
    let (mut near, mut peer) = arm.meet(Policy::STRICT);
    for _ in 0..1000 {
        peer.say_alert(1, 90);
    }
    let peer = far(peer, |peer| peer.hear_all());
    assert_eq!(near.read_end(), MISPLACED);
    assert!(matches!(near.close(Close::AtOnce).writing, WriteEnd::FatalAlertSent(_)));
    peer.join().unwrap();
}
