//! A stack with the calls of a kernel: what smoltcp's state means to a program that reads, writes
//! and closes.
//!
//! smoltcp reports no error number, sends a FIN if a socket is closed with unread bytes, lets a
//! closed socket read on, takes bytes after a FIN, and forgets what was not read when TIME-WAIT is
//! over. All rules that turn its state into a kernel's calls are here; the facts are its own.
//! Sources: RFC 9293 §3.6.1, §3.10.4, §3.10.7.4; RFC 2525 §2.17; smoltcp 0.12 `socket/tcp.rs`
//! (`process`, `recv_impl`); measurements on Linux 6.18, as in `kernel.rs` of the model.

use std::io;

use close_notify_model::world::kernel::Errno;
use smoltcp::socket::tcp::State;

use super::host::Host;
use super::segment::Segment;

/// One end of a connection.
pub(super) struct End {
    pub(super) host: Host,
    /// An error is gone once a call has returned it.
    one_shot: bool,
    /// What the next call returns.
    error: Option<Errno>,
    /// A reset came.
    is_dead: bool,
    /// The program has released it.
    is_released: bool,
    /// Closing it must reset it.
    is_to_reset: bool,
    /// Bytes that the program has taken.
    taken: usize,
    /// What is left to take before the peer's FIN, once that has come.
    last: Option<Vec<u8>>,
    /// A FIN was forged in its name. The model does not distinguish it from its own.
    pub(super) is_spoken_for: bool,
}

/// The effect of a segment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Heard {
    /// It reset the connection.
    pub(super) reset: bool,
    /// It ended the stream.
    pub(super) fin: bool,
    /// It carried something for a program that is gone.
    pub(super) refused: bool,
}

impl End {
    pub(super) const fn new(host: Host, one_shot: bool) -> Self {
        Self {
            host,
            one_shot,
            error: None,
            is_dead: false,
            is_released: false,
            is_to_reset: false,
            taken: 0,
            last: None,
            is_spoken_for: false,
        }
    }

    /// The stack receives a segment.
    pub(super) fn hear(&mut self, segment: Segment) -> Heard {
        let (before, is_reset) = (self.host.state(), segment.is_reset());
        let had_fin = self.has_fin();
        self.host.hear(segment);
        let after = self.host.state();
        let reset = is_reset && before != State::Closed && after == State::Closed;
        // Linux has no socket left in TIME-WAIT whose program a reset could reach.
        let reset = reset && before != State::TimeWait;
        self.notice_fin(after);
        if reset {
            self.is_dead = true;
            // tcp_reset(): EPIPE in CLOSE_WAIT, otherwise ECONNRESET. Nobody asks a socket that is
            // closed.
            let in_close_wait = before == State::CloseWait && !self.is_spoken_for;
            let errno = if in_close_wait { Errno::Pipe } else { Errno::Reset };
            self.error = (!self.is_released).then_some(errno);
        }
        // RFC 9293 §3.10.7.4, RFC 2525 §2.17: bytes for a program that is gone are answered with a
        // reset.
        let refused = self.is_released && self.unread() > 0 && after != State::Closed;
        if refused {
            self.host.socket().abort();
        }
        Heard { reset, fin: self.has_fin() && !had_fin, refused }
    }

    /// The stream ends where its FIN was, and what came before it stays.
    fn notice_fin(&mut self, state: State) {
        let had = matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        if had && self.last.is_none() {
            let mut last = vec![0; self.host.waiting()];
            let count = self.host.socket().recv_slice(&mut last).unwrap_or(0);
            debug_assert_eq!(count, last.len(), "what waits can be taken");
            self.last = Some(last);
        }
    }

    /// Bytes that the program may still take.
    pub(super) fn unread(&self) -> usize {
        self.last.as_ref().map_or_else(|| self.host.waiting(), Vec::len)
    }

    /// Bytes of the stream that have come in order, taken or not.
    pub(super) fn arrived(&self) -> usize {
        self.taken + self.unread()
    }

    /// How far the stack has come in the peer's sequence numbers: bytes, and its FIN.
    pub(super) fn expects(&self) -> usize {
        let after_fin = if self.has_fin() { 1 + self.host.waiting() } else { 0 };
        self.arrived() + after_fin
    }

    /// Whether the peer's FIN has come.
    pub(super) const fn has_fin(&self) -> bool {
        self.last.is_some()
    }

    /// Whether a reset came.
    pub(super) const fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Whether the program has released it.
    pub(super) const fn is_released(&self) -> bool {
        self.is_released
    }

    /// The pending error.
    pub(super) const fn error(&self) -> Option<Errno> {
        self.error
    }

    /// The pending error, as a call returns it.
    pub(super) fn take_error(&mut self) -> Option<Errno> {
        if self.one_shot { self.error.take() } else { self.error }
    }

    /// The first bytes that wait to be read.
    pub(super) fn peek(&mut self, buffer: &mut [u8]) -> usize {
        match &self.last {
            Some(last) => {
                let count = buffer.len().min(last.len());
                buffer[..count].copy_from_slice(&last[..count]);
                count
            }
            None => self.host.socket().peek_slice(buffer).unwrap_or(0),
        }
    }

    /// Returns what came, before any end; then the FIN; then the error; then nothing more.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.last {
            Some(last) => {
                let count = take_first(last, buffer);
                self.taken += count;
                return Ok(count);
            }
            None => self.host.socket().recv_slice(buffer).unwrap_or(0),
        };
        if count > 0 {
            self.taken += count;
            return Ok(count);
        }
        match self.take_error() {
            Some(errno) => Err(error(errno)),
            None if self.is_dead => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(errno) = self.take_error() {
            return Err(error(errno));
        }
        match self.host.socket().send_slice(bytes) {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            Ok(count) => Ok(count),
            Err(_) => Err(error(Errno::Pipe)),
        }
    }

    pub(super) fn shut_write(&mut self) -> io::Result<()> {
        if self.is_dead {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.host.socket().close();
        Ok(())
    }

    /// Makes the close a reset.
    pub(super) const fn reset_on_release(&mut self) {
        self.is_to_reset = true;
    }

    /// The program closes it.
    pub(super) fn release(&mut self) {
        // RFC 2525 §2.17: if bytes are unread, the peer learns that they are lost.
        let resets = self.is_to_reset || self.unread() > 0;
        self.is_released = true;
        self.error = None;
        if resets {
            self.host.socket().abort();
        } else {
            self.host.socket().close();
        }
    }
}

/// Takes the first of the bytes that are left.
fn take_first(last: &mut Vec<u8>, buffer: &mut [u8]) -> usize {
    let count = buffer.len().min(last.len());
    buffer[..count].copy_from_slice(&last[..count]);
    last.drain(..count);
    count
}

fn error(errno: Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.number())
}
