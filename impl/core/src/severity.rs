//! The log level that an ending deserves.
//!
//! It depends only on the ending and the framing. The application decides what it logs, and where.

use crate::alert::AlertDescription;
use crate::ending::{Delivery, Ending, NotSent, ReadEnd, TransportEnd, WriteEnd};
use crate::framing::FramingState;
use crate::named::named;

named! {
    /// The log level that an ending deserves: the levels that every logger has.
    ///
    /// Most endings without close_notify are harmless: a server dropped an idle connection, or a
    /// client went away. Logs that call each of them an error bury the few in which something was
    /// truncated. So the level depends on what is known to be lost, not on how the peer behaved.
    ///
    /// ```
    /// # use close_notify_core::{Event, FramingState, Machine, Policy, Role, Severity, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::https());
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.ending().severity(FramingState::BetweenMessages), Severity::Debug);
    /// assert_eq!(machine.ending().severity(FramingState::InsideMessage), Severity::Warn);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[derive(PartialOrd, Ord)]
    pub enum Severity {
        /// Nothing is lost: a clean end, a connection that has not ended, or a transport that ended
        /// between two messages or in the handshake.
        Debug,
        /// Unusual, but nothing is known to be lost: a deadline, a reset, our own abort, or our
        /// last word unsent.
        Info,
        /// Something was lost, truncated or refused: a truncated message, our data discarded, a
        /// fatal alert in either direction, or a spent budget that ended our wait.
        Warn,
        /// This side failed: it sent internal_error, or its engine could not seal the last word.
        Error,
    }
}

impl Ending {
    /// The log level for this ending, given the state of the framing.
    ///
    /// It is the highest level that reading, writing, delivery or the transport calls for. What
    /// this side chose is no warning: a message that it did not wait for is `Info`, and so is what
    /// its own abort discarded. A reset after our data had left counts as a loss only if what was
    /// read may be truncated too. After a complete response, this is how browsers and load
    /// balancers leave.
    ///
    /// In the handshake there is no message to truncate, regardless of the framing: load balancers
    /// and port scanners connect and leave all day. An alert is a warning there too, because a peer
    /// wanted to connect and could not.
    ///
    /// ```
    /// # use close_notify_core::{Event, FramingState, Machine, Policy, Role, Severity, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
    /// machine.handle(Event::Write)?;
    /// machine.handle(Event::TransportReset { errno: 104 })?;
    /// machine.handle(Event::PendingDiscarded { bytes: 512 })?;
    /// assert_eq!(machine.ending().severity(FramingState::BetweenMessages), Severity::Warn);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    #[must_use]
    pub fn severity(&self, framing: FramingState) -> Severity {
        self.read_severity(framing)
            .max(self.write_severity())
            .max(self.loss_severity(framing))
            .max(self.transport_severity())
    }

    fn read_severity(&self, framing: FramingState) -> Severity {
        let cut = self.truncation_possible(framing) && !self.in_handshake;
        match self.reading {
            ReadEnd::Open => Severity::Debug,
            ReadEnd::CloseNotify if cut => Severity::Warn,
            ReadEnd::CloseNotify => Severity::Debug,
            ReadEnd::TruncatedAtBoundary
            | ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::TransportFailed
            | ReadEnd::TimedOut
            | ReadEnd::OverBudget
                if cut =>
            {
                Severity::Warn
            }
            ReadEnd::TruncatedAtBoundary => Severity::Debug,
            ReadEnd::Reset if self.in_handshake => Severity::Debug,
            ReadEnd::NotAwaited if !cut => Severity::Debug,
            ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::TransportFailed
            | ReadEnd::TimedOut
            | ReadEnd::OverBudget
            | ReadEnd::NotAwaited
            | ReadEnd::CloseNotifyInHandshake => Severity::Info,
            ReadEnd::Refused(AlertDescription::INTERNAL_ERROR) => Severity::Error,
            ReadEnd::FatalAlert(_) | ReadEnd::Refused(_) => Severity::Warn,
        }
    }

    const fn write_severity(&self) -> Severity {
        match self.writing {
            WriteEnd::Open | WriteEnd::Closing | WriteEnd::CloseNotifySent => Severity::Debug,
            WriteEnd::NotSent(NotSent::Unsealable)
            | WriteEnd::FatalAlertSent(AlertDescription::INTERNAL_ERROR) => Severity::Error,
            WriteEnd::FatalAlertSent(_) | WriteEnd::PartlyWritten => Severity::Warn,
            // A peer that got no data does not need a close_notify.
            WriteEnd::NotSent(_) if self.in_handshake => Severity::Debug,
            WriteEnd::NotSent(
                NotSent::TransportFailed | NotSent::GaveUp | NotSent::PeerFatalAlert | NotSent::NotAsked,
            )
            | WriteEnd::Aborted { .. } => Severity::Info,
        }
    }

    const fn loss_severity(&self, framing: FramingState) -> Severity {
        let chosen = matches!(self.writing, WriteEnd::Aborted { .. });
        let left_whole = self.discarded == 0 && !self.truncation_possible(framing);
        match self.delivery {
            Delivery::Lost if chosen || left_whole => Severity::Info,
            Delivery::Lost => Severity::Warn,
            Delivery::Unconfirmed if self.late > 0 => Severity::Info,
            Delivery::Confirmed | Delivery::Unconfirmed => Severity::Debug,
        }
    }

    // alert-survives-close, data-survives-close
    const fn transport_severity(&self) -> Severity {
        match self.transport {
            TransportEnd::OverBudget if self.has_spoken() => Severity::Warn,
            TransportEnd::TimedOut | TransportEnd::CutShort if self.has_spoken() => Severity::Info,
            _ => Severity::Debug,
        }
    }
}
