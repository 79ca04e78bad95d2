//! A server reads 0-RTT data.

use close_notify_core::{Event, FramingState, Machine, MissingNotify, Policy, ReadEnd, Role, Version, recv};

use crate::common::*;

fn early_with(policy: Policy) -> Machine {
    let machine = Machine::new(Version::Tls13, Role::Server, policy);
    after(machine, &[Event::PeerKeysInUse, Event::EarlyDataAccepted])
}

fn early() -> Machine {
    early_with(Policy::STRICT)
}

#[test]
fn data_is_delivered_before_the_handshake_is_done() {
    assert!(early().delivers_data());
    let machine = after(early(), &[data(100)]);
    assert_eq!(machine.recv_state(), recv::State::EarlyData);
    assert_eq!(machine.ending().late, 0);
}

// RFC 9846 §4.2.10, §8 · early-data-end; #33
#[test]
fn eof_is_a_truncation_whatever_the_policy() {
    for &missing_notify in MissingNotify::ALL {
        let machine = early_with(Policy { missing_notify, ..Policy::STRICT });
        let machine = after(machine, &[data(100), EOF]);
        assert_eq!(machine.ending().reading, ReadEnd::TruncatedAtBoundary);
        assert!(machine.ending().truncation_possible(FramingState::DelimitedByEnd));
        assert!(!machine.accepts_end(FramingState::DelimitedByEnd), "{missing_notify}");
        for &framing in FramingState::ALL {
            assert!(!machine.reads_as_end(framing), "{missing_notify} {framing}");
        }
    }
}

// RFC 9846 §4.2.10 · early-data-end; #33
#[test]
fn close_notify_is_no_end_of_a_request() {
    let machine = after(early(), &[data(100), CLOSE_NOTIFY]);
    assert_eq!(machine.ending().reading, ReadEnd::CloseNotifyInHandshake);
    assert!(!machine.accepts_end(FramingState::DelimitedByEnd));
}

#[test]
fn messages_and_warnings_change_nothing() {
    let machine = after(early(), &[Event::PeerMessage { bytes: 9 }, USER_CANCELED]);
    assert_eq!(machine.recv_state(), recv::State::EarlyData);
    refused(machine, Event::EarlyDataAccepted);
    refused(machine, Event::PeerKeysInUse);
}

#[test]
fn the_end_of_the_handshake_opens_both_halves() {
    let machine = after(early(), &[data(5), Event::HandshakeDone]);
    assert_eq!(machine.recv_state(), recv::State::Open);
    assert!(machine.may_write());
}
