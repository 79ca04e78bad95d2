//! What an application may conclude from the notes: whether the data that it read is whole, and how
//! a relay passes the end on.
//!
//! Sources: RFC 9846 §6.1, RFC 9112 §8, §9.8; the choice `MissingNotify`.

use close_notify_core::{Close, FramingState, MissingNotify, ReadEnd, WriteEnd};

use super::account::{Account, Stage};

impl Account {
    // RFC 9846 §6.1 · cut-is-visible
    pub(crate) fn is_clean(&self) -> bool {
        let both = self.reading == ReadEnd::CloseNotify && self.writing() == WriteEnd::CloseNotifySent;
        both && self.discarded == 0 && self.late == 0
    }

    // http-complete-by-length, http-incomplete-is-error, http-close-delimited-needs-notify
    pub(crate) fn may_be_cut(&self, framing: FramingState) -> bool {
        match framing {
            FramingState::BetweenMessages => false,
            FramingState::InsideMessage => true,
            FramingState::DelimitedByEnd => self.reading != ReadEnd::CloseNotify || self.late > 0,
        }
    }

    /// Whether the data that was read may count as a whole message.
    pub(crate) fn accepts(&self, framing: FramingState) -> bool {
        let missing = self.setup.policy.missing_notify;
        match framing {
            FramingState::InsideMessage => false,
            FramingState::BetweenMessages => {
                self.reading == ReadEnd::CloseNotify || missing != MissingNotify::Refuse
            }
            FramingState::DelimitedByEnd => {
                let lenient = missing == MissingNotify::Accept && self.is_cut_at_boundary();
                lenient || !self.may_be_cut(framing)
            }
        }
    }

    // fatal-is-an-error, rst-is-not-close; no-ok-over-a-loss: what was thrown away was not read
    pub(crate) fn reads_as_end(&self, framing: FramingState) -> bool {
        let whole = self.reading == ReadEnd::CloseNotify && self.late == 0;
        whole || (self.is_cut_at_boundary() && self.accepts(framing))
    }

    // RFC 9846 §4.2.10 · early-data-end: only after the handshake, and with nothing dropped before
    // it
    fn is_cut_at_boundary(&self) -> bool {
        self.reading == ReadEnd::TruncatedAtBoundary && self.stage == Stage::Done && self.late == 0
    }

    // RFC 9846 §6.1, RFC 9112 §8 · no-laundering
    pub(crate) fn passes_on(&self) -> Close {
        let whole = self.reading == ReadEnd::CloseNotify && self.late == 0;
        if whole { Close::Graceful } else { Close::Abort }
    }
}
