//! Records which events the core received in which states, on request.
//!
//! Decides what counts as one event: those of the core, with alerts distinguished by what they may
//! mean, and closes by their manner.

use std::cell::{Cell, RefCell};

use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Manner, recv, send, transport};

/// Every event, by its name in tables.
pub const EVENTS: [&str; 43] = [
    "PeerKeysInUse",
    "EarlyDataAccepted",
    "HandshakeDone",
    "Write",
    "CloseWrite",
    "Close Unasked",
    "Close HalfClose",
    "Close Graceful",
    "Close Linger",
    "Close AtOnce",
    "Close HandBack",
    "Close Reject",
    "Close Abort",
    "Reject",
    "PeerData",
    "PeerMessage",
    "PeerAlert close_notify, warning",
    "PeerAlert close_notify, fatal",
    "PeerAlert user_canceled",
    "PeerAlert other, warning",
    "PeerAlert other, fatal",
    "PeerAlert, another level",
    "PeerViolation",
    "TransportEof between",
    "TransportEof inside",
    "TransportReset",
    "WriteFailed",
    "PendingDiscarded",
    "EngineNotified",
    "OutputSealed",
    "OutputUnsealable",
    "OutputBegun",
    "OutputWritten",
    "WriteShut",
    "DeadlineStarted",
    "DeadlinePassed",
    "Drained",
    "SessionForgotten",
    "TransportClosed",
    "TransportResetByUs",
    "TransportHandedBack",
    "TransportHandedOver",
    "Flushed",
];

/// The number of states of the halves and of the transport.
const STATES: usize = send::State::ALL.len() + recv::State::ALL.len() + transport::State::ALL.len();

/// Which events were received in which states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    told: [[bool; EVENTS.len()]; STATES],
}

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static REACHED: RefCell<Option<Reached>> = const { RefCell::new(None) };
}

/// Runs `call`, and returns what the cores on this thread received during it.
pub fn during(call: impl FnOnce()) -> Reached {
    REACHED.set(Some(Reached { told: [[false; EVENTS.len()]; STATES] }));
    IS_ASKED.set(true);
    call();
    IS_ASKED.set(false);
    REACHED.take().expect("it was set above, and nobody else takes it")
}

/// Whether events are recorded. A target that runs half a million times a second checks this first.
#[inline]
#[must_use]
pub fn is_asked() -> bool {
    IS_ASKED.get()
}

/// Records that a core in this state is about to receive this event.
pub fn note(machine: &Machine, event: Event) {
    REACHED.with_borrow_mut(|reached| {
        if let Some(reached) = reached {
            for state in states_of(machine) {
                reached.told[state][number(event)] = true;
            }
        }
    });
}

impl Reached {
    /// Whether a state of this half received this event, both by their index.
    #[must_use]
    pub fn has(&self, half: Half, state: usize, event: usize) -> bool {
        self.told[half.first() + state][event]
    }

    /// What this reached and `other` did not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = self.clone();
        for (ours, theirs) in left.told.iter_mut().flatten().zip(other.told.iter().flatten()) {
            *ours &= !theirs;
        }
        left
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.told.iter().flatten().any(|told| *told)
    }

    /// Removes this event from the states of this machine. Returns the first state from which it
    /// was removed.
    pub fn strike(&mut self, machine: &Machine, event: Event) -> Option<Told> {
        let event = number(event);
        let mut struck = None;
        for (half, state) in Half::ALL.into_iter().zip(states_of(machine)) {
            if std::mem::take(&mut self.told[state][event]) {
                let state = half.names().1[state - half.first()];
                struck = struck.or(Some(Told { half, state, event: EVENTS[event] }));
            }
        }
        struck
    }

    /// Adds what `other` reached.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.told.iter_mut().flatten().zip(other.told.iter().flatten()) {
            *ours |= theirs;
        }
    }
}

/// An event received in a state, by their names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// The part of the machine that the state belongs to.
    pub half: Half,
    /// The state.
    pub state: &'static str,
    /// The event.
    pub event: &'static str,
}

/// A part of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    /// The sending half.
    Send,
    /// The receiving half.
    Recv,
    /// The transport.
    Transport,
}

impl Half {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::Send, Self::Recv, Self::Transport];

    /// Its name, and those of its states.
    #[must_use]
    pub fn names(self) -> (&'static str, Vec<&'static str>) {
        match self {
            Self::Send => ("sending half", send::State::ALL.iter().map(|state| state.name()).collect()),
            Self::Recv => ("receiving half", recv::State::ALL.iter().map(|state| state.name()).collect()),
            Self::Transport => {
                ("transport", transport::State::ALL.iter().map(|state| state.name()).collect())
            }
        }
    }

    const fn first(self) -> usize {
        match self {
            Self::Send => 0,
            Self::Recv => send::State::ALL.len(),
            Self::Transport => send::State::ALL.len() + recv::State::ALL.len(),
        }
    }
}

fn states_of(machine: &Machine) -> [usize; 3] {
    [
        Half::Send.first() + machine.send_state() as usize,
        Half::Recv.first() + machine.recv_state() as usize,
        Half::Transport.first() + machine.transport_state() as usize,
    ]
}

/// The index of an event in [`EVENTS`].
const fn number(event: Event) -> usize {
    match event {
        Event::PeerKeysInUse => 0,
        Event::EarlyDataAccepted => 1,
        Event::HandshakeDone => 2,
        Event::Write => 3,
        Event::CloseWrite => 4,
        Event::Close(manner) => 5 + number_of_manner(manner),
        Event::Reject(_) => 13,
        Event::PeerData { .. } => 14,
        Event::PeerMessage { .. } => 15,
        Event::PeerAlert { level, description } => 16 + number_of_alert(level, description),
        Event::PeerViolation(_) => 22,
        Event::TransportEof { inside_record: false } => 23,
        Event::TransportEof { inside_record: true } => 24,
        Event::TransportReset { .. } => 25,
        Event::WriteFailed { .. } => 26,
        Event::PendingDiscarded { .. } => 27,
        Event::EngineNotified => 28,
        Event::OutputSealed => 29,
        Event::OutputUnsealable => 30,
        Event::OutputBegun => 31,
        Event::OutputWritten => 32,
        Event::WriteShut => 33,
        Event::DeadlineStarted => 34,
        Event::DeadlinePassed => 35,
        Event::Drained { .. } => 36,
        Event::SessionForgotten => 37,
        Event::TransportClosed => 38,
        Event::TransportResetByUs => 39,
        Event::TransportHandedBack => 40,
        Event::TransportHandedOver => 41,
        Event::Flushed => 42,
    }
}

const fn number_of_manner(manner: Manner) -> usize {
    match manner {
        Manner::Unasked => 0,
        Manner::HalfClose => 1,
        Manner::Graceful => 2,
        Manner::Linger => 3,
        Manner::AtOnce => 4,
        Manner::HandBack => 5,
        Manner::Reject => 6,
        Manner::Abort => 7,
    }
}

const fn number_of_alert(level: AlertLevel, description: AlertDescription) -> usize {
    match (level, description) {
        (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY) => 0,
        (AlertLevel::FATAL, AlertDescription::CLOSE_NOTIFY) => 1,
        (AlertLevel::WARNING | AlertLevel::FATAL, AlertDescription::USER_CANCELED) => 2,
        (AlertLevel::WARNING, AlertDescription(_)) => 3,
        (AlertLevel::FATAL, AlertDescription(_)) => 4,
        (AlertLevel(_), AlertDescription(_)) => 5,
    }
}

#[cfg(test)]
mod tests {
    use close_notify_core::{Policy, Role, Version};

    use super::*;

    #[test]
    fn an_event_is_recorded_under_its_name() {
        let machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
        let samples = [
            (Event::PeerKeysInUse, "PeerKeysInUse"),
            (Event::Close(Manner::Abort), "Close Abort"),
            (Event::Reject(AlertDescription::UNKNOWN_CA), "Reject"),
            (Event::PeerViolation(AlertDescription::UNKNOWN_CA), "PeerViolation"),
            (Event::WriteFailed { errno: 32 }, "WriteFailed"),
            (Event::Drained { bytes: 1 }, "Drained"),
            (Event::TransportHandedBack, "TransportHandedBack"),
        ];
        for (event, name) in samples {
            let reached = during(|| note(&machine, event));
            let at = EVENTS.iter().position(|known| *known == name).unwrap();
            assert!(reached.has(Half::Recv, recv::State::Open as usize, at), "{name}");
            assert_eq!(reached.told.iter().flatten().filter(|told| **told).count(), 3);
        }
    }
}
