//! A task of a run: what it waits for, and whether it was woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

/// A call that waits, of the kinds `O`, and who wakes it.
pub(crate) struct Task<O> {
    pub(crate) op: Option<O>,
    pub(crate) waker: Waker,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<O> Task<O> {
    pub(crate) fn new() -> Self {
        let woken = Arc::new(Woken::default());
        Self { op: None, waker: Waker::from(Arc::clone(&woken)), woken }
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    /// From here on it has not been woken. Whether it had been.
    pub(crate) fn sleeps(&self) -> bool {
        self.woken.0.swap(false, Ordering::Relaxed)
    }
}
