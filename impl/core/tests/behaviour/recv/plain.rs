//! Nobody has keys yet: anybody may have sent what arrives.

use close_notify_core::{Event, FirstCloser, Machine, Output, ReadEnd, Version, WriteEnd, recv, send};

use crate::common::*;

// RFC 9846 §6.1, §D.4 · plain-alert-is-no-close, notify-in-handshake; #16, #17
#[test]
fn close_notify_is_never_a_clean_end() {
    for &version in Version::ALL {
        let machine = driven(new(version), &[CLOSE_NOTIFY]);
        assert_eq!(machine.ending().reading, ReadEnd::CloseNotifyInHandshake);
        assert!(!machine.ending().is_clean());
    }
}

// RFC 9846 §6.1 · notify-in-handshake; #16: it is answered once, and then nothing is due
#[test]
fn close_notify_is_answered_at_once_and_ends_the_handshake() {
    for &version in Version::ALL {
        let mut machine = after(new(version), &[CLOSE_NOTIFY]);
        let done = drive(&mut machine);
        assert_eq!(done.iter().filter(|o| matches!(o, Output::SendCloseNotify { .. })).count(), 1);
        assert_eq!(done.last(), Some(&Output::Idle));
        assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
        assert_eq!(machine.ending().first_closer, FirstCloser::Peer);
        assert!(!machine.may_write());
    }
}

#[test]
fn application_data_is_refused() {
    let machine = new(Version::Tls13);
    assert!(!machine.delivers_data());
    refused(machine, data(10));
}

// RFC 9846 §6.1 · fin-is-not-close
#[test]
fn eof_is_a_truncation() {
    assert_eq!(after(new(Version::Tls12), &[EOF]).ending().reading, ReadEnd::TruncatedAtBoundary);
    assert_eq!(after(new(Version::Tls12), &[EOF_IN_RECORD]).ending().reading, ReadEnd::TruncatedInRecord);
}

#[test]
fn handshake_messages_and_warnings_change_nothing() {
    let machine = after(new(Version::Tls12), &[Event::PeerMessage { bytes: 80 }, USER_CANCELED]);
    assert_eq!(machine.recv_state(), recv::State::Plain);
    assert_eq!(machine.output(), Output::Idle);
}

#[test]
fn the_handshake_cannot_end_before_there_are_keys() {
    refused(new(Version::Tls13), Event::HandshakeDone);
}

#[test]
fn a_finished_handshake_equals_an_established_machine() {
    for &version in Version::ALL {
        let machine = after(new(version), &[Event::PeerKeysInUse, Event::HandshakeDone]);
        assert_eq!(machine, open(version));
        refused(machine, Event::HandshakeDone);
        refused(machine, Event::PeerKeysInUse);
        refused(machine, Event::EarlyDataAccepted);
    }
}

// RFC 9846 §6.1 · notify-before-fin: an end during the handshake sends close_notify too
#[test]
fn closing_sends_close_notify_and_waits() {
    let mut machine = after(new(Version::Tls13), &[GRACEFUL]);
    assert!(drive(&mut machine).contains(&Output::SendCloseNotify { fin_follows: true }));
    assert_eq!(machine.output(), Output::AwaitPeer);
    assert_eq!(machine.send_state(), send::State::NotifiedShut);
}

#[test]
fn nothing_may_be_written() {
    let machine: Machine = new(Version::Tls13);
    assert!(!machine.may_write());
    refused(machine, Event::Write);
}
