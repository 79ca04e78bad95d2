//! What is claimed of a relay: two connections at once, so that its own model judges it.

use crate::property::{Claim, Judged, Kind};

/// The claim about a relay; [`Relay::verdict`](crate::pair::relay::Relay::verdict) judges it.
pub static NO_LAUNDERING: Claim = Claim::of_relay(
    "no-laundering",
    "a relay whose upstream ended unclean, or that lost a part of it, never ends its downstream with close_notify",
    Kind::Guarantee,
    Judged::Always,
);
