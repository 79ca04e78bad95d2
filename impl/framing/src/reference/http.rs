//! HTTP/1, of one direction and of both.

use close_notify_core::FramingState::{self, BetweenMessages, DelimitedByEnd, InsideMessage};

use super::{Rest, Told, find};

/// RFC 9110 §5.6.3: nothing else is space, whatever Unicode says.
const OWS: [char; 2] = [' ', '\t'];

/// The expected answers of a tracker after all that it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stand {
    /// The state of the framing.
    pub state: FramingState,
    /// How many of the bytes received may be handed on: all but those of a section that is not
    /// whole. Not defined for inputs with a fault.
    pub releasable: usize,
}

/// How to read what a tracker can be configured to read in another way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// RFC 9112 §6.3: Transfer-Encoding overrides a Content-Length beside it. Otherwise both
    /// together are a fault.
    pub coding_overrides: bool,
}

/// Responses as a client receives them, the requests that it sent, and what takes over. The methods
/// in `asked` were sent before everything else.
#[must_use]
pub fn http_client(
    told: &Told,
    choices: Choices,
    asked: &[&str],
    then: impl Fn(&[u8]) -> FramingState,
) -> Stand {
    let input = told.all_received();
    let sent = requests(told.all_sent(), choices).0;
    let before = asked.iter().map(|method| (0, (*method).to_owned()));
    let requests: Vec<_> = before.chain(sent.into_iter().map(|sent| (sent.head, sent.method))).collect();
    let mut answered = 0;
    let (stand, tunnel) = responses(input, choices, |at, status| {
        let (_, method) = requests.get(answered).filter(|(end, _)| *end <= told.sent_when(at))?;
        answered += usize::from(is_final(status));
        Some(method.clone())
    });
    match tunnel {
        Some(at) => Stand { state: then(&input[at..]), releasable: input.len() },
        None if stand.state == BetweenMessages && answered < requests.len() => {
            Stand { state: InsideMessage, ..stand }
        }
        None => stand,
    }
}

/// Requests as a server receives them, the responses that it sent, and what takes over.
#[must_use]
pub fn http_server(told: &Told, choices: Choices, then: impl Fn(&[u8]) -> FramingState) -> Stand {
    let input = told.all_received();
    let (asked, stand) = requests(input, choices);
    let (mut answered, mut answers_to_last) = (0, Vec::new());
    let (_, tunnel) = responses(told.all_sent(), choices, |at, status| {
        let request = asked.get(answered).filter(|request| request.head <= told.received_when(at))?;
        if answered + 1 == asked.len() {
            answers_to_last.push(status);
        }
        answered += usize::from(is_final(status));
        Some(request.method.clone())
    });
    let Some(sent) = tunnel else {
        // RFC 9110 §10.1.1: a client that waits for 100 before it sends the content, and gets a
        // final status, may leave the content out
        let answer = answers_to_last.iter().find(|status| **status == 100 || is_final(**status));
        let is_refused = answer.is_some_and(|status| *status != 100);
        let is_left_out = asked.last().is_some_and(|last| last.waits && last.head == input.len());
        return if is_refused && is_left_out { Stand { state: BetweenMessages, ..stand } } else { stand };
    };
    let at = told.received_when(sent);
    let (before, early) = requests(&input[..at], choices);
    let last = before.last();
    // RFC 9110 §7.8: the message that has begun is sent whole; §9.3.6: a CONNECT has no content
    let is_unfinished = last.is_some_and(|last| last.end.is_none() && last.method != "CONNECT");
    // Other requests came after the one that switched, or the next protocol was used before that
    // was allowed.
    if before.len() > answered || (early.state != BetweenMessages && !is_unfinished) {
        return Stand { state: InsideMessage, ..early };
    }
    let from = if is_unfinished { asked[before.len() - 1].end } else { Some(at) };
    match from {
        Some(from) => Stand { state: then(&input[from..]), releasable: input.len() },
        None => stand,
    }
}

/// RFC 9110 §15.2: 101 is the last HTTP response, too.
fn is_final(status: u16) -> bool {
    status == 101 || !(100..200).contains(&status)
}

/// A request whose head is whole.
struct Request {
    method: String,
    /// The end of its head.
    head: usize,
    /// Its end, if it is whole.
    end: Option<usize>,
    /// It waits for 100 before it sends its content.
    waits: bool,
}

/// The requests whose heads are whole.
fn requests(input: &[u8], choices: Choices) -> (Vec<Request>, Stand) {
    let (mut heads, mut rest): (Vec<Request>, _) = (Vec::new(), input);
    loop {
        rest = skip_empty_lines(rest);
        let start = input.len() - rest.len();
        let held = Stand { state: InsideMessage, releasable: start };
        if rest.is_empty() {
            return (heads, Stand { state: BetweenMessages, releasable: start });
        }
        let Some((section, after)) = section(rest) else { return (heads, held) };
        let method = section[0].split(' ').next().unwrap_or_default().to_owned();
        let (head, content) = (input.len() - after.len(), content(&section, choices));
        let may_wait = matches!(content, Some(Content::Length(_) | Content::Chunked));
        let waits = may_wait && expects_continue(&section);
        heads.push(Request { method, head, end: None, waits });
        let Some(content) = content else { return (heads, held) };
        match after_content(after, content) {
            Ok(after) => rest = after,
            Err(unread) => {
                return (heads, Stand { state: InsideMessage, releasable: input.len() - unread });
            }
        }
        if let Some(last) = heads.last_mut() {
            last.end = Some(input.len() - rest.len());
        }
    }
}

/// The responses, and the start of a tunnel. `method` returns the method that a response answers,
/// given the end of its head and its status.
fn responses(
    input: &[u8],
    choices: Choices,
    mut method: impl FnMut(usize, u16) -> Option<String>,
) -> (Stand, Option<usize>) {
    let mut rest = input;
    loop {
        rest = skip_empty_lines(rest);
        let start = input.len() - rest.len();
        let held = (Stand { state: InsideMessage, releasable: start }, None);
        if rest.is_empty() {
            return (Stand { state: BetweenMessages, releasable: start }, None);
        }
        let Some((section, after)) = section(rest) else { return held };
        let Some(status) = status(&section[0]) else { return held };
        rest = after;
        let at = input.len() - rest.len();
        let method = method(at, status);
        if !is_final(status) {
            continue;
        }
        if status == 101 || (method.as_deref() == Some("CONNECT") && (200..300).contains(&status)) {
            return (Stand { state: DelimitedByEnd, releasable: input.len() }, Some(at));
        }
        if method.as_deref() == Some("HEAD") || status == 204 || status == 304 {
            continue;
        }
        match content(&section, choices) {
            Some(Content::None | Content::Other) => {
                return (Stand { state: DelimitedByEnd, releasable: input.len() }, None);
            }
            Some(content) => match after_content(rest, content) {
                Ok(after) => rest = after,
                Err(unread) => {
                    return (Stand { state: InsideMessage, releasable: input.len() - unread }, None);
                }
            },
            None => return held,
        }
    }
}

fn skip_empty_lines(mut input: &[u8]) -> &[u8] {
    while let Some(rest) = input.strip_prefix(b"\r\n").or(input.strip_prefix(b"\n")) {
        input = rest;
    }
    input
}

/// The lines of a header section without their ends, and what comes after it.
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

/// RFC 9112 §6.3; `None` if the message is faulty.
fn content(section: &[String], choices: Choices) -> Option<Content> {
    if !section[1..].iter().all(|line| line.contains(':')) {
        return None;
    }
    let (lengths, codings) = (values(section, "content-length"), values(section, "transfer-encoding"));
    if !lengths.is_empty() && !codings.is_empty() && !choices.coding_overrides {
        return None;
    }
    if !codings.is_empty() {
        let is_old = is_of_http_10(&section[0]);
        let chunked = codings.iter().filter(|coding| name_of(coding) == "chunked").count();
        let last = codings.iter().rfind(|coding| !coding.is_empty());
        return match last {
            _ if is_old || chunked > 1 => None,
            Some(last) if last == "chunked" => Some(Content::Chunked),
            _ => Some(Content::Other),
        };
    }
    let mut known = Content::None;
    for length in &lengths {
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let length = length.parse().ok()?;
        // RFC 9110 §8.6: the same decimal value, however often
        match known {
            Content::Length(before) if before != length => return None,
            _ => known = Content::Length(length),
        }
    }
    Some(known)
}

/// The elements of the lists that fields of this name hold.
fn values(section: &[String], wanted: &str) -> Vec<String> {
    let mut values = Vec::new();
    for line in &section[1..] {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case(wanted) {
            values.extend(value.split(',').map(|element| element.trim_matches(OWS).to_ascii_lowercase()));
        }
    }
    values
}

/// RFC 9110 §10.1.1; a quoted string is not parsed here, and means that there is no expectation.
fn expects_continue(section: &[String]) -> bool {
    let expectations = values(section, "expect");
    !is_of_http_10(&section[0])
        && expectations.iter().any(|expectation| expectation == "100-continue")
        && !expectations.iter().any(|expectation| expectation.contains('"'))
}

/// Whether the version is 1.0; the version begins a response and ends a request.
fn is_of_http_10(line: &str) -> bool {
    let version =
        if line.starts_with("HTTP/") { line.split(' ').next() } else { line.split(' ').next_back() };
    version == Some("HTTP/1.0")
}

/// A transfer coding without its parameters.
fn name_of(coding: &str) -> &str {
    coding.split(';').next().unwrap_or_default().trim_end_matches(OWS)
}

/// What comes after the content. If the content is not whole: how many bytes at the end belong to a
/// trailer section that is not whole.
fn after_content(mut input: &[u8], content: Content) -> Result<&[u8], usize> {
    match content {
        Content::None => Ok(input),
        Content::Other => Err(0),
        Content::Length(length) => input.get(length..).ok_or(0),
        Content::Chunked => loop {
            let (size, after) = chunk_size(input).ok_or(0_usize)?;
            if size == 0 {
                return after_trailers(after).ok_or(after.len());
            }
            input = after.get(size..).and_then(|after| after.strip_prefix(b"\r\n")).ok_or(0_usize)?;
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

fn after_trailers(input: &[u8]) -> Rest<'_> {
    section(input).map(|(_, after)| after)
}
