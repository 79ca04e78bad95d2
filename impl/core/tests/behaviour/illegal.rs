//! Misuse is refused by name. A part that could accept the event does not change either.

use close_notify_core::{Event, Illegal, Manner, Version, recv, send, transport};

use crate::common::*;

#[test]
fn each_refusal_names_the_part_its_state_and_the_event() {
    let cases = [
        (open(Version::Tls13), Event::OutputSealed, "Sealed is not possible: writing is open (Open)"),
        (new(Version::Tls13), data(1), "Data is not possible: the peer has no keys yet (Plain)"),
        (
            driven(open(Version::Tls13), &[GRACEFUL, CLOSE_NOTIFY]),
            EOF,
            "Eof is not possible: we have closed the transport (Closed)",
        ),
        (
            after(open(Version::Tls13), &[GRACEFUL]),
            Event::Close(Manner::HandBack),
            "HandBack cannot follow Graceful",
        ),
        (
            open(Version::Tls12),
            Event::CloseWrite,
            "TLS 1.2 cannot close one direction alone: close both, or use TLS 1.3",
        ),
        (
            open(Version::Tls12),
            Event::Reject(close_notify_core::AlertDescription::CLOSE_NOTIFY),
            "close_notify is not an error: reject with an error alert",
        ),
    ];
    for (machine, event, text) in cases {
        assert_eq!(refused(machine, event).to_string(), text);
    }
}

// A reset after the release changes neither half, although each alone could accept it.
#[test]
fn a_part_that_refuses_keeps_the_others_unchanged() {
    let machine = after(open(Version::Tls13), &[Event::TransportClosed]);
    refused(machine, RESET);
    let early = new(Version::Tls13);
    let refusal = Illegal::Recv { state: recv::State::Plain, event: recv::Event::HandshakeDone };
    assert_eq!(refused(early, Event::HandshakeDone), refusal);
    assert_eq!(early.send_state(), send::State::Handshaking);
    assert_eq!(early.transport_state(), transport::State::Open);
}

#[test]
fn the_first_refusal_is_the_sending_halfs() {
    let machine = open(Version::Tls13);
    let refusal = Illegal::Send { state: send::State::Open, event: send::Event::HandshakeDone };
    assert_eq!(refused(machine, Event::HandshakeDone), refusal);
}
