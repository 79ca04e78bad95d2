//! One adapter against a peer that holds the keys: any authenticated record at any moment, any
//! calls of our application in between.
//!
//! Decides nothing about closing. After each call the `Ending` must be the one that the reference
//! derives from the list of records and calls. The output of our side, opened with its own keys,
//! must keep the duties that only bytes decide.
//!
//! An input is one byte for the format, four for the set-up (`setup`), and then one byte per step
//! (`action`). A few steps take numbers from the bytes after them.

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

/// Runs one adapter against a peer that holds the keys.
///
/// # Panics
///
/// Panics if a run is unsound; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    if let Err(flaw) = run::play(data) {
        panic!("{flaw}\n{}", tell(data));
    }
}

/// Whether a call must only be made again.
pub(crate) fn is_wait(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Describes an input in words.
#[must_use]
pub fn tell(data: &[u8]) -> String {
    let Some(mut choices) = Choices::read(data) else { return "no input of this format".to_string() };
    let setup = Setup::read(&mut choices);
    let actions: Vec<Action> = std::iter::from_fn(|| Action::read(&mut choices)).collect();
    format!("{setup:?}\n{actions:?}")
}
