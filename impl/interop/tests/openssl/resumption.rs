//! Which sessions OpenSSL and our ends resume after each end of a connection.
//!
//! OpenSSL's client offers its last session as it got it, whatever OpenSSL did with it at the end
//! of its connection, so our server alone decides. OpenSSL's server seals its sessions into
//! tickets, and accepts whatever is offered, so there our client decides.

use std::thread;

use close_notify::{AlertDescription, Close, Ending, Role, Version};

use crate::alerts::FORGED;
use crate::lab::{Lab, Setting};
use crate::ours::Ours;
use crate::peer::Peer;

/// How the connection ends whose session is offered next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    WeCloseFirst,
    OpensslClosesFirst,
    HalfClose,
    Linger,
    AtOnce,
    QuietShutdown,
    OurAbort,
    OurAlert,
    AlertOfOpenssl,
}

/// Each end, and whether the session may be resumed after it.
// RFC 5246 §7.2.1, §7.2.2; RFC 9846 §6.2 · unclean-allows-resume, fatal-forgets-session,
// fatal-discards-tickets
const ENDS: [(End, bool); 9] = [
    (End::WeCloseFirst, true),
    (End::OpensslClosesFirst, true),
    (End::HalfClose, true),
    (End::Linger, true),
    (End::AtOnce, true),
    (End::QuietShutdown, true),
    (End::OurAbort, true),
    (End::OurAlert, false),
    (End::AlertOfOpenssl, false),
];

/// Ends a connection; returns how it ended for us.
fn end(end: End, mut ours: Ours, mut theirs: Peer) -> Ending {
    match end {
        End::WeCloseFirst => beside(theirs, answer, || ours.close(Close::Graceful)),
        End::OpensslClosesFirst => {
            theirs.shutdown();
            ours.read_to_end().unwrap();
            beside(theirs, await_answer, || ours.close(Close::Graceful))
        }
        End::HalfClose => {
            ours.close_write();
            beside(theirs, answer, || {
                ours.read_to_end().unwrap();
                ours.close(Close::Graceful)
            })
        }
        End::Linger => beside(theirs, answer, || ours.close(Close::Linger)),
        End::AtOnce => beside(theirs, answer, || ours.close(Close::AtOnce)),
        End::QuietShutdown => {
            theirs.shut_down_quietly();
            ours.read_failure().1
        }
        End::OurAbort => ours.abort(),
        End::OurAlert => beside(theirs, drain, || ours.reject(AlertDescription::ACCESS_DENIED)),
        End::AlertOfOpenssl => {
            ours.forge(&FORGED);
            theirs.read_to_end();
            ours.read_failure().1
        }
    }
}

fn answer(theirs: &mut Peer) {
    theirs.read_to_end();
    theirs.shutdown();
}

fn await_answer(theirs: &mut Peer) {
    theirs.shutdown();
}

fn drain(theirs: &mut Peer) {
    theirs.read_to_end();
}

/// Runs `does` for OpenSSL while our end runs. OpenSSL then lets go of its socket.
fn beside(mut theirs: Peer, does: fn(&mut Peer), ours: impl FnOnce() -> Ending) -> Ending {
    let peer = thread::spawn(move || does(&mut theirs));
    let ending = ours();
    peer.join().unwrap();
    ending
}

/// Whether one more connection is a resumption. It ends cleanly.
fn resumes(lab: &Lab) -> bool {
    let (ours, theirs) = lab.connect();
    let resumed = ours.was_resumed();
    assert_eq!(resumed, theirs.was_resumed(), "both ends know the same");
    assert!(end(End::WeCloseFirst, ours, theirs).is_clean());
    resumed
}

/// Ends a connection as given. Returns whether the next one is a resumption, by our ending and by
/// the next handshake.
fn after(setting: Setting, how: End) -> (Lab, [bool; 2]) {
    let lab = setting.lab();
    let (ours, theirs) = lab.connect();
    let may_resume = end(how, ours, theirs).may_resume();
    let resumed = resumes(&lab);
    (lab, [may_resume, resumed])
}

/// Every setting, and both forms in which our server keeps a session.
fn settings() -> impl Iterator<Item = Setting> {
    Setting::all().flat_map(|setting| {
        let forms = if setting.role == Role::Server { [false, true].as_slice() } else { &[false] };
        forms.iter().map(move |&ticketer| Setting { ticketer, ..setting })
    })
}

fn can(end: End, version: Version) -> bool {
    end != End::HalfClose || version == Version::Tls13
}

#[test]
fn a_guarded_session_is_resumed_after_each_end_but_a_fatal_alert() {
    for setting in settings() {
        for (how, resumable) in ENDS.into_iter().filter(|&(end, _)| can(end, setting.version)) {
            let (lab, resumed) = after(Setting { guarded: true, ..setting }, how);
            assert_eq!(resumed, [resumable; 2], "{}, {how:?}", setting.text());
            assert!(resumes(&lab), "the one after it: {}, {how:?}", setting.text());
        }
    }
}

// rustls's own behaviour. Without it the test above would prove nothing.
#[test]
fn without_a_guard_a_session_is_resumed_after_a_fatal_alert() {
    for setting in settings() {
        for how in [End::OurAlert, End::AlertOfOpenssl] {
            let (_, resumed) = after(setting, how);
            assert_eq!(resumed, [false, true], "{}, {how:?}", setting.text());
        }
    }
}
