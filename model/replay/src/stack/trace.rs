//! What happened on a lossy wire, as a path of the model: every run must be one.
//!
//! Decides which step of the model each event is. These are the abstractions. A unit has left once
//! its first byte has, and has arrived once its last byte has. What was forged is known by its
//! maker. If a stack whose socket is gone answers an acknowledgement with a reset, the model takes
//! that reset for one that anybody sent, because the model has no acknowledgements.

use std::fmt;
use std::io;

use close_notify_core::{Event, Output};
use close_notify_model::pair::Pair;
use close_notify_model::property::Claim;
use close_notify_model::world::World;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::wire::Fin;

use super::host::ROOM;
use super::lossy::{Landed, Lossy, Maker, Setup};
use crate::driven::{self, Flaw, is_possible};
use crate::lockstep::Walk;
use crate::real::{Connected, Real};
use crate::report::Divergence;

/// Something that the caller did, or a step of the model that followed from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// A step of the model was taken.
    Took(Action),
    /// This end's stack sent all that it may.
    Spoke(Side),
    /// The nth segment in the air landed.
    Landed(usize),
    /// A copy of the nth segment landed.
    Repeated(usize),
    /// The nth segment was lost.
    Lost(usize),
    /// This many milliseconds passed.
    Passed(u64),
    /// A FIN was forged: for which end, how far from what it expects, after how many bytes of the
    /// stream.
    ForgedFin(Side, isize, usize),
    /// A reset was forged: for which end, how far from what it expects.
    ForgedReset(Side, isize),
    /// The wire was cut.
    Cut,
}

/// Two real ends over two real stacks, on a wire that the caller moves.
pub struct Trace<'a> {
    pair: &'a Pair,
    claims: &'a [&'static Claim],
    walk: Walk<'a, Lossy>,
    turns: Vec<Turn>,
    /// Whether an end released the first bytes of a record whose rest never came. The stack then
    /// resets, the model does not.
    tore: [bool; 2],
    /// The steps that the model may take now.
    enabled: Vec<Action>,
}

impl<'a> Trace<'a> {
    /// Two ends of a configuration whose handshake is done.
    ///
    /// The claims are [`claims_to_judge`](crate::claims_to_judge) of the same pair, and `connected`
    /// has as many tickets as the server's script.
    ///
    /// # Errors
    ///
    /// If the stacks do not connect.
    pub fn new(
        pair: &'a Pair,
        claims: &'a [&'static Claim],
        connected: Connected,
        setup: Setup,
    ) -> io::Result<Self> {
        let wire = Lossy::new(setup, pair.config.tcp.one_shot_errno)?;
        let walk = Walk::new(pair, Real::over(&pair.config, connected), wire);
        let (turns, mut enabled) = (Vec::with_capacity(256), Vec::with_capacity(32));
        pair.enabled(walk.world(), &mut enabled);
        Ok(Self { pair, claims, walk, turns, tore: [false; 2], enabled })
    }

    /// The model's world, which reality has matched so far.
    #[must_use]
    pub const fn world(&self) -> &World {
        self.walk.world()
    }

    /// All that happened.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Whether nothing more happens without an attack or a deadline.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.enabled.iter().all(|action| action.is_optional())
    }

    /// How many segments are in the air.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.walk.wire().in_flight()
    }

    /// What the ends themselves may do next.
    pub fn steps(&self) -> impl Iterator<Item = Action> + Clone {
        let possible = |action: &Action| is_possible(self.pair, self.world(), *action);
        self.enabled.iter().copied().filter(|action| !is_of_the_wire(*action)).filter(possible)
    }

    /// An end takes a step.
    ///
    /// # Errors
    ///
    /// [`Flaw`] if reality differs from the model or a claim is broken.
    pub fn step(&mut self, action: Action) -> Result<(), Flaw> {
        if let Some(side) = action.side().filter(|&side| self.lets_go(side, action)) {
            self.before_letting_go(side)?;
        }
        self.take(action)?;
        self.agree()
    }

    fn lets_go(&self, side: Side, action: Action) -> bool {
        match action {
            Action::Step(_) => self.world().end(side).machine.output() == Output::CloseTransport,
            Action::Close(_) => {
                let is_first = self.world().end(side).asked == 0;
                self.pair.config.script(side).closing.event(is_first) == Event::TransportClosed
            }
            _ => false,
        }
    }

    /// A stack that holds the first bytes of a record resets when its program releases it. For the
    /// model, the record has arrived.
    fn before_letting_go(&mut self, side: Side) -> Result<(), Flaw> {
        let (_, rest) = self.walk.wire().units_arrived(side);
        if rest == 0 || self.world().net.inward(side.index()).has_unread() {
            return Ok(());
        }
        let arrives = Action::Arrive(side.other());
        if self.may(arrives) {
            return self.take(arrives);
        }
        self.tore[side.index()] = true;
        Ok(())
    }

    /// An end's stack sends all that it may.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn speak(&mut self, side: Side) -> Result<(), Flaw> {
        self.turns.push(Turn::Spoke(side));
        self.walk.wire_mut().speak(side);
        self.leave(side)?;
        self.agree()
    }

    fn leave(&mut self, side: Side) -> Result<(), Flaw> {
        let sent = self.walk.wire().units_sent(side);
        while self.pipe_left(side) < sent {
            self.take(Action::Leave(side))?;
        }
        let is_queued = self.world().net.pipes[side.index()].fin == Fin::Queued;
        if self.walk.wire().has_sent_fin(side) && is_queued {
            self.take(Action::Leave(side))?;
        }
        Ok(())
    }

    const fn pipe_left(&self, side: Side) -> u8 {
        self.walk.world().net.pipes[side.index()].left
    }

    /// The nth segment in the air lands, or a copy of it.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn land(&mut self, nth: usize, keep: bool) -> Result<(), Flaw> {
        self.turns.push(if keep { Turn::Repeated(nth) } else { Turn::Landed(nth) });
        match self.walk.wire_mut().land(nth, keep) {
            Some(landed) => self.landed(landed),
            None => Ok(()),
        }
    }

    /// The nth segment in the air is lost.
    pub fn lose(&mut self, nth: usize) {
        self.turns.push(Turn::Lost(nth));
        self.walk.wire_mut().lose(nth);
    }

    /// Time passes. Stacks send again what was not acknowledged.
    pub fn pass(&mut self, milliseconds: u64) {
        self.turns.push(Turn::Passed(milliseconds));
        self.walk.wire_mut().pass(milliseconds);
    }

    /// The adversary sends a FIN to an end. It is first in the air, `offset` away from what the end
    /// expects, after the first `inside` bytes of what is on its way there.
    pub fn forge_fin(&mut self, to: Side, offset: isize, inside: usize) {
        self.turns.push(Turn::ForgedFin(to, offset, inside));
        self.walk.wire_mut().forge_fin(to, offset, inside);
    }

    /// The adversary sends a reset to an end. It is first in the air, `offset` away from what the
    /// end expects.
    pub fn forge_reset(&mut self, to: Side, offset: isize) {
        self.turns.push(Turn::ForgedReset(to, offset));
        self.walk.wire_mut().forge_reset(to, offset);
    }

    /// Nothing passes any more.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn cut(&mut self) -> Result<(), Flaw> {
        self.turns.push(Turn::Cut);
        self.walk.wire_mut().cut();
        if self.may(Action::Cut) { self.take(Action::Cut) } else { Ok(()) }
    }

    /// Compares both endings and every count of bytes.
    ///
    /// # Errors
    ///
    /// [`Flaw::Divergence`] if one differs.
    pub fn finish(&self) -> Result<(), Flaw> {
        self.walk.finish().map_err(Flaw::Divergence)
    }

    fn landed(&mut self, landed: Landed) -> Result<(), Flaw> {
        self.is_in_window(&landed)?;
        let (to, from) = (landed.to, landed.to.other());
        if landed.heard.reset {
            self.reset_came(&landed)?;
        }
        if self.walk.wire().end(to).is_released() {
            let fin = landed.heard.fin && landed.maker != Maker::Adversary;
            if (fin || landed.bounced) && self.may(Action::Arrive(from)) {
                self.take(Action::Arrive(from))?;
            }
            return self.agree();
        }
        self.units_came(to)?;
        if landed.heard.fin {
            self.take(self.fin_that_came(&landed))?;
        }
        if landed.bounced && self.may(Action::Arrive(from)) {
            self.take(Action::Arrive(from))?;
        }
        self.agree()
    }

    /// RFC 9293 §3.10.7.4: a reset counts inside the window, and a FIN only in its place.
    fn is_in_window(&self, landed: &Landed) -> Result<(), Flaw> {
        let Landed { heard, offset, missed, .. } = *landed;
        let window = 0..=ROOM as isize;
        if heard.reset && !window.contains(&offset) {
            return Err(
                self.differs("that a reset outside the window is nothing", format!("it counts at {offset}"))
            );
        }
        if missed {
            return Err(self.differs("that a reset with the next number counts", "it changes nothing".into()));
        }
        if heard.fin && offset > 0 {
            return Err(
                self.differs("that a FIN waits for what is missing", format!("it counts at {offset}"))
            );
        }
        Ok(())
    }

    fn reset_came(&mut self, landed: &Landed) -> Result<(), Flaw> {
        let (to, from) = (landed.to, landed.to.other());
        let (arrives, forged) = (Action::ResetArrives(from), Action::ForgeReset(to));
        let net = &self.world().net;
        let sender = net.sockets[from.index()];
        // After a forged FIN, the connection may be over for one end and not for the other.
        let over = net.inward(from.index()).fin == Fin::Arrived && net.pipes[from.index()].fin >= Fin::Left;
        let of_nobody = match landed.maker {
            Maker::Adversary => true,
            Maker::Stack => sender.closed || sender.dead || over,
            Maker::Socket => self.tore[from.index()],
        };
        if landed.maker != Maker::Adversary && self.may(arrives) {
            return self.take(arrives);
        }
        let gone = self.world().net.sockets[to.index()];
        if gone.closed || gone.dead {
            return Ok(());
        }
        if of_nobody { self.take(forged) } else { self.take(arrives) }
    }

    fn units_came(&mut self, to: Side) -> Result<(), Flaw> {
        let (units, _) = self.walk.wire().units_arrived(to);
        while self.world().net.inward(to.index()).arrived < units {
            self.take(Action::Arrive(to.other()))?;
        }
        Ok(())
    }

    fn fin_that_came(&self, landed: &Landed) -> Action {
        let (_, rest) = self.walk.wire().units_arrived(landed.to);
        match landed.maker {
            Maker::Adversary if rest > 0 => Action::ForgeFinInside(landed.to),
            Maker::Adversary => Action::ForgeFin(landed.to),
            Maker::Socket | Maker::Stack => Action::Arrive(landed.to.other()),
        }
    }

    /// Whether the model could take this step now.
    fn may(&self, action: Action) -> bool {
        self.enabled.contains(&action)
    }

    fn take(&mut self, action: Action) -> Result<(), Flaw> {
        self.turns.push(Turn::Took(action));
        if !self.may(action) {
            return Err(self.differs("that this cannot happen here", format!("{action:?}")));
        }
        self.walk.step(action).map_err(Flaw::Divergence)?;
        if let Action::ForgeFin(to) | Action::ForgeFinInside(to) = action {
            self.walk.wire_mut().speaks_for(to.other());
        }
        self.enabled.clear();
        self.pair.enabled(self.walk.world(), &mut self.enabled);
        driven::judge(self.pair, self.claims, self.world(), &self.enabled, self.walk.taken())
    }

    fn differs(&self, model: &str, real: String) -> Flaw {
        Flaw::Divergence(Divergence { at: self.walk.taken(), model: model.into(), real })
    }

    /// Compares the model's sockets with the real ones.
    fn agree(&self) -> Result<(), Flaw> {
        for side in Side::BOTH {
            let (end, net) = (self.walk.wire().end(side), &self.world().net);
            if end.is_released() {
                continue;
            }
            let (socket, inward) = (&net.sockets[side.index()], net.inward(side.index()));
            let model = (socket.dead, socket.errno, inward.arrived, inward.fin == Fin::Arrived);
            let real = (end.is_dead(), end.error(), self.walk.wire().units_arrived(side).0, end.has_fin());
            if model != real {
                let say = |(dead, errno, units, fin): (bool, _, u8, bool)| {
                    format!("{} is dead {dead}, error {errno:?}, units {units}, FIN {fin}", side.name())
                };
                return Err(self.differs(&say(model), say(real)));
            }
        }
        Ok(())
    }
}

/// Whether only the wire takes this step.
const fn is_of_the_wire(action: Action) -> bool {
    matches!(
        action,
        Action::Leave(_)
            | Action::Arrive(_)
            | Action::ResetArrives(_)
            | Action::ForgeFin(_)
            | Action::ForgeFinInside(_)
            | Action::ForgeReset(_)
            | Action::GiveUp(_)
            | Action::Cut
    )
}

impl fmt::Debug for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("config", &self.pair.config.name)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}
