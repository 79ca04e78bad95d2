//! The answer that each call of an application may get, derived from the notes.
//!
//! Decides when `Ok` is true, and when it can no longer become true. Everything in between is a
//! wait.
//! Sources: `docs/requirements.md` · no-ok-over-a-loss, flushed-means-left, shut-means-said,
//! every-call-ends.

use close_notify_core::{Answer, Call, FramingState, Machine, Output, ReadEnd};

use crate::Word;
use crate::account::{Account, Stage};
use crate::judge::Flaw;

/// Whether the machine answers every call as the notes do.
pub(crate) fn agree(machine: &Machine, account: &Account) -> Result<(), Flaw> {
    for &framing in FramingState::ALL {
        if machine.answer(Call::Read { framing }) != account.read(framing) {
            return Err("a read answers what is not so");
        }
    }
    let confirm = |is_known| machine.answer(Call::Confirm { is_known }) == account.confirm(is_known);
    let output = machine.output();
    let rows = [
        (machine.answer(Call::Write) == account.write(), "a write answers what is not so"),
        (machine.answer(Call::Flush) == account.flush(), "a flush answers what is not so"),
        (machine.answer(Call::Shutdown) == account.shutdown(), "a shutdown answers what is not so"),
        (machine.answer(Call::Close) == account.closed(output), "a close answers what is not so"),
        (machine.answer(Call::HandBack) == account.hand_back(output), "a hand-back answers what is not so"),
        (
            machine.answer(Call::PeerClosed) == answer(!account.reads(), false),
            "the peer has closed, or has not, against what happened",
        ),
        (confirm(true) && confirm(false), "a handshake is confirmed against what happened"),
    ];
    match rows.into_iter().find(|(is_so, _)| !is_so) {
        Some((_, flaw)) => Err(flaw),
        None => Ok(()),
    }
}

const fn answer(is_so: bool, never_will_be: bool) -> Answer {
    match (is_so, never_will_be) {
        (true, _) => Answer::Done,
        (false, true) => Answer::Failed,
        (false, false) => Answer::Wait,
    }
}

impl Account {
    fn read(&self, framing: FramingState) -> Answer {
        answer(!self.reads() && self.reads_as_end(framing), !self.reads())
    }

    fn write(&self) -> Answer {
        let is_early = self.stage != Stage::Done && self.word.is_none() && self.has_voice() && self.reads();
        answer(self.may_write(), !is_early)
    }

    fn flush(&self) -> Answer {
        let fin_failed = self.written && self.shut && !self.fin;
        let never = self.has_lost_output() || self.has_failed() || self.aborted || fin_failed;
        answer(!never && !self.unflushed, never)
    }

    /// Done once close_notify and FIN are out, and nothing that was written before them is missing.
    fn shutdown(&self) -> Answer {
        let lost = self.has_lost_output() || self.aborted;
        let said = self.has_notified() && self.fin && !lost;
        let never_said = lost || !self.has_voice() || self.word == Some(Word::Alert);
        let never_shut = self.released || (self.written && self.shut);
        answer(said, never_said || never_shut)
    }

    fn closed(&self, output: Output) -> Answer {
        answer(self.released && output == Output::Done, false)
    }

    fn hand_back(&self, output: Output) -> Answer {
        answer(output == Output::HandBack, self.released && output == Output::Done)
    }

    fn confirm(&self, is_known: bool) -> Answer {
        answer(is_known || self.reading == ReadEnd::CloseNotify, !self.reads())
    }
}
