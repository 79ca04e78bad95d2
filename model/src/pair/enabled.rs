//! Which steps a world may take.
//!
//! Decides what a driver or an application may do next. The core decides what must be done next.

use close_notify_core::{Answer, Call, Output, recv, send};

use crate::pair::Pair;
use crate::world::action::{Action, Side};
use crate::world::config::{Closing, When};
use crate::world::kernel::Got;
use crate::world::profile::Profile;
use crate::world::wire::{Fin, Rst, Unit};
use crate::world::{Seen, World};

impl Pair {
    /// Every step that `world` may take, in a fixed order.
    pub fn enabled(&self, world: &World, actions: &mut Vec<Action>) {
        for side in Side::BOTH {
            self.enabled_in_application(world, side, actions);
            self.enabled_in_driver(world, side, actions);
            self.enabled_on_wire(world, side, actions);
        }
        self.enabled_faults(world, actions);
    }

    /// Whether nothing more happens without an attack, a fault or a deadline.
    #[must_use]
    pub fn is_at_rest(&self, world: &World) -> bool {
        let mut actions = Vec::with_capacity(16);
        self.enabled(world, &mut actions);
        actions.iter().all(|action| action.is_optional())
    }

    fn enabled_in_application(&self, world: &World, side: Side, actions: &mut Vec<Action>) {
        let (end, script) = (world.end(side), self.config.script(side));
        if self.may_shake(world, side) {
            actions.push(Action::Shake(side));
        }
        if self.may_say(world, side) {
            actions.push(Action::Write(side));
        }
        if self.may_close(world, side) {
            actions.push(Action::Close(side));
        }
        if end.saw(Seen::HANDED_BACK)
            && end.plain_said < script.plain
            && world.net.may_write(side.index(), self.config.tcp)
        {
            actions.push(Action::WritePlain(side));
        }
        let readable = matches!(world.net.peek(side.index()), Got::Unit(_));
        let before_tls = self.reads_plain_before_tls(world, side);
        if readable && ((end.saw(Seen::HANDED_BACK) && !world.net.sockets[side.index()].closed) || before_tls)
        {
            actions.push(Action::ReadPlain(side));
        }
    }

    /// Whether the next unit is plaintext from before the handshake.
    fn reads_plain_before_tls(&self, world: &World, side: Side) -> bool {
        let at_start = matches!(world.end(side).machine.recv_state(), recv::State::Plain);
        let plain = world.net.peek(side.index()) == Got::Unit(Unit::Plain);
        self.config.handshake && at_start && plain
    }

    fn may_shake(&self, world: &World, side: Side) -> bool {
        let (end, script) = (world.end(side), self.config.script(side));
        let handshaking = matches!(end.machine.send_state(), send::State::Handshaking) && !end.has_read_all();
        let first_read = !matches!(end.machine.recv_state(), recv::State::Plain);
        let turn = match side {
            Side::Client => {
                end.shaken <= script.early || (end.saw(Seen::FINISHED_READ) && end.shaken == script.early + 1)
            }
            Side::Server => first_read && end.shaken < 2,
        };
        self.config.handshake && handshaking && turn && world.net.may_write(side.index(), self.config.tcp)
    }

    /// Whether the application has something to write, and may write it.
    fn may_say(&self, world: &World, side: Side) -> bool {
        let (end, script) = (world.end(side), self.config.script(side));
        let more = end.said < script.writes + script.tickets;
        let socket = world.net.sockets[side.index()];
        let able = !socket.closed && !socket.dead && socket.errno.is_none();
        let lawless = script.profile == Profile::Drips || self.may_write(&end.machine);
        let first = end.asked == 0 || self.writes_after_close();
        more && first && (end.machine.may_write() || (lawless && able))
    }

    fn may_close(&self, world: &World, side: Side) -> bool {
        let (end, script) = (world.end(side), self.config.script(side));
        if end.machine.transport_state().is_released() {
            return false;
        }
        if end.asked > 0 {
            let is_next = match script.closing {
                Closing::HalfThenGraceful | Closing::Shutdown => end.has_read_all(),
                // The call does all that is due before it returns.
                Closing::ShutdownAndGo => {
                    let answered = self.answer(end, Call::Shutdown) != Answer::Wait;
                    answered && self.output(&end.machine) == Output::Idle
                }
                Closing::In(_) | Closing::Reject(_) | Closing::Drop => false,
            };
            return is_next && end.asked == 1;
        }
        let quiet = end.has_read_all() && !end.is_notified();
        let all_said = end.said >= script.writes + script.tickets || !end.machine.may_write() || quiet;
        let established = !matches!(end.machine.send_state(), send::State::Handshaking) || quiet;
        match script.when {
            When::AnyTime => true,
            When::AllWritten => established && all_said,
            When::PeerEnded => all_said && end.has_read_all(),
            When::SomethingRead => established && (end.got > 0 || end.has_read_all()),
            When::Never => false,
        }
    }

    fn enabled_in_driver(&self, world: &World, side: Side, actions: &mut Vec<Action>) {
        let end = world.end(side);
        let room = world.net.may_write(side.index(), self.config.tcp);
        if end.pending > 0 && end.machine.may_write() && room {
            actions.push(Action::Flush(side));
        }
        if self.may_step(world, side) {
            actions.push(Action::Step(side));
        }
        let readable = match world.net.peek(side.index()) {
            Got::Nothing => false,
            Got::Unit(_) => true,
            Got::Eof { .. } | Got::Failed(_) => {
                !end.has_read_all() || self.output(&end.machine) == Output::Drain
            }
        };
        if readable && self.wants_to_read(world, side) {
            actions.push(Action::Read(side));
        }
    }

    /// Whether the driver can do what the core asks for now.
    fn may_step(&self, world: &World, side: Side) -> bool {
        let silent = matches!(self.config.script(side).profile, Profile::NeverAnswers | Profile::Drips);
        match self.output(&world.end(side).machine) {
            Output::SendCloseNotify { .. } => !silent && world.net.may_write(side.index(), self.config.tcp),
            Output::SendAlert { .. } => world.net.may_write(side.index(), self.config.tcp),
            Output::ShutWrite | Output::CloseTransport | Output::ResetTransport => true,
            Output::HandBack => !world.end(side).saw(Seen::HANDED_BACK),
            Output::Idle
            | Output::AwaitPeer
            | Output::Drain
            | Output::Done
            | Output::DiscardPending
            | Output::ForgetSession
            | Output::StartDeadline => false,
        }
    }

    /// Whether the driver reads: the core waits, the application reads, or a write is stuck.
    fn wants_to_read(&self, world: &World, side: Side) -> bool {
        let (end, script) = (world.end(side), self.config.script(side));
        let open = script.reads && (!end.has_read_all() || self.reads_after_the_end());
        let plain = self.reads_plain_before_tls(world, side);
        let wants = match self.output(&end.machine) {
            Output::AwaitPeer | Output::Drain => true,
            Output::Idle => open || self.is_shaking(world, side),
            Output::SendCloseNotify { .. } | Output::SendAlert { .. } => {
                (open || end.machine.may_drain()) && !self.may_step(world, side)
            }
            Output::DiscardPending
            | Output::ShutWrite
            | Output::ForgetSession
            | Output::StartDeadline
            | Output::CloseTransport
            | Output::ResetTransport
            | Output::HandBack
            | Output::Done => false,
        };
        wants && !end.saw(Seen::STOPPED) && !plain
    }

    fn is_shaking(&self, world: &World, side: Side) -> bool {
        let end = world.end(side);
        self.config.handshake
            && !end.has_read_all()
            && matches!(end.machine.send_state(), send::State::Handshaking)
    }

    fn enabled_on_wire(&self, world: &World, side: Side, actions: &mut Vec<Action>) {
        let index = side.index();
        if world.net.may_leave(index, self.config.tcp) {
            actions.push(Action::Leave(side));
        }
        if world.net.may_arrive(index) {
            actions.push(Action::Arrive(side));
        }
        if world.net.may_reset_arrive(index, self.config.tcp) {
            actions.push(Action::ResetArrives(side));
        }
    }

    fn enabled_faults(&self, world: &World, actions: &mut Vec<Action>) {
        let faults = self.config.faults;
        for side in Side::BOTH {
            self.enabled_impatience(world, side, actions);
            if world.budget > 0 {
                self.enabled_attacks(world, side, actions);
            }
        }
        if faults.cut && world.budget > 0 && !world.net.cut {
            actions.push(Action::Cut);
        }
        let gives_up = |side: &Side| world.net.may_give_up(side.index());
        actions.extend(Side::BOTH.into_iter().filter(gives_up).map(Action::GiveUp));
    }

    fn enabled_impatience(&self, world: &World, side: Side, actions: &mut Vec<Action>) {
        let (end, script) = (world.end(side), self.config.script(side));
        let released = end.machine.transport_state().is_released();
        let closing = end.machine.manner().is_closing() && !released;
        let waits = end.machine.deadline_runs() && !released;
        if self.config.faults.deadlines && waits && !end.saw(Seen::TIMED_OUT) {
            actions.push(Action::Deadline(side));
        }
        if usize::from(end.hastened) < script.hastens.len() && closing {
            actions.push(Action::Hasten(side));
        }
    }

    fn enabled_attacks(&self, world: &World, side: Side, actions: &mut Vec<Action>) {
        let (faults, index) = (self.config.faults, side.index());
        let (socket, inward) = (world.net.sockets[index], world.net.inward(index));
        let alive = !socket.closed && !socket.dead && !world.net.cut;
        let end = world.end(side);
        let attacks = [
            (faults.fin && alive && inward.fin != Fin::Arrived, Action::ForgeFin(side)),
            (
                faults.fin && alive && inward.fin != Fin::Arrived && inward.arrived < inward.left,
                Action::ForgeFinInside(side),
            ),
            (faults.rst && alive && inward.rst != Rst::Arrived, Action::ForgeReset(side)),
            (
                faults.plain_notify && alive && !inward.forged && !end.has_read_all(),
                Action::ForgeNotify(side),
            ),
            (faults.stop_reading && !end.saw(Seen::STOPPED) && alive, Action::StopReading(side)),
            (faults.ask_error && socket.errno.is_some() && !socket.closed, Action::AskError(side)),
            (faults.engine_limit && end.machine.may_write(), Action::EngineLimit(side)),
        ];
        actions.extend(attacks.into_iter().filter(|(may, _)| *may).map(|(_, action)| action));
    }
}
