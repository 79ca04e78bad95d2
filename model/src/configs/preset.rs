//! Configurations of the presets: each policy for an application protocol, in the situations in
//! which that protocol ends.
//!
//! Decides what is varied. Leaves the verdicts to `expect.rs`, by which no preset gives anything
//! away.

use close_notify_core::{Manner, Policy, Version};

use crate::configs::family::{orderly, rogue, writer};
use crate::world::config::{Closing, Config, Faults, Framing, Script, When};
use crate::world::kernel::Tcp;
use crate::world::profile::Profile;

const TIMED: Faults = Faults { deadlines: true, ..Faults::NONE };

/// The presets in a version. There are none for 1.0 and 1.1: their closing rules are those of 1.2
/// except for resumption, which no preset names.
pub(crate) fn presets(version: Version) -> Vec<Config> {
    if matches!(version, Version::Tls10 | Version::Tls11) {
        return Vec::new();
    }
    let named = Policy::PRESETS.iter().filter(|(name, _)| *name != "strict");
    named.flat_map(|&(name, policy)| preset(version, name, scaled(policy))).collect()
}

/// The same choices with the bounds of a small world.
fn scaled(policy: Policy) -> Policy {
    let Policy { drain_budget, warnings, .. } = Script::READER.policy;
    Policy { drain_budget, warnings, ..policy }
}

fn preset(version: Version, preset: &str, policy: Policy) -> Vec<Config> {
    let under = |script: Script| Script { policy, ..script };
    let reader = under(Script::READER);
    let framed = Script { framing: Framing::SelfDelimited, ..reader };
    let sender = under(writer(Manner::Graceful, 2));
    let hand_back =
        |when| Script { plain: 1, when, closing: Closing::In(Manner::HandBack), writes: 1, ..reader };
    let rows = [
        // What was read when the end came, with an attacker on the path.
        ("framed", framed, sender, Faults::ON_PATH, 16),
        ("unframed", reader, sender, Faults::ON_PATH, 16),
        // A peer that ends with a bare FIN, or with a close_notify at level fatal.
        ("bare-fin", framed, rogue(Profile::QuietShutdown, true), TIMED, 16),
        ("fatal-level", framed, rogue(Profile::NotifyAtFatalLevel, true), TIMED, 16),
        // The client closes while the server has more to write, which may have to wait for room.
        ("answer", Script { writes: 1, ..sender }, Script { writes: 3, ..reader }, TIMED, 1),
        // TLS ends; the transport goes on.
        (
            "hand-back",
            hand_back(When::AllWritten),
            hand_back(When::PeerEnded),
            Faults { cut: false, ..Faults::ON_PATH },
            16,
        ),
    ];
    let config = |(case, client, server, faults, send_buffer)| {
        let name = format!("preset/{}/{}/{case}", version.number(), preset.replace('_', "-"));
        let tcp = Tcp { send_buffer, ..Tcp::LINUX };
        Config { faults, tcp, ..orderly(name, version, client, server) }
    };
    rows.into_iter().map(config).collect()
}
