//! The ending that the notes result in, part by part.

use close_notify_core::{
    Delivery, Ending, FirstCloser, NotSent, ReadEnd, Resumption, ResumptionRule, Rule, Version, WriteEnd,
};

use super::account::{Account, Word};

impl Account {
    /// What is known about the end so far.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending {
            reading: self.reading,
            writing: self.writing(),
            first_closer: self.first_closer,
            delivery: self.delivery(),
            discarded: self.discarded,
            late: self.late,
            drained: self.drained,
            errno: self.errno,
            user_canceled: self.user_canceled,
            resumption: self.resumption(),
            transport: self.transport,
            in_handshake: self.in_handshake,
        }
    }

    /// What became of our last word.
    pub(super) fn writing(&self) -> WriteEnd {
        if self.aborted {
            return WriteEnd::Aborted { after_close_notify: self.has_notified() };
        }
        match (self.unsent, self.word, self.own_alert) {
            (Some(_), _, _) if self.begun => WriteEnd::PartlyWritten,
            (Some(why), _, _) => WriteEnd::NotSent(why),
            (None, None, _) => WriteEnd::Open,
            (None, Some(_), _) if !self.written => WriteEnd::Closing,
            (None, Some(Word::Alert), Some(alert)) => WriteEnd::FatalAlertSent(alert),
            (None, Some(Word::Notify | Word::Alert), _) => WriteEnd::CloseNotifySent,
        }
    }

    /// Whether our close_notify is whole in the transport.
    pub(crate) fn has_notified(&self) -> bool {
        self.written && self.word == Some(Word::Notify)
    }

    // RFC 9846 §6.1 · crossed-confirms-nothing, cut-is-visible
    fn delivery(&self) -> Delivery {
        let answered = self.reading == ReadEnd::CloseNotify && self.first_closer == FirstCloser::Us;
        let failed = self.has_failed() && self.unsent != Some(NotSent::NotAsked);
        let broke = self.aborted || failed || self.broke;
        match (self.has_lost_output(), answered, self.wrote && broke) {
            (true, _, _) => Delivery::Lost,
            (false, true, _) => Delivery::Confirmed,
            (false, false, true) => Delivery::Lost,
            (false, false, false) => Delivery::Unconfirmed,
        }
    }

    /// Whether bytes that were written have not left and never will.
    pub(crate) fn has_lost_output(&self) -> bool {
        self.discarded > 0 || (self.unflushed && !self.has_voice())
    }

    /// The strictest rule that applies.
    fn resumption(&self) -> Resumption {
        let version = self.setup.version;
        let (allowed, rule) = if self.is_fatal() {
            // RFC 9846 §6.2, RFC 5246 §7.2.2
            let is_13 = version == Version::Tls13;
            (false, if is_13 { Rule::FatalDiscardsTickets } else { Rule::FatalForgetsSession })
        } else if version == Version::Tls10 && self.is_unclean_10() {
            (false, Rule::UncleanForbids10)
        } else if !self.is_premature() {
            (true, Rule::NothingForbids)
        } else if self.setup.policy.resumption == ResumptionRule::Rfc2818 {
            (false, Rule::PrematureForbidsHttps)
        } else {
            (true, Rule::UncleanAllows)
        };
        Resumption { allowed, rule }
    }

    // fatal-forgets-session, fatal-discards-tickets: sent, received, or held back only by a
    // close_notify
    fn is_fatal(&self) -> bool {
        let by_reading = matches!(
            self.reading,
            ReadEnd::FatalAlert(_) | ReadEnd::Refused(_) | ReadEnd::CloseNotifyInHandshake
        );
        by_reading || self.own_alert.is_some()
    }

    // RFC 2246 §7.2.1 · unclean-forbids-resume-10, notify-level-1x
    fn is_unclean_10(&self) -> bool {
        let proper = self.reading == ReadEnd::CloseNotify && self.notify_level == 1;
        self.reading != ReadEnd::Open && !(proper && self.has_voice())
    }

    // RFC 2818 §2.2 · premature-forbids-reuse-https: the peer's act, whichever call found it
    fn is_premature(&self) -> bool {
        match self.reading {
            ReadEnd::TruncatedAtBoundary
            | ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::TransportFailed => true,
            ReadEnd::NotAwaited | ReadEnd::TimedOut | ReadEnd::OverBudget => {
                self.reset_seen || self.death_seen
            }
            ReadEnd::Open
            | ReadEnd::CloseNotify
            | ReadEnd::CloseNotifyInHandshake
            | ReadEnd::FatalAlert(_)
            | ReadEnd::Refused(_) => false,
        }
    }
}
