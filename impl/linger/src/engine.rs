//! The engine of lingering: many transports, one scratch buffer. It has no clock and does not wait.
//!
//! Decides which transport is read next, and which is the oldest if there is no more room. The
//! [`Draining`] of a transport decides what the transport does next. Leaves to its driver when
//! something may be read, and what time it is.

use std::io::Read;
use std::time::Instant;

use close_notify_core::Output;
use close_notify_core::drain::{Draining, Event};

use crate::counters::Counters;
use crate::limits::{BadLimits, Limits};
use crate::news::{News, news};
use crate::slab::{Links, List, NIL, Slab};
use crate::wheel::Wheel;

/// The most that one read takes. A peer that sends without end gets as many turns as the others,
/// and no longer ones.
const SCRATCH: usize = 16 * 1024;

/// A transport that lingers. Reading must not block. Dropping it closes it.
///
/// ```
/// # use close_notify_linger::Source;
/// struct Ended;
/// impl std::io::Read for Ended {
///     fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> { Ok(0) }
/// }
/// impl Source for Ended {
///     fn reset(self) {}
/// }
/// ```
pub trait Source: Read {
    /// Resets the transport if no last word has left: a FIN would say that everything was sent.
    fn reset(self);
}

/// The place of a transport in its engine. It is free again once the transport has ended.
///
/// ```
/// # use close_notify_linger::{Engine, Key, Source};
/// /// Call this in an event loop whose poller uses this key as a token.
/// fn is_readable<S: Source>(engine: &mut Engine<S>, token: Key) {
///     engine.ready(token);
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(pub(crate) u32);

struct Entry<S> {
    source: S,
    draining: Draining,
    slot: u16,
    is_ready: bool,
}

/// Transports that linger, driven by hand, for your own event loop.
/// [`Lingerer`](crate::Lingerer) drives itself.
///
/// Call [`add`](Self::add) for each transport. Call [`ready`](Self::ready) whenever a transport may
/// have become readable, also right after it was added. Call [`turn`](Self::turn) after either, and
/// when [`next_deadline`](Self::next_deadline) has come. Every call is O(1), plus the transports
/// that it ends; a turn is O(1) per step.
///
/// ```
/// use std::{io, time::Instant};
/// # use close_notify_core::{Event, Machine, Manner, Policy, Role, Version};
/// # use close_notify_linger::{Engine, Limits, Source};
///
/// /// A peer that sends nothing and ends its stream.
/// struct Quiet;
/// impl io::Read for Quiet {
///     fn read(&mut self, _: &mut [u8]) -> io::Result<usize> { Ok(0) }
/// }
/// impl Source for Quiet {
///     fn reset(self) {}
/// }
///
/// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
/// for event in [Event::Close(Manner::Linger), Event::DeadlineStarted, Event::OutputSealed,
///               Event::OutputWritten, Event::WriteShut] {
///     machine.handle(event)?;
/// }
/// let draining = machine.lingering().expect("only the transport is left");
/// let now = Instant::now();
/// let mut engine = Engine::new(Limits::DEFAULT, now)?;
/// let key = engine.add(Quiet, draining, None, now).expect("it lingers");
/// engine.ready(key);
/// while engine.turn(now, 64) {}
/// assert_eq!(engine.counters().by_fin, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Engine<S> {
    limits: Limits,
    entries: Slab<Entry<S>>,
    wheel: Wheel,
    by_age: List,
    readable: List,
    counters: Counters,
    scratch: Box<[u8]>,
}

impl<S: Source> Engine<S> {
    /// An engine in which nothing lingers yet.
    ///
    /// # Errors
    ///
    /// Fails with [`BadLimits`] if nothing could linger within the limits.
    pub fn new(limits: Limits, now: Instant) -> Result<Self, BadLimits> {
        let Limits { patience, connections } = limits.check()?;
        Ok(Self {
            limits: Limits { patience, connections: connections.min(NIL - 1) },
            entries: Slab::new(),
            wheel: Wheel::new(patience, now),
            by_age: List::EMPTY,
            readable: List::EMPTY,
            counters: Counters::default(),
            scratch: vec![0; SCRATCH].into(),
        })
    }

    /// Adds a transport. It lingers until it has ended, or until `deadline`, or for the patience of
    /// the limits, whichever comes first. If as many linger as the limits allow, the oldest gives
    /// way to it. If the driver has not taken a turn for longer than the patience, those whose
    /// deadlines have passed end first.
    ///
    /// Returns `None` if the transport has nothing to wait for: it is let go.
    #[expect(clippy::missing_panics_doc, reason = "the entry was just inserted")]
    pub fn add(
        &mut self,
        source: S,
        draining: Draining,
        deadline: Option<Instant>,
        now: Instant,
    ) -> Option<Key> {
        while self.wheel.is_late(now)
            && let Some(late) = self.wheel.passed(now)
        {
            self.tell(late, Event::DeadlinePassed);
        }
        if self.entries.len() >= self.limits.connections
            && let Some(oldest) = self.by_age.first()
        {
            self.tell(oldest, Event::GaveWay);
        }
        let patience = now.checked_add(self.limits.patience);
        let deadline = deadline.into_iter().chain(patience).min();
        let key = self.entries.insert(Entry { source, draining, slot: 0, is_ready: false });
        let slot = self.wheel.insert(&mut self.entries, key, deadline, now);
        self.entries.push_back(&mut self.by_age, Links::Age, key);
        self.counters.lingering += 1;
        let entry = self.entries.get_mut(key).expect("it was just inserted");
        entry.slot = slot;
        self.obey(key).then_some(Key(key))
    }

    /// Marks a transport as possibly readable. Does nothing if the transport has ended meanwhile.
    pub fn ready(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(key.0)
            && !entry.is_ready
        {
            entry.is_ready = true;
            self.entries.push_back(&mut self.readable, Links::Ready, key.0);
        }
    }

    /// Ends those whose deadline has passed, then reads the ready ones in turn, again and again. It
    /// takes at most `steps` steps; a step is one deadline or one read. Returns whether there is
    /// more to do at once.
    pub fn turn(&mut self, now: Instant, steps: usize) -> bool {
        for _ in 0..steps {
            if let Some(late) = self.wheel.passed(now) {
                self.tell(late, Event::DeadlinePassed);
            } else if let Some(key) = self.readable.first() {
                self.read(key);
            } else {
                return false;
            }
        }
        self.readable.first().is_some() || self.wheel.passed(now).is_some()
    }

    /// When [`turn`](Self::turn) next has something to do even if nothing is readable; `None` if
    /// nothing lingers.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next()
    }

    /// Ends the patience of all: they are closed, and counted as timed out.
    pub fn expire_all(&mut self) {
        self.end_all(Event::DeadlinePassed);
    }

    /// Whether nothing lingers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The counters so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn end_all(&mut self, event: Event) {
        while let Some(key) = self.by_age.first() {
            self.tell(key, event);
        }
    }

    /// Counts a transport that was to linger but could not be added.
    pub(crate) const fn count_not_taken(&mut self) {
        self.counters.not_taken += 1;
    }

    /// Drops all without counting them, as if nothing had been added: another process has them.
    pub(crate) fn forget_all(&mut self) {
        self.entries = Slab::new();
        self.wheel = Wheel::new(self.limits.patience, Instant::now());
        (self.by_age, self.readable) = (List::EMPTY, List::EMPTY);
        self.counters = Counters::default();
    }

    fn read(&mut self, key: u32) {
        let entry = self.entries.get_mut(key).expect("what is ready is there");
        let left = entry.draining.left().map_or(SCRATCH, |left| left.saturating_add(1) as usize);
        let read = entry.source.read(&mut self.scratch[..left.min(SCRATCH)]);
        // If it has more to read, it goes to the end of the queue.
        self.rest(key);
        match news(read) {
            News::Bytes(bytes) => {
                self.counters.drained += u64::from(bytes);
                if self.tell(key, Event::Drained { bytes }) {
                    self.ready(Key(key));
                }
            }
            News::End => drop(self.tell(key, Event::PeerFin)),
            News::Again => self.ready(Key(key)),
            News::Wait(_) => {}
            News::Failed(_) => drop(self.tell(key, Event::PeerReset)),
        }
    }

    /// Marks the transport as not ready.
    fn rest(&mut self, key: u32) {
        if let Some(entry) = self.entries.get_mut(key)
            && entry.is_ready
        {
            entry.is_ready = false;
            self.entries.unlink(&mut self.readable, Links::Ready, key);
        }
    }

    /// Passes on a fact and does what follows; returns whether the transport lingers on.
    fn tell(&mut self, key: u32, event: Event) -> bool {
        let entry = self.entries.get_mut(key).expect("what is told of is there");
        entry.draining.handle(event).expect("a transport that drains takes every fact of it");
        self.obey(key)
    }

    /// Lets go of a transport that is no longer to be drained; returns whether it lingers on.
    fn obey(&mut self, key: u32) -> bool {
        let entry = self.entries.get_mut(key).expect("what is asked is there");
        let output = entry.draining.output();
        if output == Output::Drain {
            return true;
        }
        let slot = entry.slot;
        self.rest(key);
        self.wheel.remove(&mut self.entries, key, slot);
        self.entries.unlink(&mut self.by_age, Links::Age, key);
        let entry = self.entries.remove(key).expect("it was just there");
        self.counters.lingering -= 1;
        if let Some(end) = entry.draining.end() {
            self.counters.count(end);
        }
        if output == Output::ResetTransport {
            entry.source.reset();
        }
        false
    }
}
