//! What a tracker reports does not depend on the pieces in which it gets the bytes.

use close_notify_framing::lines::{LineEnd, Lines, Replies};
use close_notify_framing::{Counts, Fault, Framing, FramingState, LengthPrefixed, Width};
use close_notify_framing::{http, imap, ldap, smtp, websocket};

type Said = (FramingState, Option<Fault>, u64);

fn said(tracker: &dyn Framing, received: usize) -> Said {
    (tracker.state(), tracker.fault(), tracker.releasable().min(received as u64))
}

/// After every prefix, it reports the same for the bytes at once, byte by byte, and in any two
/// pieces.
fn says_the_same_in_all_pieces<F: Framing + Clone>(start: &F, sample: &[u8]) {
    let mut by_byte = start.clone();
    for end in 0..=sample.len() {
        if end > 0 {
            by_byte.received(&sample[end - 1..end]);
        }
        let expected = said(&by_byte, end);
        for cut in 0..=end {
            let mut in_two = start.clone();
            in_two.received(&sample[..cut]);
            in_two.received(&sample[cut..end]);
            assert_eq!(
                said(&in_two, end),
                expected,
                "{end} bytes of {:?}, cut at {cut}",
                String::from_utf8_lossy(sample)
            );
        }
    }
}

#[test]
fn http() {
    for sample in [
        &b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n\r\nHTTP/1.1 200 OK\n\nx"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n0\r\nA: b\r\n\r\n\nHTTP/1.1 101 Sw\r\n\r\n\x01\x01a\x80\x00\xff",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nnonsense\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ] {
        let responses = http::Responses::new().then(websocket::Frames::of_server());
        says_the_same_in_all_pieces(&responses, sample);
        says_the_same_in_all_pieces(&responses.with_limit(24), sample);
    }
    let requests = b"\n\r\nGET / HTTP/1.1\r\n\r\nPUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA \r\n0123456789\r\n0\r\n\r\nGET x";
    says_the_same_in_all_pieces(&http::Requests::new(), requests);
}

#[test]
fn what_is_sent() {
    let requests =
        b"HEAD / HTTP/1.1\r\n\r\nPUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n";
    for cut in 0..=requests.len() {
        let mut tracker = http::Responses::new();
        tracker.sent(&requests[..cut]);
        tracker.sent(&requests[cut..]);
        assert_eq!(tracker.owed(), 3, "cut at {cut}");
    }
    let answers = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 417 x\r\nContent-Length: 1\r\n\r\nx";
    for cut in 0..=answers.len() {
        let mut tracker = http::Requests::new();
        tracker.received(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        tracker.sent(&answers[..cut]);
        tracker.sent(&answers[cut..]);
        assert_eq!(tracker.state(), FramingState::BetweenMessages, "cut at {cut}");
    }
    let replies = b"250-a\r\n250 b\r\n354 c\r\n";
    for cut in 0..=replies.len() {
        let mut tracker = smtp::Commands::new();
        tracker.received(b"NOOP\r\nDATA\r\n");
        tracker.sent(&replies[..cut]);
        tracker.sent(&replies[cut..]);
        tracker.received(b".\r");
        assert_eq!((tracker.state(), tracker.fault()), (FramingState::InsideMessage, None));
        tracker.received(b"\n");
        assert_eq!(tracker.state(), FramingState::BetweenMessages, "cut at {cut}");
    }
    let answers = b"* 1 FETCH {3}\r\na1 )\r\na1 NO x\r\n";
    for cut in 0..=answers.len() {
        let mut tracker = imap::Commands::new();
        tracker.received(b"a1 APPEND {9}\r\n");
        tracker.sent(&answers[..cut]);
        tracker.sent(&answers[cut..]);
        assert_eq!(tracker.state(), FramingState::BetweenMessages, "cut at {cut}");
    }
}

#[test]
fn websocket() {
    for sample in [
        &b"\x01\x02he\x89\x01!\x80\x03llo\x82\x00\x88\x02\x03\xe8after"[..],
        b"\x82\x7e\x00\x7e____________________\xff",
        b"\x81\x01a\xf1\x00",
    ] {
        says_the_same_in_all_pieces(&websocket::Frames::of_server(), sample);
    }
    says_the_same_in_all_pieces(
        &websocket::Frames::of_client(),
        b"\x81\x83\x81\x81\x81\x81abc\x88\x80____\x81",
    );
}

#[test]
fn lines() {
    for sample in [
        &b"250-a\r\n250-b\r\n250 c\r\n\r\n"[..],
        b"123-a\r\n b\r\n12\r\n123\r\n220 x\r\nbad\r\n",
        b"a\n\r\r\n\nb\r\n",
    ] {
        says_the_same_in_all_pieces(&Replies::smtp(), sample);
        says_the_same_in_all_pieces(&Replies::ftp(), sample);
        says_the_same_in_all_pieces(&Lines::new(LineEnd::CrLf), sample);
        says_the_same_in_all_pieces(&Lines::new(LineEnd::Lf), sample);
    }
}

#[test]
fn mail() {
    let mut in_mail = smtp::Commands::new();
    in_mail.received(b"DATA\r\n");
    in_mail.sent(b"354 go on\r\n");
    says_the_same_in_all_pieces(
        &in_mail,
        b"a\r\n.b\n.\n\r\r\n.\r\nBDAT 3\r\nab\nBDAT 2 LAST\r\n\r\nDATA\r\nx",
    );
    for sample in [
        &b"a LOGIN {3}\r\n\r\n\r {2+}\r\nab\r\nb NOOP\r\n"[..],
        b"* OK {3}\r\n* 1 FETCH {0}\r\n)\r\n* {99999999999999999999}\r\n",
    ] {
        says_the_same_in_all_pieces(&imap::Commands::new(), sample);
        says_the_same_in_all_pieces(&imap::Responses::new(), sample);
    }
}

#[test]
fn lengths() {
    let two = LengthPrefixed::big_endian(Width::Two, 20);
    says_the_same_in_all_pieces(&two, b"\0\x03abc\0\0\0\x01a\x01\0");
    let four = LengthPrefixed::little_endian(Width::Four, 20).after(1).counting(Counts::ItselfAndRest);
    says_the_same_in_all_pieces(&four, b"Z\x05\0\0\0IX\x04\0\0\0Y\x03\0\0\0");
    let untyped = LengthPrefixed::big_endian(Width::One, 300).after(1).first_after(0).split_when_full();
    let full = [&b"\x02abZ\xff"[..], &[b'x'; 255], b"Z\x01aZ\0"].concat();
    says_the_same_in_all_pieces(&untyped, &full);
    says_the_same_in_all_pieces(&ldap::Messages::new(20), b"\x30\x03abc\x30\x00\x30\x82\0\x02ab\x30\x80");
}
