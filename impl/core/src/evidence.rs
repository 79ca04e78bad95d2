//! What is known about the end so far. Nothing here is ever taken back: the first evidence of each
//! kind is kept.

use core::hash::{Hash, Hasher};

use crate::alert::{AlertDescription, AlertLevel, Meaning};
use crate::ending::{FirstCloser, NotSent, TransportEnd};
use crate::event::Event;
use crate::machine::Machine;
use crate::manner::Manner;
use crate::policy::PeerCloses;
use crate::{recv, send, transport};

/// ECONNRESET on Linux and the BSDs, and WSAECONNRESET and WSAECONNABORTED on Windows.
///
/// Source: `errno.h` of Linux (104), of the BSDs and macOS (54); Windows Sockets error codes
/// (10054, 10053).
const RESET_ERRNOS: [i32; 4] = [104, 54, 10054, 10053];

/// The errors that a call may return after nothing but the peer's FIN: none, EPIPE, ENOTCONN on
/// Linux, the BSDs and Windows, and ERROR_BROKEN_PIPE, ERROR_NO_DATA and WSAESHUTDOWN on Windows.
/// Any other number means that the transport failed.
///
/// Source: send(2), shutdown(2), `errno.h`; Windows system and Sockets error codes.
const HARMLESS_ERRNOS: [i32; 8] = [0, 32, 107, 57, 10057, 109, 232, 10058];

/// What is known, or was done, that the states of the halves do not say.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Known {
    /// The peer has sent user_canceled.
    UserCanceled,
    /// The application has written.
    Wrote,
    /// Some bytes of our last word are in the transport.
    Begun,
    /// Reading ended before the handshake was done, or within 0-RTT data.
    EndedEarly,
    /// Reading ended in the handshake.
    InHandshake,
    /// The engine closed by itself.
    EngineNotified,
    /// A call returned a reset.
    ResetSeen,
    /// A call returned a failure of the transport that is not a reset. A later end of stream is
    /// then not a FIN.
    FailureSeen,
    /// The transport failed before both sides had sent close_notify.
    Broke,
    /// The transport failed after our last word had left and before our FIN.
    FinFailed,
    /// Our close_notify has left.
    Notified,
    /// Some of what was written is not in the transport yet, or never will be.
    Unflushed,
    /// What was pending has been discarded.
    PendingDiscarded,
    /// The deadline is running.
    DeadlineStarted,
    /// The session has been forgotten.
    SessionForgotten,
}

/// What is known besides the states of the parts. Counters saturate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Evidence {
    pub(crate) errno: i32,
    pub(crate) discarded: u32,
    pub(crate) late: u32,
    pub(crate) drained: u32,
    pub(crate) own_alert: Option<AlertDescription>,
    pub(crate) peer_alert: Option<AlertDescription>,
    pub(crate) notify_level: AlertLevel,
    pub(crate) first_closer: FirstCloser,
    pub(crate) warnings: u8,
    pub(crate) unsent: NotSent,
    pub(crate) transport_end: TransportEnd,
    /// One bit for each [`Known`].
    known: u16,
}

/// Hashes every field, in few writes.
impl Hash for Evidence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.known.to_le_bytes();
        let alerts = u8::from(self.own_alert.is_some()) | u8::from(self.peer_alert.is_some()) << 1;
        let small = [
            self.first_closer as u8,
            self.unsent as u8,
            self.transport_end as u8,
            self.notify_level.0,
            self.warnings,
            self.own_alert().0,
            self.peer_alert().0,
            alerts,
        ];
        state.write_u64(u64::from_le_bytes(small));
        state.write_u32(u32::from_le_bytes([low, high, 0, 0]));
        state.write_i32(self.errno);
        [self.discarded, self.late, self.drained].iter().for_each(|&count| state.write_u32(count));
    }
}

impl Evidence {
    pub(crate) const NONE: Self = Self {
        errno: 0,
        discarded: 0,
        late: 0,
        drained: 0,
        own_alert: None,
        peer_alert: None,
        notify_level: AlertLevel(0),
        first_closer: FirstCloser::Nobody,
        warnings: 0,
        unsent: NotSent::TransportFailed,
        transport_end: TransportEnd::Open,
        known: 0,
    };

    pub(crate) const fn knows(&self, fact: Known) -> bool {
        self.known & 1 << fact as u8 != 0
    }

    const fn learn(&mut self, fact: Known) {
        self.known |= 1 << fact as u8;
    }

    const fn learn_if(&mut self, fact: Known, is_so: bool) {
        self.known |= (is_so as u16) << fact as u8;
    }

    /// Drops a fact that has ended by itself: bytes have left, or a wait is over.
    pub(crate) const fn forget(&mut self, fact: Known) {
        self.known &= !(1 << fact as u8);
    }

    /// Our alert that is due or was sent.
    pub(crate) const fn own_alert(&self) -> AlertDescription {
        match self.own_alert {
            Some(alert) => alert,
            None => AlertDescription::INTERNAL_ERROR,
        }
    }

    /// The peer's fatal alert.
    pub(crate) const fn peer_alert(&self) -> AlertDescription {
        match self.peer_alert {
            Some(alert) => alert,
            None => AlertDescription::INTERNAL_ERROR,
        }
    }

    // RFC 9293 §3.10.7 · rst-is-not-close: a reset is remembered, no matter which call failed first
    // tcp(7), our measurement · dead-is-not-fin: and so is any other failure of the transport
    const fn keep_errno(&mut self, errno: i32) {
        if self.errno == 0 {
            self.errno = errno;
        }
        self.learn_if(Known::ResetSeen, is_reset(errno));
        self.learn_if(Known::FailureSeen, !is_reset(errno) && !is_harmless(errno));
    }

    const fn keep_own_alert(&mut self, alert: AlertDescription) {
        if self.own_alert.is_none() {
            self.own_alert = Some(alert);
        }
    }

    const fn add_drained(&mut self, bytes: u32) {
        self.drained = self.drained.saturating_add(bytes);
    }
}

impl Machine {
    /// Keeps the evidence of `event`, which is about to move the halves to `send` and `recv`.
    pub(crate) const fn note(&mut self, event: Event, send: send::State, recv: recv::State) {
        match event {
            Event::PendingDiscarded { bytes } => {
                self.evidence.discarded = self.evidence.discarded.saturating_add(bytes);
                self.evidence.learn(Known::PendingDiscarded);
            }
            Event::SessionForgotten => self.evidence.learn(Known::SessionForgotten),
            // What happens after the release is not about this connection: the ending of `Done` is
            // final.
            _ if self.transport.is_released() => return,
            Event::Write => {
                self.evidence.learn(Known::Wrote);
                self.evidence.learn(Known::Unflushed);
            }
            Event::Flushed if !self.send.is_mute() => self.evidence.forget(Known::Unflushed),
            Event::Reject(alert) => self.evidence.keep_own_alert(alert),
            Event::Close(Manner::Reject) => self.evidence.keep_own_alert(AlertDescription::INTERNAL_ERROR),
            Event::PeerViolation(alert) if !self.recv.has_ended() => self.evidence.keep_own_alert(alert),
            Event::PeerData { bytes } => self.note_data(recv, bytes),
            Event::PeerMessage { bytes } | Event::Drained { bytes } if self.manner.is_closing() => {
                self.evidence.add_drained(bytes);
            }
            Event::PeerAlert { level, description } if !self.recv.has_ended() => {
                self.note_alert(level, description);
            }
            Event::TransportReset { errno } => {
                self.evidence.keep_errno(errno);
                self.evidence.learn_if(Known::FailureSeen, !is_reset(errno));
                self.evidence.learn_if(Known::Broke, !self.both_notified());
            }
            Event::WriteFailed { errno } => {
                self.evidence.keep_errno(errno);
                self.evidence.learn_if(Known::Broke, !is_harmless(errno) && !self.both_notified());
            }
            // If the last word is completely in the transport, so is everything before it.
            Event::OutputWritten => self.evidence.forget(Known::Unflushed),
            Event::EngineNotified => self.evidence.learn(Known::EngineNotified),
            Event::OutputBegun => self.evidence.learn_if(Known::Begun, self.send.is_leaving()),
            Event::DeadlineStarted => self.evidence.learn(Known::DeadlineStarted),
            _ => {}
        }
        self.note_halves(event, send, recv);
    }

    /// Whether both sides have sent close_notify. What the transport does later says nothing about
    /// the data.
    const fn both_notified(&self) -> bool {
        self.send.is_notified() && matches!(self.recv, recv::State::PeerNotified)
    }

    /// Keeps how the transport ended, which `event` is about to move to `next`. The first end is
    /// kept.
    pub(crate) const fn note_transport(&mut self, event: Event, next: transport::State) {
        use transport::State as T;
        if !matches!(self.evidence.transport_end, TransportEnd::Open) {
            return;
        }
        self.evidence.transport_end = match next {
            T::Open | T::HandedBack => TransportEnd::Open,
            T::PeerEof => TransportEnd::PeerFin,
            T::PeerReset => TransportEnd::PeerReset,
            T::GivenUp if matches!(event, Event::DeadlinePassed) => TransportEnd::TimedOut,
            T::GivenUp => TransportEnd::OverBudget,
            T::Closed if matches!(event, Event::TransportHandedOver) => TransportEnd::HandedOver,
            T::Closed | T::ResetByUs if self.lingers() => TransportEnd::CutShort,
            T::Closed | T::ResetByUs => TransportEnd::NotAwaited,
        };
    }

    /// Whether our last word is out and we wait for the peer's end so that a close does not destroy
    /// it.
    const fn lingers(&self) -> bool {
        self.send.has_spoken() && matches!(self.manner, Manner::Linger | Manner::Reject)
    }

    const fn note_halves(&mut self, event: Event, send: send::State, recv: recv::State) {
        use send::State as S;
        self.note_first_closer(event, recv);
        if !self.recv.has_ended() && recv.has_ended() {
            self.evidence.learn_if(Known::EndedEarly, !matches!(self.recv, recv::State::Open));
            self.evidence.learn_if(
                Known::InHandshake,
                matches!(self.recv, recv::State::Plain | recv::State::Handshaking),
            );
        }
        if matches!(send, S::Notified) {
            self.evidence.learn(Known::Notified);
        }
        if matches!((self.send, send), (S::Notified, S::NotifiedShut) | (S::Alerted, S::AlertedShut)) {
            self.evidence.learn_if(Known::FinFailed, !matches!(event, Event::WriteShut));
        }
        if matches!(send, S::Failed) && !matches!(self.send, S::Failed) {
            self.evidence.unsent = unsent_by(event);
        }
    }

    // RFC 9846 §6.1 · cut-is-visible, ignore-after-notify: what is not delivered is counted
    const fn note_data(&mut self, recv: recv::State, bytes: u32) {
        if self.is_late() {
            self.evidence.add_drained(bytes);
        }
        if !self.recv.has_ended() && matches!(recv, recv::State::Refused) {
            self.evidence.keep_own_alert(AlertDescription::UNEXPECTED_MESSAGE);
        }
        if !self.delivers_data() && !matches!(self.recv, recv::State::PeerNotified) {
            self.evidence.late = self.evidence.late.saturating_add(bytes);
        }
    }

    const fn note_alert(&mut self, level: AlertLevel, description: AlertDescription) {
        match self.meaning_of(level, description) {
            Meaning::CloseNotify => self.evidence.notify_level = level,
            Meaning::Fatal => self.evidence.peer_alert = Some(description),
            Meaning::Malformed(alert) => self.evidence.keep_own_alert(alert),
            Meaning::UserCanceled => {
                self.note_warning();
                self.evidence.learn(Known::UserCanceled);
            }
            Meaning::Warning => self.note_warning(),
        }
    }

    const fn note_warning(&mut self) {
        if self.evidence.warnings < self.policy.warnings {
            self.evidence.warnings += 1;
        } else {
            self.evidence.keep_own_alert(AlertDescription::UNEXPECTED_MESSAGE);
        }
    }

    /// Keeps who closed first, as far as this side knows.
    const fn note_first_closer(&mut self, event: Event, recv: recv::State) {
        let ends_now = !self.recv.has_ended();
        let peer_ends_now = ends_now && ended_by_peer(recv);
        let refused_now = ends_now && matches!(recv, recv::State::Refused);
        match self.evidence.first_closer {
            FirstCloser::Nobody if peer_ends_now => self.evidence.first_closer = FirstCloser::Peer,
            FirstCloser::Nobody if refused_now || asks_for_the_end(event) => {
                self.evidence.first_closer = FirstCloser::Us;
            }
            FirstCloser::Us if peer_ends_now && matches!(recv, recv::State::PeerNotified) => {
                self.evidence.first_closer = self.crossing();
            }
            _ => {}
        }
    }

    // crossed-confirms-nothing: a close_notify after ours may have been sent before ours was read
    const fn crossing(&self) -> FirstCloser {
        match self.policy.peer_closes {
            PeerCloses::OnlyAfterUs | PeerCloses::AnyTime if !self.evidence.knows(Known::Notified) => {
                FirstCloser::Crossed
            }
            PeerCloses::OnlyAfterUs => FirstCloser::Us,
            PeerCloses::AnyTime => FirstCloser::UsOrCrossed,
        }
    }
}

/// Why the last word stays unsent, after `event` has ended the sending half without it.
const fn unsent_by(event: Event) -> NotSent {
    match event {
        Event::WriteFailed { .. } | Event::TransportReset { .. } => NotSent::TransportFailed,
        Event::TransportClosed | Event::TransportHandedOver => NotSent::NotAsked,
        Event::OutputUnsealable => NotSent::Unsealable,
        _ => NotSent::GaveUp,
    }
}

pub(crate) const fn is_reset(errno: i32) -> bool {
    is_one_of(&RESET_ERRNOS, errno)
}

const fn is_harmless(errno: i32) -> bool {
    is_one_of(&HARMLESS_ERRNOS, errno)
}

const fn is_one_of(known: &[i32], errno: i32) -> bool {
    let mut at = 0;
    while at < known.len() {
        if errno == known[at] {
            return true;
        }
        at += 1;
    }
    false
}

// dead-is-not-fin: a transport that failed was not closed by anybody
const fn ended_by_peer(recv: recv::State) -> bool {
    use recv::State as R;
    matches!(
        recv,
        R::PeerNotified | R::NotifiedEarly | R::CutAtBoundary | R::CutInRecord | R::Reset | R::PeerFatal
    )
}

const fn asks_for_the_end(event: Event) -> bool {
    match event {
        Event::CloseWrite | Event::Reject(_) | Event::EngineNotified => true,
        Event::TransportClosed | Event::TransportResetByUs | Event::TransportHandedOver => true,
        Event::Close(manner) => !matches!(manner, Manner::Unasked),
        _ => false,
    }
}
