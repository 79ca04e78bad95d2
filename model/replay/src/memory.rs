//! The model's TCP as a transport: calls return what the world says, and the bytes are rustls's
//! own.

use std::io::{self, Read, Write};

use close_notify::Transport;
use close_notify_model::world::World;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::kernel::{Errno, Got};

use crate::wire::{Port, Wire};

/// The records that each end has written, and the most bytes that one call moves.
pub(crate) struct Memory {
    written: [Vec<Vec<u8>>; 2],
    chunk: usize,
}

impl Memory {
    /// A wire on which nothing was written, and which moves at most `chunk` bytes per call.
    pub(crate) fn new(chunk: usize) -> Self {
        Self { written: [Vec::new(), Vec::new()], chunk: chunk.max(1) }
    }
}

/// One end's view: what the next read and the next write return.
pub(crate) struct MemoryPort<'a> {
    bytes: &'a [u8],
    then: Option<io::Result<usize>>,
    fails: Option<Errno>,
    is_dead: bool,
    chunk: usize,
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
        let (bytes, then) = match before.net.peek(side.index()) {
            Got::Unit(_) => (theirs[at].as_slice(), None),
            Got::Eof { inside: false } => (&[][..], Some(Ok(0))),
            Got::Eof { inside: true } => (&theirs[at][..theirs[at].len() / 2], Some(Ok(0))),
            Got::Failed(errno) => (&[][..], Some(Err(error(errno)))),
            Got::Nothing => (&[][..], None),
        };
        let socket = before.net.sockets[side.index()];
        let fails = socket.errno.or(socket.dead.then_some(Errno::Pipe));
        MemoryPort { bytes, then, fails, is_dead: socket.dead, chunk: self.chunk, out: Vec::new() }
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
        if self.bytes.is_empty() {
            return self.then.take().unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()));
        }
        let (now, later) = self.bytes.split_at(self.bytes.len().min(self.chunk).min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.bytes = later;
        Ok(now.len())
    }
}

impl Write for MemoryPort<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fails {
            Some(errno) => Err(error(errno)),
            None => {
                let count = bytes.len().min(self.chunk);
                self.out.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for MemoryPort<'_> {
    fn shut_write(&mut self) -> io::Result<()> {
        if self.is_dead { Err(io::ErrorKind::NotConnected.into()) } else { Ok(()) }
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}
