//! A transport in memory that reads and writes as the test configures it, for either adapter, and
//! counts its calls.
//!
//! Decides nothing about closing. It wakes nobody: one thread plays both ends and repeats every
//! call.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use close_notify::{Pipe, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How a transport behaves from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The most bytes that one call reads or writes.
    pub(crate) piece: usize,
    /// The error of about every other call before anything happens, without a period that a caller
    /// could match.
    pub(crate) hiccup: Option<ErrorKind>,
    /// The number of bytes that are still taken, and the error of a write after them.
    pub(crate) room: usize,
    pub(crate) after_room: ErrorKind,
    /// How long it takes until there is something to read.
    pub(crate) pace: Option<Duration>,
}

impl Shape {
    pub(crate) const PLAIN: Self = Self {
        piece: usize::MAX,
        hiccup: None,
        room: usize::MAX,
        after_room: ErrorKind::WouldBlock,
        pace: None,
    };
}

/// The shape of a transport and its count of calls, for the test to control.
#[derive(Clone, Debug)]
pub(crate) struct Controls(Arc<Mutex<(Shape, usize)>>);

impl Controls {
    pub(crate) fn new(shape: Shape) -> Self {
        Self(Arc::new(Mutex::new((shape, 0))))
    }

    fn both(&self) -> MutexGuard<'_, (Shape, usize)> {
        self.0.lock().unwrap()
    }

    /// Sets the shape from now on, and restarts the count of calls.
    pub(crate) fn set(&self, shape: Shape) {
        *self.both() = (shape, 0);
    }

    /// The number of calls.
    pub(crate) fn calls(&self) -> usize {
        self.both().1
    }

    /// Counts a call, which may have its hiccup.
    fn call(&self) -> io::Result<Shape> {
        let mut both = self.both();
        both.1 += 1;
        let (shape, calls) = *both;
        match shape.hiccup {
            Some(kind) if calls.count_ones() % 2 == 1 => Err(kind.into()),
            _ => Ok(shape),
        }
    }
}

/// One end of a pipe.
#[derive(Debug)]
pub(crate) struct Memory {
    pipe: Pipe,
    controls: Controls,
    /// When a read next has something: by tokio's clock, and by the system's.
    sleep: Option<Pin<Box<Sleep>>>,
    ready_at: Option<Instant>,
}

impl Memory {
    pub(crate) fn new(pipe: Pipe, controls: Controls) -> Self {
        Self { pipe, controls, sleep: None, ready_at: None }
    }
}

impl Memory {
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let shape = self.controls.call()?;
        let most = buffer.len().min(shape.piece);
        self.pipe.read(&mut buffer[..most])
    }
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pace = self.controls.both().0.pace;
        if let Some(pace) = pace {
            let now = Instant::now();
            if now < *self.ready_at.get_or_insert(now + pace) {
                return self.controls.call().and(Err(ErrorKind::WouldBlock.into()));
            }
            self.ready_at = None;
        }
        self.take(buffer)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let shape = self.controls.call()?;
        let most = bytes.len().min(shape.piece).min(shape.room);
        if most == 0 {
            return Err(shape.after_room.into());
        }
        let taken = self.pipe.write(&bytes[..most])?;
        self.controls.both().0.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Memory {
    fn shut_write(&mut self) -> io::Result<()> {
        self.pipe.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.pipe.reset()
    }
}

fn pending<R>(result: io::Result<R>) -> Poll<io::Result<R>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl AsyncRead for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let memory = self.get_mut();
        let pace = memory.controls.both().0.pace;
        if let Some(pace) = pace {
            let sleep = memory.sleep.get_or_insert_with(|| Box::pin(sleep(pace)));
            ready!(sleep.as_mut().poll(cx));
            memory.sleep = None;
        }
        pending(memory.take(buffer.initialize_unfilled())).map_ok(|count| buffer.advance(count))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pending(Write::write(self.get_mut(), bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_mut().shut_write())
    }
}

impl close_notify::tasks::Transport for Memory {
    fn reset(&mut self) -> io::Result<()> {
        self.pipe.reset()
    }
}
