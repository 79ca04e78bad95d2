//! Paths of the model, run on real rustls with the same core in both ends.
//!
//! Decides whether reality took the path as the model says. Leaves the path to the model's
//! explorer, and every closing step to the core. This crate moves bytes between two adapters as the
//! actions of a path say.
//!
//! 1. A [`Path`] names a configuration and lists actions.
//! 2. [`replay`] makes a client and a server whose handshake is done, and walks the path: each
//!    action is done on the real ends and on the model's world. After each action the states of
//!    both must be equal.
//! 3. If reality cannot take a path, a [`Skip`] says why.
#![forbid(unsafe_code)]

mod driven;
mod input;
mod kernel;
mod lockstep;
mod memory;
mod path;
mod real;
mod relay;
mod report;
mod skip;
mod stack;
mod suite;
mod wire;

pub use driven::{Flaw, claims_to_judge, drive, is_possible};
pub use input::{FORMAT, Input, input_of};
pub use path::{Path, PathError};
pub use real::Connected;
pub use relay::replay;
pub use report::{Divergence, Outcome, Over};
pub use skip::Skip;
pub use stack::{Setup, Trace, Turn};
pub use suite::generate;
