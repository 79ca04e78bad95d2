//! A transport that counts the system calls that it stands for.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Instant;

use close_notify::Transport;

/// A transport, and how many calls it got; dropping it is one more.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    calls: Rc<Cell<u64>>,
}

impl<T> Counted<T> {
    /// Counts the calls of `inner` in `calls`.
    pub const fn new(inner: T, calls: Rc<Cell<u64>>) -> Self {
        Self { inner, calls }
    }

    fn count(&self, calls: u64) {
        self.calls.set(self.calls.get() + calls);
    }
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.count(1);
        self.inner.read(buffer)
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count(1);
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Transport> Transport for Counted<T> {
    fn write_last(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count(1);
        self.inner.write_last(bytes)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.count(1);
        self.inner.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.count(1);
        self.inner.reset()
    }

    /// Two calls on a socket: one for reading, one for writing.
    fn set_deadline(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        self.count(2);
        self.inner.set_deadline(deadline)
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        self.count(1);
    }
}
