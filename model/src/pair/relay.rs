//! A relay between two connections: what it read upstream it writes downstream, and so with the
//! end.
//!
//! Decides nothing: how the downstream ends is asked of the core (`Manner::for_downstream`). The
//! naive relay, which ends every downstream gracefully, is there to show the attack that the duty
//! prevents.

use close_notify_core::Manner;
use serde::{Deserialize, Serialize};

use crate::pair::Pair;
use crate::world::World;
use crate::world::action::{Action, Side};
use crate::world::wire::Unit;

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
    /// Client and relay, as the relay ends it gracefully.
    pub down: Pair,
    /// The same, as the relay aborts it.
    pub down_aborted: Pair,
    /// It ends every downstream gracefully.
    pub naive: bool,
}

impl Relay {
    /// Whether the relay's end of the upstream is known.
    fn upstream_ended(links: &Links) -> bool {
        links.up.end(Side::Client).has_read_all()
    }

    /// The downstream as the relay will end it, given how the upstream ended.
    pub(crate) fn downstream(&self, links: &Links) -> &Pair {
        if self.naive || !Self::upstream_ended(links) {
            return &self.down;
        }
        match Manner::for_downstream(&links.up.end(Side::Client).machine.ending()) {
            Manner::Abort => &self.down_aborted,
            _ => &self.down,
        }
    }

    /// Whether the relay's application is free to take this step downstream.
    pub(crate) fn relays(links: &Links, action: Action) -> bool {
        let (read, said) = (links.up.end(Side::Client).got, links.down.end(Side::Server).said);
        match action {
            Action::Write(Side::Server) => said < read,
            Action::Close(Side::Server) => Self::upstream_ended(links) && said == read,
            _ => true,
        }
    }

    /// Whether the premise of `no-laundering` fires, and whether it stands.
    #[must_use]
    pub fn stands(&self, links: &Links) -> (bool, bool) {
        let ended_clean = links.down.net.pipes[Side::Server.index()].position(Unit::Notify).is_some();
        let relay = links.up.end(Side::Client);
        let origin = &links.up.net.pipes[Side::Server.index()];
        let whole = relay.read_notify && relay.got == origin.count(Unit::Data, origin.written);
        (Self::upstream_ended(links), !ended_clean || whole)
    }
}
