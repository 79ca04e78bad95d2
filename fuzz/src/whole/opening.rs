//! How a connection of [`series`](super::series) begins: by which call, and with which disturbance.
//!
//! Decides which side does the handshake, and how a disturbed handshake must end.

use std::time::Duration;

use close_notify::{AlertDescription, Close};

use super::configs::Refusal;
use crate::choices::Choices;

/// The calls that make the two ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Maker {
    /// Both are streams, and do the handshake step by step.
    Steps,
    /// The client is connected by one call.
    Connector,
    /// The server is accepted by one call.
    Acceptor,
    /// Rustls alone drives this side for some turns. Then it is adopted.
    Adopted(usize),
    /// The same, but as a stream of rustls that stays in use.
    Wrapped(usize),
    /// The same, but it is ended at once, in this way.
    Used(usize, Use),
}

impl Maker {
    /// The side that others drive before, if any.
    pub(super) const fn adopts(self) -> Option<usize> {
        match self {
            Self::Steps | Self::Connector | Self::Acceptor => None,
            Self::Adopted(side) | Self::Wrapped(side) | Self::Used(side, _) => Some(side),
        }
    }
}

/// How a stream of rustls is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Close(Close),
    Abort,
    Reject,
    HandBack,
    /// Its parts are borrowed, and the end is asked for on them.
    Lent(Close),
}

const MAKERS: [Maker; 16] = [
    Maker::Steps,
    Maker::Connector,
    Maker::Acceptor,
    Maker::Adopted(0),
    Maker::Adopted(1),
    Maker::Wrapped(0),
    Maker::Wrapped(1),
    Maker::Used(1, Use::Close(Close::Graceful)),
    Maker::Used(0, Use::Close(Close::AtOnce)),
    Maker::Used(1, Use::Abort),
    Maker::Used(0, Use::Abort),
    Maker::Used(1, Use::Reject),
    Maker::Used(0, Use::Reject),
    Maker::Used(1, Use::HandBack),
    Maker::Used(1, Use::Lent(Close::AtOnce)),
    Maker::Used(0, Use::Lent(Close::Linger)),
];

/// What happens during a handshake, at one of its turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    Nothing,
    /// The other end rejects the connection.
    Rejects,
    /// The other end closes it.
    Closes,
    /// The other end aborts it.
    Aborts,
    Fin,
    Reset,
    Cut,
    /// Nothing moves any more.
    Silence,
}

const TURNS: [Turn; 8] = [
    Turn::Nothing,
    Turn::Rejects,
    Turn::Closes,
    Turn::Aborts,
    Turn::Fin,
    Turn::Reset,
    Turn::Cut,
    Turn::Silence,
];

pub(super) const REASON: AlertDescription = AlertDescription::ACCESS_DENIED;

/// How a connection begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) maker: Maker,
    /// Which of two servers the client asks for.
    pub(super) name: usize,
    pub(super) refusal: Option<Refusal>,
    pub(super) turn: Turn,
    /// The turn of the other end at which that happens, and the number of turns for which rustls
    /// drives alone.
    pub(super) at: usize,
    pub(super) patience: Duration,
    pub(super) capacity: usize,
    pub(super) grain: usize,
}

impl Opening {
    pub(super) fn read(choices: &mut Choices<'_>) -> Self {
        let [how, what, wire] = [choices.byte(), choices.byte(), choices.byte()];
        Self {
            maker: MAKERS[usize::from(how & 15)],
            name: usize::from(how >> 4 & 1),
            refusal: [
                None,
                None,
                None,
                None,
                None,
                None,
                Some(Refusal::Protocol),
                Some(Refusal::Certificate),
            ][usize::from(how >> 5)],
            turn: TURNS[usize::from(what & 7)],
            at: usize::from(what >> 3 & 7),
            patience: [Duration::from_secs(10), Duration::ZERO, Duration::MAX, Duration::from_secs(10)]
                [usize::from(what >> 6)],
            capacity: [8_192, 2_000, 300, 40][usize::from(wire & 3)],
            grain: [usize::MAX, 700, 50, 9][usize::from(wire >> 2 & 3)],
        }
    }

    /// Whether nothing but the refusal disturbs the handshake.
    pub(super) fn is_only_refused(&self) -> bool {
        let by_one_call = matches!(self.maker, Maker::Connector | Maker::Acceptor);
        by_one_call && self.turn == Turn::Nothing && !self.patience.is_zero()
    }

    /// Whether the handshake must succeed if its calls are made: nothing disturbs it.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.turn == Turn::Nothing && self.refusal.is_none() && !self.patience.is_zero()
    }
}
