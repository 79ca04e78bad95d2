//! The port at which an adapter reads from a stack and writes to it.

use std::io::{self, Read, Write};

use close_notify::Transport;

use super::end::End;
use crate::real::{PLAIN, record_length};
use crate::wire::Port;

/// How a port moves bytes.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// The most bytes that a call moves.
    pub(super) chunk: usize,
    /// Whether the stack sends at once; each record is then a separate segment.
    pub(super) speaks: bool,
}

/// One end's socket, read one record at a time so that the stack holds what the model says.
pub(crate) struct StackPort<'a> {
    end: &'a mut End,
    is_plain: bool,
    manner: Manner,
    /// What is left to read of the record, once its length is known.
    left: Option<usize>,
    out: Vec<u8>,
}

impl<'a> StackPort<'a> {
    pub(super) const fn new(end: &'a mut End, is_plain: bool, manner: Manner) -> Self {
        Self { end, is_plain, manner, left: None, out: Vec::new() }
    }

    fn speak(&mut self) {
        if self.manner.speaks {
            self.end.host.speak();
        }
    }

    fn record(&mut self) -> usize {
        if self.is_plain {
            return PLAIN.len();
        }
        let mut header = [0; 5];
        let seen = self.end.peek(&mut header);
        record_length(&header[..seen]).unwrap_or(header.len())
    }
}

impl Port for StackPort<'_> {
    fn into_written(self) -> Vec<u8> {
        self.out
    }
}

impl Read for StackPort<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.unwrap_or_else(|| self.record());
        if left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let wanted = left.min(buffer.len()).min(self.manner.chunk);
        let count = self.end.read(&mut buffer[..wanted])?;
        self.left = Some(left - count);
        Ok(count)
    }
}

impl Write for StackPort<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let record = record_length(bytes).filter(|_| self.manner.speaks && !self.is_plain);
        let most = record.unwrap_or(usize::MAX).min(bytes.len()).min(self.manner.chunk);
        let count = self.end.write(&bytes[..most])?;
        self.out.extend_from_slice(&bytes[..count]);
        self.speak();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last bytes are not held back until the FIN: when each leaves is decided elsewhere.
impl Transport for StackPort<'_> {
    fn shut_write(&mut self) -> io::Result<()> {
        self.end.shut_write()?;
        self.speak();
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.end.reset_on_release();
        Ok(())
    }
}
