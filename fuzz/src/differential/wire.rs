//! A transport in memory whose other side is written by the script.
//!
//! Its ends look like those of TCP on Linux (our measurement: the data, then ECONNRESET from the
//! first call that can return it, then the end of the stream).

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::script::End;

#[derive(Debug, Default)]
struct State {
    incoming: Vec<u8>,
    read: usize,
    end: Option<End>,
    /// A call has returned the reset.
    was_reported: bool,
    outgoing: Vec<u8>,
    is_shut: bool,
    chunk: usize,
}

/// Our end of the transport; all clones are the same end.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Rc<RefCell<State>>);

impl Wire {
    pub(super) fn new(chunk: usize) -> Self {
        Self(Rc::new(RefCell::new(State { chunk, ..State::default() })))
    }

    /// Sets the most bytes that a read returns from now on.
    #[cfg(feature = "real-peer")]
    pub(super) fn set_chunk(&self, chunk: usize) {
        self.0.borrow_mut().chunk = chunk;
    }

    /// Adds bytes from the peer.
    pub(super) fn arrive(&self, bytes: &[u8]) {
        self.0.borrow_mut().incoming.extend_from_slice(bytes);
    }

    /// Ends the peer's transport after what arrived.
    pub(super) fn end(&self, end: End) {
        self.0.borrow_mut().end = Some(end);
    }

    /// Takes all that was written.
    pub(super) fn take_written(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().outgoing)
    }

    /// Ends writing.
    pub(super) fn shut(&self) {
        self.0.borrow_mut().is_shut = true;
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.0.borrow_mut();
        let unread = &state.incoming[state.read..];
        let count = unread.len().min(buffer.len()).min(state.chunk);
        if count > 0 {
            buffer[..count].copy_from_slice(&unread[..count]);
            state.read += count;
            return Ok(count);
        }
        match state.end {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(End::Reset) if !std::mem::replace(&mut state.was_reported, true) => {
                Err(io::Error::from_raw_os_error(RESET))
            }
            Some(End::Fin | End::FinInRecord | End::Reset) => Ok(0),
        }
    }
}

/// ECONNRESET, on Linux.
const RESET: i32 = 104;

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = &mut *self.0.borrow_mut();
        if state.end == Some(End::Reset) && !std::mem::replace(&mut state.was_reported, true) {
            return Err(io::Error::from_raw_os_error(RESET));
        }
        if state.is_shut || state.end == Some(End::Reset) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl close_notify::Transport for Wire {
    fn shut_write(&mut self) -> io::Result<()> {
        self.shut();
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A call that would block wakes nobody: the caller polls again.
fn polled<R>(result: io::Result<R>) -> Poll<io::Result<R>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.read(buffer.initialize_unfilled());
        polled(read.map(|count| buffer.advance(count)))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        polled(self.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut();
        Poll::Ready(Ok(()))
    }
}

impl close_notify::tasks::Transport for Wire {
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}
