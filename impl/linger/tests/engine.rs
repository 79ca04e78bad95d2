//! The engine with stand-ins and a clock that the test moves: which one is read next, and when it
//! ends.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use close_notify_linger::{BadLimits, Counters, Engine, Key, Limits, Source};

use common::{draining, failed_machine, shut_sockets};

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits { patience: Duration::from_secs(5), connections: 100 };

/// What a stand-in reads next. A read after the last of them waits.
enum Bring {
    Bytes(usize),
    /// As much as the buffer takes, each time.
    Flood,
    Fin,
    Reset,
    Signal,
}

/// A transport that records how it was let go.
struct StandIn {
    name: u32,
    brings: VecDeque<Bring>,
    gone: Gone,
    is_reset: bool,
}

/// Names in the order in which they were let go, and whether by reset.
type Gone = Rc<RefCell<Vec<(u32, bool)>>>;

impl Read for StandIn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.brings.pop_front() {
            Some(Bring::Bytes(bytes)) => {
                assert!(bytes <= buffer.len());
                Ok(bytes)
            }
            Some(Bring::Flood) => {
                self.brings.push_back(Bring::Flood);
                Ok(buffer.len())
            }
            Some(Bring::Fin) => Ok(0),
            Some(Bring::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(Bring::Signal) => Err(io::ErrorKind::Interrupted.into()),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Source for StandIn {
    fn reset(mut self) {
        self.is_reset = true;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.gone.borrow_mut().push((self.name, self.is_reset));
    }
}

struct Bed {
    engine: Engine<StandIn>,
    gone: Gone,
    start: Instant,
    now: Instant,
}

impl Bed {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self { engine: Engine::new(limits, now).unwrap(), gone: Gone::default(), start: now, now }
    }

    fn stand_in(&self, name: u32, brings: impl IntoIterator<Item = Bring>) -> StandIn {
        StandIn { name, brings: brings.into_iter().collect(), gone: self.gone.clone(), is_reset: false }
    }

    fn add(&mut self, name: u32, budget: u32, brings: impl IntoIterator<Item = Bring>) -> Key {
        let stand_in = self.stand_in(name, brings);
        self.engine.add(stand_in, draining(budget), None, self.now).unwrap()
    }

    fn add_ready(&mut self, name: u32, budget: u32, brings: impl IntoIterator<Item = Bring>) {
        let key = self.add(name, budget, brings);
        self.engine.ready(key);
    }

    /// Turns until there is nothing more to do at once.
    fn turn(&mut self) -> Counters {
        for _ in 0..10_000 {
            if !self.engine.turn(self.now, 8) {
                return self.engine.counters();
            }
        }
        panic!("the engine spins");
    }

    fn gone(&self) -> Vec<u32> {
        self.gone.borrow().iter().map(|&(name, _)| name).collect()
    }
}

#[test]
fn every_end_is_counted_once_and_in_its_place() {
    let mut bed = Bed::new(LIMITS);
    bed.add_ready(1, 100, [Bring::Bytes(60), Bring::Signal, Bring::Bytes(40), Bring::Fin]);
    bed.add_ready(2, 100, [Bring::Bytes(1), Bring::Reset]);
    bed.add_ready(3, 100, [Bring::Bytes(60), Bring::Bytes(41)]);
    bed.add_ready(4, 100, []);
    assert_eq!(bed.engine.counters(), Counters { lingering: 4, ..Counters::default() });
    let ended =
        Counters { lingering: 1, by_fin: 1, reset: 1, over_budget: 1, drained: 202, ..Counters::default() };
    assert_eq!(bed.turn(), ended);
    bed.now += LIMITS.patience + SECOND;
    assert_eq!(bed.turn(), Counters { lingering: 0, timed_out: 1, ..ended });
    assert_eq!((bed.engine.is_empty(), bed.engine.next_deadline()), (true, None));
}

// notify-before-fin: if no last word left, the transport is reset
#[test]
fn a_transport_is_let_go_as_its_machine_says() {
    let mut bed = Bed::new(LIMITS);
    bed.add_ready(1, 100, [Bring::Fin]);
    let failed = bed.stand_in(2, [Bring::Fin]);
    let key = bed.engine.add(failed, failed_machine().lingering().unwrap(), None, bed.now).unwrap();
    bed.engine.ready(key);
    bed.turn();
    assert_eq!(*bed.gone.borrow(), [(1, false), (2, true)]);
}

#[test]
fn what_has_nothing_to_wait_for_is_let_go_at_once() {
    let mut bed = Bed::new(LIMITS);
    let mut over = draining(100);
    over.handle(close_notify_core::drain::Event::PeerFin).unwrap();
    let stand_in = bed.stand_in(1, []);
    assert_eq!(bed.engine.add(stand_in, over, None, bed.now), None);
    assert_eq!((bed.gone(), bed.engine.counters().by_fin), (vec![1], 1));
}

// linger-is-bounded, in bytes: no more is read than one byte beyond the budget
#[test]
fn a_flood_is_ended_by_the_budget() {
    let mut bed = Bed::new(LIMITS);
    bed.add_ready(1, 50_000, [Bring::Flood]);
    let counters = bed.turn();
    assert_eq!((counters.over_budget, counters.drained), (1, 50_001));
}

// linger-is-bounded, in time: also if the policy counts no bytes
#[test]
fn a_flood_without_a_budget_is_ended_by_the_deadline() {
    let mut bed = Bed::new(LIMITS);
    bed.add_ready(1, u32::MAX, [Bring::Flood]);
    assert!(bed.engine.turn(bed.now, 100));
    bed.now += LIMITS.patience + SECOND;
    assert!(!bed.engine.turn(bed.now, 1));
    assert_eq!(bed.engine.counters().timed_out, 1);
}

#[test]
fn a_fast_peer_does_not_keep_the_others_waiting() {
    let mut bed = Bed::new(LIMITS);
    bed.add_ready(0, u32::MAX, [Bring::Flood]);
    for name in 1..=10 {
        bed.add_ready(name, 100, [Bring::Bytes(10), Bring::Fin]);
    }
    assert!(bed.engine.turn(bed.now, 33));
    assert_eq!(bed.gone(), (1..=10).collect::<Vec<_>>());
}

#[test]
fn over_the_bound_the_oldest_gives_way() {
    let mut bed = Bed::new(Limits { connections: 3, ..LIMITS });
    for name in 1..=3 {
        bed.add(name, 100, []);
    }
    assert!(bed.gone().is_empty());
    bed.add(4, 100, []);
    bed.add_ready(5, 100, [Bring::Fin]);
    assert_eq!(bed.gone(), [1, 2]);
    bed.turn();
    bed.add(6, 100, []);
    assert_eq!(bed.gone(), [1, 2, 5]);
    let counters = bed.engine.counters();
    assert_eq!((counters.lingering, counters.gave_way, counters.by_fin), (3, 2, 1));
}

#[test]
fn a_key_of_one_that_has_ended_touches_no_other() {
    let mut bed = Bed::new(LIMITS);
    let old = bed.add(1, 100, [Bring::Fin]);
    bed.engine.ready(old);
    bed.turn();
    bed.engine.ready(old);
    assert!(!bed.engine.turn(bed.now, 8));
    let new = bed.add(2, 100, []);
    bed.engine.ready(old);
    bed.engine.ready(new);
    assert_eq!(bed.turn().lingering, 1);
}

/// Numbers that look random and are the same in every run.
fn scattered(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

// Against a list of deadlines: none is early, none is later than a tick, whatever was added, ended
// and skipped before.
#[test]
fn no_deadline_is_early_and_none_is_late_by_more_than_a_tick() {
    for patience in [Duration::from_millis(10), SECOND, Duration::from_secs(3600)] {
        let tick = (patience / 255 + Duration::from_nanos(1)).max(Duration::from_millis(1));
        let mut bed = Bed::new(Limits { patience, connections: u32::MAX });
        let (mut next, mut deadlines, mut seen) = (scattered(7), Vec::new(), 0);
        let add = |bed: &mut Bed, wanted: Duration, deadlines: &mut Vec<(u32, Instant)>| {
            let name = u32::try_from(deadlines.len()).unwrap();
            let stand_in = bed.stand_in(name, []);
            bed.engine.add(stand_in, draining(1), Some(bed.now + wanted), bed.now);
            deadlines.push((name, bed.now + wanted.min(patience)));
        };
        for _ in 0..3000 {
            let part = u32::try_from(next() % 1000).unwrap();
            match next() % 3 {
                0 => bed.now += patience * part / 4000,
                _ => add(&mut bed, patience * 2 * part / 1000, &mut deadlines),
            }
            bed.turn();
            let gone = bed.gone();
            for &name in &gone[seen..] {
                assert!(deadlines[name as usize].1 <= bed.now, "early");
            }
            seen = gone.len();
            let late = deadlines.iter().filter(|(_, deadline)| *deadline + tick <= bed.now).count();
            let due = deadlines.iter().filter(|(_, deadline)| *deadline <= bed.now).count();
            assert!((late..=due).contains(&seen), "{late} {seen} {due} at {:?}", bed.now - bed.start);
        }
        assert!(seen > 500, "{seen}");
    }
}

// A driver that sleeps until the next deadline always finds something to do there: it cannot spin.
#[test]
fn at_the_next_deadline_something_ends() {
    let mut bed = Bed::new(Limits { connections: 500, ..LIMITS });
    let mut next = scattered(3);
    for name in 0..500 {
        let stand_in = bed.stand_in(name, []);
        let wanted = Duration::from_millis(next() % 9000);
        bed.engine.add(stand_in, draining(1), Some(bed.now + wanted), bed.now);
    }
    while let Some(deadline) = bed.engine.next_deadline() {
        let before = bed.engine.counters().timed_out;
        assert!(deadline >= bed.now);
        bed.now = deadline;
        bed.turn();
        assert!(bed.engine.counters().timed_out > before);
        assert!(bed.engine.next_deadline().is_none_or(|later| later > bed.now));
    }
    assert_eq!(bed.engine.counters().timed_out, 500);
}

#[test]
fn an_engine_that_was_idle_for_long_keeps_its_deadlines() {
    let mut bed = Bed::new(LIMITS);
    for name in 0..3 {
        bed.now += SECOND * 100_000;
        bed.add(name, 1, []);
        bed.now += LIMITS.patience - Duration::from_millis(1);
        assert_eq!(bed.turn().timed_out, u64::from(name));
        bed.now += SECOND;
        assert_eq!(bed.turn().timed_out, u64::from(name) + 1);
    }
}

// The wheel has room for a driver that is late by the whole patience.
#[test]
fn a_driver_that_comes_late_ends_only_what_is_due() {
    for offset in 0..256_u32 {
        let mut bed = Bed::new(LIMITS);
        bed.now += LIMITS.patience * offset / 255;
        bed.add(1, 1, []);
        bed.now += LIMITS.patience * 99 / 100;
        bed.add(2, 1, []);
        bed.now += LIMITS.patience * 99 / 100;
        assert_eq!(bed.turn().timed_out, 1, "{offset}");
        bed.now += LIMITS.patience / 50;
        assert_eq!(bed.turn().timed_out, 2, "{offset}");
    }
}

// Found by fuzzing: the wheel had no place for a deadline that far from the first one, and reported
// it at once.
#[test]
fn one_that_is_added_while_the_driver_is_late_by_far_has_its_whole_patience() {
    let mut bed = Bed::new(LIMITS);
    bed.add(1, 1, []);
    bed.now += LIMITS.patience * 4;
    bed.add(2, 1, []);
    assert_eq!(bed.turn().timed_out, 1);
    bed.now += LIMITS.patience - Duration::from_millis(1);
    assert_eq!((bed.turn().timed_out, bed.gone()), (1, vec![1]));
    bed.now += SECOND;
    assert_eq!(bed.turn().timed_out, 2);
}

#[test]
fn a_patience_beyond_the_clock_is_no_deadline() {
    let mut bed = Bed::new(Limits { patience: Duration::MAX, ..LIMITS });
    bed.add(1, 1, []);
    bed.now += SECOND * 1_000_000_000;
    assert_eq!((bed.turn().lingering, bed.engine.next_deadline()), (1, None));
    bed.engine.expire_all();
    assert_eq!(bed.engine.counters().timed_out, 1);
}

#[test]
fn limits_that_let_nothing_linger_are_refused_and_say_what_would_do() {
    let now = Instant::now();
    let refused = |limits| Engine::<StandIn>::new(limits, now).err().unwrap();
    let patience = refused(Limits { patience: Duration::ZERO, ..LIMITS });
    let connections = refused(Limits { connections: 0, ..LIMITS });
    assert_eq!((patience, connections), (BadLimits::NoPatience, BadLimits::NoConnections));
    assert!(patience.to_string().contains("5 s"), "{patience}");
    assert!(connections.to_string().contains("at least 1"), "{connections}");
    assert_eq!(io::Error::from(patience).kind(), io::ErrorKind::InvalidInput);
}

/// A real socket that the engine reads.
struct Real(TcpStream);

impl Read for Real {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Source for Real {
    fn reset(self) {}
}

// #48: a byte now and then, forever
#[test]
fn a_peer_that_drips_forever_is_ended_by_time_or_by_bytes() {
    for (budget, reads) in [(1_000_000, 51), (20, 21)] {
        let (ours, mut peer) = shut_sockets();
        ours.set_nonblocking(true).unwrap();
        let mut now = Instant::now();
        let mut engine = Engine::new(LIMITS, now).unwrap();
        let key = engine.add(Real(ours), draining(budget), None, now).unwrap();
        let mut drips = 0;
        while !engine.is_empty() {
            if peer.write_all(b".").is_ok() {
                drips += 1;
            }
            assert!(drips <= 60, "no end in sight");
            // The byte is in our receive buffer once loopback's write has returned.
            engine.ready(key);
            while engine.turn(now, 8) {}
            now += Duration::from_millis(100);
        }
        let counters = engine.counters();
        let ends = if budget == 20 { (1, 0) } else { (0, 1) };
        assert_eq!((counters.over_budget, counters.timed_out), ends);
        assert!(counters.drained <= reads, "{counters}");
    }
}
