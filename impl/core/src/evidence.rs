//! What is known about the end so far. Nothing here is ever taken back: the first of each fact is kept.

use core::hash::{Hash, Hasher};

use crate::alert::{AlertDescription, AlertLevel, Meaning, meaning};
use crate::ending::{FirstCloser, NotSent};
use crate::event::Event;
use crate::machine::Machine;
use crate::manner::Manner;
use crate::policy::PeerCloses;
use crate::{recv, send};

/// The numbers Linux and the BSDs give ECONNRESET, and what Windows calls WSAECONNRESET and WSAECONNABORTED.
///
/// Source: `errno.h` of Linux (104), of the BSDs and macOS (54); Windows Sockets error codes (10054, 10053).
const RESET_ERRNOS: [i32; 4] = [104, 54, 10054, 10053];

/// The facts beside the states. Counters saturate.
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
    pub(crate) user_canceled: bool,
    pub(crate) wrote: bool,
    pub(crate) unsent: NotSent,
    pub(crate) failed_leaving: bool,
    pub(crate) ended_early: bool,
    pub(crate) engine_notified: bool,
    pub(crate) reset_seen: bool,
    pub(crate) notified: bool,
    pub(crate) pending_discarded: bool,
    pub(crate) deadline_started: bool,
    pub(crate) session_forgotten: bool,
}

/// Every field, packed into four words.
impl Hash for Evidence {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let flags = [
            self.user_canceled,
            self.wrote,
            self.failed_leaving,
            self.ended_early,
            self.engine_notified,
            self.reset_seen,
            self.notified,
            self.pending_discarded,
            self.deadline_started,
            self.session_forgotten,
            self.own_alert.is_some(),
            self.peer_alert.is_some(),
        ];
        let flags = flags.iter().fold(0_u16, |packed, &flag| packed << 1 | u16::from(flag));
        let alert = |alert: Option<AlertDescription>| alert.map_or(0, |alert| alert.0);
        let [low, high] = flags.to_le_bytes();
        let codes =
            [low, high, alert(self.own_alert), alert(self.peer_alert), self.notify_level.0, self.warnings];
        let [a, b, c, d, e, f] = codes;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, self.first_closer as u8, self.unsent as u8]));
        state.write_u64(u64::from(self.errno.cast_unsigned()) << 32 | u64::from(self.discarded));
        state.write_u64(u64::from(self.late) << 32 | u64::from(self.drained));
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
        user_canceled: false,
        wrote: false,
        unsent: NotSent::TransportFailed,
        failed_leaving: false,
        ended_early: false,
        engine_notified: false,
        reset_seen: false,
        notified: false,
        pending_discarded: false,
        deadline_started: false,
        session_forgotten: false,
    };

    /// The alert that is due or was sent.
    pub(crate) const fn own_alert(&self) -> AlertDescription {
        match self.own_alert {
            Some(alert) => alert,
            None => AlertDescription::INTERNAL_ERROR,
        }
    }

    // RFC 9293 §3.10.7 · rst-is-not-close: a reset is known whichever call failed first
    const fn with_errno(self, errno: i32) -> Self {
        let first = if self.errno == 0 { errno } else { self.errno };
        Self { errno: first, reset_seen: self.reset_seen || is_reset(errno), ..self }
    }

    const fn with_own_alert(self, alert: AlertDescription) -> Self {
        if self.own_alert.is_none() { Self { own_alert: Some(alert), ..self } } else { self }
    }

    const fn with_drained(self, bytes: u32) -> Self {
        Self { drained: self.drained.saturating_add(bytes), ..self }
    }
}

impl Machine {
    /// The evidence once `event` has moved the halves to `send` and `recv`.
    pub(crate) const fn noted(&self, event: Event, send: send::State, recv: recv::State) -> Evidence {
        let known = self.noted_halves(event, send, recv);
        match event {
            Event::PendingDiscarded { bytes } => Evidence {
                discarded: known.discarded.saturating_add(bytes),
                pending_discarded: true,
                ..known
            },
            Event::SessionForgotten => Evidence { session_forgotten: true, ..known },
            // What happens behind the release belongs to no connection of ours: the ending of `Done` is final.
            _ if self.transport.is_released() => self.evidence,
            Event::Write => Evidence { wrote: true, ..known },
            Event::Reject(alert) => known.with_own_alert(alert),
            Event::Close(Manner::Reject) => known.with_own_alert(AlertDescription::INTERNAL_ERROR),
            Event::PeerViolation(alert) if !self.recv.has_ended() => known.with_own_alert(alert),
            Event::PeerData { bytes } => self.noted_data(known, recv, bytes),
            Event::PeerMessage { bytes } | Event::Drained { bytes } if self.manner.is_closing() => {
                known.with_drained(bytes)
            }
            Event::PeerAlert { level, description } if !self.recv.has_ended() => {
                self.noted_alert(known, level, description)
            }
            Event::TransportReset { errno } => Evidence { reset_seen: true, ..known.with_errno(errno) },
            Event::WriteFailed { errno } => known.with_errno(errno),
            Event::EngineNotified => Evidence { engine_notified: true, ..known },
            Event::DeadlineStarted => Evidence { deadline_started: true, ..known },
            Event::PeerKeysInUse
            | Event::EarlyDataAccepted
            | Event::HandshakeDone
            | Event::CloseWrite
            | Event::Close(_)
            | Event::PeerViolation(_)
            | Event::PeerMessage { .. }
            | Event::PeerAlert { .. }
            | Event::TransportEof { .. }
            | Event::OutputSealed
            | Event::OutputWritten
            | Event::WriteShut
            | Event::DeadlinePassed
            | Event::Drained { .. }
            | Event::TransportClosed
            | Event::TransportResetByUs
            | Event::TransportHandedBack => known,
        }
    }

    const fn noted_halves(&self, event: Event, send: send::State, recv: recv::State) -> Evidence {
        use send::State as S;
        let known = self.evidence;
        let ends = !self.recv.has_ended() && recv.has_ended();
        let fails = !matches!(self.send, S::Failed) && matches!(send, S::Failed);
        let leaving = matches!(self.send, S::NotifyLeaving | S::AlertLeaving);
        Evidence {
            first_closer: self.first_closer_after(event, recv),
            ended_early: known.ended_early || (ends && !matches!(self.recv, recv::State::Open)),
            notified: known.notified || matches!(send, S::Notified),
            unsent: if fails { unsent_by(event) } else { known.unsent },
            failed_leaving: known.failed_leaving || (leaving && fails),
            ..known
        }
    }

    // RFC 9846 §6.1 · cut-is-visible, ignore-after-notify: what is not handed on is counted
    const fn noted_data(&self, known: Evidence, recv: recv::State, bytes: u32) -> Evidence {
        let known = if self.is_late() { known.with_drained(bytes) } else { known };
        let known = if !self.recv.has_ended() && matches!(recv, recv::State::Refused) {
            known.with_own_alert(AlertDescription::UNEXPECTED_MESSAGE)
        } else {
            known
        };
        let lost = !self.delivers_data() && !matches!(self.recv, recv::State::PeerNotified);
        if lost { Evidence { late: known.late.saturating_add(bytes), ..known } } else { known }
    }

    const fn noted_alert(
        &self,
        known: Evidence,
        level: AlertLevel,
        description: AlertDescription,
    ) -> Evidence {
        match meaning(self.version, level, description, self.policy.fatal_notify) {
            Meaning::CloseNotify => Evidence { notify_level: level, ..known },
            Meaning::Fatal => Evidence { peer_alert: Some(description), ..known },
            Meaning::Malformed(alert) => known.with_own_alert(alert),
            Meaning::UserCanceled => Evidence { user_canceled: true, ..self.noted_warning(known) },
            Meaning::Warning => self.noted_warning(known),
        }
    }

    const fn noted_warning(&self, known: Evidence) -> Evidence {
        if known.warnings < self.policy.warnings {
            Evidence { warnings: known.warnings + 1, ..known }
        } else {
            known.with_own_alert(AlertDescription::UNEXPECTED_MESSAGE)
        }
    }

    /// Who closed first, as far as this side can know.
    const fn first_closer_after(&self, event: Event, recv: recv::State) -> FirstCloser {
        let known = self.evidence.first_closer;
        let peer_ended_now = !self.recv.has_ended() && ended_by_peer(recv);
        let refused_now = !self.recv.has_ended() && matches!(recv, recv::State::Refused);
        match (known, peer_ended_now) {
            (FirstCloser::Nobody, true) => FirstCloser::Peer,
            (FirstCloser::Nobody, false) if refused_now || asks_for_the_end(event) => FirstCloser::Us,
            (FirstCloser::Us, true) if matches!(recv, recv::State::PeerNotified) => self.crossing(),
            (FirstCloser::Nobody, false)
            | (FirstCloser::Us | FirstCloser::Peer | FirstCloser::Crossed | FirstCloser::UsOrCrossed, _) => {
                known
            }
        }
    }

    // crossed-confirms-nothing: a close_notify behind ours may have been sent before ours was read
    const fn crossing(&self) -> FirstCloser {
        match self.policy.peer_closes {
            PeerCloses::OnlyAfterUs | PeerCloses::AnyTime if !self.evidence.notified => FirstCloser::Crossed,
            PeerCloses::OnlyAfterUs => FirstCloser::Us,
            PeerCloses::AnyTime => FirstCloser::UsOrCrossed,
        }
    }
}

/// Why the last word stays unsent, once `event` has ended the sending half without it.
const fn unsent_by(event: Event) -> NotSent {
    match event {
        Event::WriteFailed { .. } | Event::TransportReset { .. } => NotSent::TransportFailed,
        Event::TransportClosed => NotSent::NotAsked,
        Event::PeerKeysInUse
        | Event::EarlyDataAccepted
        | Event::HandshakeDone
        | Event::Write
        | Event::CloseWrite
        | Event::Close(_)
        | Event::Reject(_)
        | Event::PeerData { .. }
        | Event::PeerMessage { .. }
        | Event::PeerAlert { .. }
        | Event::PeerViolation(_)
        | Event::TransportEof { .. }
        | Event::PendingDiscarded { .. }
        | Event::EngineNotified
        | Event::OutputSealed
        | Event::OutputWritten
        | Event::WriteShut
        | Event::DeadlineStarted
        | Event::DeadlinePassed
        | Event::Drained { .. }
        | Event::SessionForgotten
        | Event::TransportResetByUs
        | Event::TransportHandedBack => NotSent::GaveUp,
    }
}

const fn is_reset(errno: i32) -> bool {
    let mut at = 0;
    while at < RESET_ERRNOS.len() {
        if errno == RESET_ERRNOS[at] {
            return true;
        }
        at += 1;
    }
    false
}

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
        Event::TransportClosed | Event::TransportResetByUs => true,
        Event::Close(manner) => !matches!(manner, Manner::Unasked),
        Event::PeerKeysInUse
        | Event::EarlyDataAccepted
        | Event::HandshakeDone
        | Event::Write
        | Event::PeerData { .. }
        | Event::PeerMessage { .. }
        | Event::PeerAlert { .. }
        | Event::PeerViolation(_)
        | Event::TransportEof { .. }
        | Event::TransportReset { .. }
        | Event::WriteFailed { .. }
        | Event::PendingDiscarded { .. }
        | Event::OutputSealed
        | Event::OutputWritten
        | Event::WriteShut
        | Event::DeadlineStarted
        | Event::DeadlinePassed
        | Event::Drained { .. }
        | Event::SessionForgotten
        | Event::TransportHandedBack => false,
    }
}
