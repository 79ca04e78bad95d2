//! IMAP: lines with literals in them.
//!
//! Decides where a command or a response ends. Leaves to the application which response is owed.
//! Also leaves it the exchange of AUTHENTICATE: each of its lines counts as a message.
//!
//! Sources: RFC 9051 §2.2, §4.3, §7.5, §9; RFC 7888.

use crate::fault::{Fault, Way, What};
use crate::lines::{Line, LineEnd};
use crate::walk::{Walk, Walker, skip, tracker};

/// Enough for the tag and the word after it.
const KEPT: usize = 80;
/// The longest tag that leaves room for the word after it, PREAUTH, and for the end of that word.
const TAG: usize = KEPT - 9;

/// Responses, as a client receives them.
///
/// The text of a status response or a continuation announces no literal, whatever it ends with.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, imap::Responses};
/// let mut tracker = Responses::new();
/// tracker.received(b"* 1 FETCH (BODY[] {4}\r\na\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage); // three bytes of four
/// tracker.received(b"b)\r\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Responses {
    walker: Walker<Message>,
}

impl Responses {
    /// A tracker of responses, from the first on.
    #[must_use]
    pub const fn new() -> Self {
        Self { walker: Walker::new(Message::new(true)) }
    }
}

impl Default for Responses {
    fn default() -> Self {
        Self::new()
    }
}

tracker!(Responses);

/// Commands, as a server receives them.
///
/// Pass it our responses ([`sent`](crate::Framing::sent)), so that it knows which literals we
/// refused: after a tagged NO or BAD the client sends none. If it is given no responses, it expects
/// every literal.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, imap::Commands};
/// let mut tracker = Commands::new();
/// tracker.received(b"a1 APPEND INBOX {3000000}\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.sent(b"a1 NO too much\r\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Commands {
    walker: Walker<Message>,
    answers: Message,
    sent: u64,
}

impl Commands {
    /// A tracker of commands, from the first on.
    #[must_use]
    pub const fn new() -> Self {
        Self { walker: Walker::new(Message::new(false)), answers: Message::new(true), sent: 0 }
    }

    fn answer(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.walker.fault.is_none() {
            match self.answers.take(bytes) {
                Ok(taken) => {
                    bytes = &bytes[taken..];
                    self.sent += taken as u64;
                }
                Err(what) => self.walker.fault = Some(Fault { what, way: Way::Sent, offset: self.sent }),
            }
            if self.answers.is_between() {
                self.answered();
            }
        }
    }

    /// RFC 9051 §7.6 · a literal that is refused is not sent
    fn answered(&mut self) {
        let (command, answer) = (&mut self.walker.walk, &self.answers);
        let is_no = [&b"NO"[..], b"BAD"].iter().any(|word| answer.word(1).eq_ignore_ascii_case(word));
        let refused = is_no && answer.word(0) == command.word(0);
        if refused && command.is_waiting {
            *command = Message::new(false);
        }
    }
}

impl Default for Commands {
    fn default() -> Self {
        Self::new()
    }
}

tracker!(Commands, sent = Commands::answer);

/// A command or a response.
#[derive(Clone, Debug)]
struct Message {
    is_response: bool,
    has_begun: bool,
    line: Line<KEPT>,
    /// How much is kept of the first line, once a literal was announced. The text after the literal
    /// continues the line.
    first_line: Option<usize>,
    mark: Mark,
    left: u64,
    /// A literal was announced that waits for our consent, and none of it came.
    is_waiting: bool,
}

/// How much of `{n}` or `{n+}` is at the end of the bytes so far.
#[derive(Clone, Copy, Debug)]
enum Mark {
    No,
    Open,
    Digits(Option<u64>),
    Sign(Option<u64>),
    /// The length, if it can be counted, and whether the sender waits.
    Shut(Option<u64>, bool),
    ShutCr(Option<u64>, bool),
}

impl Mark {
    fn next(self, byte: u8) -> Self {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        match (self, byte) {
            (_, b'{') => Self::Open,
            (Self::Open, b'0'..=b'9') => Self::Digits(Some(digit)),
            (Self::Digits(value), b'0'..=b'9') => {
                Self::Digits(value.and_then(|value| value.checked_mul(10)?.checked_add(digit)))
            }
            // RFC 7888 §3, §5: the sender does not wait
            (Self::Digits(value), b'+' | b'-') => Self::Sign(value),
            (Self::Digits(value), b'}') => Self::Shut(value, true),
            (Self::Sign(value), b'}') => Self::Shut(value, false),
            (Self::Shut(value, waits), b'\r') => Self::ShutCr(value, waits),
            (
                Self::No | Self::Open | Self::Digits(_) | Self::Sign(_) | Self::Shut(..) | Self::ShutCr(..),
                _,
            ) => Self::No,
        }
    }
}

impl Message {
    const fn new(is_response: bool) -> Self {
        Self {
            is_response,
            has_begun: false,
            line: Line::new(),
            first_line: None,
            mark: Mark::No,
            left: 0,
            is_waiting: false,
        }
    }

    /// A word of the first line, as long as no next message has begun.
    fn word(&self, index: usize) -> &[u8] {
        let text = self.line.text();
        let first = self.first_line.map_or(text, |length| &text[..length]);
        first.split(|byte| *byte == b' ').nth(index).unwrap_or_default()
    }

    /// RFC 9051 §9: `resp-text` is text to the end of its line, which is the first.
    fn is_text(&self) -> bool {
        let status = [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"];
        self.is_response
            && self.first_line.is_none()
            && (self.word(0) == b"+" || status.iter().any(|word| self.word(1).eq_ignore_ascii_case(word)))
    }

    fn line_byte(&mut self, byte: u8) -> Result<(), What> {
        if !self.has_begun {
            *self = Self { has_begun: true, ..Self::new(self.is_response) };
        }
        self.is_waiting = false;
        if !self.line.push(byte, LineEnd::CrLf) {
            self.mark = self.mark.next(byte);
            return Ok(());
        }
        let literal = match self.mark {
            // Without the tag it is unknown whether this is a literal, and who may refuse it.
            Mark::ShutCr(..) if self.word(0).len() > TAG => return Err(What::TooLong),
            Mark::ShutCr(length, waits) if !self.is_text() => Some((length, waits)),
            _ => None,
        };
        self.mark = Mark::No;
        match literal {
            Some((length, waits)) => {
                (self.left, self.is_waiting) = (length.ok_or(What::TooLong)?, waits);
                self.line.go_on();
                self.first_line = self.first_line.or(Some(self.line.text().len()));
            }
            None => self.has_begun = false,
        }
        Ok(())
    }
}

impl Walk for Message {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        if self.left > 0 {
            self.is_waiting = false;
            return Ok(skip(&mut self.left, bytes));
        }
        self.line_byte(bytes[0])?;
        Ok(1)
    }

    fn is_between(&self) -> bool {
        !self.has_begun
    }
}
