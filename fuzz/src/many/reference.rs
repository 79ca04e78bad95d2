//! What the engine must do, as a plain list of connections.
//!
//! Decides what may happen to each connection, from the contract of `close-notify-linger` alone:
//! which may be read and for how many bytes, which gives way, which ends by what, and when. The
//! engine decides only where within a tick a deadline falls. RFC 9112 §9.6 · linger-is-bounded

use std::collections::VecDeque;

use close_notify_linger::Counters;

use super::stand_in::{Done, Got};

/// The most bytes that one read takes.
const MOST: usize = 16 * 1024;

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conn {
    /// In nanoseconds from the start; `None` if the clock cannot represent it.
    pub(super) deadline: Option<u64>,
    /// How many bytes may still come; `None` if they are not counted.
    pub(super) left: Option<u32>,
    /// Releasing it resets it: no last word has left.
    pub(super) resets: bool,
    pub(super) is_there: bool,
    pub(super) is_ready: bool,
}

/// All connections, the oldest first, and the time.
pub(super) struct Reference {
    pub(super) now: u64,
    /// How late a deadline may be noticed.
    pub(super) tick: u64,
    pub(super) conns: Vec<Conn>,
    /// The connections to be read, in order.
    ready: VecDeque<usize>,
    pub(super) counters: Counters,
}

impl Reference {
    pub(super) fn new(tick: u64) -> Self {
        let (conns, ready) = (Vec::with_capacity(64), VecDeque::with_capacity(64));
        Self { now: 0, tick, conns, ready, counters: Counters::default() }
    }

    pub(super) fn there(&self) -> impl Iterator<Item = usize> {
        (0..self.conns.len()).filter(|&name| self.conns[name].is_there)
    }

    pub(super) fn count(&self) -> usize {
        self.counters.lingering as usize
    }

    pub(super) fn make_ready(&mut self, name: usize) {
        let conn = &mut self.conns[name];
        if conn.is_there && !conn.is_ready {
            conn.is_ready = true;
            self.ready.push_back(name);
        }
    }

    /// Notes that a connection was released, and checks that it was released in the right way.
    pub(super) fn let_go(&mut self, name: usize, reset: bool) {
        let conn = &mut self.conns[name];
        assert!(conn.is_there, "connection {name} is let go of twice");
        // notify-before-fin: if no last word left, the transport is reset
        assert_eq!(reset, conn.resets, "connection {name} is let go of the wrong way");
        conn.is_there = false;
        if conn.is_ready {
            conn.is_ready = false;
            self.ready.retain(|&ready| ready != name);
        }
        self.counters.lingering -= 1;
    }

    /// Checks what one turn of at most `steps` steps did, and whether it reported rightly that
    /// there is more.
    pub(super) fn turned(&mut self, done: &[Done], steps: usize, more: bool) {
        let mut done = done.iter().copied();
        let (mut used, mut has_read) = (0, false);
        while let Some(next) = done.next() {
            used += 1;
            match next {
                Done::Gone { name, reset } => {
                    assert!(!has_read, "a deadline waits after a read");
                    self.expired(name, reset);
                }
                Done::Read { name, room, got } => {
                    has_read = true;
                    self.read(name, room, got, &mut done);
                }
            }
        }
        assert!(used <= steps, "a turn of {steps} steps takes {used}");
        if more {
            assert!(
                used == steps && self.may_have_more(),
                "a turn says that there is more, and there is not"
            );
        } else {
            self.nothing_is_left();
        }
    }

    fn may_have_more(&self) -> bool {
        !self.ready.is_empty()
            || self.there().any(|name| self.conns[name].deadline.is_some_and(|by| by <= self.now))
    }

    fn nothing_is_left(&self) {
        assert!(self.ready.is_empty(), "a turn ends while {:?} are ready", self.ready);
        let is_late = |conn: &Conn| conn.deadline.is_some_and(|by| by.saturating_add(self.tick) <= self.now);
        let late = self.there().find(|&name| is_late(&self.conns[name]));
        assert!(late.is_none(), "the deadline of {late:?} is late by more than a tick");
    }

    /// Notes that a connection was released by its deadline.
    pub(super) fn expired(&mut self, name: usize, reset: bool) {
        let by = self.conns[name].deadline;
        assert!(by.is_some_and(|by| by <= self.now), "connection {name} ends early: {by:?} at {}", self.now);
        self.counters.timed_out += 1;
        self.let_go(name, reset);
    }

    /// Notes that a connection was read. The result ends it, or it waits for its next turn.
    fn read(&mut self, name: usize, room: usize, got: Got, done: &mut impl Iterator<Item = Done>) {
        let first = self.ready.pop_front();
        assert_eq!(first, Some(name), "the wrong one is read");
        let conn = &mut self.conns[name];
        conn.is_ready = false;
        let most = conn.left.map_or(MOST, |left| MOST.min(left as usize + 1));
        assert!((1..=most).contains(&room), "connection {name} is read for {room} of {most} bytes");
        match got {
            Got::Bytes(bytes) => {
                self.counters.drained += u64::from(bytes);
                match conn.left {
                    Some(left) if bytes > left => {
                        self.counters.over_budget += 1;
                        self.must_go(name, done);
                    }
                    left => {
                        conn.left = left.map(|left| left - bytes);
                        self.make_ready(name);
                    }
                }
            }
            Got::Again => self.make_ready(name),
            Got::Wait => {}
            Got::Fin => {
                self.counters.by_fin += 1;
                self.must_go(name, done);
            }
            Got::Failed => {
                self.counters.reset += 1;
                self.must_go(name, done);
            }
        }
    }

    fn must_go(&mut self, name: usize, done: &mut impl Iterator<Item = Done>) {
        match done.next() {
            Some(Done::Gone { name: gone, reset }) if gone == name => self.let_go(name, reset),
            other => panic!("connection {name} has ended, and then comes {other:?}"),
        }
    }

    /// Checks that a driver may sleep until this time.
    pub(super) fn may_sleep_until(&self, next: Option<u64>) {
        let earliest = self.there().filter_map(|name| self.conns[name].deadline).min();
        match (earliest, next) {
            (None, None) => {}
            (Some(by), Some(next)) => {
                assert!(next <= by.saturating_add(self.tick), "a driver sleeps past {by} until {next}");
                // A driver that wakes and finds nothing to do would spin.
                assert!(next >= by, "a driver is woken at {next} for nothing before {by}");
            }
            other => panic!("the earliest deadline and the next one told are {other:?}"),
        }
    }
}
