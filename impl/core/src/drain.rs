//! What is left of a connection once TLS has nothing more to say or to learn: a transport that is
//! read to its end.
//!
//! Decides when a lingering transport is read on, closed or reset, and how its lingering ended. Its
//! moves are those of [`transport::State`], and how it is let go was asked of the whole
//! [`Machine`]: this is the same machine without what no longer matters, small enough to be kept a
//! hundred thousand times. Leaves reading, clocks and the choice of who gives way to its driver.
//! Sources: RFC 9112 §9.6 · linger-is-bounded, alert-survives-close, data-survives-close.

use crate::illegal::Illegal;
use crate::machine::Machine;
use crate::named::named;
use crate::output::Output;
use crate::transport;

/// What [`Draining`] keeps where the policy's budget is the largest number: bytes are not counted.
const ENDLESS: u32 = u32::MAX;

/// Any number of a reset.
const ECONNRESET: i32 = 104;

/// What happened to a lingering transport.
///
/// ```
/// use close_notify_core::drain::Event;
/// assert_ne!(Event::Drained { bytes: 1 }, Event::PeerFin);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// Bytes of the peer were read and thrown away.
    Drained {
        /// How many, at least one.
        bytes: u32,
    },
    /// A read returned the end of the peer's stream.
    PeerFin,
    /// A read failed: the transport was reset or died.
    PeerReset,
    /// The deadline passed.
    DeadlinePassed,
    /// The driver needs the place: it holds as many transports as it may.
    GaveWay,
    /// The transport is closed.
    TransportClosed,
    /// The transport is reset by this side, as [`Output::ResetTransport`] asked.
    TransportResetByUs,
}

named! {
    /// How lingering ended; the first end stays.
    ///
    /// ```
    /// use close_notify_core::drain::End;
    /// assert_eq!(End::ALL.len(), 5);
    /// ```
    pub enum End {
        /// The peer ended its stream: it has read ours, or never will.
        PeerFin,
        /// The transport was reset or died.
        PeerReset,
        /// The deadline passed first.
        TimedOut,
        /// The peer sent more than the budget.
        OverBudget,
        /// Another transport needed its place.
        GaveWay,
    }
}

/// The machine of a lingering transport, in eight bytes: made by [`Machine::lingering`].
///
/// Shape: do what [`output`](Self::output) says and tell the result, until it says
/// [`Output::Done`]. It says `Drain`, `CloseTransport`, `ResetTransport` and `Done`, in this order,
/// and nothing else.
///
/// ```
/// use close_notify_core::drain::{End, Event};
/// use close_notify_core::{Event as Fact, Machine, Manner, Output, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
/// for fact in [
///     Fact::Close(Manner::Linger),
///     Fact::DeadlineStarted,
///     Fact::OutputSealed,
///     Fact::OutputWritten,
///     Fact::WriteShut,
/// ] {
///     assert!(machine.lingering().is_none());
///     machine.handle(fact)?;
/// }
/// let mut draining = machine.lingering().expect("nothing but the transport is left");
/// machine.handle(Fact::TransportHandedOver)?;
/// assert_eq!(machine.output(), Output::Done);
///
/// draining.handle(Event::Drained { bytes: 1400 })?;
/// draining.handle(Event::PeerFin)?;
/// assert_eq!((draining.output(), draining.end()), (Output::CloseTransport, Some(End::PeerFin)));
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Draining {
    left: u32,
    transport: transport::State,
    end: Option<End>,
    resets: bool,
}

impl Machine {
    /// What lingers without TLS, once nothing but the transport is left: the output is
    /// [`Output::Drain`], and no fact of the transport can change what is owed to the session.
    ///
    /// Shape: the driver that hands the transport over tells this machine `TransportHandedOver`: it
    /// is [`Output::Done`] then, and [`ending`](Self::ending) is final. The evidence ends at the
    /// hand-over: reading, writing and who closed first can no longer change, but `drained`,
    /// `errno`, the rule of `resumption` and a `delivery` that a later reset would call lost stay
    /// as they were. What the lingering finds, [`Draining::end`] says.
    ///
    /// None while TLS still matters: a last word that is not out, `Graceful` that waits for the
    /// peer's close_notify, a session that a reset would still forbid
    /// ([`ResumptionRule::Rfc2818`](crate::ResumptionRule::Rfc2818)). The machine then lingers
    /// whole.
    #[must_use]
    pub const fn lingering(&self) -> Option<Draining> {
        if !matches!(self.output(), Output::Drain) {
            return None;
        }
        let by_fin = self.output_after(crate::Event::TransportEof { inside_record: false });
        let by_reset = self.output_after(crate::Event::TransportReset { errno: ECONNRESET });
        let closes = matches!((by_fin, by_reset), (Output::CloseTransport, Output::CloseTransport));
        let resets = matches!((by_fin, by_reset), (Output::ResetTransport, Output::ResetTransport));
        if closes || resets {
            Some(Draining { left: self.budget_left(), transport: self.transport, end: None, resets })
        } else {
            None
        }
    }

    const fn output_after(mut self, event: crate::Event) -> Output {
        // Where it is refused, the machine asks for what it asked for before.
        let _ = self.handle(event);
        self.output()
    }

    const fn budget_left(&self) -> u32 {
        match self.policy.drain_budget {
            ENDLESS => ENDLESS,
            budget => budget.saturating_sub(self.evidence.drained),
        }
    }
}

impl Draining {
    /// Takes a fact; the first end that is known stays.
    ///
    /// Shape: any order in which things happen, until the transport is let go.
    ///
    /// Errors: [`Illegal`] for what cannot happen to a transport that was let go, and for a reset
    /// that was not asked for: it would cut what TLS has said. Nothing is changed.
    #[inline]
    pub const fn handle(&mut self, event: Event) -> Result<(), Illegal> {
        let next = match self.moves(event) {
            Some(transport::Event::ResetByUs) if !matches!(self.output(), Output::ResetTransport) => {
                let event = transport::Event::ResetByUs;
                return Err(Illegal::Transport { state: self.transport, event });
            }
            Some(fact) => match self.transport.next(fact) {
                Ok(next) => next,
                Err(illegal) => return Err(illegal),
            },
            None => self.transport,
        };
        if !self.transport.is_released() {
            self.note(event, next);
        }
        self.transport = next;
        Ok(())
    }

    /// The next step of the driver: the same until an event answers it.
    #[must_use]
    #[inline]
    pub const fn output(&self) -> Output {
        use transport::State as T;
        match self.transport {
            T::Open => Output::Drain,
            T::PeerEof | T::PeerReset | T::GivenUp if self.resets => Output::ResetTransport,
            T::PeerEof | T::PeerReset | T::GivenUp => Output::CloseTransport,
            T::Closed | T::ResetByUs | T::HandedBack => Output::Done,
        }
    }

    /// How lingering ended; `None` while it lasts, and where the driver let the transport go
    /// before.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// How many bytes may still be read: one more ends the wait. `None` where the policy bounds
    /// them by time alone.
    ///
    /// Units: bytes on the wire.
    #[must_use]
    pub const fn left(&self) -> Option<u32> {
        match self.left {
            ENDLESS => None,
            left => Some(left),
        }
    }

    /// The move of the transport that a fact makes. Total: every event has its row.
    const fn moves(&self, event: Event) -> Option<transport::Event> {
        use transport::Event as T;
        match event {
            Event::Drained { bytes } if self.is_beyond(bytes) => Some(T::GiveUp),
            Event::Drained { .. } => None,
            Event::PeerFin => Some(T::Eof),
            Event::PeerReset => Some(T::Reset),
            Event::DeadlinePassed | Event::GaveWay => Some(T::GiveUp),
            Event::TransportClosed => Some(T::Closed),
            Event::TransportResetByUs => Some(T::ResetByUs),
        }
    }

    const fn is_beyond(&self, bytes: u32) -> bool {
        self.left != ENDLESS && bytes > self.left
    }

    const fn note(&mut self, event: Event, next: transport::State) {
        if matches!(self.transport, transport::State::Open) {
            self.end = ended_by(event, next);
        }
        if let Event::Drained { bytes } = event
            && self.left != ENDLESS
        {
            self.left = self.left.saturating_sub(bytes);
        }
    }
}

/// How an open transport has ended, once `event` has moved it to `next`.
const fn ended_by(event: Event, next: transport::State) -> Option<End> {
    use transport::State as T;
    match (next, event) {
        (T::PeerEof, _) => Some(End::PeerFin),
        (T::PeerReset, _) => Some(End::PeerReset),
        (T::GivenUp, Event::DeadlinePassed) => Some(End::TimedOut),
        (T::GivenUp, Event::GaveWay) => Some(End::GaveWay),
        (
            T::GivenUp,
            Event::Drained { .. }
            | Event::PeerFin
            | Event::PeerReset
            | Event::TransportClosed
            | Event::TransportResetByUs,
        ) => Some(End::OverBudget),
        (T::Open | T::Closed | T::ResetByUs | T::HandedBack, _) => None,
    }
}
