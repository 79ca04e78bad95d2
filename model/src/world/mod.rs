//! The whole world of one connection: two cores with their drivers and applications, and TCP
//! between them.
//!
//! A state is a plain value. `enabled.rs` says which steps it may take, `drive.rs` takes them.

pub mod action;
pub mod config;
pub mod kernel;
pub mod profile;
pub mod wire;

use bitflags::bitflags;
use close_notify_core::{AlertLevel, Machine, recv};

use crate::world::action::Side;
use crate::world::config::Config;
use crate::world::kernel::{Errno, Net};

bitflags! {
    /// What happened to an end once and for all.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Seen: u32 {
        /// It has stopped reading.
        const STOPPED = 1 << 0;
        /// Its deadline has passed.
        const TIMED_OUT = 1 << 1;
        /// A write of its driver failed.
        const WRITE_FAILED = 1 << 2;
        /// Its engine has reached the limit of its keys.
        const ENGINE_LIMITED = 1 << 3;
        /// It has lost the session.
        const SESSION_LOST = 1 << 4;
        /// Its application has the transport back.
        const HANDED_BACK = 1 << 5;
        /// The peer's end of the handshake was read.
        const FINISHED_READ = 1 << 6;
        /// The driver reported a fact that the core refused.
        const ILLEGAL = 1 << 7;
        /// One of its calls returned a reset.
        const RESET = 1 << 8;
        /// Before reading had ended, a call returned that the transport had died.
        const FAILURE = 1 << 9;
        /// A genuine, whole close_notify of the peer was read as TLS while reading was open.
        const NOTIFY = 1 << 10;
        /// A close_notify was read before the handshake was done, from the peer or forged.
        const EARLY_NOTIFY = 1 << 11;
        /// A genuine fatal alert of the peer was read as TLS.
        const FATAL = 1 << 12;
        /// Its own close_notify was written after it had read the peer's.
        const ANSWERED = 1 << 13;
        /// Plaintext was read as TLS, or TLS as plaintext.
        const BORDER_BROKEN = 1 << 14;
        /// Data reached the application after the end of reading.
        const GOT_AFTER_END = 1 << 15;
        /// It wrote data although its core allowed no write.
        const SAID_AFTER_END = 1 << 16;
        /// A write failed while an alert of the peer was already readable.
        const SALVAGEABLE = 1 << 17;
    }
}

/// One end: its core, what its application has done, and what only an observer of both ends can
/// know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct End {
    /// The shipped core.
    pub machine: Machine,
    /// Units of data that the application handed over.
    pub said: u8,
    /// Those of them that no record holds yet.
    pub pending: u8,
    /// Units of data that the application received.
    pub got: u8,
    /// Units of 0-RTT data that it received.
    pub got_early: u8,
    /// Plaintext that the application wrote outside TLS.
    pub plain_said: u8,
    /// Plaintext that it read outside TLS.
    pub plain_got: u8,
    /// Handshake messages that it has written.
    pub shaken: u8,
    /// How often the application has asked for the end.
    pub asked: u8,
    /// How often it has lost patience.
    pub hastened: u8,
    /// The first byte of an alert whose second byte has not come.
    pub held: Option<AlertLevel>,
    /// Observed: units from the peer that its driver read between its close and the end.
    pub read_after_close: u8,
    /// What happened to it once and for all.
    pub seen: Seen,
}

/// One connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct World {
    /// TCP.
    pub net: Net,
    /// The client and the server.
    pub ends: [End; 2],
    /// Attacks and faults that may still happen.
    pub budget: u8,
}

impl World {
    /// The first world of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            net: Net::NEW,
            ends: Side::BOTH.map(|side| End::new(config, side)),
            budget: config.faults.budget,
        }
    }

    /// One end.
    #[must_use]
    pub const fn end(&self, side: Side) -> &End {
        &self.ends[side.index()]
    }

    /// Whether nothing was attacked and no deadline has passed.
    #[must_use]
    pub fn is_orderly(&self, config: &Config) -> bool {
        self.budget == config.faults.budget && !self.ends.iter().any(|end| end.saw(Seen::TIMED_OUT))
    }
}

impl End {
    fn new(config: &Config, side: Side) -> Self {
        let role = match side {
            Side::Client => close_notify_core::Role::Client,
            Side::Server => close_notify_core::Role::Server,
        };
        let policy = config.script(side).policy;
        let machine = if config.handshake {
            Machine::new(config.version, role, policy)
        } else {
            Machine::established(config.version, role, policy)
        };
        Self {
            machine,
            said: 0,
            pending: 0,
            got: 0,
            got_early: 0,
            plain_said: 0,
            plain_got: 0,
            shaken: 0,
            asked: 0,
            hastened: 0,
            held: None,
            read_after_close: 0,
            seen: Seen::empty(),
        }
    }

    /// Whether this happened to it.
    #[must_use]
    pub const fn saw(&self, what: Seen) -> bool {
        self.seen.contains(what)
    }

    /// Keeps that this happened, if it did.
    pub(crate) fn note(&mut self, what: Seen, is_so: bool) {
        self.seen |= if is_so { what } else { Seen::empty() };
    }

    /// Keeps what the error of a call says about the transport.
    pub(crate) fn met(&mut self, errno: Errno) {
        self.note(Seen::RESET, errno == Errno::Reset);
        self.note(Seen::FAILURE, errno != Errno::Pipe && !self.has_read_all());
    }

    /// Whether the end of reading is known.
    #[must_use]
    pub const fn has_read_all(&self) -> bool {
        self.machine.recv_state().has_ended()
    }

    /// Whether the connection ended as an error that an alert names.
    #[must_use]
    pub const fn got_alert(&self) -> bool {
        matches!(self.machine.recv_state(), recv::State::PeerFatal | recv::State::Refused)
    }

    /// Whether reading ended with the peer's close_notify.
    #[must_use]
    pub const fn is_notified(&self) -> bool {
        matches!(self.machine.recv_state(), recv::State::PeerNotified)
    }
}
