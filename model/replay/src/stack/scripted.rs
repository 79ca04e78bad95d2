//! Two stacks, joined by a wire that follows a path of the model: nothing passes until the path
//! says so.
//!
//! Decides nothing. Each record is a separate segment. Forged segments are those of an adversary on
//! the path, who also corrects the sequence numbers after what it has inserted. The clocks stand
//! still, so nothing is sent twice. Bare acknowledgements do not pass: the model has none, and
//! every segment carries one.

use std::collections::VecDeque;
use std::io;

use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::{Seen, World};
use smoltcp::wire::TcpSeqNumber;

use super::end::End;
use super::host::Host;
use super::port::{Manner, StackPort};
use super::segment::{Forged, Segment};
use crate::wire::Wire;

/// What a packet may hold: one record, whole.
const MTU: usize = 1500;

/// At once, each record by itself.
const MANNER: Manner = Manner { chunk: usize::MAX, speaks: true };

/// What an end has sent, as the wire sees it.
struct Said {
    /// Segments that have not left the end.
    waiting: VecDeque<Segment>,
    /// Segments on their way.
    flying: VecDeque<Segment>,
    /// Its reset.
    reset: Option<Segment>,
    /// The sequence number after its last.
    next: TcpSeqNumber,
    /// What it acknowledged last.
    acked: TcpSeqNumber,
    /// What was last acknowledged to it.
    heard: TcpSeqNumber,
    /// The lengths of what it wrote.
    lengths: Vec<usize>,
}

/// Both ends, and what is between them.
pub(crate) struct Scripted {
    ends: [End; 2],
    said: [Said; 2],
}

impl Scripted {
    /// Two stacks, connected. With `one_shot`, an error is gone once a call has returned it. Fails
    /// if they do not connect.
    pub(crate) fn new(one_shot: bool) -> io::Result<Self> {
        let (hosts, first) = Host::connected(MTU, 0)?;
        let said = Side::BOTH.map(|side| Said {
            waiting: VecDeque::new(),
            flying: VecDeque::new(),
            reset: None,
            next: first[side.index()],
            acked: first[side.other().index()],
            heard: first[side.index()],
            lengths: Vec::new(),
        });
        Ok(Self { ends: hosts.map(|host| End::new(host, one_shot)), said })
    }

    /// Takes what an end has sent.
    fn collect(&mut self, side: Side) {
        let (host, said) = (&mut self.ends[side.index()].host, &mut self.said[side.index()]);
        host.speak();
        while let Some(segment) = host.said() {
            said.acked = segment.ack().filter(|_| !segment.is_reset()).unwrap_or(said.acked).max(said.acked);
            if segment.is_reset() {
                said.reset = Some(segment);
            } else if segment.carries() {
                said.next = segment.seq() + segment.payload().len() + usize::from(segment.is_fin());
                said.waiting.push_back(segment);
            }
        }
    }

    /// Gives a segment to an end.
    fn deliver(&mut self, to: Side, segment: Segment) {
        let segment = segment.acknowledging_at_most(self.said[to.index()].next);
        let heard = segment.ack().filter(|_| !segment.is_reset());
        let said = &mut self.said[to.index()];
        said.heard = heard.unwrap_or(said.heard).max(said.heard);
        self.ends[to.index()].hear(segment);
        self.collect(to);
    }

    fn forge(&mut self, to: Side, what: Forged<'_>) {
        let said = &self.said[to.index()];
        let segment = Segment::forge(to, what, said.acked, said.heard);
        self.deliver(to, segment);
    }

    fn unit_arrives(&mut self, from: Side, before: &World) -> io::Result<()> {
        let to = from.other().index();
        let next = self.said[from.index()].flying.pop_front();
        let segment = next.ok_or_else(|| io::Error::other("nothing of the end is on its way"))?;
        let (is_fin, expected) = (segment.is_fin(), self.ends[to].arrived() + segment.payload().len());
        self.deliver(from.other(), segment);
        let end = &self.ends[to];
        let gone = before.net.sockets[to];
        let came = match gone.dead || (gone.closed && !is_fin) {
            true => self.said[to].reset.is_some(),
            false => (end.arrived() == expected && end.has_fin() == is_fin) || gone.closed,
        };
        if came { Ok(()) } else { Err(io::Error::other("the stack took it otherwise than the model says")) }
    }

    /// The end's own reset arrives. Its sequence number is that of a reset sent now: what was
    /// inserted before it counts.
    fn reset_arrives(&mut self, from: Side) -> io::Result<()> {
        let to = from.other();
        let reset = self.said[from.index()].reset.take();
        let reset = reset
            .ok_or_else(|| io::Error::other("the end sent a FIN where the model says that it resets"))?;
        let seq = reset.seq().max(self.said[to.index()].acked);
        self.deliver(to, reset.with_seq(seq));
        self.is_reset(to)
    }

    fn is_reset(&self, side: Side) -> io::Result<()> {
        let end = &self.ends[side.index()];
        let known = end.is_dead() || end.is_released();
        if known { Ok(()) } else { Err(io::Error::other("the reset changed nothing")) }
    }

    fn forge_fin(&mut self, to: Side, inside: bool) -> io::Result<()> {
        let next = self.said[to.other().index()].flying.front().cloned();
        let record = next.as_ref().filter(|_| inside).map_or(&[][..], Segment::payload);
        self.forge(to, Forged::Fin(&record[..record.len() / 2]));
        self.ends[to.other().index()].is_spoken_for = true;
        let known = self.ends[to.index()].has_fin();
        if known { Ok(()) } else { Err(io::Error::other("the forged FIN changed nothing")) }
    }
}

impl Wire for Scripted {
    type Port<'a> = StackPort<'a>;

    fn port<'a>(&'a mut self, side: Side, before: &World) -> StackPort<'a> {
        StackPort::new(&mut self.ends[side.index()], before.end(side).saw(Seen::HANDED_BACK), MANNER)
    }

    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>) {
        self.said[side.index()].lengths.extend(records.iter().map(Vec::len));
        self.collect(side);
    }

    fn carry(&mut self, action: Action, before: &World) -> io::Result<()> {
        match action {
            Action::Leave(side) => {
                let said = &mut self.said[side.index()];
                let next =
                    said.waiting.pop_front().ok_or_else(|| io::Error::other("nothing waits to leave"))?;
                said.flying.push_back(next);
                Ok(())
            }
            Action::Arrive(side) => self.unit_arrives(side, before),
            Action::ResetArrives(side) => self.reset_arrives(side),
            Action::ForgeFin(side) => self.forge_fin(side, false),
            Action::ForgeFinInside(side) => self.forge_fin(side, true),
            Action::ForgeReset(side) => {
                self.forge(side, Forged::Reset);
                self.is_reset(side)
            }
            _ => Ok(()),
        }
    }

    fn release(&mut self, side: Side) {
        self.ends[side.index()].release();
        self.collect(side);
    }

    fn take_error(&mut self, side: Side, _before: &World) -> io::Result<Option<i32>> {
        Ok(self.ends[side.index()].take_error().map(|errno| errno.number()))
    }

    fn length(&self, side: Side, at: usize) -> usize {
        self.said[side.index()].lengths[at]
    }

    fn torn(&self, side: Side, before: &World) -> usize {
        super::torn(&self.ends[side.index()], side, before)
    }
}
