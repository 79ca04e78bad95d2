//! A stream that is dropped before it has ended: one event for whoever listens, and nothing on the wire.
//!
//! Decides nothing: dropping says nothing to the peer, which therefore sees a truncation.

use close_notify_core::{Event, Machine};

/// Notes it where this machine's transport was not let go of before.
pub(crate) fn note(machine: &Machine) {
    if machine.transport_state().is_released() {
        return;
    }
    let mut machine = *machine;
    // What the connection came to: where this cannot be told it has been told already.
    let _ = machine.handle(Event::TransportClosed);
    event(&machine);
}

#[cfg(feature = "tracing")]
fn event(machine: &Machine) {
    tracing::debug!(
        target: "close_notify",
        ending = %machine.ending(),
        role = ?machine.role(),
        version = ?machine.version(),
        "TLS stream dropped before it was closed"
    );
}

#[cfg(not(feature = "tracing"))]
const fn event(_: &Machine) {}
