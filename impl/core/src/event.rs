//! What happened: every fact a driver may tell the machine.
//!
//! Facts are past and name their actor. The machine never sees a byte of application data, only
//! sizes.

use crate::alert::{AlertDescription, AlertLevel};
use crate::manner::Manner;

/// A fact about one connection.
///
/// Units: sizes in bytes on the wire (of a record: header and all), `errno` as the system numbers
/// it, 0 where it gave no number.
///
/// ```
/// use close_notify_core::{AlertDescription, AlertLevel, Event, Machine, Policy, ReadEnd, Role, Version};
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::PeerData { bytes: 1400 })?;
/// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
/// machine.handle(Event::PeerAlert { level, description })?;
/// assert_eq!(machine.ending().reading, ReadEnd::CloseNotify);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The peer's first traffic keys are in use: what arrives now is authentic.
    PeerKeysInUse,
    /// The server accepted 0-RTT data: application data may arrive before the handshake is done.
    EarlyDataAccepted,
    /// The handshake is done in both directions.
    HandshakeDone,

    /// The application writes data. Ask [`Machine::may_write`](crate::Machine::may_write) first.
    Write,
    /// The application closes its write side and reads on (TLS 1.3).
    CloseWrite,
    /// The application asks for the end, in this manner.
    Close(Manner),
    /// The application rejects the connection with an error alert.
    Reject(AlertDescription),

    /// A record of application data came.
    PeerData {
        /// Length of the record.
        bytes: u32,
    },
    /// A handshake message came after the handshake: a ticket, a KeyUpdate, a HelloRequest.
    PeerMessage {
        /// Length of the record.
        bytes: u32,
    },
    /// An alert came.
    PeerAlert {
        /// Its level byte.
        level: AlertLevel,
        /// Its description byte.
        description: AlertDescription,
    },
    /// The peer broke the protocol; this is the alert that says so.
    PeerViolation(AlertDescription),

    /// A read returned the end of the transport's stream.
    TransportEof {
        /// Whether part of a record had been read, or of an alert that its records split.
        inside_record: bool,
    },
    /// A read failed: the transport was reset, or failed otherwise, as the number says.
    TransportReset {
        /// The system's number of the error.
        errno: i32,
    },
    /// A call that does not read failed: a write, a shutdown. What has already arrived may still be
    /// readable.
    WriteFailed {
        /// The system's number of the error.
        errno: i32,
    },

    /// The driver discarded what the application had written and no record held yet.
    /// Where the engine closed by itself, that is what it would no longer seal.
    PendingDiscarded {
        /// How many bytes; zero where nothing was pending.
        bytes: u32,
    },
    /// The engine sealed a close_notify by itself, at a limit of its keys.
    EngineNotified,
    /// The last word that was due is sealed.
    OutputSealed,
    /// The engine cannot seal the last word that is due: a limit of its interface, not of the
    /// transport.
    OutputUnsealable,
    /// Some of its bytes are in the transport, and not all.
    OutputBegun,
    /// Its last byte is in the transport.
    OutputWritten,
    /// The transport's write side is shut.
    WriteShut,
    /// The deadline runs.
    DeadlineStarted,
    /// The deadline passed.
    DeadlinePassed,
    /// Raw bytes of the peer were read and thrown away.
    Drained {
        /// How many.
        bytes: u32,
    },
    /// The session and its tickets are forgotten.
    SessionForgotten,
    /// The transport is closed, whoever asked for it: what was still due stays unsent.
    TransportClosed,
    /// The transport is reset by this side.
    TransportResetByUs,
    /// The application has the transport back.
    TransportHandedBack,
    /// The transport lingers by itself, as [`Machine::lingering`](crate::Machine::lingering) said:
    /// this machine hears no more of it.
    TransportHandedOver,
    /// All that the application has written is in the transport, and the transport keeps nothing of
    /// it back.
    Flushed,
}
