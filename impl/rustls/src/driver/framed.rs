//! The framing state: as the application sets it, or as a tracker sees it in what is read and
//! written.
//!
//! Decides which plaintext may be delivered. Leaves to the core what an end means in a framing
//! state.
//! Source: RFC 9112 §8 · http-headers-cut.

use std::any::Any;
use std::fmt;
use std::io::IoSlice;

use close_notify_core::FramingState;
use close_notify_framing::{Fault, Framing, Gate};

use crate::engine::tls::Tls;
use crate::session::Session;

/// What a stream knows about its framing.
#[derive(Debug)]
pub(crate) enum Framed {
    /// What the application said last.
    Said(FramingState),
    /// What its tracker sees.
    Tracked(Box<Tracked>),
}

/// What a stream accepts as a tracker; the concrete type can be recovered.
trait Tracker: Framing + Any + Send + Sync {}

impl<T: Framing + Any + Send + Sync> Tracker for T {}

/// A tracker, and plaintext that it has released but nobody has read.
pub(crate) struct Tracked {
    gate: Gate<Box<dyn Tracker>>,
    free: Vec<u8>,
    free_from: usize,
}

impl Framed {
    pub(crate) fn tracked(tracker: impl Framing + Send + Sync + 'static) -> Self {
        let gate = Gate::new(Box::new(tracker) as Box<dyn Tracker>);
        Self::Tracked(Box::new(Tracked { gate, free: Vec::new(), free_from: 0 }))
    }

    /// The tracker, if it has this type.
    pub(crate) fn tracker<F: Framing + 'static>(&self) -> Option<&F> {
        let Self::Tracked(tracked) = self else { return None };
        let tracker: &dyn Any = &**tracked.gate.tracker();
        tracker.downcast_ref()
    }

    /// Plaintext that was read from the session but not delivered.
    pub(crate) fn into_unread(self) -> Vec<u8> {
        match self {
            Self::Said(_) => Vec::new(),
            Self::Tracked(tracked) => {
                let Tracked { gate, mut free, free_from } = *tracked;
                free.drain(..free_from);
                free.extend(gate.into_held());
                free
            }
        }
    }

    pub(crate) fn state(&self) -> FramingState {
        match self {
            Self::Said(state) => *state,
            Self::Tracked(tracked) => tracked.gate.state(),
        }
    }

    /// How many bytes of an incomplete header section are held back.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Said(_) => 0,
            Self::Tracked(tracked) => tracked.gate.held(),
        }
    }

    /// Moves received plaintext to `buffer`. Zero means that none may be delivered yet.
    ///
    /// Fails with what the tracker cannot follow, after everything that could be delivered.
    pub(crate) fn read(
        &mut self,
        session: &mut Session<impl Tls>,
        buffer: &mut [u8],
    ) -> Result<usize, Fault> {
        match self {
            Self::Said(_) => Ok(session.read(buffer)),
            Self::Tracked(tracked) => tracked.read(session, buffer),
        }
    }

    /// Reports to the tracker that the application has written the first `taken` bytes.
    pub(crate) fn sent(&mut self, data: &[IoSlice<'_>], mut taken: usize) {
        let Self::Tracked(tracked) = self else { return };
        for part in data {
            let sent = part.len().min(taken);
            tracked.gate.tracker_mut().sent(&part[..sent]);
            taken -= sent;
        }
    }
}

impl Tracked {
    fn read(&mut self, session: &mut Session<impl Tls>, buffer: &mut [u8]) -> Result<usize, Fault> {
        while self.free_from == self.free.len() {
            if let Some(fault) = self.gate.fault() {
                return Err(fault);
            }
            let count = session.read(buffer);
            if count == 0 {
                return Ok(0);
            }
            self.free.clear();
            self.free_from = 0;
            // The fault is reported above, after everything that could be delivered.
            let _ = self.gate.pass(&buffer[..count], &mut self.free);
        }
        let free = &self.free[self.free_from..];
        let count = free.len().min(buffer.len());
        buffer[..count].copy_from_slice(&free[..count]);
        self.free_from += count;
        Ok(count)
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("state", &self.gate.state()).finish_non_exhaustive()
    }
}
