//! What a call returns: no `Ok` over a loss, and no endless wait. no-ok-over-a-loss,
//! flushed-means-left, shut-means-said, every-call-ends.

use close_notify_core::{
    Answer, Call, Event, FramingState, LateData, Machine, Manner, MissingNotify, Output, Policy, Version,
};

use crate::common::*;

fn every() -> impl Iterator<Item = Machine> {
    Version::ALL.iter().map(|&version| open(version))
}

fn all_reads(machine: &Machine) -> Vec<Answer> {
    FramingState::ALL.iter().map(|&framing| machine.answer(Call::Read { framing })).collect()
}

fn lenient(version: Version) -> Machine {
    open_with(version, Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT })
}

// no-ok-over-a-loss
#[test]
fn reading_is_done_at_the_peers_close_notify() {
    for machine in every() {
        assert_eq!(all_reads(&machine), [Answer::Wait; 3]);
        assert_eq!(all_reads(&after(machine, &[data(9), CLOSE_NOTIFY])), [Answer::Done; 3]);
    }
}

// no-ok-over-a-loss; #21
#[test]
fn reading_fails_over_data_that_was_thrown_away() {
    for &version in Version::ALL {
        let machine = open_with(version, Policy { late_data: LateData::Discard, ..Policy::STRICT });
        for end in [CLOSE_NOTIFY, EOF] {
            let machine = after(machine, &[GRACEFUL, data(73), end]);
            assert_eq!(all_reads(&machine), [Answer::Failed; 3], "{version} {end:?}");
        }
    }
}

// no-ok-over-a-loss, rst-is-not-close, notify-whole: under every policy
#[test]
fn reading_fails_at_a_reset_a_torn_record_and_a_dead_transport() {
    let dead = Event::TransportReset { errno: 110 };
    for end in [RESET, EOF_IN_RECORD, dead, Event::DeadlinePassed, FATAL, VIOLATION] {
        for machine in Version::ALL.iter().map(|&version| lenient(version)) {
            assert_eq!(all_reads(&after(machine, &[data(9), end])), [Answer::Failed; 3], "{end:?}");
        }
    }
}

// RFC 9112 §9.8: a message that is complete by its length makes a FIN harmless, but not a reset
#[test]
fn reading_is_done_at_a_fin_if_the_policy_tolerates_it() {
    for &version in Version::ALL {
        let machine = after(open_with(version, Policy::https()), &[data(9), EOF]);
        let read = |framing| machine.answer(Call::Read { framing });
        assert_eq!(read(FramingState::BetweenMessages), Answer::Done);
        assert_eq!(read(FramingState::InsideMessage), Answer::Failed);
        assert_eq!(read(FramingState::DelimitedByEnd), Answer::Failed);
    }
}

// flushed-means-left
#[test]
fn flushing_waits_until_all_has_left() {
    for machine in every() {
        assert_eq!(machine.answer(Call::Flush), Answer::Done);
        let machine = after(machine, &[Event::Write]);
        assert_eq!(machine.answer(Call::Flush), Answer::Wait);
        assert_eq!(after(machine, &[Event::Flushed]).answer(Call::Flush), Answer::Done);
        let again = after(machine, &[Event::Flushed, Event::Write]);
        assert_eq!(again.answer(Call::Flush), Answer::Wait);
    }
}

// flushed-means-left: some of it had not left when writing ended
#[test]
fn flushing_fails_over_bytes_that_never_left() {
    let failed = Event::WriteFailed { errno: EPIPE };
    for end in [FATAL, RESET, failed, Event::DeadlinePassed, Event::Close(Manner::Abort)] {
        for machine in every() {
            let machine = driven(after(machine, &[Event::Write]), &[end]);
            assert_eq!(machine.answer(Call::Flush), Answer::Failed, "{end:?}");
            // That the driver finds nothing left to write does not change this.
            assert_eq!(after(machine, &[Event::Flushed]).answer(Call::Flush), Answer::Failed, "{end:?}");
            assert_eq!(machine.answer(Call::Shutdown), Answer::Failed, "{end:?}");
            assert_eq!(machine.ending().delivery, close_notify_core::Delivery::Lost, "{end:?}");
        }
    }
}

// flushed-means-left: a transport that buffers until its FIN has lost what it held
#[test]
fn flushing_fails_over_a_fin_that_failed() {
    for last_word in
        [Event::Close(Manner::HalfClose), Event::Reject(close_notify_core::AlertDescription::INTERNAL_ERROR)]
    {
        for end in [RESET, Event::WriteFailed { errno: 0 }, Event::DeadlinePassed] {
            for machine in every() {
                let steps = [Event::Write, last_word, Event::OutputSealed, Event::OutputWritten];
                let machine = after(machine, &steps);
                assert_eq!(machine.answer(Call::Flush), Answer::Done, "{last_word:?}");
                assert_eq!(
                    after(machine, &[end]).answer(Call::Flush),
                    Answer::Failed,
                    "{last_word:?}, {end:?}"
                );
            }
        }
    }
}

// flushed-means-left, reply-drops-pending
#[test]
fn flushing_and_shutting_fail_over_what_the_answer_discarded() {
    for version in COUPLED {
        let discarded = [Event::Write, CLOSE_NOTIFY, Event::PendingDiscarded { bytes: 70 }];
        let machine = driven(after(open(version), &discarded), &[Event::Close(Manner::HalfClose)]);
        assert!(matches!(machine.answer(Call::Flush), Answer::Failed));
        assert!(matches!(machine.answer(Call::Shutdown), Answer::Failed));
    }
}

// flushed-means-left: the peer's fatal alert does not take back what has left
#[test]
fn flushing_is_done_if_all_had_left_before_the_end() {
    for machine in every() {
        let machine = driven(after(machine, &[Event::Write, Event::Flushed]), &[FATAL]);
        assert_eq!(machine.answer(Call::Flush), Answer::Done);
        assert_eq!(machine.answer(Call::Shutdown), Answer::Failed); // no close_notify may follow
    }
}

// shut-means-said
#[test]
fn shutting_waits_for_close_notify_and_fin() {
    let shut = [
        (Event::DeadlineStarted, Answer::Wait),
        (Event::OutputSealed, Answer::Wait),
        (Event::OutputBegun, Answer::Wait),
        (Event::OutputWritten, Answer::Wait),
        (Event::WriteShut, Answer::Done),
    ];
    for machine in every() {
        let mut machine = after(machine, &[Event::Write, Event::Close(Manner::HalfClose)]);
        for (step, expected) in shut {
            machine = after(machine, &[step]);
            assert_eq!(machine.answer(Call::Shutdown), expected, "{step:?}");
        }
        // Later events take nothing back: everything had left.
        for later in [RESET, EOF, Event::WriteFailed { errno: EPIPE }, FATAL, CLOSE_NOTIFY] {
            assert_eq!(after(machine, &[later]).answer(Call::Shutdown), Answer::Done, "{later:?}");
        }
    }
}

// shut-means-said: the transport failed between the close_notify and the FIN
#[test]
fn shutting_fails_if_no_fin_could_follow() {
    for end in [RESET, Event::WriteFailed { errno: 0 }, Event::DeadlinePassed] {
        for machine in every() {
            let steps = [Event::Close(Manner::HalfClose), Event::OutputSealed, Event::OutputWritten, end];
            assert_eq!(after(machine, &steps).answer(Call::Shutdown), Answer::Failed, "{end:?}");
        }
    }
}

// every-call-ends: no matter who asked for the last word, a deadline runs until it has left, and no
// longer
#[test]
fn a_last_word_leaves_under_the_deadline() {
    let asks: [&[Event]; 3] =
        [&[Event::Close(Manner::HalfClose)], &[GRACEFUL], &[Event::Write, Event::EngineNotified]];
    for (machine, asks) in every().flat_map(|machine| asks.map(|asks| (machine, asks))) {
        let mut machine = after(machine, asks);
        while machine.output() != Output::StartDeadline {
            assert!(step(&mut machine));
        }
        machine = after(machine, &[Event::DeadlineStarted]);
        assert!(machine.deadline_runs());
        let gave_up = driven(machine, &[Event::DeadlinePassed]);
        assert_eq!(gave_up.output(), Output::Done, "{asks:?}");
        drive(&mut machine);
        assert_eq!(machine.deadline_runs(), machine.manner().is_closing(), "{asks:?}");
        // The next wait gets a full deadline.
        let closing = after(machine, &[GRACEFUL]);
        assert_eq!(closing.output() == Output::StartDeadline, !machine.manner().is_closing());
    }
}

// reply-at-once, every-call-ends: the answer that nobody asked for has a deadline too
#[test]
fn an_answer_by_itself_leaves_under_the_deadline() {
    for version in COUPLED {
        let machine = driven(open(version), &[]);
        let mut machine = after(machine, &[CLOSE_NOTIFY, Event::PendingDiscarded { bytes: 0 }]);
        assert_eq!(machine.output(), Output::StartDeadline);
        drive(&mut machine);
        assert!(!machine.deadline_runs());
    }
}

// every-close-ends
#[test]
fn closing_is_done_when_the_transport_is_let_go() {
    for &manner in &[Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::Abort, Manner::Reject] {
        for machine in every() {
            let mut machine = after(machine, &[Event::Close(manner)]);
            assert_eq!(machine.answer(Call::Close), Answer::Wait);
            drive(&mut machine);
            let waits = machine.output().waits_for_peer();
            assert_eq!(machine.answer(Call::Close), if waits { Answer::Wait } else { Answer::Done });
            let end = if manner == Manner::Graceful { CLOSE_NOTIFY } else { EOF };
            let machine = if waits { driven(machine, &[end]) } else { machine };
            assert_eq!(machine.answer(Call::Close), Answer::Done, "{manner}");
        }
    }
}

// wait-before-handback
#[test]
fn a_hand_back_is_done_after_both_close_notify_and_fails_at_any_other_end() {
    for machine in every() {
        let machine = driven(machine, &[Event::Close(Manner::HandBack)]);
        assert_eq!(machine.answer(Call::HandBack), Answer::Wait);
        assert_eq!(after(machine, &[CLOSE_NOTIFY]).answer(Call::HandBack), Answer::Done);
        for end in [EOF, RESET, FATAL, Event::DeadlinePassed] {
            let ended = driven(machine, &[end]);
            assert_eq!(ended.answer(Call::HandBack), Answer::Failed, "{end:?}");
        }
        let refused = driven(machine, &[VIOLATION]);
        assert_eq!(refused.answer(Call::HandBack), Answer::Wait);
        assert_eq!(driven(refused, &[EOF]).answer(Call::HandBack), Answer::Failed);
    }
}

// wait-before-handback: a fault of the peer may come between two calls of the same hand-back
#[test]
fn a_hand_back_that_is_asked_for_after_a_fault_changes_nothing() {
    for machine in every() {
        for fault in [VIOLATION, FATAL] {
            for before in [&[][..], &[Event::Close(Manner::HandBack)]] {
                let machine = after(after(machine, before), &[fault]);
                assert_eq!(after(machine, &[Event::Close(Manner::HandBack)]), machine, "{fault:?}");
            }
        }
    }
}

#[test]
fn writing_may_be_done_while_the_half_is_open() {
    for &version in Version::ALL {
        assert_eq!(new(version).answer(Call::Write), Answer::Wait);
        assert_eq!(after(new(version), &[RESET]).answer(Call::Write), Answer::Failed);
        assert_eq!(open(version).answer(Call::Write), Answer::Done);
        assert_eq!(after(open(version), &[GRACEFUL]).answer(Call::Write), Answer::Failed);
    }
}

#[test]
fn the_peer_is_known_to_have_closed_once_reading_has_ended() {
    for machine in every() {
        assert_eq!(machine.answer(Call::PeerClosed), Answer::Wait);
        for end in [CLOSE_NOTIFY, EOF, RESET] {
            assert_eq!(after(machine, &[end]).answer(Call::PeerClosed), Answer::Done);
        }
    }
}

#[test]
fn a_handshake_is_confirmed_by_what_came_and_refused_by_any_end_but_close_notify() {
    let (known, unknown) = (Call::Confirm { is_known: true }, Call::Confirm { is_known: false });
    for machine in every() {
        assert_eq!((machine.answer(known), machine.answer(unknown)), (Answer::Done, Answer::Wait));
        assert_eq!(after(machine, &[FATAL]).answer(unknown), Answer::Failed);
        assert_eq!(after(machine, &[CLOSE_NOTIFY]).answer(unknown), Answer::Done);
    }
}
