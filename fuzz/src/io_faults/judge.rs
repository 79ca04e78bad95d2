//! What must hold after every call, whatever the transport did, according to the wire and the peer
//! rather than the core.
//!
//! Decides what an ending may say, given what was really read and written. Each claim names its
//! duty.

use std::io::ErrorKind;

use close_notify::{Ending, Error, FramingState, Illegal, Manner, NotSent, Policy, ReadEnd, WriteEnd};

use super::peer::Peer;
use super::wire::{Ended, Wire};

/// What the application has asked for and got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) policy: Policy,
    pub(super) framing: FramingState,
    /// How much data was taken from the application.
    pub(super) taken: usize,
    /// How much may have been taken by a write that then failed.
    pub(super) in_doubt: usize,
    /// How much data the application has read.
    pub(super) got: usize,
    /// It asked for an end of both directions, or rejected.
    pub(super) asked: Option<Manner>,
    /// It asked for the end of its own direction.
    pub(super) half_closes: bool,
    /// A deadline has passed while it ran.
    pub(super) deadline_passed: bool,
    pub(super) handed_back: bool,
}

/// The kind of error that fits an end: a second copy of the table in the crate's docs.
pub(super) const fn kind_for(reading: ReadEnd) -> ErrorKind {
    match reading {
        ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord | ReadEnd::CloseNotifyInHandshake => {
            ErrorKind::UnexpectedEof
        }
        ReadEnd::Reset => ErrorKind::ConnectionReset,
        ReadEnd::FatalAlert(_) | ReadEnd::TransportFailed => ErrorKind::ConnectionAborted,
        ReadEnd::Refused(_) => ErrorKind::InvalidData,
        ReadEnd::NotAwaited => ErrorKind::NotConnected,
        ReadEnd::TimedOut => ErrorKind::TimedOut,
        ReadEnd::OverBudget => ErrorKind::QuotaExceeded,
        ReadEnd::Open | ReadEnd::CloseNotify => ErrorKind::BrokenPipe,
    }
}

/// Checks the ending against what happened on the wire.
pub(super) fn ending_is_true(ending: &Ending, facts: &Facts, wire: &Wire, peer: &Peer) {
    reading_is_true(ending, facts, wire, peer);
    writing_is_true(ending, facts, wire, peer);
    assert_eq!(ending.errno, wire.first_errno, "the first error number of the transport");
    // What was taken leaves before our last word, or counts as discarded.
    let left = facts.taken + facts.in_doubt;
    assert!(peer.heard <= left, "{} bytes of {left} have left", peer.heard);
    // cut-is-visible: an application that has not closed both directions wants all that comes
    let is_over = matches!(ending.reading, ReadEnd::FatalAlert(_) | ReadEnd::Refused(_) | ReadEnd::TimedOut);
    assert!(
        ending.late == 0 || facts.asked.is_some() || is_over,
        "{} bytes are late for nobody",
        ending.late
    );
    if peer.last_word.is_some() {
        // RFC 9846 §6.1 · cut-is-visible
        let known = peer.heard + ending.discarded as usize;
        assert!((facts.taken..=left).contains(&known), "{known} bytes of {} are accounted for", facts.taken);
    }
    // RFC 9846 §6.1: data after an end is for nobody
    let data = peer.end.map_or(peer.data, |end| end.data);
    assert!(facts.got <= data, "data after the end of the peer was handed on");
}

fn reading_is_true(ending: &Ending, facts: &Facts, wire: &Wire, peer: &Peer) {
    let end_was_read = peer.end.filter(|end| end.at <= wire.read);
    let closes = facts.asked.is_some();
    let was_cut = wire.ended == Some(Ended::Fin);
    match ending.reading {
        // notify-whole
        ReadEnd::CloseNotify => {
            assert!(end_was_read.is_some_and(|end| end.alert == 0), "no close_notify was read")
        }
        ReadEnd::FatalAlert(alert) => {
            assert!(end_was_read.is_some_and(|end| end.alert == alert.0), "no alert {} was read", alert.0);
        }
        // fin-is-not-close, notify-is-final, salvage-alert: what ends the direction comes before
        // the transport's end
        ReadEnd::TruncatedAtBoundary => {
            assert!(was_cut && end_was_read.is_none(), "no end between two records");
            assert!(peer.is_border(wire.read), "an end inside a record is called one between two");
        }
        ReadEnd::TruncatedInRecord => {
            assert!(was_cut && end_was_read.is_none(), "no end inside a record");
            assert!(!peer.is_border(wire.read), "an end between two records is called one inside");
        }
        // rst-is-not-close
        ReadEnd::Reset => {
            let was_reset = wire.ended == Some(Ended::Reset);
            assert!(was_reset && end_was_read.is_none(), "no reset was read");
        }
        // dead-is-not-fin
        ReadEnd::TransportFailed => {
            let has_died = wire.ended == Some(Ended::Dead);
            assert!(has_died && end_was_read.is_none(), "the transport has not failed");
        }
        ReadEnd::TimedOut => assert!(facts.deadline_passed, "a deadline is reported that has not passed"),
        ReadEnd::NotAwaited => assert!(closes, "nobody gave up waiting"),
        ReadEnd::OverBudget => {
            assert!(closes && wire.read > facts.policy.drain_budget as usize, "the budget is not spent");
        }
        ReadEnd::Refused(_) => assert!(closes, "what the peer says is no violation"),
        ReadEnd::Open => {
            // The call that reads the end of a direction reports it, except for the call that holds
            // it back.
            assert_eq!(wire.ended, None, "the end of the transport is no end of reading");
        }
        ReadEnd::CloseNotifyInHandshake => panic!("the handshake was done before"),
    }
}

fn writing_is_true(ending: &Ending, facts: &Facts, wire: &Wire, peer: &Peer) {
    let is_partial = peer.opened < wire.out.len() && !facts.handed_back;
    let word = peer.last_word.map(|(_, alert)| alert);
    match ending.writing {
        WriteEnd::Open => assert!(word.is_none(), "a last word has left, and writing is open"),
        // A close_notify that has just left counts with the next call.
        WriteEnd::Closing => {}
        // notify-before-fin, alert-survives-close: it counts once its last byte is in the
        // transport, and not before
        WriteEnd::CloseNotifySent => assert_eq!(word, Some(0), "a close_notify counts as sent"),
        WriteEnd::FatalAlertSent(alert) => assert_eq!(word, Some(alert.0), "an alert counts as sent"),
        WriteEnd::PartlyWritten => {
            assert!(is_partial || !wire.is_flushed, "a last word counts as partly written");
        }
        WriteEnd::NotSent(why) => {
            // What waits for a flush may never leave.
            let stays = word.is_none() || !wire.is_flushed;
            assert!(stays, "a last word has left, and counts as not sent: {why:?}");
            assert!(!is_partial || wire.out[peer.opened] != 21, "a part of a last word has left: {why:?}");
            not_sent_is_true(why, ending, facts, wire);
        }
        WriteEnd::Aborted { after_close_notify } => {
            // every-call-ends: the deadline of a half-close, which nothing but a reset can end
            let gave_up = facts.half_closes && facts.deadline_passed;
            assert!(facts.asked == Some(Manner::Abort) || gave_up, "nobody aborted");
            assert!(!after_close_notify || word == Some(0), "no close_notify has left before the abort");
        }
    }
    // RFC 9846 §6.1 · notify-before-fin
    let said = word.is_some() || matches!(ending.reading, ReadEnd::FatalAlert(_));
    assert!(!wire.is_shut || said, "a FIN without a last word");
}

fn not_sent_is_true(why: NotSent, ending: &Ending, facts: &Facts, wire: &Wire) {
    match why {
        NotSent::TransportFailed => assert!(wire.first_errno.is_some(), "no transport has failed"),
        NotSent::GaveUp => {
            let over = ending.drained > facts.policy.drain_budget;
            assert!(facts.deadline_passed || over, "nobody gave up");
        }
        NotSent::PeerFatalAlert => {
            assert!(matches!(ending.reading, ReadEnd::FatalAlert(_)), "no fatal alert")
        }
        NotSent::NotAsked | NotSent::Unsealable => panic!("no last word: {why:?}"),
    }
}

/// Checks that nothing known is taken back.
pub(super) fn evidence_grows(before: &Ending, after: &Ending) {
    let kept = matches!(before.reading, ReadEnd::Open) || before.reading == after.reading;
    assert!(kept, "the first end stays: {before:?} {after:?}");
    let is_final = !matches!(before.writing, WriteEnd::Open | WriteEnd::Closing);
    let kept =
        !is_final || before.writing == after.writing || matches!(after.writing, WriteEnd::Aborted { .. });
    assert!(kept, "what was said stays said: {before:?} {after:?}");
    assert!(before.discarded <= after.discarded && before.late <= after.late, "{before:?} {after:?}");
    assert!(before.errno.is_none() || before.errno == after.errno, "the first error number stays");
}

/// Checks that an error of a call says how the connection ended, with the kind that fits.
pub(super) fn error_fits(error: &std::io::Error, ending: &Ending, write: bool, is_full: bool) {
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match ours {
        Some(Error::Ended { ending: told, .. }) => {
            assert_eq!(told, ending, "an error tells of another ending");
            assert_eq!(error.kind(), kind_for(ending.reading), "{ending:?}");
            // salvage-alert: a failed write is reported once nothing more can be read, or kept
            let failed = matches!(
                ending.writing,
                WriteEnd::PartlyWritten | WriteEnd::NotSent(NotSent::TransportFailed)
            );
            let is_read_out = is_full || ending.reading != ReadEnd::Open;
            assert!(!failed || is_read_out, "a failed write hides what can be read");
        }
        Some(Error::Misuse { illegal, .. }) => {
            let is_write = write && matches!(illegal, Illegal::Send { .. });
            let kind = if is_write { ErrorKind::BrokenPipe } else { ErrorKind::InvalidInput };
            assert_eq!(error.kind(), kind, "{illegal:?}");
        }
        // no-ok-over-a-loss
        Some(Error::Dropped { ending: told }) => {
            assert_eq!(told, ending, "an error tells of another ending");
            let is_so = ending.reading == ReadEnd::CloseNotify && ending.late > 0;
            assert!(is_so && error.kind() == ErrorKind::UnexpectedEof, "nothing was thrown away: {ending:?}");
        }
        Some(other) => panic!("no tracker and no header is there: {other}"),
        None => panic!("an error without an ending: {error:?}"),
    }
}
