//! The table of `error.rs`, one test per row: every end, and the `io::Error` that it becomes.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

use std::io;

use close_notify::{
    AlertDescription, AlertLevel, Ending, Error, Event, FindEnding, Machine, Manner, Policy, ReadEnd, Role,
    Version,
};

/// The error of a TLS 1.3 client after these events.
fn after(events: &[Event]) -> io::Error {
    let machine =
        Machine::established(Version::Tls13, Role::Client, Policy { drain_budget: 10, ..Policy::STRICT });
    told(machine, events)
}

fn told(mut machine: Machine, events: &[Event]) -> io::Error {
    for &event in events {
        machine.handle(event).unwrap();
    }
    Error::ended(machine.ending(), None).into()
}

fn assert_row(error: &io::Error, kind: io::ErrorKind, text: &str) {
    assert_eq!(error.kind(), kind);
    assert!(error.to_string().contains(text), "{error}");
    assert!(Ending::find(error).is_some());
}

#[test]
fn truncated_at_a_boundary() {
    let error = after(&[Event::TransportEof { inside_record: false }]);
    assert_row(
        &error,
        io::ErrorKind::UnexpectedEof,
        "peer closed connection without sending TLS close_notify",
    );
}

#[test]
fn truncated_inside_a_record() {
    let error = after(&[Event::TransportEof { inside_record: true }]);
    assert_row(&error, io::ErrorKind::UnexpectedEof, "without sending TLS close_notify, inside a record");
}

#[test]
fn close_notify_in_the_handshake() {
    let machine = Machine::new(Version::Tls13, Role::Client, Policy::STRICT);
    let notify = Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY };
    assert_row(&told(machine, &[notify]), io::ErrorKind::UnexpectedEof, "close_notify during the handshake");
}

#[test]
fn reset() {
    let error = after(&[Event::TransportReset { errno: 104 }]);
    assert_row(&error, io::ErrorKind::ConnectionReset, "reset before close_notify");
}

#[test]
fn fatal_alert() {
    let description = AlertDescription::CERTIFICATE_REQUIRED;
    let error = after(&[Event::PeerAlert { level: AlertLevel::FATAL, description }]);
    assert_row(&error, io::ErrorKind::ConnectionAborted, "certificate_required");
}

#[test]
fn refused_by_us() {
    let error = after(&[Event::PeerViolation(AlertDescription::DECODE_ERROR)]);
    assert_row(&error, io::ErrorKind::InvalidData, "decode_error");
}

#[test]
fn not_awaited() {
    let error = after(&[Event::Close(Manner::AtOnce)]);
    assert_row(&error, io::ErrorKind::NotConnected, "did not wait");
}

#[test]
fn timed_out() {
    let error = after(&[Event::Close(Manner::Graceful), Event::DeadlineStarted, Event::DeadlinePassed]);
    assert_row(&error, io::ErrorKind::TimedOut, "the deadline passed");
}

#[test]
fn over_budget() {
    let error = after(&[Event::Close(Manner::Graceful), Event::PeerData { bytes: 100 }]);
    assert_row(&error, io::ErrorKind::QuotaExceeded, "more than the budget");
}

#[test]
fn a_failed_write_whose_reading_has_not_ended() {
    let error = after(&[Event::WriteFailed { errno: 32 }]);
    assert_row(&error, io::ErrorKind::BrokenPipe, "the transport failed");
}

#[test]
fn misuse_is_invalid_input_and_a_write_after_the_end_a_broken_pipe() {
    let mut machine = Machine::established(Version::Tls12, Role::Client, Policy::STRICT);
    let illegal = machine.handle(Event::CloseWrite).unwrap_err();
    let misuse = Error::Misuse { illegal, ending: machine.ending() };
    let error = io::Error::from(misuse);
    assert_row(&error, io::ErrorKind::InvalidInput, "cannot close one direction alone");
    assert!(
        !error.to_string().contains("has not ended"),
        "nothing has ended, so the text names no end: {error}"
    );
    machine.handle(Event::Close(Manner::Graceful)).unwrap();
    let illegal = machine.handle(Event::Write).unwrap_err();
    let misuse = Error::Misuse { illegal, ending: machine.ending() };
    assert_row(&misuse.into(), io::ErrorKind::BrokenPipe, "Write is not possible: our close_notify is due");
    let error = machine.handle(Event::Write).unwrap_err();
    let misuse = Error::Misuse { illegal: error, ending: machine.ending() };
    assert!(misuse.to_string().ends_with(&machine.ending().to_string()), "{misuse}");
}

#[test]
fn the_ending_is_found_only_in_our_errors() {
    let ours = after(&[Event::TransportEof { inside_record: false }]);
    assert_eq!(Ending::find(&ours).unwrap().reading, ReadEnd::TruncatedAtBoundary);
    assert_eq!(Ending::find(&io::Error::from(io::ErrorKind::UnexpectedEof)), None);
}
