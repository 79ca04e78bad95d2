//! What is known about the end so far. Nothing here is ever taken back: the first of each fact is kept.

use crate::alert::{AlertDescription, AlertLevel, Meaning, meaning};
use crate::ending::FirstCloser;
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    pub(crate) failed_leaving: bool,
    pub(crate) notified: bool,
    pub(crate) pending_discarded: bool,
    pub(crate) deadline_started: bool,
    pub(crate) session_forgotten: bool,
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
        failed_leaving: false,
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

    const fn with_errno(self, errno: i32) -> Self {
        if self.errno == 0 { Self { errno, ..self } } else { self }
    }

    const fn with_own_alert(self, alert: AlertDescription) -> Self {
        if self.own_alert.is_none() { Self { own_alert: Some(alert), ..self } } else { self }
    }

    const fn with_drained(self, bytes: u32) -> Self {
        Self { drained: self.drained.saturating_add(bytes), ..self }
    }
}

impl Machine {
    /// Whether some call has already returned a reset.
    pub(crate) const fn was_reset(&self) -> bool {
        let mut at = 0;
        while at < RESET_ERRNOS.len() {
            if self.evidence.errno == RESET_ERRNOS[at] {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The evidence once `event` has moved the halves to `send` and `recv`.
    pub(crate) const fn noted(&self, event: Event, send: send::State, recv: recv::State) -> Evidence {
        let known = Evidence { first_closer: self.first_closer_after(event, recv), ..self.evidence };
        let known = self.noted_sending(known, send);
        match event {
            Event::Write => Evidence { wrote: true, ..known },
            Event::Reject(alert) => known.with_own_alert(alert),
            Event::PeerViolation(alert) if !self.recv.has_ended() => known.with_own_alert(alert),
            Event::PeerData { bytes } => self.noted_data(known, bytes),
            Event::PeerMessage { bytes } | Event::Drained { bytes } if self.manner.is_closing() => {
                known.with_drained(bytes)
            }
            Event::PeerAlert { level, description } if !self.recv.has_ended() => {
                self.noted_alert(known, level, description)
            }
            Event::TransportReset { errno } | Event::WriteFailed { errno } => known.with_errno(errno),
            Event::PendingDiscarded { bytes } => Evidence {
                discarded: known.discarded.saturating_add(bytes),
                pending_discarded: true,
                ..known
            },
            Event::DeadlineStarted => Evidence { deadline_started: true, ..known },
            Event::SessionForgotten => Evidence { session_forgotten: true, ..known },
            Event::PeerKeysInUse
            | Event::EarlyDataAccepted
            | Event::HandshakeDone
            | Event::CloseWrite
            | Event::Close(_)
            | Event::PeerViolation(_)
            | Event::PeerMessage { .. }
            | Event::PeerAlert { .. }
            | Event::TransportEof { .. }
            | Event::EngineNotified
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

    const fn noted_sending(&self, known: Evidence, send: send::State) -> Evidence {
        use send::State as S;
        let leaving = matches!(self.send, S::NotifyLeaving | S::AlertLeaving);
        Evidence {
            notified: known.notified || matches!(send, S::Notified),
            failed_leaving: known.failed_leaving || (leaving && matches!(send, S::Failed | S::Aborted)),
            ..known
        }
    }

    // RFC 9846 §6.1 · cut-is-visible, ignore-after-notify: what is not handed on is counted
    const fn noted_data(&self, known: Evidence, bytes: u32) -> Evidence {
        let known = if self.is_late() { known.with_drained(bytes) } else { known };
        let known = if self.refuses_late_data() {
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
        match (known, peer_ended_now) {
            (FirstCloser::Nobody, true) => FirstCloser::Peer,
            (FirstCloser::Nobody, false) if asks_for_the_end(event) => FirstCloser::Us,
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

const fn ended_by_peer(recv: recv::State) -> bool {
    use recv::State as R;
    matches!(
        recv,
        R::PeerNotified | R::NotifiedEarly | R::CutAtBoundary | R::CutInRecord | R::Reset | R::PeerFatal
    )
}

const fn asks_for_the_end(event: Event) -> bool {
    match event {
        Event::CloseWrite | Event::Reject(_) | Event::PeerViolation(_) | Event::EngineNotified => true,
        Event::Close(manner) => !matches!(manner, Manner::Unasked),
        Event::PeerKeysInUse
        | Event::EarlyDataAccepted
        | Event::HandshakeDone
        | Event::Write
        | Event::PeerData { .. }
        | Event::PeerMessage { .. }
        | Event::PeerAlert { .. }
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
        | Event::TransportClosed
        | Event::TransportResetByUs
        | Event::TransportHandedBack => false,
    }
}
