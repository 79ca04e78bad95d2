//! SMTP as a server receives it: commands, and mail between them.
//!
//! Decides where a command ends, and where a mail ends: by its dot after DATA, by its lengths with
//! BDAT. Leaves to the application what a command asks for. For replies, as a client receives them,
//! see [`lines::Replies`](crate::lines::Replies).
//!
//! Sources: RFC 5321 §4.1.1.4, §4.5.2; RFC 3030 §2; RFC 2920 §3.1.

use crate::fault::{Fault, Way, What};
use crate::lines::{Line, LineEnd, ReplyWalk};
use crate::walk::{Walk, Walker, skip, tracker};

/// Enough for a BDAT command.
const KEPT: usize = 64;

/// SMTP commands, and the mail that follows them.
///
/// Pass it what we send ([`sent`](crate::Framing::sent)), from the first byte under TLS: the reply
/// decides whether mail follows a DATA command. Until the reply the tracker is inside a message,
/// and a byte that comes is a fault, because RFC 2920 §3.1 has the client wait.
///
/// A lone LF ends neither a command nor the line of the dot.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, smtp::Commands};
/// let mut tracker = Commands::new();
/// tracker.received(b"DATA\r\n");
/// tracker.sent(b"354 go on\r\n");
/// tracker.received(b"Subject: x\r\n\r\nNOOP\r\n..\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b".\r\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Commands {
    walker: Walker<Received>,
    replies: ReplyWalk,
    sent: u64,
}

impl Commands {
    /// A tracker of commands, from the first on.
    #[must_use]
    pub const fn new() -> Self {
        let walk = Received { at: At::Command, line: Line::new(), owed: 0, is_unfinished: false };
        Self { walker: Walker::new(walk), replies: ReplyWalk::new(false), sent: 0 }
    }

    fn reply(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.replies.push(*byte) {
                Ok(Some(code)) => self.walker.walk.answered(code),
                Ok(None) => {}
                Err(what) => {
                    let fault = Fault { what, way: Way::Sent, offset: self.sent };
                    self.walker.fault.get_or_insert(fault);
                    return;
                }
            }
            self.sent += 1;
        }
    }
}

impl Default for Commands {
    fn default() -> Self {
        Self::new()
    }
}

tracker!(Commands, sent = Commands::reply);

#[derive(Clone, Debug)]
struct Received {
    at: At,
    line: Line<KEPT>,
    /// Commands and mails that have no reply yet: the order identifies the reply to DATA.
    owed: u64,
    /// Part of a mail came by BDAT, but not its last part.
    is_unfinished: bool,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Command,
    /// After DATA, before its reply.
    Unanswered,
    Mail(Mail),
    Chunk {
        left: u64,
        is_last: bool,
    },
}

/// The position in `CRLF . CRLF`.
#[derive(Clone, Copy, Debug)]
enum Mail {
    LineStart,
    Dot,
    DotCr,
    Text,
    Cr,
}

impl Mail {
    /// The position after the byte; `None` if the byte ends the mail.
    const fn next(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::DotCr, b'\n') => None,
            (Self::Dot, b'\r') => Some(Self::DotCr),
            (Self::LineStart, b'.') => Some(Self::Dot),
            (Self::Cr, b'\n') => Some(Self::LineStart),
            (Self::LineStart | Self::DotCr | Self::Text | Self::Cr, b'\r') => Some(Self::Cr),
            (Self::LineStart | Self::Dot | Self::DotCr | Self::Text | Self::Cr, _) => Some(Self::Text),
        }
    }
}

impl Received {
    fn command(&mut self) -> Result<(), What> {
        self.owed += 1;
        let text = self.line.text();
        let verb = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        if verb.eq_ignore_ascii_case(b"DATA") {
            self.at = At::Unanswered;
        } else if verb.eq_ignore_ascii_case(b"BDAT") {
            if !self.line.is_kept() {
                return Err(What::Bdat);
            }
            let (left, is_last) = bdat(&text[verb.len()..]).ok_or(What::Bdat)?;
            self.at = At::Chunk { left, is_last };
            self.chunk_end();
        } else if [&b"RSET"[..], b"EHLO", b"HELO", b"QUIT"].iter().any(|ends| verb.eq_ignore_ascii_case(ends))
        {
            self.is_unfinished = false;
        }
        Ok(())
    }

    const fn chunk_end(&mut self) {
        if let At::Chunk { left: 0, is_last } = self.at {
            (self.at, self.is_unfinished) = (At::Command, !is_last);
        }
    }

    /// RFC 5321 §4.3.2: 354 is the only reply to DATA that asks for the mail.
    fn answered(&mut self, code: [u8; 3]) {
        self.owed = self.owed.saturating_sub(1);
        if self.owed == 0 && matches!(self.at, At::Unanswered) {
            self.at = if &code == b"354" { At::Mail(Mail::LineStart) } else { At::Command };
        }
    }
}

/// RFC 3030 §2: a length, and optionally LAST.
fn bdat(arguments: &[u8]) -> Option<(u64, bool)> {
    let mut words = arguments.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let length = words.next()?;
    if !length.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = std::str::from_utf8(length).ok()?.parse().ok()?;
    match (words.next(), words.next()) {
        (None, _) => Some((length, false)),
        (Some(last), None) if last.eq_ignore_ascii_case(b"LAST") => Some((length, true)),
        (Some(_), _) => None,
    }
}

impl Walk for Received {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        match &mut self.at {
            At::Command => {
                if self.line.push(bytes[0], LineEnd::CrLf) {
                    self.command()?;
                    self.line.clear();
                }
            }
            At::Unanswered => return Err(What::BeforeAnswer),
            At::Mail(dot) => match dot.next(bytes[0]) {
                Some(next) => *dot = next,
                None => (self.at, self.owed) = (At::Command, self.owed + 1),
            },
            At::Chunk { left, .. } => {
                let taken = skip(left, bytes);
                self.chunk_end();
                return Ok(taken);
            }
        }
        Ok(1)
    }

    fn is_between(&self) -> bool {
        matches!(self.at, At::Command) && self.line.is_at_start() && !self.is_unfinished
    }
}
