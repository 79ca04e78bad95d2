//! Whether the session may be resumed, rule by rule and version by version; #53, #54.

use close_notify_core::{
    AlertDescription, AlertLevel, Event, FatalNotify, Machine, Manner, Output, Policy, Reply, ResumptionRule,
    Rule, Version,
};

use crate::common::*;

fn verdict(machine: Machine) -> (bool, Rule) {
    let resumption = machine.ending().resumption;
    (resumption.allowed, resumption.rule)
}

fn https(version: Version) -> Machine {
    open_with(version, Policy { resumption: ResumptionRule::Rfc2818, ..Policy::STRICT })
}

fn fatal_rule(version: Version) -> Rule {
    if version == Version::Tls13 { Rule::FatalDiscardsTickets } else { Rule::FatalForgetsSession }
}

// RFC 2246 §7.2.2, RFC 5246 §7.2.2 · fatal-forgets-session; RFC 9846 §6.2 · fatal-discards-tickets
#[test]
fn a_fatal_alert_sent_or_received_forbids_it() {
    for &version in Version::ALL {
        let reject = Event::Reject(AlertDescription::ACCESS_DENIED);
        for event in [FATAL, VIOLATION, reject, Event::Close(Manner::Reject)] {
            let machine = after(open(version), &[event]);
            assert_eq!(verdict(machine), (false, fatal_rule(version)), "{event:?}");
        }
    }
}

// fatal-forgets-session: a rejection after the peer's clean end is still a fatal alert
#[test]
fn a_fatal_alert_after_a_clean_end_forbids_it() {
    let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
    for &version in Version::ALL {
        for event in [Event::Reject(AlertDescription::ACCESS_DENIED), Event::Close(Manner::Reject)] {
            let machine = driven(after(open_with(version, policy), &[CLOSE_NOTIFY]), &[event]);
            assert_eq!(verdict(machine), (false, fatal_rule(version)), "{event:?}");
        }
    }
}

// notify-in-handshake: a handshake that the peer aborted leaves no session
#[test]
fn a_close_notify_during_the_handshake_forbids_it() {
    for &version in Version::ALL {
        assert_eq!(verdict(after(new(version), &[CLOSE_NOTIFY])), (false, fatal_rule(version)));
    }
}

// fatal-forgets-session: the driver must forget it, once
#[test]
fn the_driver_forgets_the_session_once_and_before_it_closes() {
    for &version in Version::ALL {
        let mut machine = after(open(version), &[FATAL]);
        let done = drive(&mut machine);
        assert_eq!(done.iter().filter(|&&o| o == Output::ForgetSession).count(), 1);
    }
}

// RFC 2246 §7.2.1 · unclean-forbids-resume-10
#[test]
fn tls_10_needs_a_close_notify_of_both() {
    let events: [&[Event]; 7] = [
        &[EOF],
        &[EOF_IN_RECORD],
        &[RESET],
        &[Event::Close(Manner::AtOnce)],
        &[Event::Close(Manner::Abort)],
        &[GRACEFUL, Event::DeadlinePassed],
        &[CLOSE_NOTIFY, Event::WriteFailed { errno: EPIPE }],
    ];
    for events in events {
        let machine = after(open(Version::Tls10), events);
        assert_eq!(verdict(machine), (false, Rule::UncleanForbids10), "{events:?}");
    }
    for events in [[GRACEFUL, CLOSE_NOTIFY], [CLOSE_NOTIFY, GRACEFUL]] {
        let machine = driven(open(Version::Tls10), &events);
        assert_eq!(verdict(machine), (true, Rule::NothingForbids), "{events:?}");
    }
}

// RFC 2246 §7.2.1 · unclean-forbids-resume-10: a transport that is released before our close_notify
#[test]
fn tls_10_forbids_it_if_our_own_close_notify_was_not_sent() {
    let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
    for events in [&[CLOSE_NOTIFY][..], &[CLOSE_NOTIFY, GRACEFUL], &[]] {
        let open = after(open_with(Version::Tls10, policy), events);
        assert_eq!(verdict(open), (true, Rule::NothingForbids));
        for release in [Event::TransportClosed, Event::TransportResetByUs] {
            assert_eq!(verdict(after(open, &[release])), (false, Rule::UncleanForbids10), "{events:?}");
        }
    }
}

// RFC 2246 §7.2.1 · notify-level-1x; #27
#[test]
fn tls_10_counts_a_close_notify_at_level_warning_alone() {
    let event = Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription::CLOSE_NOTIFY };
    for &version in Version::ALL {
        let policy = Policy { fatal_notify: FatalNotify::Clean, ..Policy::STRICT };
        let machine = driven(open_with(version, policy), &[GRACEFUL, event]);
        let expected = if version == Version::Tls10 {
            (false, Rule::UncleanForbids10)
        } else {
            (true, Rule::NothingForbids)
        };
        assert_eq!(verdict(machine), expected, "{version}");
    }
}

// RFC 4346 §7.2.1, RFC 5246 §7.2.1 · unclean-allows-resume
#[test]
fn from_tls_11_on_a_missing_close_notify_alone_forbids_nothing() {
    for version in [Version::Tls11, Version::Tls12, Version::Tls13] {
        for event in [EOF, EOF_IN_RECORD, RESET] {
            assert_eq!(verdict(after(open(version), &[event])), (true, Rule::UncleanAllows), "{event:?}");
        }
        for event in [CLOSE_NOTIFY, Event::Close(Manner::AtOnce), Event::Close(Manner::Abort), GRACEFUL] {
            assert_eq!(verdict(after(open(version), &[event])), (true, Rule::NothingForbids), "{event:?}");
        }
    }
}

// RFC 2818 §2.2 · premature-forbids-reuse-https
#[test]
fn https_forbids_it_if_the_peer_closed_early() {
    for version in [Version::Tls11, Version::Tls12, Version::Tls13] {
        for event in [EOF, EOF_IN_RECORD, RESET] {
            assert_eq!(
                verdict(after(https(version), &[event])),
                (false, Rule::PrematureForbidsHttps),
                "{event:?}"
            );
        }
    }
    assert_eq!(verdict(after(https(Version::Tls10), &[EOF])), (false, Rule::UncleanForbids10));
}

// RFC 2818 §2.2.2 · premature-forbids-reuse-https: a session may be resumed after our own
// incomplete close
#[test]
fn https_allows_it_if_the_close_was_ours() {
    for version in [Version::Tls11, Version::Tls12, Version::Tls13] {
        let events: [&[Event]; 4] = [
            &[Event::Close(Manner::AtOnce)],
            &[GRACEFUL, Event::DeadlinePassed],
            &[GRACEFUL, Event::Drained { bytes: u32::MAX }],
            &[CLOSE_NOTIFY],
        ];
        for events in events {
            assert_eq!(verdict(after(https(version), events)), (true, Rule::NothingForbids), "{events:?}");
        }
    }
}

// RFC 2818 §2.2 · premature-forbids-reuse-https: a write may be the only call that saw the peer's
// reset
#[test]
fn https_forbids_it_if_a_write_saw_the_peers_reset() {
    for version in [Version::Tls11, Version::Tls12, Version::Tls13] {
        for event in [Event::Close(Manner::AtOnce), Event::DeadlinePassed] {
            let reset = Event::WriteFailed { errno: ECONNRESET };
            let machine = after(https(version), &[reset, event]);
            assert_eq!(verdict(machine), (false, Rule::PrematureForbidsHttps), "{event:?}");
            let broken = after(https(version), &[Event::WriteFailed { errno: EPIPE }, event]);
            assert_eq!(verdict(broken), (true, Rule::NothingForbids), "{event:?}");
        }
    }
}

#[test]
fn an_open_connection_forbids_nothing() {
    for &version in Version::ALL {
        assert_eq!(verdict(https(version)), (true, Rule::NothingForbids));
        assert_eq!(verdict(after(open(version), &[GRACEFUL])), (true, Rule::NothingForbids));
    }
}
