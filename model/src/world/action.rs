//! What may happen next: the labels of the model's edges and the steps of a path.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One end of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The end that connected.
    Client,
    /// The end that accepted.
    Server,
}

impl Side {
    /// Both, the client first.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// Its index in the arrays of a world.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Its name in charts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A step of the world. `side` is the end that acts. On the wire it is the sender of what moves; in
/// an attack it is the victim.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "do", content = "side", rename_all = "kebab-case")]
pub enum Action {
    /// The next message of the handshake is written.
    Shake(Side),
    /// The application writes its next unit.
    Write(Side),
    /// A unit that waited for room goes to the kernel.
    Flush(Side),
    /// The application asks for the end that its script names.
    Close(Side),
    /// The application hastens the end, as its script says.
    Hasten(Side),
    /// The driver does what the core says next.
    Step(Side),
    /// The driver reads once.
    Read(Side),
    /// The application writes plaintext on the transport that was handed back.
    WritePlain(Side),
    /// The application reads plaintext on the transport that was handed back.
    ReadPlain(Side),
    /// The engine reaches the limit of its keys and closes by itself.
    EngineLimit(Side),
    /// The next unit, or the FIN, leaves this end's kernel.
    Leave(Side),
    /// The next unit, or the FIN, of this end arrives at the other.
    Arrive(Side),
    /// The reset of this end arrives at the other.
    ResetArrives(Side),
    /// The adversary's FIN reaches this end, between two records.
    ForgeFin(Side),
    /// The adversary's FIN reaches this end, inside a record.
    ForgeFinInside(Side),
    /// The adversary's reset reaches this end.
    ForgeReset(Side),
    /// The adversary's plaintext close_notify reaches this end.
    ForgeNotify(Side),
    /// From now on nothing passes in either direction.
    Cut,
    /// The kernel of this end gives up on a peer that no longer acknowledges.
    GiveUp(Side),
    /// The deadline of this end passes.
    Deadline(Side),
    /// This end stops reading.
    StopReading(Side),
    /// The program asks this end's socket for its pending error.
    AskError(Side),
}

impl Action {
    /// Whether it need not happen: an attack, a fault, a deadline, or an application that hastens.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        match self {
            Self::ForgeFin(_)
            | Self::ForgeFinInside(_)
            | Self::ForgeReset(_)
            | Self::ForgeNotify(_)
            | Self::Cut
            | Self::GiveUp(_)
            | Self::Deadline(_)
            | Self::StopReading(_)
            | Self::EngineLimit(_)
            | Self::Hasten(_)
            | Self::AskError(_) => true,
            Self::Shake(_)
            | Self::Write(_)
            | Self::Flush(_)
            | Self::Close(_)
            | Self::Step(_)
            | Self::Read(_)
            | Self::WritePlain(_)
            | Self::ReadPlain(_)
            | Self::Leave(_)
            | Self::Arrive(_)
            | Self::ResetArrives(_) => false,
        }
    }

    /// The end that acts or is acted upon; `None` for a cut of the path.
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Shake(side)
            | Self::Write(side)
            | Self::Flush(side)
            | Self::Close(side)
            | Self::Hasten(side)
            | Self::Step(side)
            | Self::Read(side)
            | Self::WritePlain(side)
            | Self::ReadPlain(side)
            | Self::EngineLimit(side)
            | Self::Leave(side)
            | Self::Arrive(side)
            | Self::ResetArrives(side)
            | Self::ForgeFin(side)
            | Self::ForgeFinInside(side)
            | Self::ForgeReset(side)
            | Self::ForgeNotify(side)
            | Self::GiveUp(side)
            | Self::Deadline(side)
            | Self::StopReading(side)
            | Self::AskError(side) => Some(side),
            Self::Cut => None,
        }
    }
}

/// The label of the edge: the action without its side.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Shake(_) => "shake",
            Self::Write(_) => "write",
            Self::Flush(_) => "flush",
            Self::Close(_) => "close",
            Self::Hasten(_) => "hasten",
            Self::Step(_) => "step",
            Self::Read(_) => "read",
            Self::WritePlain(_) => "write-plain",
            Self::ReadPlain(_) => "read-plain",
            Self::EngineLimit(_) => "engine-limit",
            Self::Leave(_) => "leave",
            Self::Arrive(_) => "arrive",
            Self::ResetArrives(_) => "reset-arrives",
            Self::ForgeFin(_) => "forge-fin",
            Self::ForgeFinInside(_) => "forge-fin-inside",
            Self::ForgeReset(_) => "forge-reset",
            Self::ForgeNotify(_) => "forge-notify",
            Self::Cut => "cut",
            Self::GiveUp(_) => "give-up",
            Self::Deadline(_) => "deadline",
            Self::StopReading(_) => "stop-reading",
            Self::AskError(_) => "ask-error",
        })
    }
}
