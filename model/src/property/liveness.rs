//! Every close ends. The graph is acyclic, so "in the end" means "at rest".

use super::claim_table as claims;
use crate::property::View;
use crate::world::Seen;

/// Whether no deadline can end a wait any more.
pub(super) fn is_out_of_deadlines(view: &View<'_>) -> bool {
    let none = !view.config().faults.deadlines || !view.end().machine.deadline_runs();
    none || view.end().saw(Seen::TIMED_OUT) || view.is_released()
}

claims! {
    "no-mutual-wait" Invariant AtRest where |config| config.scripts.iter().all(|script| script.reads);
        says "in an orderly network two conforming sides that close never wait for each other";
        if |v| v.is_orderly() && v.both_close();
        then |v| v.is_released();

    "every-close-ends" Guarantee AtRest where |_| true;
        says "a close that was asked for ends, whatever the peer and the path do";
        if |v| (v.end().machine.manner().is_closing() || v.end().saw(Seen::FATAL)) && is_out_of_deadlines(v);
        then |v| v.is_released();

    // RFC 9112 §9.6
    "linger-is-bounded" Invariant Always where |_| true;
        says "no more than the budget is read of the peer after the close";
        if |v| v.end().read_after_close > 0;
        then |v| u32::from(v.end().read_after_close) <= v.policy().drain_budget + 1;
}
