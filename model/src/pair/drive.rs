//! What a step does to the world: the driver's contract with the core, over the model's TCP.
//!
//! Decides no closing step. It reports facts to the core and does what the core says, as the
//! adapters do. What a profile or a mutant does differently is in `rogue.rs` and `mutant.rs`.

use close_notify_core::{
    AlertDescription, AlertLevel, AlertRecord, Answer, Call, Event, Output, read_alert, recv,
};

use crate::pair::Pair;
use crate::pair::mutant::Mutant;
use crate::world::action::{Action, Side};
use crate::world::kernel::{Errno, Got};
use crate::world::wire::Unit;
use crate::world::{Seen, World};

impl Pair {
    /// The world after a step.
    #[must_use]
    pub fn after(&self, world: &World, action: Action) -> World {
        let mut next = *world;
        self.apply(&mut next, action);
        if let Some(side) = action.side() {
            self.settle(&mut next, side);
        }
        next
    }

    fn apply(&self, world: &mut World, action: Action) {
        match action {
            Action::Shake(side) => self.shake(world, side),
            Action::Write(side) => self.say(world, side),
            Action::Flush(side) => self.flush(world, side),
            Action::Close(side) => self.ask(world, side),
            Action::Hasten(side) => {
                let end = &mut world.ends[side.index()];
                let asked = self.config.script(side).hastens[usize::from(end.hastened)];
                end.hastened += 1;
                self.tell(world, side, Event::Close(asked));
            }
            Action::Step(side) => self.step(world, side),
            Action::Read(side) => self.read(world, side),
            Action::WritePlain(side) => self.write_plain(world, side),
            Action::ReadPlain(side) => self.read_plain(world, side),
            Action::Leave(side) => world.net.leave(side.index()),
            Action::Arrive(side) => world.net.arrive(side.index()),
            Action::ResetArrives(side) => world.net.reset_arrives(side.index(), self.config.tcp),
            Action::GiveUp(side) => world.net.give_up(side.index()),
            Action::Deadline(side) => {
                world.ends[side.index()].seen.insert(Seen::TIMED_OUT);
                self.tell(world, side, Event::DeadlinePassed);
            }
            Action::ForgeFin(_)
            | Action::ForgeFinInside(_)
            | Action::ForgeReset(_)
            | Action::ForgeNotify(_)
            | Action::Cut
            | Action::StopReading(_)
            | Action::AskError(_)
            | Action::EngineLimit(_) => self.strike(world, action),
        }
    }

    /// An attack or a fault, which costs one unit of the budget.
    fn strike(&self, world: &mut World, action: Action) {
        world.budget -= 1;
        match action {
            Action::ForgeFin(side) => world.net.forge_fin(side.other().index(), false),
            Action::ForgeFinInside(side) => world.net.forge_fin(side.other().index(), true),
            Action::ForgeReset(side) => world.net.reset_arrives(side.other().index(), self.config.tcp),
            Action::ForgeNotify(side) => world.net.pipes[side.other().index()].forged = true,
            Action::StopReading(side) => world.ends[side.index()].seen.insert(Seen::STOPPED),
            Action::AskError(side) => {
                if let Some(errno) = world.net.ask_error(side.index(), self.config.tcp) {
                    self.write_failed(world, side, errno);
                }
            }
            Action::EngineLimit(side) => {
                world.ends[side.index()].seen.insert(Seen::ENGINE_LIMITED);
                self.tell(world, side, Event::EngineNotified);
            }
            _ => world.net.cut = true,
        }
    }

    /// Reports a fact to the core. A refusal is recorded: the driver broke the contract.
    pub(crate) fn tell(&self, world: &mut World, side: Side, event: Event) {
        let end = &mut world.ends[side.index()];
        let before = end.machine;
        let Some(event) = self.mutated_event(&before, event) else { return };
        if let Some(watch) = self.watch {
            watch(&before, event);
        }
        if end.machine.handle(event).is_err() {
            end.seen.insert(Seen::ILLEGAL);
        }
        if let Some(extra) = self.mutated_extra(&before, event) {
            let is_refused = end.machine.handle(extra).is_err();
            end.note(Seen::ILLEGAL, is_refused && self.is_mutant(Mutant::TellsTwice));
        }
        end.note(Seen::SESSION_LOST, self.forgets_after(side, event));
    }

    /// Does at once what touches nothing outside this end.
    fn settle(&self, world: &mut World, side: Side) {
        let end = world.end(side);
        if end.pending == 0 && end.machine.answer(Call::Flush) == Answer::Wait {
            self.tell(world, side, Event::Flushed);
        }
        loop {
            let end = &mut world.ends[side.index()];
            match self.output(&end.machine) {
                Output::DiscardPending => {
                    let bytes = u32::from(end.pending);
                    end.pending = 0;
                    self.tell(world, side, Event::PendingDiscarded { bytes });
                }
                Output::ForgetSession => {
                    end.note(Seen::SESSION_LOST, !self.keeps_sessions());
                    self.tell(world, side, Event::SessionForgotten);
                }
                Output::StartDeadline => self.tell(world, side, Event::DeadlineStarted),
                _ => break,
            }
        }
    }

    fn shake(&self, world: &mut World, side: Side) {
        let script = self.config.script(side);
        let shaken = world.end(side).shaken;
        let unit = match side {
            Side::Client if shaken > 0 && shaken <= script.early => Unit::Early,
            _ if shaken == 0 => Unit::Hello,
            _ => Unit::Finished,
        };
        if self.write(world, side, unit).is_ok() {
            world.ends[side.index()].shaken += 1;
            self.finish_handshake(world, side);
        }
    }

    /// Reports that the handshake is done, once this end has written and read all of it.
    fn finish_handshake(&self, world: &mut World, side: Side) {
        let end = world.end(side);
        let written = end.shaken == 2 + if side == Side::Client { self.config.script(side).early } else { 0 };
        if written && end.saw(Seen::FINISHED_READ) && !end.has_read_all() {
            self.tell(world, side, Event::HandshakeDone);
        }
    }

    /// The application hands over a unit. It goes to the kernel if there is room; otherwise it
    /// waits.
    fn say(&self, world: &mut World, side: Side) {
        let script = self.config.script(side);
        let end = &mut world.ends[side.index()];
        let unit = if end.said < script.tickets { Unit::Ticket } else { Unit::Data };
        if end.machine.may_write() {
            self.tell(world, side, Event::Write);
        } else {
            end.note(Seen::SAID_AFTER_END, script.profile == crate::world::profile::Profile::Conforming);
        }
        let blocked = world.end(side).pending > 0 || !world.net.may_write(side.index(), self.config.tcp);
        world.ends[side.index()].said += 1;
        if blocked {
            world.ends[side.index()].pending += 1;
        } else if self.write(world, side, unit).is_err() {
            world.ends[side.index()].said -= 1;
        }
    }

    fn flush(&self, world: &mut World, side: Side) {
        if self.write(world, side, Unit::Data).is_ok() {
            world.ends[side.index()].pending -= 1;
        }
    }

    fn ask(&self, world: &mut World, side: Side) {
        world.ends[side.index()].asked += 1;
        let event = self.config.script(side).closing.event(world.end(side).asked == 1);
        if event == Event::TransportClosed {
            world.net.close(side.index());
        }
        self.tell(world, side, event);
    }

    /// Writes a unit to the kernel; a failure is reported to the core.
    pub(crate) fn write(&self, world: &mut World, side: Side, unit: Unit) -> Result<(), Errno> {
        let written = world.net.write(side.index(), unit, self.config.tcp);
        if let Err(errno) = written {
            self.write_failed(world, side, errno);
        }
        written
    }

    fn write_failed(&self, world: &mut World, side: Side, errno: Errno) {
        let inward = *world.net.inward(side.index());
        let waiting = (inward.read..inward.arrived).any(|at| inward.unit(at) == Unit::Fatal);
        let end = &mut world.ends[side.index()];
        end.note(Seen::SALVAGEABLE, waiting && !end.has_read_all());
        end.met(errno);
        end.seen.insert(Seen::WRITE_FAILED);
        self.tell(world, side, Event::WriteFailed { errno: errno.number() });
    }

    fn step(&self, world: &mut World, side: Side) {
        let index = side.index();
        match self.output(&world.end(side).machine) {
            Output::SendCloseNotify { .. } if world.end(side).pending > 0 => self.flush(world, side),
            Output::SendCloseNotify { .. } => self.send_close_notify(world, side),
            Output::SendAlert { alert } => self.send_alert(world, side, alert),
            Output::ShutWrite => {
                // shutdown(2): ENOTCONN, which does not say why
                if world.net.sockets[index].dead {
                    self.tell(world, side, Event::WriteFailed { errno: 0 });
                }
                world.net.shut_write(index);
                self.tell(world, side, Event::WriteShut);
            }
            Output::CloseTransport => {
                world.net.close(index);
                self.tell(world, side, Event::TransportClosed);
            }
            Output::ResetTransport => {
                if self.notifies_before_abort(side) && !world.net.sockets[index].dead {
                    let _refused = world.net.write(index, Unit::Notify, self.config.tcp);
                }
                world.net.reset(index);
                world.net.sockets[index].closed = true;
                self.tell(world, side, Event::TransportResetByUs);
            }
            Output::HandBack => {
                world.ends[index].seen.insert(Seen::HANDED_BACK);
                self.tell(world, side, Event::TransportHandedBack);
            }
            _ => {}
        }
    }

    fn send_close_notify(&self, world: &mut World, side: Side) {
        if self.output_is_unsealed(world.end(side)) {
            self.tell(world, side, Event::OutputSealed);
        }
        let answers = world.end(side).saw(Seen::NOTIFY);
        for unit in self.words_for_notify(side) {
            if self.write(world, side, unit).is_err() {
                return;
            }
        }
        world.ends[side.index()].note(Seen::ANSWERED, answers);
        self.tell(world, side, Event::OutputWritten);
        self.reset_after_notify(world, side);
    }

    fn send_alert(&self, world: &mut World, side: Side, _alert: AlertDescription) {
        self.tell(world, side, Event::OutputSealed);
        for unit in self.words_for_alert(side) {
            if self.write(world, side, unit).is_err() {
                return;
            }
        }
        self.tell(world, side, Event::OutputWritten);
    }

    fn read(&self, world: &mut World, side: Side) {
        let forged = world.net.inward(side.index()).forged;
        let end = world.end(side);
        let raw = self.output(&end.machine) == Output::Drain || end.machine.may_drain();
        let got = world.net.read(side.index(), self.config.tcp);
        let end = &mut world.ends[side.index()];
        let counts = matches!(got, Got::Unit(unit) if unit.alert().is_none());
        end.read_after_close += u8::from(counts && end.machine.manner().is_closing());
        match got {
            Got::Unit(_) if raw => self.tell(world, side, Event::Drained { bytes: 1 }),
            Got::Unit(unit) => self.read_unit(world, side, unit, forged),
            Got::Eof { inside } => {
                let inside_record = inside || self.counts_half(world.end(side));
                self.tell(world, side, Event::TransportEof { inside_record });
            }
            Got::Failed(errno) => {
                let end = &mut world.ends[side.index()];
                end.met(errno);
                self.tell(world, side, Event::TransportReset { errno: errno.number() });
            }
            Got::Nothing => {}
        }
    }

    fn read_unit(&self, world: &mut World, side: Side, unit: Unit, forged: bool) {
        let plain = matches!(world.end(side).machine.recv_state(), recv::State::Plain);
        match unit {
            _ if forged && !plain => {
                self.tell(world, side, Event::PeerViolation(AlertDescription::BAD_RECORD_MAC))
            }
            Unit::Data | Unit::Early => self.deliver(world, side, unit),
            Unit::Ticket => self.tell(world, side, Event::PeerMessage { bytes: 1 }),
            Unit::Hello => self.read_hello(world, side),
            Unit::Finished => {
                world.ends[side.index()].seen.insert(Seen::FINISHED_READ);
                self.finish_handshake(world, side);
            }
            Unit::Plain => {
                world.ends[side.index()].seen.insert(Seen::BORDER_BROKEN);
                self.tell(world, side, Event::PeerViolation(AlertDescription::UNEXPECTED_MESSAGE));
            }
            Unit::Notify
            | Unit::FatalNotify
            | Unit::Fatal
            | Unit::ErrorAtWarning
            | Unit::UnknownAlert
            | Unit::UserCanceled
            | Unit::Warning
            | Unit::NotifyHead
            | Unit::NotifyTail
            | Unit::WarningAndNotify => self.read_alerts(world, side, unit, forged),
        }
    }

    fn read_hello(&self, world: &mut World, side: Side) {
        self.tell(world, side, Event::PeerKeysInUse);
        let early = self.config.script(side.other()).early > 0 && side == Side::Server;
        if early && self.config.version.has_independent_halves() {
            self.tell(world, side, Event::EarlyDataAccepted);
        }
    }

    /// Reports every alert of a record, as the core reads the record.
    fn read_alerts(&self, world: &mut World, side: Side, unit: Unit, forged: bool) {
        let mut left = unit.alert();
        while let Some(payload) = left.take() {
            let end = &mut world.ends[side.index()];
            let version = self.record_version(end.machine.version());
            let read = read_alert(version, &end.machine.policy(), end.held.take(), payload);
            match read {
                AlertRecord::Alert { level, description, rest } => {
                    self.observe_alert(world, side, (level, description), forged);
                    left = (!rest.is_empty()).then_some(rest);
                }
                AlertRecord::Part { level } => end.held = Some(level),
                AlertRecord::Malformed(_) => {}
            }
            if let Some(event) = read.event() {
                self.tell(world, side, event);
            }
        }
        if self.reads_ahead(unit) && world.net.inward(side.index()).has_unread() {
            world.net.read(side.index(), self.config.tcp);
        }
    }

    fn observe_alert(
        &self,
        world: &mut World,
        side: Side,
        (level, description): (AlertLevel, AlertDescription),
        forged: bool,
    ) {
        let end = &mut world.ends[side.index()];
        let open = matches!(end.machine.recv_state(), recv::State::Open) && !forged;
        let proper = level == AlertLevel::WARNING || self.takes_fatal_notify(side);
        let is_notify = description == AlertDescription::CLOSE_NOTIFY && proper;
        end.note(Seen::NOTIFY, open && is_notify);
        end.note(Seen::EARLY_NOTIFY, is_notify && !open && !end.has_read_all());
        end.note(Seen::FATAL, !end.has_read_all() && description == AlertDescription::CERTIFICATE_REQUIRED);
    }

    /// Whether this end accepts a close_notify at level fatal.
    fn takes_fatal_notify(&self, side: Side) -> bool {
        let clean = self.config.script(side).policy.fatal_notify == close_notify_core::FatalNotify::Clean;
        clean || self.config.version.has_independent_halves()
    }

    /// Hands data to the application if the core says so, and reports it to the core.
    fn deliver(&self, world: &mut World, side: Side, unit: Unit) {
        let lost = self.loses_data(world, side);
        let end = &mut world.ends[side.index()];
        let ended = end.has_read_all();
        let delivers = !lost && (end.machine.delivers_data() || (ended && self.reads_after_the_end()));
        end.note(Seen::GOT_AFTER_END, delivers && ended);
        match unit {
            Unit::Early => end.got_early += u8::from(delivers),
            _ => end.got += u8::from(delivers),
        }
        self.tell(world, side, Event::PeerData { bytes: 1 });
    }

    fn write_plain(&self, world: &mut World, side: Side) {
        if world.net.write(side.index(), Unit::Plain, self.config.tcp).is_ok() {
            world.ends[side.index()].plain_said += 1;
        } else {
            world.ends[side.index()].plain_said = self.config.script(side).plain;
        }
    }

    fn read_plain(&self, world: &mut World, side: Side) {
        let got = world.net.read(side.index(), self.config.tcp);
        let end = &mut world.ends[side.index()];
        match got {
            Got::Unit(Unit::Plain) => end.plain_got += 1,
            _ => end.seen.insert(Seen::BORDER_BROKEN),
        }
    }
}
