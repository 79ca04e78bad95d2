//! What a claim may look at: one end, its directions, and the truth about the other.

use close_notify_core::{Answer, Call, Ending, FramingState, Manner, Policy, ReadEnd, send, transport};

use crate::pair::Pair;
use crate::world::action::Side;
use crate::world::config::{Closing, Config, Script, When};
use crate::world::kernel::Socket;
use crate::world::profile::Profile;
use crate::world::wire::{Pipe, Rst, Unit};
use crate::world::{End, World};

/// One conforming end of a world.
pub struct View<'a> {
    /// The configuration, and the mutant if there is one.
    pub pair: &'a Pair,
    /// The whole world.
    pub world: &'a World,
    /// Which end this is.
    pub side: Side,
    /// The ending as the application receives it.
    pub told: Ending,
}

impl<'a> View<'a> {
    /// The conforming ends of a world.
    #[must_use]
    pub fn conforming(pair: &'a Pair, world: &'a World) -> [Option<Self>; 2] {
        Side::BOTH.map(|side| {
            let is_conforming = pair.config.script(side).profile == Profile::Conforming;
            is_conforming.then(|| Self { pair, world, side, told: pair.ending(world.end(side)) })
        })
    }

    pub(crate) const fn config(&self) -> &'a Config {
        &self.pair.config
    }

    pub(crate) const fn script(&self) -> &'a Script {
        self.pair.config.script(self.side)
    }

    pub(crate) const fn policy(&self) -> &'a Policy {
        &self.script().policy
    }

    pub(crate) const fn end(&self) -> &'a End {
        self.world.end(self.side)
    }

    pub(crate) const fn peer(&self) -> &'a End {
        self.world.end(self.side.other())
    }

    pub(crate) const fn peer_script(&self) -> &'a Script {
        self.pair.config.script(self.side.other())
    }

    /// The direction that this end writes.
    pub(crate) const fn out(&self) -> &'a Pipe {
        &self.world.net.pipes[self.side.index()]
    }

    /// The direction that this end reads.
    pub(crate) const fn inward(&self) -> &'a Pipe {
        self.world.net.inward(self.side.index())
    }

    pub(crate) const fn socket(&self) -> &'a Socket {
        &self.world.net.sockets[self.side.index()]
    }

    pub(crate) const fn reading(&self) -> ReadEnd {
        self.told.reading
    }

    /// Whether the application takes what it has read for a whole message.
    pub(crate) fn accepts(&self) -> bool {
        self.pair.accepts(self.end(), self.framing())
    }

    /// The state of the application protocol's framing.
    pub(crate) const fn framing(&self) -> FramingState {
        self.script().framing_state(self.end().got, self.peer_script().writes)
    }

    /// What a call of the application returns.
    pub(crate) fn answer(&self, call: Call) -> Answer {
        self.pair.answer(self.end(), call)
    }

    /// Whether reading reports the end of data: `Ok(0)`.
    pub(crate) fn reads_the_end(&self) -> bool {
        self.answer(Call::Read { framing: self.framing() }) == Answer::Done
    }

    /// Whether its application has lost patience, and asked not to wait.
    pub(crate) fn is_in_haste(&self) -> bool {
        let asked = &self.script().hastens[..usize::from(self.end().hastened)];
        asked.iter().any(|manner| matches!(manner, Manner::AtOnce | Manner::Abort))
    }

    /// Whether this end itself ended its write side with a FIN.
    pub(crate) const fn sent_fin(&self) -> bool {
        has_sent_fin(self.world, self.side)
    }

    pub(crate) const fn is_released(&self) -> bool {
        self.end().machine.transport_state().is_released()
    }

    /// Whether the exchange ran undisturbed: no attack, and no deadline has passed.
    pub(crate) fn is_orderly(&self) -> bool {
        self.world.is_orderly(self.config())
    }

    /// Whether such a unit of the peer was read.
    pub(crate) fn has_read(&self, unit: Unit) -> bool {
        self.inward().position(unit).is_some_and(|at| at < self.inward().read)
    }

    /// Units of data before the peer's close_notify.
    pub(crate) fn data_before_notify(&self) -> u8 {
        let end = self.inward().position(Unit::Notify).or_else(|| self.inward().position(Unit::FatalNotify));
        self.inward().count(Unit::Data, end.unwrap_or(self.inward().written))
    }

    /// Whether the peer keeps reading until it knows our end.
    pub(crate) fn peer_waits(&self) -> bool {
        let waits = matches!(
            self.peer_script().closing,
            Closing::In(Manner::Graceful | Manner::HandBack) | Closing::HalfThenGraceful
        );
        let refuses = self.peer_script().policy.late_data == close_notify_core::LateData::Refuse;
        let patient = self.peer().hastened == 0;
        self.peer_script().profile == Profile::Conforming
            && self.peer_script().reads
            && waits
            && !refuses
            && patient
    }

    /// Whether the peer itself ended its direction, or released its transport: it sends nothing
    /// more.
    pub(crate) const fn peer_has_closed(&self) -> bool {
        let peer = &self.peer().machine;
        let notified = matches!(peer.send_state(), send::State::Notified);
        notified || peer.transport_state().is_released() || has_sent_fin(self.world, self.side.other())
    }

    /// Whether both ends conform and will close.
    pub(crate) fn both_close(&self) -> bool {
        self.config()
            .scripts
            .iter()
            .all(|script| script.profile == Profile::Conforming && script.when != When::Never)
    }
}

const fn has_sent_fin(world: &World, side: Side) -> bool {
    let (end, socket) = (world.end(side), &world.net.sockets[side.index()]);
    let shut = matches!(
        end.machine.send_state(),
        send::State::NotifiedShut | send::State::AlertedShut | send::State::SilencedShut
    );
    let closed = matches!(end.machine.transport_state(), transport::State::Closed);
    let no_reset = matches!(world.net.pipes[side.index()].rst, Rst::None);
    shut || (closed && !socket.dead && no_reset)
}
