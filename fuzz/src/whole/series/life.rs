//! One connection of a run: its two ends, the path between them, and what each application has
//! done.
//!
//! Decides how a step is done. [`agree`](super::super::agree) decides what must hold.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use close_notify::{Close, Ending, ForgetSession, ReadEnd, Role};
use rustls::HandshakeKind;

use super::super::agree::{self, Facts};
use super::super::call::Call;
use super::super::duct::Path;
use super::super::end::End;
use super::super::makers::Begun;
use super::super::opening::Opening;
use super::super::remembered::{Shows, Trace};
use super::super::shown;
use super::{ROLES, Step};

/// More rounds than settling takes over the narrowest pipe.
const ROUNDS: usize = 4_000;

pub(super) struct Life {
    ends: [Option<Box<dyn End>>; 2],
    path: Rc<RefCell<Path>>,
    facts: [Facts; 2],
    forgets: [Option<Box<dyn ForgetSession>>; 2],
    is_forbidden: [bool; 2],
    trace: Trace,
    shows: [Shows; 2],
}

impl Life {
    /// A connection that has begun. Panics if the result of the call that began it does not fit its
    /// handshake.
    pub(super) fn new(begun: Begun, opening: &Opening, facts: [Facts; 2], trace: Trace) -> Self {
        let Begun { ends, path, made, forgets, written, seen } = begun;
        let shows = Shows { resumed: None, is_shaken: false, tickets: 0 };
        let (is_forbidden, shows) = ([false; 2], [shows; 2]);
        let mut life = Self { ends, path, facts, forgets, is_forbidden, trace, shows };
        if let Some((side, seen)) = seen {
            life.shows[side] = seen;
        }
        for (side, facts) in life.facts.iter_mut().enumerate() {
            facts.taken = written[side];
            facts.is_adopted = opening.maker.adopts() == Some(side);
        }
        for end in life.ends.iter_mut().flatten() {
            end.set_patience(Duration::MAX);
        }
        if let Some((side, made)) = made {
            life.was_made(side, made, opening);
        }
        life.look();
        life
    }

    fn was_made(&mut self, side: usize, made: io::Result<Option<Ending>>, opening: &Opening) {
        match made {
            Ok(ending) => ending.into_iter().for_each(|ending| self.facts[side].stands(ending)),
            Err(error) => {
                self.facts[side].failed(&error);
                let is_a_wait = error.kind() == io::ErrorKind::WouldBlock;
                let uses = opening.maker.adopts().is_some();
                assert!(uses || is_a_wait || self.facts[side].ending.is_some(), "{error:?}");
                assert!(uses || !opening.is_undisturbed(), "nothing disturbed this handshake: {error:?}");
            }
        }
        self.is_refused_well(side, opening);
    }

    /// Checks that a handshake that one end refuses ends at both by the alert that says why.
    fn is_refused_well(&self, side: usize, opening: &Opening) {
        let Some(refusal) = opening.refusal else { return };
        let Some(ending) = self.facts[side].ending else { return };
        let (role, alert) = refusal.alert();
        let expected = if role == ROLES[side] { ReadEnd::Refused(alert) } else { ReadEnd::FatalAlert(alert) };
        if opening.is_only_refused() {
            assert_eq!(ending.reading, expected, "a handshake that is refused says why");
        }
    }

    pub(super) fn agree(&self) {
        agree::agree(&self.facts);
    }

    pub(super) const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What both ends show of the handshake.
    pub(super) const fn shows(&mut self) -> (&mut Trace, [Shows; 2]) {
        (&mut self.trace, self.shows)
    }

    /// The sides whose connection has ended, since the last call, in a way that forbids resumption.
    pub(super) fn forbids(&mut self) -> Vec<Role> {
        let mut roles = Vec::new();
        for (side, role) in ROLES.into_iter().enumerate() {
            let forbids = self.facts[side].ending.is_some_and(|ending| !ending.resumption.allowed);
            if forbids && !std::mem::replace(&mut self.is_forbidden[side], true) {
                self.forgets[side].iter().for_each(|forget| forget.forget());
                roles.push(role);
            }
        }
        roles
    }

    /// Notes the state of both ends.
    fn look(&mut self) {
        for (side, end) in self.ends.iter().enumerate() {
            let Some(end) = end else { continue };
            self.facts[side].stands(end.ending());
            self.shows[side] = Shows {
                resumed: end.kind().map(|kind| kind == HandshakeKind::Resumed),
                is_shaken: end.is_shaken() && end.kind().is_some(),
                tickets: end.tickets(),
            };
        }
    }

    /// Does one step. Panics if its result does not fit.
    pub(super) fn act(&mut self, side: usize, step: Step, buffer: &mut [u8]) {
        match step {
            Step::Carry(most) => drop(self.path.borrow_mut().carry(side, most)),
            Step::CarryAll => drop(self.path.borrow_mut().carry_all()),
            Step::Fin => self.path.borrow_mut().forge_fin(side),
            Step::Reset => self.path.borrow_mut().forge_reset(side),
            Step::Cut => self.path.borrow_mut().cut(side),
            Step::Drop => self.ends[side] = None,
            Step::Settle => self.settle(buffer),
            Step::Greet => self.greet(buffer),
            Step::Nothing => {}
            Step::Call(call) => self.call(side, call, buffer),
        }
        self.look();
    }

    fn call(&mut self, side: usize, call: Call, buffer: &mut [u8]) {
        if let Some(end) = &mut self.ends[side] {
            call.make(side, end.as_mut(), &mut self.facts[side], buffer);
        }
    }

    /// Both sides do the handshake, and the client reads what came after it.
    fn greet(&mut self, buffer: &mut [u8]) {
        for _ in 0..ROUNDS {
            for side in 0..2 {
                self.call(side, Call::Shake, buffer);
            }
            if !self.path.borrow_mut().carry_all() {
                break;
            }
        }
        self.call(0, Call::Look, buffer);
    }

    /// Both sides close and read on until neither has anything to do. If undisturbed, both end
    /// well.
    pub(super) fn settle(&mut self, buffer: &mut [u8]) {
        self.greet(buffer);
        for _ in 0..ROUNDS {
            for side in 0..2 {
                self.call(side, Call::Close(Close::Graceful), buffer);
                self.call(side, Call::Read(buffer.len()), buffer);
            }
            if !self.path.borrow_mut().carry_all() {
                break;
            }
        }
        self.look();
    }

    /// Ends the patience of both sides, and checks that no close waits any more.
    pub(super) fn finish(&mut self) {
        for (end, facts) in self.ends.iter_mut().zip(&mut self.facts) {
            let Some(end) = end else { continue };
            shown::is_brief(end);
            end.set_patience(Duration::ZERO);
            let closed = end.close(Close::Graceful);
            let waits = closed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            assert!(!waits, "a close waits forever: {:?}", end.ending());
            if let Err(error) = closed {
                facts.failed(&error);
            }
            assert!(!end.has_transport(), "a close is over, and the transport is there: {:?}", end.ending());
        }
        self.look();
    }
}
