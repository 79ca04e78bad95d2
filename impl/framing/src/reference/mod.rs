//! The same answers from whole inputs, as simply as possible: no state is kept, nothing is shared
//! with the trackers, and HTTP is read without httparse. Tests and fuzzers judge the trackers by
//! this module.
//!
//! Each function removes messages from the front while they are whole. What is left gives the
//! state: nothing (between), something (inside), or a body that only the end delimits. If the other
//! direction matters, [`Told`] holds both.

mod http;
mod mail;
mod told;

use close_notify_core::FramingState::{self, BetweenMessages, InsideMessage};

pub use http::{Choices, Stand, http_client, http_server};
pub use mail::{imap_commands, imap_responses, smtp};
pub use told::Told;

/// What comes after the first message; `None` if there is no whole one.
type Rest<'a> = Option<&'a [u8]>;

fn whole_messages(mut input: &[u8], one: impl Fn(&[u8]) -> Rest<'_>) -> FramingState {
    while !input.is_empty() {
        match one(input) {
            Some(rest) => input = rest,
            None => return InsideMessage,
        }
    }
    BetweenMessages
}

fn after<'a>(input: &'a [u8], mark: &[u8]) -> Rest<'a> {
    find(input, mark).map(|at| &input[at + mark.len()..])
}

fn find(input: &[u8], mark: &[u8]) -> Option<usize> {
    let last = mark[mark.len() - 1];
    let before = mark.len() - 1;
    (before..input.len()).find(|at| input[*at] == last && input[..=*at].ends_with(mark)).map(|at| at - before)
}

/// Lines that end with `end`.
///
/// # Panics
///
/// Panics if `end` is empty and `input` is not.
#[must_use]
pub fn lines(input: &[u8], end: &[u8]) -> FramingState {
    whole_messages(input, |input| after(input, end))
}

/// Replies of SMTP, or of FTP.
#[must_use]
pub fn replies(input: &[u8], is_ftp: bool) -> FramingState {
    whole_messages(input, |input| after_reply(input, is_ftp))
}

fn after_reply(input: &[u8], is_ftp: bool) -> Rest<'_> {
    let first = &input[..find(input, b"\r\n")?];
    let code = first.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit))?;
    let mut rest = &input[first.len() + 2..];
    match first.get(3) {
        None | Some(b' ') => return Some(rest),
        Some(b'-') => {}
        Some(_) => return None,
    }
    loop {
        let line = &rest[..find(rest, b"\r\n")?];
        rest = &rest[line.len() + 2..];
        let sign = line.strip_prefix(code).map(|text| text.first());
        match sign {
            Some(None | Some(b' ')) => return Some(rest),
            Some(Some(b'-')) => {}
            _ if is_ftp => {}
            _ => return None,
        }
    }
}

/// How messages give their length.
#[derive(Clone, Copy, Debug)]
pub struct Prefix {
    /// The number of bytes before the length.
    pub before: usize,
    /// The number of bytes of the length.
    pub width: usize,
    /// The highest byte of the length comes first.
    pub big_endian: bool,
    /// The length counts its own bytes.
    pub counts_itself: bool,
    /// The length counts the bytes before it.
    pub counts_before: bool,
    /// The number of bytes of the rest that the length does not count.
    pub uncounted: usize,
    /// The number of bytes before the first length.
    pub before_first: usize,
    /// A message whose length has all bits set continues in the next part.
    pub is_split: bool,
}

/// Messages with their length in front.
#[must_use]
pub fn length_prefixed(input: &[u8], prefix: &Prefix) -> FramingState {
    whole_messages(input, |message| {
        let mut rest = message;
        loop {
            let is_first = rest.len() == input.len();
            let before = if is_first { prefix.before_first } else { prefix.before };
            let (is_full, next) = part(rest, before, prefix)?;
            rest = next;
            if !(is_full && prefix.is_split) {
                return Some(rest);
            }
        }
    })
}

/// Whether all bits of the first length are set, and what comes after the bytes that it counts.
fn part<'a>(input: &'a [u8], before: usize, prefix: &Prefix) -> Option<(bool, &'a [u8])> {
    let &Prefix { width, big_endian, counts_itself, counts_before, uncounted, .. } = prefix;
    let more = if counts_itself { width } else { 0 } + if counts_before { before } else { 0 };
    let mut field = input.get(before..before + width)?.to_vec();
    let is_full = field.iter().all(|byte| *byte == 0xff);
    if big_endian {
        field.reverse();
    }
    let said: u128 = field.iter().rev().fold(0, |said, byte| said * 256 + u128::from(*byte));
    let rest = usize::try_from(said.checked_sub(more as u128)?).ok()?.checked_add(uncounted)?;
    Some((is_full, input.get(before.checked_add(width)?.checked_add(rest)?..)?))
}

/// LDAP messages.
#[must_use]
pub fn ldap(input: &[u8]) -> FramingState {
    whole_messages(input, |input| {
        let (tag, first, rest) = (*input.first()?, *input.get(1)?, input.get(2..)?);
        if tag != 0x30 || first == 0x80 || first == 0xff {
            return None;
        }
        if first < 0x80 {
            return rest.get(usize::from(first)..);
        }
        let octets = usize::from(first - 0x80);
        let length = rest
            .get(..octets)?
            .iter()
            .try_fold(0_usize, |length, octet| length.checked_mul(256)?.checked_add(usize::from(*octet)))?;
        rest[octets..].get(length..)
    })
}

/// WebSocket frames of one side. With `deflate` the first reserved bit may be in use.
#[must_use]
pub fn websocket(mut input: &[u8], masked: bool, deflate: bool) -> FramingState {
    let mut fragments = false;
    while !input.is_empty() {
        let Some((first, length, rest)) = frame(input, masked) else { return InsideMessage };
        if first & if deflate { 0x30 } else { 0x70 } != 0 {
            return InsideMessage;
        }
        // RFC 7692 §6.1: control frames are not compressed
        if first & 0x48 == 0x48 {
            return InsideMessage;
        }
        let (fin, opcode) = (first >= 0x80, first % 16);
        if opcode == 8 {
            return if fin && !fragments && length != 1 && length < 126 {
                BetweenMessages
            } else {
                InsideMessage
            };
        }
        match opcode {
            0 if fragments => fragments = !fin,
            1 | 2 if !fragments => fragments = !fin,
            9 | 10 if fin && length < 126 => {}
            _ => return InsideMessage,
        }
        input = rest;
    }
    if fragments { InsideMessage } else { BetweenMessages }
}

fn frame(input: &[u8], masked: bool) -> Option<(u8, u64, &[u8])> {
    let (first, second) = (*input.first()?, *input.get(1)?);
    if (second >= 0x80) != masked {
        return None;
    }
    let (length, header) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(input.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    let shortest = if length < 126 {
        2
    } else if length < 65_536 {
        4
    } else {
        10
    };
    if header != shortest || length >= 1 << 63 {
        return None;
    }
    let header = header + if masked { 4 } else { 0 };
    let rest = input.get(header..)?.get(usize::try_from(length).ok()?..)?;
    Some((first, length, rest))
}
