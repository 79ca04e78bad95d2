//! The set-up of a run over sockets.

use close_notify::linger::{Limits, Lingerer};
use close_notify::{Close, Policy, Version};

use super::super::configs::Refusal;
use super::super::series::policy;
use super::BRIEF;
use super::wrapped::How;
use crate::choices::Choices;
use crate::lab;

/// The bounds of the service of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Service {
    Wide,
    None,
    /// A patience of only [`BRIEF`].
    Brief,
    /// One connection at a time.
    Narrow,
}

impl Service {
    pub(super) fn spawn(self) -> Option<Lingerer> {
        let limits = match self {
            Self::None => return None,
            Self::Wide => Limits::DEFAULT,
            Self::Brief => Limits { patience: BRIEF, ..Limits::DEFAULT },
            Self::Narrow => Limits { connections: 1, ..Limits::DEFAULT },
        };
        Some(Lingerer::spawn(limits).expect("the system has a thread and three descriptors"))
    }
}

/// How a run's connection is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begin {
    /// By a played handshake.
    Played([Driver; 2]),
    Called(Called),
    Wrapped(Wrapped),
}

/// What happens to two streams of tokio-rustls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrapped {
    AsTheyAre,
    /// Both have the type that is a client's or a server's stream.
    Either,
    /// The server's stream is ended.
    EndedAtOnce(How),
}

const WRAPPED: [Wrapped; 8] = [
    Wrapped::AsTheyAre,
    Wrapped::Either,
    Wrapped::EndedAtOnce(How::Close(Close::Linger)),
    Wrapped::EndedAtOnce(How::Close(Close::AtOnce)),
    Wrapped::EndedAtOnce(How::Close(Close::Graceful)),
    Wrapped::EndedAtOnce(How::Abort),
    Wrapped::EndedAtOnce(How::Reject),
    Wrapped::EndedAtOnce(How::HandBack),
];

/// The driver of an end of a played handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Driver {
    Threads,
    Tasks,
    /// Tasks, over a transport that does not give out its socket.
    Irresettable,
}

/// The parameters of `Connector` and `Acceptor`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called {
    pub(super) by_tasks: bool,
    pub(super) refusal: Option<Refusal>,
    /// The handshake has no time at all.
    pub(super) has_no_time: bool,
}

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) version: Version,
    pub(super) is_unix: bool,
    /// Its sockets have small send buffers.
    pub(super) is_narrow: bool,
    pub(super) service: Service,
    pub(super) begin: Begin,
    pub(super) policies: [Policy; 2],
}

impl Setting {
    pub(super) fn read(choices: &mut Choices<'_>) -> Self {
        let what = choices.byte();
        let bit = |at: u8| what >> at & 1 == 1;
        let services = [Service::Wide, Service::Wide, Service::Brief, Service::Narrow];
        let begin = if bit(6) && bit(4) {
            Begin::Wrapped(WRAPPED[usize::from(what >> 2 & 3 | (what >> 5 & 1) << 2)])
        } else if bit(6) {
            let refusals = [None, Some(Refusal::Protocol), None, Some(Refusal::Certificate)];
            let refusal = refusals[usize::from(what >> 2 & 3)];
            let has_no_time = refusal.is_none() && bit(3);
            Begin::Called(Called { by_tasks: bit(5), refusal, has_no_time })
        } else {
            let tasks = if bit(4) { Driver::Irresettable } else { Driver::Tasks };
            Begin::Played([bit(2), bit(3)].map(|is_tokio| if is_tokio { tasks } else { Driver::Threads }))
        };
        let room = choices.byte();
        Self {
            version: lab::VERSIONS[usize::from(!bit(0))],
            is_unix: bit(1),
            service: if bit(7) { Service::None } else { services[usize::from(room & 3)] },
            is_narrow: bit(1) && room >> 2 & 1 == 1,
            begin,
            policies: [policy(choices), policy(choices)],
        }
    }
}
