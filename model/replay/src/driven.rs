//! Two real ends, driven by anything that picks steps: a fuzzer, a shrinker, a person.
//!
//! Decides whether a run is sound: after each step reality must match the model, and every claim of
//! the model that no choice gives away must hold.

use std::fmt;

use close_notify_model::configs::expect::expected;
use close_notify_model::pair::Pair;
use close_notify_model::property::{Claim, Judged, View, claims_of};
use close_notify_model::world::World;
use close_notify_model::world::action::{Action, Side};

use crate::lockstep::Walk;
use crate::memory::Memory;
use crate::real::{Connected, Real};
use crate::report::Divergence;

/// What is wrong with a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// Reality differed from the model.
    Divergence(Divergence),
    /// A claim is broken.
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

/// Drives both ends over memory, at most `chunk` bytes per call, as long as `choose` picks one of
/// the model's steps and real ends can take it.
///
/// The handshake of the ends is done, and `connected` has as many tickets as the server's script.
///
/// # Errors
///
/// [`Flaw`] if reality differs from the model or a claim is broken.
pub fn drive(
    pair: &Pair,
    connected: Connected,
    chunk: usize,
    mut choose: impl FnMut(&[Action]) -> Option<Action>,
) -> Result<(), Flaw> {
    let judged = claims_to_judge(pair);
    let mut walk = Walk::new(pair, Real::over(&pair.config, connected), Memory::new(chunk));
    let mut enabled = Vec::with_capacity(32);
    for at in 0.. {
        enabled.clear();
        pair.enabled(walk.world(), &mut enabled);
        judge(pair, &judged, walk.world(), &enabled, at)?;
        match choose(&enabled) {
            Some(action) if is_possible(pair, walk.world(), action) => {
                walk.step(action).map_err(Flaw::Divergence)?;
            }
            Some(_) | None => break,
        }
    }
    walk.finish().map_err(Flaw::Divergence)
}

/// Whether two real ends may take a step of the model. rustls has sealed its tickets with the
/// handshake, so a server that may still send them does not close before it has. No engine comes
/// near the limit of its keys.
#[must_use]
pub fn is_possible(pair: &Pair, world: &World, action: Action) -> bool {
    let server = world.end(Side::Server);
    match action {
        Action::EngineLimit(_) => false,
        Action::Close(Side::Server) => {
            server.said >= pair.config.script(Side::Server).tickets || !server.machine.may_write()
        }
        _ => true,
    }
}

/// The claims that no choice of the configuration gives away.
#[must_use]
pub fn claims_to_judge(pair: &Pair) -> Vec<&'static Claim> {
    let given_away = expected(&pair.config);
    let stands = |claim: &&Claim| given_away.iter().all(|rule| rule.claim != claim.name);
    claims_of(&pair.config).into_iter().filter(stands).collect()
}

/// Judges every claim in a world whose next steps are `enabled`. Fails with the first claim that is
/// broken.
pub(crate) fn judge(
    pair: &Pair,
    judged: &[&'static Claim],
    world: &World,
    enabled: &[Action],
    at: usize,
) -> Result<(), Flaw> {
    let at_rest = enabled.iter().all(|action| action.is_optional());
    let ends = View::conforming(pair, world);
    for claim in judged.iter().filter(|claim| claim.judged == Judged::Always || at_rest) {
        if !claim.verdict(&ends).holds {
            return Err(Flaw::Broken { claim: claim.name, at });
        }
    }
    Ok(())
}
