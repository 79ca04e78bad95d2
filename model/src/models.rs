//! The pair and the relay as models of stateright, with their claims as its properties.
//!
//! Decides nothing: the steps are `pair`'s, the claims `property`'s. `explore` searches the same
//! models, and both must find the same states and verdicts.

use stateright::{Model, Property};

use crate::chart;
use crate::pair::Pair;
use crate::pair::relay::{Link, Links, Relay, RelayAction};
use crate::property::claims_of;
use crate::property::relay::NO_LAUNDERING;
use crate::world::World;
use crate::world::action::Action;

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
        let claims =
            claims_of(&self.config).into_iter().map(|claim| Property::always(claim.name, claim.judge()));
        claims.chain([explored_whole]).collect()
    }

    fn format_action(&self, action: &Action) -> String {
        action.side().map_or_else(|| action.to_string(), |side| format!("{} {action}", side.name()))
    }

    fn as_svg(&self, path: stateright::Path<World, Action>) -> Option<String> {
        Some(chart::svg(self, &path.into_actions()))
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
            Property::always(NO_LAUNDERING.name, |relay: &Self, links: &Links| relay.verdict(links).holds),
            Property::always("explored whole", |_: &Self, _: &Links| true),
        ]
    }
}
