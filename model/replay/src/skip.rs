//! What reality cannot take, and why: every skip is counted under its reason.

use std::fmt;

use close_notify::Version;
use close_notify_model::check::subject::Step;
use close_notify_model::world::action::Action;
use close_notify_model::world::config::{Config, Script};
use close_notify_model::world::kernel::Tcp;
use close_notify_model::world::profile::Profile;
use serde::{Deserialize, Serialize};

use crate::report::Over;

/// Why a path is not replayed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// rustls speaks TLS 1.2 and 1.3.
    Version,
    /// The model's handshake has one unit for each flight that rustls sends.
    Handshake,
    /// The engine's limit is beyond 2^24 records.
    EngineLimit,
    /// Up to TLS 1.2 rustls sends no message after the handshake.
    TicketBefore13,
    /// The peer's records would have to be forged: the fuzzers hold the keys, this peer does not.
    ForgedRecords,
    /// rustls seals what the kernel has no room for; the model keeps it as plaintext.
    FullBuffer,
    /// Linux keeps what had arrived before a reset, and so does smoltcp.
    RstDiscards,
    /// Linux reports an error once.
    StickyErrno,
    /// A kernel gives up after minutes, and smoltcp never.
    GivesUp,
}

impl Skip {
    /// Why this path of this configuration cannot be taken over this transport.
    #[must_use]
    pub fn of(config: &Config, path: &[Step], over: Over) -> Option<Self> {
        let takes = |action: fn(&Action) -> bool| path.iter().any(|step| action(&step.action));
        let kernel = over == Over::Kernel;
        let reasons = [
            (!matches!(config.version, Version::Tls12 | Version::Tls13), Self::Version),
            (config.handshake, Self::Handshake),
            (takes(|action| matches!(action, Action::EngineLimit(_))), Self::EngineLimit),
            (config.version == Version::Tls12 && has_tickets(config), Self::TicketBefore13),
            (config.scripts.iter().any(forges), Self::ForgedRecords),
            (config.tcp.send_buffer < Tcp::LINUX.send_buffer, Self::FullBuffer),
            (over != Over::Memory && config.tcp.rst_discards, Self::RstDiscards),
            (kernel && !config.tcp.one_shot_errno, Self::StickyErrno),
            (over != Over::Memory && takes(|action| matches!(action, Action::GiveUp(_))), Self::GivesUp),
        ];
        reasons.into_iter().find(|(applies, _)| *applies).map(|(_, reason)| reason)
    }
}

fn has_tickets(config: &Config) -> bool {
    config.scripts.iter().any(|script| script.tickets > 0)
}

/// Whether a profile needs records that rustls does not seal on request.
fn forges(script: &Script) -> bool {
    match script.profile {
        Profile::Conforming
        | Profile::QuietShutdown
        | Profile::FinWithoutNotify
        | Profile::ResetOnClose
        | Profile::NeverAnswers
        | Profile::AnswersAndResets => false,
        Profile::NotifyAfterFatal
        | Profile::CanceledThenNotify
        | Profile::CanceledThenFin
        | Profile::DataAfterNotify
        | Profile::FatalAfterNotify
        | Profile::NotifyAtFatalLevel
        | Profile::ErrorAtWarningLevel
        | Profile::UnknownAlert
        | Profile::WarningFlood
        | Profile::OneWarning
        | Profile::Drips
        | Profile::SplitNotify
        | Profile::HalfNotify
        | Profile::JoinedNotify => true,
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Version => "rustls speaks TLS 1.2 and 1.3 only",
            Self::Handshake => "the model's handshake has one unit where rustls sends a flight",
            Self::EngineLimit => "the limit of the keys lies beyond 2^24 records",
            Self::TicketBefore13 => "up to TLS 1.2 rustls sends no message after the handshake",
            Self::ForgedRecords => "the peer's records would have to be forged",
            Self::FullBuffer => "rustls seals what the kernel has no room for, the model does not",
            Self::RstDiscards => "Linux and smoltcp keep what had arrived before a reset",
            Self::StickyErrno => "Linux reports an error once",
            Self::GivesUp => "a kernel gives up after minutes, and smoltcp never",
        })
    }
}
