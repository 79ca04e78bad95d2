//! What the driver must do next.
//!
//! The output is a pure function of the machine's state, so nothing is queued and nothing is lost.

use crate::alert::AlertDescription;

/// The next step of the driver. It stays the same until the driver reports an event that answers
/// it.
///
/// ```
/// # use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
/// let mut machine = Machine::established(Version::Tls12, Role::Server, Policy::STRICT);
/// assert_eq!(machine.output(), Output::Idle);
/// machine.handle(Event::Close(Manner::Abort))?;
/// assert_eq!(machine.output(), Output::DiscardPending);
/// machine.handle(Event::PendingDiscarded { bytes: 512 })?;
/// assert_eq!(machine.output(), Output::ResetTransport);
/// machine.handle(Event::TransportResetByUs)?;
/// assert_eq!(machine.output(), Output::Done);
/// # Ok::<(), close_notify_core::Illegal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Output {
    /// Nothing to do: it is the application's turn.
    Idle,
    /// Discard the data that is not in a record yet. Answer with `PendingDiscarded`.
    DiscardPending,
    /// Write the pending data, then a close_notify at level warning. Answer with `OutputSealed`,
    /// `OutputBegun` if it leaves in parts, and `OutputWritten`.
    SendCloseNotify {
        /// No byte can follow, so the close_notify can share a segment with the FIN.
        fin_follows: bool,
    },
    /// Write a fatal alert. Answer with `OutputSealed`, `OutputBegun` if it leaves in parts, and
    /// `OutputWritten`.
    SendAlert {
        /// The alert to write.
        alert: AlertDescription,
    },
    /// Shut the transport's write side. Answer with `WriteShut`.
    ShutWrite,
    /// Forget the session and every ticket of this connection. Answer with `SessionForgotten`.
    ForgetSession,
    /// Start the deadline. Answer with `DeadlineStarted`.
    StartDeadline,
    /// Read the next record and report it.
    AwaitPeer,
    /// Read raw bytes, discard them, and report their number. TLS state is no longer needed.
    Drain,
    /// Close the transport. Answer with `TransportClosed`.
    CloseTransport,
    /// Reset the transport. Answer with `TransportResetByUs`.
    ResetTransport,
    /// Return the transport to the application, with the bytes that were read after the peer's
    /// close_notify. Answer with `TransportHandedBack`.
    HandBack,
    /// Everything is done, and the ending is final.
    Done,
}

impl Output {
    /// Whether this step waits for the peer, under the deadline.
    #[must_use]
    pub const fn waits_for_peer(self) -> bool {
        matches!(self, Self::AwaitPeer | Self::Drain)
    }

    /// Whether this step sends the last word of this side: its close_notify or its fatal alert.
    #[must_use]
    pub const fn is_a_last_word(self) -> bool {
        matches!(self, Self::SendCloseNotify { .. } | Self::SendAlert { .. })
    }
}
