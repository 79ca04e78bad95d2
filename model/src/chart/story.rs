//! A path as lines: what changed from one world to the next, and what of that is worth a line.
//!
//! A message is one arrow if its sender does nothing between its departure and its arrival.

use std::collections::VecDeque;

use close_notify_core::Output;
use stateright::Model;

use super::{Chart, Line, Told, Tone, Way, words};
use crate::check::subject::Step;
use crate::pair::Pair;
use crate::pair::relay::{Link, Relay};
use crate::world::action::{Action, Side};
use crate::world::kernel::Got;
use crate::world::wire::{Fin, Pipe, Rst, Unit};
use crate::world::{Seen, World};

const FIN: &str = "FIN";
const RST: &str = "RST";

/// The chart of a path of two ends.
pub(super) fn of_pair(pair: &Pair, path: impl Iterator<Item = Action>) -> Chart {
    let (mut story, mut world) = (Story::default(), pair.start());
    for action in path {
        if !is_enabled(pair, &world, action) {
            break;
        }
        let after = pair.after(&world, action);
        Scene { pair, lanes: [0, 1], before: &world, after: &after, story: &mut story }.tell(action);
        world = after;
    }
    let endings = Side::BOTH.map(|side| told(pair, &world, side, side.name().to_owned()));
    story.chart(vec!["client", "server"], endings.to_vec())
}

/// The chart of a path of a relay.
pub(super) fn of_relay(relay: &Relay, path: &[Step]) -> Chart {
    let (mut story, mut links) = (Story::default(), relay.init_states()[0]);
    for step in path {
        let link = step.link.unwrap_or(Link::Upstream);
        let (pair, lanes) = match link {
            Link::Upstream => (&relay.up, [1, 2]),
            Link::Downstream => (relay.downstream(&links), [0, 1]),
        };
        let Some(after) = relay.next_state(&links, (link, step.action)) else { break };
        let (before, after_here) = match link {
            Link::Upstream => (links.up, after.up),
            Link::Downstream => (links.down, after.down),
        };
        Scene { pair, lanes, before: &before, after: &after_here, story: &mut story }.tell(step.action);
        links = after;
    }
    let down = relay.downstream(&links);
    let endings = vec![
        told(down, &links.down, Side::Client, "client".to_owned()),
        told(down, &links.down, Side::Server, "relay, to the client".to_owned()),
        told(&relay.up, &links.up, Side::Client, "relay, to the origin".to_owned()),
        told(&relay.up, &links.up, Side::Server, "origin".to_owned()),
    ];
    story.chart(vec!["client", "relay", "origin"], endings)
}

fn is_enabled(pair: &Pair, world: &World, action: Action) -> bool {
    let mut actions = Vec::new();
    pair.enabled(world, &mut actions);
    actions.contains(&action)
}

fn told(pair: &Pair, world: &World, side: Side, who: String) -> Told {
    let (end, script) = (world.end(side), pair.config.script(side));
    let all = pair.config.script(side.other()).writes;
    Told { who, says: words::ending(pair, world, side), whole: words::whole(pair, end, script, all) }
}

/// A message on its way, not drawn yet.
struct Flight {
    from: usize,
    to: usize,
    label: String,
}

/// The lines so far.
#[derive(Default)]
struct Story {
    lines: Vec<Line>,
    /// What has left and may still be drawn as one arrow.
    flights: VecDeque<Flight>,
    /// What was drawn as leaving only.
    aloft: Vec<Flight>,
}

impl Story {
    fn chart(mut self, lanes: Vec<&'static str>, endings: Vec<Told>) -> Chart {
        self.land(|_| true);
        Chart { lanes, lines: self.lines, endings }
    }

    /// Draws the messages that have left at the place where they left, because their sender goes
    /// on.
    fn land(&mut self, wanted: impl Fn(&Flight) -> bool) {
        for flight in std::mem::take(&mut self.flights) {
            if wanted(&flight) {
                self.draw(&flight, Way::Leaves);
                self.aloft.push(flight);
            } else {
                self.flights.push_back(flight);
            }
        }
    }

    fn note(&mut self, lane: usize, gap: usize, text: impl Into<String>, tone: Tone) {
        self.land(|flight| flight.from == lane);
        self.lines.push(Line::Note { lane, gap, text: text.into(), tone });
    }

    /// What a reset destroyed. Its line comes after the reset.
    fn loss(&mut self, lane: usize, gap: usize, text: String) {
        self.land(|flight| flight.from == lane && flight.label != RST);
        self.lines.push(Line::Note { lane, gap, text, tone: Tone::Bad });
    }

    fn leave(&mut self, from: usize, to: usize, label: &str) {
        self.flights.push_back(Flight { from, to, label: label.to_owned() });
    }

    fn arrive(&mut self, from: usize, to: usize, label: &str) {
        let is_it = |flight: &Flight| flight.from == from && flight.to == to && flight.label == label;
        if label == RST {
            self.land(|flight| flight.from == from && flight.label != RST);
        }
        let flight = Flight { from, to, label: label.to_owned() };
        if let Some(at) = self.flights.iter().position(is_it) {
            self.flights.remove(at);
            self.draw(&flight, Way::Whole);
        } else if let Some(at) = self.aloft.iter().position(is_it) {
            self.aloft.remove(at);
            self.draw(&flight, Way::Arrives);
        } else {
            self.draw(&flight, Way::Whole);
        }
    }

    /// Draws a message. If the line before says that the sender wrote it, the arrow replaces that
    /// line.
    fn draw(&mut self, flight: &Flight, way: Way) {
        let Flight { from, to, label } = flight;
        let wrote = format!("writes {label}");
        let said = matches!(self.lines.last(), Some(Line::Note { lane, text, .. }) if lane == from && *text == wrote);
        if said && way != Way::Arrives {
            self.lines.pop();
        }
        self.lines.push(Line::Arrow { from: *from, to: *to, label: label.clone(), way });
    }
}

/// One step, from the world before it to the world after it.
struct Scene<'a> {
    pair: &'a Pair,
    /// The lanes of the client and of the server.
    lanes: [usize; 2],
    before: &'a World,
    after: &'a World,
    story: &'a mut Story,
}

impl Scene<'_> {
    fn tell(&mut self, action: Action) {
        match action {
            Action::Shake(side) | Action::Write(side) | Action::Flush(side) | Action::WritePlain(side) => {
                self.tell_write(side);
            }
            Action::Close(side) => self.note(side, words::closes(self.pair.config.script(side).closing)),
            Action::Hasten(side) => {
                let nth = usize::from(self.before.end(side).hastened);
                self.note(side, words::hastens(self.pair.config.script(side).hastens[nth]));
            }
            Action::Step(side) => self.tell_step(side),
            Action::Read(side) | Action::ReadPlain(side) => self.tell_read(side),
            Action::Leave(side) => self.tell_leave(side),
            Action::Arrive(side) => self.tell_arrive(side),
            Action::ResetArrives(side) => self.story.arrive(self.lane(side), self.lane(side.other()), RST),
            Action::EngineLimit(_)
            | Action::ForgeFin(_)
            | Action::ForgeFinInside(_)
            | Action::ForgeReset(_)
            | Action::ForgeNotify(_)
            | Action::Cut
            | Action::GiveUp(_)
            | Action::Deadline(_)
            | Action::StopReading(_)
            | Action::AskError(_) => self.tell_fault(action),
        }
        Side::BOTH.into_iter().for_each(|side| self.tell_lost(side));
        if let Some(side) = action.side() {
            self.tell_learnt(side);
        }
    }

    /// What a reset destroyed: in this end's kernel before it left, or after it arrived and before
    /// it was read.
    fn tell_lost(&mut self, side: Side) {
        let (before, after) = (&self.before.net.pipes[side.index()], &self.after.net.pipes[side.index()]);
        let (mine, theirs, gap) = (self.lane(side), self.lane(side.other()), self.lanes[0]);
        let unsent = labels(after, after.left, after.written);
        if after.dropped && !before.dropped && !unsent.is_empty() {
            self.story.loss(mine, gap, format!("lost, never left its kernel: {unsent}"));
        }
        if after.arrived < before.arrived {
            let unread = labels(before, after.arrived, before.arrived);
            self.story.loss(theirs, gap, format!("lost, though it had arrived: {unread}"));
        }
    }

    fn tell_fault(&mut self, action: Action) {
        match action {
            Action::ForgeFin(side) => self.forge(side, "forged FIN"),
            Action::ForgeFinInside(side) => self.forge(side, "forged FIN, inside a record"),
            Action::ForgeReset(side) => self.forge(side, "forged RST"),
            Action::ForgeNotify(side) => self.forge(side, "close_notify without keys"),
            Action::Deadline(side) => self.bad(side, "its deadline passes"),
            Action::StopReading(side) => self.bad(side, "stops reading"),
            Action::EngineLimit(side) => self.bad(side, "its engine closes at the limit of its keys"),
            Action::AskError(side) => {
                let errno = self.before.net.sockets[side.index()].errno.map_or("nothing", words::errno);
                self.bad(side, format!("asks its socket for an error: {errno}"));
            }
            Action::GiveUp(side) => self.bad(side, "its kernel gives the connection up"),
            Action::Cut => self.story.lines.push(Line::Cut { gap: self.lanes[0] }),
            Action::Shake(_)
            | Action::Write(_)
            | Action::Flush(_)
            | Action::Close(_)
            | Action::Hasten(_)
            | Action::Step(_)
            | Action::Read(_)
            | Action::WritePlain(_)
            | Action::ReadPlain(_)
            | Action::Leave(_)
            | Action::Arrive(_)
            | Action::ResetArrives(_) => {}
        }
    }

    const fn lane(&self, side: Side) -> usize {
        self.lanes[side.index()]
    }

    fn line(&mut self, side: Side, text: impl Into<String>, tone: Tone) {
        self.story.note(self.lane(side), self.lanes[0], text, tone);
    }

    fn note(&mut self, side: Side, text: impl Into<String>) {
        self.line(side, text, Tone::Plain);
    }

    fn bad(&mut self, side: Side, text: impl Into<String>) {
        self.line(side, text, Tone::Bad);
    }

    fn forge(&mut self, victim: Side, label: &str) {
        let (from, to, label) = (self.lane(victim.other()), self.lane(victim), label.to_owned());
        self.story.lines.push(Line::Arrow { from, to, label, way: Way::Forged });
    }

    /// The units that a step wrote.
    fn written(&self, side: Side) -> Vec<Unit> {
        let (before, after) = (&self.before.net.pipes[side.index()], &self.after.net.pipes[side.index()]);
        (before.written..after.written).map(|at| after.unit(at)).collect()
    }

    fn tell_write(&mut self, side: Side) {
        let (before, after) = (self.before.end(side), self.after.end(side));
        let units = self.written(side);
        if after.pending > before.pending {
            self.note(side, "writes data: its kernel is full, the data waits");
        } else if units.is_empty() {
            let errno = self.before.net.sockets[side.index()].errno.map_or("EPIPE", words::errno);
            self.bad(side, format!("write fails: {errno}"));
        }
        for unit in units {
            self.note(side, format!("writes {}", unit.label()));
        }
    }

    fn tell_step(&mut self, side: Side) {
        let index = side.index();
        match self.pair.output(&self.before.end(side).machine) {
            Output::SendCloseNotify { .. } | Output::SendAlert { .. } => self.tell_last_word(side),
            Output::ShutWrite => self.note(side, "shuts its write side"),
            Output::CloseTransport if self.before.net.inward(index).has_unread() => {
                self.bad(side, "closes its socket with unread bytes in it: TCP resets");
            }
            Output::CloseTransport => self.note(side, "closes its socket"),
            Output::ResetTransport => self.note(side, "resets the connection"),
            Output::HandBack => self.note(side, "has the transport back"),
            Output::Idle
            | Output::DiscardPending
            | Output::ForgetSession
            | Output::StartDeadline
            | Output::AwaitPeer
            | Output::Drain
            | Output::Done => {}
        }
        self.tell_reset_by(side);
    }

    fn tell_last_word(&mut self, side: Side) {
        let failed = self.after.net.pipes[side.index()].written
            == self.before.net.pipes[side.index()].written
            && (self.before.net.sockets[side.index()].errno.is_some()
                || self.before.net.sockets[side.index()].dead);
        if failed || !self.written(side).is_empty() {
            self.tell_write(side);
        } else {
            self.bad(side, "skips its close_notify");
        }
    }

    /// A reset that this end has just sent.
    fn tell_reset_by(&mut self, side: Side) {
        let rst = |world: &World| world.net.pipes[side.index()].rst;
        if rst(self.before) == Rst::None && rst(self.after) == Rst::Left {
            self.story.leave(self.lane(side), self.lane(side.other()), RST);
        }
    }

    fn tell_read(&mut self, side: Side) {
        let forged = self.before.net.inward(side.index()).forged;
        let drains = self.pair.output(&self.before.end(side).machine) == Output::Drain;
        let got = self.before.net.peek(side.index());
        let tone = if matches!(got, Got::Failed(_)) { Tone::Bad } else { Tone::Plain };
        self.line(side, words::got(got, forged, drains), tone);
    }

    fn tell_leave(&mut self, side: Side) {
        let (pipe, to) = (&self.before.net.pipes[side.index()], self.lane(side.other()));
        let label = if pipe.left < pipe.written { pipe.unit(pipe.left).label() } else { FIN };
        self.story.leave(self.lane(side), to, label);
    }

    fn tell_arrive(&mut self, side: Side) {
        let (before, after) = (&self.before.net.pipes[side.index()], &self.after.net.pipes[side.index()]);
        let is_fin = after.fin == Fin::Arrived && before.fin != Fin::Arrived;
        let label =
            if is_fin || before.arrived >= before.left { FIN } else { before.unit(before.arrived).label() };
        self.story.arrive(self.lane(side), self.lane(side.other()), label);
        let answer = |world: &World| world.net.pipes[side.other().index()].rst;
        if answer(self.before) == Rst::None && answer(self.after) == Rst::Left {
            self.bad(side.other(), "its socket is gone: the kernel answers with RST");
            self.tell_reset_by(side.other());
        }
    }

    /// What the core did at once: what was discarded, and what the application learns.
    fn tell_learnt(&mut self, side: Side) {
        let (before, after) = (self.before.end(side), self.after.end(side));
        let (lost, lost_before) = (after.machine.ending().discarded, before.machine.ending().discarded);
        if lost > lost_before {
            self.bad(side, format!("throws away {} unsent", plural(lost - lost_before)));
        }
        let conforms = self.pair.config.script(side).profile == crate::world::profile::Profile::Conforming;
        if conforms && after.has_read_all() && !before.has_read_all() {
            self.line(side, words::told(self.pair.ending(after).reading), Tone::Told);
        }
        if !before.saw(Seen::SESSION_LOST) && after.saw(Seen::SESSION_LOST) {
            self.note(side, "forgets the session");
        }
    }
}

fn labels(pipe: &Pipe, from: u8, to: u8) -> String {
    (from..to).map(|at| pipe.unit(at).label()).collect::<Vec<_>>().join(", ")
}

fn plural(units: u32) -> String {
    if units == 1 { "1 piece of data".to_owned() } else { format!("{units} pieces of data") }
}
