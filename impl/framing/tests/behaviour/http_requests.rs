use close_notify_framing::http::{BothLengths, Requests};
use close_notify_framing::{Framing, Way, What, websocket::Frames};

use crate::support::{BetweenMessages, DelimitedByEnd, InsideMessage, ends_with_each, fault_in, state_after};

const EXPECTS: &[u8] = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const REFUSED: &[u8] = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
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
fn a_switch_may_be_reported_if_answers_are_not() {
    let mut tracker = Requests::new();
    tracker.received(UPGRADE);
    tracker.switch();
    assert_eq!((tracker.state(), tracker.fault()), (DelimitedByEnd, None));
}

// RFC 9110 §7.8
#[test]
fn content_that_is_due_comes_before_the_next_protocol() {
    let before =
        [&UPGRADE[..UPGRADE.len() - 2], b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"];
    for (came, comes) in
        [(&b""[..], &b"1\r\na\r\n0\r\nA: b\r\n\r\n"[..]), (b"1\r\na\r\n0\r\nA", b": b\r\n\r\n")]
    {
        for interim in [CONTINUE, b""] {
            let mut tracker = Requests::new().then(Frames::of_client());
            tracker.received(&[&before.concat(), came].concat());
            tracker.sent(&[interim, SWITCHING, b"\x81\x01x"].concat());
            assert!(!tracker.is_switched());
            assert_eq!(tracker.state(), InsideMessage, "101 refuses no content");
            ends_with_each(&mut tracker, &[comes]);
            assert!(tracker.is_switched());
            ends_with_each(&mut tracker, &[b"\x81\x81aaaax"]);
            assert_eq!(tracker.releasable(), u64::MAX);
            tracker.received(b"\xff");
            let received = before.concat().len() + came.len() + comes.len() + 7;
            assert_eq!(tracker.fault().map(|fault| fault.offset), Some(received as u64));
        }
    }
}

#[test]
fn after_a_switch_refused_content_is_due_again() {
    let mut tracker = Requests::new().then(Frames::of_client());
    tracker.received(EXPECTS);
    tracker.sent(REFUSED);
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.sent(SWITCHING); // in answer to nothing
    assert_eq!(tracker.state(), InsideMessage);
    ends_with_each(&mut tracker, &[b"abc", b"\x81\x81aaaax"]);
}

// RFC 9110 §9.3.6: CONNECT has no content, and what follows it can be read in two ways
#[test]
fn a_tunnel_before_the_content_of_connect_is_a_fault() {
    for expect in ["", "Expect: 100-continue\r\n"] {
        let mut tracker = Requests::new();
        tracker.received(format!("CONNECT a:1 HTTP/1.1\r\n{expect}Content-Length: 3\r\n\r\n").as_bytes());
        tracker.sent(b"HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(tracker.fault().map(|fault| fault.what), Some(What::BeforeAnswer));
        assert_eq!(tracker.state(), InsideMessage);
    }
}

// RFC 9110 §10.1.1
#[test]
fn after_a_final_status_in_place_of_100_no_content_is_to_come() {
    for status in ["200 OK", "204 No Content", "302 Found", "413 Content Too Large", "417 No", "503 No"] {
        for length in ["Content-Length: 3", "Transfer-Encoding: chunked"] {
            let mut tracker = Requests::new();
            tracker
                .received(format!("PUT / HTTP/1.1\r\nexpect:\t100-Continue\r\n{length}\r\n\r\n").as_bytes());
            assert_eq!(tracker.state(), InsideMessage);
            tracker.sent(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n");
            assert_eq!(tracker.state(), InsideMessage);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            for (at, byte) in answer.bytes().enumerate() {
                tracker.sent(&[byte]);
                let expected = if at + 1 == answer.len() { BetweenMessages } else { InsideMessage };
                assert_eq!(tracker.state(), expected, "byte {at} of {answer:?}");
            }
            assert_eq!(tracker.fault(), None);
        }
    }
}

// RFC 9110 §10.1.1: the client may have begun, or may not know of the status
#[test]
fn refused_content_that_comes_all_the_same_is_content() {
    let mut tracker = Requests::new();
    tracker.received(EXPECTS);
    tracker.sent(REFUSED);
    ends_with_each(&mut tracker, &[b"GET", b"GET / HTTP/1.1\r\n\r\n"]);
    let chunked = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut tracker = Requests::new();
    tracker.received(chunked);
    tracker.sent(REFUSED);
    ends_with_each(&mut tracker, &[b"3\r\nGET\r\n0\r\nA: b\r\n\r\n"]);
    tracker.received(chunked);
    tracker.sent(REFUSED);
    tracker.received(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(tracker.fault().map(|fault| fault.what), Some(What::Chunk), "it is no request");
}

// RFC 9110 §10.1.1, RFC 9112 §9.5 · http-incomplete-is-error
#[test]
fn content_that_was_asked_for_or_has_begun_is_cut_whatever_was_answered() {
    let plain = b"PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\n";
    let old = b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let other = b"PUT / HTTP/1.1\r\nExpect: 100-continued\r\nContent-Length: 3\r\n\r\n";
    let quoted = b"PUT / HTTP/1.1\r\nExpect: a=\", 100-continue ,\"\r\nContent-Length: 3\r\n\r\n";
    for request in [&plain[..], old, other, quoted] {
        let mut tracker = Requests::new();
        tracker.received(request);
        tracker.sent(REFUSED);
        assert_eq!(tracker.state(), InsideMessage, "{:?}", String::from_utf8_lossy(request));
    }
    let mut asked_for = Requests::new();
    asked_for.received(EXPECTS);
    asked_for.sent(CONTINUE);
    asked_for.sent(REFUSED);
    assert_eq!(asked_for.state(), InsideMessage);
    let mut begun = Requests::new();
    begun.received(EXPECTS);
    begun.received(b"a");
    begun.sent(REFUSED);
    assert_eq!(begun.state(), InsideMessage);
    ends_with_each(&mut begun, &[b"bc"]);
}

// RFC 9112 §9.3.2: responses come in the order of their requests
#[test]
fn the_expectation_is_refused_by_its_own_response_alone() {
    let mut tracker = Requests::new();
    tracker.received(b"GET / HTTP/1.1\r\n\r\n");
    tracker.received(EXPECTS);
    tracker.sent(CONTINUE); // to the first request
    tracker.sent(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.sent(REFUSED);
    assert_eq!(tracker.state(), BetweenMessages);

    let mut early = Requests::new();
    early.received(&EXPECTS[..10]);
    early.sent(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    early.received(&EXPECTS[10..]);
    assert_eq!(early.state(), InsideMessage);
    early.sent(REFUSED);
    early.received(b"abc");
    early.received(EXPECTS);
    assert_eq!(early.state(), InsideMessage, "what was refused is the one before");
}

#[test]
fn an_expectation_without_content_is_nothing() {
    for length in ["", "Content-Length: 0\r\n"] {
        let request = format!("GET / HTTP/1.1\r\nExpect: 100-continue\r\n{length}\r\n");
        let mut tracker = Requests::new();
        ends_with_each(&mut tracker, &[request.as_bytes()]);
        tracker.sent(REFUSED);
        ends_with_each(&mut tracker, &[b"GET / HTTP/1.1\r\n\r\n"]);
    }
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
fn a_server_that_passes_no_answers_is_not_lost_by_many_requests() {
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
        assert_eq!(state_after(Requests::new(), &request[..cut]), InsideMessage, "cut at {cut}");
    }
}
