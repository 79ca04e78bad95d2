//! A connection for tasks: its driver, its transport and its clock, borrowed by one call at a time.
//!
//! Decides nothing. Reports whether a call has changed the state of the connection; the owner then
//! wakes the waiting tasks, once it holds no lock any more.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::tokio::task::unconstrained;

use super::polled::{Clock, Polled};
use super::transport::Transport;
use super::wakers::Wakers;
use crate::driver::Driver;
use crate::driver::lingering::Lingering;
use crate::engine::tls::Tls;
use crate::error::is_a_wait;
use crate::session::Session;

pub(super) struct Driven<IO: Transport, C: Tls> {
    pub(super) driver: Driver<C>,
    pub(super) io: Option<IO>,
    pub(super) lingering: Lingering,
    clock: Clock,
    /// Given to the transport and the clock; wakes all waiting tasks.
    waker: Waker,
}

/// The result of a call, and whether it changed the state of the connection.
#[derive(Debug)]
#[must_use]
pub(super) struct Called<R> {
    pub(super) result: io::Result<R>,
    pub(super) has_changed: bool,
}

impl<IO: Transport, C: Tls> Driven<IO, C> {
    pub(super) fn new(session: Session<C>, io: IO, wakers: &Arc<Wakers>) -> Self {
        Self {
            driver: Driver::new(session),
            io: Some(io),
            lingering: Lingering::default(),
            clock: Clock::default(),
            waker: Waker::from(Arc::clone(wakers)),
        }
    }

    /// Sets how long a close may take. Returns whether one is under way, which gets this long from
    /// now.
    pub(super) fn set_patience(&mut self, patience: Duration) -> bool {
        self.driver.patience = patience;
        let is_running = self.clock.is_running();
        if is_running {
            self.clock.start(patience);
        }
        is_running
    }

    /// Makes one call of the driver for a waiting task.
    pub(super) fn call<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Called<R> {
        self.lend(true, call)
    }

    /// Makes one call of the driver that nobody waits for, inside or outside a runtime.
    pub(super) fn at_once<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Called<R> {
        // tokio hides events from a task that has done a lot of work until it yields, and this call
        // cannot yield.
        let called = pin!(unconstrained(async { self.lend(false, call) }));
        let Poll::Ready(called) = called.poll(&mut Context::from_waker(Waker::noop())) else {
            unreachable!("nothing is awaited in it")
        };
        called
    }

    fn lend<R>(
        &mut self,
        is_awaited: bool,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Called<R> {
        let before = self.driver.progress(self.io.is_some());
        let mut io = Polled {
            io: &mut self.io,
            clock: &mut self.clock,
            lingering: &mut self.lingering,
            cx: &mut Context::from_waker(&self.waker),
            is_awaited,
            without_runtime: None,
        };
        let result = match call(&mut self.driver, &mut io) {
            // Without a runtime nothing would wake the task.
            Err(error) if is_a_wait(&error) => Err(io.without_runtime.map_or(error, io::Error::other)),
            result => result,
        };
        Called { result, has_changed: self.driver.progress(self.io.is_some()) != before }
    }
}

impl<IO: Transport, C: Tls> Drop for Driven<IO, C> {
    fn drop(&mut self) {
        if self.io.is_some() && self.lingering.has_service() {
            let _ = self.at_once(|driver, io| {
                driver.let_go(io);
                Ok(())
            });
        }
    }
}
