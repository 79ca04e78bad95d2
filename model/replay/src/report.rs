//! What a replay found: taken as the model says, skipped with a reason, or different at a step.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::skip::Skip;

/// What carries the bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// The model's own TCP, in memory.
    Memory,
    /// The TCP of smoltcp in both ends, over a wire that follows the path.
    Smoltcp,
    /// The kernel's TCP over loopback, through a relay that owns the wire.
    Kernel,
}

impl Over {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Smoltcp, Self::Kernel];
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Smoltcp => "smoltcp",
            Self::Kernel => "kernel",
        })
    }
}

impl std::str::FromStr for Over {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|over| over.to_string() == name);
        known.ok_or_else(|| format!("no transport is named {name}: memory, smoltcp or kernel"))
    }
}

/// Where reality differed from the model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Divergence {
    /// After which step, from zero; the number of steps if the endings differ.
    pub at: usize,
    /// What the model says.
    pub model: String,
    /// What was seen.
    pub real: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after step {}, from zero: the model says {}, reality {}", self.at, self.model, self.real)
    }
}

/// What became of a path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Reality took it, step by step, and both endings are equal.
    Taken,
    /// It was not tried.
    Skipped(Skip),
    /// Reality did something else.
    Diverged(Divergence),
}
