//! Arbitrary bytes from the wire into a real stream, during and after the handshake: cut, modified,
//! repeated, inserted, and ended by FIN or reset at any byte.
//!
//! Decides nothing about closing. Whatever comes, there is no panic, and no clean end without the
//! genuine close_notify record and all that the peer said before it. Data is a prefix of what the
//! peer wrote, memory and calls are bounded, and the connection ends.
//!
//! An input is one byte for the format, one for the set-up, and then one byte per step; some steps
//! take numbers from the bytes after them. The set-up chooses the cipher: ring with a real
//! handshake, or the stand-in, which is thirty times as fast. It can also give the stream a
//! tracker, which holds header sections back and cannot follow everything.

mod genuine;
mod step;
mod tens;

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use close_notify::{Close, Ending, FindEnding, Policy, ReadEnd, Stream};

use crate::choices::Choices;
use crate::forged_peer::wire::{End, Owned, Wire};
use crate::forged_peer::{is_wait, pattern};
use genuine::{Genuine, Setup};
use step::Step;
use tens::Tens;

/// How many calls of the transport may achieve nothing in one step.
const FRUITLESS: usize = 32;
/// The most that the genuine peer writes in a run: one pattern.
const MOST_DATA: usize = pattern::LONGEST;

/// Runs a stream with arbitrary bytes from the wire.
///
/// # Panics
///
/// Panics if a run is unsound; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let mut run = Run::new(Setup::read(choices.byte()));
    while let Some(step) = Step::read(&mut choices) {
        run.step(step);
    }
    run.finish();
}

/// Describes an input in words.
#[must_use]
pub fn tell(data: &[u8]) -> String {
    let Some(mut choices) = Choices::read(data) else { return "no input of this format".to_string() };
    let setup = Setup::read(choices.byte());
    let steps: Vec<Step<'_>> = std::iter::from_fn(|| Step::read(&mut choices)).collect();
    format!("{setup:?}\n{steps:?}")
}

/// Our stream, the genuine peer, and the wire between them, which the attacker controls.
struct Run {
    setup: Setup,
    stream: Stream<Owned>,
    wire: Wire,
    peer: Genuine,
    /// The offset of the peer's first byte that is not passed on yet.
    passed: usize,
    /// How many bytes of our output the peer has got.
    heard: usize,
    read: usize,
}

impl Run {
    fn new(setup: Setup) -> Self {
        let (connection, peer) = Genuine::new(&setup);
        let wire = Wire::new(usize::MAX, usize::MAX);
        let policy = if setup.lenient { Policy::https() } else { Policy::STRICT };
        let mut stream = Stream::new(connection, Owned(Wire(Rc::clone(&wire.0))), policy);
        stream.set_patience(Duration::MAX);
        if setup.tracked {
            stream.set_tracker(Tens::default());
        }
        let mut run = Self { setup, stream, wire, peer, passed: 0, heard: 0, read: 0 };
        run.turn();
        if run.setup.established {
            run.shake_hands();
        }
        run
    }

    /// Passes everything on until the handshake is done.
    fn shake_hands(&mut self) {
        for _ in 0..8 {
            self.pass(usize::MAX);
            self.turn();
        }
        assert!(
            !self.stream.session().is_handshaking(),
            "an honest handshake ends: {:?}",
            self.stream.ending()
        );
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Pass(count) => self.pass(count),
            Step::PassRecord => self.pass(self.peer.next_record(self.passed)),
            Step::Bend(mask) => self.bend(mask),
            Step::Skip(count) => self.passed = self.peer.said.len().min(self.passed + count),
            Step::Insert(bytes) => self.wire.0.borrow_mut().sent.extend_from_slice(bytes),
            Step::Again(count) => {
                let sent = &mut self.wire.0.borrow_mut().sent;
                sent.extend_from_within(sent.len().saturating_sub(count)..);
            }
            Step::End(end) => _ = self.wire.0.borrow_mut().end.get_or_insert(end),
            Step::PeerWrites(count) => self.peer.write(count.min(MOST_DATA - self.peer.wrote)),
            Step::PeerCloses => self.peer.close(),
            Step::Write(count) => {
                let written = self.stream.write(pattern::piece(0, count));
                if let Some(error) = written.err().filter(|error| !is_wait(error)) {
                    self.judge_text(&error);
                }
            }
            Step::Close(manner) => _ = self.stream.close(manner),
        }
        self.turn();
    }

    fn pass(&mut self, count: usize) {
        let to = self.peer.said.len().min(self.passed.saturating_add(count));
        self.wire.0.borrow_mut().sent.extend_from_slice(&self.peer.said[self.passed..to]);
        self.passed = to;
    }

    fn bend(&mut self, mask: u8) {
        if let Some(&byte) = self.peer.said.get(self.passed) {
            self.wire.0.borrow_mut().sent.push(byte ^ mask);
            self.passed += 1;
        }
    }

    /// Our side does what it can, and the peer gets what we sent.
    fn turn(&mut self) {
        let before = self.wire.0.borrow().calls;
        self.wire.0.borrow_mut().news.clear();
        self.read_on();
        let calls = (self.wire.0.borrow().calls - before) as usize;
        let fruitful = self.wire.0.borrow().news.len();
        assert!(
            calls <= 3 * fruitful + FRUITLESS,
            "it spins: {calls} calls, {fruitful} of them achieve something"
        );
        let world = self.wire.0.borrow();
        self.peer.hear(&world.taken[self.heard..]);
        self.heard = world.taken.len();
        drop(world);
        self.judge();
    }

    fn read_on(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return self.judge_clean_end(),
                Ok(count) => {
                    let bytes = &buffer[..count];
                    assert!(self.read + count <= self.peer.wrote, "data is read that the peer never wrote");
                    assert!(pattern::is_at(self.read, bytes), "data is read that is not the peer's");
                    self.read += count;
                }
                Err(error) if is_wait(&error) => return,
                Err(error) => return self.judge_error(&error),
            }
        }
    }

    // RFC 9846 §6.1 · fin-is-not-close, rst-is-not-close; RFC 9112 §8, §9.8 · http-headers-cut,
    // http-incomplete-is-error
    fn judge_clean_end(&self) {
        let (reading, late) = (self.stream.ending().reading, self.stream.ending().late);
        assert_eq!(late, 0, "no-ok-over-a-loss: {late} bytes were thrown away, and reading ends well");
        let may_miss = self.setup.tracked && self.setup.lenient && reading == ReadEnd::TruncatedAtBoundary;
        assert!(reading == ReadEnd::CloseNotify || may_miss, "{reading:?} reads as clean");
        let is_between = Tens(self.read as u64).is_between();
        assert!(!may_miss || is_between, "a cut message reads as whole");
        let cuts_header = self.setup.tracked && self.followed().all(Tens::is_in_header);
        assert!(may_miss || !cuts_header, "a cut header section reads as a clean end");
    }

    /// The possible positions of a tracker after all that the peer wrote has come: data that is
    /// dropped after our close is not followed.
    fn followed(&self) -> impl Iterator<Item = Tens> {
        let all = self.peer.wrote as u64;
        let least = if self.stream.ending().late > 0 { self.read as u64 } else { all };
        (least..=all).map(Tens)
    }

    fn judge_error(&self, error: &io::Error) {
        let (reading, late) = (self.stream.ending().reading, self.stream.ending().late);
        let read = self.read as u64;
        let cuts = |said: Tens| (said.is_in_header() || said.is_at_fault()) && said.free() == read;
        let is_cut = self.setup.tracked && self.followed().any(cuts);
        let is_short = late > 0 || is_cut;
        assert!(reading != ReadEnd::CloseNotify || is_short, "a clean end reads as an error: {error}");
        self.judge_text(error);
    }

    /// Checks that an error carries the ending, and that its text contains the ending.
    fn judge_text(&self, error: &io::Error) {
        let (text, ending) = (error.to_string(), self.stream.ending());
        assert_eq!(Ending::find(error), Some(ending), "another ending: {text}");
        let has_begun = ending.reading != ReadEnd::Open;
        assert!(!has_begun || text.contains(&ending.to_string()), "the end is left out: {text}");
    }

    /// Checks that there is no clean end without the genuine record and all that was said before
    /// it.
    // RFC 9846 §6.1, §5.1 · plain-alert-is-no-close, notify-whole, delivered-before-end
    fn judge(&self) {
        if self.stream.ending().reading != ReadEnd::CloseNotify {
            return;
        }
        let record = self.peer.notify.as_ref().map(|range| &self.peer.said[range.clone()]);
        let world = self.wire.0.borrow();
        let came = record.is_some_and(|record| {
            // The version in a header is not authenticated in TLS 1.3 (RFC 9846 §5.1).
            let body = &record[3..];
            world.sent[..world.given].windows(body.len()).any(|window| window == body)
        });
        assert!(came, "a clean end without the peer's close_notify");
        // What the policy throws away after our own close is counted.
        let owed = |said: Tens| if self.setup.tracked { said.free() } else { said.0 };
        let is_whole = self.followed().any(|said| owed(said) == self.read as u64);
        assert!(is_whole, "a clean end before all data was read");
    }

    /// Ends the run: reading to the end of the transport must give an end.
    fn finish(&mut self) {
        self.wire.0.borrow_mut().end.get_or_insert(End::Fin);
        self.turn();
        let _ = self.stream.close(Close::AtOnce);
        let ending = self.stream.ending();
        assert_ne!(ending.reading, ReadEnd::Open, "an end of the transport is no end of reading: {ending:?}");
        assert!(self.wire.0.borrow().is_gone, "a close that never ends: {ending:?}");
    }
}
