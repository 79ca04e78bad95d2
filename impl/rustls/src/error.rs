//! How an ending becomes an `io::Error`. This is the only place that converts one.
//!
//! A clean end is not an error: reading returns `Ok(0)`. Every other end that a read, a write or a
//! handshake runs into:
//!
//! | the ending of reading | kind | text |
//! | --- | --- | --- |
//! | truncated, at a boundary or inside a record | `UnexpectedEof` | peer closed connection without sending TLS close_notify … |
//! | close_notify in the handshake | `UnexpectedEof` | the peer sent close_notify during the handshake |
//! | reset | `ConnectionReset` | the connection was reset before close_notify |
//! | fatal alert | `ConnectionAborted` | the peer sent the fatal alert … |
//! | refused by us | `InvalidData` | we refused to read on (…) |
//! | not awaited | `NotConnected` | we did not wait for the peer's close_notify |
//! | timed out | `TimedOut` | the deadline passed before the peer's close_notify |
//! | over budget | `QuotaExceeded` | the peer sent more than the budget after our close |
//! | the transport failed, not by a reset | `ConnectionAborted` | the transport failed before the peer's close_notify |
//! | close_notify, or none yet: a write that failed | `BrokenPipe` | how writing ended |
//!
//! A header section that any end cut is `UnexpectedEof` too, and so is a close_notify after data
//! that was thrown away. What a tracker cannot follow is `InvalidData`. Misuse by the caller is
//! `InvalidInput`. A write after the end of writing is `BrokenPipe`. One refusal carries no ending,
//! because it changes nothing: a rejection whose alert cannot be sealed (`Unsupported`).

use std::error;
use std::fmt;
use std::io;

use close_notify_core::{Ending, Illegal, ReadEnd, WriteEnd, send};
use close_notify_framing::Fault;

/// Why a call on a stream failed. It is wrapped in an `io::Error`;
/// [`Ending::find`](FindEnding::find) finds it there.
///
/// ```
/// use close_notify::{Ending, Error, FindEnding};
/// use close_notify_core::{Event, Machine, Policy, ReadEnd, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::TransportEof { inside_record: false })?;
/// let error = std::io::Error::from(Error::ended(machine.ending(), None));
/// assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
/// let text = "peer closed connection without sending TLS close_notify";
/// assert!(error.to_string().starts_with(text));
/// let ending = Ending::find(&error).expect("an error of this crate");
/// assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The connection ended.
    Ended {
        /// How it ended.
        ending: Ending,
        /// What rustls reported, if rustls ended it.
        cause: Option<rustls::Error>,
    },
    /// The end cut a header section, and none of the section is delivered.
    HeaderCut {
        /// How many bytes of it had arrived.
        held: usize,
        /// How the connection ended.
        ending: Ending,
    },
    /// The peer closed cleanly, but data that it sent after our close was thrown away: what was
    /// read is not everything.
    Dropped {
        /// How the connection ended; [`Ending::late`] says how much it was.
        ending: Ending,
    },
    /// The tracker cannot follow what was received or sent. Nothing after that point is delivered.
    Framing {
        /// What the tracker could not follow, and where.
        fault: Fault,
        /// How the connection has ended so far.
        ending: Ending,
    },
    /// The caller asked for a step that is not legal now. Nothing has changed.
    Misuse {
        /// Which step, and the state of the machine.
        illegal: Illegal,
        /// How the connection has ended so far.
        ending: Ending,
    },
}

impl Error {
    /// An error for this ending.
    #[must_use]
    pub const fn ended(ending: Ending, cause: Option<rustls::Error>) -> Self {
        Self::Ended { ending, cause }
    }

    /// How the connection has ended so far.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        match self {
            Self::Ended { ending, .. }
            | Self::HeaderCut { ending, .. }
            | Self::Dropped { ending }
            | Self::Framing { ending, .. }
            | Self::Misuse { ending, .. } => *ending,
        }
    }

    /// The kind of the `io::Error` that this becomes.
    #[must_use]
    pub const fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Ended { ending, .. } => kind_of_end(ending.reading),
            Self::HeaderCut { .. } | Self::Dropped { .. } => io::ErrorKind::UnexpectedEof,
            Self::Framing { .. } => io::ErrorKind::InvalidData,
            Self::Misuse { illegal: Illegal::Send { event: send::Event::Write, .. }, .. } => {
                io::ErrorKind::BrokenPipe
            }
            Self::Misuse { .. } => io::ErrorKind::InvalidInput,
        }
    }
}

const fn kind_of_end(reading: ReadEnd) -> io::ErrorKind {
    match reading {
        ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord | ReadEnd::CloseNotifyInHandshake => {
            io::ErrorKind::UnexpectedEof
        }
        ReadEnd::Reset => io::ErrorKind::ConnectionReset,
        ReadEnd::FatalAlert(_) | ReadEnd::TransportFailed => io::ErrorKind::ConnectionAborted,
        ReadEnd::Refused(_) => io::ErrorKind::InvalidData,
        ReadEnd::NotAwaited => io::ErrorKind::NotConnected,
        ReadEnd::TimedOut => io::ErrorKind::TimedOut,
        ReadEnd::OverBudget => io::ErrorKind::QuotaExceeded,
        ReadEnd::Open | ReadEnd::CloseNotify => io::ErrorKind::BrokenPipe,
    }
}

/// Whether the ending of either direction is known.
const fn has_begun(ending: &Ending) -> bool {
    !matches!((ending.reading, ending.writing), (ReadEnd::Open, WriteEnd::Open))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { ending, cause: None } => write!(f, "{ending}"),
            Self::Ended { ending, cause: Some(cause) } => write!(f, "{ending}: {cause}"),
            Self::HeaderCut { held, ending } => {
                write!(f, "the end cut a header section: its {held} bytes are dropped: {ending}")
            }
            Self::Dropped { ending } => write!(f, "what was read is not all: {ending}"),
            Self::Framing { fault, ending } if has_begun(ending) => write!(f, "{fault}: {ending}"),
            Self::Framing { fault, .. } => write!(f, "{fault}"),
            Self::Misuse { illegal, ending } if has_begun(ending) => write!(f, "{illegal}: {ending}"),
            Self::Misuse { illegal, .. } => write!(f, "{illegal}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Ended { cause: Some(cause), .. } => Some(cause),
            Self::Ended { cause: None, .. } | Self::HeaderCut { .. } | Self::Dropped { .. } => None,
            Self::Framing { fault, .. } => Some(fault),
            Self::Misuse { illegal, .. } => Some(illegal),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}

/// The adapter's error in an `io::Error`.
pub(crate) fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether the call can be made again: the transport would have to wait, and this is not an ending
/// that is `TimedOut`.
pub(crate) fn is_a_wait(error: &io::Error) -> bool {
    close_notify_linger::is_a_wait(error) && inner(error).is_none()
}

/// Finds an [`Ending`] in the errors of other libraries.
///
/// ```
/// use close_notify::{Ending, Error, FindEnding, ReadEnd};
/// # use close_notify_core::{Event, Machine, Policy, Role, Version};
/// # let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// # machine.handle(Event::TransportReset { errno: 104 })?;
/// # let reset = std::io::Error::from(Error::ended(machine.ending(), None));
/// let wrapped: Box<dyn std::error::Error> = Box::new(std::io::Error::other(reset));
/// let ending = Ending::find(&*wrapped).expect("a stream of ours failed");
/// assert_eq!(ending.reading, ReadEnd::Reset);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
pub trait FindEnding: Sized {
    /// The ending that an error carries, directly or along its chain of sources. HTTP libraries
    /// wrap the `io::Error` of a stream in errors of their own.
    fn find(error: &(dyn error::Error + 'static)) -> Option<Self>;
}

/// A longer chain is taken for a loop.
const LONGEST_CHAIN: usize = 64;

impl FindEnding for Ending {
    fn find(error: &(dyn error::Error + 'static)) -> Option<Self> {
        let chain = std::iter::successors(Some(error), |error| inner_of(*error));
        chain.take(LONGEST_CHAIN).find_map(|error| error.downcast_ref::<Error>()).map(Error::ending)
    }
}

/// The error that this one wraps. `io::Error::source` skips the error inside it and returns that
/// one's source, so look at the inner error itself.
fn inner_of<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a (dyn error::Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
