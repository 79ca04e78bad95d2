//! Misuse by the caller: an event or a request that is impossible in the current state. The machine
//! is unchanged.

use core::fmt;

use crate::alert::AlertDescription;
use crate::manner::Manner;
use crate::version::Version;
use crate::{recv, send, transport};

/// An event or a request that is impossible in the current state.
///
/// ```
/// # use close_notify_core::{Event, Illegal, Machine, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::CloseWrite)?;
/// let refused = machine.handle(Event::Write).unwrap_err();
/// assert_eq!(refused.to_string(), "Write is not possible: our close_notify is due (NotifyDue)");
/// # Ok::<(), Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Illegal {
    /// The sending half has no transition for the event.
    Send {
        /// Its state.
        state: send::State,
        /// The event that was refused.
        event: send::Event,
    },
    /// The receiving half has no transition for the event.
    Recv {
        /// Its state.
        state: recv::State,
        /// The event that was refused.
        event: recv::Event,
    },
    /// The transport has no transition for the event.
    Transport {
        /// Its state.
        state: transport::State,
        /// The event that was refused.
        event: transport::Event,
    },
    /// The application asked for one manner and then for another that cannot follow it.
    Manner {
        /// What it asked for first.
        current: Manner,
        /// What it asked for now.
        asked: Manner,
    },
    /// Only TLS 1.3 can close one direction alone.
    HalfClose {
        /// The version in use.
        version: Version,
    },
    /// A rejection needs an error alert; close_notify and user_canceled are not errors.
    NotAnError {
        /// The alert that was asked for.
        alert: AlertDescription,
    },
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { state, event } => refusal(f, event.name(), state.words(), state.name()),
            Self::Recv { state, event } => refusal(f, event.name(), state.words(), state.name()),
            Self::Transport { state, event } => refusal(f, event.name(), state.words(), state.name()),
            Self::Manner { current, asked } => write!(f, "{asked} cannot follow {current}"),
            Self::HalfClose { version } => {
                let number = version.number();
                write!(f, "TLS {number} cannot close one direction alone: close both, or use TLS 1.3")
            }
            Self::NotAnError { alert } => write!(f, "{alert} is not an error: reject with an error alert"),
        }
    }
}

fn refusal(f: &mut fmt::Formatter<'_>, event: &str, words: &str, state: &str) -> fmt::Result {
    write!(f, "{event} is not possible: {words} ({state})")
}

impl core::error::Error for Illegal {}
