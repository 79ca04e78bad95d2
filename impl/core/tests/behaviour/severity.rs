//! The log level of an ending: written from what is lost, and for whom.

use close_notify_core::{
    AlertDescription, Ending, Event, FramingState, LateData, Manner, Policy, Severity, Version,
};

use crate::common::*;

fn loud(events: &[Event]) -> [Severity; 3] {
    of(&after(open(Version::Tls13), events).ending())
}

/// The levels between messages, inside a message, and in a message that the end delimits.
fn of(ending: &Ending) -> [Severity; 3] {
    use FramingState::{BetweenMessages, DelimitedByEnd, InsideMessage};
    [BetweenMessages, InsideMessage, DelimitedByEnd].map(|framing| ending.severity(framing))
}

const WRITTEN: [Event; 2] = [Event::OutputSealed, Event::OutputWritten];

#[test]
fn levels_are_ordered() {
    use Severity::{Debug, Error, Info, Warn};
    assert_eq!(Severity::ALL, [Debug, Info, Warn, Error]);
    assert!(Debug < Info && Info < Warn && Warn < Error);
}

#[test]
fn what_has_not_ended_is_quiet() {
    assert_eq!(loud(&[]), [Severity::Debug; 3]);
    assert_eq!(loud(&[GRACEFUL]), [Severity::Debug; 3]);
}

#[test]
fn a_clean_end_is_quiet_unless_a_message_is_cut_by_it() {
    let clean = [&[GRACEFUL][..], &WRITTEN, &[CLOSE_NOTIFY]].concat();
    assert_eq!(loud(&clean), [Severity::Debug, Severity::Warn, Severity::Debug]);
}

// The log floods that users complain about: idle connections that the peer drops.
#[test]
fn a_peer_that_drops_an_idle_connection_is_no_news() {
    assert_eq!(loud(&[EOF]), [Severity::Debug, Severity::Warn, Severity::Warn]);
    assert_eq!(loud(&[Event::Write, EOF])[0], Severity::Debug);
    assert_eq!(loud(&[EOF_IN_RECORD]), [Severity::Info, Severity::Warn, Severity::Warn]);
    assert_eq!(loud(&[RESET]), [Severity::Info, Severity::Warn, Severity::Warn]);
    assert_eq!(loud(&[Event::Write, RESET]), [Severity::Info, Severity::Warn, Severity::Warn]);
}

// cut-is-visible
#[test]
fn a_known_loss_is_a_warning_in_every_framing_state() {
    assert_eq!(loud(&[Event::Write, RESET, Event::PendingDiscarded { bytes: 1 }]), [Severity::Warn; 3]);
    let partly = [GRACEFUL, Event::OutputSealed, Event::OutputBegun, RESET];
    assert_eq!(loud(&partly), [Severity::Warn; 3]);
    let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
    let late = after(driven(open_with(Version::Tls13, policy), &[GRACEFUL]), &[data(1), CLOSE_NOTIFY]);
    assert_eq!(of(&late.ending()), [Severity::Info, Severity::Warn, Severity::Warn]);
}

// What this side chose is not worth a warning.
#[test]
fn an_end_that_this_side_chose_is_no_warning() {
    let at_once = [&[Event::Close(Manner::AtOnce)][..], &WRITTEN].concat();
    assert_eq!(loud(&at_once), [Severity::Debug, Severity::Info, Severity::Info]);
    assert_eq!(loud(&[Event::Close(Manner::Abort)]), [Severity::Info; 3]);
    let thrown = [Event::Write, Event::Close(Manner::Abort), Event::PendingDiscarded { bytes: 9 }];
    assert_eq!(loud(&thrown), [Severity::Info; 3]);
    assert_eq!(loud(&[Event::TransportClosed]), [Severity::Info; 3]);
    let dropped = [Event::Write, Event::TransportClosed, Event::PendingDiscarded { bytes: 9 }];
    assert_eq!(loud(&dropped), [Severity::Warn; 3], "dropped, not aborted: nobody chose to lose it");
}

#[test]
fn a_passed_deadline_is_a_warning_if_a_message_was_open() {
    let waiting = [&[GRACEFUL][..], &WRITTEN, &[Event::DeadlinePassed]].concat();
    assert_eq!(loud(&waiting), [Severity::Info, Severity::Warn, Severity::Warn]);
}

// RFC 9112 §9.6 · data-survives-close: a close over unread bytes of the peer resets the connection
// and may destroy our last word
#[test]
fn a_budget_that_ends_the_wait_is_a_warning_and_a_deadline_is_out_of_the_ordinary() {
    const OVER: Event = Event::Drained { bytes: u32::MAX };
    let linger = [&[CLOSE_NOTIFY, Event::Close(Manner::Linger)][..], &WRITTEN].concat();
    let level_after = |event| loud(&[&linger[..], &[event]].concat())[0];
    assert_eq!(level_after(OVER), Severity::Warn);
    assert_eq!(level_after(Event::DeadlinePassed), Severity::Info);
    assert_eq!(level_after(Event::TransportClosed), Severity::Info, "dropped while it lingered");
    for well in [EOF, Event::TransportHandedOver] {
        assert_eq!(level_after(well), Severity::Debug, "{well:?}");
    }
    assert_eq!(loud(&[&[GRACEFUL][..], &WRITTEN, &[OVER]].concat())[0], Severity::Warn);
    assert_eq!(loud(&[GRACEFUL, OVER])[0], Severity::Info, "nothing was said that could be destroyed");
}

// The end delimits what was read, and it came: the reset after it truncates nothing.
#[test]
fn a_reset_after_a_complete_message_is_no_warning_whatever_delimits_it() {
    let linger = [&[Event::Write, CLOSE_NOTIFY, Event::Close(Manner::Linger)][..], &WRITTEN, &[RESET]];
    assert_eq!(loud(&linger.concat()), [Severity::Debug, Severity::Warn, Severity::Debug]);
    // If our close_notify had not left, what we wrote may be lost with it.
    let answer = [Event::Write, Event::Flushed, CLOSE_NOTIFY, Event::WriteFailed { errno: ECONNRESET }];
    assert_eq!(loud(&answer), [Severity::Info, Severity::Warn, Severity::Info]);
}

// Load balancers connect and leave all day; port scanners send half a hello, or nothing.
#[test]
fn a_peer_that_leaves_in_the_handshake_is_no_news_whatever_the_framing() {
    let before: [&[Event]; 2] = [&[], &[Event::PeerKeysInUse]];
    let ends = [
        (EOF, Severity::Debug),
        (RESET, Severity::Debug),
        (EOF_IN_RECORD, Severity::Info),
        (Event::DeadlinePassed, Severity::Info),
    ];
    for (&version, before) in Version::ALL.iter().flat_map(|version| before.map(|before| (version, before))) {
        for (end, severity) in ends {
            let machine = after(after(new(version), before), &[end]);
            assert_eq!(of(&machine.ending()), [severity; 3], "{version} {before:?} {end:?}");
            let dropped = driven(machine, &[Event::TransportClosed]);
            assert_eq!(of(&dropped.ending()), [severity; 3], "{version} {before:?} {end:?}, dropped");
        }
    }
}

#[test]
fn an_alert_in_the_handshake_is_a_warning_in_either_direction() {
    for &version in Version::ALL {
        for events in [&[FATAL][..], &[VIOLATION], &[VIOLATION, Event::OutputSealed, Event::OutputWritten]] {
            assert_eq!(
                of(&after(new(version), events).ending()),
                [Severity::Warn; 3],
                "{version} {events:?}"
            );
        }
    }
}

// RFC 9846 §4.2.10 · early-data-end: data came before the handshake was done
#[test]
fn a_cut_of_early_data_is_as_loud_as_any() {
    let early = [Event::PeerKeysInUse, Event::EarlyDataAccepted, data(9), EOF];
    let ending = after(new(Version::Tls13), &early).ending();
    assert_eq!(of(&ending), [Severity::Debug, Severity::Warn, Severity::Warn]);
}

// RFC 9846 §6.2 · fatal-is-an-error
#[test]
fn a_fatal_alert_is_a_warning_in_either_direction() {
    for events in [&[FATAL][..], &[VIOLATION], &[Event::Reject(AlertDescription::ACCESS_DENIED)]] {
        assert_eq!(loud(events), [Severity::Warn; 3], "{events:?}");
        let sent = [events, &WRITTEN].concat();
        assert!(events == [FATAL] || loud(&sent) == [Severity::Warn; 3], "{events:?}");
    }
}

#[test]
fn a_failure_of_this_side_is_an_error() {
    let own = [Event::Reject(AlertDescription::INTERNAL_ERROR)];
    assert_eq!(loud(&own), [Severity::Error; 3]);
    assert_eq!(loud(&[&own[..], &WRITTEN].concat()), [Severity::Error; 3]);
    assert_eq!(loud(&[VIOLATION, Event::OutputUnsealable]), [Severity::Error; 3]);
    let alert_late = [&[GRACEFUL][..], &WRITTEN, &[CLOSE_NOTIFY, own[0]]].concat();
    assert_eq!(loud(&alert_late)[0], Severity::Debug, "what comes after the end is not this end");
}

#[test]
fn a_handshake_that_the_peer_closed_is_unusual() {
    let ending = after(new(Version::Tls13), &[CLOSE_NOTIFY]).ending();
    assert_eq!(ending.severity(FramingState::BetweenMessages), Severity::Info);
}
