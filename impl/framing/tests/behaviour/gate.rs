use std::io::{self, Read, Write};

use close_notify_framing::{
    Framing, FramingState, Gate, Gated, What,
    http::{Requests, Responses},
    lines::{LineEnd, Lines},
    websocket::Frames,
};

use crate::support::{BetweenMessages, InsideMessage};

const COOKIE: &[u8] =
    b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/; Secure; HttpOnly\r\nContent-Length: 2\r\n\r\nok";
const COOKIE_HEAD: usize = COOKIE.len() - 2;

fn passed<F: Framing>(gate: &mut Gate<F>, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = gate.pass(bytes, &mut out);
    out
}

// RFC 9112 §8 · http-headers-cut
#[test]
fn a_header_section_that_is_cut_at_any_byte_yields_nothing() {
    for cut in 0..COOKIE_HEAD {
        let mut gate = Gate::new(Responses::new());
        assert_eq!(passed(&mut gate, &COOKIE[..cut]), b"", "cut at {cut}");
        assert_eq!(gate.held(), cut);
        let mut gate = Gate::new(Responses::new());
        for byte in &COOKIE[..cut] {
            assert_eq!(passed(&mut gate, &[*byte]), b"", "cut at {cut}");
        }
        let mut text = Vec::new();
        let error = Gated::new(&COOKIE[..cut], Responses::new()).read_to_end(&mut text);
        assert_eq!(error.is_err(), cut > 0);
        assert_eq!(text, b"", "cut at {cut}");
    }
}

#[test]
fn a_whole_header_section_comes_out_with_its_last_byte() {
    let mut gate = Gate::new(Responses::new());
    assert_eq!(passed(&mut gate, &COOKIE[..COOKIE_HEAD - 1]), b"");
    assert_eq!(passed(&mut gate, &COOKIE[COOKIE_HEAD - 1..COOKIE_HEAD]), &COOKIE[..COOKIE_HEAD]);
    assert_eq!(passed(&mut gate, &COOKIE[COOKIE_HEAD..]), b"ok");
    assert_eq!(gate.state(), BetweenMessages);
}

#[test]
fn a_gate_holds_the_longest_header_section_that_its_tracker_takes() {
    let (start, end) = ("HTTP/1.1 200 OK\r\na: ", "\r\n\r\n");
    let longest = format!("{start}{}{end}", "b".repeat(65_536 - start.len() - end.len()));
    for piece in [1000, longest.len()] {
        let mut gate = Gate::new(Responses::new());
        let out: Vec<u8> =
            longest.as_bytes().chunks(piece).flat_map(|bytes| passed(&mut gate, bytes)).collect();
        assert_eq!((out.len(), gate.fault()), (65_536, None));
    }
}

#[test]
fn content_is_not_held_back() {
    let mut gate = Gate::new(Requests::new());
    let request = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    assert_eq!(passed(&mut gate, request), request);
}

// RFC 9112 §7.1.2 · http-headers-cut
#[test]
fn a_trailer_section_that_is_cut_yields_nothing() {
    let content = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n";
    let trailers = b"Digest: abc\r\nX: y\r\n\r\n";
    for cut in 0..trailers.len() {
        let mut gate = Gate::new(Requests::new());
        assert_eq!(passed(&mut gate, &[content, &trailers[..cut]].concat()), content, "cut at {cut}");
    }
}

#[test]
fn what_comes_after_a_fault_never_comes_out() {
    let mut gate = Gate::new(Responses::new());
    let good = b"HTTP/1.1 204 No Content\r\n\r\n";
    let mut out = Vec::new();
    let fault = gate.pass(&[&good[..], b"HTTP/1.1 OK\r\n\r\n", good].concat(), &mut out).unwrap_err();
    assert_eq!((fault.what, fault.offset), (What::HeaderSection, good.len() as u64));
    assert_eq!(out, good);
    assert_eq!(gate.pass(good, &mut out), Err(fault));
    assert_eq!(out, good);
}

/// Holds back each line until it is whole.
struct WholeLines {
    lines: Lines,
    received: u64,
    whole: u64,
}

impl Framing for WholeLines {
    fn received(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.lines.received(&[*byte]);
            self.received += 1;
            if self.lines.state() == BetweenMessages {
                self.whole = self.received;
            }
        }
    }

    fn state(&self) -> FramingState {
        self.lines.state()
    }

    fn releasable(&self) -> u64 {
        self.whole
    }
}

#[test]
fn what_is_held_back_is_bounded_whatever_the_pieces() {
    for piece in [1, 2, 5, 6, 7, 100] {
        let lines = WholeLines { lines: Lines::new(LineEnd::Lf), received: 0, whole: 0 };
        let mut gate = Gate::with_limit(lines, 5);
        let (mut out, mut fault) = (Vec::new(), None);
        for bytes in b"12345\n\n1234\n123456\n1\n".chunks(piece) {
            fault = gate.pass(bytes, &mut out).err();
        }
        let fault = fault.expect("the fourth line is too long");
        assert_eq!((fault.what, fault.offset), (What::HeldTooLong, 17), "pieces of {piece}");
        assert_eq!(out, b"12345\n\n1234\n");
        assert_eq!(gate.state(), InsideMessage);
    }
}

#[test]
fn a_fault_within_the_limit_is_the_one_that_is_reported_whatever_the_pieces() {
    for piece in [1, 2, 9, 100] {
        let mut gate = Gate::with_limit(Frames::of_server(), 8);
        let mut last = None;
        for bytes in [b'x'; 20].chunks(piece) {
            last = gate.pass(bytes, &mut Vec::new()).err();
        }
        let fault = last.expect("its first byte has reserved bits");
        assert_eq!((fault.what, fault.offset), (What::Reserved, 0), "pieces of {piece}");
    }
}

/// A stream that reads from a slice and writes to a vector.
struct Both<'a>(&'a [u8], Vec<u8>);

impl Read for Both<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(7);
        self.0.read(&mut buffer[..few])
    }
}

impl Write for Both<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.1.write(&buffer[..buffer.len().min(3)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_gated_stream_reads_and_writes_as_before() {
    let mut stream = Gated::new(Both(COOKIE, Vec::new()), Responses::new());
    let request = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    stream.write_all(request).unwrap();
    assert_eq!(stream.gate().state(), InsideMessage, "a response is owed");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, COOKIE);
    assert_eq!(stream.gate().state(), BetweenMessages);
    assert_eq!(stream.into_stream().1, request);
}

#[test]
fn a_gated_stream_returns_the_fault_after_what_may_be_read() {
    let mut stream = Gated::new(&b"HTTP/1.1 204 No Content\r\n\r\nnone\r\n\r\n"[..], Responses::new());
    let mut text = Vec::new();
    let error = stream.read_to_end(&mut text).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(text, b"HTTP/1.1 204 No Content\r\n\r\n");
}
