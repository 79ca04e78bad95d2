//! Lines, and the replies of SMTP and FTP, which may have several.
//!
//! Decides where a line or a reply ends. Leaves to the application whether it expects another.
//!
//! Sources: RFC 5321 §2.3.8, §4.2.1; RFC 959 §4.2.

use crate::fault::What;
use crate::walk::{Walk, Walker, tracker};

/// The end of a line.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, lines::{LineEnd, Lines}};
/// let mut tracker = Lines::new(LineEnd::Lf);
/// tracker.received(b"one\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LineEnd {
    /// CR LF only: a lone LF is part of the line.
    CrLf,
    /// LF, with or without a CR before it.
    Lf,
}

/// Every line is a message.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, lines::{LineEnd, Lines}};
/// let mut tracker = Lines::new(LineEnd::CrLf);
/// tracker.received(b"NOOP\r");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    walker: Walker<Plain>,
}

impl Lines {
    /// A tracker of lines that end with `ends`.
    #[must_use]
    pub const fn new(ends: LineEnd) -> Self {
        Self { walker: Walker::new(Plain { ends, line: Line::new() }) }
    }
}

tracker!(Lines);

#[derive(Clone, Debug)]
struct Plain {
    ends: LineEnd,
    line: Line<0>,
}

impl Walk for Plain {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        if self.line.push(bytes[0], self.ends) {
            self.line.clear();
        }
        Ok(1)
    }

    fn is_between(&self) -> bool {
        self.line.is_at_start()
    }
}

/// Replies as a client receives them: three digits, over one line or several.
///
/// Between two replies another may still be owed; only the application knows what it asked for.
///
/// ```
/// # use close_notify_framing::{Framing, FramingState, lines::Replies};
/// let mut tracker = Replies::smtp();
/// tracker.received(b"250-example.org\r\n");
/// assert_eq!(tracker.state(), FramingState::InsideMessage);
/// tracker.received(b"250 SIZE\r\n");
/// assert_eq!(tracker.state(), FramingState::BetweenMessages);
/// ```
#[derive(Clone, Debug)]
pub struct Replies {
    walker: Walker<ReplyWalk>,
}

impl Replies {
    /// Replies of SMTP: every line of one repeats its code.
    #[must_use]
    pub const fn smtp() -> Self {
        Self { walker: Walker::new(ReplyWalk::new(false)) }
    }

    /// Replies of FTP's control connection: any text may come between the first line and the last.
    #[must_use]
    pub const fn ftp() -> Self {
        Self { walker: Walker::new(ReplyWalk::new(true)) }
    }
}

tracker!(Replies);

#[derive(Clone, Debug)]
pub(crate) struct ReplyWalk {
    is_ftp: bool,
    line: Line<4>,
    /// The code of a reply whose last line has not come.
    open: Option<[u8; 3]>,
}

impl ReplyWalk {
    pub(crate) const fn new(is_ftp: bool) -> Self {
        Self { is_ftp, line: Line::new(), open: None }
    }

    /// Takes a byte; returns the code of a reply that it completes.
    pub(crate) fn push(&mut self, byte: u8) -> Result<Option<[u8; 3]>, What> {
        if !self.line.push(byte, LineEnd::CrLf) {
            return Ok(None);
        }
        let line = reply_line(self.line.text());
        self.line.clear();
        match (self.open, line) {
            (None, Some((code, false))) => self.open = Some(code),
            (None, Some((code, true))) => return Ok(Some(code)),
            (Some(open), Some((code, true))) if open == code => {
                self.open = None;
                return Ok(Some(code));
            }
            (Some(open), Some((code, false))) if open == code => {}
            // RFC 959 §4.2: the lines between need no code
            (Some(_), _) if self.is_ftp => {}
            // RFC 5321 §4.2.1: each line has the code
            (Some(_) | None, _) => return Err(What::Reply),
        }
        Ok(None)
    }
}

/// The code of a line, and whether the line is the last of its reply.
const fn reply_line(text: &[u8]) -> Option<([u8; 3], bool)> {
    match *text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] => match rest {
            [] | [b' ', ..] => Some(([a, b, c], true)),
            [b'-', ..] => Some(([a, b, c], false)),
            _ => None,
        },
        _ => None,
    }
}

impl Walk for ReplyWalk {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, What> {
        self.push(bytes[0])?;
        Ok(1)
    }

    fn is_between(&self) -> bool {
        self.line.is_at_start() && self.open.is_none()
    }
}

/// A line that is read byte by byte, of which the first `N` are kept.
#[derive(Clone, Debug)]
pub(crate) struct Line<const N: usize> {
    kept: [u8; N],
    length: usize,
    is_after_cr: bool,
}

impl<const N: usize> Line<N> {
    pub(crate) const fn new() -> Self {
        Self { kept: [0; N], length: 0, is_after_cr: false }
    }

    /// Takes a byte; returns whether it ends the line.
    pub(crate) fn push(&mut self, byte: u8, ends: LineEnd) -> bool {
        if byte == b'\n' && (self.is_after_cr || ends == LineEnd::Lf) {
            return true;
        }
        self.is_after_cr = byte == b'\r';
        if let Some(place) = self.kept.get_mut(self.length) {
            *place = byte;
        }
        self.length = self.length.saturating_add(1);
        false
    }

    /// The first bytes of a line that has ended with CR LF, without the CR LF.
    pub(crate) fn text(&self) -> &[u8] {
        &self.kept[..N.min(self.length.saturating_sub(usize::from(self.is_after_cr)))]
    }

    /// Whether [`text`](Self::text) is the whole line.
    pub(crate) const fn is_kept(&self) -> bool {
        self.length <= N
    }

    pub(crate) const fn is_at_start(&self) -> bool {
        self.length == 0
    }

    /// Continues the line after bytes that are not part of it. A CR before them is not part of it
    /// either.
    pub(crate) const fn go_on(&mut self) {
        if self.is_after_cr {
            (self.length, self.is_after_cr) = (self.length - 1, false);
        }
    }

    pub(crate) const fn clear(&mut self) {
        *self = Self::new();
    }
}
