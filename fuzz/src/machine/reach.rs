//! Makes inputs for what no file of a corpus reports to the core: shortest paths to an event in a
//! state.
//!
//! Decides only where to look: breadth first over machines, from every version, before and after
//! the handshake, under every preset. The target runs the input and judges whether the core is
//! right there.

use std::collections::HashSet;

use close_notify_core::{Event, Machine, Policy, Version};

use super::input;
use crate::choices::Choices;
use crate::observe::{Half, Reached, Told};

/// A readable name, and an input of `machine`.
pub type Named = (String, Vec<u8>);

/// How many machines a search holds.
const MOST: usize = 100_000;

/// The plain facts, as bytes of an input.
const FACTS: std::ops::Range<u8> = 0..40;
/// One fact of each kind that has a number, or two if it spends a budget. The last three are a read
/// that fails without a reset, a flush, and the hand-over to a service that lingers.
const NUMBERED: [u8; 12] =
    [40 + 2, 40 + 7, 48 + 2, 48 + 7, 56 + 2, 56 + 7, 64, 72, 88 + 1, 64 + 1, 80 + 1, 80 + 7];

/// Flags of the plan: the close is brought to its end, and the facts are given twice.
const JUDGED_WHOLE: u8 = 32 | 64;

/// One input for each missing event in a state, if the core can take that event there at all.
#[must_use]
pub fn inputs(mut missing: Reached) -> Vec<Named> {
    let mut inputs = Vec::new();
    for setup in set_ups() {
        if !missing.is_empty() {
            search(setup, &mut missing, &mut inputs);
        }
    }
    inputs
}

/// The bytes of set-ups, the simplest first.
fn set_ups() -> impl Iterator<Item = [u8; 2]> {
    let flags = |version: usize, handshake: bool| version as u8 | if handshake { 8 } else { 0 };
    let starts = (0..Version::ALL.len())
        .rev()
        .flat_map(move |version| [false, true].map(|handshake| JUDGED_WHOLE | flags(version, handshake)));
    (0..Policy::PRESETS.len() as u8).flat_map(move |preset| starts.clone().map(move |flags| [flags, preset]))
}

/// A machine, and the place and fact that led to it.
struct Place {
    machine: Machine,
    from: Option<(usize, u8)>,
}

fn search(setup: [u8; 2], missing: &mut Reached, inputs: &mut Vec<Named>) {
    let head = [crate::FORMAT, setup[0], setup[1], 0, 0, 0, 0];
    let Some(mut choices) = Choices::read(&head) else { return };
    let machine = input::setup(&mut choices).0.machine();
    let mut known = HashSet::from([machine]);
    let mut places = vec![Place { machine, from: None }];
    let mut at = 0;
    while at < places.len() && !missing.is_empty() {
        for byte in FACTS.chain(NUMBERED) {
            let before = places[at].machine;
            let Some(fact) = fact(byte) else { continue };
            let mut next = before;
            if next.handle(fact).is_err() {
                continue;
            }
            if let Some(told) = missing.strike(&before, fact) {
                let way = way_to(&places, at).into_iter().rev().chain([byte]);
                inputs.push((name_of(&told), head.into_iter().chain(way).collect()));
            }
            if places.len() < MOST && known.insert(next) {
                places.push(Place { machine: next, from: Some((at, byte)) });
            }
        }
        at += 1;
    }
}

fn fact(byte: u8) -> Option<Event> {
    input::fact(&mut Choices::read(&[crate::FORMAT, byte])?)
}

/// The facts that led to a place, the last one first.
fn way_to(places: &[Place], mut at: usize) -> Vec<u8> {
    let mut way = Vec::new();
    while let Some((from, byte)) = places[at].from {
        way.push(byte);
        at = from;
    }
    way
}

fn name_of(told: &Told) -> String {
    let half = match told.half {
        Half::Send => "send",
        Half::Recv => "recv",
        Half::Transport => "transport",
    };
    format!("reach-{}-{half}-{}", slug(told.event), slug(told.state))
}

/// `PeerAlert other, fatal` as `peer-alert-other-fatal`.
fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        let breaks = letter.is_ascii_uppercase() || !letter.is_ascii_alphanumeric();
        if breaks && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use close_notify_core::Role;

    use super::*;
    use crate::observe;

    #[test]
    fn what_is_missing_is_reached_by_the_input_that_is_named_after_it() {
        let mut aborted = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
        aborted.handle(Event::WriteFailed { errno: 32 }).unwrap();
        let wanted = observe::during(|| observe::note(&aborted, Event::DeadlinePassed));
        let inputs = inputs(wanted.clone());
        assert!(inputs.iter().any(|(name, _)| name == "reach-deadline-passed-send-failed"));
        let reached = observe::during(|| inputs.iter().for_each(|(_, input)| crate::machine::run(input)));
        assert!(wanted.without(&reached).is_empty());
    }
}
