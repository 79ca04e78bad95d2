//! The texts of an ending. People search for them, so each is in one place.
//!
//! This module has only the words; `ending` decides what is true.

use core::fmt;

use crate::ending::{Delivery, Ending, NotSent, ReadEnd, TransportEnd, WriteEnd};
use crate::{recv, send, transport};

impl fmt::Display for ReadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("reading has not ended"),
            Self::CloseNotify => f.write_str("the peer sent close_notify"),
            Self::CloseNotifyInHandshake => f.write_str("the peer sent close_notify during the handshake"),
            Self::TruncatedAtBoundary => {
                f.write_str("peer closed connection without sending TLS close_notify")
            }
            Self::TruncatedInRecord => {
                f.write_str("peer closed connection without sending TLS close_notify, inside a record")
            }
            Self::Reset => f.write_str("the connection was reset before close_notify"),
            Self::FatalAlert(alert) => write!(f, "the peer sent the fatal alert {alert}"),
            Self::Refused(alert) => write!(f, "we refused to read on ({alert})"),
            Self::NotAwaited => f.write_str("we did not wait for the peer's close_notify"),
            Self::TimedOut => f.write_str("the deadline passed before the peer's close_notify"),
            Self::OverBudget => f.write_str("the peer sent more than the budget after our close"),
            Self::TransportFailed => f.write_str("the transport failed before the peer's close_notify"),
        }
    }
}

impl fmt::Display for WriteEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.say(f, "close_notify")
    }
}

impl WriteEnd {
    /// Writes the sentence. `word` names the last word that we wanted to send.
    fn say(&self, f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
        match self {
            Self::Open => f.write_str("writing has not ended"),
            Self::Closing => f.write_str("our last word is not out yet"),
            Self::CloseNotifySent => f.write_str("we sent close_notify"),
            Self::PartlyWritten => f.write_str("our last record was cut in two"),
            Self::NotSent(NotSent::TransportFailed) => write!(f, "the transport failed before our {word}"),
            Self::NotSent(NotSent::GaveUp) => write!(f, "the transport did not take our {word} in time"),
            Self::NotSent(NotSent::Unsealable) => write!(f, "the engine could not seal our {word}"),
            Self::NotSent(NotSent::PeerFatalAlert) => {
                f.write_str("we sent no close_notify, because of that alert")
            }
            Self::NotSent(NotSent::NotAsked) => f.write_str("we never closed our side"),
            Self::FatalAlertSent(alert) => write!(f, "we sent the fatal alert {alert}"),
            Self::Aborted { after_close_notify: false } => f.write_str("we reset the connection"),
            Self::Aborted { after_close_notify: true } => {
                f.write_str("we sent close_notify and reset the connection")
            }
        }
    }
}

/// One sentence: how reading ended, how writing ended, what was lost, and the first error number.
///
/// ```
/// # use close_notify_core::{Event, Machine, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::Write)?;
/// machine.handle(Event::TransportReset { errno: 104 })?;
/// let sentence = "the connection was reset before close_notify; \
///                 the transport failed before our close_notify; \
///                 what we wrote may be lost; errno 104";
/// assert_eq!(machine.ending().to_string(), sentence);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if matches!(self.reading, ReadEnd::Refused(_)) { "fatal alert" } else { "close_notify" };
        self.say_reading(f)?;
        f.write_str("; ")?;
        self.writing.say(f, word)?;
        self.say_transport(f)?;
        if self.discarded > 0 {
            write!(f, "; {} bytes of ours were discarded", self.discarded)?;
        } else if matches!(self.delivery, Delivery::Lost) {
            f.write_str("; what we wrote may be lost")?;
        }
        if self.late > 0 {
            write!(f, "; {} bytes came after our close and were dropped", self.late)?;
        }
        // JSSE sends it before every close_notify.
        if self.user_canceled && !matches!(self.reading, ReadEnd::CloseNotify) {
            f.write_str("; the peer had sent user_canceled")?;
        }
        match self.errno {
            Some(errno) => write!(f, "; errno {errno}"),
            None => Ok(()),
        }
    }
}

impl Ending {
    fn say_reading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HANDSHAKE: &str = "before the handshake was done";
        if !self.in_handshake {
            return write!(f, "{}", self.reading);
        }
        match self.reading {
            ReadEnd::Reset => write!(f, "the connection was reset {HANDSHAKE}"),
            ReadEnd::TransportFailed => write!(f, "the transport failed {HANDSHAKE}"),
            ReadEnd::TimedOut => write!(f, "the deadline passed {HANDSHAKE}"),
            ReadEnd::NotAwaited => write!(f, "we left {HANDSHAKE}"),
            ReadEnd::CloseNotifyInHandshake => write!(f, "{}", self.reading),
            _ => write!(f, "{}, {HANDSHAKE}", self.reading),
        }
    }

    /// Writes how lingering after our last word ended, unless the end of reading already says it.
    fn say_transport(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_spoken() {
            return Ok(());
        }
        f.write_str(match (self.transport, self.reading) {
            (TransportEnd::TimedOut, ReadEnd::TimedOut)
            | (TransportEnd::PeerReset, ReadEnd::Reset | ReadEnd::TransportFailed) => "",
            (TransportEnd::TimedOut, _) => "; the deadline passed before the peer's FIN",
            (TransportEnd::OverBudget, ReadEnd::OverBudget) => "; closing may have destroyed what we said",
            (TransportEnd::OverBudget, _) => {
                "; the peer sent more than the budget, and closing may have destroyed what we said"
            }
            (TransportEnd::PeerReset, _) => "; the transport was reset or failed afterwards",
            (TransportEnd::HandedOver, _) => "; a service lingers on",
            (TransportEnd::CutShort, _) => "; we let go before the peer's FIN",
            (TransportEnd::Open | TransportEnd::PeerFin | TransportEnd::NotAwaited, _) => "",
        })
    }
}

/// The states of a part in words, for a refusal. Each must be listed.
macro_rules! words {
    ($State:ty: $($($state:ident)|+ => $words:literal,)+) => {
        impl $State {
            pub(crate) const fn words(self) -> &'static str {
                const WORDS: [&str; <$State>::ALL.len()] = {
                    let mut words = [""; <$State>::ALL.len()];
                    $($(words[<$State>::$state as usize] = $words;)+)+
                    let mut at = 0;
                    while at < words.len() {
                        assert!(!words[at].is_empty(), "a state has no words");
                        at += 1;
                    }
                    words
                };
                WORDS[self as usize]
            }
        }
    };
}

words! { send::State:
    Handshaking => "the handshake is not done",
    Open => "writing is open",
    ReplyDue => "the answer to the peer's close_notify is due",
    NotifyDue => "our close_notify is due",
    NotifyLeaving => "our close_notify is being written",
    Notified | NotifiedShut => "we have sent close_notify",
    AlertDue => "our fatal alert is due",
    AlertLeaving => "our fatal alert is being written",
    Alerted | AlertedShut => "we have sent a fatal alert",
    Silenced | SilencedShut => "the peer's fatal alert has ended writing",
    Failed => "writing has failed",
    Aborted => "we have aborted the connection",
}

words! { recv::State:
    Plain => "the peer has no keys yet",
    Handshaking => "the handshake is not done",
    EarlyData => "0-RTT data is being read",
    Open => "reading is open",
    PeerNotified => "the peer has sent close_notify",
    NotifiedEarly => "the peer has sent close_notify in the handshake",
    CutAtBoundary | CutInRecord => "the peer has ended the connection",
    Reset => "the connection was reset",
    PeerFatal => "the peer has sent a fatal alert",
    Refused => "we have refused to read on",
    NotAwaited => "we did not wait for the peer",
    TimedOut => "the deadline has passed",
    OverBudget => "the budget is spent",
    TransportFailed => "the transport has failed",
}

words! { transport::State:
    Open => "the transport is in use",
    PeerEof => "the peer has ended its stream",
    PeerReset => "the transport was reset",
    GivenUp => "we have stopped waiting",
    Closed => "we have closed the transport",
    ResetByUs => "we have reset the transport",
    HandedBack => "the transport was handed back",
}
