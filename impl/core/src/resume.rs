//! Whether the session of a connection may be resumed, and which rule decides it.
//!
//! Sources: RFC 2246, RFC 4346 and RFC 5246 §7.2.1–7.2.2, RFC 9846 §6.2, RFC 2818 §2.2.

use crate::alert::AlertLevel;
use crate::evidence::Known;
use crate::machine::Machine;
use crate::named::named;
use crate::policy::ResumptionRule;
use crate::recv;
use crate::version::Version;

named! {
    /// The rule that decides whether a session may be resumed.
    ///
    /// ```
    /// # use close_notify_core::{Event, Machine, Policy, Role, Version, Rule};
    /// let mut machine = Machine::established(Version::Tls10, Role::Client, Policy::STRICT);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// assert_eq!(machine.ending().resumption.rule, Rule::UncleanForbids10);
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum Rule {
        /// Nothing has happened that forbids it.
        NothingForbids,
        /// Up to TLS 1.2: after a fatal alert the session is never resumed.
        FatalForgetsSession,
        /// TLS 1.3: after a fatal alert the tickets of the connection are discarded.
        FatalDiscardsTickets,
        /// TLS 1.0: no close_notify at warning level came.
        UncleanForbids10,
        /// From TLS 1.1 on, a missing close_notify alone forbids nothing.
        UncleanAllows,
        /// RFC 2818: the peer closed early.
        PrematureForbidsHttps,
    }
}

/// Whether the session may be resumed, and why.
///
/// ```
/// # use close_notify_core::{Event, Machine, Policy, Role, Version, Resumption, Rule};
/// let mut machine = Machine::established(Version::Tls12, Role::Client, Policy::STRICT);
/// machine.handle(Event::TransportEof { inside_record: false })?;
/// let expected = Resumption { allowed: true, rule: Rule::UncleanAllows };
/// assert_eq!(machine.ending().resumption, expected);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Resumption {
    /// Whether the session may be resumed.
    pub allowed: bool,
    /// The rule that decided it.
    pub rule: Rule,
}

impl Machine {
    /// The decision of the first rule that applies; the strictest comes first.
    #[inline]
    pub(crate) const fn resumption(&self) -> Resumption {
        let (allowed, rule) = match self.version {
            // RFC 9846 §6.2 · fatal-discards-tickets
            Version::Tls13 if self.ended_by_fatal_alert() => (false, Rule::FatalDiscardsTickets),
            // RFC 5246 §7.2.2 · fatal-forgets-session
            Version::Tls10 | Version::Tls11 | Version::Tls12 if self.ended_by_fatal_alert() => {
                (false, Rule::FatalForgetsSession)
            }
            // RFC 2246 §7.2.1 · unclean-forbids-resume-10, notify-level-1x
            Version::Tls10 if self.has_let_go() && !self.had_proper_notify() => {
                (false, Rule::UncleanForbids10)
            }
            // RFC 2818 §2.2 · premature-forbids-reuse-https
            Version::Tls11 | Version::Tls12 | Version::Tls13
                if self.was_premature() && matches!(self.policy.resumption, ResumptionRule::Rfc2818) =>
            {
                (false, Rule::PrematureForbidsHttps)
            }
            // RFC 4346 §7.2.1, RFC 5246 §7.2.1 · unclean-allows-resume
            Version::Tls11 | Version::Tls12 | Version::Tls13 if self.was_premature() => {
                (true, Rule::UncleanAllows)
            }
            Version::Tls10 | Version::Tls11 | Version::Tls12 | Version::Tls13 => (true, Rule::NothingForbids),
        };
        Resumption { allowed, rule }
    }

    #[inline]
    pub(crate) const fn must_forget(&self) -> bool {
        !self.resumption().allowed
    }

    /// A fatal alert was received or sent, or would have been sent if a close_notify had not come
    /// first.
    const fn ended_by_fatal_alert(&self) -> bool {
        matches!(self.recv, recv::State::PeerFatal | recv::State::Refused | recv::State::NotifiedEarly)
            || self.evidence.own_alert.is_some()
    }

    /// Reading has ended, or the application no longer waits for its end.
    const fn has_let_go(&self) -> bool {
        self.recv.has_ended()
    }

    const fn had_proper_notify(&self) -> bool {
        let theirs = matches!(self.recv, recv::State::PeerNotified)
            && matches!(self.evidence.notify_level, AlertLevel::WARNING);
        !self.send.is_mute() && theirs
    }

    /// The peer ended the transport before its close_notify. A failed write may be the only sign of
    /// it.
    const fn was_premature(&self) -> bool {
        use recv::State as R;
        match self.recv {
            R::CutAtBoundary | R::CutInRecord | R::Reset | R::TransportFailed => true,
            R::NotAwaited | R::TimedOut | R::OverBudget => {
                self.evidence.knows(Known::ResetSeen) || self.evidence.knows(Known::FailureSeen)
            }
            _ => false,
        }
    }
}
