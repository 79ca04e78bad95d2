//! One configuration as a stateright model: two ends and what is between them.

mod drive;
mod enabled;
pub mod mutant;
pub mod relay;
mod rogue;

use close_notify_core::{Event, Machine};

use crate::pair::mutant::Mutant;
use crate::world::World;
use crate::world::action::Side;
use crate::world::config::Config;

/// Receives every fact that is reported to a core, and the core as it was before.
pub type Watch = fn(&Machine, Event);

/// A configuration to explore, with at most one mistake planted in it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The scripts, the TCP and the faults.
    pub config: Config,
    /// The planted mistake.
    pub mutant: Option<Mutant>,
    /// An observer of the facts.
    pub watch: Option<Watch>,
}

impl Pair {
    /// The configuration without a mistake.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config, mutant: None, watch: None }
    }

    /// The configuration with a mistake.
    #[must_use]
    pub const fn with_mutant(config: Config, mutant: Mutant) -> Self {
        Self { config, mutant: Some(mutant), watch: None }
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
