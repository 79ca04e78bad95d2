//! What arrives is authentic, and the handshake is not done.

use close_notify_core::{
    AlertDescription, Event, Machine, Manner, NotSent, Output, ReadEnd, Version, WriteEnd, recv, send,
};

use crate::common::*;

fn handshaking(version: Version) -> Machine {
    after(new(version), &[Event::PeerKeysInUse])
}

// RFC 9846 §6.1 · notify-in-handshake; #16
#[test]
fn close_notify_is_an_error_of_the_handshake() {
    for &version in Version::ALL {
        let machine = driven(handshaking(version), &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().reading, ReadEnd::CloseNotifyInHandshake);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9846 §6.1 · user-canceled-then-notify; #15, #31
#[test]
fn user_canceled_is_no_end() {
    for &version in Version::ALL {
        let machine = after(handshaking(version), &[USER_CANCELED]);
        assert_eq!(machine.ending().reading, ReadEnd::Open);
        assert!(machine.ending().user_canceled);
        assert_eq!(after(machine, &[EOF]).ending().reading, ReadEnd::TruncatedAtBoundary);
    }
}

// salvage-alert: what the peer says about a refused handshake is readable after a failed write; #46
#[test]
fn a_failed_write_does_not_hide_the_alert() {
    for &version in Version::ALL {
        let events = [Event::WriteFailed { errno: EPIPE }, Event::HandshakeDone, FATAL];
        let ending = after(handshaking(version), &events).ending();
        assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
        assert_eq!(ending.writing, WriteEnd::NotSent(NotSent::TransportFailed));
        assert_eq!(ending.errno, Some(EPIPE));
    }
}

// delivered-before-end: the last flight may still arrive after we have closed
#[test]
fn a_handshake_done_after_our_close_opens_only_the_receiving_half() {
    for &version in Version::ALL {
        let closed = driven(handshaking(version), &[GRACEFUL]);
        let machine = after(closed, &[Event::HandshakeDone]);
        assert_eq!(machine.recv_state(), recv::State::Open);
        assert_eq!(machine.send_state(), send::State::NotifiedShut);
        assert_eq!(after(machine, &[CLOSE_NOTIFY]).ending().reading, ReadEnd::CloseNotify);
        refused(machine, Event::HandshakeDone);
    }
}

#[test]
fn application_data_is_refused() {
    assert!(!handshaking(Version::Tls13).delivers_data());
    refused(handshaking(Version::Tls13), data(1));
}

// RFC 9846 §6.2 · fatal-ends-both
#[test]
fn rejecting_sends_the_alert_and_no_close_notify() {
    let reject = Event::Reject(AlertDescription::CERTIFICATE_REQUIRED);
    let mut machine = after(handshaking(Version::Tls13), &[reject]);
    let done = drive(&mut machine);
    assert!(done.contains(&Output::SendAlert { alert: AlertDescription::CERTIFICATE_REQUIRED }));
    assert!(!done.iter().any(|o| matches!(o, Output::SendCloseNotify { .. })));
    assert_eq!(machine.output(), Output::Drain);
    assert_eq!(machine.manner(), Manner::Reject);
}
