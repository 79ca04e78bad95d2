//! The application's data: from its calls into records, and from there into the transport.
//!
//! Decides what waits as plaintext, and what waits sealed. Leaves to the machine whether data may
//! be written at all.

use std::io::{self, IoSlice};

use close_notify_core::{Answer, Call, Event, send};
use close_notify_linger::errno_of;

use super::parts::Parts;
use super::{CHUNK, OUTBOX, Session};
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::transport::Transport;

impl<C: Tls> Session<C> {
    /// Takes data to be sent, and writes at once what the transport takes.
    ///
    /// Returns how much was taken. All of it will leave before a close_notify, unless the ending
    /// says that it was discarded.
    ///
    /// # Errors
    ///
    /// * `BrokenPipe` if the machine refuses a write. Nothing is taken.
    /// * `WouldBlock` if no room is left.
    /// * The end of the connection if the transport fails.
    pub fn write(&mut self, transport: &mut impl Transport, data: &[u8]) -> io::Result<usize> {
        self.write_vectored(transport, &[IoSlice::new(data)])
    }

    /// Takes data from several buffers as one, as [`write`](Self::write) does.
    ///
    /// # Errors
    ///
    /// Fails as [`write`](Self::write) does.
    pub fn write_vectored(
        &mut self,
        transport: &mut impl Transport,
        data: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let is_empty = data.iter().all(|part| part.is_empty());
        loop {
            self.tell(Event::Write)?;
            let taken = self.take(data)?;
            match self.flush(transport) {
                Err(error) if taken > 0 && is_a_wait(&error) => return Ok(taken),
                // The transport took what was in the way; only its flush must wait.
                Err(error) if is_a_wait(&error) && !is_empty && self.pending.len() < CHUNK => {}
                Err(error) => return Err(error),
                Ok(()) if taken > 0 || is_empty => return Ok(taken),
                Ok(()) => {}
            }
        }
    }

    /// Puts data into records, or keeps it as plaintext if too many records are waiting.
    fn take(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        let seals = self.pending.is_empty() && self.outbox.unsent().len() < OUTBOX - CHUNK;
        if seals {
            return self.seal(&Parts::new(data));
        }
        let mut taken = 0;
        for part in data {
            let fits = part.len().min(CHUNK - self.pending.len());
            self.pending.extend_from_slice(&part[..fits]);
            taken += fits;
        }
        Ok(taken)
    }

    /// Seals data. If rustls closes at a limit of its keys instead, or takes nothing, reports it to
    /// the machine.
    fn seal(&mut self, data: &Parts<'_>) -> io::Result<usize> {
        let (taken, engine_notified) = self.engine.seal_data(data, self.outbox.tail());
        if engine_notified {
            // RFC 9846 §5.5 · limit-close-counts
            self.tell(Event::EngineNotified)?;
        } else if taken == 0 && !data.is_empty() {
            // no-mutual-wait: a limit of rustls' buffers that nothing can make room for
            self.write_failed(0)?;
        }
        Ok(taken)
    }

    /// Whether waiting plaintext is sealed before anything else.
    fn seals_on(&self) -> bool {
        !self.pending.is_empty() && matches!(self.machine.send_state(), send::State::Open)
    }

    /// Seals waiting plaintext.
    pub(super) fn seal_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let result = self.seal(&Parts::new(&[IoSlice::new(&pending)]));
        self.pending = pending;
        self.pending.drain(..*result.as_ref().unwrap_or(&0));
        result.map(drop)
    }

    /// Writes sealed bytes once. If the transport takes all of them, waiting plaintext is sealed.
    ///
    /// # Errors
    ///
    /// `WouldBlock` and `TimedOut` as the transport returns them; the end of the connection if the
    /// transport fails.
    pub fn flush(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        self.flush_once(transport)?;
        if matches!(self.machine.send_state(), send::State::Failed) { Err(self.ended()) } else { Ok(()) }
    }

    pub(super) fn flush_once(&mut self, transport: &mut impl Transport) -> io::Result<()> {
        if self.machine.send_state().is_final() {
            return Ok(());
        }
        if self.outbox.is_empty() && self.seals_on() {
            self.seal_pending()?;
        }
        let unsent = self.outbox.unsent().len();
        let written = self.write_out(transport, false);
        if self.machine.output().is_a_last_word() {
            self.tell_what_left(unsent, false)?;
        }
        if self.is_taken() && self.pending.is_empty() && self.machine.answer(Call::Flush) == Answer::Wait {
            self.tell(Event::Flushed)?;
        }
        written
    }

    /// Reports how much of the last word has left, no matter which call sent it.
    pub(super) fn tell_what_left(&mut self, unsent: usize, last: bool) -> io::Result<()> {
        if !self.machine.send_state().is_leaving() {
            return Ok(());
        }
        // Shutting the write side flushes.
        if self.is_taken() || (last && self.outbox.is_empty()) {
            return self.tell(Event::OutputWritten);
        }
        if self.outbox.unsent().len() < unsent { self.tell(Event::OutputBegun) } else { Ok(()) }
    }

    /// Whether nothing that was written is waiting for the transport.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        (self.is_taken() && self.pending.is_empty()) || self.machine.send_state().is_final()
    }

    /// Whether the transport has everything that is sealed, and holds nothing back.
    pub(super) fn is_taken(&self) -> bool {
        self.outbox.is_empty() && !self.unflushed
    }

    /// Writes the outbox once, and flushes after its end unless shutting the write side does that.
    pub(super) fn write_out(&mut self, transport: &mut impl Transport, last: bool) -> io::Result<()> {
        if !self.outbox.is_empty() {
            let unsent = self.outbox.unsent();
            let count = if last { transport.write_last(unsent, None) } else { transport.write(unsent) };
            if count.as_ref().is_ok_and(|&count| count == 0) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.outbox.sent(*count.as_ref().unwrap_or(&0));
            self.unflushed |= count.is_ok() && !last;
            self.took(count.map(drop))?;
        }
        if !self.outbox.is_empty() || last || !self.unflushed || self.seals_on() {
            return Ok(());
        }
        let flushed = transport.flush();
        self.unflushed = flushed.is_err();
        self.took(flushed)
    }

    /// Handles the result of a transport call. The machine records a failure; it is not an error.
    fn took(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_a_wait(&error) => Err(error),
            Err(error) => self.write_failed(errno_of(&error)),
        }
    }

    /// The transport takes no more: sealed bytes will never leave.
    pub(super) fn write_failed(&mut self, errno: i32) -> io::Result<()> {
        self.outbox.clear();
        self.unflushed = false;
        self.tell(Event::WriteFailed { errno })
    }
}
