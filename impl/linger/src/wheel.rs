//! Deadlines in O(1): a wheel of lists, one list per tick, as wide as the longest patience.
//!
//! Decides which deadline has passed. No deadline is reported early. It is reported at most one
//! tick late; a tick is 1/255 of the patience, and at least a millisecond. Every deadline fits into
//! one turn of the wheel, so an entry is looked at once.

use std::time::{Duration, Instant};

use crate::slab::{Links, List, Slab};

/// Twice as many as there are ticks in the patience, so that a driver that is late by the whole
/// patience still finds each entry in its place.
const SLOTS: u64 = 512;
const TICKS_OF_PATIENCE: u64 = 255;
const BITS: u64 = 64;

pub(crate) struct Wheel {
    start: Instant,
    tick: u64,
    current: u64,
    lists: Box<[List]>,
    occupied: [u64; (SLOTS / BITS) as usize],
}

impl Wheel {
    pub(crate) fn new(patience: Duration, now: Instant) -> Self {
        let tick = nanos(patience).div_ceil(TICKS_OF_PATIENCE).max(1_000_000);
        let lists = vec![List::EMPTY; SLOTS as usize].into();
        Self { start: now, tick, current: 0, lists, occupied: [0; (SLOTS / BITS) as usize] }
    }

    /// Puts an entry under its deadline; returns the slot that [`remove`](Self::remove) needs.
    /// Without a deadline the entry is as late as possible.
    pub(crate) fn insert<T>(
        &mut self,
        slab: &mut Slab<T>,
        key: u32,
        deadline: Option<Instant>,
        now: Instant,
    ) -> u16 {
        let passed = self.nanos_at(now) / self.tick;
        self.current = self.current.max(self.first().map_or(passed, |first| first.min(passed)));
        let due = deadline.map_or(u64::MAX, |deadline| self.nanos_at(deadline).div_ceil(self.tick));
        let slot = due.clamp(self.current, self.current + SLOTS - 1) % SLOTS;
        slab.push_back(&mut self.lists[slot as usize], Links::Wheel, key);
        self.occupied[(slot / BITS) as usize] |= 1 << (slot % BITS);
        slot as u16
    }

    /// Whether the driver is so late that a deadline from now on may have no place before the first
    /// deadline that has passed is reported.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        let passed = self.nanos_at(now) / self.tick;
        self.first().is_some_and(|first| passed.saturating_sub(first) > SLOTS - 2 - TICKS_OF_PATIENCE)
    }

    pub(crate) fn remove<T>(&mut self, slab: &mut Slab<T>, key: u32, slot: u16) {
        let list = &mut self.lists[usize::from(slot)];
        slab.unlink(list, Links::Wheel, key);
        if list.first().is_none() {
            let slot = u64::from(slot);
            self.occupied[(slot / BITS) as usize] &= !(1 << (slot % BITS));
        }
    }

    /// One entry whose deadline has passed; it stays until it is removed.
    pub(crate) fn passed(&mut self, now: Instant) -> Option<u32> {
        let first = self.first()?;
        if first > self.nanos_at(now) / self.tick {
            return None;
        }
        self.current = first;
        self.lists[(first % SLOTS) as usize].first()
    }

    /// When the next deadline passes; `None` without one, or if the clock cannot express it.
    pub(crate) fn next(&self) -> Option<Instant> {
        let first = self.first()?;
        self.start.checked_add(Duration::from_nanos(first.checked_mul(self.tick)?))
    }

    fn nanos_at(&self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.start))
    }

    /// The first tick from the current one on that has an entry.
    fn first(&self) -> Option<u64> {
        let from = self.current % SLOTS;
        let words = self.occupied.len() as u64;
        // The word of the current tick is looked at twice: its high bits come first, its low bits
        // last.
        for step in 0..=words {
            let word = (from / BITS + step) % words;
            let high = u64::MAX << (from % BITS);
            let mask = if step == 0 {
                high
            } else if step == words {
                !high
            } else {
                u64::MAX
            };
            let bits = self.occupied[word as usize] & mask;
            if bits != 0 {
                let slot = word * BITS + u64::from(bits.trailing_zeros());
                return Some(self.current + (slot + SLOTS - from) % SLOTS);
            }
        }
        None
    }
}

/// Nanoseconds, up to the 584 years that 64 bits hold.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
