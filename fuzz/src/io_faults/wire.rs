//! The transport of a run: it moves bytes in pieces, waits, and fails on request.
//!
//! Decides how a faulty transport looks to each adapter. The run decides when it is faulty. The
//! first call that meets a reset gets its error, once. After that reads return an end of stream,
//! and writes a broken pipe (our measurements of Linux).

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The answer of the next call of one kind, in place of its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Interrupted,
    Errno(i32),
    /// An error without a number.
    Kind(ErrorKind),
    /// A write that returns zero.
    Zero,
    /// An error that means a wait, from a transport that is ready.
    Wait(ErrorKind),
}

/// How the transport ended for a reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// By an end of stream without an earlier failure.
    Fin,
    /// By a reset, whichever call met it.
    Reset,
    /// By another failure, whichever call met it.
    Dead,
}

/// Error numbers that the peer's FIN alone can cause: EPIPE and ENOTCONN.
const HARMLESS: [i32; 2] = [32, 107];
const RESET: i32 = 104;

/// The kinds of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    Read,
    Write,
    Flush,
    Shut,
}

/// How many transfers of one of our calls are as short as `grain`; after that they grow.
const SHORT: usize = 16;

/// More calls than this in one of our calls are a spin.
const SPIN: usize = 10_000;

#[derive(Debug)]
pub(super) struct Wire {
    /// For the streams of tasks, a ready answer that means a wait is a failure, and so is a write
    /// that returns zero.
    pub(super) of_tasks: bool,
    /// All that the peer has said.
    pub(super) said: Vec<u8>,
    /// How much of it has arrived.
    pub(super) arrived: usize,
    /// How much of it we have read.
    pub(super) read: usize,
    /// The peer has ended its stream after what it said.
    pub(super) fin: bool,
    /// A reset that no call has met yet.
    pub(super) reset: Option<i32>,
    /// A call has met a reset, and writes fail.
    pub(super) is_broken: bool,
    /// All that we wrote.
    pub(super) out: Vec<u8>,
    /// How much of it came after the last flush.
    pub(super) unflushed: usize,
    pub(super) room: usize,
    /// The most bytes that a transfer moves.
    pub(super) grain: usize,
    pub(super) faults: [Option<Fault>; 4],
    pub(super) flush_waits: bool,
    pub(super) shut_waits: bool,
    /// Bytes that were taken are held back until a flush.
    pub(super) buffers: bool,
    pub(super) is_shut: bool,
    pub(super) is_reset_by_us: bool,
    pub(super) is_gone: bool,
    wakers: [Option<Waker>; 2],
    /// The first error number that a call returned.
    pub(super) first_errno: Option<i32>,
    /// The result of the read that found the end of the stream, or failed.
    pub(super) ended: Option<Ended>,
    /// A call has met a reset.
    reset_seen: bool,
    /// A call has met a failure that is neither a reset nor the peer's FIN.
    death_seen: bool,
    pub(super) shut_has_failed: bool,
    pub(super) is_flushed: bool,
    /// Calls of the transport in our current call.
    pub(super) calls: usize,
    /// Transfers in our current call that read, and that wrote.
    pub(super) moves: [usize; 2],
    /// Bytes that it moved.
    pub(super) moved: usize,
    /// The transport has reported a wait, and has moved nothing since.
    pub(super) has_said_wait: bool,
}

impl Wire {
    pub(super) fn new(of_tasks: bool, buffers: bool, room: usize) -> Self {
        Self {
            of_tasks,
            said: Vec::with_capacity(512),
            arrived: 0,
            read: 0,
            fin: false,
            reset: None,
            is_broken: false,
            out: Vec::with_capacity(512),
            unflushed: 0,
            room,
            grain: usize::MAX,
            faults: [None; 4],
            flush_waits: false,
            shut_waits: false,
            buffers,
            is_shut: false,
            is_reset_by_us: false,
            is_gone: false,
            wakers: [None, None],
            first_errno: None,
            ended: None,
            reset_seen: false,
            death_seen: false,
            shut_has_failed: false,
            is_flushed: true,
            calls: 0,
            moves: [0; 2],
            moved: 0,
            has_said_wait: false,
        }
    }

    /// Wakes the task that waits to read.
    pub(super) fn wake_reader(&mut self) {
        if let Some(waker) = self.wakers[0].take() {
            waker.wake();
        }
    }

    /// Wakes the task that waits to write, flush or shut.
    pub(super) fn wake_writer(&mut self) {
        if let Some(waker) = self.wakers[1].take() {
            waker.wake();
        }
    }

    /// Whether a read would return a result.
    pub(super) fn is_readable(&self) -> bool {
        self.read < self.arrived || self.faults[Call::Read as usize].is_some() || self.is_at_end()
    }

    /// Whether a write, a flush or a shutdown would return a result.
    pub(super) fn is_writable(&self) -> bool {
        self.room > 0
            || self.is_broken
            || self.reset.is_some()
            || self.faults[1..].iter().any(Option::is_some)
    }

    fn is_at_end(&self) -> bool {
        self.read == self.said.len() && (self.fin || self.is_broken || self.reset.is_some())
    }

    /// Counts a call, and returns its fault, if any.
    fn begin(&mut self, call: Call) -> io::Result<Option<Fault>> {
        assert!(!self.is_gone, "a call of a transport that was let go");
        self.calls += 1;
        assert!(self.calls < SPIN, "a call of ours spins");
        match self.faults[call as usize].take() {
            Some(Fault::Interrupted) => Err(ErrorKind::Interrupted.into()),
            Some(Fault::Errno(errno)) => Err(self.failed(call, errno, io::Error::from_raw_os_error(errno))),
            Some(Fault::Kind(kind)) => Err(self.failed(call, number_of(kind), kind.into())),
            Some(Fault::Wait(kind)) => Err(self.says_wait(call, kind)),
            other => Ok(other),
        }
    }

    fn says_wait(&mut self, call: Call, kind: ErrorKind) -> io::Error {
        if self.of_tasks {
            return self.failed(call, 5, kind.into());
        }
        self.has_said_wait = true;
        kind.into()
    }

    fn failed(&mut self, call: Call, errno: i32, error: io::Error) -> io::Error {
        if call == Call::Read && error.kind() == ErrorKind::UnexpectedEof {
            self.ends();
            return error;
        }
        // An error that only means "again" is no failure of a transport that may be called again.
        let waits = matches!(error.kind(), ErrorKind::WouldBlock) && !self.of_tasks;
        if error.kind() == ErrorKind::Interrupted || waits {
            self.has_said_wait |= waits;
            return error;
        }
        let errno = if error.kind() == ErrorKind::WouldBlock { 5 } else { errno };
        // shutdown(2), ENOTCONN: the connection is over, and another call says why
        if call != Call::Shut || error.kind() != ErrorKind::NotConnected {
            self.first_errno.get_or_insert(errno);
        }
        self.notes(errno);
        if call == Call::Read {
            self.death_seen |= errno != RESET;
            self.ends();
        }
        self.shut_has_failed |= call == Call::Shut;
        error
    }

    // rst-is-not-close, dead-is-not-fin: a failure that any call has met is not forgotten
    fn notes(&mut self, errno: i32) {
        self.reset_seen |= errno == RESET;
        self.death_seen |= errno != RESET && !HARMLESS.contains(&errno);
    }

    /// Notes that a read has found the end of the stream, or failed. The first end is kept.
    fn ends(&mut self) {
        let end = match (self.reset_seen, self.death_seen) {
            (true, _) => Ended::Reset,
            (false, true) => Ended::Dead,
            (false, false) => Ended::Fin,
        };
        self.ended.get_or_insert(end);
    }

    fn read_some(&mut self, most: usize) -> io::Result<Option<&[u8]>> {
        self.begin(Call::Read)?;
        if self.read < self.arrived {
            let count = most.min(self.grain(Call::Read)).min(self.arrived - self.read);
            let from = self.read;
            self.read += count;
            self.moved += count;
            self.has_said_wait = false;
            return Ok(Some(&self.said[from..self.read]));
        }
        if self.is_at_end() {
            if let Some(errno) = self.reset.take() {
                self.is_broken = true;
                return Err(self.failed(Call::Read, errno, io::Error::from_raw_os_error(errno)));
            }
            self.ends();
            return Ok(Some(&[]));
        }
        Ok(None)
    }

    fn meets_reset(&mut self, call: Call) -> io::Result<()> {
        if let Some(errno) = self.reset.take() {
            self.is_broken = true;
            return Err(self.failed(call, errno, io::Error::from_raw_os_error(errno)));
        }
        if self.is_broken {
            return Err(self.failed(call, 32, io::Error::from_raw_os_error(32)));
        }
        Ok(())
    }

    /// The most bytes that this transfer moves. It grows within one of our calls, so that a call
    /// does not need as many transfers as it has bytes.
    fn grain(&mut self, call: Call) -> usize {
        let moves = &mut self.moves[call as usize];
        *moves += 1;
        self.grain.saturating_mul(1 << (*moves / SHORT).min(20))
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        if self.begin(Call::Write)? == Some(Fault::Zero) {
            if self.of_tasks {
                self.first_errno.get_or_insert(5);
                self.notes(5);
            }
            self.has_said_wait = true;
            return Ok(Some(0));
        }
        self.meets_reset(Call::Write)?;
        assert!(!self.is_shut, "a write after the end of the write side");
        let count = bytes.len().min(self.room).min(self.grain(Call::Write));
        if count == 0 && !bytes.is_empty() {
            return Ok(None);
        }
        self.room -= count;
        self.moved += count;
        self.has_said_wait = false;
        self.unflushed += if self.buffers { count } else { 0 };
        self.out.extend_from_slice(&bytes[..count]);
        self.is_flushed = false;
        Ok(Some(count))
    }

    fn flush_all(&mut self) -> io::Result<Option<()>> {
        self.begin(Call::Flush)?;
        if self.flush_waits {
            return Ok(None);
        }
        (self.unflushed, self.is_flushed) = (0, true);
        Ok(Some(()))
    }

    fn shut(&mut self) -> io::Result<Option<()>> {
        self.begin(Call::Shut)?;
        if self.is_broken {
            return Err(self.failed(Call::Shut, 107, io::Error::from_raw_os_error(107)));
        }
        if self.shut_waits {
            return Ok(None);
        }
        (self.unflushed, self.is_flushed) = (0, true);
        self.is_shut = true;
        Ok(Some(()))
    }
}

/// The number that an error without a number counts as, by its kind.
fn number_of(kind: ErrorKind) -> i32 {
    if kind == ErrorKind::ConnectionReset {
        104
    } else if kind == ErrorKind::BrokenPipe {
        32
    } else {
        5
    }
}

/// The end of a wire that our stream holds.
#[derive(Debug)]
pub(super) struct Held(pub(super) Rc<RefCell<Wire>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.borrow_mut().is_gone = true;
    }
}

impl Held {
    /// The result of a call for a thread, which calls again.
    fn once<R>(&self, call: impl FnOnce(&mut Wire) -> io::Result<Option<R>>) -> io::Result<R> {
        let mut wire = self.0.borrow_mut();
        let done = call(&mut wire)?;
        wire.has_said_wait |= done.is_none();
        done.ok_or_else(|| ErrorKind::WouldBlock.into())
    }
}

impl Read for Held {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.once(|wire| {
            let read = wire.read_some(buffer.len())?;
            Ok(read.map(|bytes| {
                buffer[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            }))
        })
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.once(|wire| wire.write_some(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.once(Wire::flush_all)
    }
}

impl close_notify::Transport for Held {
    fn shut_write(&mut self) -> io::Result<()> {
        self.once(Wire::shut)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.0.borrow_mut().is_reset_by_us = true;
        Ok(())
    }
}

impl Held {
    /// The result of a call for a task, which is woken once the result would change.
    fn poll<R>(
        &self,
        cx: &Context<'_>,
        side: usize,
        call: impl FnOnce(&mut Wire) -> io::Result<Option<R>>,
    ) -> Poll<io::Result<R>> {
        let mut wire = self.0.borrow_mut();
        match call(&mut wire) {
            Ok(Some(done)) => Poll::Ready(Ok(done)),
            Ok(None) => {
                wire.wakers[side] = Some(cx.waker().clone());
                wire.has_said_wait = true;
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        self.poll(cx, 0, |wire| {
            let read = wire.read_some(room)?;
            Ok(read.map(|bytes| buffer.put_slice(bytes)))
        })
    }
}

impl AsyncWrite for Held {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, 1, |wire| wire.write_some(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, 1, Wire::flush_all)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, 1, Wire::shut)
    }
}

impl close_notify::tasks::Transport for Held {
    fn reset(&mut self) -> io::Result<()> {
        close_notify::Transport::reset(self)
    }
}
