//! One side over tokio: a stream that connects, is whole, is split and reunited, or a transport
//! without TLS; its tasks, and its application.
//!
//! Decides when a call that waits is made again: when its task was woken. A call that is made again
//! without that must find nothing to do.

mod calls;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use close_notify::tasks::{ReadHalf, Stream, WriteHalf};
use close_notify::{AlertDescription, Close, Ending, MissingNotify, ReadEnd};

use super::agree::{Facts, has_notified};
use super::line::{Line, Net};
use super::{ROOM, shown};
use crate::answered::{Answered, Truth};
use crate::task::Task;
use crate::wire::Shared;

/// A call of the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    /// The handshake of a new stream.
    Connect,
    Read(usize),
    Write(usize),
    /// A write from buffers of this many bytes.
    WriteInParts(usize, usize),
    Flush,
    Shutdown,
    Close(Close),
    /// A close by a second task.
    CloseToo(Close),
    CloseWrite,
    Reject(AlertDescription),
    /// Only on a whole stream.
    HandBack,
    /// Only on a whole stream.
    Confirm,
}

impl Op {
    const fn task(self) -> usize {
        match self {
            Self::Read(_) => 0,
            Self::Write(_) | Self::WriteInParts(..) | Self::Flush | Self::Shutdown => 1,
            Self::Connect
            | Self::Close(_)
            | Self::CloseWrite
            | Self::Reject(_)
            | Self::HandBack
            | Self::Confirm => 2,
            Self::CloseToo(_) => 3,
        }
    }
}

/// The result of a call.
#[derive(Debug)]
enum Came {
    Read(usize),
    Wrote(usize),
    Done,
    Ended(Ending),
    /// The current state has no such call.
    Nothing,
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<Stream<Line>>>>>;
/// A call of a handle: it is woken as long as its future is kept.
type Calling = Pin<Box<dyn Future<Output = io::Result<Came>>>>;

/// The claim of an answer.
fn answered(op: Op, came: &Came) -> Option<Answered> {
    match (op, came) {
        (Op::Read(1..), Came::Read(0)) => Some(Answered::End),
        (Op::Flush, Came::Done) => Some(Answered::Flushed),
        (Op::Shutdown, Came::Done) | (Op::CloseWrite, Came::Ended(_)) => Some(Answered::Shut),
        _ => None,
    }
}

/// Less than the length of an alert's record.
const ALERT: usize = 20;

/// The state of a side.
enum State {
    Connecting(Connecting),
    Whole(Box<Stream<Line>>),
    Halves(ReadHalf<Line>, WriteHalf<Line>),
    /// No TLS.
    Raw(Line),
    Over,
}

/// A side, and what its application has done.
pub(super) struct Side {
    /// The voice of its text, which is also its end of the wire.
    voice: usize,
    wire: Shared,
    /// How many bytes it had sent before its first data.
    preface: usize,
    state: State,
    tasks: [Task<Op>; 4],
    calling: [Option<Calling>; 2],
    pub(super) facts: Facts,
    /// The most bytes that its application writes in a run.
    most: usize,
    /// Whether it did something after which the connection may end badly.
    pub(super) is_rude: bool,
    pub(super) patience_was_cut: bool,
    buffer: Box<[u8]>,
}

impl Side {
    fn over(voice: usize, wire: &Shared, facts: Facts, state: State) -> Self {
        Self {
            voice,
            wire: wire.clone(),
            preface: 0,
            state,
            tasks: std::array::from_fn(|_| Task::new()),
            calling: [None, None],
            facts,
            most: 60_000,
            is_rude: false,
            patience_was_cut: false,
            buffer: vec![0; ROOM].into(),
        }
    }

    /// A side whose stream this future makes.
    pub(super) fn connecting(
        voice: usize,
        wire: &Shared,
        facts: Facts,
        stream: impl Future<Output = io::Result<Stream<Line>>> + 'static,
    ) -> Self {
        let mut side = Self::over(voice, wire, facts, State::Connecting(Box::pin(stream)));
        side.call(Op::Connect);
        side
    }

    pub(super) fn whole(voice: usize, wire: &Shared, facts: Facts, stream: Stream<Line>) -> Self {
        Self::over(voice, wire, facts, State::Whole(Box::new(stream)))
    }

    pub(super) fn raw(voice: usize, wire: &Shared, facts: Facts, line: Line) -> Self {
        Self::over(voice, wire, facts, State::Raw(line))
    }

    /// Makes a call, and gives up a waiting call of the same task.
    pub(super) fn call(&mut self, op: Op) {
        if op == Op::Connect || !matches!(self.state, State::Connecting(_)) {
            self.cancel(op.task());
            self.tasks[op.task()].op = Some(op);
            self.make(op);
        }
    }

    pub(super) fn cancel(&mut self, task: usize) {
        if self.tasks[task].op != Some(Op::Connect) {
            self.tasks[task].op = None;
            self.calling.get_mut(task.wrapping_sub(2)).and_then(Option::take);
        }
    }

    /// Makes every waiting call again that was woken. Returns whether there was one.
    pub(super) fn go(&mut self) -> bool {
        let mut went = false;
        for task in 0..self.tasks.len() {
            if let Some(op) = self.tasks[task].op.filter(|_| self.tasks[task].is_woken()) {
                went = true;
                self.make(op);
            }
        }
        went
    }

    /// Makes a waiting call again without a reason: if it was not woken, it must find nothing to
    /// do.
    pub(super) fn look_again(&mut self, net: &Net, task: usize) {
        let Some(op) = self.tasks[task].op.filter(|_| !self.tasks[task].is_woken()) else { return };
        let before = (net.wire.borrow().moved(), self.facts.ending);
        self.make(op);
        let after = (net.wire.borrow().moved(), self.facts.ending);
        let is_idle = self.tasks[task].op == Some(op) && before == after;
        assert!(is_idle, "{op:?} of {} had something to do, and nobody woke it", self.voice);
    }

    pub(super) const fn waits(&self) -> bool {
        self.tasks[0].op.is_some()
            || self.tasks[1].op.is_some()
            || self.tasks[2].op.is_some()
            || self.tasks[3].op.is_some()
    }

    /// The calls that wait.
    pub(super) fn waits_for(&self) -> [Option<Op>; 4] {
        [0, 1, 2, 3].map(|task| self.tasks[task].op)
    }

    fn make(&mut self, op: Op) {
        let task = &self.tasks[op.task()];
        task.sleeps();
        let waker = task.waker.clone();
        let came = self.poll(op, &mut Context::from_waker(&waker));
        self.look();
        let Poll::Ready(came) = came else { return };
        self.tasks[op.task()].op = None;
        match came {
            Ok(came) => self.came(op, came),
            Err(error) => self.failed(op, &error),
        }
    }

    fn came(&mut self, op: Op, came: Came) {
        if let (Some(answered), false) = (answered(op, &came), matches!(self.state, State::Raw(_))) {
            self.truth().must_bear(answered);
        }
        match came {
            Came::Read(count) => {
                self.facts.read(1 - self.voice, &self.buffer[..count]);
                self.facts.at_end |= count == 0;
            }
            Came::Wrote(count) => self.facts.taken += count,
            Came::Ended(ending) => assert_eq!(Some(ending), self.facts.ending, "a call tells of another end"),
            Came::Done if op == Op::Connect => self.preface = self.wire.borrow().said_by(self.voice).len(),
            Came::Done | Came::Nothing => {}
        }
    }

    /// What is true of this side, without opening its records: bytes written are compared with the
    /// bytes on the wire.
    fn truth(&self) -> Truth {
        let (wire, facts) = (self.wire.borrow(), &self.facts);
        let ending = facts.ending.expect("a stream knows how it ended");
        let said = wire.said_by(self.voice).len() - self.preface;
        let tolerates = facts.policy.missing_notify != MissingNotify::Refuse;
        let is_cut = ending.reading == ReadEnd::TruncatedAtBoundary;
        let has_notified = has_notified(ending.writing);
        let word = if has_notified { ALERT } else { 0 };
        Truth {
            has_ended: ending.reading == ReadEnd::CloseNotify || (tolerates && is_cut),
            is_missing: ending.late > 0,
            has_left: said >= facts.taken + word,
            has_notified,
            has_fin: wire.towards(1 - self.voice).shut,
            ..Truth::default()
        }
    }

    fn failed(&mut self, op: Op, error: &io::Error) {
        if let Op::Write(most) | Op::WriteInParts(most, _) = op {
            self.facts.in_doubt += most;
        }
        if matches!(self.state, State::Raw(_)) {
            return;
        }
        self.facts.failed(error);
    }

    /// Notes the state of the connection, and checks that both halves report the same.
    fn look(&mut self) {
        let ending = match &self.state {
            State::Whole(stream) => stream.ending(),
            State::Halves(read, write) => {
                let ending = read.handle().ending();
                assert_eq!(ending, write.handle().ending(), "the halves tell of two ends");
                ending
            }
            State::Connecting(_) | State::Raw(_) | State::Over => return,
        };
        self.facts.stands(ending);
    }

    pub(super) fn shows_little(&self) {
        match &self.state {
            State::Whole(stream) => shown::is_brief(stream),
            State::Halves(read, _) => shown::is_brief(read.handle()),
            State::Connecting(_) | State::Raw(_) | State::Over => {}
        }
    }

    /// Whether it has read the end of the other side's text.
    pub(super) fn has_ended(&self) -> bool {
        self.facts.at_end || self.facts.ending.is_some_and(|ending| ending.reading != ReadEnd::Open)
    }
}
