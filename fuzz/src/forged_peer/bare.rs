//! rustls 0.23 alone in place of our adapter, used as a careful programmer does, against the same
//! adversary.
//!
//! This is a study and not a target: rustls is not ours to fix. Each kind of flaw is reported once,
//! with the shortest input that a greedy search finds from the first one that showed it.
//! `fuzz/FINDINGS.md` says what our adapters do about each.
//! Sources: the examples of rustls 0.23 (`simpleclient`, `tlsserver-mio`) for driving it by hand.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use close_notify::{Close, ReadEnd, Transport, Version};
use rustls::Connection;

use super::action::{Action, Call};
use super::flaw::Flaw;
use super::pattern;
use super::run::Run;
use super::setup::Setup;
use super::story::Leave;
use super::wire::Wire;
use crate::FORMAT;
use crate::choices::Choices;
use crate::lab::Recording;

/// One kind of flaw.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The broken duty.
    pub duty: &'static str,
    /// How it is broken.
    pub says: &'static str,
    /// How many executions it took.
    pub executions: u64,
    /// The input that shows it.
    pub input: Vec<u8>,
}

/// Runs `executions` random inputs, which the seed determines.
#[must_use]
pub fn study(seed: u64, executions: u64) -> Vec<Finding> {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut found: BTreeMap<(&str, &str), Finding> = BTreeMap::new();
    let mut random = seed;
    for execution in 1..=executions {
        let input = input(&mut random);
        let Some((duty, says)) = flaw_of(&input) else { continue };
        found.entry((duty, says)).or_insert_with(|| {
            let input = shrunk(input, (duty, says));
            Finding { duty, says, executions: execution, input }
        });
    }
    std::panic::set_hook(usual);
    let mut found: Vec<Finding> = found.into_values().collect();
    found.sort_by_key(|finding| finding.executions);
    found
}

/// SplitMix64.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*random ^ (*random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn input(random: &mut u64) -> Vec<u8> {
    let length = 4 + next(random) % 20;
    let set_up = next(random).to_le_bytes();
    // All bytes at once, with unlimited room: chunks are not part of this study.
    let mut input = vec![FORMAT, set_up[0] & 3, 0, 0, 0];
    input.extend((0..length).map(|_| next(random).to_le_bytes()[0]));
    input
}

/// Shrinks an input by leaving out bytes, as long as it shows the same flaw.
fn shrunk(mut input: Vec<u8>, flaw: (&str, &str)) -> Vec<u8> {
    let mut at = 5;
    while at < input.len() {
        let mut shorter = input.clone();
        shorter.remove(at);
        if flaw_of(&shorter) == Some(flaw) {
            (input, at) = (shorter, 5);
        } else {
            at += 1;
        }
    }
    input
}

/// The flaw of an input's run, including a panic.
fn flaw_of(input: &[u8]) -> Option<(&'static str, &'static str)> {
    match catch_unwind(AssertUnwindSafe(|| play(input))) {
        Ok(Ok(())) => None,
        Ok(Err(flaw)) => Some((flaw.duty, flaw.says)),
        Err(_) => Some(("panic", "a debug assertion of rustls fails (rustls#959)")),
    }
}

fn play(data: &[u8]) -> Result<(), Flaw> {
    let Some(mut choices) = Choices::read(data) else { return Ok(()) };
    let setup = Setup::read(&mut choices);
    let wire = Wire::new(setup.chunk, setup.room);
    let mut run = Run::new(setup, &wire);
    let mut bare = Bare::new(&setup, wire);
    while let Some(action) = Action::read(&mut choices) {
        match action {
            Action::Call(call) => bare.call(&mut run, call)?,
            // A full or broken transport is not part of this study.
            Action::Room(_) | Action::Break(_) => {}
            Action::Say(_) | Action::SayPart(_) | Action::End(_) | Action::ResetOver => run.suffers(action),
        }
    }
    Ok(())
}

/// A connection of rustls, driven by hand.
struct Bare {
    connection: Connection,
    wire: Wire,
    has_closed: bool,
    has_failed: bool,
    /// The transport accepts no more.
    is_cut: bool,
}

impl Bare {
    fn new(setup: &Setup, wire: Wire) -> Self {
        let connection = Recording::of(setup.version, setup.role).established_bare();
        Self { connection, wire, has_closed: false, has_failed: false, is_cut: false }
    }

    fn call(&mut self, run: &mut Run, call: Call) -> Result<(), Flaw> {
        match call {
            Call::Write(length) => self.write(run, length)?,
            Call::Read(length) => self.read(run, length)?,
            Call::Receive | Call::Run => self.read(run, 1000)?,
            Call::AskBack | Call::HandBack => self.hand_back(run)?,
            Call::Close(Close::Graceful | Close::Linger | Close::AtOnce) | Call::CloseWrite => self.close(),
            Call::Close(Close::Abort) | Call::Reject(_) | Call::Flush | Call::DeadlinePasses => {}
        }
        let taken = run.world.borrow().taken.clone();
        run.said.hear(&taken)
    }

    fn flush(&mut self) {
        while self.connection.wants_write() && !self.is_cut {
            self.is_cut = self.connection.write_tls(&mut self.wire).is_err();
        }
    }

    fn write(&mut self, run: &mut Run, length: usize) -> Result<(), Flaw> {
        let written = self.connection.writer().write(pattern::piece(run.wrote, length));
        let taken = written.unwrap_or(0);
        run.wrote += taken;
        if self.has_closed && taken > 0 {
            return Err(Flaw::of(
                "nothing-after-notify",
                "data is accepted after its own close_notify (rustls#3047)",
            ));
        }
        self.flush();
        Ok(())
    }

    fn close(&mut self) {
        self.connection.send_close_notify();
        self.has_closed = true;
        self.flush();
        let _ = self.wire.shut_write();
    }

    /// Passes what was read from the transport to the reference.
    fn hears(run: &mut Run, refuses: bool) {
        let world = run.world.borrow();
        run.story.given = world.given;
        let ours = run.story.ending();
        while run.story.reads()
            && let Some(record) = run.story.next_record(&world, &run.peer)
        {
            run.story.takes(record, Leave { refuses, ..Leave::default() }, &ours, &mut run.owed, &run.peer);
        }
    }

    fn read(&mut self, run: &mut Run, length: usize) -> Result<(), Flaw> {
        if length == 0 || self.has_failed {
            return Ok(());
        }
        let mut buffer = vec![0; length];
        loop {
            match self.connection.reader().read(&mut buffer) {
                Ok(0) => return self.judge_clean_end(run),
                Ok(count) => return run.reads(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return self.judge_error(run),
            }
            match self.connection.read_tls(&mut self.wire) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return self.judge_error(run),
            }
            let processed = self.connection.process_new_packets();
            Self::hears(run, processed.is_err());
            self.flush();
            if processed.is_err() {
                self.has_failed = true;
                return self.judge_error(run);
            }
        }
    }

    fn judge_clean_end(&self, run: &Run) -> Result<(), Flaw> {
        match run.story.ending().reading {
            ReadEnd::CloseNotify => self.judge_reply(run),
            ReadEnd::FatalAlert(_) => Err(Flaw::of(
                "fatal-is-an-error",
                "a close_notify at level fatal reads as a clean end (TLS 1.2)",
            )),
            _ => Err(Flaw::of("fin-is-not-close", "an end without close_notify reads as a clean one")),
        }
    }

    // RFC 5246 §7.2.1
    fn judge_reply(&self, run: &Run) -> Result<(), Flaw> {
        let said = run.said.last_word.is_some() || self.connection.wants_write() || self.has_closed;
        if run.setup.version == Version::Tls12 && !said {
            return Err(Flaw::of("reply-at-once", "the peer's close_notify is not answered (TLS 1.2)"));
        }
        Ok(())
    }

    fn judge_error(&self, run: &Run) -> Result<(), Flaw> {
        let said_nothing = run.world.borrow().taken.is_empty() && !self.is_cut;
        match run.story.ending().reading {
            ReadEnd::CloseNotify if run.setup.version == Version::Tls13 => Err(Flaw::of(
                "level-ignored-13",
                "a close_notify at a level that has no name is refused (TLS 1.3)",
            )),
            ReadEnd::CloseNotify => Err(Flaw::of("notify-is-final", "a clean end reads as an error")),
            ReadEnd::Refused(_) if said_nothing => {
                Err(Flaw::of("fatal-ends-both", "a violation is answered with no alert"))
            }
            _ => Ok(()),
        }
    }

    /// Asks for the transport back, once both have closed.
    fn hand_back(&mut self, run: &mut Run) -> Result<(), Flaw> {
        self.connection.send_close_notify();
        self.has_closed = true;
        self.flush();
        self.read(run, 1000)?;
        let is_closed = run.story.ending().reading == ReadEnd::CloseNotify;
        if is_closed && run.story.given > run.story.at {
            return Err(Flaw::of("handback-exact", "what was read after the peer's close_notify is lost"));
        }
        Ok(())
    }
}
