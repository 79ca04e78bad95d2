use close_notify_framing::http::{BothLengths, Requests};
use close_notify_framing::{Framing, Way, What, websocket::Frames};

use crate::support::{
    BetweenMessages, DelimitedByEnd, InsideMessage, ends_with_each, fault_in, state_behind,
};

const UPGRADE: &[u8] = b"GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

// RFC 9112 §6.3, §9.3 · http-complete-by-length, http-incomplete-is-error
#[test]
fn requests_follow_each_other() {
    ends_with_each(
        &mut Requests::new(),
        &[
            b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET",
            b"HEAD / HTTP/1.0\r\n\r\n",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\nA: b\r\n\r\n",
        ],
    );
}

// RFC 9112 §2.2
#[test]
fn empty_lines_before_a_request_line_are_between_messages() {
    let mut tracker = Requests::new();
    for expected in [InsideMessage, BetweenMessages, InsideMessage, BetweenMessages] {
        tracker.received(if expected == BetweenMessages { b"\n" } else { b"\r" });
        assert_eq!(tracker.state(), expected);
    }
    tracker.received(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!((tracker.state(), tracker.fault()), (BetweenMessages, None));
}

// RFC 9112 §6.3
#[test]
fn the_end_of_the_connection_delimits_no_request() {
    let gzip = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(fault_in(Requests::new(), gzip), Some((What::TransferEncoding, 0)));
}

// RFC 9112 §6.1, §6.3, §11.2
#[test]
fn a_coding_overrides_a_length_beside_it_if_that_is_chosen() {
    let both = b"POST / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(fault_in(Requests::new(), both), Some((What::LengthAndCoding, 0)));
    assert_eq!(
        fault_in(Requests::new().both_lengths(BothLengths::Refuse), both),
        Some((What::LengthAndCoding, 0))
    );
    let chosen = || Requests::new().both_lengths(BothLengths::TransferEncodingOverrides).with_limit(1000);
    ends_with_each(
        &mut chosen(),
        &[&[&both[..], b"1\r\na\r\n0\r\n\r\n"].concat(), b"GET / HTTP/1.1\r\n\r\n"],
    );
    let gzip = b"POST / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(fault_in(chosen(), gzip), Some((What::TransferEncoding, 0)));
}

// RFC 9110 §7.8
#[test]
fn a_101_of_ours_hands_over_to_the_next_protocol() {
    let mut tracker = Requests::new().then(Frames::of_client());
    tracker.received(UPGRADE);
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.sent(SWITCHING);
    assert!(tracker.is_switched());
    tracker.received(b"\x81\x81aaaa");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.received(b"x");
    assert_eq!((tracker.state(), tracker.fault()), (BetweenMessages, None));
}

// RFC 9110 §9.3.6
#[test]
fn a_2xx_of_ours_to_connect_opens_a_tunnel() {
    let connect = b"CONNECT example.org:443 HTTP/1.1\r\n\r\n";
    let mut tracker = Requests::new();
    tracker.received(connect);
    tracker.sent(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.received(connect);
    tracker.sent(b"HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(tracker.state(), DelimitedByEnd);
}

#[test]
fn a_switch_may_be_told_where_answers_are_not() {
    let mut tracker = Requests::new();
    tracker.received(UPGRADE);
    tracker.switch();
    assert_eq!((tracker.state(), tracker.fault()), (DelimitedByEnd, None));
}

// RFC 9110 §7.8
#[test]
fn the_next_protocol_before_its_answer_is_a_fault() {
    for early in [&b"\x81\x81aaaax"[..], b"GET /next HTTP/1.1\r\n\r\n"] {
        let mut tracker = Requests::new().then(Frames::of_client());
        tracker.received(UPGRADE);
        tracker.received(early);
        tracker.sent(SWITCHING);
        let fault = tracker.fault().expect("it was early");
        assert_eq!((fault.what, fault.way), (What::BeforeAnswer, Way::Received));
        assert_eq!(tracker.state(), InsideMessage);
    }
}

#[test]
fn responses_of_ours_do_not_hide_the_one_that_switches() {
    let mut tracker = Requests::new();
    tracker.received(b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    tracker.received(UPGRADE);
    tracker.sent(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
    tracker.sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    assert!(!tracker.is_switched());
    tracker.sent(SWITCHING);
    assert!(tracker.is_switched());
}

#[test]
fn a_server_that_tells_no_answers_is_not_lost_by_many_requests() {
    let mut tracker = Requests::new();
    tracker.received(&b"GET / HTTP/1.1\r\n\r\n".repeat(3000));
    assert_eq!((tracker.state(), tracker.fault()), (BetweenMessages, None));
}

#[test]
fn a_client_that_reads_no_answers_is_a_fault_in_the_end() {
    let mut tracker = Requests::new();
    tracker.sent(b"HTTP/1.1 100 Continue\r\n\r\n");
    tracker.received(&b"GET / HTTP/1.1\r\n\r\n".repeat(1024));
    assert_eq!(tracker.fault(), None);
    tracker.received(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(tracker.fault().map(|fault| fault.what), Some(What::TooManyOutstanding));
}

#[test]
fn a_request_cut_at_any_byte_is_no_request() {
    let request = b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\nabc";
    for cut in 1..request.len() {
        assert_eq!(state_behind(Requests::new(), &request[..cut]), InsideMessage, "cut at {cut}");
    }
}
