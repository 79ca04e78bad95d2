//! What a tracker could not follow, and where. A fault stays once it is set.

use std::{error, fmt, io};

macro_rules! whats {
    ($($(#[$meta:meta])* $Name:ident => $text:literal),+ $(,)?) => {
        /// What a tracker could not follow.
        ///
        /// ```
        /// # use close_notify_framing::What;
        /// assert_eq!(What::Chunk.to_string(), "a chunk is malformed");
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum What { $($(#[$meta])* $Name),+ }

        impl What {
            /// The description.
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
    ContentLength => "Content-Length is not a length, or gives two",
    /// HTTP: RFC 9112 §6.1, §6.3.
    TransferEncoding => "Transfer-Encoding does not say where the message ends",
    /// HTTP: RFC 9112 §6.1, §6.3.
    LengthAndCoding => "Content-Length is given beside Transfer-Encoding, and \
        `BothLengths::TransferEncodingOverrides` is not chosen",
    /// HTTP: RFC 9112 §7.1.
    Chunk => "a chunk is malformed",
    /// HTTP: the limit is the tracker's.
    TooManyOutstanding => "too many requests without their responses",
    /// HTTP and SMTP: bytes that came before the answer that decides their meaning was sent.
    BeforeAnswer => "bytes came before the answer that says what they are",
    /// SMTP and FTP: RFC 5321 §4.2, RFC 959 §4.2.
    Reply => "a reply is malformed",
    /// SMTP: RFC 3030 §2.
    Bdat => "a BDAT command is malformed",
    /// IMAP, LDAP, length prefixes: a message is longer than the limit, or than can be counted.
    TooLong => "a message is longer than the limit",
    /// Length prefixes: the length is shorter than what it must count.
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

/// The direction of the bytes that have the fault.
///
/// ```
/// # use close_notify_framing::{Framing, Way, smtp::Commands};
/// let mut tracker = Commands::new();
/// tracker.sent(b"ok\r\n"); // a reply begins with a code
/// assert_eq!(tracker.fault().map(|fault| fault.way), Some(Way::Sent));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// The peer's bytes.
    Received,
    /// Our bytes.
    Sent,
}

/// Why a tracker lost its place: what is wrong, in which direction, and at which byte.
///
/// `offset` is in bytes, counted from the first that the tracker was given of this direction. It is
/// the byte that is not allowed, or the first byte of a header section that is malformed as a
/// whole.
///
/// | as an `io::Error` | kind |
/// | --- | --- |
/// | any fault | `InvalidData` |
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, What, websocket::Frames};
/// let mut tracker = Frames::of_server();
/// tracker.received(&[0x81, 0x01, b'a', 0xf1]);
/// let fault = tracker.fault().expect("the last byte has reserved bits");
/// assert_eq!((fault.what, fault.offset), (What::Reserved, 3));
/// assert_eq!(
///     fault.to_string(),
///     "a reserved bit or opcode is in use (at byte 3 of what was received)"
/// );
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fault {
    /// What could not be followed.
    pub what: What,
    /// In which direction.
    pub way: Way,
    /// At which byte of that direction.
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
