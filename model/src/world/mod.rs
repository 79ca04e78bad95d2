//! The whole world of one connection: two cores with their drivers and applications, and TCP
//! between them.
//!
//! A state is a plain value. `enabled.rs` says which steps it may take, `drive.rs` takes them.

pub mod action;
pub mod config;
pub mod kernel;
pub mod profile;
pub mod wire;

use std::hash::{Hash, Hasher};

use close_notify_core::{AlertLevel, Machine, recv};

use crate::world::action::Side;
use crate::world::config::Config;
use crate::world::kernel::Net;

/// One end: its core, what its application has done, and what only an observer of both ends can
/// know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// It has stopped reading.
    pub stopped: bool,
    /// Its deadline has passed.
    pub timed_out: bool,
    /// A write of its driver failed.
    pub write_failed: bool,
    /// Its engine has reached the limit of its keys.
    pub engine_limited: bool,
    /// Observed: units from the peer that its driver read between its close and the end.
    pub read_after_close: u8,
    /// It still holds the session.
    pub holds_session: bool,
    /// Its application has the transport back.
    pub handed_back: bool,
    /// Observed: the peer's end of the handshake was read.
    pub finished_read: bool,
    /// Observed: the driver reported a fact that the core refused.
    pub illegal: bool,
    /// Observed: one of its calls returned a reset.
    pub saw_reset: bool,
    /// Observed: before reading had ended, a call returned that the transport had died.
    pub saw_failure: bool,
    /// Observed: a genuine, whole close_notify of the peer was read as TLS while reading was open.
    pub read_notify: bool,
    /// Observed: a close_notify was read before the handshake was done, from the peer or forged.
    pub read_early_notify: bool,
    /// Observed: a genuine fatal alert of the peer was read as TLS.
    pub read_fatal: bool,
    /// Observed: its own close_notify was written after it had read the peer's.
    pub answered: bool,
    /// Observed: plaintext was read as TLS, or TLS as plaintext.
    pub border_broken: bool,
    /// Observed: data reached the application after the end of reading.
    pub got_after_end: bool,
    /// Observed: it wrote data although its core allowed no write.
    pub said_after_end: bool,
    /// Observed: a write failed while an alert of the peer was already readable.
    pub salvageable: bool,
}

/// One connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct World {
    /// TCP.
    pub net: Net,
    /// The client and the server.
    pub ends: [End; 2],
    /// Attacks and faults that may still happen.
    pub budget: u8,
}

/// Hashes every field.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.net.hash(state);
        self.ends.iter().for_each(|end| end.hash(state));
        state.write_u8(self.budget);
    }
}

/// Hashes every field: the core, then the rest packed into integers.
impl Hash for End {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let flags = u32::from(self.stopped)
            | u32::from(self.timed_out) << 1
            | u32::from(self.holds_session) << 2
            | u32::from(self.handed_back) << 3
            | u32::from(self.finished_read) << 4
            | u32::from(self.illegal) << 5
            | u32::from(self.saw_reset) << 6
            | u32::from(self.read_notify) << 7
            | u32::from(self.read_early_notify) << 8
            | u32::from(self.read_fatal) << 9
            | u32::from(self.answered) << 10
            | u32::from(self.border_broken) << 11
            | u32::from(self.got_after_end) << 12
            | u32::from(self.said_after_end) << 13
            | u32::from(self.salvageable) << 14
            | u32::from(self.saw_failure) << 15
            | u32::from(self.engine_limited) << 16
            | u32::from(self.write_failed) << 17;
        let counters = [
            self.said,
            self.pending,
            self.got,
            self.got_early,
            self.plain_said,
            self.plain_got,
            self.shaken,
            self.asked,
        ];
        self.machine.hash(state);
        state.write_u64(u64::from_le_bytes(counters));
        state.write_u32(flags);
        let held = self.held.map_or(u8::MAX, |level| level.0);
        state.write_u32(u32::from_le_bytes([self.read_after_close, self.hastened, held, 0]));
    }
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
        self.budget == config.faults.budget && !self.ends.iter().any(|end| end.timed_out)
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
            stopped: false,
            timed_out: false,
            write_failed: false,
            engine_limited: false,
            read_after_close: 0,
            holds_session: true,
            handed_back: false,
            finished_read: false,
            illegal: false,
            saw_reset: false,
            saw_failure: false,
            read_notify: false,
            read_early_notify: false,
            read_fatal: false,
            answered: false,
            border_broken: false,
            got_after_end: false,
            said_after_end: false,
            salvageable: false,
        }
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
