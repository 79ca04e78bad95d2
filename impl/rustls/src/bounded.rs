//! A transport and the deadline of its connection: once there is one, it bounds every call.
//!
//! Decides nothing: when the clock starts is the core's word, how long it runs the caller's.

use std::io::{self, Read, Write};
use std::time::Instant;

use crate::transport::Transport;

#[derive(Debug)]
pub(crate) struct Bounded<T> {
    pub(crate) inner: T,
    pub(crate) deadline: Option<Instant>,
}

impl<T> Bounded<T> {
    /// A transport whose calls are as long as the application has set them.
    pub(crate) const fn unbounded(inner: T) -> Self {
        Self { inner, deadline: None }
    }
}

impl<T: Transport> Read for Bounded<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.deadline {
            Some(deadline) => self.inner.read_by(buffer, deadline),
            None => self.inner.read(buffer),
        }
    }
}

impl<T: Transport> Write for Bounded<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.deadline {
            Some(deadline) => self.inner.write_by(bytes, deadline),
            None => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Transport> Transport for Bounded<T> {
    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        self.inner.write_last(bytes, deadline.or(self.deadline))
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.inner.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.inner.reset()
    }
}
