//! What one half forces on the other: each event, by version and policy, as moves of the parts.
//!
//! This module decides the coupling in which the versions differ: reply and discard up to 1.2,
//! independent halves in 1.3, and the ends that close both directions. The table of each part has
//! its moves.
//! Sources: RFC 5246 §7.2.1–7.2.2, RFC 9846 §6.1–6.2, RFC 9112 §9.6.

use crate::alert::{AlertDescription, AlertLevel, Meaning, meaning};
use crate::event::Event;
use crate::evidence::{Known, is_reset};
use crate::illegal::Illegal;
use crate::machine::Machine;
use crate::manner::Manner;
use crate::policy::{Reply, UserCanceled};
use crate::{recv, send, transport};

/// At most one move of every part. Either all are legal, or none is made.
#[derive(Clone, Copy)]
pub(crate) struct Moves {
    pub(crate) send: Option<send::Event>,
    pub(crate) recv: Option<recv::Event>,
    pub(crate) transport: Option<transport::Event>,
    pub(crate) manner: Manner,
}

impl Moves {
    const NONE: Self = Self { send: None, recv: None, transport: None, manner: Manner::Unasked };

    const fn send(event: send::Event) -> Self {
        Self { send: Some(event), ..Self::NONE }
    }

    const fn recv(event: recv::Event) -> Self {
        Self { recv: Some(event), ..Self::NONE }
    }

    const fn transport(event: transport::Event) -> Self {
        Self { transport: Some(event), ..Self::NONE }
    }

    const fn both(send: send::Event, recv: recv::Event) -> Self {
        Self { send: Some(send), recv: Some(recv), ..Self::NONE }
    }

    const fn and_manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    const fn and_transport(self, event: transport::Event) -> Self {
        Self { transport: Some(event), ..self }
    }
}

impl Machine {
    /// The moves that an event makes. Total: every event has its row.
    pub(crate) const fn moves(&self, event: Event) -> Result<Moves, Illegal> {
        use {recv::Event as R, send::Event as S, transport::Event as T};
        Ok(match event {
            Event::PeerKeysInUse => Moves::recv(R::KeysInUse),
            Event::EarlyDataAccepted => Moves::recv(R::EarlyDataAccepted),
            Event::HandshakeDone => self.handshake_done(),

            Event::Write => Moves::send(S::Write),
            Event::CloseWrite => return self.close_write(),
            Event::Close(manner) => return self.close(manner),
            Event::Reject(alert) => return self.reject(alert),
            // RFC 9846 §6.1 · ignore-after-notify: after the end nothing is a violation
            Event::PeerViolation(_) if self.recv.has_ended() => Moves::NONE,
            Event::PeerViolation(_) => Self::violation(),

            Event::PeerData { bytes } => self.peer_data(bytes),
            Event::PeerMessage { bytes } => self.within_budget(bytes, Moves::recv(R::Message)),
            Event::PeerAlert { level, description } => self.peer_alert(self.meaning_of(level, description)),

            Event::TransportEof { inside_record } => self.transport_eof(inside_record),
            Event::TransportReset { errno } => self.transport_reset(errno),
            // A transport that was handed back is the application's, and so are its FIN and its
            // failure.
            Event::WriteFailed { .. } | Event::WriteShut if self.transport.is_released() => Moves::NONE,
            // salvage-alert: the receiving half continues
            Event::WriteFailed { .. } => Moves::send(S::WriteFailed),

            Event::PendingDiscarded { .. } => Moves::send(S::PendingDiscarded),
            Event::EngineNotified => Moves::send(S::EngineNotified),
            Event::OutputSealed => Moves::send(S::Sealed),
            // If it could not have been sealed anyway, nothing was due.
            Event::OutputUnsealable => match self.send.next(S::Sealed) {
                Ok(_) => Moves::send(S::WriteFailed),
                Err(illegal) => return Err(illegal),
            },
            Event::OutputWritten => Moves::send(S::Written),
            Event::WriteShut => Moves::send(S::WriteShut),
            // RFC 9112 §9.6 · linger-is-bounded
            Event::DeadlinePassed => Self::give_up(R::Deadline),
            Event::Drained { bytes } => self.within_budget(bytes, Moves::NONE),
            Event::OutputBegun | Event::DeadlineStarted | Event::SessionForgotten | Event::Flushed => {
                Moves::NONE
            }

            // After this side has released the transport, no bytes move, no matter who asked for
            // it.
            Event::TransportClosed | Event::TransportHandedOver => {
                Moves::both(S::WriteFailed, R::StopWaiting).and_transport(T::Closed)
            }
            Event::TransportResetByUs if matches!(self.send, send::State::Failed) => {
                Moves::recv(R::StopWaiting).and_transport(T::ResetByUs)
            }
            Event::TransportResetByUs => Moves::both(S::Abort, R::StopWaiting).and_transport(T::ResetByUs),
            // RFC 4511 §4.14.3.1 · wait-before-handback
            Event::TransportHandedBack if self.is_handed_back_clean() => Moves::transport(T::HandedBack),
            Event::TransportHandedBack => {
                return Err(Illegal::Transport { state: self.transport, event: T::HandedBack });
            }
        })
    }

    /// An end of stream is the peer's FIN, unless an earlier call has consumed an error that says
    /// otherwise.
    const fn transport_eof(&self, inside_record: bool) -> Moves {
        use recv::Event as R;
        let recv = if self.evidence.knows(Known::ResetSeen) {
            // RFC 9293 §3.10.7 · rst-is-not-close
            R::Reset
        } else if self.evidence.knows(Known::FailureSeen) {
            // tcp(7), our measurement · dead-is-not-fin
            R::TransportFailed
        } else if inside_record {
            R::EofInRecord
        } else {
            R::EofAtBoundary
        };
        Moves::recv(recv).and_transport(transport::Event::Eof)
    }

    const fn transport_reset(&self, errno: i32) -> Moves {
        use recv::Event as R;
        let was_reset = self.evidence.knows(Known::ResetSeen) || is_reset(errno);
        let recv = if was_reset { R::Reset } else { R::TransportFailed };
        Moves::both(send::Event::WriteFailed, recv).and_transport(transport::Event::Reset)
    }

    // salvage-alert: a sending half that has failed or closed meanwhile does not stop the receiving
    // half's handshake
    const fn handshake_done(&self) -> Moves {
        use {recv::Event as R, send::Event as S};
        match self.send {
            send::State::Handshaking | send::State::Open => Moves::both(S::HandshakeDone, R::HandshakeDone),
            _ => Moves::recv(R::HandshakeDone),
        }
    }

    // RFC 9846 §6.1 · write-after-peer-notify: one direction alone, in 1.3 only
    const fn close_write(&self) -> Result<Moves, Illegal> {
        if self.version.has_independent_halves() {
            self.close(Manner::HalfClose)
        } else {
            Err(Illegal::HalfClose { version: self.version })
        }
    }

    const fn close(&self, manner: Manner) -> Result<Moves, Illegal> {
        use {recv::Event as R, send::Event as S};
        let moves = match manner {
            Manner::Reject => return self.reject(AlertDescription::INTERNAL_ERROR),
            Manner::Unasked => Moves::NONE,
            // What is over cannot end in another way: the ending of `Done` is final.
            Manner::HalfClose
            | Manner::Graceful
            | Manner::HandBack
            | Manner::Linger
            | Manner::AtOnce
            | Manner::Abort
                if self.transport.is_released() =>
            {
                return Ok(Moves::NONE);
            }
            // RFC 4511 §4.14.3.1 · wait-before-handback: an end that began with a fault continues,
            // and nothing is handed back
            Manner::HandBack if self.is_ended_by_a_fault() => return Ok(Moves::NONE),
            // RFC 9846 §6.1 · notify-before-fin
            Manner::HalfClose | Manner::Graceful | Manner::HandBack => Moves::send(S::CloseWrite),
            // RFC 5246 §7.2.1 · no-wait-needed
            Manner::Linger | Manner::AtOnce => Moves::both(S::CloseWrite, R::StopWaiting),
            // RFC 9846 §6.1 · abort-sends-no-notify
            Manner::Abort => Moves::both(S::Abort, R::StopWaiting),
        };
        Ok(moves.and_manner(manner))
    }

    const fn is_ended_by_a_fault(&self) -> bool {
        matches!(self.recv, recv::State::Refused | recv::State::PeerFatal)
    }

    // RFC 9846 §6.2 · fatal-ends-both; and until the drain ends: alert-survives-close
    const fn reject(&self, alert: AlertDescription) -> Result<Moves, Illegal> {
        if !alert.is_error() {
            Err(Illegal::NotAnError { alert })
        } else if self.transport.is_released() {
            Ok(Moves::NONE)
        } else {
            Ok(Self::violation())
        }
    }

    // RFC 9846 §6.2 · fatal-ends-both
    const fn violation() -> Moves {
        Moves::both(send::Event::Alert, recv::Event::Refuse).and_manner(Manner::Reject)
    }

    /// What an alert means in the current state.
    pub(crate) const fn meaning_of(&self, level: AlertLevel, description: AlertDescription) -> Meaning {
        let meaning = meaning(self.version, level, description, self.policy.fatal_notify);
        match (meaning, self.policy.user_canceled) {
            // RFC 9846 §6.1: after the handshake there is nothing left that a user could cancel
            (Meaning::UserCanceled, UserCanceled::Error)
                if self.version.has_independent_halves() && matches!(self.recv, recv::State::Open) =>
            {
                Meaning::Fatal
            }
            (
                Meaning::UserCanceled
                | Meaning::CloseNotify
                | Meaning::Warning
                | Meaning::Fatal
                | Meaning::Malformed(_),
                UserCanceled::ReadOn | UserCanceled::Error,
            ) => meaning,
        }
    }

    const fn peer_alert(&self, meaning: Meaning) -> Moves {
        use {recv::Event as R, send::Event as S};
        match meaning {
            Meaning::CloseNotify if self.recv.has_ended() => Moves::recv(R::Notify),
            Meaning::CloseNotify => Moves { send: self.reply(), ..Moves::recv(R::Notify) },
            Meaning::UserCanceled => self.counted(R::UserCanceled),
            Meaning::Warning => self.counted(R::Warning),
            Meaning::Fatal if self.recv.has_ended() => Moves::recv(R::Fatal),
            // RFC 9846 §6.2 · fatal-ends-both: both sides close at once
            Meaning::Fatal => Moves::both(S::Silence, R::Fatal).and_manner(Manner::AtOnce),
            Meaning::Malformed(_) if self.recv.has_ended() => Moves::NONE,
            Meaning::Malformed(_) => Self::violation(),
        }
    }

    /// What the peer's close_notify forces on our sending half.
    const fn reply(&self) -> Option<send::Event> {
        // RFC 9846 §6.1 · notify-in-handshake: a handshake that the peer closed can only fail
        if !matches!(self.recv, recv::State::Open) {
            return Some(send::Event::Reply);
        }
        if self.version.has_independent_halves() {
            return None; // RFC 9846 §6.1 · write-after-peer-notify
        }
        match self.policy.reply {
            Reply::Discard => Some(send::Event::Reply), // RFC 5246 §7.2.1 · reply-at-once, reply-drops-pending
            Reply::Flush => Some(send::Event::CloseWrite),
            Reply::WhenAsked => None,
        }
    }

    // RFC 5246 §7.2.2 · warning-may-continue: a flood is bounded
    const fn counted(&self, event: recv::Event) -> Moves {
        if self.recv.has_ended() || self.evidence.warnings < self.policy.warnings {
            Moves::recv(event)
        } else {
            Self::violation()
        }
    }

    const fn peer_data(&self, bytes: u32) -> Moves {
        // RFC 9112 §9.6 · data-survives-close: more may be unread, and a close would then reset the
        // connection and destroy what we sent
        let moves = if self.refuses_late_data() {
            Moves::recv(recv::Event::Refuse).and_manner(Manner::Linger)
        } else {
            Moves::recv(recv::Event::Data)
        };
        self.within_budget(bytes, moves)
    }

    /// The moves of an event whose bytes count against the budget after our close.
    const fn within_budget(&self, bytes: u32, moves: Moves) -> Moves {
        let spent = self.evidence.drained.saturating_add(bytes) > self.budget();
        if self.manner.is_closing() && spent { Self::give_up(recv::Event::BudgetSpent) } else { moves }
    }

    /// How many bytes the peer may send after our close: fewer while they are kept for the
    /// application.
    const fn budget(&self) -> u32 {
        if self.delivers_data() { self.policy.most_kept() } else { self.policy.drain_budget }
    }

    /// The end of all waiting. What was not written by then is never sent.
    const fn give_up(why: recv::Event) -> Moves {
        Moves::both(send::Event::WriteFailed, why).and_transport(transport::Event::GiveUp)
    }
}
