//! One configuration as a stateright model: two ends and what is between them.

use close_notify_core::{Event, Machine};
use stateright::{Model, Property};

use crate::action::{Action, Side};
use crate::config::Config;
use crate::mutant::Mutant;
use crate::property::Claim;
use crate::world::World;

/// Receives every fact that is reported to a core, and the core as it was before.
pub type Watch = fn(&Machine, Event);

/// A configuration to explore, with at most one mistake planted in it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The scripts, the TCP and the faults.
    pub config: Config,
    /// The planted mistake.
    pub mutant: Option<Mutant>,
    /// What is claimed of every state.
    pub claims: Vec<&'static Claim>,
    /// An observer of the facts.
    pub watch: Option<Watch>,
}

impl Pair {
    /// The configuration without a mistake.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { claims: crate::property::claims_of(&config), config, mutant: None, watch: None }
    }

    /// The configuration with a mistake.
    #[must_use]
    pub fn with_mutant(config: Config, mutant: Mutant) -> Self {
        Self { mutant: Some(mutant), ..Self::new(config) }
    }

    /// The first state.
    #[must_use]
    pub fn start(&self) -> World {
        let mut world = World::new(&self.config);
        for side in Side::BOTH {
            let machine = &mut world.ends[side.index()].machine;
            let (version, policy) = self.mutated_inputs(self.config.version, self.config.script(side).policy);
            *machine = if self.config.handshake {
                Machine::new(version, machine.role(), policy)
            } else {
                Machine::established(version, machine.role(), policy)
            };
        }
        world
    }
}

impl Model for Pair {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.start()]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Action>) {
        self.enabled(state, actions);
    }

    fn next_state(&self, state: &World, action: Action) -> Option<World> {
        Some(self.after(state, action))
    }

    /// The claims, and one that is never broken: without it stateright would stop at the last
    /// counterexample.
    fn properties(&self) -> Vec<Property<Self>> {
        let explored_whole = Property::always("explored whole", |_: &Self, _: &World| true);
        let claims = self.claims.iter().map(|claim| Property::always(claim.name, claim.judge()));
        claims.chain([explored_whole]).collect()
    }

    fn format_action(&self, action: &Action) -> String {
        action.side().map_or_else(|| action.to_string(), |side| format!("{} {action}", side.name()))
    }

    fn as_svg(&self, path: stateright::Path<World, Action>) -> Option<String> {
        Some(crate::chart::svg(self, &path.into_actions()))
    }
}
