//! The trackers, each with its reference and the fragments that its messages are made of.

use close_notify_framing::http::BothLengths;
use close_notify_framing::lines::{LineEnd, Lines, Replies};
use close_notify_framing::reference::{self, Choices, Prefix, Stand, Told};
use close_notify_framing::{Counts, Fault, FramingState, LengthPrefixed, Way, Width};
use close_notify_framing::{http, imap, ldap, smtp, websocket};

use super::judge::{Expected, judge};
use super::script::{Exchange, Script};

/// The tracker under test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// `http::Responses`, with WebSocket or nothing after it.
    HttpClient,
    /// `http::Requests`, with WebSocket or nothing after it.
    HttpServer,
    /// `websocket::Frames`, of either side.
    WebSocket,
    /// `lines::Lines`.
    Lines,
    /// `lines::Replies`.
    Replies,
    /// `smtp::Commands`.
    Smtp,
    /// `imap::Responses`.
    ImapResponses,
    /// `imap::Commands`.
    ImapCommands,
    /// `ldap::Messages`.
    Ldap,
    /// `LengthPrefixed`.
    Prefixed,
}

const ASKED: [&[&str]; 4] = [&[], &["GET"], &["HEAD", "GET"], &["CONNECT"]];
/// The longest message, of LDAP and of length-prefixed messages.
const MAX: [u64; 3] = [u64::MAX, 100, 5];
const SECTION: [usize; 3] = [64 * 1024, 100, 20];

impl Protocol {
    /// All trackers.
    pub const ALL: [Self; 10] = [
        Self::HttpClient,
        Self::HttpServer,
        Self::WebSocket,
        Self::Lines,
        Self::Replies,
        Self::Smtp,
        Self::ImapResponses,
        Self::ImapCommands,
        Self::Ldap,
        Self::Prefixed,
    ];

    /// Whether the tracker also needs what we send.
    #[must_use]
    pub const fn has_two_directions(self) -> bool {
        matches!(self, Self::HttpClient | Self::HttpServer | Self::Smtp | Self::ImapCommands)
    }

    /// Runs the script on the tracker. Returns a fault that the reference does not look for.
    pub(super) fn judge(self, setup: [u8; 3], script: &Script) -> Option<Fault> {
        let [kind, limit, gate] = setup;
        let one = |reference: &dyn Fn(&[u8]) -> FramingState, told: &Told| Expected {
            state: reference(told.all_received()),
            releasable: None,
        };
        match self {
            Self::HttpClient => http_client(setup, script),
            Self::HttpServer => http_server(setup, script),
            Self::WebSocket => {
                let (masked, deflate) = (kind & 1 == 1, kind & 2 == 2);
                let frames =
                    if masked { websocket::Frames::of_client() } else { websocket::Frames::of_server() };
                let frames = if deflate { frames.with_deflate() } else { frames };
                judge(self, script, gate, frames, |told| {
                    one(&|input| reference::websocket(input, masked, deflate), told)
                })
            }
            Self::Lines => {
                let (ends, mark) =
                    if kind & 1 == 1 { (LineEnd::Lf, &b"\n"[..]) } else { (LineEnd::CrLf, &b"\r\n"[..]) };
                let lines = Lines::new(ends);
                judge(self, script, gate, lines, |told| one(&|input| reference::lines(input, mark), told))
            }
            Self::Replies => {
                let is_ftp = kind & 1 == 1;
                let replies = if is_ftp { Replies::ftp() } else { Replies::smtp() };
                judge(self, script, gate, replies, |told| {
                    one(&|input| reference::replies(input, is_ftp), told)
                })
            }
            Self::Smtp => judge(self, script, gate, smtp::Commands::new(), |told| Expected {
                state: reference::smtp(told),
                releasable: None,
            }),
            Self::ImapResponses => judge(self, script, gate, imap::Responses::new(), |told| {
                one(&reference::imap_responses, told)
            }),
            Self::ImapCommands => judge(self, script, gate, imap::Commands::new(), |told| Expected {
                state: reference::imap_commands(told),
                releasable: None,
            }),
            Self::Ldap => {
                let messages = ldap::Messages::new(one_of(&MAX, limit));
                judge(self, script, gate, messages, |told| one(&reference::ldap, told))
            }
            Self::Prefixed => prefixed(setup, script),
        }
    }

    /// Fragments of the protocol's messages.
    pub(super) const fn dictionary(self) -> &'static [&'static [u8]] {
        match self {
            Self::HttpClient | Self::HttpServer => HTTP,
            Self::WebSocket => WEBSOCKET,
            Self::Lines | Self::Replies => REPLIES,
            Self::Smtp => SMTP,
            Self::ImapResponses | Self::ImapCommands => IMAP,
            Self::Ldap => LDAP,
            Self::Prefixed => PREFIXED,
        }
    }
}

impl Protocol {
    /// Exchanges of the protocol: pieces of both directions that belong together.
    pub(super) const fn exchanges(self) -> &'static [Exchange] {
        use Way::{Received, Sent};
        match self {
            Self::HttpClient => &[
                &[(Sent, b"GET / HTTP/1.1\r\n\r\n"), (Received, b"HTTP/1.1 101 Switching Protocols\r\n\r\n")],
                &[(Sent, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (Received, b"HTTP/1.1 200 OK\r\n\r\n")],
                &[
                    (Sent, b"HEAD / HTTP/1.1\r\n\r\n"),
                    (Received, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
                ],
            ],
            Self::HttpServer => &[
                &[(Received, b"GET / HTTP/1.1\r\n\r\n"), (Sent, b"HTTP/1.1 101 Switching Protocols\r\n\r\n")],
                &[(Received, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (Sent, b"HTTP/1.1 200 OK\r\n\r\n")],
                &[
                    (Received, b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
                    (Sent, b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"),
                ],
                &[
                    (
                        Received,
                        b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
                    ),
                    (Sent, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"),
                ],
            ],
            Self::Smtp => &[
                &[(Received, b"DATA\r\n"), (Sent, b"354 go on\r\n")],
                &[(Received, b"DATA\r\n"), (Sent, b"503 no\r\n")],
                &[(Received, b"NOOP\r\n"), (Sent, b"250 ok\r\n")],
            ],
            Self::ImapCommands => &[&[(Received, b"a1 APPEND x {5}\r\n"), (Sent, b"a1 NO x\r\n")]],
            Self::WebSocket
            | Self::Lines
            | Self::Replies
            | Self::ImapResponses
            | Self::Ldap
            | Self::Prefixed => &[],
        }
    }
}

fn one_of<T: Copy>(choices: &[T], byte: u8) -> T {
    choices[usize::from(byte) % choices.len()]
}

impl From<Stand> for Expected {
    fn from(stand: Stand) -> Self {
        Self { state: stand.state, releasable: Some(stand.releasable) }
    }
}

fn both_lengths(kind: u8) -> (BothLengths, Choices) {
    let coding_overrides = kind & 8 == 8;
    let ours = if coding_overrides { BothLengths::TransferEncodingOverrides } else { BothLengths::Refuse };
    (ours, Choices { coding_overrides })
}

fn http_client([kind, limit, gate]: [u8; 3], script: &Script) -> Option<Fault> {
    let asked = one_of(&ASKED, kind >> 1);
    let (both_lengths, choices) = both_lengths(kind);
    let mut tracker = http::Responses::new().with_limit(one_of(&SECTION, limit)).both_lengths(both_lengths);
    asked.iter().for_each(|method| tracker.ask(method));
    if kind & 1 == 1 {
        return judge(Protocol::HttpClient, script, gate, tracker, |told| {
            reference::http_client(told, choices, asked, |_| FramingState::DelimitedByEnd).into()
        });
    }
    judge(Protocol::HttpClient, script, gate, tracker.then(websocket::Frames::of_server()), |told| {
        let frames = |input: &[u8]| reference::websocket(input, false, false);
        reference::http_client(told, choices, asked, frames).into()
    })
}

fn http_server([kind, limit, gate]: [u8; 3], script: &Script) -> Option<Fault> {
    let (both_lengths, choices) = both_lengths(kind);
    let tracker = http::Requests::new().with_limit(one_of(&SECTION, limit)).both_lengths(both_lengths);
    if kind & 1 == 1 {
        return judge(Protocol::HttpServer, script, gate, tracker, |told| {
            reference::http_server(told, choices, |_| FramingState::DelimitedByEnd).into()
        });
    }
    judge(Protocol::HttpServer, script, gate, tracker.then(websocket::Frames::of_client()), |told| {
        reference::http_server(told, choices, |input| reference::websocket(input, true, false)).into()
    })
}

fn prefixed([kind, limit, gate]: [u8; 3], script: &Script) -> Option<Fault> {
    let (width, bytes) = one_of(
        &[(Width::One, 1), (Width::Two, 2), (Width::Three, 3), (Width::Four, 4), (Width::Eight, 8)],
        kind,
    );
    let (before, uncounted) = (one_of(&[0, 1, 3], kind / 5), one_of(&[0, 1, 6], kind / 15));
    let big_endian = kind < 128;
    let counts = one_of(&[Counts::Rest, Counts::ItselfAndRest, Counts::Whole], limit / 3);
    let max = one_of(&MAX, limit);
    let first = one_of(&[None, Some(0), Some(1), Some(3)], limit / 9);
    let is_split = limit >= 128;
    let tracker = if big_endian {
        LengthPrefixed::big_endian(width, max)
    } else {
        LengthPrefixed::little_endian(width, max)
    };
    let mut tracker = tracker.after(before).counting(counts).with_uncounted(uncounted);
    if let Some(first) = first {
        tracker = tracker.first_after(first);
    }
    if is_split {
        tracker = tracker.split_when_full();
    }
    let prefix = Prefix {
        before: before.into(),
        width: bytes,
        big_endian,
        counts_itself: counts != Counts::Rest,
        counts_before: counts == Counts::Whole,
        uncounted: uncounted.into(),
        before_first: first.unwrap_or(before).into(),
        is_split,
    };
    judge(Protocol::Prefixed, script, gate, tracker, |told| Expected {
        state: reference::length_prefixed(told.all_received(), &prefix),
        releasable: None,
    })
}

const HTTP: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 \r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"HEAD / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n",
    b"Content-Length: ",
    b"Content-Length: 5\r\n",
    b"content-length:5,5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, gzip\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Transfer-Encoding: ",
    b"Set-Cookie: a=b; Secure\r\n",
    b"Upgrade: websocket\r\n",
    b"Host: a\r\n",
    b" folded\r\n",
    b"0\r\n",
    b"0\r\n\r\n",
    b"3\r\nabc\r\n",
    b"A;x=\"y\"\r\n0123456789\r\n",
    b"ffffffffffffffff\r\n",
    b"10000000000000000\r\n",
    b"8000000000000000\r\n",
    b"Digest: y\r\n",
    b"hello",
    b"\x81\x01a",
    b"\x81\x81____a",
    b"\x88\x00",
    b"\x88\x80____",
    b"\x01\x01a",
    // Truncated messages.
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
];

const WEBSOCKET: &[&[u8]] = &[
    b"\x81\x03abc",
    b"\x81\x83____abc",
    b"\x01\x01a",
    b"\x01\x81____a",
    b"\x80\x01b",
    b"\x80\x81____b",
    b"\x00\x00",
    b"\x89\x00",
    b"\x89\x80____",
    b"\x8a\x01!",
    b"\x88\x00",
    b"\x88\x02\x03\xe8",
    b"\x88\x82____\x03\xe8",
    b"\x88\x80____",
    b"\x88\x01!",
    b"\x82\x7e\x00\x7e",
    b"\x82\x7e\x00\x7d",
    b"\x82\xfe\x00\x80____",
    b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
    b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
    b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
    b"\xc1\x01a",
    b"\xc9\x00",
    b"\x41\x01a",
    b"\x09\x00",
    b"\x83\x00",
    b"\x89\x7e\x00\x80",
];

const REPLIES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"250 ok\r\n",
    b"250-a\r\n",
    b"250\r\n",
    b"220-b\r\n",
    b"220 x\r\n",
    b" 250 a\r\n",
    b"25",
    b"250",
    b"-",
    b"NOOP\r\n",
    b"123-\r\n",
    b"123\r\n",
    b"ab",
];

const SMTP: &[&[u8]] = &[
    b"\r\n",
    b"DATA\r\n",
    b".\r\n",
    b"\r\n.\r\n",
    b"..\r\n",
    b"\n.\n",
    b"NOOP\r\n",
    b"RSET\r\n",
    b"EHLO a\r\n",
    b"QUIT\r\n",
    b"MAIL FROM:<a@b>\r\n",
    b"BDAT 5\r\n",
    b"BDAT 5 LAST\r\n",
    b"BDAT 0 LAST\r\n",
    b"BDAT 0\r\n",
    b"BDAT ",
    b" LAST\r\n",
    b"hello",
    b"354 go on\r\n",
    b"250 ok\r\n",
    b"250-a\r\n",
    b"220 hi\r\n",
    b"503 no\r\n",
    b"18446744073709551615",
    b"18446744073709551616",
    b"DATA x\r\n",
    b"data\r\n",
    // The content of a mail.
    b"Subject: x\r\n\r\nbody\r\n.\r\n",
];

const IMAP: &[&[u8]] = &[
    b"\r\n",
    b"a1 NOOP\r\n",
    b"a1 APPEND x {5}\r\n",
    b"a1 LOGIN {1}\r\n",
    b"{3}\r\n",
    b"{3+}\r\n",
    b"{0}\r\n",
    b"{3-}\r\n",
    b"{18446744073709551615}\r\n",
    b"{18446744073709551616}\r\n",
    b"* OK x {3}\r\n",
    b"* 1 FETCH {4}\r\n",
    b"* BYE\r\n",
    b"+ go {2}\r\n",
    b"a1 NO x\r\n",
    b"a1 BAD x\r\n",
    b"a1 OK x\r\n",
    b"a2 NO x\r\n",
    b"a2 NOOP\r\n",
    b" OK ",
    b"* PREAUTH ",
    b"abc",
    b"hello",
    b"a1 no {1}\r\n",
    b"{",
    b"}",
];

const LDAP: &[&[u8]] = &[
    b"\x30\x00",
    b"\x30\x03abc",
    b"\x30\x81\x03abc",
    b"\x30\x83\x00\x00\x03abc",
    b"\x30\x84",
    b"\x30\x80",
    b"\x30\xff",
    b"\x30\x88\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\x30\x89\x00\x00\x00\x00\x00\x00\x00\x00\x02",
    b"\x30\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x30\x05\x02\x01\x01\x42\x00",
    b"\x31",
    b"abc",
];

const PREFIXED: &[&[u8]] = &[
    b"\x00",
    b"\x01",
    b"\x02",
    b"\x03",
    b"\x04",
    b"\x05",
    b"\xff",
    b"\x00\x00",
    b"\x00\x00\x00",
    b"\x00\x00\x00\x00",
    b"\x00\x00\x00\x00\x00\x00\x00",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"abc",
    b"\x00\x03abc",
    b"\x03abc",
    b"Z",
    b"\x0a",
];
