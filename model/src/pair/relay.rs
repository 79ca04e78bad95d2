//! A relay between two connections: it writes downstream what it read upstream, and passes the end
//! on.
//!
//! Decides nothing: the core says how the downstream ends (`Close::for_downstream`). The naive
//! relay ends every downstream gracefully; it shows the attack that the duty prevents.

use close_notify_core::Close;
use serde::{Deserialize, Serialize};

use crate::pair::Pair;
use crate::property::Verdict;
use crate::world::action::{Action, Side};
use crate::world::wire::Unit;
use crate::world::{Seen, World};

/// Which of a relay's two connections.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The relay is the client, the origin the server.
    Upstream,
    /// The relay is the server.
    Downstream,
}

/// A step on one of the two connections.
pub type RelayAction = (Link, Action);

/// Both connections of a relay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Links {
    /// Relay and origin.
    pub up: World,
    /// Client and relay.
    pub down: World,
}

/// A relay as a model.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Its name among the configurations.
    pub name: String,
    /// Relay and origin; the adversary is here.
    pub up: Pair,
    /// Client and relay, if the relay ends gracefully.
    pub down: Pair,
    /// Client and relay, if the relay aborts.
    pub down_aborted: Pair,
    /// It ends every downstream gracefully.
    pub naive: bool,
}

impl Relay {
    /// Whether the relay knows how its upstream ended.
    fn upstream_ended(links: &Links) -> bool {
        links.up.end(Side::Client).has_read_all()
    }

    /// The downstream as the relay will end it, given how the upstream ended.
    pub(crate) fn downstream(&self, links: &Links) -> &Pair {
        if self.naive || !Self::upstream_ended(links) {
            return &self.down;
        }
        match Close::for_downstream(&links.up.end(Side::Client).machine.ending()) {
            Close::Abort => &self.down_aborted,
            _ => &self.down,
        }
    }

    /// Whether the relay's application may take this step downstream.
    pub(crate) fn relays(links: &Links, action: Action) -> bool {
        let (read, said) = (links.up.end(Side::Client).got, links.down.end(Side::Server).said);
        match action {
            Action::Write(Side::Server) => said < read,
            Action::Close(Side::Server) => Self::upstream_ended(links) && said == read,
            _ => true,
        }
    }

    /// Whether the premise of `no-laundering` fires, and whether the claim holds.
    #[must_use]
    pub fn verdict(&self, links: &Links) -> Verdict {
        let ended_clean = links.down.net.pipes[Side::Server.index()].position(Unit::Notify).is_some();
        let relay = links.up.end(Side::Client);
        let origin = &links.up.net.pipes[Side::Server.index()];
        let whole = relay.saw(Seen::NOTIFY) && relay.got == origin.count(Unit::Data, origin.written);
        Verdict { fired: Self::upstream_ended(links), holds: !ended_clean || whole }
    }
}
