//! What is compared: how reading ended, how much was read before that, and what was said last.

use std::fmt;

/// How reading ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// It has not ended: a call waits for the peer.
    #[default]
    Nothing,
    /// By a clean end.
    Clean,
    /// Without close_notify.
    Truncated,
    /// By a reset.
    Reset,
    /// By this alert of the peer.
    Alert(u8),
    /// By something that is refused.
    Refused,
    /// By a panic.
    Panic,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no end"),
            Self::Clean => f.write_str("clean"),
            Self::Truncated => f.write_str("truncated"),
            Self::Reset => f.write_str("reset"),
            Self::Alert(code) => write!(f, "alert {code}"),
            Self::Refused => f.write_str("refused"),
            Self::Panic => f.write_str("panic"),
        }
    }
}

/// What an end said besides data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// Its first alert that ends a direction or the connection: level and code.
    pub alert: Option<[u8; 2]>,
    /// Something came after that alert.
    pub is_not_last: bool,
    /// Something could not be opened.
    pub is_sealed_badly: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.alert {
            None => f.write_str("says nothing")?,
            Some([_, 0]) => f.write_str("says close_notify")?,
            Some([_, code]) => write!(f, "says alert {code}")?,
        }
        f.write_str(if self.is_not_last { ", and more after it" } else { "" })
    }
}

/// The outcome of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// How reading ended.
    pub kind: Kind,
    /// Bytes of data that were read before reading ended.
    pub read: usize,
    /// What was said.
    pub said: Said,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} bytes, {}", self.kind, self.read, self.said)
    }
}
