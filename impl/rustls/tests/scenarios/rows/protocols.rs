//! What application protocols make of an end: rows 39–42, 51, 52, 55 and 56.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use close_notify::framing::http::{Requests, Responses};
use close_notify::framing::{Framing, Gate};
use close_notify::{
    Close, Delivery, Ending, FramingState, LateData, Policy, ReadEnd, Reply, Severity, WriteEnd,
};

use crate::arm::{Arm, Near, SHORT, ended, far};
use crate::common::sockets;
use crate::keyed_peer::{CLOSE_NOTIFY, End, Peer};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A connection whose framing is tracked: a client that has asked, or a server.
fn http(arm: Arm, policy: Policy) -> (Near, Peer) {
    let (mut near, peer) = arm.meet(policy);
    if arm.is_client() {
        near.set_tracker(Responses::new());
        near.write_all(GET).unwrap();
    } else {
        near.set_tracker(Requests::new());
    }
    (near, peer)
}

/// #39
pub(crate) fn close_delimited_body(arm: Arm) {
    for policy in [Policy::STRICT, Policy::https()] {
        for says_close_notify in [false, true] {
            let (mut near, mut peer) = http(arm, policy);
            peer.say_data(b"HTTP/1.1 200 OK\r\n\r\na body that the end delimits");
            if says_close_notify {
                peer.say_close_notify();
            }
            peer.fin();
            let (data, end) = near.read_on();
            assert!(data.ends_with(b"delimits"));
            assert_eq!(near.framing(), FramingState::DelimitedByEnd);
            assert_eq!(end.is_ok(), says_close_notify, "an incomplete body is an error");
            assert_eq!(near.truncation_possible(), !says_close_notify);
        }
    }
}

/// #40
pub(crate) fn complete_by_length(arm: Arm) {
    let bodies: [&[u8]; 2] =
        [b"Content-Length: 4\r\n\r\nbody", b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"];
    let start: &[u8] =
        if arm.is_client() { b"HTTP/1.1 200 OK\r\n" } else { b"POST / HTTP/1.1\r\nHost: a\r\n" };
    for body in bodies {
        let message = [start, body].concat();
        for (sent, is_whole) in [(message.len(), true), (message.len() - 1, false)] {
            let (mut near, mut peer) = http(arm, Policy::https());
            peer.say_data(&message[..sent]);
            peer.fin();
            let (data, end) = near.read_on();
            assert!(data.len() == sent || !is_whole, "a whole message is handed on");
            assert_eq!(end.is_ok(), is_whole, "{sent} of {} bytes", message.len());
            assert_eq!(near.truncation_possible(), !is_whole);
            assert_eq!(near.ending().reading, ReadEnd::TruncatedAtBoundary, "tolerated is not clean");
        }
    }
}

/// #41: the cookie whose `Secure` was cut off.
pub(crate) fn cut_header_block(arm: Arm) {
    let start: &[u8] =
        if arm.is_client() { b"HTTP/1.1 200 OK\r\n" } else { b"GET / HTTP/1.1\r\nHost: a\r\n" };
    let section = [start, b"Set-Cookie: id=1; Secure\r\nContent-Length: 0\r\n\r\n"].concat();
    for cut in 1..section.len() {
        // A connection for a few of the cuts, and the gate for each of them.
        let mut gate: Gate<Box<dyn Framing>> =
            Gate::new(if arm.is_client() { Box::new(answered()) } else { Box::new(Requests::new()) });
        let mut used = Vec::new();
        if !matches!(cut, 1 | 40) && cut + 1 != section.len() {
            gate.pass(&section[..cut], &mut used).unwrap();
            assert_eq!((gate.state(), used.len()), (FramingState::InsideMessage, 0), "{cut} bytes");
            continue;
        }
        let (mut near, mut peer) = http(arm, Policy::https());
        peer.say_data(&section[..cut]);
        peer.fin();
        let (data, end) = near.read_on();
        assert!(data.is_empty(), "nothing of it is handed on: {data:?}");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(near.truncation_possible());
    }
}

/// The tracker of a client that waits for an answer.
fn answered() -> Responses {
    let mut tracker = Responses::new();
    tracker.ask("GET");
    tracker
}

/// #42
pub(crate) fn idle_connection(arm: Arm) {
    for in_flight in [false, true] {
        let (mut near, mut peer) = http(arm, Policy::https());
        let start: &[u8] =
            if arm.is_client() { b"HTTP/1.1 200 OK\r\n" } else { b"POST / HTTP/1.1\r\nHost: a\r\n" };
        peer.say_data(&[start, b"Content-Length: 2\r\n\r\nok"].concat());
        if in_flight {
            peer.say_data(start);
        }
        peer.fin();
        let end = near.read_on().1;
        assert_eq!(end.is_err(), in_flight, "a benign end is none");
        let ending = near.ending();
        assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary, "the wire looks the same");
        let severity = if in_flight { Severity::Warn } else { Severity::Debug };
        assert_eq!(ending.severity(near.framing()), severity, "and is not reported the same");
    }
}

/// #51
pub(crate) fn relay(arm: Arm) {
    let cut: fn(Peer) = |peer| peer.fin();
    let reset: fn(Peer) = Peer::reset;
    let whole: fn(Peer) = |mut peer| peer.say_close_notify();
    for (ends, is_whole) in [(cut, false), (reset, false), (whole, true)] {
        let (mut upstream, mut source) = arm.meet(Policy::proxy());
        let (mut downstream, sink) = arm.meet(Policy::proxy());
        source.say_data(b"half of a body");
        let mut body = [0; 14];
        assert_eq!(upstream.read(&mut body).unwrap(), 14);
        ends(source);
        assert_eq!(upstream.read(&mut [0; 8]).is_ok(), is_whole);
        let sink = far(sink, move |sink| if is_whole { sink.answer() } else { sink.hear_all() });
        downstream.write_all(&body).unwrap();
        let ending = downstream.close(Close::for_downstream(&upstream.ending()));
        let flight = sink.join().unwrap();
        if is_whole {
            assert!(ending.is_clean(), "{ending}");
            flight.ends_with(CLOSE_NOTIFY);
        } else {
            assert!(flight.alerts().is_empty(), "a truncation is not laundered: {:?}", flight.alerts());
            assert_eq!(flight.end, End::Reset, "{ending}");
        }
    }
}

/// #52: an attacker who delays the peer's close_notify can choose where a responder that answers by
/// itself is cut.
pub(crate) fn delayed_close_notify(arm: Arm) {
    for reply in [Reply::Discard, Reply::WhenAsked] {
        let (mut near, mut peer) = arm.meet(Policy { reply, ..Policy::STRICT });
        near.write_all(b"half of the answer").unwrap();
        peer.say_close_notify();
        near.learn_of_the_end();
        let rest = near.write_all(b", and the rest");
        let is_cut = !arm.is_13() && reply == Reply::Discard;
        assert_eq!(rest.is_err(), is_cut, "the application learns of the cut");
        assert!(rest.is_ok() || rest.unwrap_err().kind() == ErrorKind::BrokenPipe);
        near.close(Close::Graceful);
        let flight = peer.hear_all();
        let whole: &[u8] = b"half of the answer, and the rest";
        assert_eq!(flight.data(), if is_cut { &whole[..18] } else { whole });
        flight.ends_with(CLOSE_NOTIFY);
    }
    // Data that is not read because we have closed is counted, and the end is not clean.
    let (mut near, mut peer) = arm.meet(Policy { late_data: LateData::Discard, ..Policy::STRICT });
    peer.say_data(b"kept back until we had closed");
    peer.say_close_notify();
    let ending = near.close(Close::Graceful);
    assert!(ending.late > 0 && !ending.is_clean(), "{ending}");
    assert!(ending.truncation_possible(FramingState::DelimitedByEnd));
    assert_eq!(near.read_on().0, b"");
}

const PLAIN: &[u8] = b"220 plain again\r\n";

/// #55
pub(crate) fn hand_back(arm: Arm) {
    plaintext_after_close_notify(arm);
    plaintext_without_close_notify(arm);
    plaintext_before_the_handshake(arm);
}

fn plaintext_after_close_notify(arm: Arm) {
    let (near, peer) = arm.meet(Policy::ldap_stop_tls());
    let peer = far(peer, |peer| {
        let before = peer.hear_alert();
        let segment = [&peer.keys.close_notify()[..], PLAIN].concat();
        peer.say(&segment);
        let mut after = Vec::new();
        peer.socket.read_to_end(&mut after).unwrap();
        (before.last().unwrap().payload.clone(), after)
    });
    let (mut socket, mut read) = near.hand_back().unwrap();
    while read.len() < PLAIN.len() {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        read.extend(byte);
    }
    assert_eq!(read, PLAIN);
    socket.write_all(b"and back").unwrap();
    drop(socket);
    let (alert, after) = peer.join().unwrap();
    assert_eq!(alert, CLOSE_NOTIFY);
    assert_eq!(after, b"and back", "after our close_notify, as it was written");
}

/// Without a close_notify there is no plaintext, whether a FIN, plaintext or nothing takes its
/// place.
fn plaintext_without_close_notify(arm: Arm) {
    let fin: fn(&mut Peer) = |peer| peer.fin();
    let plain: fn(&mut Peer) = |peer| peer.say(PLAIN);
    let silent: fn(&mut Peer) = |_| ();
    for (says, kind) in
        [(fin, ErrorKind::UnexpectedEof), (plain, ErrorKind::InvalidData), (silent, ErrorKind::TimedOut)]
    {
        let (mut near, peer) = arm.meet(Policy::ldap_stop_tls());
        near.set_patience(SHORT);
        let peer = far(peer, move |peer| {
            peer.hear_alert();
            says(peer);
            // The transport is gone, and nothing came over it.
            let mut after = Vec::new();
            let _reset_or_end = peer.socket.read_to_end(&mut after);
            after
        });
        let error = near.hand_back().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(peer.join().unwrap().is_empty(), "{kind}");
    }
}

/// What came in the clear before TLS began is never read as TLS data (CVE-2023-40217).
fn plaintext_before_the_handshake(arm: Arm) {
    let (near, mut far) = sockets();
    far.write_all(b"USER somebody\r\n").unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    let mut near = arm.near(near, arm.session(Policy::STRICT));
    let mut data = [0; 64];
    let ending = ended(&near.read(&mut data).unwrap_err());
    assert!(matches!(ending.reading, ReadEnd::Refused(_)), "{ending}");
    assert_eq!(data, [0; 64]);
}

/// #56: a reply 226 means that the file is whole.
pub(crate) fn ftp_data(arm: Arm) {
    type Receives = fn(&mut Peer);
    let whole: Receives = |peer| peer.say_close_notify();
    let cut: Receives = |_| ();
    for (ends, is_whole) in [(whole, true), (cut, false)] {
        let (mut near, mut peer) = arm.meet(Policy::ftps_data());
        peer.say_data(b"a file that the end delimits");
        ends(&mut peer);
        peer.fin();
        let end = near.read_on().1;
        let ending = near.close(Close::Graceful);
        assert_eq!(
            (end.is_ok(), !ending.truncation_possible(FramingState::DelimitedByEnd)),
            (is_whole, is_whole)
        );
        assert_eq!(ending.is_clean(), is_whole, "{ending}");
    }
    sent_file(arm);
}

/// Only the peer's close_notify tells the sender of a file that it arrived.
fn sent_file(arm: Arm) {
    for answers in [true, false] {
        let (mut near, peer) = arm.meet(Policy::ftps_data());
        let peer = far(peer, move |peer| {
            if answers {
                return drop(peer.answer());
            }
            peer.hear_alert();
            peer.fin();
        });
        near.write_all(b"a file").unwrap();
        let ending: Ending = near.close(Close::Graceful);
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
        assert_eq!(ending.is_clean(), answers, "{ending}");
        assert_ne!(
            ending.delivery,
            Delivery::Confirmed,
            "a close_notify that nobody asked for proves nothing"
        );
        peer.join().unwrap();
    }
}
