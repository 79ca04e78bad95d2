//! A path that is walked on the model's world and on two real ends at once.
//!
//! Decides only whether the states of both are still equal. Each action is one call of the
//! adapter's session, or of the wire.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use close_notify::{Call, Ending, Event, FindEnding, Output, Received, Session, Transport};
use close_notify_core::send;
use close_notify_model::pair::Pair;
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::profile::Profile;
use close_notify_model::world::{Seen, World};

use crate::real::{PAYLOAD, PLAIN, Real, records};
use crate::report::Divergence;
use crate::wire::{Port, Wire};

/// How often one action may call the session. A wire that moves one byte per call needs as many
/// calls as a record is long.
const CALLS: usize = 1024;

/// What an end has read, in bytes.
#[derive(Clone, Copy, Default)]
struct Tally {
    got: usize,
    plain: usize,
    late: u32,
    drained: u32,
}

/// A walk in progress.
pub(crate) struct Walk<'a, W> {
    pair: &'a Pair,
    world: World,
    sessions: [Session; 2],
    tickets: VecDeque<Vec<u8>>,
    wire: W,
    tallies: [Tally; 2],
    taken: usize,
}

impl<'a, W: Wire> Walk<'a, W> {
    /// A walk before its first step.
    pub(crate) fn new(pair: &'a Pair, real: Real, wire: W) -> Self {
        let tickets = real.tickets.into();
        let (sessions, tallies) = (real.sessions, [Tally::default(); 2]);
        Self { pair, world: pair.start(), sessions, tickets, wire, tallies, taken: 0 }
    }

    /// Takes one step. Fails if reality does not do as the model does.
    pub(crate) fn step(&mut self, action: Action) -> Result<(), Divergence> {
        let before = self.world;
        let after = self.pair.after(&before, action);
        let torn = self.drained_torn(action, &before);
        self.act(action, &before)
            .map_err(|error| self.differs(format!("that {action} can be done"), error.to_string()))?;
        if let Some(side) = action.side() {
            self.settle(side, &before);
            self.tallies[side.index()].drained += torn;
            self.count(side, action, &before, &after);
        }
        self.world = after;
        self.taken += 1;
        Side::BOTH.into_iter().try_for_each(|side| self.compare(side))
    }

    /// The wire at which the ends read and write.
    pub(crate) const fn wire(&self) -> &W {
        &self.wire
    }

    /// The same wire, to be moved.
    pub(crate) const fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// How many steps were taken.
    pub(crate) const fn taken(&self) -> usize {
        self.taken
    }

    /// The model's world, which reality has matched so far.
    pub(crate) const fn world(&self) -> &World {
        &self.world
    }

    /// Compares both endings and every count of bytes. Fails if one differs.
    pub(crate) fn finish(&self) -> Result<(), Divergence> {
        for side in Side::BOTH {
            let (end, tally) = (self.world.end(side), self.tallies[side.index()]);
            let told = end.machine.ending();
            let discarded = told.discarded * PAYLOAD as u32;
            let model = Ending { discarded, late: tally.late, drained: tally.drained, ..told };
            self.same(side, "ending", model, self.sessions[side.index()].ending())?;
            self.same(side, "bytes read", usize::from(end.got) * PAYLOAD, tally.got)?;
            self.same(side, "plaintext read", usize::from(end.plain_got) * PLAIN.len(), tally.plain)?;
        }
        Ok(())
    }

    fn differs(&self, model: String, real: String) -> Divergence {
        Divergence { at: self.taken, model, real }
    }

    fn same<T: PartialEq + std::fmt::Debug>(
        &self,
        side: Side,
        what: &str,
        model: T,
        real: T,
    ) -> Result<(), Divergence> {
        let say = |value: &T| format!("{} {what} {value:?}", side.name());
        if model == real { Ok(()) } else { Err(self.differs(say(&model), say(&real))) }
    }

    /// Compares the states of both cores.
    fn compare(&self, side: Side) -> Result<(), Divergence> {
        let (model, real) = (&self.world.end(side).machine, self.sessions[side.index()].machine());
        self.same(side, "sending half", model.send_state(), real.send_state())?;
        self.same(side, "receiving half", model.recv_state(), real.recv_state())?;
        self.same(side, "transport", model.transport_state(), real.transport_state())?;
        self.same(side, "manner", model.manner(), real.manner())?;
        for call in [Call::Flush, Call::Shutdown, Call::Close, Call::HandBack] {
            self.same(side, "answer", model.answer(call), real.answer(call))?;
        }
        self.same(side, "next step", model.output(), real.output())
    }

    fn act(&mut self, action: Action, before: &World) -> io::Result<()> {
        match action {
            Action::Write(side) if before.end(side).said < self.pair.config.script(side).tickets => {
                self.send_ticket(side, before)
            }
            Action::Write(side) => self.on_port(side, before, |session, port| write_through(session, port)),
            Action::Flush(side) => self.on_port(side, before, |session, port| session.flush(port)),
            Action::Close(side) => self.close(side, before),
            Action::Hasten(side) => {
                let nth = usize::from(before.end(side).hastened);
                self.sessions[side.index()].close(self.pair.config.script(side).hastens[nth])
            }
            Action::Step(side) => self.do_output(side, before),
            Action::Read(side) => self.read(side, before),
            Action::WritePlain(side) => {
                // A transport that fails here fails the application, which the model counts as
                // having written.
                self.on_port(side, before, |_, port| port.write_all(PLAIN).or(Ok(())))
            }
            Action::ReadPlain(side) => self.read_plain(side, before),
            Action::Deadline(side) => self.sessions[side.index()].deadline_passed(),
            Action::AskError(side) => {
                let errno = self
                    .wire
                    .take_error(side, before)?
                    .ok_or_else(|| io::Error::other("no error is pending"))?;
                self.sessions[side.index()].tell(Event::WriteFailed { errno })
            }
            Action::StopReading(_) => Ok(()),
            Action::Shake(_) | Action::EngineLimit(_) | Action::ForgeNotify(_) => {
                Err(io::Error::other("a step that replays skip"))
            }
            Action::Leave(_)
            | Action::Arrive(_)
            | Action::ResetArrives(_)
            | Action::ForgeFin(_)
            | Action::ForgeFinInside(_)
            | Action::ForgeReset(_)
            | Action::GiveUp(_)
            | Action::Cut => self.wire.carry(action, before),
        }
    }

    /// Calls a session at its port; what it wrote goes on the wire. An error that was reported to
    /// the core is not a failure.
    fn on_port(
        &mut self,
        side: Side,
        before: &World,
        call: impl FnOnce(&mut Session, &mut W::Port<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut port = self.wire.port(side, before);
        let result = call(&mut self.sessions[side.index()], &mut port);
        let written = port.into_written();
        let handed_back = before.end(side).saw(Seen::HANDED_BACK);
        self.wire
            .wrote(side, if handed_back && !written.is_empty() { vec![written] } else { records(&written) });
        match result {
            Err(error) if Ending::find(&error).is_none() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn send_ticket(&mut self, side: Side, before: &World) -> io::Result<()> {
        let ticket =
            self.tickets.pop_front().ok_or_else(|| io::Error::other("the server sealed no ticket"))?;
        self.on_port(side, before, |session, port| {
            session.tell(Event::Write)?;
            match port.write_all(&ticket) {
                Err(error) => session.tell(Event::WriteFailed { errno: error.raw_os_error().unwrap_or(0) }),
                Ok(()) => session.tell(Event::Flushed),
            }
        })
    }

    fn close(&mut self, side: Side, before: &World) -> io::Result<()> {
        let event = self.pair.config.script(side).closing.event(before.end(side).asked == 0);
        self.sessions[side.index()].tell(event)?;
        if event == Event::TransportClosed {
            self.wire.release(side);
        }
        Ok(())
    }

    /// Does once what the core asks for, and releases the transport if the core is then done with
    /// it.
    fn do_output(&mut self, side: Side, before: &World) -> io::Result<()> {
        let output = self.sessions[side.index()].machine().output();
        let profile = self.pair.config.script(side).profile;
        let mute = matches!(profile, Profile::QuietShutdown | Profile::FinWithoutNotify);
        match output {
            Output::SendCloseNotify { .. } if mute => {
                self.sessions[side.index()].tell(Event::OutputSealed)?;
                return self.sessions[side.index()].tell(Event::OutputWritten);
            }
            Output::HandBack => return self.hand_back(side),
            _ => self.on_port(side, before, |session, port| step_through(session, port, output))?,
        }
        let resets = matches!(profile, Profile::ResetOnClose | Profile::AnswersAndResets);
        let notified = matches!(self.sessions[side.index()].machine().send_state(), send::State::Notified);
        if matches!(output, Output::SendCloseNotify { .. }) && resets && notified {
            self.on_port(side, before, |session, port| {
                port.reset()?;
                session.tell(Event::TransportResetByUs)
            })?;
        }
        if self.sessions[side.index()].machine().transport_state().is_released() {
            self.wire.release(side);
        }
        Ok(())
    }

    fn hand_back(&mut self, side: Side) -> io::Result<()> {
        let leftover = self.sessions[side.index()].hand_back()?;
        if leftover.is_empty() { Ok(()) } else { Err(io::Error::other("bytes were read past the border")) }
    }

    fn read(&mut self, side: Side, before: &World) -> io::Result<()> {
        let mut got = 0;
        self.on_port(side, before, |session, port| {
            if session.machine().output() == Output::Drain {
                return drain_through(session, port);
            }
            receive_through(session, port)?;
            let mut buffer = [0; 2 * PAYLOAD];
            got = session.read(&mut buffer);
            Ok(())
        })?;
        self.tallies[side.index()].got += got;
        Ok(())
    }

    fn read_plain(&mut self, side: Side, before: &World) -> io::Result<()> {
        let mut buffer = [0; PLAIN.len()];
        self.on_port(side, before, |_, port| port.read_exact(&mut buffer))?;
        self.tallies[side.index()].plain += usize::from(&buffer == PLAIN) * buffer.len();
        Ok(())
    }

    /// Does at once what touches nothing outside this end, as the model does.
    fn settle(&mut self, side: Side, before: &World) {
        for _ in 0..CALLS {
            let local = matches!(
                self.sessions[side.index()].machine().output(),
                Output::DiscardPending | Output::ForgetSession | Output::StartDeadline
            );
            if !local || self.on_port(side, before, |session, port| session.step(port).map(drop)).is_err() {
                return;
            }
        }
    }

    /// Bytes of a torn record that a step drains: the model counts whole units.
    fn drained_torn(&self, action: Action, before: &World) -> u32 {
        match action {
            Action::Read(side) if before.end(side).machine.output() == Output::Drain => {
                self.wire.torn(side, before) as u32
            }
            _ => 0,
        }
    }

    /// Counts in bytes of records what the model counts in units.
    fn count(&mut self, side: Side, action: Action, before: &World, after: &World) {
        if !matches!(action, Action::Read(_)) {
            return;
        }
        let (old, new) = (before.end(side).machine.ending(), after.end(side).machine.ending());
        if new.late == old.late && new.drained == old.drained {
            return;
        }
        let at = usize::from(before.net.inward(side.index()).read);
        let length = self.wire.length(side.other(), at) as u32;
        let tally = &mut self.tallies[side.index()];
        tally.late += (new.late - old.late) * length;
        tally.drained += (new.drained - old.drained) * length;
    }
}

/// Writes a unit of data whole.
fn write_through<P: Port>(session: &mut Session, port: &mut P) -> io::Result<()> {
    session.write(port, &[b'd'; PAYLOAD])?;
    for _ in 0..CALLS {
        if session.is_flushed() {
            break;
        }
        session.flush(port)?;
    }
    Ok(())
}

/// Reads a record, or an end, whole.
fn receive_through<P: Port>(session: &mut Session, port: &mut P) -> io::Result<()> {
    for _ in 0..CALLS {
        if session.receive(port)? != Received::Part {
            break;
        }
    }
    Ok(())
}

/// Drains what the port has, and no more.
fn drain_through<P: Port>(session: &mut Session, port: &mut P) -> io::Result<()> {
    while session.machine().output() == Output::Drain {
        match session.drain(port) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            result => result?,
        }
    }
    Ok(())
}

/// Steps until the core asks for something else.
fn step_through<P: Port>(session: &mut Session, port: &mut P, output: Output) -> io::Result<()> {
    for _ in 0..CALLS {
        session.step(port)?;
        if session.machine().output() != output {
            break;
        }
    }
    Ok(())
}
