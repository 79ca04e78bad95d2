//! The halves of a blocking stream over two sockets: one thread waits in a half, and another ends
//! the connection.
//!
//! Decides which calls would wait. Those are made in their own thread, and must return once the
//! connection has ended. The far end never waits. What a thread gets does not depend on timing: it
//! reads, or writes, until it may not.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use close_notify::linger::{Limits, Lingerer};
use close_notify::{
    AlertDescription, Close, Ending, FindEnding, FramingState, Handle, Policy, ReadHalf, Stream, Version,
    WriteHalf,
};

use super::agree::{self, Facts};
use super::call::{Call, MOST};
use super::end::write_in_parts;
use super::series::policy;
use super::sockets::{Socket, sockets};
use super::{ROOM, shown, told};
use crate::choices::Choices;
use crate::heard::{LONGEST, is_text, text};
use crate::lab;

/// The most bytes that an application writes to fill the socket.
const FILL: usize = 1 << 20;
/// Longer than any woken thread takes to return.
const STUCK: Duration = Duration::from_secs(10);

/// Roughly the time that a thread needs until it waits. No oracle depends on it, but a thread that
/// does not wait need not be woken.
const BEGINS: Duration = Duration::from_micros(300);

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
struct Setting {
    version: Version,
    is_tcp: bool,
    lingers: bool,
    policies: [Policy; 2],
}

impl Setting {
    fn read(choices: &mut Choices<'_>) -> Self {
        let what = choices.byte();
        Self {
            version: lab::VERSIONS[usize::from(what & 1 == 0)],
            is_tcp: what >> 1 & 1 == 1,
            lingers: what >> 2 & 1 == 1,
            policies: [policy(choices), policy(choices)],
        }
    }
}

/// One step of a run.
#[derive(Clone, Copy, Debug)]
enum Action {
    Far(Call),
    FarDrops,
    /// A read of the reading half, if there is something to read.
    Read(usize),
    Write(usize),
    WriteInParts(usize, usize),
    Flush,
    Look,
    /// The patience is set to zero again: no close waits.
    LosePatience,
    /// A close by a handle.
    Close(Close),
    CloseWrite,
    Reject,
    Abort,
    /// A thread reads until there is no more.
    ReaderWaits,
    /// A thread writes until it may not.
    WriterWaits,
}

const ACTIONS: [Action; 24] = [
    Action::Far(Call::Write(30)),
    Action::Far(Call::Write(9_000)),
    Action::Far(Call::Read(ROOM)),
    Action::Far(Call::Close(Close::AtOnce)),
    Action::Far(Call::Close(Close::Graceful)),
    Action::Far(Call::Close(Close::Abort)),
    Action::Far(Call::CloseWrite),
    Action::Far(Call::Reject),
    Action::FarDrops,
    Action::Read(ROOM),
    Action::Read(5),
    Action::Write(30),
    Action::Write(9_000),
    Action::WriteInParts(90, 7),
    Action::Flush,
    Action::Look,
    Action::LosePatience,
    Action::Close(Close::AtOnce),
    Action::Close(Close::Graceful),
    Action::CloseWrite,
    Action::Reject,
    Action::Abort,
    Action::ReaderWaits,
    Action::WriterWaits,
];

fn next(choices: &mut Choices<'_>) -> Option<Action> {
    Some(ACTIONS[usize::from(choices.next_byte()?) % ACTIONS.len()])
}

pub(super) fn tell(choices: &mut Choices<'_>) -> Vec<String> {
    told(&Setting::read(choices), choices, next)
}

/// Runs an input of this world. Panics if a thread does not return, or gets a wrong ending.
pub(super) fn run(choices: &mut Choices<'_>) {
    let setting = Setting::read(choices);
    if setting.is_tcp { runs::<TcpStream>(&setting, choices) } else { runs::<UnixStream>(&setting, choices) }
}

fn runs<T: Socket>(setting: &Setting, choices: &mut Choices<'_>) {
    let mut run = Run::<T>::new(setting).expect("the system has two sockets");
    while let Some(action) = next(choices) {
        run.act(action);
    }
    run.finish();
}

/// The result of a thread, and its half.
struct Came<H> {
    half: H,
    moved: usize,
    is_right: bool,
    result: io::Result<()>,
}

enum Half<H> {
    Here(H),
    /// A thread has it.
    Away(Receiver<Came<H>>),
}

struct Run<T: Socket> {
    handle: Handle<T>,
    read: Option<Half<ReadHalf<T>>>,
    write: Option<Half<WriteHalf<T>>>,
    far: Option<Stream<T>>,
    service: Option<Lingerer>,
    facts: [Facts; 2],
    buffer: Box<[u8]>,
}

impl<T: Socket> Run<T> {
    fn new(setting: &Setting) -> io::Result<Self> {
        let [near, far] = sockets(!setting.is_tcp)?.map(T::from);
        far.set_blocking(false)?;
        let [client, server] = lab::played_pair(setting.version);
        let mut near = Stream::new(client, near, setting.policies[0]);
        let service = setting.lingers.then(|| Lingerer::spawn(Limits::DEFAULT)).transpose()?;
        service.iter().for_each(|service| near.set_lingerer(service));
        let (read, write) = near.into_split()?;
        let mut far = Stream::new(server, far, setting.policies[1]);
        far.set_patience(Duration::MAX);
        // A wait for the far end would block the only thread that drives it. So only halves wait,
        // and they have no deadline.
        read.handle().set_patience(Duration::ZERO);
        Ok(Self {
            handle: read.handle().clone(),
            read: Some(Half::Here(read)),
            write: Some(Half::Here(write)),
            far: Some(far),
            service,
            facts: setting.policies.map(|policy| Facts::new(policy, true)),
            buffer: vec![0; ROOM].into(),
        })
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Far(call) => self.far_calls(call),
            Action::FarDrops => self.far = None,
            Action::Read(most) => self.reads(most),
            Action::Write(most) => self.writes(most, most),
            Action::WriteInParts(most, part) => self.writes(most, part),
            Action::Flush => self.flushes(),
            Action::ReaderWaits => {
                self.reader_waits();
                thread::sleep(BEGINS);
            }
            Action::WriterWaits => {
                self.writer_waits();
                thread::sleep(BEGINS);
            }
            action => self.handle_acts(action),
        }
        self.look();
    }

    fn far_calls(&mut self, call: Call) {
        if let Some(far) = &mut self.far {
            call.make(1, far, &mut self.facts[1], &mut self.buffer);
        }
    }

    /// Whether a read finds unread data, or an end.
    fn has_something_to_read(&self) -> bool {
        let far_is_flushed = self.far.as_ref().is_none_or(|far| far.session().is_flushed());
        let has_data = self.facts[0].got < self.facts[1].taken && far_is_flushed;
        has_data || self.far.is_none() || self.handle.ending().reading != close_notify::ReadEnd::Open
    }

    fn reads(&mut self, most: usize) {
        if !self.has_something_to_read() {
            return;
        }
        let Some(Half::Here(read)) = &mut self.read else { return };
        match read.read(&mut self.buffer[..most]) {
            Ok(count) => {
                self.facts[0].read(1, &self.buffer[..count]);
                self.facts[0].at_end |= count == 0;
            }
            Err(error) => self.facts[0].failed(&error),
        }
    }

    fn writes(&mut self, most: usize, part: usize) {
        let Some(Half::Here(write)) = &mut self.write else { return };
        let facts = &mut self.facts[0];
        let data = text(0, facts.taken, most.min(MOST.saturating_sub(facts.taken)));
        match write_in_parts(write, data, part) {
            Ok(count) => facts.taken += count,
            Err(error) => {
                facts.in_doubt += most;
                facts.failed(&error);
            }
        }
    }

    fn flushes(&mut self) {
        let Some(Half::Here(write)) = &mut self.write else { return };
        if let Err(error) = write.flush() {
            self.facts[0].failed(&error);
        }
    }

    fn handle_acts(&mut self, action: Action) {
        let came = match action {
            Action::Look => self.handle.peer_closed_now().map(drop),
            Action::LosePatience => {
                self.handle.set_patience(Duration::ZERO);
                Ok(())
            }
            Action::Close(manner) => self.handle.close(manner).map(drop),
            // This would wait until there is room, and has no deadline.
            Action::CloseWrite if matches!(self.write, Some(Half::Away(_))) => Ok(()),
            Action::CloseWrite => self.handle.close_write().map(drop),
            Action::Reject => self.handle.reject(AlertDescription::ACCESS_DENIED).map(drop),
            _ => self.handle.abort().map(drop),
        };
        if let Err(error) = came {
            self.facts[0].failed(&error);
        }
    }

    fn reader_waits(&mut self) {
        let Some(Half::Here(mut half)) = self.read.take_if(|half| matches!(half, Half::Here(_))) else {
            return;
        };
        let (came, awaited) = channel();
        let from = self.facts[0].got;
        self.read = Some(Half::Away(awaited));
        thread::spawn(move || {
            let (mut buffer, mut moved, mut is_right) = (vec![0; ROOM], 0, true);
            let result = loop {
                match half.read(&mut buffer) {
                    Ok(0) => break Ok(()),
                    Ok(count) => {
                        is_right &= is_text(1, from + moved, &buffer[..count]);
                        moved += count;
                    }
                    Err(error) => break Err(error),
                }
            };
            let _ = came.send(Came { half, moved, is_right, result });
        });
    }

    fn writer_waits(&mut self) {
        let Some(Half::Here(mut half)) = self.write.take_if(|half| matches!(half, Half::Here(_))) else {
            return;
        };
        let (came, awaited) = channel();
        let from = self.facts[0].taken;
        self.write = Some(Half::Away(awaited));
        thread::spawn(move || {
            let mut moved = 0;
            let result = loop {
                match half.write(text(0, from + moved, LONGEST)) {
                    Ok(count) => moved += count,
                    Err(error) => break Err(error),
                }
                if moved > FILL {
                    break Ok(());
                }
            };
            let _ = came.send(Came { half, moved, is_right: true, result });
        });
    }

    fn look(&mut self) {
        self.facts[0].stands(self.handle.ending());
        if let Some(far) = &self.far {
            self.facts[1].stands(far.ending());
        }
    }

    /// Ends the connection by a handle: a thread that waits in a half must return, and report that
    /// end.
    fn finish(mut self) {
        self.handle.set_patience(Duration::ZERO);
        let closed = self.handle.close(Close::Graceful);
        if let Err(error) = closed {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "a close waits forever");
            self.facts[0].failed(&error);
        }
        self.look();
        if let Some(Half::Away(awaited)) = self.read.take() {
            let came = comes_back(&awaited, "read");
            assert!(came.is_right, "what a thread read is not what was written");
            self.facts[0].got += came.moved;
            self.facts[0].at_end |= came.result.is_ok();
            self.was_told(came.result);
            drop(came.half);
        }
        if let Some(Half::Away(awaited)) = self.write.take() {
            let came = comes_back(&awaited, "write");
            self.facts[0].taken += came.moved;
            self.facts[0].in_doubt += LONGEST;
            self.was_told(came.result);
            drop(came.half);
        }
        for _ in 0..FILL / ROOM {
            self.far_calls(Call::Read(ROOM));
        }
        self.look();
        agree::agree(&self.facts);
        shown::is_brief(&self.handle);
        assert_eq!(self.handle.framing(), FramingState::DelimitedByEnd, "nobody said where messages end");
        self.far = None;
        if let Some(service) = self.service {
            let counters = service.finish(Instant::now() + STUCK);
            assert_eq!(counters.lingering, 0, "nobody is there, and the service lingers: {counters}");
        }
    }

    /// Checks that the error of a thread, if any, carries an ending.
    fn was_told(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            assert!(Ending::find(&error).is_some(), "a half tells of no end: {error:?}");
            self.facts[0].stands(self.handle.ending());
        }
    }
}

/// Waits for a woken thread to return.
fn comes_back<H>(awaited: &Receiver<Came<H>>, call: &str) -> Came<H> {
    awaited.recv_timeout(STUCK).unwrap_or_else(|_| panic!("a {call} waits forever in its half"))
}
