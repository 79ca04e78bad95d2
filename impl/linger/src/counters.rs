//! The results of lingering, in numbers. They only grow, except the number that linger now.

use std::fmt;

use close_notify_core::drain::End;

/// The numbers of one lingering service since it began.
///
/// In transports; `drained` is in bytes. Every transport that was added is in `lingering` or in one
/// of the five ends. One that could not be added is only in `not_taken`.
///
/// ```
/// # use close_notify_linger::Counters;
/// let counters =
///     Counters { lingering: 2, by_fin: 40, reset: 1, drained: 1300, ..Counters::default() };
/// assert_eq!(
///     counters.to_string(),
///     "2 linger; 40 ended by FIN, 1 reset, 0 timed out, 0 over budget, 0 gave way; \
///      1300 bytes drained; 0 not taken"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counters {
    /// How many linger now.
    pub lingering: u64,
    /// Ended by the peer's FIN: the peer has read everything, or never will.
    pub by_fin: u64,
    /// Reset by the peer, or dead.
    pub reset: u64,
    /// Closed at their deadline, or at the deadline of the end of the process.
    pub timed_out: u64,
    /// Closed because the peer sent more than the budget of the policy.
    pub over_budget: u64,
    /// Closed to make room for another, or because the service no longer served them.
    pub gave_way: u64,
    /// Bytes that the peers still sent, read and thrown away.
    pub drained: u64,
    /// Could not be taken: the transport gave up no socket, or the service serves no more. A stream
    /// that is being closed then lingers by itself, at the cost of its thread or task. A stream
    /// that is dropped cannot, and its peer may lose what it had not read.
    pub not_taken: u64,
}

impl Counters {
    /// How many have ended, in any way.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.by_fin + self.reset + self.timed_out + self.over_budget + self.gave_way
    }

    pub(crate) const fn count(&mut self, end: End) {
        *match end {
            End::PeerFin => &mut self.by_fin,
            End::PeerReset => &mut self.reset,
            End::TimedOut => &mut self.timed_out,
            End::OverBudget => &mut self.over_budget,
            End::GaveWay => &mut self.gave_way,
        } += 1;
    }
}

/// Writes one line.
impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lingering, by_fin, reset, timed_out, over_budget, gave_way, drained, not_taken } = self;
        write!(f, "{lingering} linger; {by_fin} ended by FIN, {reset} reset, {timed_out} timed out, ")?;
        write!(
            f,
            "{over_budget} over budget, {gave_way} gave way; {drained} bytes drained; {not_taken} not taken"
        )
    }
}
