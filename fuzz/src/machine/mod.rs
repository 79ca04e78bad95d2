//! The core alone: any facts in any order, under any policy, in every version, from before or after
//! the handshake.
//!
//! Decides how an input is read and when a run is judged. [`close_notify_reference`] notes what
//! happened, independently of the core, and the core is compared with the notes after every fact.
//!
//! The reference is the model's view of one end. The model's own claims cannot replace it here. A
//! claim is judged on a world: two ends, a network, and what both applications meant to do. A lone
//! end that gets facts in an order that no network produces is not part of any world. What both
//! must agree on, the kinds of end, is the same type.
//!
//! An input is one byte for the format, six for the set-up (see `input`), and then one byte per
//! fact. There are two ways to run it. As facts: each byte is any fact, and the machine takes or
//! refuses it. As a driver: each byte is a fact from outside, after which the driver does what the
//! machine asks for, unless the byte says that the next fact comes first.

mod driver;
pub mod exhaustive;
mod input;
pub mod reach;

use std::fmt;
use std::hash::BuildHasher;

use close_notify_core::{Ending, Event, Machine};
use foldhash::fast::FixedState;

use crate::choices::Choices;
use crate::observe;
use close_notify_reference::{Account, Setup, Shadow, judge, said};

/// The most facts of a run.
const LONGEST: usize = 64;
/// The most facts from the input; the rest is for the end of the run.
const SAID: usize = 32;

/// A run: the machine, the notes about it, and the facts so far.
struct Run {
    setup: Setup,
    machine: Machine,
    account: Account,
    known: Ending,
    shadow: Shadow,
    facts: [Event; LONGEST],
    count: usize,
}

/// Runs an input.
///
/// # Panics
///
/// Panics if the machine and the notes differ, or the machine asks for what a duty forbids.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let (setup, plan) = input::setup(&mut choices);
    let mut run = Run::new(setup);
    if plan.drives {
        while let (Some((fact, in_haste)), false) = (input::outside_fact(&mut choices), run.is_full()) {
            run.take(fact);
            if !in_haste {
                run.settle();
            }
        }
    } else {
        while let (Some(fact), false) = (input::fact(&mut choices), run.is_full()) {
            run.take(fact);
        }
    }
    if plan.repeats {
        run.repeats();
    }
    if plan.ends {
        run.ends();
    }
    run.concludes();
    if let Some((alert, fact)) = plan.asks
        && let Err(flaw) = said::judged(&run.machine, alert, fact)
    {
        run.fail(flaw);
    }
}

impl Run {
    fn new(setup: Setup) -> Self {
        let machine = setup.machine();
        Self {
            setup,
            machine,
            account: Account::new(setup),
            known: machine.ending(),
            shadow: Shadow::of(&machine),
            facts: [Event::OutputBegun; LONGEST],
            count: 0,
        }
    }

    /// Whether the input has given as many facts as it may.
    const fn is_full(&self) -> bool {
        self.count >= SAID
    }

    /// Gives the machine a fact, and judges the result.
    fn take(&mut self, fact: Event) {
        self.facts[self.count] = fact;
        self.count += 1;
        let before = observe::is_asked().then_some(self.machine);
        let told = match judge::step(&mut self.machine, &mut self.account, &self.known, fact) {
            Ok(told) => told,
            Err(flaw) => self.fail(flaw),
        };
        if let (Some(before), Some(_)) = (before, told) {
            observe::note(&before, fact);
        }
        self.known = told.unwrap_or(self.known);
        if let Err(flaw) = self.shadow.follow(&self.machine, fact, told.is_some()) {
            self.fail(flaw);
        }
    }

    /// Checks that the same facts result in the same machine.
    fn repeats(&self) {
        let mut again = self.setup.machine();
        for &fact in self.facts() {
            _ = again.handle(fact);
        }
        if again != self.machine || hash(&again) != hash(&self.machine) {
            self.fail("the same facts make another machine");
        }
    }

    /// Checks the application's conclusions.
    fn concludes(&self) {
        if let Err(flaw) = judge::conclusions(&self.machine, &self.account) {
            self.fail(flaw);
        }
    }

    fn facts(&self) -> &[Event] {
        &self.facts[..self.count]
    }

    #[cold]
    fn fail(&self, flaw: impl fmt::Display) -> ! {
        panic!(
            "{flaw}\n{:?}\nmachine {:?}\noutput {:?}\nnoted {:?}\nfacts {:?}",
            self.setup,
            self.machine.ending(),
            self.machine.output(),
            self.account.ending(),
            self.facts(),
        );
    }
}

/// The hash by which explorers tell machines apart.
fn hash(machine: &Machine) -> u64 {
    FixedState::default().hash_one(machine)
}
