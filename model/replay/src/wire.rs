//! What a replay needs of its wire: two ports to read and write at, and the model's own moves
//! between them.

use std::io;

use close_notify::Transport;
use close_notify_model::world::World;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::kernel::Got;

/// Where an end reads and writes; what it wrote is kept.
pub(crate) trait Port: Transport {
    /// What was written, in order.
    fn into_written(self) -> Vec<u8>;
}

/// A wire between two ends, in lockstep with the model's world.
pub(crate) trait Wire {
    /// What an end reads and writes at.
    type Port<'a>: Port
    where
        Self: 'a;

    /// The port of an end, as the world stands before its next call.
    fn port<'a>(&'a mut self, side: Side, before: &World) -> Self::Port<'a>;

    /// Takes what the end has just written, in order; the model says how many units that was.
    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>);

    /// A step that only the wire takes: `before` is the world it starts from.
    ///
    /// Errors: where the transport does not do as the model says.
    fn carry(&mut self, action: Action, before: &World) -> io::Result<()>;

    /// The end closes its transport, or lets it be reset.
    fn release(&mut self, side: Side);

    /// Asks for the pending error of an end's transport.
    ///
    /// Errors: where the question itself fails.
    fn take_error(&mut self, side: Side, before: &World) -> io::Result<Option<i32>>;

    /// The length of a record that was written, by its place in the direction.
    fn length(&self, side: Side, at: usize) -> usize;

    /// How many bytes of a torn record the next read of an end returns in front of the end of its
    /// stream.
    fn torn(&self, side: Side, before: &World) -> usize {
        match before.net.peek(side.index()) {
            Got::Eof { inside: true } => {
                self.length(side.other(), usize::from(before.net.inward(side.index()).read)) / 2
            }
            Got::Unit(_) | Got::Eof { inside: false } | Got::Failed(_) | Got::Nothing => 0,
        }
    }
}
