//! The caller's misuse: a move that the tables do not have. The machine is unchanged by it.

use core::fmt;

use crate::alert::AlertDescription;
use crate::manner::Manner;
use crate::version::Version;
use crate::{recv, send, transport};

/// A move that cannot happen where the machine stands.
///
/// ```
/// use close_notify_core::{Event, Illegal, Machine, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::CloseWrite)?;
/// let refused = machine.handle(Event::Write).unwrap_err();
/// assert_eq!(refused.to_string(), "Write is illegal where the sending half is NotifyDue");
/// # Ok::<(), Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Illegal {
    /// The sending half has no such row.
    Send {
        /// Where it stands.
        state: send::State,
        /// What it was told.
        event: send::Event,
    },
    /// The receiving half has no such row.
    Recv {
        /// Where it stands.
        state: recv::State,
        /// What it was told.
        event: recv::Event,
    },
    /// The transport has no such row.
    Transport {
        /// Where it stands.
        state: transport::State,
        /// What it was told.
        event: transport::Event,
    },
    /// The application asked for one end and then for another that no longer fits.
    Manner {
        /// What it asked for first.
        current: Manner,
        /// What it asked for now.
        asked: Manner,
    },
    /// Only TLS 1.3 closes one direction alone.
    HalfClose {
        /// The version in use.
        version: Version,
    },
    /// A rejection must say an error; close_notify and user_canceled do not.
    NotAnError {
        /// The alert that was asked for.
        alert: AlertDescription,
    },
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { state, event } => write!(f, "{event} is illegal where the sending half is {state}"),
            Self::Recv { state, event } => {
                write!(f, "{event} is illegal where the receiving half is {state}")
            }
            Self::Transport { state, event } => {
                write!(f, "{event} is illegal where the transport is {state}")
            }
            Self::Manner { current, asked } => write!(f, "{asked} cannot follow {current}"),
            Self::HalfClose { version } => {
                write!(f, "{version} cannot close one direction alone: close both, or use TLS 1.3")
            }
            Self::NotAnError { alert } => write!(f, "{alert} says no error: reject with an error alert"),
        }
    }
}

impl core::error::Error for Illegal {}
