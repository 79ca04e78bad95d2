//! A stream that is dropped before it has ended: emits one event, and sends nothing.
//!
//! Decides nothing. The peer receives nothing and therefore sees a truncation. The ending
//! determines the level of the event ([`Severity`](close_notify_core::Severity)).

use close_notify_core::{FramingState, Machine};

/// Emits the event if this machine's transport was not released before.
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
    // Record how the connection ended. If the machine refuses this event, it knows already.
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
