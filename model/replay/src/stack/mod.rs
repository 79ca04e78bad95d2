//! The TCP of smoltcp in both ends: a real stack whose clock and wire we control.
//!
//! Decides nothing about TLS. [`host`] is a stack, [`end`] gives it the calls of a kernel,
//! [`segment`] reads and forges what travels. Over [`led`] a path says what passes. Over [`loose`]
//! the wire does as the caller likes, and [`course`] turns what happened into a path.

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

/// The first bytes of a record whose rest never comes. They are read before the end, and the model
/// does not count them.
fn torn(end: &End, side: Side, before: &World) -> usize {
    match before.net.peek(side.index()) {
        Got::Unit(_) => 0,
        Got::Eof { .. } | Got::Failed(_) | Got::Nothing => end.unread(),
    }
}
