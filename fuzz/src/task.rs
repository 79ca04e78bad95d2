//! A task of a run: the call that it waits for, and whether it was woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

/// A waiting call of type `O`, and its waker.
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

    /// Clears the wake-up. Returns whether there was one.
    pub(crate) fn sleeps(&self) -> bool {
        self.woken.0.swap(false, Ordering::Relaxed)
    }
}
