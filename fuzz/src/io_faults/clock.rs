//! Time that jumps, for both adapters.
//!
//! Decides nothing: the streams over tokio run on a paused clock, with one runtime per thread. The
//! blocking stream reads the system clock, so its deadline passes by setting its patience to zero.

use tokio::runtime::EnterGuard;

use crate::paused;

/// How long a close may take, in seconds.
pub(super) const PATIENCE: u64 = 5;

/// The time of a run, in seconds.
pub(super) struct Clock {
    pub(super) now: u64,
    /// The time at which the current wait must be over.
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

    /// Starts the time of a wait, unless it runs already.
    pub(super) fn runs(&mut self) {
        self.by.get_or_insert(self.now + PATIENCE);
    }
}
