//! Time that jumps, for both adapters.
//!
//! Decides nothing: the streams over tokio run on a paused clock, one runtime to a thread. The
//! blocking stream reads the clock of the system, so for it a deadline that has passed is a
//! patience that has become zero.

use tokio::runtime::EnterGuard;

use crate::paused;

/// How long a close may take, in seconds.
pub(super) const PATIENCE: u64 = 5;

/// The time of a run, in seconds.
pub(super) struct Clock {
    pub(super) now: u64,
    /// When the wait that runs must be over.
    pub(super) by: Option<u64>,
    _entered: EnterGuard<'static>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { now: 0, by: None, _entered: paused::enter() }
    }

    pub(super) fn jump(&mut self, seconds: u64) {
        self.now += seconds;
        paused::jump(seconds);
    }

    pub(super) fn has_passed(&self) -> bool {
        self.by.is_some_and(|by| by <= self.now)
    }

    /// The wait runs from now on, if it does not already.
    pub(super) fn runs(&mut self) {
        self.by.get_or_insert(self.now + PATIENCE);
    }
}
