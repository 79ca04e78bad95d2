//! Up to 64 connections in one lingering engine: no cross-talk, every end in its place, all
//! released.
//!
//! Decides how an input is read: one byte each for the patience and for how many may linger, then
//! for each action one byte and its arguments. The rules are in `reference`, which is a plain list
//! without a wheel or a slab.

mod reference;
mod stand_in;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use close_notify_core::{Draining, Event, Machine, Manner, Policy, Role, Version, drain};
use close_notify_linger::{Engine, Key, Limits};

use crate::choices::Choices;
use reference::{Conn, Reference};
use stand_in::{Done, FLOOD, Last, Peer, StandIn, World};

/// From the shortest possible to one that no clock can represent.
const PATIENCE: [Duration; 7] = [
    Duration::from_nanos(1),
    Duration::from_millis(10),
    Duration::from_millis(256),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(3600),
    Duration::MAX,
];
const BUDGETS: [u32; 8] = [0, 1, 5, 100, 16_383, 16_384, 40_000, u32::MAX];
const BYTES: [u32; 8] = [1, 2, 100, 16_383, 16_384, 16_385, 50_000, FLOOD];
const LASTS: [Last; 8] = [
    Last::Wait,
    Last::Fin,
    Last::Errno(104),
    Last::TimedOut,
    Last::Errno(110),
    Last::Errno(5),
    Last::Errno(9999),
    Last::Kind(ErrorKind::UnexpectedEof),
];
/// The most that may linger at once.
const MOST: usize = 64;

/// Runs an input.
///
/// # Panics
///
/// Panics if the engine does not do what the list does.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let mut bed = Bed::new(&mut choices);
    while let Some(action) = choices.next_byte() {
        bed.act(action, &mut choices);
        bed.check();
    }
    bed.finish();
}

struct Bed {
    engine: Engine<StandIn>,
    reference: Reference,
    limits: Limits,
    start: Instant,
    world: Rc<RefCell<World>>,
    keys: Vec<Option<Key>>,
    done: Vec<Done>,
}

impl Bed {
    fn new(choices: &mut Choices<'_>) -> Self {
        let limits = Limits {
            patience: choices.pick(&PATIENCE),
            connections: u32::try_from(1 + choices.below(MOST)).expect("few"),
        };
        let start = Instant::now();
        let tick = limits.patience.as_nanos().div_ceil(255).max(1_000_000);
        Self {
            engine: Engine::new(limits, start).expect("limits that let something linger"),
            reference: Reference::new(u64::try_from(tick).unwrap_or(u64::MAX)),
            limits,
            start,
            world: Rc::default(),
            keys: Vec::with_capacity(MOST),
            done: Vec::with_capacity(MOST),
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_nanos(self.reference.now)
    }

    fn act(&mut self, action: u8, choices: &mut Choices<'_>) {
        let with = usize::from(action >> 3);
        match action & 7 {
            0 => self.add(with, choices),
            1 => self.peer_has(choices.byte(), BYTES[with % 8], LASTS[with / 8], 0),
            2 => self.peer_has(choices.byte(), 0, LASTS[with % 8], (with / 8) as u8),
            3 => self.make_ready(choices.byte()),
            4 => self.turn(with),
            5 => self.turn(1 + with * 8),
            6 => self.jump(with as u64, choices.byte()),
            _ if with == 31 => self.expire_all(),
            _ => self.sleep_and_turn(),
        }
    }

    fn add(&mut self, with: usize, choices: &mut Choices<'_>) {
        let (budget, kind, wanted) = (BUDGETS[with % 8], with / 8, choices.byte());
        let draining = if kind == 1 { failed(budget) } else { said(budget) };
        let draining = if kind == 2 { over(draining) } else { draining };
        let wanted = (wanted > 0).then(|| part(self.limits.patience, wanted));
        let now = self.reference.now;
        let deadline = wanted.map(|wanted| now.saturating_add(wanted));
        let patience = self.now().checked_add(self.limits.patience).map(|_| nanos(self.limits.patience));
        let by = deadline.into_iter().chain(patience.map(|patience| now.saturating_add(patience))).min();

        let name = self.reference.conns.len();
        self.world.borrow_mut().peers.push(Peer::default());
        let source = StandIn { name, world: Rc::clone(&self.world), is_reset: false };
        let deadline = deadline.map(|by| self.start + Duration::from_nanos(by));
        let key = self.engine.add(source, draining, deadline, self.now());

        let (left, resets) = (draining.left(), kind == 1);
        self.reference.conns.push(Conn { deadline: by, left, resets, is_there: true, is_ready: false });
        self.was_added(name, kind == 2);
        assert_eq!(key.is_none(), kind == 2, "whether it lingers");
        let doubled = self.reference.there().any(|other| other != name && self.keys[other] == key);
        assert!(!doubled, "two connections have one key");
        self.keys.push(key);
    }

    /// Checks which connections the engine released for a new one: those long overdue, then the
    /// oldest if there is no room, and the new one itself if it is over.
    fn was_added(&mut self, name: usize, is_over: bool) {
        self.look();
        let done = mem::take(&mut self.done);
        let mut gone = done.iter().map(|done| match *done {
            Done::Gone { name, reset } => (name, reset),
            Done::Read { .. } => panic!("an add reads"),
        });
        for _ in self.reference.counters.timed_out..self.engine.counters().timed_out {
            let (late, reset) = gone.next().expect("what is counted is let go of");
            self.reference.expired(late, reset);
        }
        if self.reference.count() >= self.limits.connections as usize {
            let oldest = self.reference.there().find(|&other| other != name);
            let (given, reset) = gone.next().expect("one has to give way");
            assert_eq!(Some(given), oldest, "the oldest gives way");
            self.reference.counters.gave_way += 1;
            self.reference.let_go(given, reset);
        }
        self.reference.counters.lingering += 1;
        if is_over {
            let (itself, reset) = gone.next().expect("it is over");
            assert_eq!(itself, name, "another is let go of");
            self.reference.counters.by_fin += 1;
            self.reference.let_go(itself, reset);
        }
        assert_eq!(gone.next(), None, "one more is let go of");
        self.done = done;
    }

    /// Sets what a peer says next. The engine is not notified yet.
    fn peer_has(&mut self, name: u8, bytes: u32, last: Last, signals: u8) {
        let mut world = self.world.borrow_mut();
        let count = world.peers.len();
        if let Some(peer) = world.peers.get_mut(usize::from(name) % count.max(1)) {
            let bytes = if bytes == FLOOD { FLOOD } else { peer.bytes.saturating_add(bytes) };
            *peer = Peer { bytes, last, signals: peer.signals.saturating_add(signals) };
        }
    }

    /// Its poller reports that it is readable. The key of an ended connection may by now belong to
    /// another.
    fn make_ready(&mut self, name: u8) {
        let Some(&Some(key)) = self.keys.get(usize::from(name) % self.keys.len().max(1)) else { return };
        self.engine.ready(key);
        let owner = self.reference.there().find(|&other| self.keys[other] == Some(key));
        if let Some(owner) = owner {
            self.reference.make_ready(owner);
        }
    }

    fn turn(&mut self, steps: usize) {
        let more = self.engine.turn(self.now(), steps);
        self.look();
        self.reference.turned(&self.done, steps, more);
    }

    fn jump(&mut self, whole: u64, part_of: u8) {
        let patience = self.limits.patience.min(Duration::from_secs(1 << 20));
        let jump = nanos(patience).saturating_mul(whole / 4).saturating_add(part(patience, part_of));
        self.reference.now = self.reference.now.saturating_add(jump).min(u64::MAX / 4);
    }

    /// Does what an idle driver does.
    fn sleep_and_turn(&mut self) {
        let Some(next) = self.engine.next_deadline() else { return };
        let next = nanos(next - self.start).min(u64::MAX / 4);
        self.reference.now = self.reference.now.max(next);
        let before = self.reference.counters.ended();
        self.turn(MOST * 2);
        assert!(
            self.reference.counters.ended() > before || next == u64::MAX / 4,
            "nothing ends at the next deadline"
        );
    }

    // linger-is-bounded, at the end of the process
    fn expire_all(&mut self) {
        self.engine.expire_all();
        self.look();
        let done = mem::take(&mut self.done);
        for done in &done {
            let &Done::Gone { name, reset } = done else { panic!("the end of all reads: {done:?}") };
            self.reference.counters.timed_out += 1;
            self.reference.let_go(name, reset);
        }
        self.done = done;
        assert_eq!(self.reference.count(), 0, "one outlives the end of all");
    }

    /// Takes what was done to the transports since the last call.
    fn look(&mut self) {
        self.done.clear();
        mem::swap(&mut self.done, &mut self.world.borrow_mut().done);
    }

    fn check(&self) {
        assert!(self.world.borrow().done.is_empty(), "something happens to a transport between two calls");
        assert_eq!(self.engine.counters(), self.reference.counters, "the counters");
        assert_eq!(self.engine.is_empty(), self.reference.count() == 0, "whether nothing lingers");
        let next = self.engine.next_deadline().map(|next| nanos(next - self.start));
        self.reference.may_sleep_until(next);
        assert!(self.reference.count() <= self.limits.connections as usize, "more linger than may");
    }

    /// Ends the run: all must be released, whatever they wait for.
    fn finish(mut self) {
        self.turn(MOST * 4);
        self.check();
        if self.limits.patience == Duration::MAX {
            self.expire_all();
        } else {
            self.jump(4, 255);
            self.reference.now += self.reference.tick;
            self.turn(MOST * 2);
        }
        self.check();
        assert_eq!(self.reference.count(), 0, "one outlives its patience");
        drop(self.engine);
        let world = Rc::into_inner(self.world).expect("no transport is left").into_inner();
        assert!(world.done.is_empty(), "the engine keeps a transport that it counts as ended");
    }
}

/// A lingering transport that has said its last word, with a drain budget.
fn said(drain_budget: u32) -> Draining {
    let policy = Policy { drain_budget, ..Policy::STRICT };
    let facts = [
        Event::Close(Manner::Linger),
        Event::DeadlineStarted,
        Event::OutputSealed,
        Event::OutputWritten,
        Event::WriteShut,
    ];
    lingering(policy, &facts)
}

/// A lingering transport that took no last word.
fn failed(drain_budget: u32) -> Draining {
    let policy = Policy { drain_budget, ..Policy::STRICT };
    let facts = [
        Event::WriteFailed { errno: 32 },
        Event::Close(Manner::Linger),
        Event::PendingDiscarded { bytes: 0 },
        Event::DeadlineStarted,
    ];
    lingering(policy, &facts)
}

fn lingering(policy: Policy, facts: &[Event]) -> Draining {
    let mut machine = Machine::established(Version::Tls13, Role::Server, policy);
    facts.iter().for_each(|&fact| machine.handle(fact).expect("a step of a close"));
    machine.lingering().expect("only the transport is left")
}

/// A lingering transport whose peer had ended its stream before the hand-over.
fn over(mut draining: Draining) -> Draining {
    draining.handle(drain::Event::PeerFin).expect("a peer may end its stream");
    draining
}

/// `part` 64ths of a duration, in nanoseconds.
fn part(whole: Duration, part: u8) -> u64 {
    nanos(whole).min(u64::MAX >> 9) / 64 * u64::from(part)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
