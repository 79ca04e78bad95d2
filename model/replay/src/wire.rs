//! What a replay needs from its wire: two ports to read and write at, and the model's own moves
//! between them.

use std::io;

use close_notify::Transport;
use close_notify_model::world::World;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::kernel::Got;

/// Where an end reads and writes. It keeps what was written.
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

    /// The port of an end, in the state of the world before its next call.
    fn port<'a>(&'a mut self, side: Side, before: &World) -> Self::Port<'a>;

    /// Takes what the end has just written, in order; the model says how many units that was.
    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>);

    /// Takes a step of the wire alone; `before` is the world that it starts from. Fails if the
    /// transport does not do as the model says.
    fn carry(&mut self, action: Action, before: &World) -> io::Result<()>;

    /// The end closes its transport, or lets it be reset.
    fn release(&mut self, side: Side);

    /// Asks for the pending error of an end's transport. Fails if the question itself fails.
    fn take_error(&mut self, side: Side, before: &World) -> io::Result<Option<i32>>;

    /// The length of a written record, by its position in the direction.
    fn length(&self, side: Side, at: usize) -> usize;

    /// How many bytes of a torn record the next read of an end returns before the end of its
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
