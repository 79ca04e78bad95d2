//! Drives one connection to its end over any transport, blocking or not.
//!
//! Decides what is repeated after a wait, and until when. Leaves every closing step to the
//! session's machine, and leaves to the adapters whether a wait blocks a thread or suspends a task:
//! a call that returns `WouldBlock` is made again.

mod accept;
pub(crate) mod dropped;
mod framed;
pub(crate) mod lingering;
pub(crate) mod timed;

use std::io::{self, IoSlice};
use std::time::Duration;

use close_notify_core::{
    AlertDescription, Answer, Call, Close, Ending, Event, FramingState, Manner, Output, ReadEnd,
};

use crate::driver::timed::Timed;
use crate::engine::tls::Tls;
use crate::error::{Error, inner, is_a_wait};
use crate::session::{Progress, Received, Session, Step};

pub use accept::Acceptance;
pub(crate) use framed::Framed;

/// How long a close, or the search for the peer's alert after a failed write, may take by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// A session, and what applies to all its waits.
pub(crate) struct Driver<C: Tls> {
    pub(crate) session: Session<C>,
    pub(crate) patience: Duration,
    pub(crate) framed: Framed,
}

/// How far [`Driver::drive`] goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Until it is the application's turn, or the end.
    End,
    /// Until the last word of this side has been sent; or has failed, and nothing more can be read.
    // salvage-alert: the peer may have said why
    LastWord,
    /// Until only the peer can continue.
    Peer,
}

impl<C: Tls> Driver<C> {
    pub(crate) const fn new(session: Session<C>) -> Self {
        Self { session, patience: PATIENCE, framed: Framed::Said(FramingState::DelimitedByEnd) }
    }

    pub(crate) const fn ending(&self) -> Ending {
        self.session.ending()
    }

    /// What a waiting call looks at: a change of it makes every other call try again.
    pub(crate) fn progress(&self, has_transport: bool) -> impl Eq + use<C> {
        let machine = self.session.machine();
        let halves = (machine.send_state(), machine.recv_state(), machine.transport_state());
        (halves, machine.manner(), self.session.may_receive(), has_transport)
    }

    /// Whether what was read may be less than what the peer sent.
    pub(crate) fn truncation_possible(&self) -> bool {
        self.ending().truncation_possible(self.framed.state())
    }

    /// Completes the handshake.
    ///
    /// Fails with how the connection ended, with `WouldBlock`, or with `TimedOut` if the call has
    /// used up its time.
    pub(crate) fn complete_handshake(&mut self, io: &mut impl Timed) -> io::Result<()> {
        while io.is_there() {
            match self.session.handshake(io) {
                // A peer that sends byte by byte must not keep us.
                Ok(Progress::Advanced) if io.call_has_passed() => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Ok(Progress::Advanced) => {}
                Ok(Progress::Done) => return Ok(()),
                Ok(Progress::Ending) => return self.end_of_handshake(io),
                Err(error) if is_a_wait(&error) => return Err(error),
                Err(_) => return self.end_of_handshake(io),
            }
        }
        Err(self.session.ended())
    }

    fn end_of_handshake(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.drive(io)?;
        Err(self.session.ended())
    }

    /// Ends the handshake because the application's deadline has passed: the peer gets no more
    /// time.
    pub(crate) fn handshake_timed_out(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.session.deadline_passed()?;
        self.session.tell(Event::TransportClosed)?;
        io.release();
        Err(self.session.ended())
    }

    /// Closes the connection in this manner.
    pub(crate) fn close(&mut self, io: &mut impl Timed, manner: Close) -> io::Result<Ending> {
        self.session.close(manner.into())?;
        self.drive(io)?;
        Ok(self.ending())
    }

    pub(crate) fn close_write(&mut self, io: &mut impl Timed) -> io::Result<Ending> {
        self.session.tell(Event::CloseWrite)?;
        self.say_last_word(io)?;
        Ok(self.ending())
    }

    /// Sends the last word of this side and shuts the write side, in any version, without waiting
    /// for the peer.
    #[cfg(feature = "tokio")]
    pub(crate) fn shut_down(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.session.close(Manner::HalfClose)?;
        self.say_last_word(io)
    }

    fn say_last_word(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.drive_until(io, Until::LastWord)?;
        self.answered(Call::Shutdown)
    }

    /// The result of a call that has nothing left to wait for.
    fn answered(&mut self, call: Call) -> io::Result<()> {
        match self.session.machine().answer(call) {
            Answer::Done => Ok(()),
            Answer::Wait | Answer::Failed => Err(self.session.ended()),
        }
    }

    pub(crate) fn reject(&mut self, io: &mut impl Timed, alert: AlertDescription) -> io::Result<Ending> {
        self.session.reject(alert)?;
        self.drive(io)?;
        Ok(self.ending())
    }

    /// Ends TLS over a transport that stays open. Returns what was read after the peer's
    /// close_notify.
    pub(crate) fn hand_back(&mut self, io: &mut impl Timed) -> io::Result<Vec<u8>> {
        self.session.close(Manner::HandBack)?;
        self.drive(io)?;
        self.session.hand_back()
    }

    /// Does what the machine asks for until it is the application's turn, or the end.
    pub(crate) fn drive(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.drive_until(io, Until::End)
    }

    fn drive_until(&mut self, io: &mut impl Timed, until: Until) -> io::Result<()> {
        while io.is_there() {
            // The deadline of a finished wait must not apply to what the application does next.
            if !self.session.machine().deadline_runs() {
                io.stop_deadline();
            }
            match io.trying(|io| self.session.step(io))? {
                Step::Did(Output::StartDeadline) => io.start_deadline(self.patience),
                Step::Did(Output::CloseTransport | Output::ResetTransport) => io.release(),
                Step::Did(_) => {}
                Step::Waits(Output::HandBack) | Step::Idle | Step::Done => return Ok(()),
                Step::Blocked => self.wait_for_room(io)?,
                Step::Waits(Output::Drain) if self.session.drain_what_came()? => {}
                Step::Waits(Output::Drain) if self.hand_over(io)? => return Ok(()),
                Step::Waits(_) if until == Until::Peer => return Ok(()),
                Step::Waits(_) if until == Until::LastWord && !self.session.machine().salvages() => {
                    return Ok(());
                }
                Step::Waits(output) if self.wait_for_peer(io, output)? => {}
                // The store is full: the application must read first.
                Step::Waits(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Gives the transport to the lingering service, once it needs no TLS any more. Returns whether
    /// the service took it; otherwise it lingers here.
    fn hand_over(&mut self, io: &mut impl Timed) -> io::Result<bool> {
        if !io.has_lingerer() {
            return Ok(false);
        }
        io.linger(self.session.lingering());
        if io.is_there() {
            return Ok(false);
        }
        self.session.tell(Event::TransportHandedOver)?;
        Ok(true)
    }

    /// Called when a stream is dropped. If it has sent its last word, what TCP still has to finish
    /// goes to the service.
    #[cfg(feature = "tokio")]
    pub(crate) fn let_go(&mut self, io: &mut impl Timed) {
        let machine = self.session.machine();
        if io.has_lingerer() && machine.manner().shuts_write_side() && machine.send_state().is_final() {
            // A transport that the service refuses is dropped with its stream: the service has
            // counted it.
            let _ = self.session.close(Manner::Linger).and_then(|()| self.drive_until(io, Until::Peer));
        }
    }

    /// Waits once for the peer. Returns whether there was room for what the peer may send.
    fn wait_for_peer(&mut self, io: &mut impl Timed, output: Output) -> io::Result<bool> {
        let result = if output == Output::Drain {
            self.session.drain(io)
        } else {
            match self.session.receive(io) {
                Ok(Received::Full) => return Ok(false),
                received => received.map(drop),
            }
        };
        self.waited(io, result).map(|()| true)
    }

    /// Waits until our last word can leave. A peer that is blocked like us reads again once we have
    /// read.
    fn wait_for_room(&mut self, io: &mut impl Timed) -> io::Result<()> {
        let input = match io.trying(|io| self.take_what_came(io)) {
            Ok(false) => false,
            Ok(true) => return self.waited(io, Ok(())),
            Err(error) if is_a_wait(&error) => true,
            Err(error) => return Err(error),
        };
        let waited = io.wait_for_room(input, None);
        self.waited(io, waited)
    }

    /// Receives once from the peer, or throws away bytes that nobody needs any more. Returns
    /// whether there may be more to take.
    // no-mutual-wait
    fn take_what_came(&mut self, io: &mut impl Timed) -> io::Result<bool> {
        if self.session.machine().may_drain() {
            return self.session.drain(io).map(|()| true);
        }
        let had_ended = self.session.machine().recv_state().has_ended();
        match self.session.receive(io)? {
            // After an end that has just arrived there may be nothing to wait for.
            Received::End => Ok(!had_ended),
            received => Ok(received != Received::Full),
        }
    }

    /// Handles the result of a wait: it goes on until the deadline, which is then reported to the
    /// session.
    fn waited(&mut self, io: &mut impl Timed, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if !is_a_wait(&error) => Err(error),
            result => match io.deadline_has_passed() {
                None => result,
                Some(_) if !self.waits() => Ok(()),
                Some(true) => self.session.deadline_passed(),
                Some(false) => result,
            },
        }
    }

    /// Whether the machine still has something to wait for.
    fn waits(&self) -> bool {
        let output = self.session.machine().output();
        output.waits_for_peer() || output.is_a_last_word() || output == Output::ShutWrite
    }

    /// Moves received data to `buffer`. `Ok(0)` is an end that the policy accepts as clean.
    pub(crate) fn read(&mut self, io: &mut impl Timed, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.read_what_came(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            let driven = self.drive_before_reading(io);
            // Driving also reads: return the data that it received before the end that came with
            // it, and before a wait.
            if self.session.has_plaintext() {
                continue;
            }
            driven?;
            if self.session.machine().recv_state().has_ended() || !io.is_there() {
                return self.end_of_reading();
            }
            if self.session.is_handshaking() {
                self.complete_handshake(io)?;
            }
            self.session.receive(io)?;
        }
    }

    /// Replaces the framing. What the previous one has held back is read first.
    pub(crate) fn set_framed(&mut self, framed: Framed) {
        let before = std::mem::replace(&mut self.framed, framed);
        self.session.put_back(before.into_unread());
    }

    /// Moves data that has already arrived to `buffer`. Zero means that there is none.
    pub(crate) fn read_what_came(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.framed.read(&mut self.session, buffer);
        read.map_err(|fault| Error::Framing { fault, ending: self.ending() }.into())
    }

    /// The result of a read after the end of reading.
    fn end_of_reading(&mut self) -> io::Result<usize> {
        // RFC 9112 §8 · http-headers-cut, no matter who cut it
        let held = self.framed.held();
        if held > 0 {
            return Err(Error::HeaderCut { held, ending: self.ending() }.into());
        }
        match self.answered(Call::Read { framing: self.framed.state() }) {
            Ok(()) => Ok(0),
            Err(_) if self.ending().reading == ReadEnd::CloseNotify => {
                Err(Error::Dropped { ending: self.ending() }.into())
            }
            Err(error) => Err(error),
        }
    }

    fn drive_before_reading(&mut self, io: &mut impl Timed) -> io::Result<()> {
        match self.drive(io) {
            Err(error) if is_a_wait(&error) && self.may_read_on() => Ok(()),
            driven => driven,
        }
    }

    /// Whether reading may go on although the transport does not take our output yet.
    fn may_read_on(&self) -> bool {
        let machine = self.session.machine();
        machine.recv_state().has_ended() || machine.output() == Output::Idle
    }

    /// Takes data, and writes at once what the transport takes. Returns how much was taken.
    pub(crate) fn write(&mut self, io: &mut impl Timed, data: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.complete_handshake(io)?;
        }
        if !io.is_there() {
            self.session.tell(Event::Write)?;
            return Err(self.session.ended());
        }
        self.salvage_on(io)?;
        match self.session.write_vectored(io, data) {
            Ok(taken) => {
                self.framed.sent(data, taken);
                self.flush_what_fits(io)?;
                Ok(taken)
            }
            Err(error) => Err(self.salvaged(io, error)?),
        }
    }

    pub(crate) fn flush(&mut self, io: &mut impl Timed) -> io::Result<()> {
        self.salvage_on(io)?;
        while io.is_there() {
            // What is due comes first: a last word takes along everything that was written, or
            // counts what it discards, and the FIN after it flushes what the transport holds back.
            if self.session.machine().output() != Output::Idle {
                self.drive_until(io, Until::LastWord)?;
                break;
            }
            if self.session.is_flushed() {
                break;
            }
            if let Err(error) = self.session.flush(io) {
                return Err(self.salvaged(io, error)?);
            }
        }
        self.answered(Call::Flush)
    }

    /// Flushes after a write whose data is already taken: what the transport does not take now
    /// waits.
    fn flush_what_fits(&mut self, io: &mut impl Timed) -> io::Result<()> {
        match self.flush(io) {
            Err(error) if is_a_wait(&error) => Ok(()),
            flushed => flushed,
        }
    }

    // salvage-alert: after a failed write, still read
    fn salvaged(&mut self, io: &mut impl Timed, error: io::Error) -> io::Result<io::Error> {
        if is_a_wait(&error) || matches!(inner(&error), Some(Error::Misuse { .. })) {
            return Ok(error);
        }
        self.drive_until(io, Until::LastWord)?;
        Ok(self.session.ended())
    }

    // salvage-alert: a call that is repeated after a wait finds that the write has already failed,
    // and keeps waiting
    fn salvage_on(&mut self, io: &mut impl Timed) -> io::Result<()> {
        if !self.session.machine().salvages() || !io.is_there() {
            return Ok(());
        }
        self.drive_until(io, Until::LastWord)?;
        Err(self.session.ended())
    }
}

impl<C: Tls> Drop for Driver<C> {
    fn drop(&mut self) {
        dropped::note(self.session.machine(), self.framed.state());
    }
}
