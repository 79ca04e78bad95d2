//! The service in a thread that waits in the poll.

use std::time::{Duration, Instant};

use crate::service::{Next, Worker};

/// Serves until nothing is left, or the system refuses to wait.
pub(crate) fn serve(mut worker: Worker) {
    let mut has_more = false;
    loop {
        let wait = match worker.next(has_more) {
            Next::End => return,
            Next::Turn => Some(Duration::ZERO),
            Next::Wait(until) => until.map(|until| until.saturating_duration_since(Instant::now())),
        };
        match worker.turn(wait) {
            Ok(more) => has_more = more,
            Err(_) => return,
        }
    }
}
