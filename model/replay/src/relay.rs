//! A whole path on its real connections: one for a pair, two for a relay.

use std::io;

use close_notify_model::check::subject::{Step, Subject};
use close_notify_model::pair::Pair;
use close_notify_model::pair::relay::{Link, Relay};
use close_notify_model::world::action::Action;
use stateright::Model;

use crate::kernel::Kernel;
use crate::lockstep::Walk;
use crate::memory::Memory;
use crate::path::{Path, PathError};
use crate::real::Real;
use crate::report::{Divergence, Outcome, Over};
use crate::skip::Skip;
use crate::stack::scripted::Scripted;

/// Walks a path on real rustls over a transport.
///
/// # Errors
///
/// [`PathError`] if it is not a path of the model.
pub fn replay(path: &Path, over: Over) -> Result<Outcome, PathError> {
    match path.subject()? {
        Subject::Pair(pair) => {
            let actions: Vec<_> = path.path.iter().map(|step| step.action).collect();
            replay_pair(&pair, &actions, over)
        }
        Subject::Relay(relay) => replay_relay(&relay, &path.path, over),
    }
}

fn replay_pair(pair: &Pair, actions: &[Action], over: Over) -> Result<Outcome, PathError> {
    possible(pair, actions)?;
    let steps: Vec<_> = actions.iter().copied().map(Step::from).collect();
    Ok(match Skip::of(&pair.config, &steps, over) {
        Some(skip) => Outcome::Skipped(skip),
        None => walk(pair, actions, over).map_or_else(Outcome::Diverged, |()| Outcome::Taken),
    })
}

/// The two connections of a relay share nothing but the application between them, whose part is in
/// the path.
fn replay_relay(relay: &Relay, path: &[Step], over: Over) -> Result<Outcome, PathError> {
    let on = |link| {
        path.iter().filter(move |step| step.link == Some(link)).map(|step| step.action).collect::<Vec<_>>()
    };
    let (up, down) = (on(Link::Upstream), on(Link::Downstream));
    let aborted = !relay.naive && possible(&relay.down, &down).is_err();
    let downstream = if aborted { &relay.down_aborted } else { &relay.down };
    match replay_pair(&relay.up, &up, over)? {
        Outcome::Taken => replay_pair(downstream, &down, over),
        other => Ok(other),
    }
}

/// Fails unless the model can take every step.
fn possible(pair: &Pair, actions: &[Action]) -> Result<(), PathError> {
    let mut world = pair.start();
    for (at, &step) in actions.iter().enumerate() {
        let mut instead = Vec::new();
        pair.actions(&world, &mut instead);
        if !instead.contains(&step) {
            return Err(PathError::Step { at, step, instead });
        }
        world = pair.after(&world, step);
    }
    Ok(())
}

fn walk(pair: &Pair, actions: &[Action], over: Over) -> Result<(), Divergence> {
    let unable = |error: io::Error| Divergence {
        at: 0,
        model: "that two ends connect".into(),
        real: error.to_string(),
    };
    let real = Real::new(&pair.config, actions).map_err(unable)?;
    match over {
        Over::Memory => taken(Walk::new(pair, real, Memory::new(usize::MAX)), actions),
        Over::Smoltcp => {
            let wire = Scripted::new(pair.config.tcp.one_shot_errno).map_err(unable)?;
            taken(Walk::new(pair, real, wire), actions)
        }
        Over::Kernel => taken(Walk::new(pair, real, Kernel::new().map_err(unable)?), actions),
    }
}

fn taken<W: crate::wire::Wire>(mut walk: Walk<'_, W>, actions: &[Action]) -> Result<(), Divergence> {
    actions.iter().try_for_each(|&action| walk.step(action))?;
    walk.finish()
}
