//! Time that jumps: the streams over tokio run on a paused clock, one runtime to a thread.

use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time::advance;

thread_local! {
    static RUNTIME: &'static Runtime = Box::leak(Box::new(
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
    ));
}

/// The time of a run.
pub(super) struct Clock {
    /// It has jumped.
    pub(super) has_jumped: bool,
    _entered: EnterGuard<'static>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { has_jumped: false, _entered: RUNTIME.with(|runtime| runtime.enter()) }
    }

    pub(super) fn jump(&mut self, seconds: u64) {
        self.has_jumped = true;
        RUNTIME.with(|runtime| runtime.block_on(advance(Duration::from_secs(seconds))));
    }
}
