//! The facts of a run, derived from the records, the calls and the requests to the transport; and
//! the ending that the reference derives from them.
//!
//! Decides when our side has taken which record. `meaning` decides what a record is, and the
//! reference what follows from it.

use close_notify::{AlertDescription, Ending, Event, ReadEnd};

use super::adversary::{Adversary, next_record};
use super::meaning::{Meaning, Means};
use super::setup::Setup;
use super::wire::{News, World};
use close_notify_reference::{self as reference, Account, alerts_of};

/// Choices that are open in a run, because either answer is right.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Leave {
    /// A record that an endpoint may refuse was refused.
    pub(crate) refuses: bool,
    /// The deadline passed in this call.
    pub(crate) deadline: bool,
    /// An answer of the engine still waits after our data, which then does not count as flushed.
    pub(crate) keeps: bool,
}

impl Leave {
    /// The nth of eight combinations, the likely ones first.
    pub(crate) const fn of(nth: u8) -> Self {
        Self { refuses: nth & 1 != 0, deadline: nth & 2 != 0, keeps: nth & 4 != 0 }
    }
}

/// Where our side's output ends, as an offset in what the transport takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The end of all that our application wrote, if it has left.
    pub(crate) data: Option<usize>,
    /// The end of our last word.
    pub(crate) word: Option<usize>,
}

/// The progress of a run. A copy serves as a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    setup: reference::Setup,
    pub(crate) account: Account,
    /// How many bytes our side has read from the transport.
    pub(crate) given: usize,
    /// How many of them are records that it took.
    pub(crate) at: usize,
    /// How many bytes the transport has taken from our side.
    taken: usize,
    /// The index of the adversary's next piece.
    piece: usize,
    /// The first byte of an alert whose second has not come.
    held: Option<u8>,
    /// Bytes of data that the application must get, and in how many ranges of the peer's stream.
    pub(crate) owed: usize,
    pub(crate) ranges: usize,
}

impl Story {
    pub(crate) fn new(setup: &Setup) -> Self {
        let Setup { version, role, policy, .. } = *setup;
        let setup = reference::Setup { version, role, policy, established: true };
        Self {
            setup,
            account: Account::new(setup),
            given: 0,
            at: 0,
            taken: 0,
            piece: 0,
            held: None,
            owed: 0,
            ranges: 0,
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        self.account.ending()
    }

    pub(crate) fn reads(&self) -> bool {
        self.account.reads()
    }

    /// Notes a fact if it can have happened. Returns whether it can.
    pub(crate) fn tell(&mut self, fact: Event) -> bool {
        let allowed = self.account.allows(fact);
        if allowed {
            self.account.tell(fact);
        }
        allowed
    }

    /// Bytes that were read from the transport and are not part of a record that was taken.
    pub(crate) const fn unread(&self) -> usize {
        self.given - self.at
    }

    /// Throws away the unread bytes.
    pub(crate) fn drains(&mut self) {
        let bytes = u32::try_from(self.unread()).unwrap_or(u32::MAX);
        if bytes > 0 {
            self.tell(Event::Drained { bytes });
        }
        self.at = self.given;
    }

    /// The same, if our side reports that it has done so.
    pub(crate) fn drains_if_told(&mut self, ours: &Ending) {
        if !self.reads() && ours.drained > self.ending().drained {
            self.drains();
        }
    }

    /// Seals our last word, if it is due. Before that, what can no longer leave is thrown away.
    pub(crate) fn seals(&mut self, ours: &Ending) {
        let overtakes = !self.account.allows(Event::OutputSealed);
        if overtakes {
            self.discards(ours);
        }
        self.discards_if_told(ours);
        self.tell(Event::OutputSealed);
    }

    /// Throws away what was pending, as much as our side reports.
    pub(crate) fn discards(&mut self, ours: &Ending) {
        let bytes = ours.discarded.saturating_sub(self.account.ending().discarded);
        self.tell(Event::PendingDiscarded { bytes });
    }

    /// The same, if our side reports that there was any.
    pub(crate) fn discards_if_told(&mut self, ours: &Ending) {
        if ours.discarded > self.ending().discarded {
            self.discards(ours);
        }
    }

    /// Notes what the transport was asked for, before anything that follows from it.
    pub(crate) fn hears(&mut self, news: News, is_reset: bool, ours: &Ending, ends: Ends) {
        if matches!(news, News::Shut | News::ShutFailed | News::Dropped) {
            self.discards_if_told(ours);
        }
        match news {
            News::Read(count) => self.given += count,
            News::ReadEnd => {
                let inside_record = self.unread() > 0 || self.held.is_some();
                self.tell(Event::TransportEof { inside_record });
            }
            News::ReadFailed(errno) => _ = self.tell(Event::TransportReset { errno }),
            News::Wrote(count) => {
                self.seals(ours);
                self.taken += count;
                if ends.word.is_some_and(|end| end <= self.taken) {
                    self.tell(Event::OutputWritten);
                } else if count > 0 {
                    self.tell(Event::OutputBegun);
                }
                self.is_flushed(ends);
            }
            News::WriteFailed(errno) => {
                self.seals(ours);
                self.tell(Event::WriteFailed { errno });
            }
            News::Shut => _ = self.tell(Event::WriteShut),
            // shutdown(2): another call returns the number that says why
            News::ShutFailed => {
                self.tell(Event::WriteFailed { errno: 0 });
                self.tell(Event::WriteShut);
            }
            News::ResetByUs => {}
            News::Dropped if is_reset => _ = self.tell(Event::TransportResetByUs),
            News::Dropped => _ = self.tell(Event::TransportClosed),
        }
    }

    /// Notes a flush, if all that our application wrote is in the transport.
    // flushed-means-left
    pub(crate) fn is_flushed(&mut self, ends: Ends) {
        if ends.data.is_some_and(|end| end <= self.taken) {
            self.tell(Event::Flushed);
        }
    }

    /// The next record, if our side has all of it.
    pub(crate) fn next_record(&self, world: &World, peer: &Adversary) -> Option<(usize, Meaning, bool)> {
        next_record(&world.sent, self.at, self.given, &peer.pieces[self.piece.min(peer.pieces.len())..])
    }

    /// Notes that our side takes this record.
    pub(crate) fn takes(
        &mut self,
        (to, meaning, is_authentic): (usize, Meaning, bool),
        leave: Leave,
        ours: &Ending,
        owed: &mut Vec<(usize, usize)>,
        peer: &Adversary,
    ) {
        let bytes = u32::try_from(to - self.at).unwrap_or(u32::MAX);
        self.at = to;
        // The engine chooses which alert fits a violation.
        let violation = Event::PeerViolation(match ours.reading {
            ReadEnd::Refused(alert) => alert,
            _ => AlertDescription::UNEXPECTED_MESSAGE,
        });
        let data_at = peer.pieces.get(self.piece).map_or(0, |piece| piece.data_at);
        self.piece += usize::from(is_authentic);
        let refuses = meaning.may_refuse && leave.refuses;
        match meaning.means {
            _ if refuses => _ = self.tell(violation),
            Means::Alerts(payload, length) => {
                let reference::Setup { version, policy, .. } = self.setup;
                for fact in alerts_of(version, &policy, &mut self.held, &payload[..length]) {
                    self.tell(fact);
                }
            }
            Means::Violation => _ = self.tell(violation),
            Means::Message => _ = self.tell(Event::PeerMessage { bytes }),
            Means::Data(length) => {
                let delivers = self.account.delivers();
                self.tell(Event::PeerData { bytes });
                if delivers {
                    owed.truncate(self.ranges);
                    owed.push((data_at, length));
                    self.ranges += 1;
                    self.owed += length;
                }
            }
        }
    }
}
