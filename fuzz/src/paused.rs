//! A paused clock of tokio that only jumps, with one runtime per thread.

use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time::advance;

thread_local! {
    static RUNTIME: &'static Runtime = Box::leak(Box::new(
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
    ));
}

/// Enters the paused runtime: calls under the guard use its clock.
pub(crate) fn enter() -> EnterGuard<'static> {
    RUNTIME.with(|runtime| runtime.enter())
}

pub(crate) fn jump(seconds: u64) {
    RUNTIME.with(|runtime| runtime.block_on(advance(Duration::from_secs(seconds))));
}
