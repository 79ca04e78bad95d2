//! The machine of a lingering transport behaves as the whole machine would, event by event, and has
//! the same end. RFC 9112 §9.6 · linger-is-bounded, alert-survives-close, data-survives-close;
//! #44, #45, #48.

use std::collections::HashSet;

use close_notify_core::drain::{End, Event as Drain};
use close_notify_core::{
    AlertDescription, Delivery, Draining, Ending, Event, Machine, Manner, Output, Policy, ReadEnd,
    ResumptionRule, TransportEnd, Version, WriteEnd, transport,
};

use crate::common::*;

/// Each event of a lingering transport, and the event of the whole machine that corresponds to it.
const EVENTS: [(Drain, Event); 9] = [
    (Drain::Drained { bytes: 1 }, Event::Drained { bytes: 1 }),
    (Drain::Drained { bytes: 60 }, Event::Drained { bytes: 60 }),
    (Drain::Drained { bytes: u32::MAX }, Event::Drained { bytes: u32::MAX }),
    (Drain::PeerFin, EOF),
    (Drain::PeerReset, RESET),
    (Drain::DeadlinePassed, Event::DeadlinePassed),
    (Drain::GaveWay, Event::DeadlinePassed),
    (Drain::TransportClosed, Event::TransportClosed),
    (Drain::TransportResetByUs, Event::TransportResetByUs),
];

const BUDGETS: [u32; 5] = [0, 1, 100, u32::MAX - 1, u32::MAX];

/// Every way to the drain: what has happened before, and the request that leads there.
fn on_the_way() -> Vec<Vec<Event>> {
    let before: [&[Event]; 7] = [
        &[],
        &[Event::Write],
        &[CLOSE_NOTIFY],
        &[Event::WriteFailed { errno: EPIPE }],
        &[Event::WriteFailed { errno: ECONNRESET }],
        &[USER_CANCELED],
        &[Event::EngineNotified],
    ];
    let wishes: [&[Event]; 5] = [
        &[Event::Close(Manner::Linger)],
        &[Event::Close(Manner::Reject)],
        &[Event::Reject(AlertDescription::ACCESS_DENIED)],
        &[VIOLATION],
        &[Event::Close(Manner::Linger), data(40)],
    ];
    before.iter().flat_map(|before| wishes.iter().map(move |wish| [*before, *wish].concat())).collect()
}

/// Every machine that drains, in every version, with every budget and both rules of resumption.
fn draining_machines() -> Vec<Machine> {
    let mut machines = Vec::new();
    for &version in Version::ALL {
        for drain_budget in BUDGETS {
            for &resumption in ResumptionRule::ALL {
                let policy = Policy { drain_budget, resumption, ..Policy::STRICT };
                for events in on_the_way() {
                    let mut machine = open_with(version, policy);
                    for event in events {
                        let _ = machine.handle(event);
                        drive(&mut machine);
                    }
                    machines.extend((machine.output() == Output::Drain).then_some(machine));
                }
            }
        }
    }
    machines
}

/// The end of the whole machine: how its transport left `Open`, and because of which event.
fn end_of(whole: &Machine, event: Drain) -> Option<End> {
    match (whole.transport_state(), event) {
        (transport::State::PeerEof, _) => Some(End::PeerFin),
        (transport::State::PeerReset, _) => Some(End::PeerReset),
        (transport::State::GivenUp, Drain::DeadlinePassed) => Some(End::TimedOut),
        (transport::State::GivenUp, Drain::GaveWay) => Some(End::GaveWay),
        (transport::State::GivenUp, _) => Some(End::OverBudget),
        _ => None,
    }
}

/// The same end in the ending of the whole machine, in which no transport gives way.
fn in_the_ending(end: End) -> TransportEnd {
    match end {
        End::PeerFin => TransportEnd::PeerFin,
        End::PeerReset => TransportEnd::PeerReset,
        End::TimedOut | End::GaveWay => TransportEnd::TimedOut,
        End::OverBudget => TransportEnd::OverBudget,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Both {
    whole: Machine,
    small: Draining,
    end: Option<End>,
}

impl Both {
    fn after(mut self, (small, whole): (Drain, Event)) -> Option<Self> {
        // A reset that nobody asked for would destroy what TLS has sent, and TLS is gone.
        if small == Drain::TransportResetByUs && self.whole.output() != Output::ResetTransport {
            self.small.handle(small).expect_err("an unasked reset");
            return None;
        }
        let was_open = self.whole.transport_state() == transport::State::Open;
        let legal = self.whole.handle(whole);
        assert_eq!(self.small.handle(small).is_ok(), legal.is_ok(), "{small:?}: {legal:?}");
        if was_open {
            self.end = end_of(&self.whole, small);
        }
        assert_eq!(self.small.output(), self.whole.output(), "{small:?}");
        assert_eq!(self.small.end(), self.end, "{small:?}");
        let transport_end = self.whole.ending().transport;
        assert!(self.end.is_none_or(|end| transport_end == in_the_ending(end)), "{small:?}: {transport_end}");
        legal.is_ok().then_some(self)
    }
}

#[test]
fn every_sequence_of_events_ends_as_in_the_whole_machine() {
    let mut ends = HashSet::new();
    let mut outputs = HashSet::new();
    for whole in draining_machines() {
        let Some(small) = whole.lingering() else { continue };
        let mut edge: HashSet<Both> = [Both { whole, small, end: None }].into();
        for _ in 0..6 {
            edge =
                edge.iter().flat_map(|both| EVENTS.iter().filter_map(|&event| both.after(event))).collect();
            ends.extend(edge.iter().filter_map(|both| both.end));
            outputs.extend(edge.iter().map(|both| both.small.output()));
        }
    }
    assert_eq!(ends.len(), End::ALL.len(), "{ends:?}");
    assert_eq!(outputs.len(), 4, "{outputs:?}");
}

#[test]
fn a_refused_event_changes_nothing() {
    let mut small = driven(open(Version::Tls13), &[Event::Close(Manner::Linger)]).lingering().unwrap();
    small.handle(Drain::PeerFin).unwrap();
    small.handle(Drain::TransportClosed).unwrap();
    let before = small;
    for (event, _) in &EVENTS[3..] {
        small.handle(*event).unwrap_err();
        assert_eq!(small, before);
    }
    assert_eq!((small.output(), small.end()), (Output::Done, Some(End::PeerFin)));
}

// premature-forbids-reuse-https: if a reset would still forbid the session, TLS is not done
#[test]
fn what_drains_lingers_without_tls_unless_a_reset_would_forbid_the_session() {
    let machines = draining_machines();
    for machine in &machines {
        let ending = machine.ending();
        let waits_for_reset = machine.policy().resumption == ResumptionRule::Rfc2818
            && ending.reading == ReadEnd::NotAwaited
            && ending.resumption.allowed;
        assert_eq!(machine.lingering().is_none(), waits_for_reset, "{machine:?}");
    }
    assert!(machines.iter().any(|machine| machine.lingering().is_none()));
}

#[test]
fn nothing_lingers_while_tls_matters() {
    for &version in Version::ALL {
        for manner in [Manner::Graceful, Manner::HandBack, Manner::AtOnce, Manner::Abort] {
            assert!(driven(open(version), &[Event::Close(manner)]).lingering().is_none(), "{manner}");
        }
        let mut machine = after(open(version), &[Event::Close(Manner::Linger)]);
        while machine.output() != Output::Drain {
            assert!(machine.lingering().is_none(), "{:?}", machine.output());
            step(&mut machine);
        }
        assert!(machine.lingering().is_some());
        assert!(driven(machine, &[EOF]).lingering().is_none());
    }
}

// cut-is-visible: the machine that handed over keeps what it knew, and is done
#[test]
fn the_evidence_ends_at_the_hand_over() {
    for machine in draining_machines() {
        if machine.lingering().is_none() {
            continue;
        }
        let handed_over = after(machine, &[Event::TransportHandedOver]);
        let known = Ending { transport: TransportEnd::HandedOver, ..machine.ending() };
        assert_eq!((handed_over.output(), handed_over.ending()), (Output::Done, known));
        for event in [EOF, RESET, Event::DeadlinePassed, Event::Drained { bytes: u32::MAX }] {
            let (known, later) = (machine.ending(), driven(machine, &[event]).ending());
            assert_eq!((known.reading, known.writing), (later.reading, later.writing));
            assert_eq!((known.first_closer, known.late), (later.first_closer, later.late));
            assert_eq!(known.discarded, later.discarded);
            assert_eq!(known.resumption.allowed, later.resumption.allowed);
            let lost = event == RESET && later.delivery == Delivery::Lost;
            assert!(known.delivery == later.delivery || lost);
        }
    }
}

// notify-before-fin: if no last word left, no FIN of ours may leave either
#[test]
fn a_transport_without_a_last_word_is_reset() {
    let failed = [Event::WriteFailed { errno: EPIPE }, Event::Close(Manner::Linger)];
    let machine = driven(open(Version::Tls13), &failed);
    assert!(matches!(machine.ending().writing, WriteEnd::NotSent(_)));
    let mut small = machine.lingering().unwrap();
    small.handle(Drain::PeerFin).unwrap();
    assert_eq!(small.output(), Output::ResetTransport);
}

#[test]
fn what_was_read_before_the_hand_over_counts() {
    let policy = Policy { drain_budget: 100, ..Policy::STRICT };
    let lingering = driven(open_with(Version::Tls13, policy), &[Event::Close(Manner::Linger)]);
    let mut small = after(lingering, &[Event::Drained { bytes: 60 }]).lingering().unwrap();
    assert_eq!(small.left(), Some(40));
    small.handle(Drain::Drained { bytes: 40 }).unwrap();
    assert_eq!((small.output(), small.left()), (Output::Drain, Some(0)));
    small.handle(Drain::Drained { bytes: 1 }).unwrap();
    assert_eq!((small.output(), small.end()), (Output::CloseTransport, Some(End::OverBudget)));
}

#[test]
fn eight_bytes_are_enough() {
    assert!(size_of::<Draining>() <= 8, "{} bytes", size_of::<Draining>());
}

/// A machine that closed in this manner, and whose last word is sealed and waits for room.
fn with_a_last_word_that_waits(manner: Manner) -> Machine {
    let mut machine = open(Version::Tls13);
    for event in [Event::Close(manner), Event::DeadlineStarted, Event::OutputSealed] {
        machine.handle(event).expect("each follows the one before");
    }
    machine
}

// no-mutual-wait: two ends that both linger, with full buffers before their last words
#[test]
fn while_the_last_word_waits_for_room_what_nobody_hears_may_be_drained() {
    for manner in [Manner::Linger, Manner::AtOnce] {
        let mut machine = with_a_last_word_that_waits(manner);
        assert!(machine.output().is_a_last_word() && machine.may_drain(), "{manner}");
        machine.handle(Event::Drained { bytes: 100 }).unwrap();
        assert_eq!(machine.ending().drained, 100);
        machine.handle(EOF).unwrap();
        assert!(!machine.may_drain(), "{manner}: there is no more");
    }
}

#[test]
fn while_the_last_word_waits_for_room_what_the_application_may_still_hear_is_not_drained() {
    assert!(!with_a_last_word_that_waits(Manner::Graceful).may_drain(), "the peer is still heard");
    let mut machine = with_a_last_word_that_waits(Manner::HandBack);
    machine.handle(CLOSE_NOTIFY).unwrap();
    assert!(!machine.may_drain(), "handback-exact: what follows is the application's");
}
