//! A bounded duplex pipe in memory: a transport without a kernel, for tests, replays and fuzzing.
//!
//! Decides how its ends behave: as TCP does on Linux (our measurements: data before a reset is
//! readable, the error of a reset is returned once, then the end of the stream). Nothing here ever
//! blocks.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::transport::Transport;

/// One end of a duplex pipe in memory.
///
/// Reading an empty pipe and writing to a full one return `WouldBlock`. Dropping an end closes it:
/// its peer reads what was written and then the end of the stream, or a reset if this end had
/// unread bytes.
///
/// ```
/// use std::io::{ErrorKind, Read, Write};
/// use close_notify::Pipe;
/// let (mut near, mut far) = Pipe::pair(4);
/// assert_eq!(near.write(b"hello")?, 4);
/// assert_eq!(near.write(b"o").unwrap_err().kind(), ErrorKind::WouldBlock);
/// let mut buffer = [0; 8];
/// assert_eq!(far.read(&mut buffer)?, 4);
/// drop(near);
/// assert_eq!(far.read(&mut buffer)?, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Pipe {
    wire: Arc<Mutex<Wire>>,
    side: usize,
    reset_on_drop: bool,
}

#[derive(Debug)]
struct Wire {
    /// The bytes on their way to each side.
    towards: [Direction; 2],
    capacity: usize,
}

#[derive(Debug)]
struct Direction {
    bytes: VecDeque<u8>,
    /// The writer has shut it.
    is_shut: bool,
    /// The reader is gone.
    is_unread: bool,
    /// A reset that no call has returned yet.
    reset: bool,
}

impl Direction {
    fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::with_capacity(capacity), is_shut: false, is_unread: false, reset: false }
    }
}

impl Pipe {
    /// Makes a pipe and returns its two ends.
    ///
    /// The capacity is in bytes and applies to each direction separately. Nothing is allocated
    /// afterwards.
    ///
    /// # Panics
    ///
    /// Panics if the capacity exceeds `isize::MAX` bytes.
    #[must_use]
    pub fn pair(capacity: usize) -> (Self, Self) {
        let wire = Wire { towards: [Direction::new(capacity), Direction::new(capacity)], capacity };
        let wire = Arc::new(Mutex::new(wire));
        let end = |side| Self { wire: Arc::clone(&wire), side, reset_on_drop: false };
        (end(0), end(1))
    }

    /// How many bytes can be read at this end.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.wire().towards[self.side].bytes.len()
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn peer(&self) -> usize {
        1 - self.side
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.wire();
        let ours = &mut wire.towards[self.side];
        if !ours.bytes.is_empty() {
            return ours.bytes.read(buffer);
        }
        if std::mem::take(&mut ours.reset) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if ours.is_shut { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.wire();
        if std::mem::take(&mut wire.towards[self.side].reset) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let capacity = wire.capacity;
        let theirs = &mut wire.towards[self.peer()];
        if theirs.is_shut || theirs.is_unread {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(capacity - theirs.bytes.len());
        if taken == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        theirs.bytes.extend(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Pipe {
    fn shut_write(&mut self) -> io::Result<()> {
        let mut wire = self.wire();
        let theirs = &mut wire.towards[self.peer()];
        if theirs.is_unread {
            return Err(io::ErrorKind::NotConnected.into());
        }
        theirs.is_shut = true;
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.reset_on_drop = true;
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let (side, peer) = (self.side, self.peer());
        let mut wire = self.wire();
        let unread = !wire.towards[side].bytes.is_empty();
        let peer_is_there = !wire.towards[peer].is_unread;
        wire.towards[side].is_unread = true;
        wire.towards[peer].is_shut = true;
        // RFC 9293 §3.10.4: closed with unread bytes, it is reset
        wire.towards[peer].reset = peer_is_there && (unread || self.reset_on_drop);
    }
}
