//! A transport that counts the system calls that it represents.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Instant;

use close_notify::Transport;

/// A transport, and how many calls it got. Dropping it counts as one more.
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

    /// A bounded call that returns `WouldBlock` on a non-blocking socket makes one more call, to
    /// ask whether the socket blocks.
    fn count_bounded(&self, result: &io::Result<usize>) {
        let blocked = matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        self.count(if blocked { 2 } else { 1 });
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
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let result = self.inner.read_by(buffer, deadline);
        self.count_bounded(&result);
        result
    }

    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        let result = self.inner.write_by(bytes, deadline);
        self.count_bounded(&result);
        result
    }

    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        let result = self.inner.write_last(bytes, deadline);
        self.count_bounded(&result);
        result
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.count(1);
        self.inner.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.count(1);
        self.inner.reset()
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        self.count(1);
    }
}
