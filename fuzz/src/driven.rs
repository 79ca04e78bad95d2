//! One end that an application drives over a wire: with a session and its own loop, or as a stream.
//!
//! Decides nothing about closing: both do what the machine says, with the calls of a real program.
//! What the application asked for is remembered, because it must ask again if a call would have
//! waited.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use close_notify::{
    AlertDescription, Answer, Call, Close, Event, FramingState, Machine, Manner, Output, Session, Step,
    Stream,
};

use crate::wire::End;

/// The most steps that an end makes while its transport does nothing: more than any path through
/// the tables.
const STEPS: u32 = 16;
/// The alert of an application that rejects.
pub const REASON: AlertDescription = AlertDescription::ACCESS_DENIED;

/// How an end is driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// By a session and the application's own loop.
    Session,
    /// As a blocking stream over a transport that does not block.
    Stream,
}

/// An end of a connection, and its application.
#[derive(Debug)]
pub struct Driven {
    adapter: Adapter,
    asked: Option<Manner>,
    back: Option<(End, Vec<u8>)>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there are two of it in a run, and none is moved")]
enum Adapter {
    Session(Session, Option<End>),
    Stream(Stream<End>),
}

impl Driven {
    /// An end over a session.
    #[must_use]
    pub fn new(kind: Kind, session: Session, end: End) -> Self {
        let adapter = match kind {
            Kind::Session => Adapter::Session(session, Some(end)),
            Kind::Stream => {
                let mut stream = Stream::from_session(session, end);
                stream.set_patience(Duration::MAX); // until the run says that it is over
                Adapter::Stream(stream)
            }
        };
        Self { adapter, asked: None, back: None }
    }

    /// The session of this end.
    #[must_use]
    pub const fn session(&self) -> &Session {
        match &self.adapter {
            Adapter::Session(session, _) => session,
            Adapter::Stream(stream) => stream.session(),
        }
    }

    /// The closing machine.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        self.session().machine()
    }

    /// The application's last request that was not refused.
    #[must_use]
    pub const fn asked(&self) -> Option<Manner> {
        self.asked
    }

    /// Whether this end is done: the transport is gone.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.machine().output() == Output::Done
    }

    /// Takes the transport that was handed back, with what was read after the peer's close_notify.
    pub fn take_back(&mut self) -> Option<(End, Vec<u8>)> {
        self.back.take()
    }

    /// Writes data. Returns how much was taken.
    ///
    /// # Errors
    ///
    /// Fails as a stream's write does.
    pub fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.adapter {
            Adapter::Session(session, end) => {
                drive(session, end);
                match end {
                    Some(end) => session.write(end, data),
                    None => session.tell(Event::Write).and(Err(ErrorKind::NotConnected.into())),
                }
            }
            Adapter::Stream(stream) => stream.write(data),
        }
    }

    /// Reads data. `Ok(0)` is an end that the policy accepts as clean.
    ///
    /// # Errors
    ///
    /// Fails as a stream's read does.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.adapter {
            Adapter::Session(session, end) => read(session, end, buffer),
            Adapter::Stream(stream) => stream.read(buffer),
        }
    }

    /// Asks for an end, or a part of it. Returns whether it is done.
    ///
    /// # Errors
    ///
    /// Fails if the request was refused, and as [`go_on`](Self::go_on) does.
    pub fn ask(&mut self, manner: Manner) -> io::Result<bool> {
        match &mut self.adapter {
            Adapter::Session(session, _) if manner == Manner::Reject => {
                session.tell(Event::Reject(REASON))?
            }
            Adapter::Session(session, _) => session.close(manner)?,
            Adapter::Stream(_) => {}
        }
        let before = self.asked.replace(manner);
        let went_on = self.go_on();
        if matches!(self.adapter, Adapter::Stream(_)) && went_on.as_ref().is_err_and(is_misuse) {
            self.asked = before;
        }
        went_on
    }

    /// Continues what was begun, and processes what came. Reads no data for the application.
    /// Returns whether the request is done; without a request, that is a flush.
    ///
    /// # Errors
    ///
    /// Fails as a stream does, but a wait is not an error.
    ///
    /// # Panics
    ///
    /// Panics if the session makes too many steps while its transport does nothing.
    pub fn go_on(&mut self) -> io::Result<bool> {
        let asked = self.asked;
        let done = match &mut self.adapter {
            Adapter::Session(session, end) => {
                let back = go_on(session, end)?;
                self.back = back.or(self.back.take());
                let is_back = self.back.is_some() && asked == Some(Manner::HandBack);
                return if is_back { Ok(true) } else { answered(session.machine(), asked) };
            }
            Adapter::Stream(stream) => match asked {
                None | Some(Manner::Unasked) => stream.flush(),
                Some(Manner::HalfClose) => stream.close_write().map(drop),
                Some(Manner::Reject) => stream.reject(REASON).map(drop),
                Some(Manner::HandBack) if self.back.is_some() => Ok(()),
                Some(Manner::HandBack) => stream.hand_back().map(|back| self.back = Some(back)),
                Some(Manner::Graceful) => stream.close(Close::Graceful).map(drop),
                Some(Manner::Linger) => stream.close(Close::Linger).map(drop),
                Some(Manner::AtOnce) => stream.close(Close::AtOnce).map(drop),
                Some(Manner::Abort) => stream.close(Close::Abort).map(drop),
            },
        };
        match done {
            Err(error) if is_a_wait(&error) => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// Ends the time that the application allows for a close, and continues once more.
    ///
    /// # Errors
    ///
    /// Fails as [`go_on`](Self::go_on) does.
    pub fn lose_patience(&mut self) -> io::Result<bool> {
        match &mut self.adapter {
            Adapter::Session(session, end) => {
                drive(session, end);
                // every-call-ends: an end that waits for nothing has no deadline
                if end.is_some() && session.machine().deadline_runs() {
                    session.deadline_passed().expect("a deadline is a fact");
                }
            }
            Adapter::Stream(stream) => stream.set_patience(Duration::ZERO),
        }
        self.go_on()
    }

    /// The application reads `SO_ERROR`, and passes the result to the session.
    pub fn ask_for_error(&mut self) {
        if let Adapter::Session(session, Some(end)) = &mut self.adapter
            && let Some(errno) = end.take_error()
        {
            session.tell(Event::WriteFailed { errno }).expect("a failure is a fact");
        }
    }

    /// The application lets go of the transport, even if something was due.
    pub fn let_go(&mut self) {
        if let Adapter::Session(session, place) = &mut self.adapter
            && let Some(mut end) = place.take()
        {
            session.tell(Event::TransportClosed).expect("a transport can be let go of");
            steps(session, &mut end);
        }
        self.back = None;
    }
}

/// The result of the application's request in its own loop: the machine's answer.
fn answered(machine: &Machine, asked: Option<Manner>) -> io::Result<bool> {
    let call = match asked {
        None | Some(Manner::Unasked) => Call::Flush,
        Some(Manner::HalfClose) => Call::Shutdown,
        Some(Manner::HandBack) => Call::HandBack,
        Some(Manner::Graceful | Manner::Linger | Manner::AtOnce | Manner::Reject | Manner::Abort) => {
            Call::Close
        }
    };
    match machine.answer(call) {
        Answer::Done => Ok(true),
        Answer::Wait => Ok(false),
        Answer::Failed => Err(ErrorKind::ConnectionAborted.into()),
    }
}

/// Whether a call was refused without any change.
#[must_use]
pub fn is_misuse(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<close_notify::Error>());
    matches!(inner, Some(close_notify::Error::Misuse { .. }))
}

/// Whether a call has to be made again.
fn is_a_wait(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// Does what the machine asks for until it waits.
fn steps(session: &mut Session, end: &mut End) -> Step {
    let (mut idle, mut moved) = (0, end.moved());
    while idle < STEPS {
        match session.step(end).expect("the machine has a row for what it asked for") {
            Step::Did(Output::CloseTransport | Output::ResetTransport) => return Step::Done,
            Step::Did(_) => {}
            waits => return waits,
        }
        let now = end.moved();
        idle = if now == moved { idle + 1 } else { 0 };
        moved = now;
    }
    panic!("no spin: the machine asks for {:?} again and again", session.machine().output());
}

/// The same, but the transport may be gone already.
fn drive(session: &mut Session, end: &mut Option<End>) -> Step {
    let Some(there) = end else { return Step::Done };
    let step = steps(session, there);
    if step == Step::Done {
        *end = None;
    }
    step
}

fn read(session: &mut Session, end: &mut Option<End>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let count = session.read(buffer);
        if count > 0 {
            return Ok(count);
        }
        let step = drive(session, end);
        if session.has_plaintext() {
            continue;
        }
        let Some(there) = end.as_mut().filter(|_| !session.machine().recv_state().has_ended()) else {
            let framing = FramingState::DelimitedByEnd;
            let is_clean = session.machine().answer(Call::Read { framing }) == Answer::Done;
            return if is_clean { Ok(0) } else { Err(ErrorKind::ConnectionAborted.into()) };
        };
        match step {
            Step::Idle | Step::Blocked | Step::Waits(Output::AwaitPeer) => drop(session.receive(there)?),
            Step::Waits(_) | Step::Done | Step::Did(_) => return Err(ErrorKind::WouldBlock.into()),
        }
    }
}

/// Runs one round of a program's loop.
fn go_on(session: &mut Session, end: &mut Option<End>) -> io::Result<Option<(End, Vec<u8>)>> {
    let step = drive(session, end);
    let Some(there) = end else { return Ok(None) };
    match step {
        Step::Waits(Output::HandBack) => {
            let leftover = session.hand_back()?;
            return Ok(end.take().map(|end| (end, leftover)));
        }
        Step::Waits(Output::Drain) => session.drain(there)?,
        Step::Blocked if session.machine().may_drain() => session.drain(there)?,
        Step::Idle | Step::Blocked | Step::Waits(_) => drop(session.receive(there)?),
        Step::Done | Step::Did(_) => {}
    }
    drive(session, end);
    Ok(None)
}
