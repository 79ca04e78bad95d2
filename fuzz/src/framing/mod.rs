//! The trackers of `close-notify-framing`, given any bytes in any pieces, against parsers of whole
//! inputs.
//!
//! Decides what a tracker must never do: give another result for other pieces; be between two
//! messages while the reference is inside one; recover after a fault; hold more than its limit;
//! hand on part of a header section. The reference decides where messages end.
//! Sources: the contract of the crate; RFC 9112 §8 · http-headers-cut, http-incomplete-is-error.
//!
//! After the format byte, an input has the protocol, three bytes of set-up, and then the bytes for
//! the tracker; see `script`.

mod gates;
mod judge;
mod known;
mod protocol;
mod script;

use close_notify_framing::Fault;

pub use known::{KNOWN, Known};
pub use protocol::Protocol;

use crate::choices::Choices;
use script::Script;

/// Runs any tracker with any bytes, in any pieces, in both directions.
///
/// # Panics
///
/// Panics if a tracker breaks its contract.
pub fn run(data: &[u8]) {
    let _ = found(data);
}

/// Does the same as [`run`], and returns the fault if the tracker ends with one that the reference
/// does not look for.
///
/// # Panics
///
/// Panics if a tracker breaks its contract.
#[must_use]
pub fn found(data: &[u8]) -> Option<(Protocol, Fault)> {
    let mut choices = Choices::read(data)?;
    let protocol = choices.pick(&Protocol::ALL);
    let setup = [choices.byte(), choices.byte(), choices.byte()];
    let script = Script::read(choices.rest(), protocol.dictionary(), protocol.exchanges());
    protocol.judge(setup, &script).map(|fault| (protocol, fault))
}
