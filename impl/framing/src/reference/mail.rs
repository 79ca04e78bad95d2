//! SMTP as a server sees it, and IMAP: what is received, and what is answered.

use close_notify_core::FramingState::{self, BetweenMessages, InsideMessage};

use super::{Told, after_reply, find, whole_messages};

/// Commands of SMTP and the mail between them, and the replies to them.
#[must_use]
pub fn smtp(told: &Told) -> FramingState {
    match smtp_rest(told) {
        Some(true) => BetweenMessages,
        Some(false) | None => InsideMessage,
    }
}

/// Whether everything is whole and no mail is unfinished; `None` inside of something, or if the
/// input makes no sense.
fn smtp_rest(told: &Told) -> Option<bool> {
    let input = told.all_received();
    let replies = replies(told.all_sent())?;
    // The end of each command and of each mail: there is one reply to each.
    let mut ends = Vec::new();
    let (mut at, mut is_unfinished) = (0, false);
    while at < input.len() {
        let line = &input[at..][..find(&input[at..], b"\r\n")?];
        at += line.len() + 2;
        ends.push(at);
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        let words: Vec<&str> = line.split(' ').collect();
        let arguments: Vec<&str> = words[1..].iter().copied().filter(|word| !word.is_empty()).collect();
        match (words[0], &arguments[..]) {
            ("DATA", _) => {
                let (sent, code) = replies.get(answer_to_last(told, &ends, &replies))?;
                // RFC 2920 §3.1: the client waits
                if told.received_when(*sent) > at {
                    return None;
                }
                if code == b"354" {
                    // The line before the mail ends like a line of the mail.
                    let mail = [b"\r\n", &input[at..]].concat();
                    at += find(&mail, b"\r\n.\r\n")? + 3;
                    ends.push(at);
                }
            }
            ("BDAT", [length]) => (at, is_unfinished) = (at.checked_add(length.parse().ok()?)?, true),
            ("BDAT", [length, "LAST"]) => {
                (at, is_unfinished) = (at.checked_add(length.parse().ok()?)?, false)
            }
            ("BDAT", _) => return None,
            ("RSET" | "EHLO" | "HELO" | "QUIT", _) => is_unfinished = false,
            _ => {}
        }
        if at > input.len() {
            return None;
        }
    }
    Some(!is_unfinished)
}

/// The end of each whole reply, and its code; `None` if one is malformed.
fn replies(sent: &[u8]) -> Option<Vec<(usize, &[u8])>> {
    let (mut all, mut rest) = (Vec::new(), sent);
    while let Some(next) = after_reply(rest, false) {
        all.push((sent.len() - next.len(), &rest[..3]));
        rest = next;
    }
    is_the_beginning_of_a_reply(rest).then_some(all)
}

/// Whether the whole lines could belong to a reply that goes on.
fn is_the_beginning_of_a_reply(rest: &[u8]) -> bool {
    let Some(end) = rest.windows(2).rposition(|window| window == b"\r\n") else { return true };
    let last = [rest.get(..3).unwrap_or_default(), b"\r\n"].concat();
    after_reply(&[&rest[..end + 2], &last].concat(), false).is_some_and(<[u8]>::is_empty)
}

/// The index of the reply that answers the last of these. Replies come in order, and one that
/// nothing asked for does not count.
fn answer_to_last(told: &Told, ends: &[usize], replies: &[(usize, &[u8])]) -> usize {
    let (mut owed, mut seen) = (0_usize, 0);
    for end in ends {
        while replies.get(seen).is_some_and(|(sent, _)| told.received_when(*sent) < *end) {
            (owed, seen) = (owed.saturating_sub(1), seen + 1);
        }
        owed += 1;
    }
    seen + owed - 1
}

/// IMAP responses.
#[must_use]
pub fn imap_responses(input: &[u8]) -> FramingState {
    whole_messages(input, |input| Some(&input[imap_message(input, true, &|_, _| false)?..]))
}

/// IMAP commands, and the answers that may refuse their literals.
#[must_use]
pub fn imap_commands(told: &Told) -> FramingState {
    let (input, answers) = (told.all_received(), told.all_sent());
    let mut refusals = Vec::new();
    let mut at = 0;
    while let Some(length) = imap_message(&answers[at..], true, &|_, _| false) {
        let (tag, word) = first_words(&answers[at..]);
        at += length;
        if word.eq_ignore_ascii_case(b"NO") || word.eq_ignore_ascii_case(b"BAD") {
            refusals.push((tag, told.received_when(at)));
        }
    }
    whole_messages(input, |rest| {
        let start = input.len() - rest.len();
        // RFC 9051 §7.6: a literal that is refused before it has begun is not sent
        let is_refused = |tag: &[u8], at: usize| refusals.contains(&(tag, start + at));
        Some(&rest[imap_message(rest, false, &is_refused)?..])
    })
}

/// The tag, and the word after it.
fn first_words(message: &[u8]) -> (&[u8], &[u8]) {
    let line = &message[..find(message, b"\r\n").unwrap_or(message.len())];
    let mut words = line.split(|byte| *byte == b' ');
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// The length of the first message.
fn imap_message(input: &[u8], is_response: bool, is_refused: &dyn Fn(&[u8], usize) -> bool) -> Option<usize> {
    let mut at = 0;
    find(input, b"\r\n")?;
    let (tag, word) = first_words(input);
    let status = ["OK", "NO", "BAD", "BYE", "PREAUTH"];
    let is_status = status.iter().any(|status| word.eq_ignore_ascii_case(status.as_bytes()));
    let is_text = is_response && (tag == b"+" || is_status);
    loop {
        let line = &input[at..][..find(&input[at..], b"\r\n")?];
        at += line.len() + 2;
        match literal(line) {
            Some((length, waits)) if !is_text => {
                if waits && is_refused(tag, at) {
                    return Some(at);
                }
                at = at.checked_add(length?)?;
            }
            _ => return Some(at),
        }
        if at > input.len() {
            return None;
        }
    }
}

/// The literal that a line announces: its length if it can be counted, and whether its sender
/// waits.
fn literal(line: &[u8]) -> Option<(Option<usize>, bool)> {
    let inner = line.strip_suffix(b"}")?;
    let inner = &inner[inner.iter().rposition(|byte| *byte == b'{')? + 1..];
    let digits = inner.strip_suffix(b"+").or(inner.strip_suffix(b"-")).unwrap_or(inner);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((std::str::from_utf8(digits).ok()?.parse().ok(), digits.len() == inner.len()))
}
