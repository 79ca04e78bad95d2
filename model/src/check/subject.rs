//! What is explored: a pair of ends or a relay, each under a name, both judged in the same way.

use serde::{Deserialize, Serialize};
use stateright::{Checker, HasDiscoveries, Model};

use crate::check::explore::{CutOff, Graph, Limits};
use crate::check::judge::judge;
use crate::configs::expect::expected;
use crate::configs::family;
use crate::configs::relays;
use crate::pair::Pair;
use crate::pair::relay::{Link, Relay};
use crate::property::Claim;
use crate::property::relay::NO_LAUNDERING;
use crate::world::action::Action;
use crate::world::config::Config;

/// A step of a path: what happened, and for a relay on which connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Which connection of a relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// What happened.
    #[serde(flatten)]
    pub action: Action,
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        Self { link: None, action }
    }
}

/// A configuration to check.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Two ends.
    Pair(Box<Pair>),
    /// Two connections with a relay between them.
    Relay(Box<Relay>),
}

/// A claim that broke, and how.
#[derive(Clone, Debug)]
pub struct Attack {
    /// Which claim.
    pub claim: &'static Claim,
    /// A shortest path to a state that breaks it.
    pub path: Vec<Step>,
}

/// What a subject's exploration found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Unique states.
    pub states: usize,
    /// Steps between them.
    pub edges: usize,
    /// The claims whose premise fired.
    pub fired: Vec<&'static str>,
    /// What broke, with the attack.
    pub broken: Vec<Attack>,
}

impl Subject {
    /// Everything that the default run explores.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let pairs = family::all().into_iter().map(|config| Self::Pair(Box::new(Pair::new(config))));
        pairs.chain(Relay::all().into_iter().map(|relay| Self::Relay(Box::new(relay)))).collect()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Pair(pair) => &pair.config.name,
            Self::Relay(relay) => &relay.name,
        }
    }

    /// The configuration of a pair; `None` for a relay.
    #[must_use]
    pub const fn config(&self) -> Option<&Config> {
        match self {
            Self::Pair(pair) => Some(&pair.config),
            Self::Relay(_) => None,
        }
    }

    /// The claims that are expected to break, each with the reason.
    #[must_use]
    pub fn expected(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Pair(pair) => {
                expected(&pair.config).into_iter().map(|rule| (rule.claim, rule.because)).collect()
            }
            Self::Relay(relay) if relay.naive => vec![(NO_LAUNDERING.name, relays::BECAUSE)],
            Self::Relay(_) => Vec::new(),
        }
    }

    /// Explores it completely.
    ///
    /// # Errors
    ///
    /// [`CutOff`] if the search was not complete.
    pub fn explore(&self, limits: Limits<'_>) -> Result<Finding, CutOff> {
        match self {
            Self::Pair(pair) => explore_pair(pair, limits),
            Self::Relay(relay) => explore_relay(relay, limits),
        }
    }

    /// Explores it with stateright: the number of unique states, and the claims that it saw broken.
    #[must_use]
    pub fn explore_by_stateright(&self) -> (usize, Vec<&'static str>) {
        match self {
            Self::Pair(pair) => by_stateright(pair.as_ref().clone()),
            Self::Relay(relay) => by_stateright(relay.as_ref().clone()),
        }
    }
}

fn explore_pair(pair: &Pair, limits: Limits<'_>) -> Result<Finding, CutOff> {
    let outcome = judge(pair, limits)?;
    let attack = |broken: crate::check::judge::Broken| Attack {
        claim: broken.claim,
        path: broken.path.into_iter().map(Step::from).collect(),
    };
    Ok(Finding {
        states: outcome.states,
        edges: outcome.edges,
        fired: outcome.fired,
        broken: outcome.broken.into_iter().map(attack).collect(),
    })
}

fn explore_relay(relay: &Relay, limits: Limits<'_>) -> Result<Finding, CutOff> {
    let (mut fired, mut broken) = (false, None);
    let graph = Graph::explore(relay, limits, |at, links, _| {
        let verdict = relay.verdict(links);
        fired |= verdict.fired;
        if !verdict.holds && broken.is_none() {
            broken = Some(at);
        }
    })?;
    let path =
        |at| graph.path_to(at).into_iter().map(|(link, action)| Step { link: Some(link), action }).collect();
    Ok(Finding {
        states: graph.state_count(),
        edges: graph.edge_count(),
        fired: fired.then_some(NO_LAUNDERING.name).into_iter().collect(),
        broken: broken.map(|at| Attack { claim: &NO_LAUNDERING, path: path(at) }).into_iter().collect(),
    })
}

fn by_stateright<M>(model: M) -> (usize, Vec<&'static str>)
where
    M: Model + Send + Sync + 'static,
    M::State: std::hash::Hash + std::fmt::Debug + Clone + PartialEq + Send + Sync,
    M::Action: std::fmt::Debug + Clone + PartialEq + Send + Sync,
{
    let checker = model.checker().finish_when(HasDiscoveries::All).spawn_bfs().join();
    let mut broken: Vec<_> = checker.discoveries().into_keys().collect();
    broken.sort_unstable();
    (checker.unique_state_count(), broken)
}
