//! What lingering may cost: how long, and how many at once. The policy of the core sets how many
//! bytes each may cost.

use std::time::Duration;
use std::{fmt, io};

/// The bounds of one lingering service.
///
/// `patience` is the time from the moment a transport is added. `connections` is in transports.
///
/// ```
/// use std::time::Duration;
/// # use close_notify_linger::Limits;
/// let limits = Limits { patience: Duration::from_secs(2), ..Limits::DEFAULT };
/// assert!(limits.check().is_ok());
/// let refused = Limits { connections: 0, ..limits }.check().unwrap_err();
/// assert!(refused.to_string().contains("at least 1"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// How long a transport lingers at most.
    pub patience: Duration,
    /// How many linger at once at most. If one more is added, the oldest gives way.
    pub connections: u32,
}

/// A bound that would let nothing linger.
///
/// ```
/// # use close_notify_linger::{BadLimits, Limits};
/// let limits = Limits { connections: 0, ..Limits::DEFAULT };
/// assert_eq!(limits.check(), Err(BadLimits::NoConnections));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BadLimits {
    /// The patience is zero.
    NoPatience,
    /// The number of connections is zero.
    NoConnections,
}

impl Limits {
    /// Five seconds, and ten thousand transports: each is an open file of the process.
    pub const DEFAULT: Self = Self { patience: Duration::from_secs(5), connections: 10_000 };

    /// Checks that something could linger within these bounds.
    ///
    /// # Errors
    ///
    /// Fails with [`BadLimits`], which says what would be right.
    pub const fn check(self) -> Result<Self, BadLimits> {
        if self.patience.is_zero() {
            Err(BadLimits::NoPatience)
        } else if self.connections == 0 {
            Err(BadLimits::NoConnections)
        } else {
            Ok(self)
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for BadLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPatience => {
                "a patience of zero closes every transport at once: give the peer a few round trips, \
                 or 5 s as Limits::DEFAULT does"
            }
            Self::NoConnections => {
                "no connections means that nothing may linger: allow at least 1, \
                 or 10000 as Limits::DEFAULT does, within the limit of open files"
            }
        })
    }
}

impl std::error::Error for BadLimits {}

impl From<BadLimits> for io::Error {
    fn from(bad: BadLimits) -> Self {
        Self::new(io::ErrorKind::InvalidInput, bad)
    }
}
