//! The adapter that never blocks, called according to its contract: what the machine asks for is
//! done before anything is read.

use close_notify::{AlertDescription, Event, Manner, Output, Policy, Received, Session, Step};

use super::action::Call;
use super::flaw::Flaw;
use super::run::{Run, forget, with_buffer};
use super::setup::Setup;
use super::story::Leave;
use super::wire::{News, Owned, Wire};
use crate::lab::Recording;

/// More steps than any call needs.
const MOST: usize = 64;

/// A session and its transport.
pub(crate) struct Stepped {
    session: Session,
    wire: Wire,
    owned: Option<Owned>,
}

impl Stepped {
    pub(crate) fn new(setup: &Setup, owned: Owned) -> Self {
        let connection = Recording::of(setup.version, setup.role).established();
        let policy: Policy = setup.policy;
        let session = Session::new(connection, policy).with_forget(forget);
        Self { session, wire: owned.0.clone(), owned: Some(owned) }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Makes a call, and does what follows. Returns how many calls of the transport achieved
    /// something.
    pub(crate) fn call(&mut self, run: &mut Run, call: Call) -> Result<usize, Flaw> {
        let mut fruitful = 0;
        match call {
            Call::Write(length) => fruitful += self.write(run, length)?,
            Call::Read(length) => self.read(run, length)?,
            Call::Flush => {
                let _ = self.session.flush(&mut self.wire);
                fruitful += self.hear(run)?;
            }
            Call::Receive => fruitful += self.receive(run)?.1,
            Call::Run => return self.run(run),
            Call::Close(close) => self.tell(run, Event::Close(close.into()))?,
            Call::AskBack => self.tell(run, Event::Close(Manner::HandBack))?,
            Call::CloseWrite => self.tell(run, Event::CloseWrite)?,
            Call::Reject(code) => self.tell(run, Event::Reject(AlertDescription(code)))?,
            Call::HandBack => self.hand_back(run)?,
            // Without a wait there is no deadline.
            Call::DeadlinePasses if self.session.machine().deadline_runs() => {
                self.tell(run, Event::DeadlinePassed)?;
            }
            Call::DeadlinePasses => {}
        }
        Ok(fruitful + self.serve(run)?)
    }

    // An illegal move changes nothing; the reference and the core must agree on which moves are
    // illegal.
    fn tell(&mut self, run: &mut Run, fact: Event) -> Result<(), Flaw> {
        let told = self.session.tell(fact).is_ok();
        if run.story.tell(fact) == told {
            Ok(())
        } else {
            Err(Flaw::of("misuse", "a call is refused, or not, against the rules"))
        }
    }

    fn write(&mut self, run: &mut Run, length: usize) -> Result<usize, Flaw> {
        let data = super::pattern::piece(run.wrote, length);
        let may_write = run.story.tell(Event::Write);
        let written = self.session.write(&mut self.wire, data);
        match &written {
            Ok(count) => run.wrote += count,
            Err(error) if super::is_wait(error) && run.world.borrow().broken.is_none() => {}
            // Our side took the data, and then the transport failed.
            Err(_) if may_write => run.perhaps += length,
            Err(_) => {}
        }
        let fruitful = self.hear(run)?;
        if written.is_ok() && !may_write {
            return Err(Flaw::of("nothing-after-notify", "data was taken after the end of writing"));
        }
        Ok(fruitful)
    }

    fn read(&mut self, run: &mut Run, length: usize) -> Result<(), Flaw> {
        let count = with_buffer(length, |buffer| {
            let count = self.session.read(buffer);
            run.reads(&buffer[..count]).map(|()| count)
        })?;
        if count == 0 && length > 0 { run.reads_end() } else { Ok(()) }
    }

    fn hand_back(&mut self, run: &mut Run) -> Result<(), Flaw> {
        let Ok(leftover) = self.session.hand_back() else { return Ok(()) };
        if !run.story.tell(Event::TransportHandedBack) {
            return Err(Flaw::of(
                "wait-before-handback",
                "the transport was handed back before both had closed",
            ));
        }
        let is_exact = run.world.borrow().sent[run.story.at..run.story.given] == leftover[..];
        self.owned.take().into_iter().for_each(Owned::leave);
        if is_exact {
            Ok(())
        } else {
            Err(Flaw::of("handback-exact", "what is handed back is not what came after the end"))
        }
    }

    /// Adds the transport's report of the last call to the story. Returns how many calls of the
    /// transport achieved something.
    fn hear(&mut self, run: &mut Run) -> Result<usize, Flaw> {
        let ours = self.session.ending();
        let mut world = run.world.borrow_mut();
        run.said.hear(&world.taken)?;
        let ends = run.ends(self.session.is_flushed());
        let world = &mut *world;
        if world.news.is_empty() {
            run.story.is_flushed(ends);
            return Ok(0);
        }
        let fruitful =
            world.news.iter().filter(|news| matches!(news, News::Read(_) | News::Wrote(1..))).count();
        for news in world.news.drain(..) {
            run.story.hears(news, world.is_reset, &ours, ends);
        }
        Ok(fruitful)
    }

    /// Takes a record if the machine allows it. Returns whether one was taken, and how many calls
    /// of the transport achieved something.
    fn receive(&mut self, run: &mut Run) -> Result<(bool, usize), Flaw> {
        let received = self.session.receive(&mut self.wire);
        let fruitful = self.hear(run)?;
        let took = match received {
            Ok(Received::Full | Received::End) => return Ok((false, fruitful)),
            Ok(_) => true,
            Err(error) if super::is_wait(&error) => return Ok((false, fruitful)),
            Err(_) => return Err(Flaw::of("receive", "a peer made a call fail")),
        };
        let ours = self.session.ending();
        let heard = run.story;
        for refuses in [false, true] {
            run.story = heard;
            let world = run.world.borrow();
            if let Some(record) = run.story.next_record(&world, &run.peer) {
                run.story.takes(
                    record,
                    Leave { refuses, ..Leave::default() },
                    &ours,
                    &mut run.owed,
                    &run.peer,
                );
            }
            if run.story.ending() == ours {
                break;
            }
        }
        Ok((took, fruitful))
    }

    /// Does what the machine asks for, until it waits.
    fn serve(&mut self, run: &mut Run) -> Result<usize, Flaw> {
        let mut fruitful = 0;
        for _ in 0..MOST {
            let step = self.step(run, &mut fruitful)?;
            if !matches!(step, Step::Did(_)) {
                return self.is_served(run, step).map(|()| fruitful);
            }
        }
        Err(Flaw::of("spin", "the machine asks on and on"))
    }

    // no-mutual-wait: whatever can be sent is sent
    fn is_served(&self, run: &Run, step: Step) -> Result<(), Flaw> {
        let room = run.world.borrow().room;
        let owes = matches!(run.story.ending().writing, close_notify::WriteEnd::Closing);
        if step == Step::Blocked && room > 0 {
            return Err(Flaw::of("no-mutual-wait", "the adapter is blocked while there is room"));
        }
        if step != Step::Blocked && owes {
            return Err(Flaw::of("notify-before-fin", "the adapter waits with its last word unsaid"));
        }
        Ok(())
    }

    fn step(&mut self, run: &mut Run, fruitful: &mut usize) -> Result<Step, Flaw> {
        let calls = run.world.borrow().calls;
        let step = self.session.step(&mut self.wire).map_err(|_| Flaw::of("step", "a step failed"))?;
        *fruitful += self.hear(run)?;
        let ours = self.session.ending();
        let Step::Did(output) = step else { return Ok(step) };
        match output {
            Output::SendCloseNotify { .. } | Output::SendAlert { .. } => {
                if run.world.borrow().calls == calls {
                    run.story.seals(&ours);
                }
            }
            Output::DiscardPending => run.story.discards(&ours),
            Output::StartDeadline => _ = run.story.tell(Event::DeadlineStarted),
            Output::ForgetSession => _ = run.story.tell(Event::SessionForgotten),
            Output::CloseTransport | Output::ResetTransport => {
                drop(self.owned.take());
                *fruitful += self.hear(run)?;
            }
            Output::Idle
            | Output::ShutWrite
            | Output::AwaitPeer
            | Output::Drain
            | Output::HandBack
            | Output::Done => {}
        }
        Ok(step)
    }

    /// Continues until the peer is needed.
    fn run(&mut self, run: &mut Run) -> Result<usize, Flaw> {
        let mut fruitful = self.serve(run)?;
        loop {
            let brought = match self.session.machine().output() {
                Output::Done | Output::HandBack => break,
                Output::Drain => self.drain(run)?,
                _ => {
                    let (took, brought) = self.receive(run)?;
                    usize::from(took) + brought
                }
            };
            fruitful += brought + self.serve(run)?;
            if brought == 0 {
                break;
            }
        }
        Ok(fruitful)
    }

    fn drain(&mut self, run: &mut Run) -> Result<usize, Flaw> {
        let was_read = run.story.unread() > 0;
        // The transport reports waits and failures.
        let _ = self.session.drain(&mut self.wire);
        let fruitful = self.hear(run)?;
        run.story.drains();
        Ok(fruitful + usize::from(was_read))
    }
}
