//! Exports the counters to the `metrics` facade: each change, when it happens.
//!
//! Decides names and units. They go to the recorder that is installed when a service is spawned.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::counters::Counters;

/// How many linger now.
pub const LINGERING: &str = "close_notify_linger_connections";
/// How many have ended. The label `end` gives the way: `fin`, `reset`, `timed_out`, `over_budget`
/// or `gave_way`.
pub const ENDED: &str = "close_notify_linger_ended_total";
/// How many bytes of peers were read and thrown away.
pub const DRAINED: &str = "close_notify_linger_drained_bytes_total";
/// How many could not be taken over: they lingered in their streams, or were dropped.
pub const NOT_TAKEN: &str = "close_notify_linger_not_taken_total";

/// What was reported to the recorder.
pub(crate) struct Exported {
    reported: Counters,
    lingering: Gauge,
    ended: [Counter; 5],
    drained: Counter,
    not_taken: Counter,
}

impl Exported {
    pub(crate) fn new() -> Self {
        describe_gauge!(
            LINGERING,
            Unit::Count,
            "Transports that are closed for writing and drained until the peer ends them"
        );
        describe_counter!(ENDED, Unit::Count, "Transports whose lingering has ended, by how it ended");
        describe_counter!(
            DRAINED,
            Unit::Bytes,
            "Bytes of peers that were read and thrown away while lingering"
        );
        describe_counter!(
            NOT_TAKEN,
            Unit::Count,
            "Transports that the service could not take over: closed in their streams, or dropped"
        );
        let ends = ["fin", "reset", "timed_out", "over_budget", "gave_way"];
        Self {
            reported: Counters::default(),
            lingering: gauge!(LINGERING),
            ended: ends.map(|end| counter!(ENDED, "end" => end)),
            drained: counter!(DRAINED),
            not_taken: counter!(NOT_TAKEN),
        }
    }

    /// Reports the difference, so that several services of one process add up.
    pub(crate) fn publish(&mut self, now: Counters) {
        if now == self.reported {
            return;
        }
        for (counter, (now, reported)) in
            self.ended.iter().zip(ends(&now).into_iter().zip(ends(&self.reported)))
        {
            counter.increment(now - reported);
        }
        self.drained.increment(now.drained - self.reported.drained);
        self.not_taken.increment(now.not_taken - self.reported.not_taken);
        self.lingering.increment(now.lingering as f64 - self.reported.lingering as f64);
        self.reported = now;
    }
}

/// In the order of the labels.
const fn ends(counters: &Counters) -> [u64; 5] {
    let Counters { lingering: _, by_fin, reset, timed_out, over_budget, gave_way, drained: _, not_taken: _ } =
        *counters;
    [by_fin, reset, timed_out, over_budget, gave_way]
}
