//! The TCP of smoltcp in both ends: a real stack whose clock and wire we control.
//!
//! Decides nothing about TLS. [`host`] is a stack, [`end`] gives it the calls of a kernel,
//! [`segment`] reads and forges what travels. Over [`scripted`] a path says what passes. Over
//! [`lossy`] the wire does as the caller likes, and [`trace`] turns what happened into a path.

mod end;
mod host;
mod lossy;
mod port;
#[cfg(test)]
mod quirks;
pub(crate) mod scripted;
mod segment;
mod trace;

use close_notify_model::world::World;
use close_notify_model::world::action::Side;
use close_notify_model::world::kernel::Got;

use self::end::End;
pub use self::lossy::Setup;
pub use self::trace::{Trace, Turn};

/// The first bytes of a record whose rest never comes. They are read before the end, and the model
/// does not count them.
fn torn(end: &End, side: Side, before: &World) -> usize {
    match before.net.peek(side.index()) {
        Got::Unit(_) => 0,
        Got::Eof { .. } | Got::Failed(_) | Got::Nothing => end.unread(),
    }
}
