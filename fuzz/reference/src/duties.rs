//! What the machine may ask of its driver: each output, and the premise that must hold when it is
//! asked.
//!
//! Every premise depends on the notes alone. Outputs that are owed come in a fixed order, so that
//! one that comes too early, twice or never has no premise.
//! Sources: `docs/requirements.md`, by the ids next to each premise.

use close_notify_core::{Ending, Machine, Manner, NotSent, Output, ReadEnd, TransportEnd};

use crate::judge::Flaw;
use crate::{Account, Word};

/// Whether the machine may ask what it asks now; `told` is the ending that both agree on.
pub(crate) fn asked(machine: &Machine, account: &Account, told: &Ending) -> Result<(), Flaw> {
    if machine.may_write() != account.may_write() {
        return Err("it may be written, or may not, against what happened");
    }
    if machine.delivers_data() != account.delivers() {
        return Err("data is delivered, or is not, against what happened");
    }
    // An end can only become faster.
    if machine.manner() != account.manner {
        return Err("the manner is not the hastiest that was asked for");
    }
    let output = machine.output();
    if machine.may_drain() != may_drain(output, account) {
        return Err("raw bytes may be thrown away, or may not, against what happened");
    }
    let discards = owes_a_discard(account);
    // cut-is-visible: pending data that cannot leave is counted, once, before anything else
    if discards != matches!(output, Output::DiscardPending) {
        return Err("a discard too many, or one that is missing");
    }
    // fatal-forgets-session, fatal-discards-tickets, unclean-forbids-resume-10,
    // premature-forbids-reuse-https
    let forgets = !discards && !account.forgotten && !told.resumption.allowed;
    if forgets != matches!(output, Output::ForgetSession) {
        return Err("a session is kept that must be forgotten, or forgotten without need");
    }
    if account.released != matches!(output, Output::Done) && !output_is_about_the_past(output) {
        return Err("a transport that was let go is asked for, or one that was not is not");
    }
    if is_due(output, account) { Ok(()) } else { Err("what is asked is not due") }
}

const fn output_is_about_the_past(output: Output) -> bool {
    matches!(output, Output::DiscardPending | Output::ForgetSession)
}

/// Whether an output's premise holds.
fn is_due(output: Output, account: &Account) -> bool {
    // RFC 9112 §9.6 · linger-is-bounded: the deadline runs before any part of a close can hang
    let timed = !owes_a_deadline(account);
    let is_through = timed && (account.has_said() || account.has_failed()) && !owes_a_fin(account);
    match output {
        Output::DiscardPending | Output::ForgetSession | Output::Done => true,
        Output::StartDeadline => !timed,
        // one-notify, fatal-no-notify, abort-sends-no-notify
        Output::SendCloseNotify { fin_follows } => {
            timed && is_saying(account, Word::Notify) && fin_follows == ends_with_fin(account)
        }
        // nothing-after-notify
        Output::SendAlert { alert } => {
            timed && is_saying(account, Word::Alert) && account.own_alert == Some(alert)
        }
        Output::ShutWrite => timed && owes_a_fin(account),
        // salvage-alert, wait-before-handback
        Output::AwaitPeer => is_through && awaits_the_peer(account),
        // alert-survives-close, data-survives-close
        Output::Drain => is_through && drains(account),
        // RFC 4511 §4.14.3.1 · wait-before-handback
        Output::HandBack => is_through && goes_back(account),
        // notify-before-fin: a FIN leaves only after a last word, or after the peer's fatal alert
        Output::CloseTransport => is_through && is_over(account) && account.has_said(),
        // abort-sends-no-notify; and if no last word could be sent, a close would send a FIN
        Output::ResetTransport => {
            let failed = is_over(account) && account.has_failed();
            account.aborted || (is_through && failed) || (timed && has_given_up(account))
        }
        Output::Idle => {
            let silent = account.word.is_none() && account.has_voice();
            let is_on = !account.is_closing() && !has_given_up(account);
            timed && is_on && (silent || is_through) && !awaits_the_peer(account)
        }
    }
}

/// Whether pending data will not leave, and its amount has not been reported.
fn owes_a_discard(account: &Account) -> bool {
    // A close_notify leaves after what was pending, unless the engine sealed it without being
    // asked.
    let leaves_all = account.is_leaving() && !account.by_engine;
    account.may_discard() && !account.discard_told && !leaves_all
}

impl Account {
    /// Whether the peer can keep us waiting: for its end, for its alert, or for room for our last
    /// word.
    // every-call-ends
    pub(crate) fn waits(&self) -> bool {
        let says = is_saying(self, Word::Notify) || is_saying(self, Word::Alert) || owes_a_fin(self);
        self.is_closing() || (self.has_failed() && self.reads()) || says
    }
}

fn owes_a_deadline(account: &Account) -> bool {
    account.waits() && !account.deadline_started && !account.aborted
}

fn is_saying(account: &Account, word: Word) -> bool {
    account.is_leaving() && account.word == Some(word) || account.owes(word)
}

const fn ends_with_fin(account: &Account) -> bool {
    !matches!(account.manner, Manner::Unasked | Manner::HandBack | Manner::Abort)
}

fn owes_a_fin(account: &Account) -> bool {
    account.has_said() && !account.shut && ends_with_fin(account)
}

/// Whether the peer's end is still worth waiting for.
fn awaits_the_peer(account: &Account) -> bool {
    let asked = matches!(account.manner, Manner::Graceful | Manner::HandBack);
    let salvages = !account.is_closing() && account.has_failed();
    account.reads() && (asked || salvages)
}

fn drains(account: &Account) -> bool {
    matches!(account.manner, Manner::Linger | Manner::Reject) && account.transport == TransportEnd::Open
}

/// Whether what the peer sends may be thrown away: because the machine asks for a drain, or while
/// our last word waits for room.
// no-mutual-wait; RFC 4511 §4.14.3.1 · handback-exact: what follows TLS is for the application
fn may_drain(output: Output, account: &Account) -> bool {
    let says = matches!(output, Output::SendCloseNotify { .. } | Output::SendAlert { .. });
    let for_nobody = account.is_closing() && account.manner != Manner::HandBack && !account.reads();
    output == Output::Drain || (says && for_nobody && account.transport == TransportEnd::Open)
}

/// Whether both have said close_notify, and the write side is open for plaintext.
fn goes_back(account: &Account) -> bool {
    let both = account.reading == ReadEnd::CloseNotify && account.has_notified();
    account.manner == Manner::HandBack && both && !account.shut
}

/// Whether nobody asked for the end of both directions, and the deadline ended a wait.
// every-call-ends: a FIN would say that the data was complete
fn has_given_up(account: &Account) -> bool {
    let by_time = account.reading == ReadEnd::TimedOut || account.unsent == Some(NotSent::GaveUp);
    by_time && !account.is_closing() && !account.aborted
}

/// Whether nothing is left to do but to let go of the transport.
fn is_over(account: &Account) -> bool {
    account.is_closing() && !awaits_the_peer(account) && !drains(account) && !goes_back(account)
}
