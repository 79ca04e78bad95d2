//! Two stacks, joined by a wire that loses, repeats, reorders, delays and forges as the caller
//! likes.
//!
//! Decides nothing: reality leads. It keeps what is in the air, and how far each stack has come.
//! `trace.rs` says what that means to the model.

use std::io;

use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::{Seen, World};
use smoltcp::socket::tcp::State;
use smoltcp::wire::TcpSeqNumber;

use super::end::{End, Heard};
use super::host::Host;
use super::port::{Manner, StackPort};
use super::segment::{Forged, Segment};
use crate::wire::Wire;

/// The maker of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Maker {
    /// The socket of the end.
    Socket,
    /// The stack of an end whose socket is gone.
    Stack,
    /// The adversary.
    Adversary,
}

/// A segment in the air.
#[derive(Clone)]
struct Flight {
    to: Side,
    segment: Segment,
    maker: Maker,
}

/// The effect of a segment that landed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landed {
    /// The end at which it landed.
    pub(super) to: Side,
    /// Its maker.
    pub(super) maker: Maker,
    /// Its effect on the end.
    pub(super) heard: Heard,
    /// Whether it carried something of the stream for an end that is gone, which answered with a
    /// reset.
    pub(super) bounced: bool,
    /// The distance of its first byte from what the end expects next.
    pub(super) offset: isize,
    /// Whether it was a reset with exactly the sequence number that the end expects, and changed
    /// nothing.
    pub(super) missed: bool,
}

/// How a connection is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The most bytes that a call of an adapter moves.
    pub chunk: usize,
    /// The most bytes of the stream that a segment carries.
    pub segment: usize,
    /// The seed of the first sequence numbers.
    pub seed: u64,
}

/// Both ends and what is in the air between them.
pub(crate) struct Lossy {
    ends: [End; 2],
    first: [TcpSeqNumber; 2],
    air: Vec<Flight>,
    lengths: [Vec<usize>; 2],
    /// How far each end has sent: bytes, and its FIN.
    sent: [usize; 2],
    fin_sent: [bool; 2],
    chunk: usize,
    is_cut: bool,
}

impl Lossy {
    /// Two stacks, connected. Fails if they do not connect.
    pub(super) fn new(setup: Setup, one_shot: bool) -> io::Result<Self> {
        let (hosts, first) = Host::connected(setup.segment + 40, setup.seed)?;
        Ok(Self {
            ends: hosts.map(|host| End::new(host, one_shot)),
            first,
            air: Vec::with_capacity(32),
            lengths: [Vec::with_capacity(8), Vec::with_capacity(8)],
            sent: [0; 2],
            fin_sent: [false; 2],
            chunk: setup.chunk.max(1),
            is_cut: false,
        })
    }

    pub(super) const fn end(&self, side: Side) -> &End {
        &self.ends[side.index()]
    }

    /// A FIN was forged in the name of this side.
    pub(super) const fn speaks_for(&mut self, side: Side) {
        self.ends[side.index()].is_spoken_for = true;
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.air.len()
    }

    /// How many units have begun to leave an end.
    pub(super) fn units_sent(&self, side: Side) -> u8 {
        let (mut begins, mut units) = (0, 0);
        for length in &self.lengths[side.index()] {
            units += u8::from(begins < self.sent[side.index()]);
            begins += length;
        }
        units
    }

    /// Whether the FIN of an end has left it.
    pub(super) const fn has_sent_fin(&self, side: Side) -> bool {
        self.fin_sent[side.index()]
    }

    /// How many units of the other end have arrived whole, and how many bytes of the next.
    pub(super) fn units_arrived(&self, side: Side) -> (u8, usize) {
        let (mut left, mut units) = (self.end(side).arrived(), 0);
        for &length in &self.lengths[side.other().index()] {
            if length > left {
                break;
            }
            left -= length;
            units += 1;
        }
        (units, left)
    }

    /// An end's stack sends all that it may.
    pub(super) fn speak(&mut self, side: Side) {
        self.ends[side.index()].host.speak();
        self.collect(side, Maker::Socket);
    }

    /// Moves what an end has sent into the air. Returns whether one of the segments was a reset.
    fn collect(&mut self, side: Side, maker: Maker) -> bool {
        let (index, mut resets) = (side.index(), false);
        while let Some(segment) = self.ends[index].host.said() {
            resets |= segment.is_reset();
            if segment.carries() {
                let from = distance(self.first[index], segment.seq());
                let end = usize::try_from(from).unwrap_or(0) + segment.payload().len();
                self.sent[index] = self.sent[index].max(end);
                self.fin_sent[index] |= segment.is_fin();
            }
            if !self.is_cut {
                self.air.push(Flight { to: side.other(), segment, maker });
            }
        }
        resets
    }

    /// A segment in the air lands; `None` if there is none. `keep` leaves a copy of it in the air.
    pub(super) fn land(&mut self, nth: usize, keep: bool) -> Option<Landed> {
        let flight = match keep {
            true => self.air.get(nth)?.clone(),
            false if nth < self.air.len() => self.air.remove(nth),
            false => return None,
        };
        Some(self.hear(flight))
    }

    fn hear(&mut self, Flight { to, segment, maker }: Flight) -> Landed {
        let offset = distance(self.expected(to), segment.seq());
        let carries = segment.carries();
        // An adversary that forges a FIN also keeps its victim's acknowledgements of it from the
        // other end.
        let segment = segment.acknowledging_at_most(self.next(to));
        let end = &mut self.ends[to.index()];
        let before = end.host.state();
        let (was_open, is_due) = (before != State::Closed, segment.is_reset() && offset == 0);
        let heard = end.hear(segment);
        let missed = is_due && was_open && before != State::TimeWait && !heard.reset;
        let answered = self.collect(to, if was_open { Maker::Socket } else { Maker::Stack });
        let bounced = carries && (heard.refused || (answered && !was_open));
        Landed { to, maker, heard, bounced, offset, missed }
    }

    /// The sequence number that an end expects next.
    fn expected(&self, side: Side) -> TcpSeqNumber {
        self.first[side.other().index()] + self.end(side).expects()
    }

    /// The sequence number after all that an end has sent.
    fn next(&self, side: Side) -> TcpSeqNumber {
        self.first[side.index()] + self.sent[side.index()] + usize::from(self.fin_sent[side.index()])
    }

    /// A segment in the air is lost.
    pub(super) fn lose(&mut self, nth: usize) {
        if nth < self.air.len() {
            self.air.remove(nth);
        }
    }

    /// Nothing passes any more.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
        self.air.clear();
    }

    /// Advances both clocks.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        self.ends.iter_mut().for_each(|end| end.host.pass(milliseconds));
    }

    /// The adversary sends a FIN, `offset` away from what an end expects, after the first `inside`
    /// bytes of what is on its way there.
    pub(super) fn forge_fin(&mut self, to: Side, offset: isize, inside: usize) {
        let expected = self.expected(to);
        let on_its_way = self.air.iter().find_map(|flight| {
            let payload = flight.segment.payload();
            let skip = usize::try_from(distance(flight.segment.seq(), expected)).ok()?;
            (flight.to == to && flight.maker == Maker::Socket).then(|| payload.get(skip..)).flatten()
        });
        let payload = on_its_way.map_or(&[][..], |payload| &payload[..inside.min(payload.len())]);
        let segment = Segment::forge(to, Forged::Fin(payload), moved(expected, offset), self.next(to));
        self.inject(to, segment);
    }

    /// The adversary sends a reset, `offset` away from what an end expects.
    pub(super) fn forge_reset(&mut self, to: Side, offset: isize) {
        let segment = Segment::forge(to, Forged::Reset, moved(self.expected(to), offset), self.next(to));
        self.inject(to, segment);
    }

    fn inject(&mut self, to: Side, segment: Segment) {
        if !self.is_cut {
            self.air.insert(0, Flight { to, segment, maker: Maker::Adversary });
        }
    }
}

/// How far `to` is after `from`, in numbers that wrap.
const fn distance(from: TcpSeqNumber, to: TcpSeqNumber) -> isize {
    to.0.wrapping_sub(from.0) as isize
}

const fn moved(number: TcpSeqNumber, by: isize) -> TcpSeqNumber {
    TcpSeqNumber(number.0.wrapping_add(by as i32))
}

impl Wire for Lossy {
    type Port<'a> = StackPort<'a>;

    fn port<'a>(&'a mut self, side: Side, before: &World) -> StackPort<'a> {
        let manner = Manner { chunk: self.chunk, speaks: false };
        StackPort::new(&mut self.ends[side.index()], before.end(side).saw(Seen::HANDED_BACK), manner)
    }

    fn wrote(&mut self, side: Side, records: Vec<Vec<u8>>) {
        self.lengths[side.index()].extend(records.iter().map(Vec::len));
    }

    /// What the wire does is already done when the model takes the step.
    fn carry(&mut self, _action: Action, _before: &World) -> io::Result<()> {
        Ok(())
    }

    fn release(&mut self, side: Side) {
        self.ends[side.index()].release();
    }

    fn take_error(&mut self, side: Side, _before: &World) -> io::Result<Option<i32>> {
        Ok(self.ends[side.index()].take_error().map(|errno| errno.number()))
    }

    fn length(&self, side: Side, at: usize) -> usize {
        self.lengths[side.index()][at]
    }

    fn torn(&self, side: Side, before: &World) -> usize {
        super::torn(self.end(side), side, before)
    }
}
