//! One direction of the connection: a log of units and how far each has come.
//!
//! Decides nothing: it is what TCP carries. `written ≥ left ≥ arrived ≥ read` always holds. A unit
//! is a TLS record, or a piece of plaintext before or after TLS. Whether a unit is torn is a
//! property of the end of the stream, not of the unit.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// One record, or one piece of plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Unit {
    /// Application data.
    Data,
    /// A session ticket, or any other message after the handshake.
    Ticket,
    /// close_notify at level warning.
    Notify,
    /// close_notify at level fatal.
    FatalNotify,
    /// An error alert at level fatal.
    Fatal,
    /// An error alert at level warning.
    ErrorAtWarning,
    /// An alert with an unregistered code at level warning.
    UnknownAlert,
    /// user_canceled.
    UserCanceled,
    /// A warning that a connection may survive up to TLS 1.2.
    Warning,
    /// A hello: the last message before there are keys.
    Hello,
    /// The end of the handshake of one side.
    Finished,
    /// 0-RTT application data.
    Early,
    /// Plaintext of the application, outside TLS.
    Plain,
    /// The first byte of a close_notify.
    NotifyHead,
    /// The second byte of a close_notify.
    NotifyTail,
    /// A warning and a close_notify in one record.
    WarningAndNotify,
}

impl Unit {
    const ALL: [Self; 16] = [
        Self::Data,
        Self::Ticket,
        Self::Notify,
        Self::FatalNotify,
        Self::Fatal,
        Self::ErrorAtWarning,
        Self::UnknownAlert,
        Self::UserCanceled,
        Self::Warning,
        Self::Hello,
        Self::Finished,
        Self::Early,
        Self::Plain,
        Self::NotifyHead,
        Self::NotifyTail,
        Self::WarningAndNotify,
    ];

    /// The payload of an alert record; `None` for any other unit.
    #[must_use]
    pub const fn alert(self) -> Option<&'static [u8]> {
        match self {
            Self::Notify => Some(&[1, 0]),
            Self::FatalNotify => Some(&[2, 0]),
            Self::Fatal => Some(&[2, 116]),
            Self::ErrorAtWarning => Some(&[1, 40]),
            Self::UnknownAlert => Some(&[1, 222]),
            Self::UserCanceled => Some(&[1, 90]),
            Self::Warning => Some(&[1, 100]),
            Self::NotifyHead => Some(&[1]),
            Self::NotifyTail => Some(&[0]),
            Self::WarningAndNotify => Some(&[1, 100, 1, 0]),
            Self::Data | Self::Ticket | Self::Hello | Self::Finished | Self::Early | Self::Plain => None,
        }
    }

    /// Its name in charts.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Ticket => "session ticket",
            Self::Notify => "close_notify",
            Self::FatalNotify => "close_notify (level fatal)",
            Self::Fatal => "fatal alert",
            Self::ErrorAtWarning => "error alert (level warning)",
            Self::UnknownAlert => "unknown alert",
            Self::UserCanceled => "user_canceled",
            Self::Warning => "warning",
            Self::Hello => "hello",
            Self::Finished => "finished",
            Self::Early => "0-RTT data",
            Self::Plain => "plaintext",
            Self::NotifyHead => "close_notify (first byte)",
            Self::NotifyTail => "close_notify (second byte)",
            Self::WarningAndNotify => "warning and close_notify",
        }
    }
}

/// The state of the end of the stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fin {
    /// The writer has not shut its side.
    None,
    /// It has, and the FIN waits after the units.
    Queued,
    /// The FIN is on its way.
    Left,
    /// The reader's kernel has it: nothing arrives any more.
    Arrived,
}

/// The state of a reset of the stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rst {
    /// There was none.
    None,
    /// It is on its way.
    Left,
    /// The reader's kernel has it.
    Arrived,
}

/// One direction: its log, its cursors and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pipe {
    units: u64,
    /// Units in the log.
    pub written: u8,
    /// Units that left the writer's kernel.
    pub left: u8,
    /// Units in the reader's kernel, read or not.
    pub arrived: u8,
    /// Units that the reader has read.
    pub read: u8,
    /// The end of the stream.
    pub fin: Fin,
    /// A reset of the stream.
    pub rst: Rst,
    /// The writer's kernel has discarded what had not left it.
    pub dropped: bool,
    /// The stream ended inside the next unit: the reader got its first bytes only.
    pub torn: bool,
    /// The adversary's plaintext close_notify comes before the next unit.
    pub forged: bool,
}

/// Hashes every field, packed into two words.
impl Hash for Pipe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let flags = u8::from(self.dropped) | u8::from(self.torn) << 1 | u8::from(self.forged) << 2;
        let (fin, rst) = (self.fin as u8, self.rst as u8);
        let packed = [self.written, self.left, self.arrived, self.read, fin, rst, flags, 0];
        state.write_u64(self.units);
        state.write_u64(u64::from_le_bytes(packed));
    }
}

impl Pipe {
    /// How many units a log can hold.
    pub const CAPACITY: u8 = 16;

    /// An empty direction.
    pub const EMPTY: Self = Self {
        units: 0,
        written: 0,
        left: 0,
        arrived: 0,
        read: 0,
        fin: Fin::None,
        rst: Rst::None,
        dropped: false,
        torn: false,
        forged: false,
    };

    /// Appends a unit.
    ///
    /// # Panics
    ///
    /// If a configuration writes more than [`Self::CAPACITY`] units.
    pub fn push(&mut self, unit: Unit) {
        assert!(self.written < Self::CAPACITY, "a configuration writes at most {} units", Self::CAPACITY);
        self.units |= (unit as u64) << (4 * self.written);
        self.written += 1;
    }

    /// The unit at a position of the log.
    #[must_use]
    pub fn unit(&self, at: u8) -> Unit {
        Unit::ALL[((self.units >> (4 * at)) & 15) as usize]
    }

    /// How many of the first `upto` units are `unit`.
    #[must_use]
    pub fn count(&self, unit: Unit, upto: u8) -> u8 {
        (0..upto.min(self.written)).filter(|&at| self.unit(at) == unit).count() as u8
    }

    /// The position of the first such unit.
    #[must_use]
    pub fn position(&self, unit: Unit) -> Option<u8> {
        (0..self.written).find(|&at| self.unit(at) == unit)
    }

    /// Whether the writer's kernel holds `room` units that have not left.
    #[must_use]
    pub fn is_full(&self, room: u8) -> bool {
        self.written - self.left >= room
    }

    /// Whether the reader's kernel holds unread units.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.read < self.arrived
    }
}
