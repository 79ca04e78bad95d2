//! A relay between two connections: it writes downstream what it read upstream, and passes the end
//! on.
//!
//! Decides nothing: the core says how the downstream ends (`Manner::for_downstream`). The naive
//! relay ends every downstream gracefully; it shows the attack that the duty prevents.

use close_notify_core::{LateData, Manner, Policy, Version};
use serde::{Deserialize, Serialize};
use stateright::{Model, Property};

use crate::action::{Action, Side};
use crate::config::{Closing, Config, Faults, Script, When};
use crate::family::{manner_name, orderly, version_name};
use crate::model::Pair;
use crate::property::{Claim, Judged, Kind};
use crate::wire::Unit;
use crate::world::World;

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

/// The claim about a relay; it is judged by [`Relay::stands`].
pub static NO_LAUNDERING: Claim = Claim::of_relay(
    "no-laundering",
    "a relay whose upstream ended unclean, or that lost a part of it, never ends its downstream with close_notify",
    Kind::Guarantee,
    Judged::Always,
);

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
            name: format!("relay/{}/{}/{kind}", version_name(version), manner_name(origin)),
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
            name: format!("relay/{}/late/{kind}", version_name(version)),
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

    /// Whether the relay knows how its upstream ended.
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

    /// Whether the relay's application may take this step downstream.
    fn relays(links: &Links, action: Action) -> bool {
        let (read, said) = (links.up.end(Side::Client).got, links.down.end(Side::Server).said);
        match action {
            Action::Write(Side::Server) => said < read,
            Action::Close(Side::Server) => Self::upstream_ended(links) && said == read,
            _ => true,
        }
    }

    /// Whether the claim's premise fires, and whether the claim holds.
    #[must_use]
    pub fn stands(&self, links: &Links) -> (bool, bool) {
        let ended_clean = links.down.net.pipes[Side::Server.index()].position(Unit::Notify).is_some();
        let relay = links.up.end(Side::Client);
        let origin = &links.up.net.pipes[Side::Server.index()];
        let whole = relay.read_notify && relay.got == origin.count(Unit::Data, origin.written);
        (Self::upstream_ended(links), !ended_clean || whole)
    }
}

impl Model for Relay {
    type State = Links;
    type Action = RelayAction;

    fn init_states(&self) -> Vec<Links> {
        vec![Links { up: self.up.start(), down: self.down.start() }]
    }

    fn actions(&self, state: &Links, actions: &mut Vec<RelayAction>) {
        let mut steps = Vec::with_capacity(16);
        self.up.enabled(&state.up, &mut steps);
        actions.extend(steps.drain(..).map(|action| (Link::Upstream, action)));
        self.downstream(state).enabled(&state.down, &mut steps);
        steps.retain(|&action| Self::relays(state, action));
        actions.extend(steps.into_iter().map(|action| (Link::Downstream, action)));
    }

    fn next_state(&self, state: &Links, (link, action): RelayAction) -> Option<Links> {
        Some(match link {
            Link::Upstream => Links { up: self.up.after(&state.up, action), ..*state },
            Link::Downstream => Links { down: self.downstream(state).after(&state.down, action), ..*state },
        })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_LAUNDERING.name, |relay: &Self, links: &Links| relay.stands(links).1),
            Property::always("explored whole", |_: &Self, _: &Links| true),
        ]
    }
}
