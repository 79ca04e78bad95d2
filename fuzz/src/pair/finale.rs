//! The end of a run after its input is used up: both sides do what is due, everything arrives, and
//! both end.
//!
//! Sources: docs/requirements.md · no-mutual-wait, reply-at-once, alert-survives-close,
//! handback-exact.

use close_notify::{Manner, Policy, ReadEnd, Reply, Version, WriteEnd};

use super::action::Action;
use super::{ROOM, Run, Side};

/// More rounds than the narrowest wire needs to carry all that is written.
const ROUNDS: usize = 20_000;

impl Run {
    /// Runs to the end.
    pub(super) fn finish(&mut self, at_last: [Manner; 2]) {
        self.settle();
        self.judge_replies();
        for (at, manner) in at_last.into_iter().enumerate() {
            let asked = self.sides[at].end.asked();
            if asked.is_none() || asked == Some(Manner::HalfClose) {
                self.act(at, Action::Ask(manner));
            }
        }
        self.settle();
        let in_time = self.sides.each_ref().map(|side| side.end.is_done());
        if self.wire.borrow().is_orderly() {
            assert_eq!(in_time, [true; 2], "no-mutual-wait: who is done");
            self.judge_orderly_ends();
        }
        if in_time == [true; 2] {
            return;
        }
        for at in [0, 1] {
            if !in_time[at] {
                self.act(at, Action::LosePatience);
            }
        }
        self.settle();
        let at_last = self.sides.each_ref().map(|side| side.end.is_done());
        assert_eq!(at_last, [true; 2], "linger-is-bounded: who is done after the deadline");
    }

    /// Everything arrives, and both sides read and continue, until nothing happens any more.
    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            let before = self.progress();
            for at in [0, 1] {
                self.act(at, Action::Deliver(usize::MAX));
                self.act(at, Action::Read(ROOM));
                self.act(at, Action::GoOn);
                self.take_back(at);
            }
            self.judge();
            if self.progress() == before {
                return;
            }
        }
        panic!("no spin: the ends find no rest");
    }

    /// A measure of what has happened so far, on the wire and to the applications.
    fn progress(&self) -> (usize, [(usize, bool); 2]) {
        let seen = self.sides.each_ref().map(|side| (side.delivered, side.has_end));
        (self.wire.borrow().moved(), seen)
    }

    /// Takes back a transport that was handed back, and lets go of it. Nothing was said outside of
    /// TLS.
    // RFC 4511 §4.14.3.1 · handback-exact, wait-before-handback
    fn take_back(&mut self, at: usize) {
        let side = &mut self.sides[at];
        if let Some((end, leftover)) = side.end.take_back() {
            assert!(leftover.is_empty(), "handback-exact: {} bytes came of nothing", leftover.len());
            assert_eq!(side.end.session().ending().reading, ReadEnd::CloseNotify, "wait-before-handback");
            drop(end);
        }
    }

    // RFC 5246 §7.2.1 · reply-at-once: without a call of the application
    fn judge_replies(&self) {
        let wire = self.wire.borrow();
        for (at, side) in self.sides.iter().enumerate() {
            let replies = side.was_closed_first && !self.version.has_independent_halves();
            let is_due = replies && side.policy.reply != Reply::WhenAsked;
            let can_leave = wire.is_orderly() && !wire.is_dead(at);
            let gave_up = side.was_dropped || side.is_out_of_time || side.aborted_at.is_some();
            assert!(!is_due || !can_leave || gave_up || side.said.last.is_some(), "reply-at-once");
        }
    }

    /// Checks the ends of both sides over an undisturbed wire.
    fn judge_orderly_ends(&self) {
        for at in [0, 1] {
            let (us, peer) = (&self.sides[at], &self.sides[1 - at]);
            agreement(us, peer);
            alert_survives_close(us, peer);
            data_survives_close(us, peer, self.version);
        }
    }
}

/// Checks that everything that was written is read if both ends are clean.
// RFC 9846 §6.1 · cut-is-visible, delivered-before-end
fn agreement(us: &Side, peer: &Side) {
    let are_clean = us.end.session().ending().is_clean() && peer.end.session().ending().is_clean();
    assert!(!are_clean || peer.has_end, "a clean end that was not read");
    assert!(!are_clean || peer.delivered == us.accepted, "both ends are clean, and data is missing");
}

/// Checks that the alert of a side that rejects and lingers reaches a peer that reads on.
// RFC 9112 §9.6 · alert-survives-close
fn alert_survives_close(us: &Side, peer: &Side) {
    let WriteEnd::FatalAlertSent(alert) = us.end.session().ending().writing else { return };
    if lingers(us) && reads_on(peer) {
        let reading = peer.end.session().ending().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(alert), "alert-survives-close");
    }
}

/// Checks that a peer that reads on reads everything from a side that closes in a waiting manner.
// RFC 9846 §6.1 · data-survives-close
fn data_survives_close(us: &Side, peer: &Side, version: Version) {
    let sent = us.end.session().ending().writing == WriteEnd::CloseNotifySent;
    let is_cut_short = !version.has_independent_halves() && peer.end.session().ending().discarded > 0;
    if sent && lingers(us) && reads_on(peer) && !is_cut_short {
        assert_eq!(peer.end.session().ending().reading, ReadEnd::CloseNotify, "data-survives-close");
    }
}

/// Whether a side closed in a manner that destroys nothing, with enough time and budget.
fn lingers(side: &Side) -> bool {
    let waits = match side.end.machine().manner() {
        Manner::Graceful | Manner::Linger | Manner::Reject | Manner::HandBack => true,
        Manner::Unasked | Manner::HalfClose | Manner::AtOnce | Manner::Abort => false,
    };
    waits && is_patient(side)
}

/// Whether a side has waited for the peer's last word, and has refused nothing.
fn reads_on(side: &Side) -> bool {
    let ended_by_itself = matches!(
        side.end.session().ending().reading,
        ReadEnd::NotAwaited | ReadEnd::Refused(_) | ReadEnd::OverBudget | ReadEnd::TimedOut
    );
    !ended_by_itself && is_patient(side)
}

fn is_patient(side: &Side) -> bool {
    let Policy { drain_budget, .. } = side.policy;
    !side.was_dropped && !side.is_out_of_time && side.end.session().ending().drained <= drain_budget
}
