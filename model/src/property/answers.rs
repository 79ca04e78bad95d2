//! What a call answers is true: applications rely on it.

use close_notify_core::{Answer, Call, FramingState, Manner, MissingNotify, ReadEnd};

use super::claim_table as claims;
use crate::property::View;
use crate::property::liveness::is_out_of_deadlines;
use crate::world::Seen;
use crate::world::wire::{Fin, Unit};

/// Whether there was a FIN between two records, no call reported anything else, and no data before
/// it was discarded.
fn is_a_plain_fin(view: &View<'_>) -> bool {
    let arrived = view.inward().fin == Fin::Arrived && !view.inward().torn;
    arrived && !view.end().saw(Seen::FAILURE) && view.told.late == 0
}

fn tolerates_a_fin(view: &View<'_>) -> bool {
    match (view.policy().missing_notify, view.framing()) {
        (MissingNotify::Refuse, _) | (_, FramingState::InsideMessage) => false,
        (_, FramingState::BetweenMessages) => true,
        (tolerance, FramingState::DelimitedByEnd) => tolerance == MissingNotify::Accept,
    }
}

/// Units that the application handed over and that are among the first `upto` of the log.
fn on_the_wire(view: &View<'_>, upto: u8) -> u8 {
    view.out().count(Unit::Data, upto) + view.out().count(Unit::Ticket, upto)
}

claims! {
    // RFC 9846 §6.1
    "no-ok-over-a-loss" Invariant Always where |config| !config.handshake;
        says "reading reports the end of data only if all before close_notify was delivered, or at a FIN that the policy tolerates";
        if |v| v.reads_the_end();
        then |v| {
            let whole = v.end().saw(Seen::NOTIFY) && v.end().got == v.data_before_notify();
            whole || (is_a_plain_fin(v) && tolerates_a_fin(v))
        };

    // tcp(7), measured on Linux
    "dead-is-not-fin" Invariant Always where |config| config.faults.cut;
        says "a transport that its kernel gave up never reads as one that the peer has ended";
        if |v| v.end().saw(Seen::FAILURE) && v.end().has_read_all() && !v.end().saw(Seen::NOTIFY);
        then |v| {
            let fin = matches!(v.reading(), ReadEnd::TruncatedAtBoundary | ReadEnd::TruncatedInRecord);
            !fin && !v.reads_the_end()
        };

    // POSIX write(2)
    "flushed-means-left" Invariant Always where |config| config.scripts.iter().any(|script| script.writes > 0);
        says "a flush that is done has brought all that was written into the transport";
        if |v| v.end().said > 0 && v.answer(Call::Flush) == Answer::Done;
        then |v| on_the_wire(v, v.out().written) == v.end().said;

    // RFC 9846 §6.1
    "shut-means-said" Invariant Always where |_| true;
        says "a shutdown that is done has brought all that was written, close_notify and FIN into the transport";
        if |v| v.answer(Call::Shutdown) == Answer::Done;
        then |v| v.out().fin != Fin::None
            && v.out().position(Unit::Notify).is_some_and(|at| on_the_wire(v, at) == v.end().said);

    "every-call-ends" Invariant AtRest where |_| true;
        says "a shutdown that was asked for is answered, whatever the peer and the path do";
        if |v| v.end().machine.manner() == Manner::HalfClose && is_out_of_deadlines(v);
        then |v| v.answer(Call::Shutdown) != Answer::Wait;
}
