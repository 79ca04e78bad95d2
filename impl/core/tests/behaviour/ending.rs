//! What an ending says, and what an application may trust.

use close_notify_core::{
    Close, Delivery, Ending, Event, FirstCloser, FramingState, LateData, Machine, Manner, MissingNotify,
    PeerCloses, Policy, ReadEnd, TransportEnd, Version, WriteEnd,
};

use crate::common::*;

/// The events of every way in which reading ends after a handshake of TLS 1.3.
fn read_ends() -> Vec<(ReadEnd, Vec<Event>)> {
    let closed = [GRACEFUL, Event::DeadlineStarted, Event::OutputSealed, Event::OutputWritten];
    let over_budget = [&closed[..], &[Event::Drained { bytes: u32::MAX }]].concat();
    let ends: [&[Event]; 10] = [
        &[],
        &[CLOSE_NOTIFY],
        &[EOF],
        &[EOF_IN_RECORD],
        &[RESET],
        &[FATAL],
        &[VIOLATION],
        &[Event::Close(Manner::AtOnce)],
        &[Event::DeadlinePassed],
        &over_budget,
    ];
    let reading = |events| after(open(Version::Tls13), events).ending().reading;
    ends.into_iter().map(|events| (reading(events), events.to_vec())).collect()
}

/// Every way in which reading ends, on a connection of TLS 1.3.
fn every_read_end() -> Vec<(ReadEnd, Ending)> {
    let open = read_ends().into_iter().map(|(_, events)| after(open(Version::Tls13), &events).ending());
    let early = after(new(Version::Tls13), &[CLOSE_NOTIFY]).ending();
    open.chain([early]).map(|ending| (ending.reading, ending)).collect()
}

// RFC 9112 §8, §9.8 · http-complete-by-length, http-incomplete-is-error,
// http-close-delimited-needs-notify, http-headers-cut; #39, #40, #41
#[test]
fn truncation_is_possible_if_framing_and_end_say_so() {
    let ends = every_read_end();
    assert_eq!(ends.len(), 11);
    for (reading, ending) in ends {
        assert!(!ending.truncation_possible(FramingState::BetweenMessages), "{reading}");
        assert!(ending.truncation_possible(FramingState::InsideMessage), "{reading}");
        let expected = reading != ReadEnd::CloseNotify;
        assert_eq!(ending.truncation_possible(FramingState::DelimitedByEnd), expected, "{reading}");
    }
}

// RFC 9846 §6.1 · cut-is-visible: a close_notify after discarded data does not make the data
// complete
#[test]
fn dropped_late_data_makes_truncation_possible() {
    for &missing_notify in MissingNotify::ALL {
        let policy = Policy { late_data: LateData::Discard, missing_notify, ..Policy::STRICT };
        for end in [CLOSE_NOTIFY, EOF] {
            let waiting = driven(open_with(Version::Tls13, policy), &[GRACEFUL]);
            let machine = after(waiting, &[data(1), end]);
            assert!(machine.ending().truncation_possible(FramingState::DelimitedByEnd));
            assert!(!machine.accepts_end(FramingState::DelimitedByEnd), "{missing_notify} {end:?}");
        }
    }
}

fn accepts(missing_notify: MissingNotify, events: &[Event], framing: FramingState) -> bool {
    let policy = Policy { missing_notify, ..Policy::STRICT };
    after(open_with(Version::Tls12, policy), events).accepts_end(framing)
}

// RFC 9846 §6.1, RFC 9112 §9.8: each choice of `MissingNotify`, each framing, each kind of end;
// #39, #40, #42
#[test]
fn an_end_is_accepted_as_the_policy_says() {
    use FramingState::{BetweenMessages, DelimitedByEnd, InsideMessage};
    use MissingNotify::{Accept, Refuse};
    // events, [between, delimited] under Refuse, BetweenMessages, Accept
    type Row<'a> = (&'a [Event], [bool; 2], [bool; 2], [bool; 2]);
    let rows: [Row<'_>; 6] = [
        (&[CLOSE_NOTIFY], [true, true], [true, true], [true, true]),
        (&[EOF], [false, false], [true, false], [true, true]),
        (&[EOF_IN_RECORD], [false, false], [true, false], [true, false]),
        (&[RESET], [false, false], [true, false], [true, false]),
        (&[FATAL], [false, false], [true, false], [true, false]),
        (&[Event::Close(Manner::AtOnce)], [false, false], [true, false], [true, false]),
    ];
    for (events, refuse, between, accept) in rows {
        let policies = [(Refuse, refuse), (MissingNotify::BetweenMessages, between), (Accept, accept)];
        for (policy, expected) in policies {
            assert_eq!(accepts(policy, events, BetweenMessages), expected[0], "{policy} {events:?}");
            assert_eq!(accepts(policy, events, DelimitedByEnd), expected[1], "{policy} {events:?}");
            assert!(!accepts(policy, events, InsideMessage), "{policy} {events:?}");
        }
    }
}

/// Whether a TLS 1.3 machine with this choice reads the end after these events: between messages,
/// in a message that only the end delimits, and inside a message.
fn reads_as_end(missing_notify: MissingNotify, events: &[Event]) -> [bool; 3] {
    use FramingState::{BetweenMessages, DelimitedByEnd, InsideMessage};
    let policy = Policy { missing_notify, ..Policy::STRICT };
    let machine = after(open_with(Version::Tls13, policy), events);
    [BetweenMessages, DelimitedByEnd, InsideMessage].map(|framing| machine.reads_as_end(framing))
}

// RFC 9846 §6.1, §6.2 · fatal-is-an-error, rst-is-not-close: each end, each choice, each framing
#[test]
fn only_a_close_notify_or_a_tolerated_cut_reads_as_the_end() {
    for &choice in MissingNotify::ALL {
        for (reading, events) in read_ends() {
            let expected = match (reading, choice) {
                (ReadEnd::CloseNotify, _) => [true, true, true],
                (ReadEnd::TruncatedAtBoundary, MissingNotify::BetweenMessages) => [true, false, false],
                (ReadEnd::TruncatedAtBoundary, MissingNotify::Accept) => [true, true, false],
                _ => [false, false, false],
            };
            assert_eq!(reads_as_end(choice, &events), expected, "{choice} {reading}");
        }
    }
    let early = after(new(Version::Tls13), &[CLOSE_NOTIFY]);
    assert_eq!(early.ending().reading, ReadEnd::CloseNotifyInHandshake);
    assert!(!early.reads_as_end(FramingState::BetweenMessages));
}

// RFC 9846 §6.1 · cut-is-visible: what was dropped before the truncation was part of what the peer
// sent
#[test]
fn a_cut_after_dropped_data_does_not_read_as_the_end() {
    let policy =
        Policy { late_data: LateData::Discard, missing_notify: MissingNotify::Accept, ..Policy::STRICT };
    let waiting = driven(open_with(Version::Tls13, policy), &[GRACEFUL]);
    assert!(after(waiting, &[EOF]).reads_as_end(FramingState::BetweenMessages));
    assert!(!after(waiting, &[data(1), EOF]).reads_as_end(FramingState::BetweenMessages));
}

// RFC 9846 §6.1 · cut-is-visible
#[test]
fn clean_is_both_close_notifies_and_nothing_dropped() {
    let clean = driven(open(Version::Tls13), &[GRACEFUL, CLOSE_NOTIFY]).ending();
    assert!(clean.is_clean());
    assert!(!Ending { reading: ReadEnd::TruncatedAtBoundary, ..clean }.is_clean());
    assert!(!Ending { writing: WriteEnd::PartlyWritten, ..clean }.is_clean());
    assert!(!Ending { discarded: 1, ..clean }.is_clean());
    assert!(!Ending { late: 1, ..clean }.is_clean());
    assert!(!open(Version::Tls13).ending().is_clean());
}

#[test]
fn before_anything_ends_nothing_has_ended() {
    for &version in Version::ALL {
        for machine in [new(version), open(version)] {
            let ending = machine.ending();
            assert_eq!((ending.reading, ending.writing), (ReadEnd::Open, WriteEnd::Open));
            assert_eq!((ending.first_closer, ending.delivery), (FirstCloser::Nobody, Delivery::Unconfirmed));
            assert_eq!((ending.discarded, ending.late, ending.drained), (0, 0, 0));
            assert_eq!(ending.errno, None);
            assert!(!ending.user_canceled && ending.resumption.allowed);
            assert_eq!((ending.transport, ending.in_handshake), (TransportEnd::Open, false));
        }
    }
}

fn delivery(peer_closes: PeerCloses, events: &[Event]) -> Delivery {
    let policy = Policy { peer_closes, ..Policy::STRICT };
    after(open_with(Version::Tls13, policy), events).ending().delivery
}

const SENT: [Event; 5] =
    [Event::Write, GRACEFUL, Event::DeadlineStarted, Event::OutputSealed, Event::OutputWritten];

// RFC 9846 §6.1 · crossed-confirms-nothing
#[test]
fn delivery_is_confirmed_by_an_answer_alone() {
    use PeerCloses::{AnyTime, OnlyAfterUs};
    let crossed = [Event::Write, GRACEFUL, CLOSE_NOTIFY, Event::OutputSealed, Event::OutputWritten];
    let peer_first = [Event::Write, CLOSE_NOTIFY, GRACEFUL, Event::OutputSealed, Event::OutputWritten];
    assert_eq!(delivery(OnlyAfterUs, &[&SENT[..], &[CLOSE_NOTIFY]].concat()), Delivery::Confirmed);
    assert_eq!(delivery(AnyTime, &[&SENT[..], &[CLOSE_NOTIFY]].concat()), Delivery::Unconfirmed);
    for policy in [AnyTime, OnlyAfterUs] {
        for events in [&crossed[..], &peer_first, &SENT, &[Event::Write, EOF]] {
            assert_eq!(delivery(policy, events), Delivery::Unconfirmed, "{events:?}");
        }
    }
}

// A proof stays valid: later failures take nothing back, not even our own reset.
#[test]
fn a_confirmed_delivery_stays_confirmed() {
    for later in
        [RESET, Event::Close(Manner::Abort), Event::TransportClosed, Event::WriteFailed { errno: 32 }]
    {
        let events = [&SENT[..], &[CLOSE_NOTIFY, later]].concat();
        assert_eq!(delivery(PeerCloses::OnlyAfterUs, &events), Delivery::Confirmed, "{later:?}");
    }
}

#[test]
fn delivery_is_lost_if_something_broke_while_our_data_was_in_flight() {
    let breaks = [
        RESET,
        Event::WriteFailed { errno: 32 },
        Event::WriteFailed { errno: 0 },
        Event::DeadlinePassed,
        Event::Close(Manner::Abort),
    ];
    for broken in breaks {
        assert_eq!(delivery(PeerCloses::AnyTime, &[Event::Write, broken]), Delivery::Lost, "{broken:?}");
        assert_eq!(delivery(PeerCloses::AnyTime, &[broken]), Delivery::Unconfirmed, "{broken:?}");
    }
}

#[test]
fn delivery_after_our_close_notify_is_lost_with_a_reset_and_stays_lost_at_the_release() {
    for errno in [0, 110, ECONNRESET] {
        let reset = [&SENT[..], &[Event::TransportReset { errno }]].concat();
        assert_eq!(delivery(PeerCloses::AnyTime, &reset), Delivery::Lost, "{errno}");
    }
    let reset = [&SENT[..], &[RESET]].concat();
    assert_eq!(
        delivery(PeerCloses::AnyTime, &[&reset[..], &[Event::TransportClosed]].concat()),
        Delivery::Lost
    );
    let timed_out = [&SENT[..], &[Event::DeadlinePassed]].concat();
    assert_eq!(delivery(PeerCloses::AnyTime, &timed_out), Delivery::Unconfirmed);
}

// reply-drops-pending, cut-is-visible
#[test]
fn delivery_is_lost_if_something_was_discarded() {
    for bytes in [0, 1] {
        let machine = after(open(Version::Tls12), &[CLOSE_NOTIFY, Event::PendingDiscarded { bytes }]);
        let expected = if bytes == 0 { Delivery::Unconfirmed } else { Delivery::Lost };
        assert_eq!(machine.ending().delivery, expected);
    }
}

#[test]
fn the_discarded_add_up_and_saturate() {
    let events = [CLOSE_NOTIFY, Event::PendingDiscarded { bytes: 5 }, VIOLATION];
    let machine: Machine = after(open(Version::Tls12), &events);
    assert_eq!(machine.ending().discarded, 5);
    let failed = [RESET, Event::PendingDiscarded { bytes: u32::MAX }, Event::PendingDiscarded { bytes: 7 }];
    assert_eq!(after(open(Version::Tls12), &failed).ending().discarded, u32::MAX);
}

#[test]
fn who_closed_first_is_kept() {
    for &version in Version::ALL {
        let ours =
            [GRACEFUL, Event::Close(Manner::AtOnce), Event::Reject(close_notify_core::AlertDescription(40))];
        for event in ours {
            let machine = after(open(version), &[event, EOF]);
            assert_eq!(machine.ending().first_closer, FirstCloser::Us, "{event:?}");
        }
        for event in [CLOSE_NOTIFY, EOF, EOF_IN_RECORD, RESET, FATAL] {
            let machine = after(open(version), &[event, GRACEFUL]);
            assert_eq!(machine.ending().first_closer, FirstCloser::Peer, "{event:?}");
        }
        for event in [Event::WriteFailed { errno: 32 }, Event::DeadlinePassed, USER_CANCELED, data(1)] {
            assert_eq!(
                after(open(version), &[event]).ending().first_closer,
                FirstCloser::Nobody,
                "{event:?}"
            );
        }
        assert_eq!(after(new(version), &[CLOSE_NOTIFY]).ending().first_closer, FirstCloser::Peer);
    }
    assert_eq!(after(open(Version::Tls13), &[Event::CloseWrite, EOF]).ending().first_closer, FirstCloser::Us);
}

// RFC 9112 §9.6 · alert-survives-close, data-survives-close, linger-is-bounded
#[test]
fn the_ending_says_how_the_transport_ended_and_keeps_the_first_end() {
    const OVER: Event = Event::Drained { bytes: u32::MAX };
    let rows = [
        (EOF, TransportEnd::PeerFin),
        (EOF_IN_RECORD, TransportEnd::PeerFin),
        (RESET, TransportEnd::PeerReset),
        (Event::DeadlinePassed, TransportEnd::TimedOut),
        (OVER, TransportEnd::OverBudget),
        (Event::TransportHandedOver, TransportEnd::HandedOver),
        (Event::TransportClosed, TransportEnd::CutShort),
        (Event::TransportResetByUs, TransportEnd::CutShort),
    ];
    for &version in Version::ALL {
        for wish in [Event::Close(Manner::Linger), Event::Close(Manner::Reject), VIOLATION] {
            let lingering = driven(open(version), &[wish]);
            assert_eq!(lingering.ending().transport, TransportEnd::Open, "{wish:?}");
            for (event, end) in rows {
                let mut ended = after(lingering, &[event]);
                assert_eq!(ended.ending().transport, end, "{wish:?} {event:?}");
                for (later, _) in rows {
                    let _ = ended.handle(later);
                    assert_eq!(ended.ending().transport, end, "{wish:?} {event:?} {later:?}");
                }
            }
        }
    }
}

#[test]
fn a_transport_that_this_side_releases_was_cut_short_only_while_it_lingered() {
    let rows: [(&[Event], TransportEnd); 7] = [
        (&[Event::TransportClosed], TransportEnd::NotAwaited),
        (&[Event::Close(Manner::AtOnce)], TransportEnd::NotAwaited),
        (&[Event::Close(Manner::Abort)], TransportEnd::NotAwaited),
        (&[GRACEFUL, CLOSE_NOTIFY], TransportEnd::NotAwaited),
        (&[Event::Close(Manner::Linger), Event::Close(Manner::AtOnce)], TransportEnd::NotAwaited),
        (
            &[Event::WriteFailed { errno: 32 }, Event::Close(Manner::Linger), Event::TransportClosed],
            TransportEnd::NotAwaited,
        ),
        (&[Event::Close(Manner::HandBack), CLOSE_NOTIFY], TransportEnd::Open),
    ];
    for (events, end) in rows {
        assert_eq!(driven(open(Version::Tls13), events).ending().transport, end, "{events:?}");
    }
    let unsaid = after(open(Version::Tls13), &[Event::Close(Manner::Linger), Event::TransportClosed]);
    assert_eq!(
        unsaid.ending().transport,
        TransportEnd::NotAwaited,
        "nothing was said that could be destroyed"
    );
}

#[test]
fn a_failed_handshake_says_that_it_was_one() {
    let ends = [
        CLOSE_NOTIFY,
        EOF,
        EOF_IN_RECORD,
        RESET,
        FATAL,
        VIOLATION,
        Event::DeadlinePassed,
        Event::TransportClosed,
    ];
    for &version in Version::ALL {
        for end in ends {
            for before in [&[][..], &[Event::PeerKeysInUse]] {
                assert!(
                    after(after(new(version), before), &[end]).ending().in_handshake,
                    "{before:?} {end:?}"
                );
            }
            assert!(!after(open(version), &[end]).ending().in_handshake, "{end:?}");
            let early = [Event::PeerKeysInUse, Event::EarlyDataAccepted, end];
            assert!(!after(new(version), &early).ending().in_handshake, "{end:?}: data may have come");
        }
    }
}

// no-laundering: nothing was read, and that is not all that the peer would have sent
#[test]
fn the_end_of_a_handshake_delimits_no_message() {
    for end in [EOF, RESET, Event::DeadlinePassed] {
        let machine = after(new(Version::Tls13), &[end]);
        assert!(machine.ending().truncation_possible(FramingState::DelimitedByEnd), "{end:?}");
        assert!(!machine.accepts_end(FramingState::DelimitedByEnd), "{end:?}");
        assert_eq!(Close::for_downstream(&machine.ending()), Close::Abort, "{end:?}");
    }
}
