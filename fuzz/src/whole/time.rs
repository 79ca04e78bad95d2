//! Time that jumps: the streams over tokio run on a paused clock, with one runtime per thread.

use tokio::runtime::EnterGuard;

use crate::paused;

/// The time of a run.
pub(super) struct Clock {
    /// Whether it has jumped.
    pub(super) has_jumped: bool,
    _entered: EnterGuard<'static>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { has_jumped: false, _entered: paused::enter() }
    }

    pub(super) fn jump(&mut self, seconds: u64) {
        self.has_jumped = true;
        paused::jump(seconds);
    }
}
