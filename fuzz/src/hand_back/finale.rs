//! The end of a run after its input is used up: both sides send the rest, and every TLS ends by a
//! hand-back.

use close_notify::Manner;

use super::{Action, Run};

/// More rounds than the narrowest wire needs to carry all that is written.
const TURNS: usize = 20_000;

impl Run {
    /// Runs to the end.
    pub(super) fn finish(&mut self) {
        self.settle();
        let is_disturbed = self.sides.iter().any(|side| side.has_left || side.is_picky());
        if self.wire.borrow().is_orderly() && !is_disturbed {
            self.judge_undisturbed();
        }
        for at in [0, 1] {
            self.act(at, Action::LosePatience);
            self.act(at, Action::GoOn);
        }
        self.settle();
        for at in [0, 1] {
            let side = &self.sides[at];
            let is_left_alone = self.sides[1 - at].is_gone() || !self.wire.borrow().is_orderly();
            assert!(side.is_over() || is_left_alone, "linger-is-bounded: a side that nobody waits for waits");
        }
    }

    /// Both sides read, send the rest and ask for hand-back, until nothing happens any more.
    fn settle(&mut self) {
        for _ in 0..TURNS {
            let before = self.progress();
            for at in [0, 1] {
                self.act(at, Action::Deliver(usize::MAX));
                self.act(at, Action::Read(20_000));
                if self.sides[at].is_in_use() {
                    self.act(at, Action::Ask(Manner::HandBack));
                } else {
                    self.sides[at].say_the_rest();
                    self.act(at, Action::GoOn);
                }
            }
            if self.progress() == before {
                return;
            }
        }
        panic!("no spin: the ends find no rest");
    }

    fn progress(&self) -> (usize, [[usize; 3]; 2]) {
        (self.wire.borrow().moved(), self.sides.each_ref().map(super::Side::progress))
    }

    /// Checks an undisturbed run: both sides have sent everything, and every byte is where it
    /// belongs.
    // RFC 4511 §4.14.3.1 · handback-exact, no-mutual-wait
    fn judge_undisturbed(&self) {
        let wire = self.wire.borrow();
        for (at, side) in self.sides.iter().enumerate() {
            let is_there = side.is_over() && !side.is_gone();
            assert!(is_there, "no-mutual-wait: side {at} has not come to the end: {}", side.place());
            let towards = wire.towards(at);
            assert_eq!(towards.read, towards.log.len(), "handback-exact: bytes that nobody reads");
        }
    }
}
