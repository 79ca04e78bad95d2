//! The transport between our side and the adversary: in memory, with any room and any chunks. It
//! reports what happened.
//!
//! Its ends look like those of TCP on Linux (our measurements: data before a reset is readable, the
//! error of a reset comes once, then the end of the stream).

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use close_notify::Transport;

/// Type, version and length.
const HEADER: usize = 5;
/// How many reads are limited to `chunk`; without this bound a run of many records would take too
/// long.
const SMALL_READS: u32 = 40;
const BROKEN_PIPE: i32 = 32;
const NOT_CONNECTED: i32 = 107;

/// How the peer ended its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Fin,
    Reset { errno: i32 },
}

/// An event of the transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum News {
    Read(usize),
    ReadEnd,
    ReadFailed(i32),
    /// A write that took this many bytes.
    Wrote(usize),
    WriteFailed(i32),
    Shut,
    /// ENOTCONN, which does not give the cause.
    ShutFailed,
    ResetByUs,
    Dropped,
}

impl News {
    pub(crate) const fn is_of_writing(self) -> bool {
        matches!(self, Self::Wrote(_) | Self::WriteFailed(_) | Self::Shut | Self::ShutFailed)
    }
}

/// Both directions.
#[derive(Debug)]
pub(crate) struct World {
    /// All that the peer has sent.
    pub(crate) sent: Vec<u8>,
    /// How much of it our side has read.
    pub(crate) given: usize,
    pub(crate) end: Option<End>,
    /// The most bytes that one read returns, for the first few reads.
    pub(crate) chunk: usize,
    small_reads: u32,
    /// The start of the record that is read now, if no read may go beyond its end.
    pub(crate) framed: Option<usize>,
    /// All that our side has said.
    pub(crate) taken: Vec<u8>,
    /// How many more bytes are taken.
    pub(crate) room: usize,
    /// The error number with which every write fails.
    pub(crate) broken: Option<i32>,
    pub(crate) is_shut: bool,
    pub(crate) is_reset: bool,
    pub(crate) is_gone: bool,
    pub(crate) calls: u32,
    /// The last call would have blocked.
    pub(crate) says_wait: bool,
    pub(crate) news: Vec<News>,
}

/// Our side's end of the transport.
#[derive(Clone, Debug)]
pub(crate) struct Wire(pub(crate) Rc<RefCell<World>>);

impl Wire {
    pub(crate) fn new(chunk: usize, room: usize) -> Self {
        Self(Rc::new(RefCell::new(World {
            sent: Vec::with_capacity(1024),
            given: 0,
            end: None,
            chunk,
            small_reads: SMALL_READS,
            framed: None,
            taken: Vec::with_capacity(1024),
            room,
            broken: None,
            is_shut: false,
            is_reset: false,
            is_gone: false,
            calls: 0,
            says_wait: false,
            news: Vec::with_capacity(16),
        })))
    }
}

impl World {
    /// Counts a call that begins.
    const fn begins(&mut self) {
        self.calls += 1;
        self.says_wait = false;
    }

    /// The offset up to which the next read may go.
    fn border(&mut self) -> usize {
        let all = self.sent.len();
        let Some(from) = self.framed else { return all };
        let Some(header) = self.sent[from..].first_chunk::<HEADER>() else { return all };
        let to = from + HEADER + usize::from(u16::from_be_bytes([header[3], header[4]]));
        if self.given < to {
            return to.min(all);
        }
        self.framed = Some(to);
        self.border()
    }

    /// The error of a reset; only one call gets it.
    fn reset_error(&mut self) -> Option<i32> {
        match self.end {
            Some(End::Reset { errno }) => {
                self.end = Some(End::Fin);
                Some(errno)
            }
            Some(End::Fin) | None => None,
        }
    }

    fn fail(&mut self, news: fn(i32) -> News, errno: i32) -> io::Error {
        self.news.push(news(errno));
        io::Error::from_raw_os_error(errno)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        world.begins();
        let count = (world.border() - world.given).min(world.chunk).min(buffer.len());
        if count > 0 {
            buffer[..count].copy_from_slice(&world.sent[world.given..][..count]);
            world.given += count;
            world.small_reads = world.small_reads.saturating_sub(1);
            if world.small_reads == 0 {
                world.chunk = usize::MAX;
            }
            world.news.push(News::Read(count));
            return Ok(count);
        }
        if let Some(errno) = world.reset_error() {
            return Err(world.fail(News::ReadFailed, errno));
        }
        if world.end.is_none() {
            world.says_wait = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        world.news.push(News::ReadEnd);
        Ok(0)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        world.begins();
        if let Some(errno) = world.reset_error() {
            world.broken = Some(BROKEN_PIPE);
            return Err(world.fail(News::WriteFailed, errno));
        }
        if let Some(errno) = world.broken.or(world.is_shut.then_some(BROKEN_PIPE)) {
            return Err(world.fail(News::WriteFailed, errno));
        }
        let count = bytes.len().min(world.room);
        world.news.push(News::Wrote(count));
        if count == 0 {
            world.says_wait = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        world.room -= if world.room == usize::MAX { 0 } else { count };
        world.taken.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Wire {
    fn shut_write(&mut self) -> io::Result<()> {
        let world = &mut *self.0.borrow_mut();
        world.begins();
        if world.broken.is_some() {
            return Err(world.fail(|_| News::ShutFailed, NOT_CONNECTED));
        }
        world.is_shut = true;
        world.news.push(News::Shut);
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        let world = &mut *self.0.borrow_mut();
        world.begins();
        world.is_reset = true;
        world.news.push(News::ResetByUs);
        Ok(())
    }
}

/// The wire as owned by an adapter: dropping it closes the transport.
#[derive(Debug)]
pub(crate) struct Owned(pub(crate) Wire);

impl Owned {
    /// Ends TLS but keeps the transport; its peer notices nothing.
    pub(crate) fn leave(self) {
        let world = Rc::clone(&self.0.0);
        drop(self);
        world.borrow_mut().news.pop();
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let world = &mut *self.0.0.borrow_mut();
        world.is_gone = true;
        world.news.push(News::Dropped);
    }
}

impl Read for Owned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Owned {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Transport for Owned {
    fn shut_write(&mut self) -> io::Result<()> {
        self.0.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.0.reset()
    }
}
