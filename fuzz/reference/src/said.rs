//! What the core says about a run in words and levels: the sentence of the ending, its severity,
//! and why a fact is refused.
//!
//! Decides what a text must name, not its wording: an ending that lost something says what, an
//! alert appears by its name, a refusal names what was asked and the machine's state. Texts are
//! slow to make, so only set-ups that ask for them check them.

use std::fmt::{self, Write};

use close_notify_core::{
    AlertDescription, Delivery, Ending, Event, FramingState, Illegal, Machine, NotSent, Policy, ReadEnd,
    Severity, TransportEnd, UnknownAlert, WriteEnd,
};

use crate::judge::Flaw;

/// Judges the texts about a machine, about one alert, and about this fact if it is refused. The
/// alert's number selects what else is checked.
///
/// # Errors
///
/// Returns what is wrong with a text.
pub fn judged(machine: &Machine, alert: AlertDescription, fact: Event) -> Result<(), Flaw> {
    let ending = machine.ending();
    sentence(&ending)?;
    match alert.0 {
        0 => presets()?,
        1 => without_room(&UnknownAlert)?,
        2..=31 => without_room(&ending)?,
        _ => {}
    }
    if ending.may_resume() != ending.resumption.allowed {
        return Err("a session may be resumed, or may not, against its rule");
    }
    levels(&ending)?;
    refusal(machine, fact)?;
    names(alert)
}

/// Judges the ending in one sentence.
fn sentence(ending: &Ending) -> Result<(), Flaw> {
    let text = ending.to_string();
    let says = |what: &str| text.contains(what);
    let Some((reading, _)) = text.split_once("; ") else { return Err("a sentence without its halves") };
    // During the handshake, the text says that the handshake was awaited in place of close_notify.
    let other_words = matches!(
        ending.reading,
        ReadEnd::Reset | ReadEnd::TransportFailed | ReadEnd::TimedOut | ReadEnd::NotAwaited
    );
    let begins = reading.starts_with(&ending.reading.to_string()) || (ending.in_handshake && other_words);
    let goes_on = ending.in_handshake || reading == ending.reading.to_string();
    if !begins || !goes_on || !says("; ") || says("\n") {
        return Err("a sentence does not begin with how reading ended");
    }
    // Phrases that people search for, as OpenSSL, rustls and browsers have similar ones;
    // cut-is-visible
    let is_cut = matches!(ending.reading, ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord);
    let whole = reading == "the peer sent close_notify";
    let inside = reading.contains("inside a record");
    let handshake = ending.in_handshake && ending.reading != ReadEnd::CloseNotifyInHandshake;
    let transport = ending.transport;
    let lingered = |end| has_spoken(ending) && transport == end;
    let timed_out = ending.reading == ReadEnd::TimedOut || lingered(TransportEnd::TimedOut);
    let over = ending.reading == ReadEnd::OverBudget || lingered(TransportEnd::OverBudget);
    let is_told = matches!(ending.reading, ReadEnd::Reset | ReadEnd::TransportFailed);
    let reset_later = !is_told && lingered(TransportEnd::PeerReset);
    let numbers = [
        (handshake, reading.contains("before the handshake was done")),
        (timed_out, says("the deadline passed before")),
        (over, says("more than the budget")),
        (lingered(TransportEnd::OverBudget), says("closing may have destroyed what we said")),
        (reset_later, says("the transport was reset or failed afterwards")),
        (lingered(TransportEnd::HandedOver), says("a service lingers on")),
        (lingered(TransportEnd::CutShort), says("we let go before the peer's FIN")),
        (is_cut, reading.contains("without sending TLS close_notify")),
        (ending.reading == ReadEnd::CloseNotify, whole),
        (ending.reading == ReadEnd::TruncatedInRecord, inside),
        (ending.discarded > 0, says(&format!("; {} bytes of ours were discarded", ending.discarded))),
        (ending.discarded == 0 && ending.delivery == Delivery::Lost, says("what we wrote may be lost")),
        (ending.late > 0, says(&format!("; {} bytes came after our close", ending.late))),
        // Java habitually sends user_canceled before close_notify.
        (ending.user_canceled && !whole, says("the peer had sent user_canceled")),
        (ending.errno.is_some(), says("; errno ")),
        (matches!(ending.writing, WriteEnd::Aborted { .. }), says("reset the connection")),
    ];
    if numbers.iter().any(|(is_so, is_said)| is_so != is_said) {
        return Err("a sentence leaves out what happened, or says what did not");
    }
    let number = ending.errno.is_none_or(|errno| text.ends_with(&format!("errno {errno}")));
    let alone = ending.writing.to_string();
    let refused = matches!(ending.reading, ReadEnd::Refused(_));
    if !number || !(refused || says(&alone)) {
        return Err("a sentence says another error, or that writing ended otherwise");
    }
    match alerts(ending).into_iter().flatten().all(|alert| says(&alert.to_string())) {
        true => Ok(()),
        false => Err("a sentence does not name the alert"),
    }
}

/// Whether our last word is whole in the transport, so that a close may destroy it.
const fn has_spoken(ending: &Ending) -> bool {
    matches!(ending.writing, WriteEnd::CloseNotifySent | WriteEnd::FatalAlertSent(_))
}

/// Checks that a sink with little room gets the beginning of a text, and the writer gets an error.
fn without_room(said: &impl fmt::Display) -> Result<(), Flaw> {
    let text = said.to_string();
    let breaks = text.match_indices([';', ',']).map(|(at, _)| at + 1);
    for room in [0].into_iter().chain(breaks).filter(|&room| room < text.len()) {
        let mut sink = Sink { room, got: String::new() };
        if write!(sink, "{said}").is_ok() || !text.starts_with(&sink.got) {
            return Err("a text that does not fit is no error");
        }
    }
    Ok(())
}

struct Sink {
    room: usize,
    got: String,
}

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.got.len() + text.len() > self.room {
            return Err(fmt::Error);
        }
        self.got.push_str(text);
        Ok(())
    }
}

/// The error alerts of either side.
const fn alerts(ending: &Ending) -> [Option<AlertDescription>; 2] {
    let read = match ending.reading {
        ReadEnd::FatalAlert(alert) | ReadEnd::Refused(alert) => Some(alert),
        _ => None,
    };
    let written = match ending.writing {
        WriteEnd::FatalAlertSent(alert) => Some(alert),
        _ => None,
    };
    [read, written]
}

/// Judges the severity from what is lost alone.
fn levels(ending: &Ending) -> Result<(), Flaw> {
    let refused = matches!(ending.reading, ReadEnd::Refused(AlertDescription::INTERNAL_ERROR))
        || ending.writing == WriteEnd::FatalAlertSent(AlertDescription::INTERNAL_ERROR);
    let fails = refused || ending.writing == WriteEnd::NotSent(NotSent::Unsealable);
    let chosen = matches!(ending.writing, WriteEnd::Aborted { .. });
    // alert-survives-close, data-survives-close
    let destroys = has_spoken(ending) && ending.transport == TransportEnd::OverBudget;
    let alert = alerts(ending).iter().any(Option::is_some);
    let alarm = alert || ending.writing == WriteEnd::PartlyWritten || destroys;
    let early =
        has_spoken(ending) && matches!(ending.transport, TransportEnd::TimedOut | TransportEnd::CutShort);
    // Load balancers and port scanners do this all day.
    let left = matches!(ending.reading, ReadEnd::TruncatedAtBoundary | ReadEnd::Reset);
    let walks_away = ending.in_handshake && left && (ending.discarded, ending.late) == (0, 0);
    // What this side did not wait for, or threw away itself, is no loss to warn about.
    let waited =
        !matches!(ending.reading, ReadEnd::Open | ReadEnd::NotAwaited | ReadEnd::CloseNotifyInHandshake);
    for &framing in FramingState::ALL {
        let level = ending.severity(framing);
        let open = ending.truncation_possible(framing);
        let cut = waited && open && !ending.in_handshake;
        let lost = ending.delivery == Delivery::Lost && !chosen && (open || ending.discarded > 0);
        if (level == Severity::Error) != fails {
            return Err("a failure of this side is no error in the log, or something else is");
        }
        if (level >= Severity::Warn) != (fails || alarm || cut || lost) {
            return Err("a loss is not warned of, or there is a warning without a loss");
        }
        let quiet = ending.is_clean() && !cut && ending.delivery != Delivery::Lost && !(destroys || early);
        if quiet && level != Severity::Debug {
            return Err("a clean end makes a noise");
        }
        if early && level == Severity::Debug {
            return Err("a linger that ended too early is no news");
        }
        if walks_away && !(fails || alarm || chosen) && level != Severity::Debug {
            return Err("a peer that left the handshake makes a noise");
        }
        if level.to_string() != level.name() {
            return Err("a level by another name");
        }
    }
    Ok(())
}

/// Judges the reason given if the fact is refused now.
fn refusal(machine: &Machine, fact: Event) -> Result<(), Flaw> {
    let mut told = *machine;
    let Err(illegal) = told.handle(fact) else { return Ok(()) };
    let (asked, stands, is_there) = match illegal {
        Illegal::Send { state, event } => {
            (event.to_string(), state.to_string(), state == machine.send_state())
        }
        Illegal::Recv { state, event } => {
            (event.to_string(), state.to_string(), state == machine.recv_state())
        }
        Illegal::Transport { state, event } => {
            (event.to_string(), state.to_string(), state == machine.transport_state())
        }
        Illegal::Manner { current, asked } => {
            (asked.to_string(), current.to_string(), current == machine.manner())
        }
        Illegal::HalfClose { version } => {
            (format!("TLS 1.{}", version as u8), "TLS 1.3".to_owned(), version == machine.version())
        }
        Illegal::NotAnError { alert } => (alert.to_string(), "not an error".to_owned(), !alert.is_error()),
    };
    let text = illegal.to_string();
    if is_there && text.contains(&asked) && text.contains(&stands) {
        Ok(())
    } else {
        Err("a refusal does not say what was asked, or where the machine stands")
    }
}

/// Checks that an alert has one name, that it parses back to that alert, and that no other text
/// does.
fn names(alert: AlertDescription) -> Result<(), Flaw> {
    let name = alert.to_string();
    let odd = [format!("{name} "), format!("alert {}", 256 + u32::from(alert.0)), name.to_uppercase()];
    let registered = AlertDescription::REGISTERED.contains(&alert);
    if name.parse() != Ok(alert) || registered != (alert.name() == Some(&*name)) {
        return Err("an alert's name is not read back");
    }
    for text in odd {
        match text.parse::<AlertDescription>() {
            Ok(_) => return Err("an alert of another name"),
            Err(unknown) if !unknown.to_string().contains("close_notify, ") => {
                return Err("a wrong name of an alert, and no help");
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Checks that each preset is in the table under its name.
fn presets() -> Result<(), Flaw> {
    let named = [
        ("strict", Policy::STRICT),
        ("https", Policy::https()),
        ("ftps_data", Policy::ftps_data()),
        ("smtp", Policy::smtp()),
        ("ldap_stop_tls", Policy::ldap_stop_tls()),
        ("pool", Policy::pool()),
        ("proxy", Policy::proxy()),
    ];
    if Policy::PRESETS == named && Policy::default() == Policy::STRICT {
        Ok(())
    } else {
        Err("a preset under another name")
    }
}
