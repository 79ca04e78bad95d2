//! Every task that waits on one connection, woken together.
//!
//! A transport of tokio keeps one waker for each direction, but a read of ours may write and a
//! close does both: what one task registers would be lost by the next. So the transport wakes this,
//! and this wakes all.
//!
//! What is polled keeps the last waker of its kind, as the traits of tokio do. A call of a handle
//! that is awaited has a place of its own for as long as its future lives: no other task takes it,
//! and a future that is dropped leaves it.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use ::tokio::sync::Notify;

use super::driven::Called;
use crate::error::is_a_wait;

/// What is polled: by one task at a time for each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Waits {
    Read,
    Write,
    Flush,
    Shutdown,
    /// A close that is polled.
    Close,
    /// A call that is awaited on a stream that is whole: nobody else has the stream meanwhile.
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
    /// Makes a call that is polled; what it waits for wakes the task.
    pub(super) fn poll<R>(
        &self,
        waits: Waits,
        cx: &Context<'_>,
        call: impl FnOnce() -> Called<R>,
    ) -> Poll<io::Result<R>> {
        self.register(waits, cx.waker());
        poll_of(self.others_woken(Some(waits), call()))
    }

    /// Makes a call that is awaited, again after each wake-up, until it is done.
    pub(super) async fn until_done<R>(&self, mut call: impl FnMut() -> Called<R>) -> io::Result<R> {
        let mut woken = pin!(self.awaited.notified());
        poll_fn(|cx| {
            // Before the call: what wakes while it is made is not lost.
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

    /// What a call came to that nobody waits for.
    pub(super) fn at_once<R>(&self, called: Called<R>) -> io::Result<R> {
        self.others_woken(None, called)
    }

    /// Who waits for what cannot come any more learns so here: nothing else will wake it.
    fn others_woken<R>(&self, waits: Option<Waits>, called: Called<R>) -> io::Result<R> {
        if called.has_changed {
            self.wake_all_but(waits);
        }
        called.result
    }

    /// The task is woken when the transport next is.
    fn register(&self, waits: Waits, waker: &Waker) {
        let waker = waker.clone();
        let before =
            self.polled.lock().unwrap_or_else(PoisonError::into_inner)[waits as usize].replace(waker);
        // What a waker does when it is cloned, woken or dropped is its own affair: no lock is held
        // then.
        drop(before);
    }

    /// Every task looks again but the one that polls this.
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
