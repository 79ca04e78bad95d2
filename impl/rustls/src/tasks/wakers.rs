//! Wakes every task that waits on one connection, all together.
//!
//! A tokio transport keeps one waker for each direction, but our reads may write, and a close reads
//! and writes: the next task would replace what one task registered. So the transport wakes this
//! type, and this type wakes all tasks.
//!
//! Polled calls keep the last waker of their kind, as tokio's traits do. An awaited call of a
//! handle has its own place for as long as its future lives. No other task takes that place, and
//! dropping the future frees it.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use ::tokio::sync::Notify;

use super::driven::Called;
use crate::error::is_a_wait;

/// What is polled, each by one task at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    Read,
    Write,
    Flush,
    Shutdown,
    /// A polled close.
    Close,
    /// An awaited call on a whole stream: nobody else has the stream in the meantime.
    Call,
}

impl Waits {
    const COUNT: usize = Self::Call as usize + 1;
}

#[derive(Debug, Default)]
pub(super) struct Wakers {
    polled: Mutex<[Option<Waker>; Waits::COUNT]>,
    awaited: Notify,
}

impl Wakers {
    /// Makes a polled call. What it waits for wakes the task.
    pub(super) fn poll<R>(
        &self,
        waits: Waits,
        cx: &Context<'_>,
        call: impl FnOnce() -> Called<R>,
    ) -> Poll<io::Result<R>> {
        self.register(waits, cx.waker());
        poll_of(self.others_woken(Some(waits), call()))
    }

    /// Makes an awaited call, again after each wake-up, until it is done.
    pub(super) async fn until_done<R>(&self, mut call: impl FnMut() -> Called<R>) -> io::Result<R> {
        let mut woken = pin!(self.awaited.notified());
        poll_fn(|cx| {
            // Registered before the call, so that a wake-up during the call is not lost.
            woken.set(self.awaited.notified());
            let done = poll_of(self.others_woken(None, call()));
            if done.is_pending() && woken.as_mut().poll(cx).is_ready() {
                // A transport that makes a task yield wakes it within the call.
                cx.waker().wake_by_ref();
            }
            done
        })
        .await
    }

    /// The result of a call that nobody waits for.
    pub(super) fn at_once<R>(&self, called: Called<R>) -> io::Result<R> {
        self.others_woken(None, called)
    }

    /// Wakes the other tasks if the state has changed. Some may wait for what can no longer happen,
    /// and nothing else will wake them.
    fn others_woken<R>(&self, waits: Option<Waits>, called: Called<R>) -> io::Result<R> {
        if called.has_changed {
            self.wake_all_but(waits);
        }
        called.result
    }

    /// Registers the task to be woken when the transport is.
    fn register(&self, waits: Waits, waker: &Waker) {
        let waker = waker.clone();
        let before =
            self.polled.lock().unwrap_or_else(PoisonError::into_inner)[waits as usize].replace(waker);
        // Cloning, waking or dropping a waker may run arbitrary code, so no lock is held then.
        drop(before);
    }

    /// Wakes every task except the one that polls this.
    pub(super) fn wake_all_but(&self, waits: Option<Waits>) {
        let kept = waits.map(|waits| waits as usize);
        let mut all = self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        let woken: [Option<Waker>; Waits::COUNT] =
            std::array::from_fn(|slot| if Some(slot) == kept { None } else { all[slot].take() });
        drop(all);
        self.awaited.notify_waiters();
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

fn poll_of<R>(result: io::Result<R>) -> Poll<io::Result<R>> {
    match result {
        Err(error) if is_a_wait(&error) => Poll::Pending,
        result => Poll::Ready(result),
    }
}
