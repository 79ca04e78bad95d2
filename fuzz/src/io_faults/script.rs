//! How an input is read: three bytes of set-up, then one byte per action.
//!
//! Decides what each byte means, and which answers of a transport both adapters treat in the same
//! way. The low five bits of a byte select the action, the high three its argument.

use std::io::ErrorKind;

use close_notify::{
    AlertDescription, Close, FramingState, LateData, MissingNotify, Policy, Reply, Role, Version,
};

use super::ends::Op;
use super::wire::{Call, Fault};
use crate::choices::Choices;
use crate::lab::{ROLES, VERSIONS};

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) adapters: Adapters,
    pub(super) version: Version,
    pub(super) role: Role,
    pub(super) policy: Policy,
    pub(super) framing: FramingState,
    /// The transport holds back what it takes until a flush.
    pub(super) buffers: bool,
    pub(super) room: usize,
    pub(super) grain: usize,
}

/// Which adapters run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Adapters {
    Blocking,
    OfTasks,
    /// Both, which must be in the same state.
    Both,
}

/// One step of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    PeerSays(usize),
    /// An alert that ends its direction: zero is close_notify.
    PeerEnds(u8),
    PeerMessage,
    PeerPlain,
    Fin,
    Reset(i32),
    Arrives(usize),
    Room(usize),
    Grain(usize),
    Fails(Call, Fault),
    Waits {
        flush: bool,
        shut: bool,
    },
    Jump(u64),
    Call(Op),
    /// Calls that were woken are made again.
    Go,
    /// A call that waits is made again, woken or not.
    LookAgain(usize),
    Cancel(usize),
}

const DATA: [usize; 8] = [1, 3, 20, 100, 600, 17, 0, 300];
const ARRIVES: [usize; 8] = [1, 2, 4, 5, 20, 24, 100, usize::MAX];
const ROOM: [usize; 8] = [0, 1, 4, 5, 23, 60, 200, 1 << 20];
const GRAIN: [usize; 4] = [usize::MAX, 1, 2, 5];
const JUMP: [u64; 8] = [1, 2, 3, 4, 5, 6, 30, 3600];
const READ: [usize; 8] = [1, 5, 64, 500, 2, 0, 1024, 20];
const WRITE: [usize; 8] = [1, 5, 20, 300, 0, 3, 60, 600];
/// More than a record holds, and more than may wait.
const LONG: usize = 17_000;
const ALERTS: [u8; 4] = [40, 116, 80, 42];
const CLOSES: [Close; 4] = [Close::Graceful, Close::Linger, Close::AtOnce, Close::Abort];
const CALLS: [Call; 4] = [Call::Read, Call::Write, Call::Flush, Call::Shut];
const ERRNOS: [i32; 4] = [104, 110, 113, 5];
const BUDGETS: [u32; 4] = [256 * 1024, 100, 0, u32::MAX];
const FAULTS: [Fault; 8] = [
    Fault::Interrupted,
    Fault::Errno(104),
    Fault::Errno(32),
    Fault::Errno(110),
    Fault::Errno(9999),
    Fault::Kind(ErrorKind::BrokenPipe),
    Fault::Zero,
    Fault::Wait(ErrorKind::WouldBlock),
];

/// Reads the set-up of a run.
pub(super) fn setting(choices: &mut Choices<'_>) -> Setting {
    let [how, policy, transport] = [choices.byte(), choices.byte(), choices.byte()];
    let bits = |byte: u8, from: u32, below: usize| usize::from(byte >> from) % below;
    let policy = Policy {
        drain_budget: BUDGETS[bits(policy, 0, 4)],
        keep_budget: u32::MAX,
        late_data: LateData::ALL[bits(policy, 2, 4) % 3],
        reply: Reply::ALL[bits(policy, 4, 4) % 3],
        missing_notify: MissingNotify::ALL[bits(policy, 6, 2)],
        ..Policy::STRICT
    };
    Setting {
        adapters: [Adapters::Blocking, Adapters::OfTasks, Adapters::OfTasks, Adapters::Both][bits(how, 6, 4)],
        version: VERSIONS[bits(how, 0, 2)],
        role: ROLES[bits(how, 1, 2)],
        policy,
        framing: FramingState::ALL[bits(how, 2, 4) % 3],
        buffers: bits(how, 4, 2) == 1,
        room: ROOM[bits(transport, 0, 8)],
        grain: GRAIN[bits(transport, 3, 4)],
    }
}

impl Action {
    /// The action of a byte. If both adapters run, a transport gives no answer that only one of
    /// them may treat as a wait.
    pub(super) fn of(byte: u8, alone: bool) -> Self {
        let with = usize::from(byte >> 5);
        match byte & 31 {
            0 | 24 => Self::PeerSays(DATA[with]),
            1 => match with {
                0 => Self::PeerEnds(0),
                1..=4 => Self::PeerEnds(ALERTS[with - 1]),
                5 | 6 => Self::PeerMessage,
                _ => Self::PeerPlain,
            },
            2 if with < 4 => Self::Fin,
            2 => Self::Reset(ERRNOS[with % 4]),
            3 => Self::Arrives(ARRIVES[with]),
            4 => Self::Room(ROOM[with]),
            5 => Self::Grain(GRAIN[with % 4]),
            call @ 6..=9 => Self::fails(CALLS[usize::from(call) - 6], FAULTS[with], alone),
            10 => Self::Waits { flush: with & 1 == 1, shut: with & 2 == 2 },
            11 => Self::Jump(JUMP[with]),
            12 | 25 => Self::Call(Op::Read(READ[with])),
            26 if with == 7 => Self::Call(Op::Write(LONG)),
            13 | 26 => Self::Call(Op::Write(WRITE[with])),
            14 => Self::Call(Op::Flush),
            15 | 27 => Self::Call(Op::Close(CLOSES[with % 4])),
            16 => Self::Call(Op::CloseWrite),
            17 => Self::Call(if alone { Op::Shutdown } else { Op::CloseWrite }),
            18 => Self::Call(Op::Reject(AlertDescription(ALERTS[with % 4]))),
            19 => Self::Call(Op::HandBack),
            20 => Self::Call(Op::PeerClosedNow),
            21 | 28 => Self::Go,
            22 => Self::LookAgain(with % 3),
            23 => Self::Cancel(with % 3),
            29 => Self::Arrives(usize::MAX),
            30 => Self::Room(1 << 20),
            _ => Self::PeerEnds(0),
        }
    }

    fn fails(call: Call, fault: Fault, alone: bool) -> Self {
        match fault {
            // A lower tunnel that was cut reports that itself.
            Fault::Zero if call == Call::Read => Self::Fails(call, Fault::Kind(ErrorKind::UnexpectedEof)),
            Fault::Zero if call != Call::Write => Self::Fails(call, Fault::Errno(107)),
            Fault::Zero | Fault::Wait(_) if !alone => Self::Fails(call, Fault::Interrupted),
            fault => Self::Fails(call, fault),
        }
    }
}

/// Prints what a run did if it panics.
pub(super) struct Told<'a>(pub(super) &'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(mut choices) = Choices::read(self.0)
        {
            let setting = setting(&mut choices);
            let alone = setting.adapters != Adapters::Both;
            let actions: Vec<_> = choices.rest().iter().map(|&byte| Action::of(byte, alone)).collect();
            eprintln!("{setting:?}\n{actions:?}");
        }
    }
}
