//! The trackers of `close-notify-framing`, told anything in any pieces, against parsers of whole
//! inputs.
//!
//! Decides what a tracker must never do: say something else in other pieces; stand between two
//! messages where the reference stands inside one; find its way back behind a fault; hold more than
//! its limit; hand on a part of a header section. Leaves to the reference where messages end.
//! Sources: the contract of the crate; RFC 9112 §8 · http-headers-cut, http-incomplete-is-error.
//!
//! An input is, behind the format: the protocol, three bytes of set-up, and then what is told, see
//! `script`.

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

/// Any tracker, any bytes, any pieces, both directions.
///
/// Panics: where a tracker says what it must not.
pub fn run(data: &[u8]) {
    let _ = found(data);
}

/// The same; where the tracker ends with a fault that the reference does not look for, which that
/// is.
#[must_use]
pub fn found(data: &[u8]) -> Option<(Protocol, Fault)> {
    let mut choices = Choices::read(data)?;
    let protocol = choices.pick(&Protocol::ALL);
    let setup = [choices.byte(), choices.byte(), choices.byte()];
    let script = Script::read(choices.rest(), protocol.dictionary(), protocol.exchanges());
    protocol.judge(setup, &script).map(|fault| (protocol, fault))
}
