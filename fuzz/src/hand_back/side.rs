//! One side of a connection that is in the clear and under TLS by turns, and what must hold for it
//! after every step.

use std::io::{ErrorKind, Read, Write};

use close_notify::{LateData, Manner, Policy, ReadEnd, Session, Version};
use rustls::Connection;

use super::ROUNDS;
use crate::driven::{Driven, Kind};
use crate::heard::{Heard, LONGEST, PLAIN, is_text, overhead, text};
use crate::lab::{ROLES, Recording};
use crate::wire::{End, Shared};

/// The most bytes that an application writes under one TLS.
const MOST: usize = 3 * LONGEST;

/// What a side knows before the first byte.
#[derive(Clone, Copy)]
pub(super) struct Agreement {
    pub(super) version: Version,
    pub(super) kind: Kind,
    pub(super) policy: Policy,
    /// Its connections are used by others before our adapters get them.
    pub(super) is_adopted: bool,
    /// How many bytes it sends in the clear each time.
    pub(super) says: usize,
    /// How many bytes it receives in the clear each time.
    pub(super) hears: usize,
}

/// The state of a side.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there are two of it in a run")]
enum Phase {
    /// In the clear.
    Plain(End),
    /// Under TLS, with the connection in the hands of others.
    Others(Box<Connection>, End),
    /// Under TLS.
    Tls(Driven),
    /// Its transport is gone.
    Gone,
}

/// One side, and what its application has sent and received.
pub(super) struct Side {
    at: usize,
    agreement: Agreement,
    phase: Phase,
    /// How many times TLS has ended.
    round: usize,
    /// Sent in the clear, in all rounds.
    said_plain: usize,
    /// Received in the clear, in all rounds.
    heard_plain: usize,
    /// Written under this TLS.
    accepted: usize,
    /// Perhaps written in addition, by a write that failed.
    perhaps: usize,
    /// Read under this TLS.
    delivered: usize,
    /// Sent in the clear after its close_notify and before the peer's.
    hastened: usize,
    said: Heard,
    heard: Heard,
    /// It has asked for another end than a hand-back, or its patience has ended.
    pub(super) has_left: bool,
}

impl Side {
    pub(super) fn new(at: usize, agreement: Agreement, end: End) -> Self {
        Self {
            at,
            agreement,
            phase: Phase::Plain(end),
            round: 0,
            said_plain: 0,
            heard_plain: 0,
            accepted: 0,
            perhaps: 0,
            delivered: 0,
            hastened: 0,
            said: Heard::of(agreement.version, at, 0, 0),
            heard: Heard::of(agreement.version, 1 - at, 0, 0),
            has_left: false,
        }
    }

    /// How many bytes must still be sent in the clear before the next TLS.
    fn to_say(&self) -> usize {
        // What was hastened belongs to a round that has not begun.
        (self.agreement.says * (self.round + 1)).saturating_sub(self.said_plain)
    }

    fn to_hear(&self) -> usize {
        self.agreement.hears * (self.round + 1) - self.heard_plain
    }

    /// Whether everything that was agreed on has been sent and received, or never will be.
    pub(super) fn is_over(&self) -> bool {
        match &self.phase {
            Phase::Plain(_) => self.round == ROUNDS && self.to_say() == 0 && self.to_hear() == 0,
            Phase::Others(..) | Phase::Tls(_) => false,
            Phase::Gone => true,
        }
    }

    /// Whether its policy may end TLS in another way, even if the peer keeps to the agreement.
    pub(super) fn is_picky(&self) -> bool {
        let Policy { late_data, drain_budget, .. } = self.agreement.policy;
        late_data == LateData::Refuse || (drain_budget as usize) < 2 * MOST
    }

    /// A description of its state, for failures.
    pub(super) fn place(&self) -> String {
        let ending = if let Phase::Tls(end) = &self.phase { Some(end.session().ending()) } else { None };
        format!("round {} {:?} {ending:?} {:?} {:?}", self.round, self.phase, self.said, self.heard)
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    /// Whether its application has not asked yet for the end of this TLS.
    pub(super) fn is_in_use(&self) -> bool {
        match &self.phase {
            Phase::Others(..) => true,
            Phase::Tls(end) => end.asked().is_none(),
            Phase::Plain(_) | Phase::Gone => false,
        }
    }

    /// Numbers that change whenever its application has seen or done something.
    pub(super) const fn progress(&self) -> [usize; 3] {
        let phase = match self.phase {
            Phase::Plain(_) => 0,
            Phase::Others(..) | Phase::Tls(_) => 1,
            Phase::Gone => 2,
        };
        [3 * self.round + phase, self.said_plain + self.heard_plain, self.delivered]
    }

    pub(super) fn read(&mut self, wire: &Shared, buffer: &mut [u8]) {
        let most = buffer.len();
        match &mut self.phase {
            Phase::Plain(end) => {
                // A program knows how much is in the clear, and reads no more.
                let length = most.min(self.agreement.hears * (self.round + 1) - self.heard_plain);
                let Ok(count) = end.read(&mut buffer[..length]) else { return };
                let is_right = is_text(PLAIN + 1 - self.at, self.heard_plain, &buffer[..count]);
                assert!(is_right, "handback-exact: other bytes come in the clear than were said there");
                self.heard_plain += count;
            }
            Phase::Others(connection, end) => {
                let count =
                    others_read(connection, end, unread_tls(wire, self.at, self.heard).min(most), buffer);
                self.check_data(&buffer[..count]);
            }
            Phase::Tls(end) => {
                let count = end.read(buffer).unwrap_or(0);
                self.check_data(&buffer[..count]);
            }
            Phase::Gone => {}
        }
    }

    // RFC 4217 §12, CVE-2023-40217 · handback-exact: nothing from the clear is read under TLS
    fn check_data(&mut self, data: &[u8]) {
        assert!(is_text(1 - self.at, self.delivered, data), "other data is read than was written");
        self.delivered += data.len();
    }

    pub(super) fn write(&mut self, wire: &Shared, most: usize) {
        let most = most.min(wire.borrow().nature().most_at_once());
        let data = text(self.at, self.accepted, most.min(MOST - self.accepted));
        let to_say = self.to_say();
        match &mut self.phase {
            Phase::Plain(end) => {
                let plain = text(PLAIN + self.at, self.said_plain, most.min(to_say));
                self.said_plain += end.write(plain).unwrap_or(0);
            }
            Phase::Others(connection, end) => {
                self.accepted += connection.writer().write(data).unwrap_or(0);
                while connection.wants_write() && connection.write_tls(end).is_ok_and(|count| count > 0) {}
            }
            Phase::Tls(end) => match end.write(data) {
                Ok(taken) => self.accepted += taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.perhaps = self.perhaps.max(data.len()),
            },
            Phase::Gone => {}
        }
    }

    /// Sends the rest of what it must send in the clear.
    pub(super) fn say_the_rest(&mut self) {
        let to_say = self.to_say();
        if let Phase::Plain(end) = &mut self.phase {
            let plain = text(PLAIN + self.at, self.said_plain, to_say);
            self.said_plain += end.write(plain).unwrap_or(0);
        }
    }

    pub(super) fn go_on(&mut self, wire: &Shared) {
        let is_said = self.to_say() == 0 && self.to_hear() == 0;
        match &mut self.phase {
            Phase::Plain(_) if is_said && self.round < ROUNDS => self.start_tls(wire),
            Phase::Plain(_) | Phase::Others(..) | Phase::Gone => {}
            Phase::Tls(end) => {
                // The ending says how it ended.
                let _ = end.go_on();
                self.take_back(wire);
            }
        }
    }

    fn start_tls(&mut self, wire: &Shared) {
        let Phase::Plain(end) = std::mem::replace(&mut self.phase, Phase::Gone) else { return };
        let (version, wire) = (self.agreement.version, wire.borrow());
        self.said = Heard::of(version, self.at, wire.said_by(self.at).len(), 0);
        self.heard = Heard::of(version, 1 - self.at, wire.read_by(self.at).len(), 0);
        (self.accepted, self.perhaps, self.delivered, self.hastened) = (0, 0, 0, 0);
        let connection = Recording::of(version, ROLES[self.at]).established();
        self.phase = if self.agreement.is_adopted {
            Phase::Others(Box::new(connection), end)
        } else {
            let session = Session::new(connection, self.agreement.policy);
            Phase::Tls(Driven::new(self.agreement.kind, session, end))
        };
    }

    pub(super) fn adopt(&mut self) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Others(connection, end) => {
                let session = Session::adopt(*connection, self.agreement.policy);
                Phase::Tls(Driven::new(self.agreement.kind, session, end))
            }
            phase => phase,
        };
    }

    pub(super) fn ask(&mut self, wire: &Shared, manner: Manner) {
        self.adopt();
        if let Phase::Tls(end) = &mut self.phase {
            self.has_left |= manner != Manner::HandBack;
            // The ending says how it ended.
            let _ = end.ask(manner);
            self.take_back(wire);
        }
    }

    pub(super) fn lose_patience(&mut self) {
        if let Phase::Tls(end) = &mut self.phase {
            self.has_left = true;
            // The ending says how it ended.
            let _ = end.lose_patience();
        }
    }

    /// Sends in the clear as soon as its own close_notify is out.
    pub(super) fn hasten(&mut self, wire: &Shared, most: usize) {
        let Phase::Tls(end) = &self.phase else { return };
        let mut wire = wire.borrow();
        self.said.hear(wire.said_by(self.at));
        if self.said.notify_end().is_none() || end.asked() != Some(Manner::HandBack) {
            return;
        }
        // What it sends now belongs to the next round, which has not begun for it.
        let to_say = self.agreement.says * (self.round + 2) - self.said_plain;
        let plain = text(PLAIN + self.at, self.said_plain, most.min(to_say));
        let count = wire.write(self.at, plain).unwrap_or(0);
        self.said_plain += count;
        self.hastened += count;
    }

    /// Goes back to the clear, if the transport was handed back.
    fn take_back(&mut self, wire: &Shared) {
        let Phase::Tls(driven) = &mut self.phase else { return };
        let Some((end, leftover)) = driven.take_back() else {
            if driven.is_done() {
                self.is_dropped(wire);
            }
            return;
        };
        self.check_border(wire, &leftover);
        self.read_what_was_kept();
        wire.borrow().put_back(self.at, leftover.len());
        self.round += 1;
        self.phase = Phase::Plain(end);
    }

    // RFC 4511 §4.14.3.1 · wait-before-handback, handback-exact
    fn check_border(&mut self, wire: &Shared, leftover: &[u8]) {
        let wire = wire.borrow();
        let (said, read) = (wire.said_by(self.at), wire.read_by(self.at));
        self.said.hear(said);
        self.heard.hear(read);
        let (ours, theirs) = (self.said.notify_end(), self.heard.notify_end());
        assert_eq!(ours, Some(said.len() - self.hastened), "wait-before-handback: ours is not out");
        let border = theirs.expect("wait-before-handback: the peer's close_notify was read");
        assert!(leftover == &read[border..], "handback-exact: what was read after the border");
    }

    /// Reads what had come under TLS and was not read yet, to the last byte.
    // RFC 9846 §6.1 · delivered-before-end, cut-is-visible
    fn read_what_was_kept(&mut self) {
        let Phase::Tls(driven) = &mut self.phase else { return };
        let mut buffer = [0; 512];
        let (at, before) = (self.at, self.delivered);
        let mut count = before;
        while let Ok(more @ 1..) = driven.read(&mut buffer) {
            assert!(is_text(1 - at, count, &buffer[..more]), "other data is read than was written");
            count += more;
        }
        self.delivered = count;
        let late = driven.session().ending().late as usize;
        let dropped = self.heard.data - self.delivered;
        // How much of a record others had read cannot be known.
        let is_counted = self.agreement.is_adopted
            || (late >= dropped && (late - dropped).is_multiple_of(overhead(self.agreement.version)));
        assert!(
            (late == 0) == (dropped == 0) && is_counted,
            "{dropped} bytes are not delivered, {late} late"
        );
    }

    /// Notes that TLS ended in another way: the transport is gone, and cannot be used in the clear.
    // RFC 4511 §4.14.3.1: a missing close_notify ends the connection
    fn is_dropped(&mut self, wire: &Shared) {
        assert!(wire.borrow().is_closed(self.at), "the transport is kept although TLS has not ended well");
        self.phase = Phase::Gone;
    }

    /// Checks what must hold under TLS, after every step.
    // RFC 9846 §6.1 · nothing-after-notify, handback-exact
    pub(super) fn judge(&mut self, wire: &Shared) {
        let Phase::Tls(driven) = &self.phase else { return };
        let wire = wire.borrow();
        self.said.hear(wire.said_by(self.at));
        self.heard.hear(wire.read_by(self.at));
        let said = wire.said_by(self.at).len() - self.hastened;
        assert!(self.said.last.is_none_or(|last| last.end == said), "nothing-after-notify");
        let ending = driven.session().ending();
        let is_clean = ending.reading == ReadEnd::CloseNotify;
        assert!(!is_clean || self.heard.notify_end().is_some(), "fin-is-not-close");
        let is_sent = self.said.data + ending.discarded as usize;
        let is_whole = self.said.notify_end().is_none() || self.perhaps > 0 || is_sent == self.accepted;
        assert!(is_whole, "{is_sent} of {} were sent or discarded", self.accepted);
    }
}

/// How many of the bytes that this side could read belong to TLS.
fn unread_tls(wire: &Shared, side: usize, mut heard: Heard) -> usize {
    let wire = wire.borrow();
    let towards = wire.towards(side);
    heard.hear(&towards.log[..towards.arrived]);
    heard.notify_end().unwrap_or(towards.arrived).saturating_sub(towards.read)
}

/// Reads as a program without our adapters does, and takes what rustls has opened.
fn others_read(connection: &mut Connection, end: &mut End, most: usize, buffer: &mut [u8]) -> usize {
    if connection.read_tls(&mut end.take(most as u64)).is_ok() {
        connection.process_new_packets().expect("the peer keeps to the protocol");
    }
    connection.reader().read(buffer).unwrap_or(0)
}
