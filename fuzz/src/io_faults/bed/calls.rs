//! A call of our end, and what must follow from its result.
//!
//! Decides what is checked after each call. `judge` decides what an ending may say.

use std::cell::RefCell;

use close_notify::{Close, Error, FramingState, Manner, MissingNotify, Output, ReadEnd, WriteEnd};

use super::{Bed, Clock, End, Op, PATIENCE, judge, patience, stream};
use crate::answered::{Answered, Truth};
use crate::io_faults::ends::Came;
use crate::io_faults::peer::LONGEST;
use crate::io_faults::wire::Ended;

/// How many calls of the transport one of our calls may need, besides those that move a byte or
/// meet a fault.
const CALLS: usize = 24;
/// How many bytes may be kept unread, in excess of the budget, before nothing more is read.
const KEPT: usize = 16 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; LONGEST].into());
}

/// Whether a call continues a close that waits: a write never does, and a flush only while a last
/// word is due.
const fn drives(op: Op, is_said: bool) -> bool {
    match op {
        Op::Write(_) => false,
        Op::Flush => !is_said,
        _ => true,
    }
}

/// The claim of an answer. Waits of reads, writes and flushes claim nothing: too much may be
/// unread, or there may be no room.
const fn answered(op: Op, came: &Came) -> Option<Answered> {
    match (op, came) {
        (Op::Read(1..), Came::Count(0)) => Some(Answered::End),
        (Op::Flush, Came::Done) => Some(Answered::Flushed),
        (Op::Shutdown, Came::Done) | (Op::CloseWrite | Op::Shutdown, Came::Ended(_)) => Some(Answered::Shut),
        (Op::Close(_) | Op::HandBack | Op::Reject(_), Came::Waits) => Some(Answered::Waits),
        _ => None,
    }
}

impl Bed {
    /// Makes a call, and gives up a waiting call of the same task.
    pub(in crate::io_faults) fn call(&mut self, clock: &mut Clock, op: Op) {
        self.cancel(op.task());
        self.make(clock, op);
    }

    pub(in crate::io_faults) fn cancel(&mut self, task: usize) {
        self.tasks[task].op = None;
    }

    /// Makes every waiting call again that was woken, or all of them if `all` is set.
    pub(in crate::io_faults) fn go(&mut self, clock: &mut Clock, all: bool) {
        for task in 0..self.tasks.len() {
            if let Some(op) = self.tasks[task].op.filter(|_| all || self.is_woken(task)) {
                self.make(clock, op);
            }
        }
    }

    /// Makes a waiting call again without a reason: if it was not woken, it must find nothing to
    /// do.
    pub(in crate::io_faults) fn look_again(&mut self, clock: &mut Clock, task: usize) {
        let Some(op) = self.tasks[task].op else { return };
        let is_woken = self.is_woken(task);
        let before = self.before;
        self.make(clock, op);
        let (moved, last) = (self.wire().moved, self.last);
        let is_idle = self.tasks[task].op == Some(op) && moved == 0 && self.before == before;
        assert!(
            is_woken || is_idle,
            "{op:?} had something to do, and nobody woke it: it moved {moved} bytes and returned {last:?}"
        );
    }

    /// Whether a waiting call was woken: by the waker of its task, or for a thread by what the docs
    /// of the stream say to poll for.
    fn is_woken(&self, task: usize) -> bool {
        match &self.end {
            End::OfTasks(_) => self.tasks[task].is_woken(),
            End::Blocking(stream) => {
                let (wire, session) = (self.wire.borrow(), stream.session());
                let writes = !session.is_flushed()
                    || matches!(
                        session.machine().output(),
                        Output::SendCloseNotify { .. } | Output::SendAlert { .. } | Output::ShutWrite
                    );
                let is_ready = wire.is_readable() || (writes && wire.is_writable());
                // A thread knows which calls it has made since.
                is_ready || self.facts.deadline_passed || self.last_task != task
            }
        }
    }

    fn make(&mut self, clock: &mut Clock, op: Op) {
        let is_said = self.end.ending().writing != WriteEnd::Closing;
        let was_late = clock.has_passed() && self.runs() && (self.salvages() || drives(op, is_said));
        self.tasks[op.task()].sleeps();
        let mut wire = self.wire();
        (wire.calls, wire.moves, wire.moved, wire.has_said_wait) = (0, [0; 2], 0, false);
        drop(wire);
        let came = BUFFER.with_borrow_mut(|buffer| {
            if let Op::Write(count) = op {
                buffer[..count].copy_from_slice(stream(self.facts.taken, count));
            }
            let came = self.end.call(op, buffer, &self.tasks[op.task()].waker);
            if let (Op::Read(_), Came::Count(count)) = (op, &came) {
                let (from, count) = (self.facts.got, *count);
                assert!(buffer[..count] == *stream(from, count), "what is read is not what came at {from}");
            }
            came
        });
        self.last_task = op.task();
        self.note(op, &came);
        self.tasks[op.task()].op = matches!(came, Came::Waits).then_some(op);
        // What it now waits for may be another thing, which no deadline bounds.
        let is_late = was_late && self.runs();
        assert!(!is_late || self.tasks[op.task()].op.is_none(), "{op:?} waits after its deadline");
        self.keeps_time(clock);
        self.judge(op, came);
    }

    /// Gives a wait that has begun the full patience, and removes the deadline of one that is over.
    fn keeps_time(&mut self, clock: &mut Clock) {
        if self.runs() || self.end.session().machine().deadline_runs() {
            clock.runs();
        } else {
            clock.by = None;
            self.end.set_patience(patience(matches!(self.end, End::OfTasks(_))));
        }
    }

    /// Notes what the application knows from a call that has returned.
    fn note(&mut self, op: Op, came: &Came) {
        let misuse = |error: &std::io::Error| {
            let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            matches!(ours, Some(Error::Misuse { .. }))
        };
        let is_misuse = matches!(came, Came::Failed(error) if misuse(error));
        match (op, came) {
            (Op::Read(_), Came::Count(count)) => self.facts.got += count,
            (Op::Write(_), Came::Count(count)) => self.facts.taken += count,
            (Op::Write(count), Came::Failed(_)) if !is_misuse => {
                self.facts.in_doubt = self.facts.in_doubt.max(count)
            }
            // The write has failed, and returns the error once nothing more can be read.
            (Op::Write(count), Came::Waits) if self.salvages() => {
                self.facts.in_doubt = self.facts.in_doubt.max(count)
            }
            _ => {}
        }
        let asked = match op {
            Op::Close(close) => Some(close.manner()),
            Op::Reject(_) => Some(Manner::Reject),
            Op::HandBack => Some(Manner::HandBack),
            Op::Read(_) | Op::Write(_) | Op::Flush | Op::CloseWrite | Op::Shutdown | Op::PeerClosedNow => {
                None
            }
        };
        if !is_misuse && self.facts.asked != Some(Manner::Abort) && asked.is_some() {
            self.facts.asked = asked;
        }
        self.facts.half_closes |= !is_misuse && matches!(op, Op::CloseWrite | Op::Shutdown);
    }

    fn judge(&mut self, op: Op, came: Came) {
        let ending = self.end.ending();
        let wire = self.wire.borrow();
        self.peer.hear(&wire.out[..if self.facts.handed_back { self.peer.opened } else { wire.out.len() }]);
        // linger-is-bounded, and no call spins: what was read before may hold records, and each
        // takes a step
        let most = CALLS + 4 * wire.moved + 2 * self.peer.records();
        assert!(wire.calls <= most, "{op:?}: {} calls for {} bytes", wire.calls, wire.moved);
        drop(wire);
        self.last = match &came {
            Came::Waits => (None, 0),
            Came::Count(count) => (None, 1 + count),
            Came::Done | Came::Ended(_) | Came::Back(..) => (None, 1),
            Came::Closed(closed) => (None, 1 + usize::from(*closed)),
            Came::Failed(error) => (Some(error.kind()), 0),
        };
        judge::evidence_grows(&self.before, &ending);
        if let Some(answered) = answered(op, &came) {
            self.truth().must_bear(answered);
        }
        match came {
            Came::Waits => self.may_wait(op),
            Came::Count(0) => {
                assert!(matches!(op, Op::Read(_) | Op::Write(0)), "{op:?} takes nothing");
            }
            Came::Count(_) | Came::Done => {}
            Came::Ended(told) => {
                assert_eq!(told, ending, "{op:?} tells of another ending");
                let stays = matches!(op, Op::CloseWrite | Op::Shutdown);
                assert!(stays || !self.end.has_transport(), "{op:?} has ended and keeps the transport");
            }
            Came::Back(held, left) => self.is_handed_back(held, &left),
            Came::Closed(closed) => {
                assert_eq!(closed, ending.reading != ReadEnd::Open, "whether the peer has closed")
            }
            Came::Failed(error) => {
                judge::error_fits(&error, &ending, matches!(op, Op::Write(_)), self.is_full());
                self.all_was_delivered(op, &error);
            }
        }
        judge::ending_is_true(&ending, &self.facts, &self.wire.borrow(), &self.peer);
        self.before = ending;
    }

    /// Whether so much may be unread that no more is read.
    fn is_full(&self) -> bool {
        self.peer.data - self.facts.got > KEPT
    }

    /// What is true now, according to the wire and the peer.
    fn truth(&self) -> Truth {
        let (wire, facts, peer) = (self.wire.borrow(), &self.facts, &self.peer);
        let end = peer.end.filter(|end| end.at <= wire.read);
        let tolerates = facts.policy.missing_notify == MissingNotify::BetweenMessages
            && facts.framing == FramingState::BetweenMessages;
        let is_cut = wire.ended == Some(Ended::Fin) && peer.is_border(wire.read);
        let data = end.map_or_else(|| peer.data_before(wire.read), |end| end.data);
        Truth {
            has_ended: end.map_or(tolerates && is_cut, |end| end.alert == 0),
            is_missing: facts.got < data,
            has_left: peer.heard >= facts.taken && wire.unflushed == 0,
            has_notified: peer.last_word.is_some_and(|(_, alert)| alert == 0),
            has_fin: wire.is_shut,
            is_blocked: wire.has_said_wait,
            is_late: false,
        }
    }

    /// Checks that a call waits only if the transport has just said so, or if too much is unread.
    fn may_wait(&self, op: Op) {
        assert!(self.wire.borrow().has_said_wait || self.is_full(), "{op:?} waits for nothing");
        let never = matches!(op, Op::PeerClosedNow | Op::Close(Close::Abort));
        assert!(!never, "{op:?} waits");
    }

    // delivered-before-end: before an end is reported, what came is handed on
    fn all_was_delivered(&self, op: Op, error: &std::io::Error) {
        let ended = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let is_end = matches!((op, ended), (Op::Read(_), Some(Error::Ended { .. })));
        // A deadline ends a wait even if data has come by then.
        if is_end && self.facts.asked.is_none() && !self.facts.deadline_passed {
            let end = self.peer.end.map_or(usize::MAX, |end| end.at);
            let data = self.peer.data_before(self.wire.borrow().read.min(end));
            assert_eq!(self.facts.got, data, "an end is reported before the data that came");
        }
    }

    // RFC 4511 §4.14.3.1 · handback-exact, wait-before-handback
    fn is_handed_back(&mut self, held: super::Held, left: &[u8]) {
        self.facts.handed_back = true;
        let wire = self.wire.borrow();
        let end = self.peer.end.filter(|end| end.alert == 0).expect("TLS ends by the peer's close_notify");
        assert_eq!(left, &wire.said[end.at..wire.read], "what comes after the close_notify");
        assert_eq!(self.peer.last_word.map(|(_, alert)| alert), Some(0), "and by ours");
        assert_eq!(wire.unflushed, 0, "our close_notify may never leave");
        assert!(!wire.is_shut, "the transport is shut");
        drop(wire);
        drop(held);
    }

    /// Ends the run: the peer ends well, and the transport takes all. Every call must then end, and
    /// so must the connection.
    pub(in crate::io_faults) fn finish(mut self, clock: &mut Clock) {
        self.time_has_jumped(clock);
        self.wire().faults = [None; 4];
        self.waits(false, false);
        self.makes_room(1 << 24);
        if self.peer.end.is_none() {
            self.peer_says(|peer, said| peer.say_end(0, said));
        }
        self.wire().grain = usize::MAX;
        self.peer_ends(None);
        self.ends_all(clock);
        if !self.facts.handed_back {
            self.call(clock, Op::Close(Close::Graceful));
            self.ends_all(clock);
            // no-mutual-wait
            assert!(!self.end.has_transport(), "a connection that is closed keeps its transport");
        }
    }

    /// Makes woken calls again until none is woken. Calls that still wait must end at the deadline.
    fn ends_all(&mut self, clock: &mut Clock) {
        for _ in 0..4 {
            self.go(clock, false);
        }
        for task in 0..self.tasks.len() {
            self.look_again(clock, task);
        }
        if self.tasks.iter().any(|task| task.op.is_some()) {
            assert!(self.runs(), "a call waits forever");
            clock.jump(PATIENCE);
            self.time_has_jumped(clock);
            self.go(clock, false);
            assert!(self.tasks.iter().all(|task| task.op.is_none()), "a call waits after the deadline");
        }
    }
}
