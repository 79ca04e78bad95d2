//! Budgets and counters at their exact edges. RFC 9112 §9.6 · linger-is-bounded; RFC 5246 §7.2.2.

use close_notify_core::{
    AlertDescription, Event, FirstCloser, LateData, Machine, Manner, NotSent, Output, Policy, ReadEnd,
    Version, WriteEnd,
};

use crate::common::*;

fn closing(manner: Manner, drain_budget: u32) -> Machine {
    let policy = Policy { drain_budget, ..Policy::STRICT };
    driven(open_with(Version::Tls13, policy), &[Event::Close(manner)])
}

// linger-is-bounded; #48
#[test]
fn the_last_byte_of_the_budget_is_read_and_the_next_one_ends_the_wait() {
    for event in [|bytes| data(bytes), |bytes| Event::PeerMessage { bytes }, |bytes| Event::Drained { bytes }]
    {
        let machine = after(closing(Manner::Graceful, 100), &[event(60), event(40)]);
        assert_eq!((machine.output(), machine.ending().drained), (Output::AwaitPeer, 100));
        let over = driven(machine, &[event(1)]);
        assert_eq!(over.ending().reading, ReadEnd::OverBudget);
        assert_eq!((over.output(), over.ending().drained), (Output::Done, 101));
    }
}

#[test]
fn a_lingering_close_is_bounded_by_the_same_budget() {
    let machine = after(closing(Manner::Linger, 10), &[Event::Drained { bytes: 10 }]);
    assert_eq!(machine.output(), Output::Drain);
    let machine = driven(machine, &[Event::Drained { bytes: 1 }]);
    assert_eq!((machine.output(), machine.ending().reading), (Output::Done, ReadEnd::NotAwaited));
    assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
}

#[test]
fn a_budget_of_nothing_takes_no_byte() {
    let machine = after(closing(Manner::Linger, 0), &[Event::Drained { bytes: 0 }]);
    assert_eq!(machine.output(), Output::Drain);
    assert_eq!(driven(machine, &[Event::Drained { bytes: 1 }]).output(), Output::Done);
}

#[test]
fn the_counters_saturate_and_the_largest_budget_has_no_end() {
    let machine = after(closing(Manner::Linger, u32::MAX), &[data(u32::MAX), data(u32::MAX)]);
    assert_eq!((machine.ending().drained, machine.ending().late), (u32::MAX, u32::MAX));
    assert_eq!(machine.output(), Output::Drain);
}

#[test]
fn the_budget_that_ends_before_the_last_word_leaves_it_unsent() {
    let policy = Policy { drain_budget: 5, ..Policy::STRICT };
    let machine = after(open_with(Version::Tls12, policy), &[GRACEFUL, data(6)]);
    assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::GaveUp));
    assert_eq!(machine.ending().reading, ReadEnd::OverBudget);
}

// A spent budget is not a protocol error: no rule of fatal alerts applies.
#[test]
fn the_budget_comes_before_the_refusal_of_late_data() {
    let policy = Policy { drain_budget: 5, late_data: LateData::Refuse, ..Policy::STRICT };
    let ending = after(driven(open_with(Version::Tls13, policy), &[GRACEFUL]), &[data(6)]).ending();
    assert_eq!(ending.reading, ReadEnd::OverBudget);
    assert!(ending.resumption.allowed);
}

// What is kept for the application costs memory; what is discarded costs none.
#[test]
fn what_is_kept_has_a_budget_of_its_own() {
    let budgets = Policy { drain_budget: 100, keep_budget: 10, ..Policy::STRICT };
    let closed = |late_data, manner| {
        let policy = Policy { late_data, ..budgets };
        driven(open_with(Version::Tls13, policy), &[Event::Close(manner)])
    };
    for manner in [Manner::Graceful, Manner::HandBack] {
        let kept = after(closed(LateData::Deliver, manner), &[data(10)]);
        assert_eq!(kept.output(), Output::AwaitPeer, "{manner}");
        assert_eq!(after(kept, &[data(1)]).ending().reading, ReadEnd::OverBudget, "{manner}");
        let thrown = after(closed(LateData::Discard, manner), &[data(100)]);
        assert_eq!(thrown.output(), Output::AwaitPeer, "{manner}");
        assert_eq!(after(thrown, &[data(1)]).ending().reading, ReadEnd::OverBudget, "{manner}");
    }
    for manner in [Manner::Linger, Manner::Reject] {
        let drained = after(closed(LateData::Deliver, manner), &[Event::Drained { bytes: 100 }]);
        assert_eq!(drained.output(), Output::Drain, "{manner}");
        assert_eq!(drained.lingering().and_then(|draining| draining.left()), Some(0), "{manner}");
    }
}

#[test]
fn no_more_is_kept_than_may_be_read() {
    for (drain_budget, keep_budget, most) in [(100, 10, 10), (10, 100, 10), (u32::MAX, u32::MAX, u32::MAX)] {
        let policy = Policy { drain_budget, keep_budget, ..Policy::STRICT };
        assert_eq!(policy.most_kept(), most);
    }
}

#[test]
fn no_byte_counts_before_this_side_closes() {
    let policy = Policy { drain_budget: 1, ..Policy::STRICT };
    let events = [data(999), Event::PeerMessage { bytes: 999 }, Event::Drained { bytes: 999 }];
    for &version in Version::ALL {
        let machine = after(open_with(version, policy), &events);
        assert_eq!((machine.ending().drained, machine.output()), (0, Output::Idle));
    }
    let half = driven(open_with(Version::Tls13, policy), &[Event::CloseWrite]);
    assert_eq!(after(half, &events).ending().drained, 0);
}

// RFC 5246 §7.2.2 · warning-may-continue, CVE-2016-8610; #32
#[test]
fn as_many_warnings_as_the_policy_says_are_survived() {
    for version in COUPLED {
        for warnings in [0_u8, 1, 4, 255] {
            let mut machine = open_with(version, Policy { warnings, ..Policy::STRICT });
            for _ in 0..warnings {
                machine = after(machine, &[warning(AlertDescription::NO_RENEGOTIATION)]);
                assert_eq!(machine.ending().reading, ReadEnd::Open);
            }
            assert_eq!(after(machine, &[CLOSE_NOTIFY]).ending().reading, ReadEnd::CloseNotify);
            let flooded = driven(machine, &[warning(AlertDescription::NO_RENEGOTIATION)]);
            let alert = AlertDescription::UNEXPECTED_MESSAGE;
            assert_eq!(flooded.ending().reading, ReadEnd::Refused(alert), "{warnings}");
            assert_eq!(flooded.ending().writing, WriteEnd::FatalAlertSent(alert));
            let refused = after(machine, &[warning(AlertDescription::NO_RENEGOTIATION)]);
            assert_eq!(refused.ending().first_closer, FirstCloser::Us);
        }
    }
}

// RFC 9846 §6.1 · user-canceled-then-notify: not even user_canceled may be repeated forever
#[test]
fn a_flood_of_user_canceled_is_bounded_in_every_version() {
    for &version in Version::ALL {
        let survived = after(open(version), &[USER_CANCELED; 4]);
        assert_eq!(survived.ending().reading, ReadEnd::Open);
        let flooded = after(survived, &[USER_CANCELED]);
        assert_eq!(flooded.ending().reading, ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE));
        assert!(flooded.ending().user_canceled);
    }
}

// nothing-after-notify: the flood is refused, and nothing follows our close_notify
#[test]
fn a_flood_after_our_close_notify_is_refused_without_an_alert() {
    let machine = driven(open(Version::Tls12), &[GRACEFUL]);
    let machine = after(machine, &[warning(AlertDescription::NO_RENEGOTIATION); 5]);
    assert_eq!(machine.ending().reading, ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE));
    assert_eq!(driven(machine, &[EOF]).ending().writing, WriteEnd::CloseNotifySent);
}

#[test]
fn a_deadline_that_runs_is_not_asked_for_again() {
    let machine = after(open(Version::Tls13), &[GRACEFUL]);
    assert_eq!(machine.output(), Output::StartDeadline);
    let machine = after(machine, &[Event::DeadlineStarted]);
    assert_ne!(machine.output(), Output::StartDeadline);
    assert_ne!(after(machine, &[Event::Close(Manner::AtOnce)]).output(), Output::StartDeadline);
}
