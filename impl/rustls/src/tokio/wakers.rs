//! Every task that waits on one stream, woken together.
//!
//! A transport of tokio keeps one waker for each direction, but a read of ours may write and a close does both: what
//! one task registers would be lost by the next. So the transport wakes this, and this wakes all.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// What a task waits for: one task at a time for each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    Read,
    Write,
    Close,
}

#[derive(Debug, Default)]
pub(super) struct Wakers(Mutex<[Option<Waker>; 3]>);

impl Wakers {
    /// The task is woken when the transport next is.
    pub(super) fn register(&self, waits: Waits, waker: &Waker) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut all[waits as usize] {
            Some(known) => known.clone_from(waker),
            slot => *slot = Some(waker.clone()),
        }
    }

    /// Every task looks again but the one that waits for this.
    pub(super) fn wake_all_but(&self, waits: Option<Waits>) {
        let kept = waits.map(|waits| waits as usize);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let woken: [Option<Waker>; 3] =
            std::array::from_fn(|slot| if Some(slot) == kept { None } else { all[slot].take() });
        drop(all);
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all_but(None);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all_but(None);
    }
}
