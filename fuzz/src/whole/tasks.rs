//! A client and a server over tokio, from connect to end: whole streams and halves, and calls that
//! wait in their own tasks.
//!
//! Decides how an input is read, and how a run ends once nothing disturbs it any more.
//! [`side`](super::side) decides how calls are made.

use std::io;
use std::time::Duration;

use close_notify::tasks::Stream;
use close_notify::{Acceptor, AlertDescription, Close, Connector, LateData, Policy, ReadEnd};

use super::agree::{self, Facts};
use super::configs::{Configs, Form, Refusal};
use super::line::{Line, Net};
use super::makers::name;
use super::series::policy;
use super::side::{Op, Side};
use super::time::Clock;
use super::{ROOM, told};
use crate::choices::Choices;
use crate::pair::nature;
use crate::wire::{ECONNRESET, Nature};

/// More rounds than any run needs to come to rest over the narrowest wire.
pub(super) const ROUNDS: usize = 40_000;
/// Longer than any patience of a run, in seconds.
pub(super) const LONG: u64 = 10_000;

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
struct Setting {
    form: Form,
    is_hooked: bool,
    tickets: usize,
    refusal: Option<Refusal>,
    /// How long a handshake may take, in seconds.
    patience: u64,
    policies: [Policy; 2],
    nature: Nature,
}

impl Setting {
    fn read(choices: &mut Choices<'_>) -> Self {
        let what = choices.byte();
        let refusals =
            [None, None, None, None, None, None, Some(Refusal::Protocol), Some(Refusal::Certificate)];
        Self {
            form: [Form::Stored13, Form::Id12][usize::from(what & 1)],
            is_hooked: what >> 1 & 1 == 0,
            tickets: [1, 0][usize::from(what >> 2 & 1)],
            patience: [10, 10, 0, 3600][usize::from(what >> 3 & 3)],
            refusal: refusals[usize::from(what >> 5)],
            policies: [policy(choices), policy(choices)],
            nature: nature(choices.byte()),
        }
    }
}

/// One step of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Call(Op),
    /// Calls that were woken are made again.
    Go,
    /// Everything arrives, and woken calls are made again, for a while.
    Flow,
    /// At most this many bytes arrive at the side.
    Deliver(usize),
    Cancel(usize),
    LookAgain(usize),
    /// The stream is split, or its halves are reunited.
    Turn,
    Look,
    Abort,
    Drop,
    Patience(u64),
    Track,
    Jump(u64),
    Fin,
    Reset,
    Cut,
}

const ACTIONS: [Action; 45] = [
    Action::Flow,
    Action::Go,
    Action::Turn,
    Action::Call(Op::Read(ROOM)),
    Action::Call(Op::Read(7)),
    Action::Call(Op::Write(300)),
    Action::Call(Op::Write(5_000)),
    Action::Call(Op::Write(16_384)),
    Action::Call(Op::WriteInParts(300, 10)),
    Action::Call(Op::WriteInParts(6_000, 1_000)),
    Action::Call(Op::Flush),
    Action::Call(Op::Shutdown),
    Action::Call(Op::Close(Close::Graceful)),
    Action::Call(Op::Close(Close::Linger)),
    Action::Call(Op::Close(Close::AtOnce)),
    Action::Call(Op::Close(Close::Abort)),
    Action::Call(Op::CloseWrite),
    Action::Call(Op::Reject(AlertDescription::ACCESS_DENIED)),
    Action::Call(Op::Reject(AlertDescription::USER_CANCELED)),
    Action::Call(Op::HandBack),
    Action::Call(Op::Confirm),
    Action::Deliver(usize::MAX),
    Action::Deliver(1),
    Action::Deliver(30),
    Action::Deliver(300),
    Action::Cancel(0),
    Action::Cancel(1),
    Action::Cancel(2),
    Action::LookAgain(0),
    Action::LookAgain(1),
    Action::LookAgain(2),
    Action::Look,
    Action::Abort,
    Action::Drop,
    Action::Patience(0),
    Action::Patience(60),
    Action::Track,
    Action::Jump(1),
    Action::Jump(6),
    Action::Jump(11),
    Action::Fin,
    Action::Reset,
    Action::Cut,
    // Inputs have it in place of a call that no longer exists: it was always refused, after it had
    // replaced a close that waited.
    Action::Cancel(2),
    Action::Call(Op::CloseToo(Close::Graceful)),
];

impl Action {
    pub(super) fn next(choices: &mut Choices<'_>) -> Option<(usize, Self)> {
        let byte = choices.next_byte()?;
        Some((usize::from(byte & 1), ACTIONS[usize::from(byte >> 1) % ACTIONS.len()]))
    }

    /// Whether a connection may end badly because of it.
    const fn is_rude(self) -> bool {
        matches!(
            self,
            Self::Call(
                Op::Close(Close::Linger | Close::AtOnce | Close::Abort)
                    | Op::Reject(_)
                    | Op::HandBack
                    | Op::Confirm
                    | Op::CloseWrite
                    | Op::Shutdown
            ) | Self::Patience(0)
                | Self::Track
        )
    }
}

pub(super) fn tell(choices: &mut Choices<'_>) -> Vec<String> {
    told(&Setting::read(choices), choices, Action::next)
}

/// Runs an input of this world. Panics if a task is not woken, waits forever, or gets a wrong
/// ending.
pub(super) fn run(choices: &mut Choices<'_>) {
    let setting = Setting::read(choices);
    let mut run = Run::new(&setting);
    while let Some((at, action)) = Action::next(choices) {
        run.act(at, action);
    }
    run.finish(&setting);
}

struct Run {
    net: Net,
    sides: [Side; 2],
    clock: Clock,
}

impl Run {
    fn new(setting: &Setting) -> Self {
        let clock = Clock::new();
        let (net, [near, far]) = Net::new(setting.nature);
        let configs = Configs::new(setting.form, setting.is_hooked, setting.tickets);
        let (client, server) = configs.refusing(setting.refusal);
        let patience = Duration::from_secs(setting.patience);
        let connector = Connector::new(client, setting.policies[0]).handshake_within(patience);
        let acceptor = Acceptor::new(server, setting.policies[1]).handshake_within(patience);
        let facts = setting.policies.map(|policy| Facts::new(policy, setting.is_hooked));
        let client = Side::connecting(0, &net.wire, facts[0], connect(connector, near));
        let server = Side::connecting(1, &net.wire, facts[1], accept(acceptor, far));
        Self { net, sides: [client, server], clock }
    }

    fn act(&mut self, at: usize, action: Action) {
        let side = &mut self.sides[at];
        side.is_rude |= action.is_rude();
        act(side, &self.net, &mut self.clock, action);
        match action {
            Action::Flow => drop(flow(&self.net, &mut self.sides, 64)),
            Action::Deliver(most) => self.net.wire.borrow().deliver(at, most),
            Action::Fin => self.net.wire.borrow().forge_fin(at),
            Action::Reset => self.net.wire.borrow().forge_error(at, ECONNRESET),
            Action::Cut => self.net.wire.borrow().cut(),
            _ => {}
        }
        self.net.wake();
        agree::agree(&self.sides.each_ref().map(|side| side.facts));
    }

    /// Ends the run: nothing disturbs the two sides any more, and both end well. Then time passes,
    /// after which no task may wait.
    fn finish(&mut self, setting: &Setting) {
        self.rests();
        for round in 0..2 {
            for side in &mut self.sides {
                side.call(if round == 0 { Op::Read(ROOM) } else { Op::Close(Close::Graceful) });
            }
            self.rests();
        }
        self.reads_on();
        self.ends_well(setting);
        self.clock.jump(LONG);
        self.rests();
        for side in &mut self.sides {
            side.call(Op::Close(Close::Graceful));
        }
        self.clock.jump(LONG);
        self.rests();
        for side in &self.sides {
            side.shows_little();
            assert!(!side.waits(), "a task waits forever: {:?}", side.waits_for());
        }
        agree::agree(&self.sides.each_ref().map(|side| side.facts));
    }

    /// Both sides read what is left to read.
    fn reads_on(&mut self) {
        for _ in 0..8 {
            self.sides.iter_mut().for_each(|side| side.call(Op::Read(ROOM)));
            self.rests();
        }
    }

    /// Continues until all rests. A task that is not woken must then have nothing to do.
    fn rests(&mut self) {
        assert!(flow(&self.net, &mut self.sides, ROUNDS), "two ends come to no rest");
        for side in &mut self.sides {
            (0..4).for_each(|task| side.look_again(&self.net, task));
        }
    }

    /// Checks that two undisturbed ends have ended well.
    fn ends_well(&self, setting: &Setting) {
        let is_disturbed = !self.net.wire.borrow().is_orderly()
            || self.clock.has_jumped
            || setting.refusal.is_some()
            || setting.patience == 0
            || setting.policies.iter().any(refuses)
            || self.sides.iter().any(|side| side.is_rude);
        for side in self.sides.iter().filter(|_| !is_disturbed) {
            let ending = side.facts.ending.expect("a stream knows how it ended");
            assert_eq!(ending.reading, ReadEnd::CloseNotify, "nobody disturbed it: {ending:?}");
        }
    }
}

/// Whether the policy ends a connection for what a peer may say after our close.
fn refuses(policy: &Policy) -> bool {
    policy.late_data == LateData::Refuse || policy.drain_budget < 200_000
}

async fn connect(connector: Connector, line: Line) -> io::Result<Stream<Line>> {
    connector.connect_async(name(0), line).await
}

async fn accept(acceptor: Acceptor, line: Line) -> io::Result<Stream<Line>> {
    acceptor.accept_async(line).await
}

/// Does the part of an action that concerns only the side.
pub(super) fn act(side: &mut Side, net: &Net, clock: &mut Clock, action: Action) {
    match action {
        Action::Call(op) => side.call(op),
        Action::Go => drop(side.go()),
        Action::Cancel(task) => side.cancel(task),
        Action::LookAgain(task) => side.look_again(net, task),
        Action::Turn => side.turn(),
        Action::Look => side.looks(),
        Action::Abort => side.aborts(),
        Action::Drop => side.drops(),
        Action::Patience(seconds) => side.set_patience(seconds),
        Action::Track => side.track(),
        Action::Jump(seconds) => clock.jump(seconds),
        Action::Flow | Action::Deliver(_) | Action::Fin | Action::Reset | Action::Cut => {}
    }
}

/// Delivers everything, and makes woken calls again, for at most `rounds` rounds. Returns whether
/// all has come to rest.
fn flow(net: &Net, sides: &mut [Side; 2], rounds: usize) -> bool {
    for _ in 0..rounds {
        let before = net.wire.borrow().moved();
        (0..2).for_each(|side| net.wire.borrow().deliver(side, usize::MAX));
        net.wake();
        let mut went = false;
        for side in sides.iter_mut() {
            went |= side.go();
        }
        net.wake();
        if !went && net.wire.borrow().moved() == before {
            return true;
        }
    }
    false
}
