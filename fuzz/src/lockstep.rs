//! Two adapters in lockstep with the model: every path of the model is an input, and every input is
//! a path.
//!
//! Decides nothing: `close-notify-replay` reads the input and takes the steps, and the model's
//! claims judge them.

use close_notify_model::check::subject::Subject;
use close_notify_model::pair::Pair;
use close_notify_model::world::action::Action;
use close_notify_replay::{Connected, Input, Over, Skip, drive, is_possible};

use crate::lab;

/// The steps of an input that [`run`] takes on real ends, and the configuration; `None` if rustls
/// cannot take part.
#[must_use]
pub fn taken(data: &[u8]) -> Option<(&'static Pair, Vec<Action>)> {
    let (pair, input) = real(data)?;
    let mut world = pair.start();
    let mut taken = Vec::new();
    for step in input.path().path {
        if !is_possible(pair, &world, step.action) {
            break;
        }
        world = pair.after(&world, step.action);
        taken.push(step.action);
    }
    Some((pair, taken))
}

/// Takes the steps of an input on two real ends. Does nothing if rustls cannot take part in its
/// configuration.
///
/// # Panics
///
/// Panics if a run is unsound; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    let Some((pair, Input { chunk, choices, .. })) = real(data) else { return };
    let config = &pair.config;
    let mut choices = choices.iter();
    let mut path: Vec<Action> = Vec::with_capacity(choices.len());
    let choose = |enabled: &[Action]| {
        let choice = usize::from(*choices.next()?);
        let action = *enabled.get(choice % enabled.len().max(1))?;
        path.push(action);
        Some(action)
    };
    let (ends, tickets) = lab::pair(config.version, config.scripts[1].tickets.into());
    if let Err(flaw) = drive(pair, Connected { ends, tickets }, chunk, choose) {
        panic!("{}: {flaw}\n{path:?}", config.name);
    }
}

/// An input whose configuration two ends of rustls can take part in.
fn real(data: &[u8]) -> Option<(&'static Pair, Input<'_>)> {
    let input = Input::read(data)?;
    let Subject::Pair(pair) = input.subject else { return None };
    Skip::of(&pair.config, &[], Over::Memory).is_none().then_some((pair.as_ref(), input))
}
