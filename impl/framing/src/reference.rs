//! The same answers from whole inputs, as plainly as can be: no state is kept, nothing is shared with the trackers, and
//! HTTP is read without httparse. Tests and fuzzers judge the trackers by it.
//!
//! Each function eats messages from the front while they are whole. What is left says where the framing stands: nothing
//! (between), something (inside), or a body that only the end delimits.

use close_notify_core::FramingState::{self, BetweenMessages, DelimitedByEnd, InsideMessage};

/// What is behind the first message; `None` where there is no whole one.
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
    input.windows(mark.len()).position(|window| window == mark)
}

/// Lines that end with CR LF.
#[must_use]
pub fn lines(input: &[u8]) -> FramingState {
    whole_messages(input, |input| after(input, b"\r\n"))
}

/// Replies of SMTP, or of FTP.
#[must_use]
pub fn replies(input: &[u8], is_ftp: bool) -> FramingState {
    whole_messages(input, |input| {
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
            let sign = line.strip_prefix(code).map(|behind| behind.first());
            match sign {
                Some(None | Some(b' ')) => return Some(rest),
                Some(Some(b'-')) => {}
                _ if is_ftp => {}
                _ => return None,
            }
        }
    })
}

/// Messages with a length of so many bytes in front, which counts `more` bytes beside the rest.
#[must_use]
pub fn length_prefixed(
    input: &[u8],
    before: usize,
    width: usize,
    big_endian: bool,
    more: u64,
) -> FramingState {
    whole_messages(input, |input| {
        let mut field = input.get(before..before + width)?.to_vec();
        if big_endian {
            field.reverse();
        }
        let said: u128 = field.iter().rev().fold(0, |said, byte| said * 256 + u128::from(*byte));
        let rest = usize::try_from(said.checked_sub(u128::from(more))?).ok()?;
        input.get(before.checked_add(width)?.checked_add(rest)?..)
    })
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

/// Frames of WebSocket, of one side.
#[must_use]
pub fn websocket(mut input: &[u8], masked: bool) -> FramingState {
    let mut fragments = false;
    while !input.is_empty() {
        let Some((first, length, rest)) = frame(input, masked) else { return InsideMessage };
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
    if first & 0x70 != 0 || (second >= 0x80) != masked {
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

/// IMAP responses, or commands none of whose literals is refused.
#[must_use]
pub fn imap(input: &[u8], is_responses: bool) -> FramingState {
    whole_messages(input, |input| {
        let mut at = 0;
        let first = &input[..find(input, b"\r\n")?];
        let text = String::from_utf8_lossy(first).to_ascii_uppercase();
        let words: Vec<&str> = text.split(' ').collect();
        let status = ["OK", "NO", "BAD", "BYE", "PREAUTH"];
        let is_text = words[0] == "+" || words.get(1).is_some_and(|word| status.contains(word));
        loop {
            let line = &input[at..][..find(&input[at..], b"\r\n")?];
            at += line.len() + 2;
            match literal(line) {
                Some(length) if !(is_responses && is_text) => at = at.checked_add(length?)?,
                _ => return Some(&input[at..]),
            }
            if at > input.len() {
                return None;
            }
        }
    })
}

/// The literal that a line announces, and its length if it can be said.
fn literal(line: &[u8]) -> Option<Option<usize>> {
    let inner = line.strip_suffix(b"}")?;
    let inner = &inner[inner.iter().rposition(|byte| *byte == b'{')? + 1..];
    let digits = inner.strip_suffix(b"+").or(inner.strip_suffix(b"-")).unwrap_or(inner);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().ok())
}

/// Commands of SMTP, where every DATA is answered with 354 and every other command with something else.
#[must_use]
pub fn smtp(mut input: &[u8]) -> FramingState {
    let mut unfinished = false;
    while !input.is_empty() {
        let Some(end) = find(input, b"\r\n") else { return InsideMessage };
        let line = String::from_utf8_lossy(&input[..end]).to_ascii_uppercase();
        input = &input[end + 2..];
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let behind = match words[..] {
            _ if line.starts_with(' ') => Some(input),
            // The line before the mail ends like one of its own.
            _ if line == "DATA" => {
                let mail = [b"\r\n", input].concat();
                find(&mail, b"\r\n.\r\n").map(|at| &input[at + 3..])
            }
            ["BDAT", length] => {
                unfinished = true;
                length.parse().ok().and_then(|length: usize| input.get(length..))
            }
            ["BDAT", length, "LAST"] => {
                unfinished = false;
                length.parse().ok().and_then(|length: usize| input.get(length..))
            }
            ["RSET" | "EHLO" | "HELO" | "QUIT", ..] => {
                unfinished = false;
                Some(input)
            }
            _ => Some(input),
        };
        match behind {
            Some(behind) => input = behind,
            None => return InsideMessage,
        }
    }
    if unfinished { InsideMessage } else { BetweenMessages }
}

/// Responses of HTTP to these methods, in their order. All of them have been asked.
#[must_use]
pub fn http_responses(mut input: &[u8], methods: &[&str]) -> FramingState {
    let mut methods = methods.iter();
    loop {
        input = skip_empty_lines(input);
        if input.is_empty() {
            return if methods.len() == 0 { BetweenMessages } else { InsideMessage };
        }
        let Some((section, rest)) = section(input) else { return InsideMessage };
        input = rest;
        let Some(status) = status(&section[0]) else { return InsideMessage };
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let method = methods.next().copied().unwrap_or("GET");
        if status == 101 || (method == "CONNECT" && (200..300).contains(&status)) {
            return DelimitedByEnd;
        }
        if method == "HEAD" || status == 204 || status == 304 {
            continue;
        }
        match content(&section) {
            Some(Content::None | Content::Other) => return DelimitedByEnd,
            Some(content) => match behind_content(input, content) {
                Some(rest) => input = rest,
                None => return InsideMessage,
            },
            None => return InsideMessage,
        }
    }
}

/// Requests of HTTP.
#[must_use]
pub fn http_requests(mut input: &[u8]) -> FramingState {
    loop {
        input = skip_empty_lines(input);
        if input.is_empty() {
            return BetweenMessages;
        }
        let Some((section, rest)) = section(input) else { return InsideMessage };
        match content(&section).and_then(|content| behind_content(rest, content)) {
            Some(rest) => input = rest,
            None => return InsideMessage,
        }
    }
}

/// How many bytes in front may be handed on: all but those of a header or trailer section that is not whole. Says
/// nothing of inputs with a fault.
#[must_use]
pub fn http_requests_releasable(input: &[u8]) -> usize {
    let mut rest = input;
    loop {
        rest = skip_empty_lines(rest);
        let start = input.len() - rest.len();
        let Some((section, behind)) = section(rest) else { return start };
        match content(&section) {
            Some(Content::Chunked) => {
                let mut chunks = behind;
                loop {
                    let Some((size, behind)) = chunk_size(chunks) else { return input.len() };
                    if size == 0 {
                        let start = input.len() - behind.len();
                        let Some(behind) = behind_trailers(behind) else { return start };
                        rest = behind;
                        break;
                    }
                    let Some(behind) = behind.get(size..).and_then(|behind| behind.strip_prefix(b"\r\n"))
                    else {
                        return input.len();
                    };
                    chunks = behind;
                }
            }
            Some(content) => match behind_content(behind, content) {
                Some(behind) => rest = behind,
                None => return input.len(),
            },
            None => return start,
        }
    }
}

fn skip_empty_lines(mut input: &[u8]) -> &[u8] {
    while let Some(rest) = input.strip_prefix(b"\r\n").or(input.strip_prefix(b"\n")) {
        input = rest;
    }
    input
}

/// The lines of a header section without their ends, and what is behind it.
fn section(mut input: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let end = find(input, b"\n")?;
        let line = &input[..end];
        input = &input[end + 1..];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Some((lines, input));
        }
        let line: String = line.iter().map(|byte| char::from(*byte)).collect();
        // RFC 9112 §5.2: a folded line belongs to the one before it
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => *last += &line,
            _ => lines.push(line),
        }
    }
}

fn status(line: &str) -> Option<u16> {
    let mut words = line.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next().filter(|status| status.len() == 3)?.parse().ok()
}

#[derive(Clone, Copy)]
enum Content {
    None,
    Length(usize),
    Chunked,
    Other,
}

/// RFC 9112 §6.3; `None` where the message is faulty.
fn content(section: &[String]) -> Option<Content> {
    let values = |wanted: &str| -> Vec<String> {
        let mut values = Vec::new();
        for line in &section[1..] {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case(wanted) {
                values.extend(value.split(',').map(|element| element.trim().to_ascii_lowercase()));
            }
        }
        values
    };
    if !section[1..].iter().all(|line| line.contains(':')) {
        return None;
    }
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    if !lengths.is_empty() && !codings.is_empty() {
        return None;
    }
    if !codings.is_empty() {
        let is_old = section[0].contains("HTTP/1.0");
        let chunked = codings.iter().filter(|coding| coding.starts_with("chunked")).count();
        let last = codings.iter().rfind(|coding| !coding.is_empty());
        return match last {
            _ if is_old || chunked > 1 => None,
            Some(last) if last == "chunked" => Some(Content::Chunked),
            _ => Some(Content::Other),
        };
    }
    let mut known = Content::None;
    for length in &lengths {
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) || *length != lengths[0] {
            return None;
        }
        known = Content::Length(length.parse().ok()?);
    }
    Some(known)
}

fn behind_content(mut input: &[u8], content: Content) -> Rest<'_> {
    match content {
        Content::None => Some(input),
        Content::Other => None,
        Content::Length(length) => input.get(length..),
        Content::Chunked => loop {
            let (size, behind) = chunk_size(input)?;
            if size == 0 {
                return behind_trailers(behind);
            }
            input = behind.get(size..)?.strip_prefix(b"\r\n")?;
        },
    }
}

fn chunk_size(input: &[u8]) -> Option<(usize, &[u8])> {
    let line = &input[..find(input, b"\r\n")?];
    let size = line.split(|byte| *byte == b';').next()?;
    let size = std::str::from_utf8(size).ok()?.trim_end_matches([' ', '\t']);
    if line.contains(&b'\n') || size.starts_with('+') {
        return None;
    }
    Some((usize::from_str_radix(size, 16).ok()?, &input[line.len() + 2..]))
}

fn behind_trailers(input: &[u8]) -> Rest<'_> {
    section(input).map(|(_, behind)| behind)
}
