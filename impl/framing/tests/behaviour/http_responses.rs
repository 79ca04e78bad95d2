use close_notify_framing::http::{BothLengths, Responses};
use close_notify_framing::{DelimitedByEnd as Tunnel, Fault, Framing, Way, What, websocket::Frames};

use crate::support::{BetweenMessages, DelimitedByEnd, InsideMessage, ends_with_each, fault_in, state_after};

fn asked(methods: &[&str]) -> Responses {
    let mut tracker = Responses::new();
    for method in methods {
        tracker.ask(method);
    }
    tracker
}

fn head(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes()
}

// RFC 9112 §6.3 · http-complete-by-length, http-incomplete-is-error
#[test]
fn a_content_length_ends_a_response_and_nothing_before_it_does() {
    ends_with_each(
        &mut Responses::new(),
        &[
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n\r",
        ],
    );
}

// RFC 9112 §7.1 · http-complete-by-length, http-incomplete-is-error
#[test]
fn the_last_chunk_and_its_trailers_end_a_response() {
    ends_with_each(&mut Responses::new(), &[
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0\r\n\r\n\r\n012\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n00 ; a\r\nDigest: x\r\nExpires: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ]);
}

// RFC 9112 §6.3, §9.8 · http-close-delimited-needs-notify
#[test]
fn without_a_length_only_the_end_delimits_a_response() {
    assert_eq!(state_after(Responses::new(), &head("")), DelimitedByEnd);
    assert_eq!(state_after(Responses::new(), &[&head("")[..], b"0\r\n\r\n"].concat()), DelimitedByEnd);
    assert_eq!(state_after(Responses::new(), &head("Transfer-Encoding: gzip\r\n")), DelimitedByEnd);
    assert_eq!(state_after(Responses::new(), &head("Transfer-Encoding: chunked, gzip\r\n")), DelimitedByEnd);
}

// RFC 9112 §6.3
#[test]
fn a_response_that_may_have_no_content_ends_with_its_header_section() {
    let length = head("Content-Length: 5\r\n");
    assert_eq!(state_after(asked(&["HEAD"]), &length), BetweenMessages);
    assert_eq!(state_after(asked(&["head"]), &length), InsideMessage, "methods have a case");
    for status in ["204 No Content", "304 Not Modified"] {
        let response =
            format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(state_after(Responses::new(), response.as_bytes()), BetweenMessages);
    }
}

// RFC 9110 §15.2
#[test]
fn an_interim_response_is_not_the_one_that_is_owed() {
    let mut tracker = asked(&["HEAD"]);
    tracker.received(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 1));
    tracker.received(&head("Content-Length: 5\r\n"));
    assert_eq!((tracker.state(), tracker.owed()), (BetweenMessages, 0));
}

// RFC 9112 §9.3.2, §9.8
#[test]
fn a_response_that_is_owed_leaves_the_connection_in_use() {
    let mut tracker = Responses::new();
    tracker.sent(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nHEADGET /c HTTP/1.1\r\n\r\n");
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 3));
    tracker.received(&head("Content-Length: 9\r\n"));
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 2));
    tracker.received(&head("Content-Length: 0\r\n"));
    tracker.received(&head("Content-Length: 1\r\n"));
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 0));
    tracker.received(b"x");
    assert_eq!(tracker.state(), BetweenMessages);
}

// RFC 9110 §9.3.6
#[test]
fn a_tunnel_is_delimited_by_its_end() {
    let mut tracker = asked(&["CONNECT"]);
    tracker.received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1");
    assert!(tracker.is_switched());
    assert_eq!(tracker.state(), DelimitedByEnd);
    assert_eq!(tracker.next(), &Tunnel);
    let refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(state_after(asked(&["CONNECT"]), refused), BetweenMessages);
}

// RFC 9110 §7.8; RFC 6455 §4.1
#[test]
fn the_next_protocol_takes_over_with_the_byte_after_the_switch() {
    let mut tracker = Responses::new().then(Frames::of_server());
    tracker.sent(b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    tracker.received(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02h");
    assert_eq!(tracker.state(), InsideMessage);
    tracker.received(b"i");
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.sent(b"\x81\x80aaaa");
    tracker.received(b"\x88\x00");
    assert!(tracker.next().is_peer_closing());
    assert_eq!((tracker.state(), tracker.fault()), (BetweenMessages, None));
}

// RFC 9110 §7.8
#[test]
fn what_we_send_of_a_request_that_switched_is_none_of_the_next_protocol() {
    struct Told(Vec<u8>);
    impl Framing for Told {
        fn received(&mut self, _: &[u8]) {}
        fn sent(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn state(&self) -> close_notify_framing::FramingState {
            BetweenMessages
        }
    }
    let mut tracker = Responses::new().then(Told(Vec::new()));
    tracker.sent(b"GET / HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\na");
    tracker.received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    tracker.sent(b"bcnext");
    assert_eq!(tracker.next().0, b"next");
}

#[test]
fn content_that_we_send_badly_after_a_switch_takes_back_nothing_that_was_released() {
    let mut tracker = Responses::new();
    tracker.sent(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    tracker.received(b"HTTP/1.1 101 Switching Protocols\r\n\r\nnext");
    let released = tracker.releasable();
    tracker.sent(b"none");
    assert_eq!(tracker.fault().map(|fault| (fault.what, fault.way)), Some((What::Chunk, Way::Sent)));
    assert_eq!((tracker.state(), tracker.releasable()), (InsideMessage, released));
}

#[test]
fn a_fault_of_the_next_protocol_stays_when_our_own_content_goes_wrong_after_it() {
    let mut tracker = Responses::new().then(Frames::of_server());
    tracker.sent(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    tracker.received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\xff");
    let fault = tracker.fault();
    assert_eq!(fault.map(|fault| fault.what), Some(What::Reserved));
    tracker.sent(b"none");
    assert_eq!(tracker.fault(), fault);
}

// RFC 9110 §10.1.1 · http-complete-by-length
#[test]
fn a_response_in_place_of_100_is_whole_by_its_own_length() {
    let mut tracker = Responses::new();
    tracker.sent(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    tracker.received(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n");
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 0));
    tracker.received(b"no");
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.sent(b"GETHEAD / HTTP/1.1\r\n\r\n"); // the content, and another request
    assert_eq!((tracker.state(), tracker.owed()), (InsideMessage, 1));
}

#[test]
fn a_fault_of_the_next_protocol_is_counted_from_the_first_byte() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    let bytes = [&switch[..], b"\x81\x00\xff"].concat();
    let found = fault_in(Responses::new().then(Frames::of_server()), &bytes);
    assert_eq!(found, Some((What::Reserved, switch.len() as u64 + 2)));
}

// RFC 9112 §6.3
#[test]
fn lengths_that_are_equal_are_one_length() {
    for fields in
        ["Content-Length: 2\r\ncontent-length: 2\r\n", "Content-Length: 2, 2\r\n", "Content-Length:\t2 \r\n"]
    {
        let bytes = [&head(fields)[..], b"hi"].concat();
        assert_eq!(state_after(Responses::new(), &bytes), BetweenMessages, "{fields}");
    }
}

// RFC 9112 §6.1, §6.3
#[test]
fn a_length_that_may_be_read_in_two_ways_is_a_fault() {
    for (fields, what) in [
        ("Content-Length: 2\r\nContent-Length: 3\r\n", What::ContentLength),
        ("Content-Length: 2, 3\r\n", What::ContentLength),
        ("Content-Length: 2,\r\n", What::ContentLength),
        ("Content-Length: +2\r\n", What::ContentLength),
        ("Content-Length: -2\r\n", What::ContentLength),
        ("Content-Length: 0x2\r\n", What::ContentLength),
        ("Content-Length: \r\n", What::ContentLength),
        ("Content-Length: 18446744073709551616\r\n", What::ContentLength),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", What::LengthAndCoding),
        ("Transfer-Encoding: chunked, chunked\r\n", What::TransferEncoding),
        ("Transfer-Encoding: chunked;a=b\r\n", What::TransferEncoding),
        ("Transfer-Encoding: x;a=\"b, chunked\"\r\n", What::TransferEncoding),
    ] {
        assert_eq!(fault_in(Responses::new(), &head(fields)), Some((what, 0)), "{fields}");
    }
}

// RFC 9112 §6.1
#[test]
fn a_transfer_coding_in_http_1_0_is_a_fault_whatever_is_chosen() {
    for choice in [BothLengths::Refuse, BothLengths::TransferEncodingOverrides] {
        for length in ["", "Content-Length: 2\r\n"] {
            let old = format!("HTTP/1.0 200 OK\r\n{length}Transfer-Encoding: chunked\r\n\r\n");
            let found = fault_in(Responses::new().both_lengths(choice), old.as_bytes());
            assert_eq!(found, Some((What::TransferEncoding, 0)), "{old:?}");
        }
    }
}

// RFC 9112 §6.3, §11.1
#[test]
fn a_coding_overrides_a_length_beside_it_if_that_is_chosen() {
    let chosen = || Responses::new().both_lengths(BothLengths::TransferEncodingOverrides);
    for length in ["3", "9, 9", "1, 2", "none", ""] {
        let both = head(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"));
        assert_eq!(fault_in(Responses::new(), &both), Some((What::LengthAndCoding, 0)), "{length}");
        ends_with_each(&mut chosen(), &[&[&both[..], b"1\r\na\r\n0\r\n\r\n"].concat()]);
        let both = head(&format!("Transfer-Encoding: gzip\r\nContent-Length: {length}\r\n"));
        assert_eq!(state_after(chosen(), &both), DelimitedByEnd, "{length}");
    }
    assert_eq!(fault_in(chosen(), &head("Content-Length: 1, 2\r\n")), Some((What::ContentLength, 0)));
    let found = fault_in(chosen(), &head("Content-Length: 1\r\nTransfer-Encoding: chunked, chunked\r\n"));
    assert_eq!(found, Some((What::TransferEncoding, 0)));
}

#[test]
fn the_text_for_a_length_beside_a_coding_names_the_choice() {
    let text = What::LengthAndCoding.to_string();
    assert!(text.contains("BothLengths::TransferEncodingOverrides"), "{text}");
}

// RFC 9112 §6.3: the length is by chunks, whatever they hold
#[test]
fn an_unknown_coding_before_chunked_is_followed() {
    let bytes = [&head("Transfer-Encoding: unheard-of, chunked\r\n")[..], b"1\r\na\r\n0\r\n\r\n"].concat();
    ends_with_each(&mut Responses::new(), &[&bytes]);
    let last = head("Transfer-Encoding: unheard-of\r\n");
    assert_eq!(state_after(Responses::new(), &last), DelimitedByEnd);
}

// RFC 9112 §7.1
#[test]
fn a_chunk_that_is_none_is_a_fault_at_its_byte() {
    let before = head("Transfer-Encoding: chunked\r\n");
    for (chunks, at) in [
        ("x", 0),
        ("\r\n", 0),
        (";a\r\n", 0),
        (" 1\r\n", 0),
        ("-1\r\n", 0),
        ("1\n", 1),
        ("1;a\n", 3),
        ("1 1\r\n", 2),
        ("1\r\r\n", 2),
        ("1\r\nab", 4),
        ("1\r\na\n", 4),
        ("1\r\na\r\r", 5),
        ("fffffffffffffffff\r\n", 16),
    ] {
        let bytes = [&before[..], chunks.as_bytes()].concat();
        let expected = Some((What::Chunk, (before.len() + at) as u64));
        assert_eq!(fault_in(Responses::new(), &bytes), expected, "{chunks:?}");
    }
}

// RFC 9112 §2.2, §5.2: what httparse accepts
#[test]
fn old_line_ends_are_taken() {
    assert_eq!(state_after(Responses::new(), b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx"), BetweenMessages);
    assert_eq!(
        state_after(Responses::new(), &head("A: b\r\n c\r\nContent-Length:\r\n 0\r\n")),
        BetweenMessages
    );
}

// RFC 9112 §2.2
#[test]
fn empty_lines_before_a_message_are_between_messages() {
    let mut tracker = Responses::new();
    tracker.received(b"\r\n\n\r\n");
    assert_eq!(tracker.state(), BetweenMessages);
    tracker.received(b"\r");
    assert_eq!(tracker.state(), InsideMessage);
}

#[test]
fn a_header_section_that_is_none_is_a_fault_where_it_begins() {
    let whole: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
    for section in [
        &b"HTTP/2 200 OK\r\n\r\n"[..],
        b"220 smtp\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"\0\r\n\r\n",
    ] {
        let bytes = [whole, section].concat();
        let expected = Some((What::HeaderSection, whole.len() as u64));
        assert_eq!(fault_in(Responses::new(), &bytes), expected, "{:?}", String::from_utf8_lossy(section));
    }
    let trailers = [&head("Transfer-Encoding: chunked\r\n")[..], b"0\r\n"].concat();
    let bytes = [&trailers[..], b"no colon\r\n\r\n"].concat();
    assert_eq!(fault_in(Responses::new(), &bytes), Some((What::HeaderSection, trailers.len() as u64)));
}

#[test]
fn a_header_section_is_bounded_in_bytes_and_fields() {
    let bytes = head("Content-Length: 0\r\n");
    let limit = bytes.len();
    assert_eq!(state_after(Responses::new().with_limit(limit), &bytes), BetweenMessages);
    let found = fault_in(Responses::new().with_limit(limit - 1), &bytes);
    assert_eq!(found, Some((What::HeaderSectionTooLong, limit as u64 - 1)));
    assert_eq!(fault_in(Responses::new(), &[b'a'; 70_000]), Some((What::HeaderSectionTooLong, 65_536)));
    assert_eq!(fault_in(Responses::new(), &head(&"a: b\r\n".repeat(128))), None);
    assert_eq!(fault_in(Responses::new(), &head(&"a: b\r\n".repeat(129))), Some((What::TooManyHeaders, 0)));
}

#[test]
fn a_request_of_ours_that_is_none_loses_the_responses() {
    let mut tracker = Responses::new();
    tracker.sent(b"GET / HTTP/1.1\r\n\r\nnone\r\n\r\n");
    assert_eq!(tracker.fault(), Some(Fault { what: What::HeaderSection, way: Way::Sent, offset: 18 }));
    tracker.received(&head("Content-Length: 0\r\n"));
    assert_eq!(tracker.state(), InsideMessage);
}

#[test]
fn requests_without_responses_are_bounded() {
    let mut tracker = asked(&["GET"; 1024]);
    assert_eq!(tracker.fault(), None);
    tracker.ask("GET");
    assert_eq!(tracker.fault().map(|fault| fault.what), Some(What::TooManyOutstanding));
}
