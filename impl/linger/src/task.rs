//! The service in a tokio task: the runtime waits for the poll's descriptor, and the poll waits for
//! the sockets.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::service::{Next, Worker};

/// A worker that the runtime can wait for.
pub(crate) struct Task(AsyncFd<Pollable>);

struct Pollable(Worker);

impl AsRawFd for Pollable {
    fn as_raw_fd(&self) -> RawFd {
        self.0.poll.as_raw_fd()
    }
}

impl Task {
    #[allow(
        deprecated,
        reason = "what replaces it is unsafe; this descriptor is open as long as its poll is owned"
    )]
    pub(crate) fn new(worker: Worker) -> io::Result<Self> {
        Ok(Self(AsyncFd::with_interest(Pollable(worker), Interest::READABLE)?))
    }

    /// Serves until nothing is left, or the system refuses to wait.
    pub(crate) async fn serve(mut self) {
        let mut has_more = false;
        loop {
            let worker = &self.0.get_ref().0;
            match worker.next(has_more) {
                Next::End => return,
                Next::Turn => tokio::task::yield_now().await,
                Next::Wait(until) => {
                    if self.readable(until).await.is_err() {
                        return;
                    }
                }
            }
            match self.0.get_mut().0.turn(Some(Duration::ZERO)) {
                Ok(more) => has_more = more,
                Err(_) => return,
            }
        }
    }

    /// Waits until a socket or a handle has something for us, or at most until `until`. Fails if
    /// the runtime is shutting down.
    async fn readable(&mut self, until: Option<Instant>) -> io::Result<()> {
        let readable = self.0.readable_mut();
        let ready = match until {
            Some(until) => tokio::time::timeout_at(until.into(), readable).await,
            None => Ok(readable.await),
        };
        if let Ok(guard) = ready {
            // What becomes ready from here on wakes us again. The turn finds what is ready now.
            guard?.clear_ready();
        }
        Ok(())
    }
}
