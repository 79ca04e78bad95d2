//! What a tracker could not follow, and where: a value that stays once it is there.

use std::{error, fmt, io};

macro_rules! whats {
    ($($(#[$meta:meta])* $Name:ident => $text:literal),+ $(,)?) => {
        /// What a tracker could not follow.
        ///
        /// ```
        /// use close_notify_framing::What;
        /// assert_eq!(What::Chunk.to_string(), "a chunk is malformed");
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum What { $($(#[$meta])* $Name),+ }

        impl What {
            /// What it is, in words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$Name => $text),+ }
            }
        }
    };
}
whats! {
    /// HTTP: RFC 9112 §2.1, as httparse reads it.
    HeaderSection => "a header section is malformed",
    /// HTTP: the limit is the tracker's.
    HeaderSectionTooLong => "a header section is longer than the limit",
    /// HTTP: the limit is the tracker's.
    TooManyHeaders => "a header section has too many fields",
    /// HTTP: RFC 9112 §6.3.
    ContentLength => "Content-Length is no length, or says two",
    /// HTTP: RFC 9112 §6.1, §6.3.
    TransferEncoding => "Transfer-Encoding does not say where the message ends",
    /// HTTP: RFC 9112 §6.1, §6.3.
    LengthAndCoding => "Content-Length stands beside Transfer-Encoding, and \
        `BothLengths::TransferEncodingOverrides` is not chosen",
    /// HTTP: RFC 9112 §7.1.
    Chunk => "a chunk is malformed",
    /// HTTP: the limit is the tracker's.
    TooManyOutstanding => "too many requests without their responses",
    /// HTTP and SMTP: bytes whose meaning an answer decides, which had not been sent.
    BeforeAnswer => "bytes came before the answer that says what they are",
    /// SMTP and FTP: RFC 5321 §4.2, RFC 959 §4.2.
    Reply => "a reply is malformed",
    /// SMTP: RFC 3030 §2.
    Bdat => "a BDAT command is malformed",
    /// IMAP, LDAP, length prefixes: what comes is longer than the limit, or than can be said.
    TooLong => "a message is longer than the limit",
    /// Length prefixes: the length does not even count what it must.
    TooShort => "a length is too short for what it counts",
    /// LDAP: RFC 4511 §4.1.1.
    Tag => "a message does not begin with its tag",
    /// LDAP: RFC 4511 §5.1. WebSocket: RFC 6455 §5.2.
    LengthForm => "a length has a form that is not allowed",
    /// WebSocket: RFC 6455 §5.2.
    Reserved => "a reserved bit or opcode is in use",
    /// WebSocket: RFC 6455 §5.1.
    Mask => "a frame is masked by a server, or not masked by a client",
    /// WebSocket: RFC 6455 §5.5.
    ControlFrame => "a control frame is fragmented or has a length that is not allowed",
    /// WebSocket: RFC 6455 §5.4.
    Fragment => "a fragment does not follow its message",
    /// [`Gate`](crate::Gate): the limit is the gate's.
    HeldTooLong => "more is held back than the limit",
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// In whose bytes.
///
/// ```
/// use close_notify_framing::Way;
/// assert_ne!(Way::Received, Way::Sent);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// The peer's.
    Received,
    /// Ours.
    Sent,
}

/// Why a tracker has lost its place: what, in whose bytes, and where.
///
/// Units: `offset` in bytes since the first that was told of this direction. It is the byte that
/// cannot be, or the first byte of the header section that is malformed as a whole.
///
/// | as an `io::Error` | kind |
/// | --- | --- |
/// | any fault | `InvalidData` |
///
/// ```
/// use close_notify_framing::{Framing, FramingState, What, websocket::Frames};
/// let mut tracker = Frames::of_server();
/// tracker.received(&[0x81, 0x01, b'a', 0xf1]);
/// let fault = tracker.fault().expect("the last byte has reserved bits");
/// assert_eq!((fault.what, fault.offset), (What::Reserved, 3));
/// assert_eq!(fault.to_string(), "a reserved bit or opcode is in use (at byte 3 of what was received)");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fault {
    /// What could not be followed.
    pub what: What,
    /// In whose bytes.
    pub way: Way,
    /// Where.
    pub offset: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Received => "received",
            Way::Sent => "sent",
        };
        write!(f, "{} (at byte {} of what was {way})", self.what, self.offset)
    }
}

impl error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}
