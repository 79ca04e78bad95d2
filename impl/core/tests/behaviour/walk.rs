//! Every sequence of events up to a depth, from a fresh and from an established machine, in every
//! version: what must hold for each step, in any order of events.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use close_notify_core::{
    AlertDescription, AlertLevel, Close, Ending, Event, FatalNotify, FirstCloser, LateData, Machine, Manner,
    MissingNotify, Output, PeerCloses, Policy, ReadEnd, Reply, ResumptionRule, TransportEnd, UserCanceled,
    Version, WriteEnd, send,
};

use crate::common::*;

fn all_events() -> Vec<Event> {
    let mut all_events = vec![
        Event::PeerKeysInUse,
        Event::EarlyDataAccepted,
        Event::HandshakeDone,
        Event::Write,
        Event::CloseWrite,
        Event::Reject(AlertDescription::ACCESS_DENIED),
        data(60),
        Event::PeerMessage { bytes: 60 },
        CLOSE_NOTIFY,
        Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription::CLOSE_NOTIFY },
        FATAL,
        USER_CANCELED,
        VIOLATION,
        EOF,
        EOF_IN_RECORD,
        RESET,
        Event::WriteFailed { errno: EPIPE },
        Event::WriteFailed { errno: ECONNRESET },
        Event::PendingDiscarded { bytes: 7 },
        Event::EngineNotified,
        Event::OutputSealed,
        Event::OutputUnsealable,
        Event::OutputBegun,
        Event::OutputWritten,
        Event::WriteShut,
        Event::DeadlineStarted,
        Event::DeadlinePassed,
        Event::Drained { bytes: 60 },
        Event::SessionForgotten,
        Event::TransportClosed,
        Event::TransportResetByUs,
        Event::TransportHandedBack,
        Event::TransportHandedOver,
    ];
    all_events.extend(Manner::ALL.iter().map(|&manner| Event::Close(manner)));
    all_events
}

fn policies() -> [Policy; 4] {
    let small = Policy { warnings: 1, drain_budget: 100, ..Policy::STRICT };
    [
        small,
        Policy {
            reply: Reply::Flush,
            late_data: LateData::Discard,
            fatal_notify: FatalNotify::Clean,
            ..small
        },
        Policy {
            reply: Reply::WhenAsked,
            late_data: LateData::Refuse,
            peer_closes: PeerCloses::OnlyAfterUs,
            user_canceled: UserCanceled::Error,
            ..small
        },
        Policy { resumption: ResumptionRule::Rfc2818, missing_notify: MissingNotify::Accept, ..small },
    ]
}

/// Visits every step up to `depth` once, legal or refused, and returns every machine that was
/// reached.
fn walk(version: Version, policy: Policy, depth: usize, mut see: impl FnMut(Step)) -> Vec<Machine> {
    let fresh = Machine::new(version, close_notify_core::Role::Client, policy);
    let mut seen: HashSet<Machine> = [fresh, open_with(version, policy)].into();
    let mut edge: Vec<Machine> = seen.iter().copied().collect();
    for _ in 0..depth {
        let mut next = Vec::new();
        for before in edge {
            for event in all_events() {
                let mut after = before;
                let legal = after.handle(event).is_ok();
                see(Step { before, event, after, legal });
                if seen.insert(after) {
                    next.push(after);
                }
            }
        }
        edge = next;
    }
    seen.into_iter().collect()
}

struct Step {
    before: Machine,
    event: Event,
    after: Machine,
    legal: bool,
}

fn each_step(depth: usize, mut see: impl FnMut(&Step, &Ending, &Ending)) {
    for &version in Version::ALL {
        for policy in policies() {
            walk(version, policy, depth, |step| {
                see(&step, &step.before.ending(), &step.after.ending());
            });
        }
    }
}

fn each_machine(depth: usize, mut see: impl FnMut(Machine)) {
    for &version in Version::ALL {
        for policy in policies() {
            walk(version, policy, depth, |_| {}).into_iter().for_each(&mut see);
        }
    }
}

/// How many events a sequence has; `WALK_DEPTH` sets another number.
fn depth() -> usize {
    std::env::var("WALK_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(4)
}

#[test]
fn a_refused_event_changes_nothing() {
    each_step(depth(), |step, _, _| {
        assert!(step.legal || step.after == step.before, "{:?}", step.event);
    });
}

// The calls of a stream that close take every `Close`, in every state.
#[test]
fn a_close_is_never_refused() {
    each_step(depth(), |step, _, _| {
        let closes = Close::ALL.iter().any(|&close| step.event == Event::Close(close.into()));
        assert!(step.legal || !closes, "{:?} after {:?}", step.event, step.before);
    });
}

fn released(machine: &Machine) -> bool {
    machine.transport_state().is_released()
}

// Evidence only grows: the first of each kind is kept, and no counter decreases.
#[test]
fn evidence_only_grows() {
    each_step(depth(), |step, before, after| {
        let at = &step.event;
        assert!(after.discarded >= before.discarded && after.late >= before.late, "{at:?}");
        assert!(after.drained >= before.drained && after.user_canceled >= before.user_canceled, "{at:?}");
        assert!(before.errno.is_none() || after.errno == before.errno, "{at:?}");
        assert!(before.reading == ReadEnd::Open || after.reading == before.reading, "{at:?}");
        assert!(before.resumption.allowed || !after.resumption.allowed, "{at:?}");
        assert!(before.transport == TransportEnd::Open || after.transport == before.transport, "{at:?}");
        assert!(before.reading == ReadEnd::Open || after.in_handshake == before.in_handshake, "{at:?}");
        let met = before.first_closer == FirstCloser::Us && *at == CLOSE_NOTIFY
            || matches!(at, Event::PeerAlert { .. });
        let kept = after.first_closer == before.first_closer;
        assert!(before.first_closer == FirstCloser::Nobody || kept || met, "{at:?}");
    });
}

// Only our own reset replaces the end of writing.
#[test]
fn the_end_of_writing_is_kept() {
    each_step(depth(), |step, before, after| {
        let open = matches!(before.writing, WriteEnd::Open | WriteEnd::Closing);
        let reset = matches!(after.writing, WriteEnd::Aborted { .. });
        assert!(
            open || after.writing == before.writing || (reset && !released(&step.before)),
            "{:?}",
            step.event
        );
    });
}

// RFC 9846 §6.1, §6.2 · nothing-after-notify, one-notify, fatal-no-notify, abort-sends-no-notify
#[test]
fn no_last_word_follows_another() {
    use send::State as S;
    each_step(depth(), |step, _, _| {
        let notified = matches!(step.before.send_state(), S::NotifyLeaving | S::Notified | S::NotifiedShut);
        let silent = matches!(
            step.before.send_state(),
            S::AlertLeaving
                | S::Alerted
                | S::AlertedShut
                | S::Silenced
                | S::SilencedShut
                | S::Failed
                | S::Aborted
        );
        let output = step.after.output();
        assert!(!(notified && matches!(output, Output::SendAlert { .. })), "{:?}", step.event);
        assert!(!(silent && matches!(output, Output::SendCloseNotify { .. })), "{:?}", step.event);
        let done = matches!(step.before.send_state(), S::Notified | S::NotifiedShut);
        assert!(!(done && matches!(output, Output::SendCloseNotify { .. })), "{:?}", step.event);
        let writes = step.event == Event::Write && step.legal;
        assert!(!writes || step.before.send_state() == S::Open);
        assert_eq!(step.before.may_write(), step.before.send_state() == S::Open);
    });
}

// RFC 9846 §6.1 · ignore-after-notify, cut-is-visible: data is delivered, ignored after the end, or
// counted
#[test]
fn no_data_is_lost_in_silence() {
    each_step(depth(), |step, before, after| {
        if let (Event::PeerData { bytes }, true, false) = (step.event, step.legal, released(&step.before)) {
            let counted = after.late == before.late + bytes;
            let ignored = before.reading == ReadEnd::CloseNotify;
            assert_eq!(counted, !step.before.delivers_data() && !ignored);
        }
        assert!(!step.before.delivers_data() || before.reading == ReadEnd::Open);
    });
}

// RFC 9846 §6.1 · fin-is-not-close, rst-is-not-close, plain-alert-is-no-close, notify-is-final
#[test]
fn only_a_close_notify_makes_a_clean_end_and_nothing_unmakes_it() {
    each_step(depth(), |step, before, after| {
        let notify =
            matches!(step.event, Event::PeerAlert { description: AlertDescription::CLOSE_NOTIFY, .. });
        let read = before.reading != ReadEnd::CloseNotify && after.reading == ReadEnd::CloseNotify;
        assert!(!read || notify, "{:?}", step.event);
        let became = !before.is_clean() && after.is_clean();
        assert!(!became || notify || step.event == Event::OutputWritten, "{:?}", step.event);
        let ceased = before.is_clean() && !after.is_clean();
        let aborts = matches!(step.event, Event::Close(Manner::Abort) | Event::TransportResetByUs);
        let discards = matches!(step.event, Event::PendingDiscarded { .. });
        assert!(!ceased || ((aborts || discards) && !released(&step.before)), "{:?}", step.event);
    });
}

// The ending of `Done` is final: afterwards only answers that were still due count.
#[test]
fn a_released_transport_ends_the_story() {
    each_step(depth(), |step, before, after| {
        let owed = matches!(step.event, Event::PendingDiscarded { .. });
        if released(&step.before) && !owed {
            assert_eq!(before, after, "{:?}", step.event);
            assert_eq!(step.before.send_state(), step.after.send_state());
        }
    });
}

// fatal-forgets-session, fatal-discards-tickets: the driver forgets before it waits, writes or
// closes
#[test]
fn what_must_be_forgotten_is_forgotten_first() {
    each_machine(depth(), |machine| {
        let mut machine = machine;
        if !machine.ending().resumption.allowed && machine.output() == Output::DiscardPending {
            step(&mut machine);
        }
        let asked = machine.output() == Output::ForgetSession;
        let again = after(machine, &[Event::SessionForgotten]);
        assert!(machine.ending().resumption.allowed || asked || again.output() == machine.output());
        assert_ne!(again.output(), Output::ForgetSession);
    });
}

// An output stays until an event answers it, and every answer changes it, except one of two parts.
#[test]
fn an_output_stays_until_it_is_answered_and_not_longer() {
    each_machine(depth(), |machine| {
        let output = machine.output();
        assert_eq!(output, machine.output());
        let mut answered = machine;
        if step(&mut answered) {
            assert_ne!(answered.output(), output);
        }
    });
}

fn steps_to_rest(mut machine: Machine) -> Machine {
    for _ in 0..9 {
        if !step(&mut machine) {
            return machine;
        }
    }
    panic!("no rest: {machine:?}")
}

// RFC 9112 §9.6 · linger-is-bounded, no-mutual-wait: every close ends once the deadline passes
#[test]
fn every_close_is_done_once_the_deadline_passes() {
    each_machine(depth(), |machine| {
        let mut machine = machine;
        if !machine.manner().is_closing() {
            machine = after(machine, &[Event::Close(Manner::Linger)]);
        }
        machine = steps_to_rest(machine);
        if machine.output() != Output::Done {
            assert!(machine.output().waits_for_peer(), "{machine:?}");
            machine = steps_to_rest(after(machine, &[Event::DeadlinePassed]));
        }
        assert_eq!(machine.output(), Output::Done);
    });
}

// The deadline may also pass during a step that the transport does not accept.
#[test]
fn a_step_that_hangs_is_ended_by_the_deadline() {
    each_machine(depth(), |machine| {
        if machine.manner().is_closing() && !released(&machine) {
            let machine = steps_to_rest(after(machine, &[Event::DeadlinePassed]));
            assert_eq!(machine.output(), Output::Done);
        }
    });
}

// RFC 9846 §6.1 · notify-before-fin: a FIN leaves only after a last word, or after the peer's fatal
// alert
#[test]
fn no_fin_leaves_without_a_last_word() {
    use send::State as S;
    each_machine(depth(), |machine| {
        if matches!(machine.output(), Output::ShutWrite | Output::CloseTransport) {
            let said = matches!(
                machine.send_state(),
                S::Notified | S::NotifiedShut | S::Alerted | S::AlertedShut | S::Silenced | S::SilencedShut
            );
            assert!(said, "{machine:?}");
        }
    });
}

// RFC 4511 §4.14.3.1 · wait-before-handback
#[test]
fn a_transport_is_handed_back_only_after_both_close_notifies() {
    each_step(depth(), |step, before, _| {
        if step.event == Event::TransportHandedBack && step.legal {
            assert_eq!((before.reading, before.writing), (ReadEnd::CloseNotify, WriteEnd::CloseNotifySent));
        }
    });
}

// Explorers distinguish states only by their hash: a field that the hash omits would hide states
// from them.
#[test]
fn unequal_machines_hash_apart() {
    for &version in Version::ALL {
        let machines = walk(version, policies()[0], depth(), |_| {});
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let hashes: HashSet<u64> = machines.iter().map(|machine| hasher.hash_one(machine)).collect();
        assert_eq!(hashes.len(), machines.len());
    }
}
