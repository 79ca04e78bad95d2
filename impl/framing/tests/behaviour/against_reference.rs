//! The trackers against parsers of whole inputs, over generated messages. They agree on well-formed
//! input, cut at any place. On changed input the tracker is never less careful.

use std::cell::RefCell;
use std::fmt::Write;

use close_notify_framing::http::BothLengths;
use close_notify_framing::lines::{LineEnd, Lines, Replies};
use close_notify_framing::reference::{self, Choices, Prefix, Told};
use close_notify_framing::{Framing, FramingState, LengthPrefixed, Width};
use close_notify_framing::{http, imap, ldap, smtp, websocket};

use crate::support::{InsideMessage, Random};

const ROUNDS: u64 = 100;
/// Changed inputs for each well-formed one.
const CHANGED: usize = 8;

/// After every prefix of what `messages` makes, the tracker reports what the reference does. If
/// bytes were changed it may report `InsideMessage` instead: it may have found a fault that the
/// reference does not look for.
fn agrees<F: Framing>(
    messages: impl Fn(&mut Random) -> Vec<u8>,
    tracker: impl Fn() -> F,
    reference: impl Fn(&[u8]) -> FramingState,
) {
    let (mut between, mut inside) = (0, 0);
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let well_formed = messages(&mut random);
        for changes in 0..=CHANGED {
            let mut input = well_formed.clone();
            for _ in 0..changes.min(1 + changes / 3) {
                change(&mut input, &mut random);
            }
            let mut tracker = tracker();
            for end in 1..=input.len() {
                tracker.received(&input[end - 1..end]);
                let (said, expected) = (tracker.state(), reference(&input[..end]));
                let may_differ = changes > 0 && said == InsideMessage;
                assert!(
                    said == expected || may_differ,
                    "{said}, but {expected}: seed {seed}, {:?}",
                    show(&input[..end])
                );
                if changes == 0 {
                    *(if said == InsideMessage { &mut inside } else { &mut between }) += 1;
                }
            }
        }
    }
    assert!(between > ROUNDS && inside > ROUNDS, "{between} and {inside}: the inputs say too little");
}

/// The whole input was received, and nothing was sent.
fn received(input: &[u8]) -> Told {
    let mut told = Told::default();
    told.received(input);
    told
}

/// A tunnel is delimited by its end.
const fn tunnel(_: &[u8]) -> FramingState {
    FramingState::DelimitedByEnd
}

fn show(input: &[u8]) -> String {
    input.escape_ascii().to_string()
}

/// Changes, removes, doubles or inserts one byte.
fn change(input: &mut Vec<u8>, random: &mut Random) {
    if input.is_empty() {
        return;
    }
    let at = random.below(input.len());
    let byte = random.pick(b"\r\n .:;,0159afAF{}+-\x00\x7f\x80\x88\xff");
    match random.below(4) {
        0 => input[at] = byte,
        1 => drop(input.remove(at)),
        2 => input.insert(at, input[at]),
        _ => input.insert(at, byte),
    }
}

fn text(random: &mut Random, longest: usize) -> Vec<u8> {
    let length = random.below(longest + 1);
    (0..length).map(|_| random.pick(b"ab\r\n\n.0{1}HTTP/ ")).collect()
}

fn word(random: &mut Random) -> &'static str {
    random.pick(&["a", "Host", "x-y", "250", "DATA", "1f"])
}

/// A few messages in a row.
fn some(random: &mut Random, one: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    let many = 1 + random.below(4);
    (0..many).flat_map(|_| one(random)).collect()
}

fn chunks(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(3) {
        let mut data = text(random, 20);
        data.push(b'x');
        let size =
            random.pick(&[format!("{:x}", data.len()), format!("0{:X}", data.len())].each_ref()).clone();
        let extension = random.pick(&["", ";a", " ; a=\"b;c\""]);
        bytes.extend([size.as_bytes(), extension.as_bytes(), b"\r\n", &data, b"\r\n"].concat());
    }
    bytes.extend_from_slice(random.pick(&[b"0\r\n\r\n", b"000;x\r\nDigest: y\r\n\r\n"]));
    bytes
}

/// Fields, and content that matches them. If `sized`, they may give no length.
fn fields_and_content(random: &mut Random, sized: bool) -> (String, Vec<u8>) {
    let mut fields = String::new();
    for _ in 0..random.below(3) {
        let _ = write!(fields, "{}: {}\r\n", word(random), word(random));
    }
    let content = text(random, 30);
    match random.below(3) {
        0 if sized => (fields, Vec::new()),
        0 | 1 => {
            let _ = write!(fields, "Content-Length: {}\r\n", content.len());
            (fields, content)
        }
        _ => {
            fields.push_str("Transfer-Encoding: chunked\r\n");
            (fields, chunks(random))
        }
    }
}

fn request(random: &mut Random) -> Vec<u8> {
    let (fields, content) = fields_and_content(random, true);
    let method = random.pick(&["GET", "POST", "HEAD"]);
    let before = random.pick(&["", "", "\r\n", "\n\r\n"]);
    [format!("{before}{method} / HTTP/1.1\r\n{fields}\r\n").as_bytes(), &content].concat()
}

#[test]
fn http_requests() {
    let strict = Choices::default();
    let expected = |input: &[u8]| reference::http_server(&received(input), strict, tunnel).state;
    agrees(|random| some(random, request), http::Requests::new, expected);
}

// RFC 9112 §6.3
#[test]
fn http_requests_with_both_lengths() {
    let request = |random: &mut Random| {
        let length = random.pick(&["Content-Length: 7\r\n", "Content-Length: x\r\n", ""]);
        let head = format!("POST / HTTP/1.1\r\n{length}Transfer-Encoding: chunked\r\n\r\n");
        [head.into_bytes(), chunks(random)].concat()
    };
    let choices = Choices { coding_overrides: true };
    let expected = |input: &[u8]| reference::http_server(&received(input), choices, tunnel).state;
    let chosen = || http::Requests::new().both_lengths(BothLengths::TransferEncodingOverrides);
    agrees(|random| some(random, request), chosen, expected);
}

/// A server that answers each request as soon as its head comes, by its path. It records everything
/// for the reference, too.
struct Answering<'t> {
    tracker: http::Requests,
    told: &'t RefCell<Told>,
    head: Vec<u8>,
}

impl Framing for Answering<'_> {
    fn received(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.tracker.received(&[*byte]);
            self.told.borrow_mut().received(&[*byte]);
            self.head.push(*byte);
            if self.head.ends_with(b"\r\n\r\n") {
                for (path, answer) in ANSWERS {
                    if self.head.windows(path.len()).any(|window| window == path.as_bytes()) {
                        self.tracker.sent(answer.as_bytes());
                        self.told.borrow_mut().sent(answer.as_bytes());
                    }
                }
                self.head.clear();
            }
        }
    }

    fn state(&self) -> FramingState {
        self.tracker.state()
    }
}

const ANSWERS: [(&str, &str); 4] = [
    ("/continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("/refuse", "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno"),
    ("/hints", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
    ("/switch", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
];

// RFC 9110 §7.8, §10.1.1
#[test]
fn http_requests_with_an_expectation_and_their_answers() {
    let request = |random: &mut Random| {
        let path = random.pick(&["/continue", "/refuse", "/refuse", "/hints", "/hints", "/later", "/switch"]);
        let version = random.pick(&["1.1", "1.1", "1.1", "1.0"]);
        let expect = random.pick(&["Expect: 100-continue\r\n", "Expect: a, 100-Continue\r\n", ""]);
        let (length, content) = random.pick(&[
            ("Content-Length: 5\r\n", "hello"),
            ("Content-Length: 0\r\n", ""),
            ("Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\nA: b\r\n\r\n"),
        ]);
        // HTTP/1.0 has no transfer coding
        let (length, content) =
            if version == "1.0" { ("Content-Length: 2\r\n", "hi") } else { (length, content) };
        format!("PUT {path} HTTP/{version}\r\n{expect}{length}\r\n{content}").into_bytes()
    };
    let told = RefCell::default();
    let start = || {
        told.take();
        Answering { tracker: http::Requests::new(), told: &told, head: Vec::new() }
    };
    let expected = |_: &[u8]| reference::http_server(&told.borrow(), Choices::default(), tunnel).state;
    agrees(|random| some(random, request), start, expected);
}

// RFC 9112 §8 · http-headers-cut
#[test]
fn header_sections_are_held_back_as_the_reference_finds_them() {
    for seed in 0..ROUNDS {
        let input = some(&mut Random::new(seed), request);
        let mut tracker = http::Requests::new();
        for end in 1..=input.len() {
            tracker.received(&input[end - 1..end]);
            let told = received(&input[..end]);
            let expected = reference::http_server(&told, Choices::default(), tunnel).releasable;
            assert_eq!(tracker.releasable(), expected as u64, "seed {seed}, {:?}", show(&input[..end]));
        }
    }
}

const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "CONNECT"];

/// Responses to [`METHODS`], one to each, unless a tunnel or the end delimits an earlier one.
fn responses(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for method in METHODS {
        if random.below(4) == 0 {
            bytes.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        }
        let (fields, content) = fields_and_content(random, false);
        let status = random.pick(&["200 OK", "200 OK", "404 ", "204 No Content", "304 Not Modified"]);
        let is_empty = method == "HEAD" || status.starts_with("204") || status.starts_with("304");
        if random.below(12) == 0 {
            bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\n\r\n");
            continue;
        }
        bytes.extend_from_slice(format!("HTTP/1.1 {status}\r\n{fields}\r\n").as_bytes());
        if !is_empty {
            bytes.extend_from_slice(&content);
        }
    }
    bytes
}

#[test]
fn http_responses() {
    let tracker = || {
        let mut tracker = http::Responses::new();
        METHODS.iter().for_each(|method| tracker.ask(method));
        tracker
    };
    let expected =
        |input: &[u8]| reference::http_client(&received(input), Choices::default(), &METHODS, tunnel).state;
    agrees(responses, tracker, expected);
    let untold = |random: &mut Random| {
        some(random, |random| {
            let (fields, content) = fields_and_content(random, false);
            [format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes(), &content].concat()
        })
    };
    let expected =
        |input: &[u8]| reference::http_client(&received(input), Choices::default(), &[], tunnel).state;
    agrees(untold, http::Responses::new, expected);
}

fn frames(random: &mut Random, masked: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fragments = 1 + random.below(3);
    for fragment in 0..fragments {
        let fin = if fragment + 1 == fragments { 0x80 } else { 0 };
        bytes.extend(frame(random, fin | if fragment == 0 { 1 } else { 0 }, masked));
        if random.below(3) == 0 {
            bytes.extend(frame(random, 0x89, masked));
        }
    }
    bytes
}

fn frame(random: &mut Random, first: u8, masked: bool) -> Vec<u8> {
    let mut payload = text(random, 20);
    if first != 0x89 && random.below(8) == 0 {
        payload.resize(130, b'x');
    }
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => bytes.push(mask | short),
        _ => bytes.extend([mask | 126, 0, u8::try_from(payload.len()).expect("at most 130")]),
    }
    if masked {
        bytes.extend_from_slice(b"\r\n\x88\x80");
    }
    bytes.extend(payload);
    bytes
}

#[test]
fn websocket() {
    for masked in [false, true] {
        let start = || if masked { websocket::Frames::of_client() } else { websocket::Frames::of_server() };
        let messages = |random: &mut Random| {
            let mut bytes = some(random, |random| frames(random, masked));
            if random.below(2) == 0 {
                bytes.extend(if masked { &b"\x88\x82____\x03\xe8more"[..] } else { b"\x88\x00more" });
            }
            bytes
        };
        agrees(messages, start, |input| reference::websocket(input, masked, false));
    }
}

#[test]
fn lines() {
    let line = |random: &mut Random| [&text(random, 20)[..], b"\r\n"].concat();
    agrees(
        |random| some(random, line),
        || Lines::new(LineEnd::CrLf),
        |input| reference::lines(input, b"\r\n"),
    );
}

#[test]
fn replies() {
    for is_ftp in [false, true] {
        let reply = move |random: &mut Random| {
            let mut text = String::new();
            let code = random.pick(&["250", "123"]);
            for _ in 0..random.below(3) {
                let _ = write!(text, "{code}-{}\r\n", word(random));
                if is_ftp {
                    let _ = write!(text, "{}\r\n", random.pick(&[" 250 a", "999 b", "", "12"]));
                }
            }
            let _ = write!(text, "{code}{}\r\n", random.pick(&["", " ", " ok"]));
            text.into_bytes()
        };
        let start = || if is_ftp { Replies::ftp() } else { Replies::smtp() };
        agrees(|random| some(random, reply), start, |input| reference::replies(input, is_ftp));
    }
}

/// A server that answers every command and every mail at once, and DATA with 354.
struct Answered<'t> {
    tracker: smtp::Commands,
    told: &'t RefCell<Told>,
    line: Vec<u8>,
    is_mail: bool,
}

impl Answered<'_> {
    fn reply(&mut self, reply: &[u8]) {
        self.tracker.sent(reply);
        self.told.borrow_mut().sent(reply);
    }
}

impl Framing for Answered<'_> {
    fn received(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.tracker.received(&[*byte]);
            self.told.borrow_mut().received(&[*byte]);
            self.line.push(*byte);
            if self.is_mail {
                self.is_mail = self.state() == InsideMessage;
            } else if self.line.to_ascii_uppercase().ends_with(b"DATA\r\n") && self.state() == InsideMessage {
                self.reply(b"354 go on\r\n");
                self.is_mail = true;
                continue;
            }
            if !self.is_mail && self.line.ends_with(b"\r\n") {
                self.reply(b"250 ok\r\n");
                self.line.clear();
            }
        }
    }

    fn state(&self) -> FramingState {
        self.tracker.state()
    }
}

#[test]
fn smtp() {
    let command = |random: &mut Random| {
        let content = text(random, 20);
        match random.below(4) {
            0 => [b"DATA\r\n", &content[..], b"\r\n.\r\n"].concat(),
            1 => {
                let last = text(random, 9);
                let head = format!("BDAT {}\r\n", content.len());
                let tail = format!("BDAT {} LAST\r\n", last.len());
                [head.as_bytes(), &content, tail.as_bytes(), &last].concat()
            }
            _ => format!("{} {}\r\n", random.pick(&["NOOP", "MAIL", "RSET"]), word(random)).into_bytes(),
        }
    };
    let told = RefCell::default();
    let start = || {
        told.take();
        Answered { tracker: smtp::Commands::new(), told: &told, line: Vec::new(), is_mail: false }
    };
    agrees(|random| some(random, command), start, |_| reference::smtp(&told.borrow()));
}

#[test]
fn imap() {
    let message = |is_responses: bool| {
        move |random: &mut Random| {
            let mut bytes = random.pick(&["a1 LOGIN ", "* 1 FETCH ", "* OK "]).as_bytes().to_vec();
            let is_text = is_responses && bytes == b"* OK ";
            for _ in 0..random.below(3) {
                let literal = text(random, 9);
                let sign = random.pick(&["", "+"]);
                bytes.extend_from_slice(format!("x {{{}{sign}}}\r\n", literal.len()).as_bytes());
                if is_text {
                    return bytes;
                }
                bytes.extend(literal);
            }
            bytes.extend_from_slice(b"y\r\n");
            bytes
        }
    };
    agrees(|random| some(random, message(true)), imap::Responses::new, reference::imap_responses);
    agrees(
        |random| some(random, message(false)),
        imap::Commands::new,
        |input| reference::imap_commands(&received(input)),
    );
}

#[test]
fn ldap() {
    let message = |random: &mut Random| {
        let content = text(random, 20);
        let length = u8::try_from(content.len()).expect("at most 20");
        let form = random.pick(&[&[0x30][..], &[0x30, 0x81], &[0x30, 0x83, 0, 0]]);
        [form, &[length], &content].concat()
    };
    agrees(|random| some(random, message), || ldap::Messages::new(100_000), reference::ldap);
}

#[test]
fn length_prefixed() {
    for (width, bytes) in
        [(Width::One, 1), (Width::Two, 2), (Width::Three, 3), (Width::Four, 4), (Width::Eight, 8)]
    {
        let message = |random: &mut Random| {
            let content = text(random, 20);
            let mut head = vec![0; bytes - 1];
            head.push(u8::try_from(content.len()).expect("at most 20"));
            [head, content].concat()
        };
        let start = || LengthPrefixed::big_endian(width, u64::MAX);
        let prefix = Prefix {
            before: 0,
            width: bytes,
            big_endian: true,
            counts_itself: false,
            counts_before: false,
            uncounted: 0,
            before_first: 0,
            is_split: false,
        };
        agrees(|random| some(random, message), start, |input| reference::length_prefixed(input, &prefix));
    }
}

#[test]
fn length_prefixed_with_another_first_message_and_in_parts() {
    let messages = |random: &mut Random| {
        let mut bytes = vec![1, b'x'];
        for _ in 0..random.below(4) {
            if random.below(2) == 0 {
                bytes.extend([&b"Z\xff"[..], &[b'x'; 255]].concat());
            }
            let content = text(random, 20);
            bytes.extend([&[b'Z', u8::try_from(content.len()).expect("at most 20")], &content[..]].concat());
        }
        bytes
    };
    let start = || LengthPrefixed::big_endian(Width::One, 1000).after(1).first_after(0).split_when_full();
    let prefix = Prefix {
        before: 1,
        width: 1,
        big_endian: true,
        counts_itself: false,
        counts_before: false,
        uncounted: 0,
        before_first: 0,
        is_split: true,
    };
    agrees(messages, start, |input| reference::length_prefixed(input, &prefix));
}
