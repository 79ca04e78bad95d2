//! A connection for tasks: its driver, its transport and its clock, lent to one call at a time.
//!
//! Decides nothing. Says whether a call has changed how the connection stands: its owner then wakes
//! who waits, once no lock is held any more.

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
    /// What the transport and the clock wake: all who wait.
    waker: Waker,
}

/// What a call came to, and whether the connection stands otherwise since.
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

    /// How long a close may take. Whether one is under way, which has that long from now.
    pub(super) fn set_patience(&mut self, patience: Duration) -> bool {
        self.driver.patience = patience;
        let is_running = self.clock.is_running();
        if is_running {
            self.clock.start(patience);
        }
        is_running
    }

    /// Makes one call of the driver for a task that waits.
    pub(super) fn call<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Called<R> {
        self.lend(true, call)
    }

    /// Makes one call of the driver that nobody waits for, in a runtime or not.
    pub(super) fn at_once<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<C>, &mut Polled<'_, '_, IO>) -> io::Result<R>,
    ) -> Called<R> {
        // tokio hides what has come from a task that has done much already, until it yields: this
        // call cannot.
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
        let before = self.stands();
        let mut line = Polled {
            io: &mut self.io,
            clock: &mut self.clock,
            lingering: &mut self.lingering,
            cx: &mut Context::from_waker(&self.waker),
            is_awaited,
            without_runtime: None,
        };
        let result = match call(&mut self.driver, &mut line) {
            // Nothing would wake the task.
            Err(error) if is_a_wait(&error) => Err(line.without_runtime.map_or(error, io::Error::other)),
            result => result,
        };
        Called { result, has_changed: self.stands() != before }
    }

    fn stands(&self) -> impl Eq + use<IO, C> {
        let session = &self.driver.session;
        let machine = session.machine();
        let halves = (machine.send_state(), machine.recv_state());
        (halves, machine.transport_state(), machine.manner(), session.may_receive(), self.io.is_some())
    }
}

impl<IO: Transport, C: Tls> Drop for Driven<IO, C> {
    fn drop(&mut self) {
        if self.io.is_some() && self.lingering.has_service() {
            let _ = self.at_once(|driver, line| {
                driver.let_go(line);
                Ok(())
            });
        }
    }
}
