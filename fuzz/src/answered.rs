//! Compares what a call answered with what is true: no `Ok` over a loss, and no wait that nothing
//! ends.
//!
//! Decides what each answer requires. Each target decides how it knows what is true: from its wire,
//! from its peer and from what its application moved. Applications rely on what a call returns, so
//! a true ending does not excuse a false answer.
//! Sources: docs/requirements.md · no-ok-over-a-loss, flushed-means-left, shut-means-said,
//! every-call-ends.

/// The result of one of our calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answered {
    /// A read returned `Ok(0)`.
    End,
    /// A flush returned `Ok`.
    Flushed,
    /// A shutdown, or a close of the write side, returned `Ok`.
    Shut,
    /// The caller must make the call again: a close, a hand-back, or a call whose wait a deadline
    /// bounds.
    Waits,
}

/// What is true when the call returns.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Truth {
    /// The peer's close_notify was read; or a FIN between two records, which is tolerated here and
    /// which no failure preceded.
    pub(crate) has_ended: bool,
    /// Data of the peer before that end was not handed on.
    pub(crate) is_missing: bool,
    /// All that a write took is in the transport, which holds none of it back.
    pub(crate) has_left: bool,
    /// Our close_notify is in the transport too.
    pub(crate) has_notified: bool,
    /// Our FIN is in the transport too.
    pub(crate) has_fin: bool,
    /// The transport's last result in the call was that it would block.
    pub(crate) is_blocked: bool,
    /// The deadline of the wait has passed.
    pub(crate) is_late: bool,
}

impl Truth {
    /// Checks the answer. If it is wrong, returns the duty that it breaks, and how.
    pub(crate) const fn bears(self, answered: Answered) -> Result<(), (&'static str, &'static str)> {
        match answered {
            Answered::End if !self.has_ended => {
                Err(("no-ok-over-a-loss", "a read is done over an end that is none"))
            }
            Answered::End if self.is_missing => {
                Err(("no-ok-over-a-loss", "a read is done over data that was thrown away"))
            }
            Answered::Flushed if !self.has_left => {
                Err(("flushed-means-left", "a flush is done over bytes that have not left"))
            }
            Answered::Shut if !(self.has_left && self.has_notified && self.has_fin) => {
                Err(("shut-means-said", "a shutdown is done before data, close_notify and FIN have left"))
            }
            Answered::Waits if self.is_late => Err(("every-call-ends", "a call waits after its deadline")),
            Answered::Waits if !self.is_blocked => {
                Err(("every-call-ends", "a call waits, and its transport does not"))
            }
            Answered::End | Answered::Flushed | Answered::Shut | Answered::Waits => Ok(()),
        }
    }

    /// The same check for a run that does not collect flaws. Panics if the answer is wrong.
    pub(crate) fn must_bear(self, answered: Answered) {
        if let Err((duty, flaw)) = self.bears(answered) {
            panic!("{duty}: {flaw}: {self:?}");
        }
    }
}
