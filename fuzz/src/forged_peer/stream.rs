//! The blocking stream over a transport that never blocks: each call does all that it can, and
//! counts as one step of the story.

use std::io::{self, Read, Write};
use std::time::Duration;

use close_notify::{AlertDescription, Ending, Error, Event, Manner, ReadEnd, Session, Stream, WriteEnd};

use super::action::Call;
use super::flaw::Flaw;
use super::pattern;
use super::run::{Run, forget, with_buffer};
use super::setup::Setup;
use super::story::Leave;
use super::wire::{News, Owned};
use crate::answered::{Answered, Truth};
use crate::lab::Recording;

/// A stream, and the end that was asked for last.
pub(crate) struct Streamed {
    stream: Stream<Owned>,
    asked: Option<Call>,
    is_impatient: bool,
}

/// The result of a call.
enum Came {
    Done,
    Blocked,
    Failed,
    /// The call was refused, and nothing has changed.
    Refused,
}

impl Came {
    fn of<T>(result: &io::Result<T>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if super::is_wait(error) => Self::Blocked,
            Err(error) if is_refusal(error) => Self::Refused,
            Err(_) => Self::Failed,
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    ours.is_none() || matches!(ours, Some(Error::Misuse { .. }))
}

impl Streamed {
    pub(crate) fn new(setup: &Setup, owned: Owned) -> Self {
        let connection = Recording::of(setup.version, setup.role).established();
        let session = Session::new(connection, setup.policy).with_forget(forget);
        let mut stream = Stream::from_session(session, owned);
        stream.set_patience(Duration::MAX);
        Self { stream, asked: None, is_impatient: false }
    }

    pub(crate) fn session(&self) -> &Session {
        self.stream.session()
    }

    pub(crate) fn call(&mut self, run: &mut Run, call: Call) -> Result<usize, Flaw> {
        match call {
            Call::Write(length) => self.write(run, length),
            Call::Read(length) => self.read(run, length),
            Call::Flush => {
                let flushed = self.stream.flush();
                let fruitful = self.hear(run, Came::of(&flushed))?;
                if flushed.is_ok() {
                    run.truth().bears(Answered::Flushed).map_err(Flaw::answer)?;
                }
                Ok(fruitful)
            }
            Call::Receive => {
                let came = Came::of(&self.stream.peer_closed_now());
                self.hear(run, came)
            }
            Call::Run => match self.asked {
                Some(asked) => self.end(run, asked),
                None => self.read(run, 1000),
            },
            Call::AskBack | Call::HandBack => self.end(run, Call::HandBack),
            Call::Close(_) | Call::CloseWrite | Call::Reject(_) => self.end(run, call),
            Call::DeadlinePasses => {
                self.is_impatient = true;
                self.stream.set_patience(Duration::ZERO);
                match self.asked {
                    Some(asked) => self.end(run, asked),
                    None => Ok(0),
                }
            }
        }
    }

    /// Asks for an end, and does what can be done of it.
    fn end(&mut self, run: &mut Run, call: Call) -> Result<usize, Flaw> {
        let fact = match call {
            Call::Close(close) => Event::Close(close.into()),
            Call::CloseWrite => Event::CloseWrite,
            Call::Reject(code) => Event::Reject(AlertDescription(code)),
            _ => Event::Close(Manner::HandBack),
        };
        let told = run.story.tell(fact);
        if told {
            self.asked = Some(call);
        }
        let came = match call {
            Call::Close(close) => Came::of(&self.stream.close(close)),
            Call::CloseWrite => Came::of(&self.stream.close_write()),
            Call::Reject(code) => Came::of(&self.stream.reject(AlertDescription(code))),
            _ => return self.hand_back(run),
        };
        if told == matches!(came, Came::Refused) {
            return Err(Flaw::of("misuse", "a call is refused, or not, against the rules"));
        }
        // Only the end of one direction may be reported as failed.
        if matches!(came, Came::Failed) && call != Call::CloseWrite {
            return Err(Flaw::of("every-close-ends", "a close fails"));
        }
        let is_done = matches!(came, Came::Done) && told;
        let waits = matches!(came, Came::Blocked);
        let fruitful = self.hear(run, came)?;
        self.answers(run, call, is_done, waits)?;
        if is_done && call != Call::CloseWrite && !run.world.borrow().is_gone {
            return Err(Flaw::of("release", "a close that is done has not let go of the transport"));
        }
        Ok(fruitful)
    }

    /// Checks the result of a call that ends one direction or both.
    fn answers(&self, run: &Run, call: Call, is_done: bool, waits: bool) -> Result<(), Flaw> {
        let is_late = self.is_impatient && self.session().machine().deadline_runs();
        let truth = Truth { is_late, ..run.truth() };
        match call {
            Call::CloseWrite if is_done => truth.bears(Answered::Shut),
            _ if waits => truth.bears(Answered::Waits),
            _ => Ok(()),
        }
        .map_err(Flaw::answer)
    }

    fn hand_back(&mut self, run: &mut Run) -> Result<usize, Flaw> {
        let result = self.stream.hand_back();
        let came = Came::of(&result);
        let Ok((transport, leftover)) = result else {
            let waits = matches!(came, Came::Blocked);
            let fruitful = self.hear(run, came)?;
            return self.answers(run, Call::HandBack, false, waits).map(|()| fruitful);
        };
        let fruitful = self.hear(run, came)?;
        transport.leave();
        if !run.story.tell(Event::TransportHandedBack) {
            return Err(Flaw::of(
                "wait-before-handback",
                "the transport was handed back before both had closed",
            ));
        }
        let is_exact = run.world.borrow().sent[run.story.at..run.story.given] == leftover[..];
        if is_exact {
            Ok(fruitful)
        } else {
            Err(Flaw::of("handback-exact", "what is handed back is not what came after the end"))
        }
    }

    fn write(&mut self, run: &mut Run, length: usize) -> Result<usize, Flaw> {
        let data = pattern::piece(run.wrote, length);
        let may_write = run.story.tell(Event::Write);
        let result = self.stream.write(data);
        match &result {
            Ok(count) => run.wrote += count,
            Err(error) if super::is_wait(error) && run.world.borrow().broken.is_none() => {}
            // Our side took the data, and then the transport failed.
            Err(_) if may_write => run.perhaps += length,
            Err(_) => {}
        }
        if result.is_ok() && !may_write {
            return Err(Flaw::of("nothing-after-notify", "data was taken after the end of writing"));
        }
        self.hear(run, Came::of(&result))
    }

    fn read(&mut self, run: &mut Run, length: usize) -> Result<usize, Flaw> {
        with_buffer(length, |buffer| self.read_into(run, buffer))
    }

    fn read_into(&mut self, run: &mut Run, buffer: &mut [u8]) -> Result<usize, Flaw> {
        let result = self.stream.read(buffer);
        let fruitful = self.hear(run, Came::of(&result))?;
        match result {
            Ok(0) if !buffer.is_empty() => {
                run.reads_end()?;
                run.truth().bears(Answered::End).map_err(Flaw::answer)?;
            }
            Ok(count) => run.reads(&buffer[..count])?,
            Err(error) if super::is_wait(&error) => {}
            Err(error) => {
                run.reads_end()?;
                if error.kind() != kind_of(&run.story.ending()) {
                    return Err(Flaw::of("fatal-is-an-error", "the error of reading is not that of its end"));
                }
            }
        }
        Ok(fruitful)
    }

    /// Adds the call to the story. Returns how many calls of the transport achieved something.
    fn hear(&mut self, run: &mut Run, came: Came) -> Result<usize, Flaw> {
        let ours = self.stream.ending();
        let news: Vec<News> = {
            let world = &mut *run.world.borrow_mut();
            run.said.hear(&world.taken)?;
            std::mem::take(&mut world.news)
        };
        let fruitful = news.iter().filter(|news| matches!(news, News::Read(_) | News::Wrote(1..))).count();
        let before = run.story;
        for leave in (0..8).map(Leave::of) {
            if leave.deadline && !self.is_impatient {
                continue;
            }
            run.story = before;
            run.tell_call(&news, &ours, leave);
            if run.story.ending() == ours {
                run.look_at_the_other_story(before, &news, &ours, leave);
                break;
            }
        }
        {
            let world = &mut *run.world.borrow_mut();
            world.news = news;
            world.news.clear();
        }
        if run.story.ending() != ours {
            return Err(Flaw::ending(ours, run.story.ending()));
        }
        self.is_served(run, came).map(|()| fruitful)
    }

    // no-mutual-wait: whatever can be sent is sent, and whatever can be read is read
    fn is_served(&self, run: &Run, came: Came) -> Result<(), Flaw> {
        let world = run.world.borrow();
        let owes = run.story.ending().writing == WriteEnd::Closing;
        if matches!(came, Came::Blocked) && owes && world.room > 0 && world.broken.is_none() && !world.is_gone
        {
            return Err(Flaw::of(
                "no-mutual-wait",
                "the adapter waits with its last word unsaid, while there is room",
            ));
        }
        Ok(())
    }
}

/// The error kind for each end: the table of `close_notify::Error`.
const fn kind_of(ending: &Ending) -> io::ErrorKind {
    match ending.reading {
        // no-ok-over-a-loss
        ReadEnd::CloseNotify if ending.late > 0 => io::ErrorKind::UnexpectedEof,
        ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord | ReadEnd::CloseNotifyInHandshake => {
            io::ErrorKind::UnexpectedEof
        }
        ReadEnd::Reset => io::ErrorKind::ConnectionReset,
        ReadEnd::FatalAlert(_) | ReadEnd::TransportFailed => io::ErrorKind::ConnectionAborted,
        ReadEnd::Refused(_) => io::ErrorKind::InvalidData,
        ReadEnd::NotAwaited => io::ErrorKind::NotConnected,
        ReadEnd::TimedOut => io::ErrorKind::TimedOut,
        ReadEnd::OverBudget => io::ErrorKind::QuotaExceeded,
        ReadEnd::Open | ReadEnd::CloseNotify => io::ErrorKind::BrokenPipe,
    }
}
