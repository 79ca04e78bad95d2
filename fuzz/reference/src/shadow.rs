//! The small machine of a lingering transport next to the whole one: both get the same facts, and
//! must ask for the same.

use close_notify_core::drain::{self, End};
use close_notify_core::{Draining, Event, Machine, Output, TransportEnd, transport};

use crate::judge::Flaw;

/// The machine that lingers without TLS, from the point at which only the transport is left, and
/// the first end reported to it.
#[derive(Clone, Copy, Debug)]
pub struct Shadow {
    draining: Option<Draining>,
    end: Option<End>,
}

impl Shadow {
    /// The small machine of this one, if there is one yet.
    #[must_use]
    pub const fn of(machine: &Machine) -> Self {
        Self { draining: machine.lingering(), end: None }
    }

    /// Follows the whole machine by one fact.
    ///
    /// # Errors
    ///
    /// Returns how the two differ, if they no longer agree.
    // RFC 9112 §9.6 · linger-is-bounded, alert-survives-close, data-survives-close
    pub fn follow(&mut self, after: &Machine, fact: Event, legal: bool) -> Result<(), Flaw> {
        let Some((mut draining, fact)) = self.draining.zip(of_the_transport(fact)) else {
            *self = Self::of(after);
            return Ok(());
        };
        let is_unasked =
            fact == drain::Event::TransportResetByUs && draining.output() != Output::ResetTransport;
        let taken = draining.handle(fact).is_ok();
        if is_unasked {
            self.draining = None;
            return if taken {
                Err("a lingering transport took a reset that nobody asked for")
            } else {
                Ok(())
            };
        }
        self.draining = Some(draining);
        if taken != legal {
            return Err("a lingering transport takes other facts than the whole machine");
        }
        if draining.output() != after.output() {
            return Err("a lingering transport asks for something else than the whole machine");
        }
        // The first end is kept.
        self.end = self.end.or(if legal { end_by(fact, after) } else { None });
        if draining.end() != self.end {
            return Err("a lingering transport tells another end than the first");
        }
        if self.end.is_some_and(|end| ending_of(end) != after.ending().transport) {
            return Err("the ending tells another end of the transport than what lingered");
        }
        let budget = after.policy().drain_budget;
        let left = (budget != u32::MAX).then(|| budget.saturating_sub(after.ending().drained));
        if after.transport_state().is_released() || draining.left() == left {
            return Ok(());
        }
        Err("a lingering transport may read another number of bytes than the whole machine")
    }
}

/// The end that a fact causes, if any.
fn end_by(fact: drain::Event, after: &Machine) -> Option<End> {
    match fact {
        drain::Event::PeerFin => Some(End::PeerFin),
        drain::Event::PeerReset => Some(End::PeerReset),
        drain::Event::DeadlinePassed => Some(End::TimedOut),
        drain::Event::GaveWay => Some(End::GaveWay),
        drain::Event::Drained { .. } => {
            (after.transport_state() == transport::State::GivenUp).then_some(End::OverBudget)
        }
        drain::Event::TransportClosed | drain::Event::TransportResetByUs => None,
    }
}

/// The same end in the ending of the whole machine, where nobody gives way.
const fn ending_of(end: End) -> TransportEnd {
    match end {
        End::PeerFin => TransportEnd::PeerFin,
        End::PeerReset => TransportEnd::PeerReset,
        End::TimedOut | End::GaveWay => TransportEnd::TimedOut,
        End::OverBudget => TransportEnd::OverBudget,
    }
}

/// A fact about the transport alone.
const fn of_the_transport(fact: Event) -> Option<drain::Event> {
    Some(match fact {
        // A drain takes at least one byte.
        Event::Drained { bytes: 0 } => return None,
        Event::Drained { bytes } => drain::Event::Drained { bytes },
        Event::TransportEof { .. } => drain::Event::PeerFin,
        Event::TransportReset { .. } => drain::Event::PeerReset,
        Event::DeadlinePassed => drain::Event::DeadlinePassed,
        Event::TransportClosed => drain::Event::TransportClosed,
        Event::TransportResetByUs => drain::Event::TransportResetByUs,
        Event::PeerKeysInUse
        | Event::EarlyDataAccepted
        | Event::HandshakeDone
        | Event::Write
        | Event::CloseWrite
        | Event::Close(_)
        | Event::Reject(_)
        | Event::PeerData { .. }
        | Event::PeerMessage { .. }
        | Event::PeerAlert { .. }
        | Event::PeerViolation(_)
        | Event::WriteFailed { .. }
        | Event::PendingDiscarded { .. }
        | Event::EngineNotified
        | Event::OutputSealed
        | Event::OutputUnsealable
        | Event::OutputBegun
        | Event::OutputWritten
        | Event::WriteShut
        | Event::DeadlineStarted
        | Event::SessionForgotten
        | Event::TransportHandedBack
        | Event::TransportHandedOver
        | Event::Flushed => return None,
    })
}
