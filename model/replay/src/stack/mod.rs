//! The TCP of smoltcp in both ends: a real stack with a clock and a wire that are ours.
//!
//! Decides nothing about TLS. [`host`] is a stack, [`end`] says its state as a kernel's calls do,
//! [`segment`] reads and forges what travels. Over [`led`] a path says what passes; over [`loose`]
//! the wire does as somebody likes, and what came of it is said as a path in [`course`].

mod course;
mod end;
mod host;
pub(crate) mod led;
mod loose;
mod port;
#[cfg(test)]
mod quirks;
mod segment;

use close_notify_model::world::World;
use close_notify_model::world::action::Side;
use close_notify_model::world::kernel::Got;

pub use self::course::{Course, Turn};
use self::end::End;
pub use self::loose::Setup;

/// The first bytes of a record whose rest never comes: they are read in front of the end, and the
/// model does not count them.
fn torn(end: &End, side: Side, before: &World) -> usize {
    match before.net.peek(side.index()) {
        Got::Unit(_) => 0,
        Got::Eof { .. } | Got::Failed(_) | Got::Nothing => end.unread(),
    }
}
