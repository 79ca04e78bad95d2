//! A stream that is dropped before it has ended: one event for whoever listens, and nothing on the
//! wire.
//!
//! Decides nothing: dropping says nothing to the peer, which therefore sees a truncation. How loud
//! the event is, the ending says ([`Severity`](close_notify_core::Severity)).

use close_notify_core::{FramingState, Machine};

/// Notes it where this machine's transport was not let go of before.
pub(crate) fn note(machine: &Machine, framing: FramingState) {
    if machine.transport_state().is_released() {
        return;
    }
    event(machine, framing);
}

#[cfg(feature = "tracing")]
fn event(machine: &Machine, framing: FramingState) {
    use close_notify_core::{Event, Severity};
    let mut machine = *machine;
    // What the connection came to: where this cannot be told it has been told already.
    let _ = machine.handle(Event::TransportClosed);
    let ending = machine.ending();
    macro_rules! say {
        ($($Severity:ident => $LEVEL:ident),+) => {
            match ending.severity(framing) {
                $(Severity::$Severity => tracing::event!(
                    target: "close_notify",
                    tracing::Level::$LEVEL,
                    %ending,
                    role = ?machine.role(),
                    version = ?machine.version(),
                    "TLS stream dropped before it was closed"
                )),+
            }
        };
    }
    say!(Debug => DEBUG, Info => INFO, Warn => WARN, Error => ERROR);
}

#[cfg(not(feature = "tracing"))]
const fn event(_: &Machine, _: FramingState) {}
