//! TLS and plaintext by turns on one connection: no byte is lost, read twice, or read on the wrong
//! side of a border.
//!
//! Decides how an input is read, and what the two applications have agreed on: both send a number
//! of bytes in the clear, then use TLS until both have said close_notify, and then do both again. A
//! connection may have been used by others before it is adopted, up to any byte. `side` has the
//! steps of a side, and `finale` the end of a run.
//! Sources: RFC 4511 §4.14.3.1, RFC 4217 §12 · handback-exact, wait-before-handback; CVE-2011-0411,
//! CVE-2023-40217.
//!
//! After the format byte, an input has a byte for the version and the ends, a policy for each end,
//! a byte for the wire, and a byte for the lengths in the clear. Then each byte is one action; its
//! lowest bit is the side.

mod finale;
mod side;

use close_notify::Manner;

use crate::choices::Choices;
use crate::driven::Kind;
use crate::lab;
use crate::pair::{nature, policy};
use crate::wire::{ECONNRESET, Shared};
use side::{Agreement, Side};

/// How often TLS begins.
const ROUNDS: usize = 2;
/// Lengths in the clear.
const LENGTHS: [usize; 4] = [0, 1, 30, 6_000];
/// Bytes of set-up.
const SET_UP: usize = 6;

/// One step of a run, at one side.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// Its application reads at most this many bytes, in the clear or under TLS.
    Read(usize),
    /// Its application writes at most this many bytes.
    Write(usize),
    /// It continues what it began, or begins the next TLS once all that was agreed on has been said
    /// in the clear.
    GoOn,
    /// Its application asks for an end of TLS.
    Ask(Manner),
    /// The connection, which others used before, is adopted.
    Adopt,
    /// Its application sends in the clear what comes after its close_notify, and waits for nothing.
    Hasten(usize),
    /// The time that it allows for a close is over.
    LosePatience,
    /// At most this many bytes arrive there.
    Deliver(usize),
    /// A third party ends the stream towards it.
    ForgeFin,
    /// A third party resets it.
    ForgeReset,
}

const ACTIONS: [Action; 28] = [
    Action::GoOn,
    Action::Deliver(usize::MAX),
    Action::Read(20_000),
    Action::Write(300),
    Action::Ask(Manner::HandBack),
    Action::Read(1),
    Action::Read(7),
    Action::Read(100),
    Action::Write(1),
    Action::Write(29),
    Action::Write(5_000),
    Action::Write(16_384),
    Action::Deliver(1),
    Action::Deliver(5),
    Action::Deliver(23),
    Action::Deliver(24),
    Action::Deliver(25),
    Action::Deliver(31),
    Action::Deliver(32),
    Action::Deliver(300),
    Action::Adopt,
    Action::Hasten(1),
    Action::Hasten(usize::MAX),
    Action::Ask(Manner::Graceful),
    Action::Ask(Manner::Abort),
    Action::LosePatience,
    Action::ForgeFin,
    Action::ForgeReset,
];

impl Action {
    const fn of(byte: u8) -> (usize, Self) {
        ((byte & 1) as usize, ACTIONS[(byte >> 1) as usize % ACTIONS.len()])
    }
}

/// Prints what happened if a run ends in a panic.
struct Story<'a>(&'a [u8]);

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (set_up, actions) = self.0.split_at(self.0.len().min(SET_UP));
            eprintln!("set-up {set_up:?}");
            actions.iter().map(|&byte| Action::of(byte)).for_each(|step| eprintln!("{step:?}"));
        }
    }
}

/// A run under way.
struct Run {
    wire: Shared,
    sides: [Side; 2],
    buffer: Box<[u8]>,
}

/// Runs TLS and plaintext by turns: any interleaving, any chunks.
///
/// # Panics
///
/// Panics if a byte is not where it belongs; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    let Some(mut choices) = Choices::read(data) else { return };
    let _story = Story(data);
    let mut run = Run::new(&mut choices);
    while let Some(byte) = choices.next_byte() {
        let (side, action) = Action::of(byte);
        run.act(side, action);
    }
    run.finish();
}

impl Run {
    fn new(choices: &mut Choices<'_>) -> Self {
        let ends = choices.byte();
        let bit = |at: u8| ends >> at & 1 == 1;
        let policies = [policy(choices.byte()), policy(choices.byte())];
        let (wire, [near, far]) = Shared::new(nature(choices.byte()));
        let lengths = choices.byte();
        let length = |at: u8| LENGTHS[usize::from(lengths >> at & 3)];
        let side = |at: usize, end| {
            let kind = if bit(1 + u8::from(at == 1)) { Kind::Stream } else { Kind::Session };
            let agreement = Agreement {
                version: lab::VERSIONS[usize::from(bit(0))],
                kind,
                policy: policies[at],
                is_adopted: bit(3 + u8::from(at == 1)),
                says: [length(0), length(2)][at],
                hears: [length(2), length(0)][at],
            };
            Side::new(at, agreement, end)
        };
        let sides = [side(0, near), side(1, far)];
        Self { wire, sides, buffer: vec![0; 20_000].into() }
    }

    fn act(&mut self, at: usize, action: Action) {
        let side = &mut self.sides[at];
        match action {
            Action::Read(most) => side.read(&self.wire, &mut self.buffer[..most]),
            Action::Write(most) => side.write(&self.wire, most),
            Action::GoOn => side.go_on(&self.wire),
            Action::Ask(manner) => side.ask(&self.wire, manner),
            Action::Adopt => side.adopt(),
            Action::Hasten(most) => side.hasten(&self.wire, most),
            Action::LosePatience => side.lose_patience(),
            Action::Deliver(most) => self.wire.borrow().deliver(at, most),
            Action::ForgeFin => self.wire.borrow().forge_fin(at),
            Action::ForgeReset => self.wire.borrow().forge_error(at, ECONNRESET),
        }
        side.judge(&self.wire);
    }
}
