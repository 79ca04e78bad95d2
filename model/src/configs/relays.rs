//! Every relay that is explored: an honest and a naive one for each end of the upstream.
//!
//! Decides what is varied, and which of them gives the claim away.

use close_notify_core::{LateData, Manner, Policy, Version};

use crate::configs::family::{manner_name, orderly};
use crate::pair::Pair;
use crate::pair::relay::Relay;
use crate::world::config::{Closing, Config, Faults, Script, When};

/// Why the naive relay breaks the claim.
pub const BECAUSE: &str =
    "the relay ends its downstream with close_notify although it did not get all of its upstream";

impl Relay {
    fn new(version: Version, origin: Manner, naive: bool) -> Self {
        let writer = |closing, when| Script { writes: 1, closing, when, ..Script::READER };
        let faults = Faults { budget: 1, fin: true, rst: true, ..Faults::NONE };
        let up = Config {
            faults,
            ..orderly("up".into(), version, Script::READER, writer(Closing::In(origin), When::AllWritten))
        };
        let down = |closing| orderly("down".into(), version, Script::READER, writer(closing, When::AnyTime));
        let kind = if naive { "naive" } else { "honest" };
        Self {
            name: format!("relay/{}/{}/{kind}", version.number(), manner_name(origin)),
            up: Pair::new(up),
            down: Pair::new(down(Closing::In(Manner::Graceful))),
            down_aborted: Pair::new(down(Closing::In(Manner::Abort))),
            naive,
        }
    }

    /// A relay that gives up on its upstream before it has all of it, and discards what still
    /// comes.
    fn late(version: Version, naive: bool) -> Self {
        let policy = Policy { late_data: LateData::Discard, ..Script::READER.policy };
        let closing = Closing::In(Manner::Graceful);
        let impatient = Script { policy, closing, when: When::AnyTime, ..Script::READER };
        let origin = Script { writes: 2, closing, when: When::AllWritten, ..Script::READER };
        let kind = if naive { "naive" } else { "honest" };
        Self {
            name: format!("relay/{}/late/{kind}", version.number()),
            up: Pair::new(orderly("up".into(), version, impatient, origin)),
            ..Self::new(version, Manner::Graceful, naive)
        }
    }

    /// Every relay of the default run.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for &version in Version::ALL {
            for origin in [Manner::Graceful, Manner::Abort] {
                all.extend([false, true].map(|naive| Self::new(version, origin, naive)));
            }
            if matches!(version, Version::Tls12 | Version::Tls13) {
                all.extend([false, true].map(|naive| Self::late(version, naive)));
            }
        }
        all
    }
}
