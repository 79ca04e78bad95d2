//! What the driver must do next: a pure function of where the machine stands, so nothing is queued
//! or lost.

use crate::alert::AlertDescription;

/// The next step of the driver. It stays the same until an event answers it.
///
/// ```
/// use close_notify_core::{Event, Machine, Manner, Output, Policy, Role, Version};
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
    /// Nothing is owed: the application's turn.
    Idle,
    /// Throw away what no record holds yet; answer `PendingDiscarded`.
    DiscardPending,
    /// Write what is pending, then a close_notify at level warning; answer `OutputSealed`,
    /// `OutputBegun` where it leaves in parts, `OutputWritten`.
    SendCloseNotify {
        /// No byte can follow: leave room to send it in one segment with the FIN.
        fin_follows: bool,
    },
    /// Write a fatal alert; answer `OutputSealed`, `OutputBegun` where it leaves in parts,
    /// `OutputWritten`.
    SendAlert {
        /// Which.
        alert: AlertDescription,
    },
    /// Shut the transport's write side; answer `WriteShut`.
    ShutWrite,
    /// Forget the session and every ticket of this connection; answer `SessionForgotten`.
    ForgetSession,
    /// Start the deadline; answer `DeadlineStarted`.
    StartDeadline,
    /// Read the next record and tell it.
    AwaitPeer,
    /// Read raw bytes, throw them away, and tell their number. TLS state is no longer needed.
    Drain,
    /// Close the transport; answer `TransportClosed`.
    CloseTransport,
    /// Reset the transport; answer `TransportResetByUs`.
    ResetTransport,
    /// Give the transport back, with what was read behind the peer's close_notify; answer
    /// `TransportHandedBack`.
    HandBack,
    /// Everything is done: the ending is final.
    Done,
}

impl Output {
    /// Whether the driver must wait for the peer here, under the deadline.
    #[must_use]
    pub const fn waits_for_peer(self) -> bool {
        matches!(self, Self::AwaitPeer | Self::Drain)
    }

    /// Whether the last word of this side is to leave here.
    #[must_use]
    pub const fn is_a_last_word(self) -> bool {
        matches!(self, Self::SendCloseNotify { .. } | Self::SendAlert { .. })
    }
}
