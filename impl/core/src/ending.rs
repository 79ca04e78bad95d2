//! What is known about how a connection ended, as a value: an end is not an error.
//!
//! This module reads the evidence: which ends are clean, what was delivered, and what an
//! application may trust. The caller knows the framing; `severity` has the log levels and
//! `sentence` the texts.

use crate::alert::AlertDescription;
use crate::evidence::Known;
use crate::framing::FramingState;
use crate::machine::Machine;
use crate::named::named;
use crate::policy::MissingNotify;
use crate::resume::Resumption;
use crate::{recv, send};

/// How reading ended.
///
/// ```
/// # use close_notify_core::{Event, Machine, Policy, Role, Version, ReadEnd};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::TransportReset { errno: 104 })?;
/// assert_eq!(machine.ending().reading, ReadEnd::Reset);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ReadEnd {
    /// Reading has not ended.
    Open,
    /// The peer's close_notify came: every byte before it was read.
    CloseNotify,
    /// A close_notify came before the handshake was done.
    CloseNotifyInHandshake,
    /// The transport ended between two records.
    TruncatedAtBoundary,
    /// The transport ended inside a record.
    TruncatedInRecord,
    /// The transport was reset.
    Reset,
    /// The peer sent this fatal alert.
    FatalAlert(AlertDescription),
    /// We refused what arrived, with this alert as the reason.
    Refused(AlertDescription),
    /// We did not wait for the peer to end its direction.
    NotAwaited,
    /// The deadline passed first.
    TimedOut,
    /// The peer sent more than the budget after our close.
    OverBudget,
    /// The transport failed without a reset from the peer, for example because of a timeout of the
    /// kernel or an unreachable host.
    TransportFailed,
}

/// How writing ended.
///
/// ```
/// # use close_notify_core::{Event, Machine, Policy, Role, Version, Manner, WriteEnd};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::Close(Manner::AtOnce))?;
/// machine.handle(Event::OutputSealed)?;
/// assert_eq!(machine.ending().writing, WriteEnd::Closing);
/// machine.handle(Event::OutputWritten)?;
/// assert_eq!(machine.ending().writing, WriteEnd::CloseNotifySent);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum WriteEnd {
    /// Writing has not ended.
    Open,
    /// Our last word is decided and not yet completely in the transport.
    Closing,
    /// Our close_notify is completely in the transport.
    CloseNotifySent,
    /// Our last word left only in part: the peer sees a truncation inside a record.
    PartlyWritten,
    /// Our close_notify was not sent.
    NotSent(NotSent),
    /// Our fatal alert is completely in the transport.
    FatalAlertSent(AlertDescription),
    /// We reset the transport.
    Aborted {
        /// Whether our close_notify was in the transport by then, so that the peer may still have
        /// read a clean end of our data.
        after_close_notify: bool,
    },
}

named! {
    /// Why no close_notify was sent.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, NotSent, WriteEnd};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// machine.handle(Event::TransportClosed)?;
    /// assert_eq!(machine.ending().writing, WriteEnd::NotSent(NotSent::NotAsked));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum NotSent {
        /// The transport failed.
        TransportFailed,
        /// The deadline passed, or the budget was spent, before the transport took the
        /// close_notify.
        GaveUp,
        /// The peer's fatal alert ended both directions.
        PeerFatalAlert,
        /// The transport was released before the close_notify was out.
        NotAsked,
        /// The engine could not seal the close_notify.
        Unsealable,
    }
}

named! {
    /// Who closed first, as far as this side knows.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, FirstCloser};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// assert_eq!(machine.ending().first_closer, FirstCloser::Nobody);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.ending().first_closer, FirstCloser::Peer);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum FirstCloser {
        /// Nobody has.
        Nobody,
        /// This side.
        Us,
        /// The peer.
        Peer,
        /// Both: the peer's close_notify came while ours was still being written.
        Crossed,
        /// The peer's close_notify came after ours had left. It may answer ours or have crossed it:
        /// no TLS version can distinguish the two.
        UsOrCrossed,
    }
}

named! {
    /// Whether the peer has received what we wrote.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, Delivery};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// machine.handle(Event::Write)?;
    /// machine.handle(Event::WriteFailed { errno: 32 })?;
    /// assert_eq!(machine.ending().delivery, Delivery::Lost);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum Delivery {
        /// The peer read our close_notify, and so everything before it, and then answered it.
        Confirmed,
        /// Nothing is known to be lost, but nothing proves that it arrived.
        Unconfirmed,
        /// Some of what was written never left, or the transport broke while it was in flight.
        Lost,
    }
}

named! {
    /// How the transport ended. After `Linger` and `Reject` this says whether closing it can have
    /// destroyed our last word.
    ///
    /// Closing a socket while bytes of the peer are unread or still in flight resets the
    /// connection, and the reset destroys what the peer has not read yet. So these two manners read
    /// on until the peer ends its stream, within
    /// [`Policy::drain_budget`](crate::Policy::drain_budget) and the deadline. The first known end
    /// is kept.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Manner, Policy, Role, TransportEnd, Version};
    /// let policy = Policy { drain_budget: 1000, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Server, policy);
    /// for event in [
    ///     Event::Close(Manner::Linger),
    ///     Event::OutputSealed,
    ///     Event::OutputWritten,
    ///     Event::WriteShut,
    /// ] {
    ///     machine.handle(event)?;
    /// }
    /// machine.handle(Event::Drained { bytes: 1001 })?;
    /// assert_eq!(machine.ending().transport, TransportEnd::OverBudget);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    ///
    /// Source: RFC 9112 §9.6 · alert-survives-close, data-survives-close, linger-is-bounded.
    pub enum TransportEnd {
        /// The transport has not ended, as far as this side knows: it is in use, or was handed back
        /// to the application.
        Open,
        /// The peer ended its stream. It has read what we sent, or never will: a close destroys
        /// nothing.
        PeerFin,
        /// The transport was reset, or failed.
        PeerReset,
        /// The deadline passed before the peer ended the stream. What the peer sends later meets a
        /// reset.
        TimedOut,
        /// The peer sent more than the budget after our close. Closing has probably reset the
        /// connection.
        OverBudget,
        /// A lingering service has taken over. Its counters say how that ended.
        HandedOver,
        /// This side released the transport after its last word, while it was lingering.
        CutShort,
        /// This side released the transport first, and had not asked to linger.
        NotAwaited,
    }
}

/// How a connection ended, as far as it has.
///
/// ```
/// # use close_notify_core::{Event, FramingState, Machine, Policy, ReadEnd, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::TransportEof { inside_record: false })?;
/// let ending = machine.ending();
/// assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
/// assert!(ending.truncation_possible(FramingState::DelimitedByEnd));
/// assert!(!ending.truncation_possible(FramingState::BetweenMessages));
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub struct Ending {
    /// How reading ended.
    pub reading: ReadEnd,
    /// How writing ended.
    pub writing: WriteEnd,
    /// Who closed first, as far as this side knows.
    pub first_closer: FirstCloser,
    /// Whether the peer has received what we wrote.
    pub delivery: Delivery,
    /// How many bytes the application had written that never went into a record.
    pub discarded: u32,
    /// How many bytes of application data came after our close and were not delivered.
    pub late: u32,
    /// How many bytes of the peer were read after our close.
    pub drained: u32,
    /// The first error number that any call returned.
    pub errno: Option<i32>,
    /// Whether the peer sent user_canceled. Together with [`in_handshake`](Self::in_handshake) it
    /// means that the peer canceled the handshake. After the handshake it means nothing: Java's
    /// JSSE sends it before the close_notify of every ordinary close in TLS 1.3.
    pub user_canceled: bool,
    /// Whether the session may be resumed, and which rule decided it.
    pub resumption: Resumption,
    /// How the transport ended. Neither [`is_clean`](Self::is_clean) nor
    /// [`delivery`](Self::delivery) depends on it: that a close may have destroyed something does
    /// not prove that it did.
    pub transport: TransportEnd,
    /// Whether reading ended in the handshake, before any application data could arrive.
    pub in_handshake: bool,
}

impl Ending {
    /// Whether both directions ended with close_notify and nothing was dropped in either.
    ///
    /// Source: RFC 9846 §6.1 · cut-is-visible.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        let notified =
            matches!(self.reading, ReadEnd::CloseNotify) && matches!(self.writing, WriteEnd::CloseNotifySent);
        notified && self.discarded == 0 && self.late == 0
    }

    /// Whether our last word is completely in the transport.
    pub(crate) const fn has_spoken(&self) -> bool {
        matches!(self.writing, WriteEnd::CloseNotifySent | WriteEnd::FatalAlertSent(_))
    }

    /// Whether the session of this connection may be resumed; [`resumption`](Self::resumption)
    /// names the rule.
    ///
    /// Source: RFC 5246 §7.2.2, RFC 9846 §6.2 · fatal-forgets-session, fatal-discards-tickets.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls10, Role::Client, Policy::STRICT);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert!(!machine.ending().may_resume());
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn may_resume(&self) -> bool {
        self.resumption.allowed
    }

    /// Whether what was read may be less than what the peer sent, given the state of the framing.
    ///
    /// The end of a handshake delimits no message: an empty message is not complete either.
    ///
    /// Source: RFC 9112 §8, §9.8 · http-complete-by-length, http-incomplete-is-error,
    /// http-close-delimited-needs-notify.
    #[must_use]
    pub const fn truncation_possible(&self, framing: FramingState) -> bool {
        match framing {
            FramingState::BetweenMessages => false,
            FramingState::InsideMessage => true,
            FramingState::DelimitedByEnd => !matches!(self.reading, ReadEnd::CloseNotify) || self.late > 0,
        }
    }
}

impl Machine {
    /// How the connection has ended so far. Evidence only grows: a part that is final never
    /// changes.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        Ending {
            reading: self.read_end(),
            writing: self.write_end(),
            first_closer: self.evidence.first_closer,
            delivery: self.delivery(),
            discarded: self.evidence.discarded,
            late: self.evidence.late,
            drained: self.evidence.drained,
            errno: if self.evidence.errno == 0 { None } else { Some(self.evidence.errno) },
            user_canceled: self.evidence.knows(Known::UserCanceled),
            resumption: self.resumption(),
            transport: self.evidence.transport_end,
            in_handshake: self.evidence.knows(Known::InHandshake),
        }
    }

    /// Whether the application may treat what it has read as a complete message, under its policy.
    ///
    /// Source: RFC 9112 §8, §9.8; the choice [`MissingNotify`].
    #[must_use]
    pub const fn accepts_end(&self, framing: FramingState) -> bool {
        let ending = self.ending();
        match (self.policy.missing_notify, framing) {
            (_, FramingState::InsideMessage) => false,
            (MissingNotify::Refuse, FramingState::BetweenMessages) => {
                matches!(ending.reading, ReadEnd::CloseNotify)
            }
            (MissingNotify::BetweenMessages | MissingNotify::Accept, FramingState::BetweenMessages) => true,
            (MissingNotify::Refuse | MissingNotify::BetweenMessages, FramingState::DelimitedByEnd) => {
                !ending.truncation_possible(framing)
            }
            (MissingNotify::Accept, FramingState::DelimitedByEnd) => {
                self.cut_at_boundary() || !ending.truncation_possible(framing)
            }
        }
    }

    /// Whether reading ends without an error: with a close_notify and nothing discarded before it,
    /// or with an end of the transport between records that the policy tolerates in this state of
    /// the framing.
    ///
    /// [`accepts_end`](Self::accepts_end) answers another question: a message that its length
    /// completes is complete however the connection ended, but a reset or an alert after it is
    /// still an error.
    ///
    /// Source: RFC 9846 §6.1, §6.2 · fatal-is-an-error, rst-is-not-close; the choice
    /// [`MissingNotify`].
    ///
    /// ```
    /// # use close_notify_core::*;
    /// let policy = Policy { missing_notify: MissingNotify::BetweenMessages, ..Policy::STRICT };
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, policy);
    /// machine.handle(Event::TransportReset { errno: 104 })?;
    /// assert!(machine.accepts_end(FramingState::BetweenMessages));
    /// assert!(!machine.reads_as_end(FramingState::BetweenMessages));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub const fn reads_as_end(&self, framing: FramingState) -> bool {
        (matches!(self.recv, recv::State::PeerNotified) && self.evidence.late == 0)
            || (self.cut_at_boundary() && self.accepts_end(framing))
    }

    /// Whether the transport ended between two records and nothing before that was dropped.
    // RFC 9846 §4.2.10 · early-data-end: even so, the end of 0-RTT data is not the end of a message
    const fn cut_at_boundary(&self) -> bool {
        matches!(self.recv, recv::State::CutAtBoundary)
            && !self.evidence.knows(Known::EndedEarly)
            && self.evidence.late == 0
    }

    const fn read_end(&self) -> ReadEnd {
        use recv::State as R;
        match self.recv {
            R::Plain | R::Handshaking | R::EarlyData | R::Open => ReadEnd::Open,
            R::PeerNotified => ReadEnd::CloseNotify,
            R::NotifiedEarly => ReadEnd::CloseNotifyInHandshake,
            R::CutAtBoundary => ReadEnd::TruncatedAtBoundary,
            R::CutInRecord => ReadEnd::TruncatedInRecord,
            R::Reset => ReadEnd::Reset,
            R::PeerFatal => ReadEnd::FatalAlert(self.evidence.peer_alert()),
            R::Refused => ReadEnd::Refused(self.evidence.own_alert()),
            R::NotAwaited => ReadEnd::NotAwaited,
            R::TimedOut => ReadEnd::TimedOut,
            R::OverBudget => ReadEnd::OverBudget,
            R::TransportFailed => ReadEnd::TransportFailed,
        }
    }

    const fn write_end(&self) -> WriteEnd {
        use send::State as S;
        match self.send {
            S::Handshaking | S::Open => WriteEnd::Open,
            S::ReplyDue | S::NotifyDue | S::NotifyLeaving | S::AlertDue | S::AlertLeaving => {
                WriteEnd::Closing
            }
            S::Notified | S::NotifiedShut => WriteEnd::CloseNotifySent,
            S::Alerted | S::AlertedShut => WriteEnd::FatalAlertSent(self.evidence.own_alert()),
            S::Silenced | S::SilencedShut => WriteEnd::NotSent(NotSent::PeerFatalAlert),
            S::Failed if self.evidence.knows(Known::Begun) => WriteEnd::PartlyWritten,
            S::Failed => WriteEnd::NotSent(self.evidence.unsent),
            S::Aborted => WriteEnd::Aborted { after_close_notify: self.evidence.knows(Known::Notified) },
        }
    }

    // RFC 9846 §6.1 · crossed-confirms-nothing: with a close_notify of the peer, `Us` means that it
    // answers ours
    const fn delivery(&self) -> Delivery {
        let answered = matches!(self.recv, recv::State::PeerNotified)
            && matches!(self.evidence.first_closer, FirstCloser::Us);
        if self.has_lost_output() {
            Delivery::Lost
        } else if answered {
            Delivery::Confirmed
        } else if self.evidence.knows(Known::Wrote) && self.broke() {
            Delivery::Lost
        } else {
            Delivery::Unconfirmed
        }
    }

    /// Whether some of what was written never left, and never will.
    pub(crate) const fn has_lost_output(&self) -> bool {
        self.evidence.discarded > 0 || (self.evidence.knows(Known::Unflushed) && self.send.is_mute())
    }

    /// Whether the transport broke while our data was in flight, or we broke it.
    const fn broke(&self) -> bool {
        match self.send {
            send::State::Failed => !matches!(self.evidence.unsent, NotSent::NotAsked),
            send::State::Aborted => true,
            _ => self.evidence.knows(Known::Broke),
        }
    }
}
