//! Time that jumps: the streams over tokio run on a paused clock, one runtime to a thread.

use tokio::runtime::EnterGuard;

use crate::paused;

/// The time of a run.
pub(super) struct Clock {
    /// It has jumped.
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
