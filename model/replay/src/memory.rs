//! The model's TCP as a transport: what a call returns is what the world says, the bytes are rustls's own.

use std::io::{self, Read, Write};
use std::time::Instant;

use close_notify::Transport;
use close_notify_model::action::{Action, Side};
use close_notify_model::kernel::{Errno, Got};
use close_notify_model::world::World;

use crate::wire::{Port, Wire};

/// The records that each end has written.
pub(crate) struct Memory {
    written: [Vec<Vec<u8>>; 2],
}

impl Memory {
    /// A wire on which nothing was written.
    pub(crate) const fn new() -> Self {
        Self { written: [Vec::new(), Vec::new()] }
    }
}

/// One end's view: what the next read and the next write return.
pub(crate) struct MemoryPort<'a> {
    reads: Vec<io::Result<&'a [u8]>>,
    fails: Option<Errno>,
    out: Vec<u8>,
}

fn error(errno: Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.number())
}

impl Wire for Memory {
    type Port<'a> = MemoryPort<'a>;

    fn port<'a>(&'a mut self, side: Side, before: &World) -> MemoryPort<'a> {
        let at = usize::from(before.net.inward(side.index()).read);
        let theirs = &self.written[side.other().index()];
        // Reads come off the end of the list.
        let reads = match before.net.peek(side.index()) {
            Got::Unit(_) => vec![Ok(theirs[at].as_slice())],
            Got::Eof { inside: false } => vec![Ok(&[][..])],
            Got::Eof { inside: true } => vec![Ok(&[][..]), Ok(&theirs[at][..theirs[at].len() / 2])],
            Got::Failed(errno) => vec![Err(error(errno))],
            Got::Nothing => vec![],
        };
        let socket = before.net.sockets[side.index()];
        let fails = socket.errno.or(socket.dead.then_some(Errno::Pipe));
        MemoryPort { reads, fails, out: Vec::new() }
    }

    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>) {
        self.written[side.index()].extend(records);
    }

    fn carry(&mut self, _action: Action, _before: &World) -> io::Result<()> {
        Ok(())
    }

    fn release(&mut self, _side: Side) {}

    fn take_error(&mut self, side: Side, before: &World) -> io::Result<Option<i32>> {
        Ok(before.net.sockets[side.index()].errno.map(Errno::number))
    }

    fn length(&self, side: Side, at: usize) -> usize {
        self.written[side.index()][at].len()
    }
}

impl Port for MemoryPort<'_> {
    fn into_written(self) -> Vec<u8> {
        self.out
    }
}

impl Read for MemoryPort<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.reads.pop().unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl Write for MemoryPort<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fails {
            Some(errno) => Err(error(errno)),
            None => {
                self.out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for MemoryPort<'_> {
    fn shut_write(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_deadline(&mut self, _deadline: Option<Instant>) -> io::Result<()> {
        Ok(())
    }
}
