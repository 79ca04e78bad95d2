//! What both ends of a connection must agree on, however they were driven, according to their
//! endings and to what they wrote and read.
//!
//! Decides nothing about closing. Sources: RFC 9846 §6.1, §6.2; RFC 5246 §7.2.

use std::io::{Error, ErrorKind};

use close_notify::{Ending, FindEnding, MissingNotify, Policy, ReadEnd, WriteEnd};

use super::shown;
use crate::heard::is_text;

/// What an application at one end has done, and what its calls returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) policy: Policy,
    /// Its connection has the hook of `close_notify::provider`.
    pub(super) is_hooked: bool,
    /// Others drove it before, so its ending does not know what rustls said on its own then.
    pub(super) is_adopted: bool,
    /// How much of its data was taken.
    pub(super) taken: usize,
    /// How much more a call may have taken that then failed.
    pub(super) in_doubt: usize,
    /// How much data it has read.
    pub(super) got: usize,
    /// Reading has returned zero.
    pub(super) at_end: bool,
    /// The last ending that it got.
    pub(super) ending: Option<Ending>,
}

impl Facts {
    pub(super) const fn new(policy: Policy, is_hooked: bool) -> Self {
        Self {
            policy,
            is_hooked,
            is_adopted: false,
            taken: 0,
            in_doubt: 0,
            got: 0,
            at_end: false,
            ending: None,
        }
    }

    /// Notes what its application read, and checks that the peer's application wrote it, in order.
    pub(super) fn read(&mut self, voice: usize, bytes: &[u8]) {
        assert!(is_text(voice, self.got, bytes), "what was read at {} is not what was written", self.got);
        self.got += bytes.len();
    }

    /// Notes the current ending, and checks that nothing known is taken back.
    pub(super) fn stands(&mut self, ending: Ending) {
        if let Some(before) = self.ending.replace(ending) {
            evidence_grows(&before, &ending);
        }
    }

    /// Notes an error, and checks that it says how the connection ended, or that the caller must
    /// ask again.
    pub(super) fn failed(&mut self, error: &Error) {
        shown::is_a_line(error);
        match Ending::find(error) {
            Some(ending) => self.stands(ending),
            None => assert!(is_a_word_of_ours(error.kind()), "an error without an ending: {error:?}"),
        }
    }
}

/// Whether the kind is that of a wait, or of an alert that cannot be sealed.
const fn is_a_word_of_ours(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Unsupported)
}

fn evidence_grows(before: &Ending, after: &Ending) {
    let kept = before.reading == ReadEnd::Open || before.reading == after.reading;
    assert!(kept, "the first end stays: {before:?} {after:?}");
    let is_final = !matches!(before.writing, WriteEnd::Open | WriteEnd::Closing);
    let kept =
        !is_final || before.writing == after.writing || matches!(after.writing, WriteEnd::Aborted { .. });
    assert!(kept, "what was said stays said: {before:?} {after:?}");
    assert!(before.resumption.allowed || !after.resumption.allowed, "what is forbidden stays forbidden");
}

/// Checks that what each end got fits what the other one did.
pub(super) fn agree(facts: &[Facts; 2]) {
    for [ours, theirs] in [[&facts[0], &facts[1]], [&facts[1], &facts[0]]] {
        assert!(ours.got <= theirs.taken + theirs.in_doubt, "data was read that nobody wrote");
        if let (Some(ending), Some(other)) = (&ours.ending, &theirs.ending) {
            fits(ours, theirs, ending, other);
        }
    }
}

fn fits(ours: &Facts, theirs: &Facts, ending: &Ending, other: &Ending) {
    match ending.reading {
        // notify-whole
        ReadEnd::CloseNotify | ReadEnd::CloseNotifyInHandshake => {
            assert!(has_notified(other.writing), "a close_notify was read, and its side says {other:?}");
        }
        // alert-survives-close
        ReadEnd::FatalAlert(alert) => match other.writing {
            WriteEnd::FatalAlertSent(sent) => {
                assert!(sent == alert || !theirs.is_hooked, "{alert} was read, and {sent} was sent");
            }
            WriteEnd::Aborted { .. } => {}
            _ if theirs.is_adopted => {}
            writing => panic!("{alert} was read, and its side says {writing:?}"),
        },
        _ => {}
    }
    if ours.at_end {
        ends_exactly(ours, theirs, ending, other);
    }
}

/// Checks that no byte is missing before an end that read as clean.
fn ends_exactly(ours: &Facts, theirs: &Facts, ending: &Ending, other: &Ending) {
    if ending.reading != ReadEnd::CloseNotify {
        // missing-notify-is-truncation
        let tolerates = ours.policy.missing_notify != MissingNotify::Refuse;
        let is_cut = ending.reading == ReadEnd::TruncatedAtBoundary;
        assert!(tolerates && is_cut, "reading ended well, and the ending is {ending:?}");
        return;
    }
    is_exact(ours.got, ending, theirs, other);
}

/// Checks that all that left was read, unless it came after our close and was not wanted.
pub(super) fn is_exact(got: usize, ending: &Ending, theirs: &Facts, other: &Ending) {
    let left = theirs.taken - other.discarded as usize;
    let least = if ending.late > 0 { 0 } else { left };
    assert!(
        (least..=left + theirs.in_doubt).contains(&got),
        "{got} of {left} bytes were read before the end"
    );
}

/// Whether a side with this end has said its close_notify whole.
pub(super) const fn has_notified(writing: WriteEnd) -> bool {
    matches!(writing, WriteEnd::CloseNotifySent | WriteEnd::Aborted { after_close_notify: true })
}

/// Checks that the ending that a relay reports for a side fits what the other end of that
/// connection did.
pub(super) fn is_true(told: &Option<Ending>, other: &Facts) {
    let (Some(told), Some(other)) = (told, &other.ending) else { return };
    match told.reading {
        ReadEnd::CloseNotify => assert!(has_notified(other.writing), "{told:?} {other:?}"),
        ReadEnd::FatalAlert(alert) => {
            let is_sent = other.writing == WriteEnd::FatalAlertSent(alert);
            assert!(is_sent || matches!(other.writing, WriteEnd::Aborted { .. }), "{told:?} {other:?}");
        }
        _ => {}
    }
}
