//! How each preset treats the ends that its protocol meets, written from docs/scenarios.md and the
//! protocols' RFCs.

use close_notify_core::{
    Close, Event, FramingState, Machine, Manner, Output, Policy, ReadEnd, Rule, Severity, Version, WriteEnd,
};

use crate::common::*;

const FRAMINGS: [FramingState; 3] =
    [FramingState::BetweenMessages, FramingState::InsideMessage, FramingState::DelimitedByEnd];

/// Presets whose protocol delimits its messages, and that tolerate peers that do not close.
const FRAMED: [(&str, Policy); 3] =
    [("https", Policy::https()), ("smtp", Policy::smtp()), ("pool", Policy::pool())];
/// Presets in which only the end delimits the data.
const UNFRAMED: [(&str, Policy); 4] = [
    ("strict", Policy::STRICT),
    ("ftps_data", Policy::ftps_data()),
    ("ldap_stop_tls", Policy::ldap_stop_tls()),
    ("proxy", Policy::proxy()),
];

fn each(presets: &[(&'static str, Policy)], mut see: impl FnMut(&str, Version, Policy)) {
    for &(name, policy) in presets {
        Version::ALL.iter().for_each(|&version| see(name, version, policy));
    }
}

#[test]
fn every_preset_is_listed_by_its_name() {
    let listed: Vec<_> = Policy::PRESETS.to_vec();
    assert_eq!(listed.len(), FRAMED.len() + UNFRAMED.len());
    for preset in FRAMED.iter().chain(&UNFRAMED) {
        assert!(listed.contains(preset), "{}", preset.0);
    }
}

// RFC 9846 §6.1, RFC 9112 §9.8 · fin-is-not-close; #34, #40, #42
#[test]
fn a_bare_fin_reads_as_the_end_only_between_messages_that_say_their_length() {
    each(&FRAMED, |name, version, policy| {
        let machine = after(open_with(version, policy), &[EOF]);
        assert_eq!(FRAMINGS.map(|framing| machine.reads_as_end(framing)), [true, false, false], "{name}");
        assert_eq!(machine.ending().severity(FramingState::BetweenMessages), Severity::Debug);
    });
    each(&UNFRAMED, |name, version, policy| {
        let machine = after(open_with(version, policy), &[EOF]);
        assert_eq!(FRAMINGS.map(|framing| machine.reads_as_end(framing)), [false; 3], "{name}");
    });
}

// RFC 9112 §8, §9.8 · http-close-delimited-needs-notify; #35, #39, #41
#[test]
fn no_preset_accepts_a_truncated_message() {
    each(Policy::PRESETS, |name, version, policy| {
        for end in [EOF, EOF_IN_RECORD, RESET, FATAL] {
            let machine = after(open_with(version, policy), &[data(9), end]);
            assert!(!machine.accepts_end(FramingState::InsideMessage), "{name} {end:?}");
            assert!(!machine.accepts_end(FramingState::DelimitedByEnd), "{name} {end:?}");
        }
        for end in [EOF_IN_RECORD, RESET, FATAL] {
            let machine = after(open_with(version, policy), &[data(9), end]);
            assert!(!machine.reads_as_end(FramingState::BetweenMessages), "{name} {end:?}");
        }
    });
}

// RFC 9846 §6.1 · cut-is-visible; #9: delivered if it is a part of the message, else counted, never
// lost silently
#[test]
fn late_data_is_delivered_or_counted() {
    let delivers = ["strict", "ftps_data", "ldap_stop_tls", "proxy"];
    each(Policy::PRESETS, |name, version, policy| {
        let machine = driven(open_with(version, policy), &[GRACEFUL]);
        assert_eq!(machine.delivers_data(), delivers.contains(&name), "{name}");
        let ending = after(machine, &[data(9), CLOSE_NOTIFY]).ending();
        assert_eq!(ending.late, if delivers.contains(&name) { 0 } else { 9 }, "{name}");
        assert_eq!(ending.is_clean(), delivers.contains(&name), "{name}");
        assert_eq!(ending.reading, ReadEnd::CloseNotify);
    });
}

// RFC 5246 §7.2 · fatal-forgets-session; RFC 9846 §6 · level-ignored-13; #27
#[test]
fn a_close_notify_at_level_fatal_is_an_error_up_to_12() {
    let event = Event::PeerAlert {
        level: close_notify_core::AlertLevel::FATAL,
        description: close_notify_core::AlertDescription::CLOSE_NOTIFY,
    };
    each(Policy::PRESETS, |name, version, policy| {
        let ending = after(open_with(version, policy), &[event]).ending();
        let clean = version == Version::Tls13;
        assert_eq!(ending.reading == ReadEnd::CloseNotify, clean, "{name}");
        assert_eq!(ending.may_resume(), clean, "{name}");
    });
}

// RFC 5246 §7.2.1 · reply-at-once, reply-drops-pending; RFC 9846 §6.1 · write-after-peer-notify;
// #2, #3, #52
#[test]
fn the_peers_close_notify_is_answered_as_the_preset_says() {
    each(Policy::PRESETS, |name, version, policy| {
        let machine =
            after(open_with(version, policy), &[Event::Write, CLOSE_NOTIFY, Event::DeadlineStarted]);
        let expected = match (version, name) {
            (Version::Tls13, _) | (_, "https" | "smtp" | "ftps_data" | "proxy") => Output::Idle,
            (_, "strict" | "pool") => Output::DiscardPending,
            (_, "ldap_stop_tls") => Output::SendCloseNotify { fin_follows: false },
            (_, other) => panic!("{other} has no row"),
        };
        assert_eq!(machine.output(), expected, "{name} {version}");
        assert_eq!(machine.may_write(), expected == Output::Idle, "{name} {version}");
    });
}

// no-laundering, RFC 2920; #52: if the end delimits what we send, or replies are still due, no
// close_notify leaves that the application did not order
#[test]
fn only_the_application_ends_what_is_still_to_be_sent() {
    let presets = [Policy::https(), Policy::smtp(), Policy::ftps_data(), Policy::proxy()];
    for (&version, policy) in Version::ALL.iter().flat_map(|version| presets.map(|policy| (version, policy)))
    {
        let machine = driven(open_with(version, policy), &[Event::Write, CLOSE_NOTIFY, Event::Write, EOF]);
        assert_eq!(machine.ending().writing, WriteEnd::Open);
        assert_eq!(machine.ending().discarded, 0);
        assert_eq!(driven(machine, &[GRACEFUL]).ending().writing, WriteEnd::CloseNotifySent);
    }
}

// RFC 4511 §4.14.3, RFC 959 §3.4 · crossed-confirms-nothing: no preset promises what its protocol
// does not
#[test]
fn no_preset_takes_a_close_notify_after_ours_for_an_answer() {
    each(Policy::PRESETS, |name, version, policy| {
        let ending = driven(open_with(version, policy), &[Event::Write, GRACEFUL, CLOSE_NOTIFY]).ending();
        assert_eq!(ending.delivery, close_notify_core::Delivery::Unconfirmed, "{name}");
    });
}

// RFC 4511 §4.14.3 · wait-before-handback; #55
#[test]
fn no_preset_hands_back_after_a_bare_fin() {
    each(Policy::PRESETS, |name, version, policy| {
        let machine = driven(open_with(version, policy), &[Event::Close(Manner::HandBack), EOF]);
        assert_eq!(machine.output(), Output::Done, "{name}");
        refused(machine, Event::TransportHandedBack);
    });
}

// RFC 9112 §8 · no-laundering; #51
#[test]
fn no_preset_launders_a_cut() {
    each(Policy::PRESETS, |name, version, policy| {
        for end in [EOF, EOF_IN_RECORD, RESET, FATAL] {
            let upstream = after(open_with(version, policy), &[end]).ending();
            assert_eq!(Close::for_downstream(&upstream), Close::Abort, "{name} {end:?}");
        }
        let whole = after(open_with(version, policy), &[CLOSE_NOTIFY]).ending();
        assert_eq!(Close::for_downstream(&whole), Close::Graceful, "{name}");
    });
}

// RFC 4346 §7.2.1, RFC 9112 §9.8 · unclean-allows-resume, unclean-forbids-resume-10; #53
#[test]
fn presets_leave_resumption_to_the_tls_version() {
    each(Policy::PRESETS, |name, version, policy| {
        let rule = match version {
            Version::Tls10 => Rule::UncleanForbids10,
            Version::Tls11 | Version::Tls12 | Version::Tls13 => Rule::UncleanAllows,
        };
        let ending = after(open_with(version, policy), &[EOF]).ending();
        assert_eq!(ending.resumption.rule, rule, "{name}");
        assert_eq!(ending.may_resume(), version != Version::Tls10, "{name}");
    });
}

// RFC 9112 §9.6 · linger-is-bounded, alert-survives-close: reading an upload to its end costs a
// server no memory
#[test]
fn a_server_reads_on_far_longer_than_it_keeps() {
    each(Policy::PRESETS, |name, _, policy| {
        let idle = name == "pool";
        let (drained, kept) = if idle { (64 << 10, 64 << 10) } else { (64 << 20, 256 << 10) };
        assert_eq!((policy.drain_budget, policy.keep_budget), (drained, kept), "{name}");
    });
}

fn at_rest(mut machine: Machine) -> Output {
    drive(&mut machine);
    machine.output()
}

// RFC 9112 §9.6 · linger-is-bounded: the deadline of the user always wins
#[test]
fn no_preset_outlives_the_deadline() {
    let befores: [&[Event]; 5] = [&[], &[Event::Write], &[CLOSE_NOTIFY], &[data(9)], &[VIOLATION]];
    each(Policy::PRESETS, |name, version, policy| {
        let manners = [Manner::Graceful, Manner::Linger, Manner::AtOnce, Manner::HandBack, Manner::Reject];
        for (before, manner) in befores.iter().flat_map(|&before| manners.map(|manner| (before, manner))) {
            let mut machine = after(open_with(version, policy), before);
            if machine.handle(Event::Close(manner)).is_ok() {
                let machine = after(machine, &[Event::DeadlinePassed]);
                assert_eq!(at_rest(machine), Output::Done, "{name} {manner} {before:?}");
            }
        }
    });
}
