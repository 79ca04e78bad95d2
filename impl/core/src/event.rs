//! What happened: every event that a driver may report to the machine.
//!
//! An event is in the past, and its name says who acted. The machine never sees application data,
//! only its size.

use crate::alert::{AlertDescription, AlertLevel};
use crate::manner::Manner;

/// Something that happened on one connection.
///
/// Sizes are in bytes on the wire; the size of a record includes its header. `errno` is the number
/// that the system gave the error, or 0 if it gave none.
///
/// ```
/// # use close_notify_core::{
/// #     AlertDescription, AlertLevel, Event, Machine, Policy, ReadEnd, Role, Version,
/// # };
/// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
/// machine.handle(Event::PeerData { bytes: 1400 })?;
/// let (level, description) = (AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY);
/// machine.handle(Event::PeerAlert { level, description })?;
/// assert_eq!(machine.ending().reading, ReadEnd::CloseNotify);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The peer's first traffic keys are in use: what arrives from now on is authentic.
    PeerKeysInUse,
    /// The server accepted 0-RTT data: application data may arrive before the handshake is done.
    EarlyDataAccepted,
    /// The handshake is done in both directions.
    HandshakeDone,

    /// The application writes data. Ask [`Machine::may_write`](crate::Machine::may_write) first.
    Write,
    /// The application closes its write side and reads on (TLS 1.3).
    CloseWrite,
    /// The application asks to end the connection, in this manner.
    Close(Manner),
    /// The application rejects the connection with an error alert.
    Reject(AlertDescription),

    /// A record of application data arrived.
    PeerData {
        /// Length of the record.
        bytes: u32,
    },
    /// A handshake message arrived after the handshake: a ticket, a KeyUpdate or a HelloRequest.
    PeerMessage {
        /// Length of the record.
        bytes: u32,
    },
    /// An alert arrived.
    PeerAlert {
        /// Its level byte.
        level: AlertLevel,
        /// Its description byte.
        description: AlertDescription,
    },
    /// The peer violated the protocol, and this alert answers it.
    PeerViolation(AlertDescription),

    /// A read returned the end of the transport's stream.
    TransportEof {
        /// Whether only a part of a record had been read, or of an alert that is split over
        /// records.
        inside_record: bool,
    },
    /// A read failed: `errno` says whether the transport was reset or failed in another way.
    TransportReset {
        /// The error number of the system.
        errno: i32,
    },
    /// A call other than a read failed, such as a write or a shutdown. What has already arrived may
    /// still be readable.
    WriteFailed {
        /// The error number of the system.
        errno: i32,
    },

    /// The driver discarded data of the application that was not in a record yet. If the engine
    /// closed by itself, this is the data that it no longer sealed.
    PendingDiscarded {
        /// How many bytes; 0 if nothing was pending.
        bytes: u32,
    },
    /// The engine sealed a close_notify by itself, because its keys reached a limit.
    EngineNotified,
    /// The last word that was due is sealed.
    OutputSealed,
    /// The engine cannot seal the last word that is due. This is a limit of its interface, not of
    /// the transport.
    OutputUnsealable,
    /// Some but not all bytes of the last word are in the transport.
    OutputBegun,
    /// The last byte of the last word is in the transport.
    OutputWritten,
    /// The transport's write side is shut.
    WriteShut,
    /// The deadline is running.
    DeadlineStarted,
    /// The deadline passed.
    DeadlinePassed,
    /// Raw bytes of the peer were read and discarded.
    Drained {
        /// How many bytes.
        bytes: u32,
    },
    /// The session and its tickets are forgotten.
    SessionForgotten,
    /// The transport is closed, no matter who asked for it. What was still due is never sent.
    TransportClosed,
    /// This side reset the transport.
    TransportResetByUs,
    /// The transport was returned to the application.
    TransportHandedBack,
    /// The transport now lingers as the [`Draining`](crate::Draining) that
    /// [`Machine::lingering`](crate::Machine::lingering) returned. This machine receives no more
    /// events of it.
    TransportHandedOver,
    /// Everything that the application has written is in the transport, and the transport holds
    /// none of it back.
    Flushed,
}
