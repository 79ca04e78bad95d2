//! Two real ends, led by anything that picks steps: a fuzzer, a shrinker, a person.
//!
//! Decides whether a run is sound: after each step reality must match the model, and every claim of the model that
//! no choice gives away must stand.

use std::fmt;

use close_notify_model::action::{Action, Side};
use close_notify_model::expect::expected;
use close_notify_model::model::Pair;
use close_notify_model::property::{Claim, Judged, View};
use close_notify_model::world::World;

use crate::lockstep::Walk;
use crate::memory::Memory;
use crate::real::Real;
use crate::report::Divergence;

/// What is wrong with a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// Reality parted from the model.
    Divergence(Divergence),
    /// A claim does not stand.
    Broken {
        /// The name of the claim.
        claim: &'static str,
        /// After which step, from zero.
        at: usize,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Divergence(divergence) => divergence.fmt(f),
            Self::Broken { claim, at } => write!(f, "after step {at}: {claim} is broken"),
        }
    }
}

/// Drives both ends over memory, at most `chunk` bytes a call, as long as `choose` picks one of the possible steps.
///
/// Errors: [`Flaw`] where reality or a claim fails.
pub fn drive(
    pair: &Pair,
    chunk: usize,
    mut choose: impl FnMut(&World, &[Action]) -> Option<Action>,
) -> Result<(), Flaw> {
    let unable =
        |real: String| Flaw::Divergence(Divergence { at: 0, model: "that two ends connect".into(), real });
    let tickets = usize::from(pair.config.scripts[1].tickets);
    let real = Real::with_tickets(&pair.config, tickets).map_err(|error| unable(error.to_string()))?;
    let mut walk = Walk::new(pair, real, Memory::new(chunk));
    for at in 0.. {
        judge(pair, walk.world(), at)?;
        match choose(walk.world(), &possible(pair, walk.world())) {
            Some(action) => walk.step(action).map_err(Flaw::Divergence)?,
            None => break,
        }
    }
    walk.finish().map_err(Flaw::Divergence)
}

/// The steps that two real ends may take: those of the model, but rustls has sealed its tickets with the handshake,
/// so a server that may still send them does not close before; and no engine comes near the limit of its keys.
#[must_use]
pub fn possible(pair: &Pair, world: &World) -> Vec<Action> {
    let mut possible = Vec::with_capacity(32);
    pair.enabled(world, &mut possible);
    possible.retain(|action| !matches!(action, Action::EngineLimit(_)));
    let server = world.end(Side::Server);
    if server.said < pair.config.script(Side::Server).tickets && server.machine.may_write() {
        possible.retain(|&action| action != Action::Close(Side::Server));
    }
    possible
}

fn judge(pair: &Pair, world: &World, at: usize) -> Result<(), Flaw> {
    let at_rest = pair.is_at_rest(world);
    let ends = View::conforming(pair, world);
    let given_away = expected(&pair.config);
    let stands = |claim: &&&Claim| given_away.iter().all(|rule| rule.claim != claim.name);
    let judged = pair.claims.iter().filter(stands);
    for claim in judged.filter(|claim| claim.judged == Judged::Always || at_rest) {
        if !claim.verdict(&ends).stands {
            return Err(Flaw::Broken { claim: claim.name, at });
        }
    }
    Ok(())
}
