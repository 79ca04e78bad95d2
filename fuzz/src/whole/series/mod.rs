//! Connections for threads, one after the other and next to each other, that share the session
//! stores.
//!
//! Decides how an input is read. [`opening`](super::opening) decides how a connection begins, and
//! [`remembered`](super::remembered) which sessions may be resumed.

mod life;

use std::time::Duration;

use close_notify::{ClientGuard, Close, Policy, ResumptionRule, Role, ServerGuard};

use super::agree::Facts;
use super::call::Call;
use super::configs::{Configs, Form};
use super::makers::Makers;
use super::opening::Opening;
use super::remembered::{Remembered, Room};
use super::{ROOM, shown, told};
use crate::choices::Choices;
use crate::pair;
use life::Life;

/// The most connections of a run.
const MOST: usize = 12;
/// The most connections at a time.
const BESIDE: usize = 3;

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
struct Setting {
    form: Form,
    is_hooked: bool,
    tickets: usize,
    /// How many sessions the client keeps.
    kept: usize,
    /// How many connections the server refuses one by one.
    refused: usize,
    policies: [Policy; 2],
}

impl Setting {
    fn read(choices: &mut Choices<'_>) -> Self {
        let what = choices.byte();
        Self {
            form: Form::ALL[usize::from(what & 3)],
            is_hooked: what >> 2 & 1 == 0,
            tickets: [2, 1, 0, 20][usize::from(what >> 3 & 3)],
            kept: [2048, 2048, 8, 0][usize::from(what >> 5 & 3)],
            refused: [1024, 1][usize::from(what >> 7)],
            policies: [policy(choices), policy(choices)],
        }
    }

    const fn room(&self) -> Room {
        match (self.kept, self.refused) {
            (0, _) => Room::None,
            (2048, 1024) => Room::Enough,
            _ => Room::Little,
        }
    }
}

pub(super) fn policy(choices: &mut Choices<'_>) -> Policy {
    let choice = choices.byte();
    Policy { resumption: ResumptionRule::ALL[usize::from(choice >> 7)], ..pair::policy(choice) }
}

/// One step of a run.
#[derive(Clone, Copy, Debug)]
enum Action {
    Open(Opening),
    Of(usize, Step),
}

/// One step of a connection, most of them at one side.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call(Call),
    Drop,
    /// At most this many bytes of this side are carried on.
    Carry(usize),
    CarryAll,
    Fin,
    Reset,
    Cut,
    /// Both sides end it well.
    Settle,
    /// Both sides do the handshake, and the client reads its tickets.
    Greet,
    /// Nothing. Inputs have it in place of a call that no longer exists: it was always refused.
    Nothing,
}

const STEPS: [Step; 31] = [
    Step::Settle,
    Step::Greet,
    Step::Call(Call::Shake),
    Step::Call(Call::Read(ROOM)),
    Step::Call(Call::Read(9)),
    Step::Call(Call::ReadInTwo(3)),
    Step::Call(Call::Write(20)),
    Step::Call(Call::Write(5_000)),
    Step::Call(Call::WriteInParts(600, 7)),
    Step::Call(Call::WriteInParts(40, 1)),
    Step::Call(Call::Flush),
    Step::Call(Call::Close(Close::Graceful)),
    Step::Call(Call::Close(Close::Linger)),
    Step::Call(Call::Close(Close::AtOnce)),
    Step::Call(Call::Close(Close::Abort)),
    Step::Call(Call::CloseWrite),
    Step::Call(Call::Reject),
    Step::Call(Call::HandBack),
    Step::Call(Call::Confirm),
    Step::Call(Call::Look),
    Step::Call(Call::Track),
    Step::Call(Call::Patience(Duration::ZERO)),
    Step::Drop,
    Step::Carry(usize::MAX),
    Step::Carry(1),
    Step::Carry(40),
    Step::CarryAll,
    Step::Fin,
    Step::Reset,
    Step::Cut,
    Step::Nothing,
];

struct At {
    slot: usize,
    side: usize,
    action: Action,
}

impl std::fmt::Debug for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "connection {} side {}: {:?}", self.slot, self.side, self.action)
    }
}

fn next(choices: &mut Choices<'_>) -> Option<At> {
    let byte = choices.next_byte()?;
    let (slot, side) = (usize::from(byte >> 6) % BESIDE, usize::from(byte >> 5 & 1));
    let action = match STEPS.get(usize::from(byte & 31)) {
        Some(step) => Action::Of(side, *step),
        None => Action::Open(Opening::read(choices)),
    };
    Some(At { slot, side, action })
}

pub(super) fn tell(choices: &mut Choices<'_>) -> Vec<String> {
    told(&Setting::read(choices), choices, next)
}

/// Runs an input of this world. Panics if a session is resumed that may not be, or the other way
/// round, and if two ends disagree.
pub(super) fn run(choices: &mut Choices<'_>) {
    let setting = Setting::read(choices);
    let mut run = Run::new(&setting);
    while let Some(At { slot, action, .. }) = next(choices) {
        match action {
            Action::Open(opening) => run.open(slot, &opening),
            Action::Of(side, step) => run.act(slot, side, step),
        }
    }
    for slot in 0..BESIDE {
        run.leave(slot);
    }
    shown::is_brief(&(run.client_guard, run.server_guard));
}

struct Run<'a> {
    setting: &'a Setting,
    configs: Configs,
    client_guard: ClientGuard,
    server_guard: ServerGuard,
    remembered: Remembered,
    lives: [Option<Life>; BESIDE],
    begun: usize,
    buffer: Box<[u8]>,
}

impl<'a> Run<'a> {
    fn new(setting: &'a Setting) -> Self {
        Self {
            setting,
            configs: Configs::new(setting.form, setting.is_hooked, setting.tickets),
            client_guard: ClientGuard::with_sessions(setting.kept),
            server_guard: ServerGuard::with_capacity(setting.refused),
            remembered: Remembered::new(setting.form.version(), setting.room()),
            lives: Default::default(),
            begun: 0,
            buffer: vec![0; ROOM].into(),
        }
    }

    fn open(&mut self, slot: usize, opening: &Opening) {
        if self.begun == MOST {
            return;
        }
        self.leave(slot);
        let Setting { policies, is_hooked, .. } = *self.setting;
        let guards = (&self.client_guard, &self.server_guard);
        let trace = self.remembered.begins(self.begun, opening.name);
        let begun = Makers { configs: &self.configs, guards, policies }.open(opening);
        let facts = policies.map(|policy| Facts::new(policy, is_hooked));
        self.begun += 1;
        self.lives[slot] = Some(Life::new(begun, opening, facts, trace));
        self.note(slot);
    }

    fn act(&mut self, slot: usize, side: usize, step: Step) {
        let Some(life) = &mut self.lives[slot] else { return };
        life.act(side, step, &mut self.buffer);
        self.note(slot);
    }

    /// Notes and judges what the connection shows now.
    fn note(&mut self, slot: usize) {
        let Some(life) = &mut self.lives[slot] else { return };
        life.agree();
        let (trace, [client, server]) = life.shows();
        self.remembered.answers(trace, &server);
        self.remembered.gets(trace, &client);
        for role in life.forbids() {
            self.remembered.forgets(life.trace(), role);
        }
    }

    /// Ends a connection: what was begun must end.
    fn leave(&mut self, slot: usize) {
        let Some(life) = &mut self.lives[slot] else { return };
        life.settle(&mut self.buffer);
        life.finish();
        self.note(slot);
        self.lives[slot] = None;
    }
}

const ROLES: [Role; 2] = [Role::Client, Role::Server];
