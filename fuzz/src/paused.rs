//! Time of tokio that jumps and does not run: one runtime to a thread.

use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time::advance;

thread_local! {
    static RUNTIME: &'static Runtime = Box::leak(Box::new(
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
    ));
}

/// What is called under it runs on the paused clock.
pub(crate) fn enter() -> EnterGuard<'static> {
    RUNTIME.with(|runtime| runtime.enter())
}

pub(crate) fn jump(seconds: u64) {
    RUNTIME.with(|runtime| runtime.block_on(advance(Duration::from_secs(seconds))));
}
