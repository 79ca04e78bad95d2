//! Our end over its wire, the played peer on the other side, and the calls that wait.
//!
//! Decides when a call that waits is made again: when its waker was woken, or, for the blocking
//! stream, when the readiness that it asks to poll for is there. A call that is made again without
//! that must find nothing to do; otherwise a wake-up was lost.

mod calls;

use std::cell::{RefCell, RefMut};
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use close_notify::{Ending, ReadEnd, Stream, WriteEnd, tasks};

use super::clock::{Clock, PATIENCE};
use super::ends::{End, Op};
use super::judge::{self, Facts};
use super::peer::{Peer, stream};
use super::script::Setting;
use super::wire::{Call, Fault, Held, Wire};
use crate::lab::Recording;
use crate::task::Task;

/// How long a close may take. No run takes an hour: the deadline of a blocking stream passes only
/// when the run sets its patience to zero.
const fn patience(of_tasks: bool) -> Duration {
    Duration::from_secs(if of_tasks { PATIENCE } else { 3600 })
}

pub(super) struct Bed {
    end: End,
    wire: Rc<RefCell<Wire>>,
    peer: Peer,
    facts: Facts,
    tasks: [Task<Op>; 3],
    before: Ending,
    /// A summary of the last call's result.
    last: (Option<ErrorKind>, usize),
    last_task: usize,
}

impl Bed {
    pub(super) fn new(setting: &Setting, of_tasks: bool) -> Self {
        let connection = Recording::of(setting.version, setting.role).established();
        let mut wire = Wire::new(of_tasks, setting.buffers, setting.room);
        wire.grain = setting.grain;
        let wire = Rc::new(RefCell::new(wire));
        let held = Held(Rc::clone(&wire));
        let mut end = if of_tasks {
            End::OfTasks(Box::new(tasks::Stream::new(connection, held, setting.policy)))
        } else {
            End::Blocking(Box::new(Stream::new(connection, held, setting.policy)))
        };
        end.set_patience(patience(of_tasks));
        end.set_framing(setting.framing);
        let facts = Facts {
            policy: setting.policy,
            framing: setting.framing,
            taken: 0,
            in_doubt: 0,
            got: 0,
            asked: None,
            half_closes: false,
            deadline_passed: false,
            handed_back: false,
        };
        Self {
            before: end.ending(),
            end,
            wire,
            peer: Peer::new(setting.version, setting.role),
            facts,
            tasks: std::array::from_fn(|_| Task::new()),
            last: (None, 0),
            last_task: 0,
        }
    }

    pub(super) fn wire(&self) -> RefMut<'_, Wire> {
        self.wire.borrow_mut()
    }

    pub(super) fn peer_says(&mut self, say: impl FnOnce(&mut Peer, &mut Vec<u8>)) {
        let mut wire = self.wire.borrow_mut();
        if !wire.fin && wire.reset.is_none() && !wire.is_broken {
            say(&mut self.peer, &mut wire.said);
        }
    }

    /// The peer ends its stream, or resets it. All that it said has then arrived.
    pub(super) fn peer_ends(&mut self, reset: Option<i32>) {
        let mut wire = self.wire();
        if wire.is_broken || wire.reset.is_some() {
            return;
        }
        wire.fin |= reset.is_none();
        wire.reset = reset;
        wire.arrived = wire.said.len();
        wire.wake_reader();
        if reset.is_some() {
            wire.wake_writer();
        }
    }

    pub(super) fn arrives(&mut self, count: usize) {
        let mut wire = self.wire();
        let arrived = wire.arrived.saturating_add(count).min(wire.said.len());
        if arrived > wire.arrived {
            wire.arrived = arrived;
            wire.wake_reader();
        }
    }

    pub(super) fn makes_room(&mut self, room: usize) {
        let mut wire = self.wire();
        wire.room += room;
        if room > 0 {
            wire.wake_writer();
        }
    }

    pub(super) fn will_fail(&mut self, call: Call, fault: Fault) {
        let mut wire = self.wire();
        wire.faults[call as usize] = Some(fault);
        match call {
            Call::Read => wire.wake_reader(),
            Call::Write | Call::Flush | Call::Shut => wire.wake_writer(),
        }
    }

    pub(super) fn waits(&mut self, flush: bool, shut: bool) {
        let mut wire = self.wire();
        let (frees_flush, frees_shut) = (wire.flush_waits && !flush, wire.shut_waits && !shut);
        (wire.flush_waits, wire.shut_waits) = (flush, shut);
        if frees_flush || frees_shut {
            wire.wake_writer();
        }
    }

    pub(super) fn time_has_jumped(&mut self, clock: &Clock) {
        let is_late = clock.has_passed();
        self.facts.deadline_passed |= is_late && self.runs();
        let has_clock = self.end.session().machine().deadline_runs();
        if is_late && has_clock && matches!(self.end, End::Blocking(_)) {
            self.end.set_patience(Duration::ZERO);
        }
    }

    /// Whether a deadline runs: a close waits, a last word or its FIN is due, or an alert is
    /// awaited after a failed write.
    // every-call-ends
    fn runs(&self) -> bool {
        let ending = self.end.ending();
        // RFC 9846 §6.2 · fatal-ends-both
        let by_alert = matches!(ending.reading, ReadEnd::FatalAlert(_) | ReadEnd::Refused(_));
        let closes = self.facts.asked.is_some() || by_alert;
        let owes = ending.writing == WriteEnd::Closing || self.owes_a_fin();
        self.end.has_transport() && (closes || owes || self.salvages())
    }

    /// Whether its direction is closed except for the FIN, over a transport that has not failed.
    fn owes_a_fin(&self) -> bool {
        let wire = self.wire.borrow();
        let is_well = wire.first_errno.is_none() && !wire.shut_has_failed && !wire.is_broken;
        let has_said = self.end.ending().writing == WriteEnd::CloseNotifySent;
        self.facts.half_closes && has_said && !wire.is_shut && is_well
    }

    /// Whether a write has failed, and the peer may still say why.
    fn salvages(&self) -> bool {
        let ending = self.end.ending();
        matches!(ending.writing, WriteEnd::PartlyWritten | WriteEnd::NotSent(_))
            && ending.reading == ReadEnd::Open
    }

    /// Checks that both adapters are in the same state: the last call's result, the ending, and
    /// what was moved.
    pub(super) fn stands_as(&self, other: &Self) {
        let standing = |bed: &Self| {
            let (wire, waits) = (bed.wire.borrow(), [0, 1, 2].map(|task| bed.tasks[task].op));
            (bed.last, bed.end.ending(), wire.out.len(), wire.read, wire.is_gone, waits)
        };
        assert_eq!(standing(self), standing(other), "the two adapters differ");
    }
}
