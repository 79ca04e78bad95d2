//! What must hold after every step, duty by duty, derived from the bytes on the wire and from what
//! the applications have seen.
//!
//! Does not rely on the machine: what an ending claims is compared with what is on the wire.
//! Sources: docs/requirements.md; each function names its duty.

use close_notify::{
    AlertLevel, Delivery, Ending, FirstCloser, Manner, Output, PeerCloses, ReadEnd, Reply, Version, WriteEnd,
};

use super::{Run, Side};
use crate::heard::{Word, overhead};
use crate::wire::{Broke, ECONNRESET, Wire};

/// How many calls of the transport may achieve nothing in one call of an application.
const IDLE_CALLS: usize = 6;
/// How many sealed bytes may wait, according to the docs of `Session`.
const SEALED: usize = 20 * 1024;

/// The view of one side that a duty gets.
struct View<'a> {
    side: &'a Side,
    at: usize,
    version: Version,
    ending: Ending,
    wire: &'a Wire,
}

impl Run {
    /// Checks every duty, at both sides.
    pub(super) fn judge(&mut self) {
        let wire = self.wire.borrow();
        for (at, side) in self.sides.iter_mut().enumerate() {
            side.said.hear(wire.said_by(at));
            side.heard.hear(wire.read_by(at));
            let ending = side.end.session().ending();
            let view = View { side, at, version: self.version, ending, wire: &wire };
            DUTIES.iter().for_each(|duty| duty(&view));
        }
    }
}

impl Run {
    /// Checks that one call of an application calls its transport only a few times if there is
    /// nothing to get, and as often again for each record.
    pub(super) fn does_not_spin(&mut self, at: usize) {
        let mut wire = self.wire.borrow();
        let idle_calls = wire.take_idle_calls(at) as usize;
        let heard = &mut self.sides[at].heard;
        if idle_calls > IDLE_CALLS {
            heard.hear(wire.read_by(at));
        }
        let most = IDLE_CALLS * (1 + heard.records);
        assert!(idle_calls <= most, "no spin: {idle_calls} calls achieved nothing");
    }
}

const DUTIES: [fn(&View<'_>); 11] = [
    nothing_after_notify,
    notify_level_warning,
    notify_before_fin,
    writing_is_true,
    reading_is_true,
    delivered_before_end,
    nothing_is_lost_silently,
    reply_drops_pending,
    abort_sends_no_notify,
    data_survives_close,
    crossed_confirms_nothing,
];

// RFC 9846 §6.1, §6.2 · nothing-after-notify, one-notify, fatal-no-notify
fn nothing_after_notify(view: &View<'_>) {
    let said = view.wire.said_by(view.at).len();
    assert!(view.side.said.last.is_none_or(|last| last.end == said), "nothing-after-notify");
}

// RFC 5246 §7.2 · notify-level-warning
fn notify_level_warning(view: &View<'_>) {
    if let Some(Word::Notify(level)) = view.side.said.last.map(|last| last.word) {
        assert_eq!(level, AlertLevel::WARNING, "notify-level-warning");
    }
}

// RFC 9846 §6.1 · notify-before-fin: unless a fatal alert has ended both directions
fn notify_before_fin(view: &View<'_>) {
    let is_shut = view.wire.towards(1 - view.at).shut && !view.side.was_dropped;
    let is_silenced = matches!(view.ending.reading, ReadEnd::FatalAlert(_));
    assert!(!is_shut || is_silenced || view.side.said.last.is_some(), "notify-before-fin");
}

/// Compares what the ending says about our last word with what is in the transport.
// RFC 9846 §6.1 · notify-whole, cut-is-visible
fn writing_is_true(view: &View<'_>) {
    let word = view.side.said.last.map(|last| last.word);
    let is_true = match view.ending.writing {
        WriteEnd::Open | WriteEnd::Closing | WriteEnd::PartlyWritten | WriteEnd::NotSent(_) => word.is_none(),
        WriteEnd::CloseNotifySent => matches!(word, Some(Word::Notify(_))),
        WriteEnd::FatalAlertSent(alert) => word == Some(Word::Fatal(alert)),
        WriteEnd::Aborted { after_close_notify } => {
            matches!(word, Some(Word::Notify(_))) == after_close_notify
        }
    };
    assert!(is_true, "{:?}, and on the wire {word:?}", view.ending.writing);
}

/// Compares what the ending says about the peer's end with what was read, and with how the
/// transport broke.
// RFC 9846 §6.1, RFC 9293 §3.10.7 · fin-is-not-close, rst-is-not-close, notify-whole,
// fatal-is-an-error, salvage-alert
fn reading_is_true(view: &View<'_>) {
    let word = view.side.heard.last.map(|last| last.word);
    let at_boundary = view.side.heard.at == view.wire.read_by(view.at).len();
    let broke = view.wire.broke(view.at);
    let is_true = match view.ending.reading {
        ReadEnd::CloseNotify => matches!(word, Some(Word::Notify(_))),
        ReadEnd::FatalAlert(alert) => word == Some(Word::Fatal(alert)),
        ReadEnd::TruncatedAtBoundary => is_cut(view, broke) && word.is_none() && at_boundary,
        ReadEnd::TruncatedInRecord => is_cut(view, broke) && word.is_none() && !at_boundary,
        ReadEnd::Reset => broke == Some(Broke::Dead(ECONNRESET)) && word.is_none() && is_read_out(view),
        ReadEnd::TransportFailed => has_died(broke) && word.is_none() && is_read_out(view),
        ReadEnd::TimedOut => view.side.is_out_of_time,
        ReadEnd::Refused(_) | ReadEnd::NotAwaited | ReadEnd::OverBudget | ReadEnd::Open => true,
        ReadEnd::CloseNotifyInHandshake => false,
    };
    assert!(is_true, "reads {:?} at a boundary: {at_boundary}, {broke:?}, {word:?}", view.ending.reading);
}

/// Whether the peer's stream ended, or a third party forged its end.
fn is_cut(view: &View<'_>, broke: Option<Broke>) -> bool {
    broke == Some(Broke::Fin) && is_read_out(view)
}

// tcp(7), our measurement · dead-is-not-fin
fn has_died(broke: Option<Broke>) -> bool {
    matches!(broke, Some(Broke::Dead(errno)) if errno != ECONNRESET)
}

// salvage-alert: what has arrived is read before any failure is believed
fn is_read_out(view: &View<'_>) -> bool {
    view.wire.unread(view.at) == 0
}

/// Checks that what came before the end is delivered before it, or that the ending counts it.
// RFC 9846 §6.1 · delivered-before-end, cut-is-visible
fn delivered_before_end(view: &View<'_>) {
    let ends_by_peer = matches!(
        view.ending.reading,
        ReadEnd::CloseNotify
            | ReadEnd::FatalAlert(_)
            | ReadEnd::TruncatedAtBoundary
            | ReadEnd::TruncatedInRecord
            | ReadEnd::Reset
            | ReadEnd::TransportFailed
    );
    if !(view.side.has_end && ends_by_peer) {
        return;
    }
    let dropped = view.side.heard.data - view.side.delivered;
    let late = view.ending.late as usize;
    let is_counted = late >= dropped && (late - dropped).is_multiple_of(overhead(view.version));
    assert!((late == 0) == (dropped == 0) && is_counted, "{dropped} bytes are not delivered, {late} late");
}

/// Checks that, after a close_notify, the peer has all that was written except what the ending
/// counts.
// RFC 9846 §6.1, RFC 5246 §7.2.1 · cut-is-visible, write-after-peer-notify, reply-drops-pending
fn nothing_is_lost_silently(view: &View<'_>) {
    let (side, discarded) = (view.side, view.ending.discarded as usize);
    let left = side.said.data + discarded;
    assert!(left <= side.accepted + side.perhaps, "more is sent and discarded than was written");
    if side.said.notify_end().is_none() {
        return;
    }
    assert!(side.perhaps > 0 || left == side.accepted, "{left} of {} were sent or discarded", side.accepted);
    let may_discard = !view.version.has_independent_halves() && side.policy.reply == Reply::Discard;
    assert!(discarded == 0 || may_discard, "pending data was discarded with no need");
}

// RFC 5246 §7.2.1 · reply-drops-pending: sealed data may leave, other data may not
fn reply_drops_pending(view: &View<'_>) {
    let drops = view.side.was_closed_first
        && !view.version.has_independent_halves()
        && view.side.policy.reply == Reply::Discard
        && view.side.end.machine().output() != Output::DiscardPending;
    let partly = view.wire.said_by(view.at).len() - view.side.said.at;
    let gone = view.side.said.data + partly + view.ending.discarded as usize;
    assert!(!drops || view.side.accepted <= gone + SEALED, "reply-drops-pending");
}

// RFC 9846 §6.1 · abort-sends-no-notify
fn abort_sends_no_notify(view: &View<'_>) {
    let Some(said) = view.side.aborted_at else { return };
    assert_eq!(view.wire.said_by(view.at).len(), said, "abort-sends-no-notify");
    let is_reset = view.wire.has_reset(view.at) || view.wire.is_dead(view.at);
    assert!(!view.wire.is_closed(view.at) || is_reset || view.side.was_dropped, "an abort that is no reset");
}

/// Checks that a side that waits for the end does not close over unread bytes, which would destroy
/// what was sent.
// RFC 9846 §6.1, RFC 9112 §9.6 · data-survives-close, alert-survives-close
fn data_survives_close(view: &View<'_>) {
    let waits = match view.side.end.machine().manner() {
        Manner::Graceful | Manner::Linger | Manner::Reject => true,
        Manner::Unasked | Manner::HalfClose | Manner::HandBack | Manner::AtOnce | Manner::Abort => false,
    };
    let is_spent = view.side.is_out_of_time || view.ending.drained > view.side.policy.drain_budget;
    let survives = view.wire.closed_unread(view.at) == 0;
    assert!(!waits || is_spent || view.side.was_dropped || survives, "data-survives-close");
}

// crossed-confirms-nothing
fn crossed_confirms_nothing(view: &View<'_>) {
    let is_known = view.side.policy.peer_closes == PeerCloses::OnlyAfterUs;
    let is_clean = view.ending.reading == ReadEnd::CloseNotify;
    let confirms = view.ending.delivery == Delivery::Confirmed;
    assert!(!confirms || (is_known && is_clean), "crossed-confirms-nothing");
    let knows_order = is_clean && view.ending.first_closer == FirstCloser::Us;
    assert!(!knows_order || is_known, "crossed-confirms-nothing: nobody can know who was first");
}

// RFC 9846 §6.1, §6.2 · nothing-after-notify, fatal-ends-both
pub(super) fn writes_only_before_the_end(side: &Side, taken: usize) {
    let is_fatal = matches!(side.end.session().ending().reading, ReadEnd::FatalAlert(_));
    let has_ended = side.end.asked().is_some() || side.said.last.is_some() || is_fatal;
    assert!(taken == 0 || !has_ended, "a write after the end was taken");
}
