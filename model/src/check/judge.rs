//! One configuration, explored and judged: which claims fired, which broke, and the shortest attack
//! on each.

use std::sync::atomic::AtomicBool;

use crate::check::explore::{CutOff, Graph, Limits};
use crate::pair::Pair;
use crate::property::{Claim, Judged, View, claims_of};
use crate::world::action::Action;

/// A claim that a state broke, with the steps that lead there.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which claim.
    pub claim: &'static Claim,
    /// A shortest path to a state that breaks it.
    pub path: Vec<Action>,
}

/// What the exploration of one configuration found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Unique states.
    pub states: usize,
    /// Steps between them.
    pub edges: usize,
    /// The claims whose premise fired in some state.
    pub fired: Vec<&'static str>,
    /// The claims that some state breaks.
    pub broken: Vec<Broken>,
}

/// Explores a configuration completely.
///
/// # Errors
///
/// [`CutOff`] if the search was not complete.
pub fn judge(pair: &Pair, limits: Limits<'_>) -> Result<Outcome, CutOff> {
    let claims = claims_of(&pair.config);
    let mut fired = vec![false; claims.len()];
    let mut broken: Vec<Option<u32>> = vec![None; claims.len()];
    let graph = Graph::explore(pair, limits, |at, world, actions| {
        let at_rest = actions.iter().all(|action| action.is_optional());
        let ends = View::conforming(pair, world);
        for (number, claim) in claims.iter().enumerate() {
            if claim.judged == Judged::Always || at_rest {
                let verdict = claim.verdict(&ends);
                fired[number] |= verdict.fired;
                if !verdict.holds && broken[number].is_none() {
                    broken[number] = Some(at);
                }
            }
        }
    })?;
    let named =
        |(claim, at): (&&'static Claim, &Option<u32>)| at.map(|at| Broken { claim, path: graph.path_to(at) });
    let outcome = Outcome {
        states: graph.state_count(),
        edges: graph.edge_count(),
        fired: claims.iter().zip(&fired).filter(|(_, fired)| **fired).map(|(claim, _)| claim.name).collect(),
        broken: claims.iter().zip(&broken).filter_map(named).collect(),
    };
    Ok(outcome)
}

/// Limits that no configuration here reaches. Nothing interrupts the search.
#[must_use]
pub fn unhindered() -> Limits<'static> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    Limits { states: 50_000_000, stop: &NEVER }
}
