//! A stream that is dropped before its end leaves one event, as severe as its ending. A stream that
//! has ended leaves none.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use close_notify::{
    Acceptor, Close, Ending, FindEnding, FramingState, Pipe, Policy, Severity, Stream, Transport, Version,
};
use common::{VERSIONS, hooked, pair, server_config, sockets};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Level and ending of each of our events.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(Level, String)>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "ending" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "close_notify"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push((*event.metadata().level(), fields.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The events while a stream is used and dropped.
fn heard(version: Version, uses: impl FnOnce(&mut Stream<Pipe>, Stream<Pipe>)) -> Vec<(Level, String)> {
    let heard = Heard::default();
    let (client, server) = pair(version, Policy::STRICT);
    let (mut near, far) = (client.into_stream(), server.into_stream());
    tracing::subscriber::with_default(heard.clone(), || {
        uses(&mut near, far);
        heard.0.lock().unwrap().clear();
        drop(near);
    });
    let heard = heard.0.lock().unwrap();
    heard.clone()
}

#[test]
fn a_stream_in_use_leaves_one_event_that_says_how_it_stood() {
    for version in VERSIONS {
        let events = heard(version, |_, far| std::mem::forget(far));
        let [(_, ending)] = events.as_slice() else { panic!("{version}: {events:?}") };
        assert_eq!(ending, "we did not wait for the peer's close_notify; we never closed our side");
    }
}

#[test]
fn a_stream_that_has_ended_leaves_none() {
    for version in VERSIONS {
        let events = heard(version, |near, _far| assert!(near.close(Close::AtOnce).is_ok()));
        assert_eq!(events, [], "{version}");
        let events = heard(version, |near, _far| assert!(near.abort().is_ok()));
        assert_eq!(events, [], "{version}");
    }
}

#[test]
fn a_truncation_is_louder_than_a_whole_message() {
    use close_notify::FramingState as F;
    use std::io::Read;
    for version in VERSIONS {
        let cut = |framing| {
            heard(version, |near, far| {
                drop(far);
                near.set_framing(framing);
                drop(near.read(&mut [0; 8]));
            })
        };
        assert_eq!(cut(F::InsideMessage)[0].0, Level::WARN, "{version}");
        assert_eq!(cut(F::BetweenMessages)[0].0, Level::INFO, "{version}");
    }
}

/// The events that a server logs for a client that did this to its socket and left, and the ending
/// in the error of `accept`.
fn heard_of_a_visitor(version: Version, visit: impl FnOnce(TcpStream)) -> (Vec<(Level, String)>, Ending) {
    let heard = Heard::default();
    let (near, far) = sockets();
    visit(near);
    let acceptor = Acceptor::new(server_config(version, hooked()), Policy::STRICT);
    let error = tracing::subscriber::with_default(heard.clone(), || acceptor.accept(far).unwrap_err());
    let events = heard.0.lock().unwrap().clone();
    (events, Ending::find(&error).unwrap())
}

// Load balancers do this all day. This tests the default: a stream that is given no framing.
#[test]
fn a_probe_that_connects_and_leaves_is_no_news() {
    let by_fin = |socket| drop::<TcpStream>(socket);
    let by_reset = |mut socket: TcpStream| socket.reset().unwrap();
    for version in VERSIONS {
        for visit in [&by_fin as &dyn Fn(TcpStream), &by_reset] {
            let (events, ending) = heard_of_a_visitor(version, visit);
            assert!(matches!(events[..], [(Level::DEBUG, _)]), "{version}: {events:?}");
            assert!(
                ending.in_handshake && ending.to_string().contains("before the handshake was done"),
                "{ending}"
            );
        }
    }
}

#[test]
fn half_a_hello_is_no_warning() {
    for version in VERSIONS {
        let (events, ending) =
            heard_of_a_visitor(version, |mut socket| socket.write_all(&[22, 3, 1, 2]).unwrap());
        assert!(matches!(events[..], [(Level::INFO, _)]), "{version}: {events:?}");
        assert!(ending.to_string().contains("without sending TLS close_notify, inside a record"), "{ending}");
    }
}

// The client wanted to talk, and could not.
#[test]
fn what_is_no_handshake_at_all_is_a_warning() {
    for version in VERSIONS {
        let (_, ending) =
            heard_of_a_visitor(version, |mut socket| socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap());
        assert_eq!(ending.severity(FramingState::DelimitedByEnd), Severity::Warn, "{version}: {ending}");
        assert!(ending.in_handshake, "{ending}");
    }
}
