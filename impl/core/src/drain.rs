//! What is left of a connection when TLS has nothing more to send or to learn: a transport that is
//! read to its end.
//!
//! This module decides when a lingering transport is read, closed or reset, and how its lingering
//! ended. It is the same machine as [`Machine`] without the state that no longer matters, small
//! enough to keep a hundred thousand of them. Its moves are those of [`transport::State`], and the
//! whole [`Machine`] has decided how it is released. The driver reads, keeps the clock, and chooses
//! which transport gives way.
//! Sources: RFC 9112 §9.6 · linger-is-bounded, alert-survives-close, data-survives-close.

use crate::illegal::Illegal;
use crate::machine::Machine;
use crate::named::named;
use crate::output::Output;
use crate::transport;

/// The budget that [`Draining`] keeps if the policy's budget is the largest number. Bytes are then
/// not counted.
const ENDLESS: u32 = u32::MAX;

/// An errno that means a reset; any of them would do.
const ECONNRESET: i32 = 104;

/// What happened to a lingering transport.
///
/// ```
/// # use close_notify_core::drain::Event;
/// assert_ne!(Event::Drained { bytes: 1 }, Event::PeerFin);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// Bytes of the peer were read and discarded.
    Drained {
        /// How many bytes, at least one.
        bytes: u32,
    },
    /// A read returned the end of the peer's stream.
    PeerFin,
    /// A read failed: the transport was reset or died.
    PeerReset,
    /// The deadline passed.
    DeadlinePassed,
    /// The driver needs the slot: it holds as many transports as it may.
    GaveWay,
    /// The transport is closed.
    TransportClosed,
    /// This side reset the transport, as [`Output::ResetTransport`] asked.
    TransportResetByUs,
}

named! {
    /// How lingering ended. The first end is kept.
    ///
    /// ```
    /// # use close_notify_core::drain::{End, Event};
    /// # use close_notify_core::{Event as TlsEvent, Machine, Manner, Policy, Role, Version};
    /// let policy = Policy { drain_budget: 1000, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Server, policy);
    /// for event in [
    ///     TlsEvent::Close(Manner::Linger),
    ///     TlsEvent::DeadlineStarted,
    ///     TlsEvent::OutputSealed,
    ///     TlsEvent::OutputWritten,
    ///     TlsEvent::WriteShut,
    /// ] {
    ///     machine.handle(event)?;
    /// }
    /// let mut draining = machine.lingering().expect("only the transport is left");
    /// draining.handle(Event::Drained { bytes: 1001 })?;
    /// draining.handle(Event::PeerFin)?;
    /// assert_eq!(draining.end(), Some(End::OverBudget));
    /// # Ok::<(), close_notify_core::Illegal>(())
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
        /// Another transport needed its slot.
        GaveWay,
    }
}

/// The machine of a lingering transport, in eight bytes. [`Machine::lingering`] creates it.
///
/// Do what [`output`](Self::output) returns and report the result, until it returns
/// [`Output::Done`]. It returns `Drain`, then `CloseTransport` or `ResetTransport`, then `Done`,
/// and nothing else.
///
/// ```
/// # use close_notify_core::drain::{End, Event};
/// # use close_notify_core::{Event as TlsEvent, Machine, Manner, Output, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
/// for event in [
///     TlsEvent::Close(Manner::Linger),
///     TlsEvent::DeadlineStarted,
///     TlsEvent::OutputSealed,
///     TlsEvent::OutputWritten,
///     TlsEvent::WriteShut,
/// ] {
///     assert!(machine.lingering().is_none());
///     machine.handle(event)?;
/// }
/// let mut draining = machine.lingering().expect("only the transport is left");
/// machine.handle(TlsEvent::TransportHandedOver)?;
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
    /// The machine that lingers without TLS, if only the transport is left: the output is
    /// [`Output::Drain`], and no event of the transport can change what happens to the session.
    ///
    /// A driver that hands the transport over reports `TransportHandedOver` to this machine, which
    /// is then [`Output::Done`], and its [`ending`](Self::ending) is final. Evidence is collected
    /// up to the hand-over. Reading, writing and who closed first could no longer change anyway.
    /// `drained`, `errno`, the rule of `resumption` and a `delivery` that a later reset would call
    /// lost stay as they were. [`Draining::end`] says how the lingering ended.
    ///
    /// Returns `None` while TLS still matters: if a last word is not out, if `Graceful` waits for
    /// the peer's close_notify, or if a reset would still forbid the session
    /// ([`ResumptionRule::Rfc2818`](crate::ResumptionRule::Rfc2818)). The whole machine lingers
    /// then.
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
        // If the event is refused, the machine asks for what it asked for before.
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
    /// Handles an event. The first end is kept.
    ///
    /// Events may come in any order in which they happen, until the transport is released.
    ///
    /// # Errors
    ///
    /// [`Illegal`] for an event that cannot happen to a released transport, and for a reset that
    /// [`output`](Self::output) did not ask for: it would destroy what TLS has sent. Nothing is
    /// changed.
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

    /// The next step of the driver. It stays the same until an event answers it.
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

    /// How lingering ended. `None` while it lasts, and if the driver released the transport before.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// How many bytes on the wire may still be read; one more ends the wait. `None` if the policy
    /// bounds only the time.
    #[must_use]
    pub const fn left(&self) -> Option<u32> {
        match self.left {
            ENDLESS => None,
            left => Some(left),
        }
    }

    /// The move of the transport that an event makes. Total: every event has its row.
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

/// How an open transport has ended, after `event` has moved it to `next`.
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
