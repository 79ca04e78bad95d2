//! What a call answered, held against what is true: no `Ok` over a loss, and no wait that nothing
//! ends.
//!
//! Decides what each answer must stand on. Leaves to each target how it knows what is true: from
//! its wire, from its peer and from what its application moved. Applications go by what a call
//! returns, so that a true ending beside it excuses nothing.
//! Sources: docs/requirements.md · no-ok-over-a-loss, flushed-means-left, shut-means-said,
//! every-call-ends.

/// What a call of ours came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answered {
    /// A read, to `Ok(0)`.
    End,
    /// A flush, to `Ok`.
    Flushed,
    /// A shutdown, or a close of the write side, to `Ok`.
    Shut,
    /// A call that its caller must make again: a close, a hand-back, or one whose wait a deadline
    /// bounds.
    Waits,
}

/// What is true as the call comes back.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Truth {
    /// The peer's close_notify was read, or a FIN between two records that no failure came before
    /// and that is tolerated here.
    pub(crate) has_ended: bool,
    /// Data of the peer stands before that end, and was not handed on.
    pub(crate) is_missing: bool,
    /// All that a write took is in the transport, which keeps nothing of it back.
    pub(crate) has_left: bool,
    /// So is our close_notify.
    pub(crate) has_notified: bool,
    /// So is our FIN.
    pub(crate) has_fin: bool,
    /// The last thing that the transport did in the call was to say that it can do nothing now.
    pub(crate) is_blocked: bool,
    /// The deadline of what is waited for has passed.
    pub(crate) is_late: bool,
}

impl Truth {
    /// Whether the answer is right; the duty that it breaks, and how, if it is not.
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

    /// The same, where a run has no flaws of its own.
    ///
    /// Panics: where the answer is wrong.
    pub(crate) fn must_bear(self, answered: Answered) {
        if let Err((duty, flaw)) = self.bears(answered) {
            panic!("{duty}: {flaw}: {self:?}");
        }
    }
}
