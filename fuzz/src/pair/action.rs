//! The action of each byte of an input.

use close_notify::Manner;

use crate::wire::{ECONNRESET, ETIMEDOUT};

/// One step of a run, at one side.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Its application writes this many bytes.
    Write(usize),
    /// Its application reads at most this many bytes.
    Read(usize),
    /// Its application continues what it began.
    GoOn,
    /// Its application asks for an end.
    Ask(Manner),
    /// The time that it allows for a close is over.
    LosePatience,
    /// Its application asks for `SO_ERROR`.
    AskForError,
    /// Its application drops the transport.
    LetGo,
    /// At most this many bytes arrive there, and what follows them.
    Deliver(usize),
    /// A third party ends the stream towards it.
    ForgeFin,
    /// A third party breaks its connection, with this error number.
    ForgeError(i32),
    /// Nothing arrives any more, at either side.
    Cut,
}

/// Each action once. The lengths are those of a header, of a close_notify with the byte before and
/// after it, and of full records.
const ACTIONS: [Action; 33] = [
    Action::GoOn,
    Action::Deliver(usize::MAX),
    Action::Read(20_000),
    Action::Write(300),
    Action::Ask(Manner::Graceful),
    Action::Write(1),
    Action::Write(7),
    Action::Write(5_000),
    Action::Write(16_384),
    Action::Read(1),
    Action::Read(100),
    Action::Deliver(0),
    Action::Deliver(1),
    Action::Deliver(5),
    Action::Deliver(23),
    Action::Deliver(24),
    Action::Deliver(30),
    Action::Deliver(31),
    Action::Deliver(400),
    Action::Deliver(10_000),
    Action::Ask(Manner::Linger),
    Action::Ask(Manner::AtOnce),
    Action::Ask(Manner::Abort),
    Action::Ask(Manner::HalfClose),
    Action::Ask(Manner::HandBack),
    Action::Ask(Manner::Reject),
    Action::LosePatience,
    Action::AskForError,
    Action::LetGo,
    Action::ForgeFin,
    Action::ForgeError(ECONNRESET),
    Action::ForgeError(ETIMEDOUT),
    Action::Cut,
];

impl Action {
    /// The side and the step of a byte.
    pub(super) const fn of(byte: u8) -> (usize, Self) {
        ((byte & 1) as usize, ACTIONS[(byte >> 1) as usize % ACTIONS.len()])
    }
}

/// Prints what happened if a run ends in a panic.
pub(super) struct Story<'a>(pub(super) &'a [u8]);

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (set_up, actions) = self.0.split_at(self.0.len().min(SET_UP));
            eprintln!("set-up {set_up:?}");
            actions.iter().map(|&byte| Action::of(byte)).for_each(|step| eprintln!("{step:?}"));
        }
    }
}

/// The format, and what [`Input`](super::Input) reads before the actions.
pub(super) const SET_UP: usize = 6;
