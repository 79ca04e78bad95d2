//! Machines in every state, and a driver that does what the machine asks.

use close_notify_core::{
    AlertDescription, AlertLevel, Call, Event, FramingState, Illegal, Machine, Manner, Output, Policy, Role,
    Version,
};

pub(crate) const CLOSE_NOTIFY: Event =
    Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::CLOSE_NOTIFY };
pub(crate) const FATAL: Event =
    Event::PeerAlert { level: AlertLevel::FATAL, description: AlertDescription::CERTIFICATE_REQUIRED };
pub(crate) const USER_CANCELED: Event =
    Event::PeerAlert { level: AlertLevel::WARNING, description: AlertDescription::USER_CANCELED };
pub(crate) const EOF: Event = Event::TransportEof { inside_record: false };
pub(crate) const EOF_IN_RECORD: Event = Event::TransportEof { inside_record: true };
pub(crate) const ECONNRESET: i32 = 104;
pub(crate) const EPIPE: i32 = 32;
pub(crate) const RESET: Event = Event::TransportReset { errno: ECONNRESET };
/// Reading, after all available data was read, of a message that only the end delimits.
pub(crate) const READ: Call = Call::Read { framing: FramingState::DelimitedByEnd };
pub(crate) const VIOLATION: Event = Event::PeerViolation(AlertDescription::BAD_RECORD_MAC);
pub(crate) const GRACEFUL: Event = Event::Close(Manner::Graceful);

/// The versions in which one close_notify ends both directions.
pub(crate) const COUPLED: [Version; 3] = [Version::Tls10, Version::Tls11, Version::Tls12];

pub(crate) const fn data(bytes: u32) -> Event {
    Event::PeerData { bytes }
}

pub(crate) const fn warning(description: AlertDescription) -> Event {
    Event::PeerAlert { level: AlertLevel::WARNING, description }
}

pub(crate) fn new(version: Version) -> Machine {
    Machine::new(version, Role::Client, Policy::STRICT)
}

pub(crate) fn open(version: Version) -> Machine {
    open_with(version, Policy::STRICT)
}

pub(crate) fn open_with(version: Version, policy: Policy) -> Machine {
    Machine::established(version, Role::Client, policy)
}

/// The machine after `events`, all of which must be legal.
pub(crate) fn after(mut machine: Machine, events: &[Event]) -> Machine {
    for &event in events {
        if let Err(illegal) = machine.handle(event) {
            panic!("{event:?}: {illegal}");
        }
    }
    machine
}

/// The refusal of `event`, which must not change the machine.
pub(crate) fn refused(machine: Machine, event: Event) -> Illegal {
    let mut copy = machine;
    let illegal = copy.handle(event).expect_err("the move must be refused");
    assert_eq!(copy, machine, "a refused {event:?} changed the machine");
    illegal
}

/// What a driver reports after it has done what `output` asks; empty if only others can answer.
pub(crate) fn answers(output: Output) -> &'static [Event] {
    match output {
        Output::Idle | Output::Done | Output::AwaitPeer | Output::Drain => &[],
        Output::DiscardPending => &[Event::PendingDiscarded { bytes: 0 }],
        Output::SendCloseNotify { .. } | Output::SendAlert { .. } => {
            &[Event::OutputSealed, Event::OutputWritten]
        }
        Output::ShutWrite => &[Event::WriteShut],
        Output::ForgetSession => &[Event::SessionForgotten],
        Output::StartDeadline => &[Event::DeadlineStarted],
        Output::CloseTransport => &[Event::TransportClosed],
        Output::ResetTransport => &[Event::TransportResetByUs],
        Output::HandBack => &[Event::TransportHandedBack],
    }
}

/// Does one step. A last word that the engine has sealed by itself is only written. Returns false
/// if others must act.
pub(crate) fn step(machine: &mut Machine) -> bool {
    let events = answers(machine.output());
    for &event in events {
        let sealed = event == Event::OutputSealed && machine.handle(event).is_err();
        if event != Event::OutputSealed && !sealed {
            *machine = after(*machine, &[event]);
        }
    }
    !events.is_empty()
}

/// Steps until the application, the peer or nobody must act. Returns the steps, the last of which
/// is not done.
pub(crate) fn drive(machine: &mut Machine) -> Vec<Output> {
    let mut done = Vec::new();
    loop {
        assert!(done.len() < 16, "no end in sight: {done:?}");
        done.push(machine.output());
        if !step(machine) {
            return done;
        }
    }
}

/// The machine after each of `events` and every step that then was due.
pub(crate) fn driven(mut machine: Machine, events: &[Event]) -> Machine {
    for &event in events {
        machine = after(machine, &[event]);
        drive(&mut machine);
    }
    machine
}
