//! One adapter against a peer that holds the keys: any authenticated record at any moment, any
//! calls of ours meanwhile.
//!
//! Decides nothing about closing. After each call the `Ending` must be the one that the reference
//! reads off the list of records and calls, and what our side said, opened with its own keys, must
//! keep the duties that only bytes decide.
//!
//! An input is: one byte for the format, four for the set-up (`setup`), and then one byte a step
//! (`action`); a few steps have numbers of their own behind them.

mod action;
mod adversary;
pub mod bare;
mod flaw;
mod meaning;
pub(crate) mod pattern;
mod run;
mod said;
mod seeds;
mod session;
mod setup;
mod story;
mod stream;
pub(crate) mod wire;

use std::io;

pub use seeds::seeds;

use action::Action;
use setup::Setup;

use crate::choices::Choices;

/// One adapter against a peer that holds the keys.
///
/// Panics: where a run is unsound; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    if let Err(flaw) = run::play(data) {
        panic!("{flaw}\n{}", tell(data));
    }
}

/// Whether a call is only to be made again.
pub(crate) fn is_wait(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// An input in words.
#[must_use]
pub fn tell(data: &[u8]) -> String {
    let Some(mut choices) = Choices::read(data) else { return "no input of this format".to_string() };
    let setup = Setup::read(&mut choices);
    let actions: Vec<Action> = std::iter::from_fn(|| Action::read(&mut choices)).collect();
    format!("{setup:?}\n{actions:?}")
}
