//! Mock transports: each returns what the run says, and all record what was done to them.
//!
//! Decides nothing about lingering.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use close_notify_linger::Source;

/// What a peer still has to say, in this order.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Peer {
    /// How many reads a signal interrupts first.
    pub(super) signals: u8,
    /// How many bytes can be read; [`FLOOD`] never ends.
    pub(super) bytes: u32,
    /// What comes after them.
    pub(super) last: Last,
}

/// An endless number of bytes.
pub(super) const FLOOD: u32 = u32::MAX;

/// The result of a read after all bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Last {
    /// Nothing yet.
    #[default]
    Wait,
    /// Nothing yet, reported as a timeout of the socket.
    TimedOut,
    /// The end of the stream.
    Fin,
    /// An error of this number.
    Errno(i32),
    /// An error with only a kind.
    Kind(io::ErrorKind),
}

/// The result of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Got {
    Bytes(u32),
    Again,
    Wait,
    Fin,
    Failed,
}

/// What was done to a transport.
#[derive(Clone, Copy, Debug)]
pub(super) enum Done {
    /// It was read, with room for this many bytes.
    Read { name: usize, room: usize, got: Got },
    /// It was released.
    Gone { name: usize, reset: bool },
}

/// All transports of a run, and what was done to them since the last look.
#[derive(Default)]
pub(super) struct World {
    pub(super) peers: Vec<Peer>,
    pub(super) done: Vec<Done>,
}

/// One transport, as the engine owns it.
pub(super) struct StandIn {
    pub(super) name: usize,
    pub(super) world: Rc<RefCell<World>>,
    pub(super) is_reset: bool,
}

impl Peer {
    fn read(&mut self, room: usize) -> (Got, io::Result<usize>) {
        if self.signals > 0 {
            self.signals -= 1;
            return (Got::Again, Err(io::ErrorKind::Interrupted.into()));
        }
        let count = room.min(self.bytes as usize);
        if count > 0 {
            let taken = u32::try_from(count).expect("a buffer is not so large");
            self.bytes -= if self.bytes == FLOOD { 0 } else { taken };
            return (Got::Bytes(taken), Ok(count));
        }
        match self.last {
            Last::Wait => (Got::Wait, Err(io::ErrorKind::WouldBlock.into())),
            Last::TimedOut => (Got::Wait, Err(io::ErrorKind::TimedOut.into())),
            Last::Fin => (Got::Fin, Ok(0)),
            Last::Errno(errno) => (Got::Failed, Err(io::Error::from_raw_os_error(errno))),
            // A lower tunnel that was cut reports that itself.
            Last::Kind(kind @ io::ErrorKind::UnexpectedEof) => (Got::Fin, Err(kind.into())),
            Last::Kind(kind) => (Got::Failed, Err(kind.into())),
        }
    }
}

impl Read for StandIn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut world = self.world.borrow_mut();
        let (got, answer) = world.peers[self.name].read(buffer.len());
        world.done.push(Done::Read { name: self.name, room: buffer.len(), got });
        answer
    }
}

impl Source for StandIn {
    fn reset(mut self) {
        self.is_reset = true;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let gone = Done::Gone { name: self.name, reset: self.is_reset };
        self.world.borrow_mut().done.push(gone);
    }
}
