//! What the transport did, and what this side did with it.

use close_notify_core::{Event, NotSent, ReadEnd, TransportEnd};

use super::{Account, is_no_failure, is_reset};

impl Account {
    /// Notes a fact about the transport.
    pub(super) fn note_transport(&mut self, fact: Event) {
        match fact {
            Event::TransportEof { inside_record } => self.eof(inside_record),
            Event::TransportReset { errno } => {
                self.broke |= !self.both_said_it();
                self.error(errno);
                self.death_seen |= !is_reset(errno);
                self.end_transport(TransportEnd::PeerReset);
                self.unsent_because(NotSent::TransportFailed);
                // rst-is-not-close, dead-is-not-fin
                self.end_reading(if self.reset_seen { ReadEnd::Reset } else { ReadEnd::TransportFailed });
            }
            // salvage-alert: reading goes on
            Event::WriteFailed { errno } => {
                self.broke |= !is_no_failure(errno) && !self.both_said_it();
                self.error(errno);
                self.unsent_because(NotSent::TransportFailed);
            }
            Event::TransportClosed => {
                self.end_transport(self.end_by_us());
                self.unsent_because(NotSent::NotAsked);
                self.let_go();
            }
            Event::TransportHandedOver => {
                self.end_transport(TransportEnd::HandedOver);
                self.unsent_because(NotSent::NotAsked);
                self.let_go();
            }
            Event::TransportResetByUs => {
                self.end_transport(self.end_by_us());
                // A transport that has failed is only discarded.
                self.aborted |= !self.has_failed();
                self.let_go();
            }
            Event::TransportHandedBack => self.released = true,
            _ => {}
        }
    }

    // RFC 9293 §3.10.7 · rst-is-not-close: an error that another call took is not forgotten
    fn eof(&mut self, inside_record: bool) {
        self.end_transport(TransportEnd::PeerFin);
        self.end_reading(match (self.reset_seen, self.death_seen, inside_record) {
            (true, _, _) => ReadEnd::Reset,
            (false, true, _) => ReadEnd::TransportFailed,
            (false, false, true) => ReadEnd::TruncatedInRecord,
            (false, false, false) => ReadEnd::TruncatedAtBoundary,
        });
    }
}
