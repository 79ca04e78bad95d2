//! Which manner may follow which, cell by cell.

use close_notify_core::{Close, Event, Illegal, Manner, Output, ReadEnd, Version, WriteEnd};

use crate::common::*;

// RFC 9846 §6.1, RFC 9112 §9.6: an end is only hastened; RFC 4511 §4.14.3.1 · wait-before-handback:
// what is shut cannot be handed back. Rows are the current manner, columns the requested one, in
// the order of `Manner::ALL`.
#[test]
fn every_cell_is_as_written() {
    use Manner::{Abort, AtOnce, Graceful, HalfClose, HandBack, Linger, Reject, Unasked};
    let no = None;
    let table: [[Option<Manner>; 8]; 8] = [
        // asked: Unasked, HalfClose, Graceful, Linger, AtOnce, HandBack, Reject, Abort
        [Unasked, HalfClose, Graceful, Linger, AtOnce, HandBack, Reject, Abort].map(Some),
        [
            Some(HalfClose),
            Some(HalfClose),
            Some(Graceful),
            Some(Linger),
            Some(AtOnce),
            no,
            Some(Reject),
            Some(Abort),
        ],
        [
            Some(Graceful),
            Some(Graceful),
            Some(Graceful),
            Some(Linger),
            Some(AtOnce),
            no,
            Some(Reject),
            Some(Abort),
        ],
        [Some(Linger), Some(Linger), Some(Linger), Some(Linger), Some(AtOnce), no, Some(Reject), Some(Abort)],
        [Some(AtOnce), Some(AtOnce), Some(AtOnce), Some(AtOnce), Some(AtOnce), no, Some(AtOnce), Some(Abort)],
        [
            Some(HandBack),
            no,
            Some(Graceful),
            Some(Linger),
            Some(AtOnce),
            Some(HandBack),
            Some(Reject),
            Some(Abort),
        ],
        [Some(Reject), Some(Reject), Some(Reject), Some(Reject), Some(AtOnce), no, Some(Reject), Some(Abort)],
        [Some(Abort), Some(Abort), Some(Abort), Some(Abort), Some(Abort), no, Some(Abort), Some(Abort)],
    ];
    for (&current, row) in Manner::ALL.iter().zip(table) {
        for (&asked, expected) in Manner::ALL.iter().zip(row) {
            let refusal = Illegal::Manner { current, asked };
            assert_eq!(current.then(asked), expected.ok_or(refusal), "{current} then {asked}");
        }
    }
}

#[test]
fn the_predicates_are_as_written() {
    use Manner::{Abort, HalfClose, HandBack, Unasked};
    for &manner in Manner::ALL {
        assert_eq!(manner.is_closing(), ![Unasked, HalfClose].contains(&manner), "{manner}");
        assert_eq!(manner.shuts_write_side(), ![Unasked, HandBack, Abort].contains(&manner), "{manner}");
    }
}

#[test]
fn each_close_is_the_manner_of_its_name() {
    for &close in Close::ALL {
        assert_eq!(close.manner().name(), close.name());
    }
}

// RFC 9846 §6.1, RFC 9112 §8 · no-laundering; #51
#[test]
fn a_relay_passes_on_a_clean_end_alone() {
    for &version in Version::ALL {
        let ends: [(&[Event], Close); 7] = [
            (&[CLOSE_NOTIFY], Close::Graceful),
            (&[EOF], Close::Abort),
            (&[EOF_IN_RECORD], Close::Abort),
            (&[RESET], Close::Abort),
            (&[FATAL], Close::Abort),
            (&[VIOLATION], Close::Abort),
            (&[GRACEFUL, Event::DeadlinePassed], Close::Abort),
        ];
        for (events, expected) in ends {
            let ending = after(open(version), events).ending();
            assert_eq!(Close::for_downstream(&ending), expected, "{events:?}");
        }
    }
}

// A graceful close that the application shortens: the wait ends, and nothing is sent twice.
#[test]
fn hastening_a_graceful_close_ends_the_wait() {
    for &version in Version::ALL {
        let waiting = driven(open(version), &[GRACEFUL]);
        let at_once = driven(waiting, &[Event::Close(Manner::AtOnce)]);
        assert_eq!(at_once.output(), Output::Done);
        assert_eq!(at_once.ending().reading, ReadEnd::NotAwaited);
        assert_eq!(at_once.ending().writing, WriteEnd::CloseNotifySent);
        let lingering = driven(waiting, &[Event::Close(Manner::Linger)]);
        assert_eq!(lingering.output(), Output::Drain);
    }
}

// RFC 9846 §6.1 · write-after-peer-notify: a half-close becomes a full close
#[test]
fn a_half_close_becomes_a_close() {
    let half = driven(open(Version::Tls13), &[Event::CloseWrite]);
    let mut machine = after(half, &[GRACEFUL]);
    assert_eq!(drive(&mut machine), [Output::StartDeadline, Output::AwaitPeer]);
    assert!(driven(machine, &[CLOSE_NOTIFY]).ending().is_clean());
    refused(half, Event::Close(Manner::HandBack));
}

// A rejection does not become a close that skips the drain, but may be cut short on purpose.
#[test]
fn a_rejection_is_cut_short_by_at_once_alone() {
    use close_notify_core::AlertDescription;
    let rejected = driven(open(Version::Tls13), &[Event::Reject(AlertDescription::ACCESS_DENIED)]);
    assert_eq!(driven(rejected, &[GRACEFUL]).output(), Output::Drain);
    assert_eq!(driven(rejected, &[Event::Close(Manner::AtOnce)]).output(), Output::Done);
}
