//! Two adapters over a hostile wire: whatever it does and whichever side asks for what, the two
//! agree on how the connection ended.
//!
//! Decides how an input is read. [`wire`](crate::wire) has the wire, [`heard`](crate::heard) reads
//! the records, and `duties` has each duty.
//!
//! After the format byte, an input has a byte for the version and the tickets, one for how the two
//! ends are driven and what they ask for at the end, a policy for each end, and one for the wire.
//! Then each byte is one action; its lowest bit is the side.

mod action;
mod duties;
mod finale;

use std::io::{self, ErrorKind};

use close_notify::{
    LateData, Manner, MissingNotify, PeerCloses, Policy, ReadEnd, Reply, Session, Version, WriteEnd,
};
use close_notify_core::recv;

use crate::answered::{Answered, Truth};
use crate::choices::Choices;
use crate::driven::{Driven, Kind, is_misuse};
use crate::heard::{Heard, LONGEST, Word, is_text, text};
use crate::lab;
use crate::wire::{Broke, Nature, Shared};
use action::Action;

/// The buffer size for reads: room for all that waits at an end.
const ROOM: usize = 20_000;
/// The most bytes that an application writes in a run.
const MOST: usize = 6 * LONGEST;

/// A decoded input.
struct Input<'a> {
    version: Version,
    tickets: usize,
    kinds: [Kind; 2],
    /// How a side closes if it has not by the end of the input.
    at_last: [Manner; 2],
    policies: [Policy; 2],
    nature: Nature,
    actions: Choices<'a>,
}

impl<'a> Input<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut choices = Choices::read(data)?;
        let (handshake, ends) = (choices.byte(), choices.byte());
        let version = lab::VERSIONS[usize::from(handshake & 1)];
        let kind = |bit: u8| if ends >> bit & 1 == 0 { Kind::Session } else { Kind::Stream };
        let at_last = |bit: u8| if ends >> bit & 1 == 0 { Manner::Graceful } else { Manner::Linger };
        Some(Self {
            version,
            tickets: if version.has_independent_halves() { usize::from(handshake >> 1 & 3) } else { 0 },
            kinds: [kind(0), kind(1)],
            at_last: [at_last(2), at_last(3)],
            policies: [policy(choices.byte()), policy(choices.byte())],
            nature: nature(choices.byte()),
            actions: choices,
        })
    }
}

/// The policy choices that matter to a close between two conforming ends.
pub(crate) fn policy(choice: u8) -> Policy {
    let choice = usize::from(choice);
    Policy {
        reply: Reply::ALL[choice % 3],
        late_data: LateData::ALL[choice / 3 % 3],
        missing_notify: MissingNotify::ALL[choice / 9 % 3],
        peer_closes: PeerCloses::ALL[choice / 27 % 2],
        drain_budget: [256 * 1024, 100, 40_000, u32::MAX][choice / 54 % 4],
        keep_budget: u32::MAX,
        ..Policy::STRICT
    }
}

pub(crate) fn nature(choice: u8) -> Nature {
    Nature {
        capacity: [1 << 17, 30_000, 5_000, 40][usize::from(choice & 3)],
        most: [usize::MAX, usize::MAX, 500, 9][usize::from(choice >> 2 & 3)],
        reset_discards: choice >> 4 & 1 == 1,
    }
}

/// One side: its end, and what its application has done and seen.
struct Side {
    kind: Kind,
    end: Driven,
    policy: Policy,
    /// Bytes that successful writes took.
    accepted: usize,
    /// Bytes that a failed write may have taken.
    perhaps: usize,
    delivered: usize,
    /// A read has returned the end, or an error.
    has_end: bool,
    /// Its application let go of the transport.
    was_dropped: bool,
    /// Its patience has ended.
    is_out_of_time: bool,
    /// How many bytes it had sent when it aborted.
    aborted_at: Option<usize>,
    /// The peer's close_notify came before its application asked for anything.
    was_closed_first: bool,
    said: Heard,
    heard: Heard,
}

/// A run under way.
struct Run {
    version: Version,
    wire: Shared,
    sides: [Side; 2],
    buffer: Box<[u8]>,
}

/// Runs two adapters over a hostile wire: any policies, any actions.
///
/// # Panics
///
/// Panics if a duty is broken; that is what a fuzzer looks for.
pub fn run(data: &[u8]) {
    let Some(mut input) = Input::read(data) else { return };
    let _story = action::Story(data);
    let mut run = Run::new(&input);
    while let Some(byte) = input.actions.next_byte() {
        let (side, action) = Action::of(byte);
        run.act(side, action);
        run.judge();
    }
    run.finish(input.at_last);
}

impl Run {
    fn new(input: &Input<'_>) -> Self {
        let version = input.version;
        let (wire, ends) = Shared::new(input.nature);
        let (connections, tickets) = match input.tickets {
            0 => (lab::played_pair(version), Vec::new()),
            tickets => lab::pair(version, tickets),
        };
        let mut sides = std::iter::zip(connections, ends).enumerate().map(|(side, (connection, end))| {
            let session = Session::new(connection, input.policies[side]);
            let end = Driven::new(input.kinds[side], session, end);
            Side::new(version, side, input.kinds[side], end, input.policies[side])
        });
        let sides = [0, 1].map(|_| sides.next().expect("there are two"));
        wire.borrow().preload(1, &tickets);
        Self { version, wire, sides, buffer: vec![0; ROOM].into() }
    }

    fn act(&mut self, at: usize, action: Action) {
        let side = &mut self.sides[at];
        match action {
            Action::Write(length) => self.write(at, length),
            Action::Read(length) => self.read(at, length),
            Action::GoOn => self.go_on(at),
            Action::Ask(manner) => self.ask(at, manner),
            Action::LosePatience => {
                side.is_out_of_time = true;
                let owes = side.owes();
                let came = side.end.lose_patience();
                self.is_borne_out(at, &came, owes);
            }
            Action::AskForError => side.end.ask_for_error(),
            Action::LetGo => {
                side.was_dropped = true;
                side.end.let_go();
            }
            Action::Deliver(most) => self.wire.borrow().deliver(at, most),
            Action::ForgeFin => self.wire.borrow().forge_fin(at),
            Action::ForgeError(errno) => self.wire.borrow().forge_error(at, errno),
            Action::Cut => self.wire.borrow().cut(),
        }
        self.does_not_spin(at);
        let side = &mut self.sides[at];
        let is_closed = side.end.machine().recv_state() == recv::State::PeerNotified;
        side.was_closed_first |= is_closed && side.end.asked().is_none();
    }

    fn write(&mut self, at: usize, length: usize) {
        let wire = self.wire.borrow();
        let (most, is_whole) = (wire.nature().most_at_once(), wire.broke(at).is_none());
        drop(wire);
        let side = &mut self.sides[at];
        let length = length.min(most).min(MOST.min(most * 4) - side.accepted.min(most * 4));
        let may_be_refused = !is_whole || side.has_ended_writing(self.version);
        match side.end.write(text(at, side.accepted, length)) {
            Ok(taken) => {
                duties::writes_only_before_the_end(side, taken);
                side.accepted += taken;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if is_misuse(&error) => {
                // RFC 9846 §6.1 · write-after-peer-notify
                assert!(may_be_refused, "write-after-peer-notify: a write was refused");
            }
            Err(_) => side.perhaps = side.perhaps.max(length),
        }
    }

    fn read(&mut self, at: usize, length: usize) {
        let buffer = &mut self.buffer[..length];
        let side = &mut self.sides[at];
        match side.end.read(buffer) {
            Ok(0) => {
                side.has_end = true;
                self.truth(at).must_bear(Answered::End);
            }
            Ok(count) => {
                assert!(!side.has_end, "delivered-before-end: data after the end");
                let is_right = is_text(1 - at, side.delivered, &buffer[..count]);
                assert!(is_right, "other data is read than was written");
                side.delivered += count;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => side.has_end = true,
        }
    }

    fn ask(&mut self, at: usize, manner: Manner) {
        let said = self.wire.borrow().said_by(at).len();
        let side = &mut self.sides[at];
        let was_released = side.end.machine().transport_state().is_released();
        let is_late = side.is_late();
        let came = side.end.ask(manner);
        let is_refused = came.as_ref().is_err_and(is_misuse);
        if manner == Manner::Abort && !is_refused && !was_released {
            side.aborted_at.get_or_insert(said);
        }
        self.is_borne_out(at, &came, is_late);
    }

    fn go_on(&mut self, at: usize) {
        let is_late = self.sides[at].is_late();
        let came = self.sides[at].end.go_on();
        self.is_borne_out(at, &came, is_late);
    }

    /// Checks the result of a call that asks for an end or continues one.
    fn is_borne_out(&mut self, at: usize, came: &io::Result<bool>, is_late: bool) {
        let asked = self.sides[at].end.asked();
        let answered = match came {
            Ok(true) if asked.is_none() => Answered::Flushed,
            Ok(true) if asked == Some(Manner::HalfClose) => Answered::Shut,
            Ok(false) if is_late || asked.is_some() => Answered::Waits,
            Ok(_) | Err(_) => return,
        };
        Truth { is_late, ..self.truth(at) }.must_bear(answered);
    }

    /// What is true of a side, according to the wire and its records.
    fn truth(&mut self, at: usize) -> Truth {
        let (wire, side) = (self.wire.borrow(), &mut self.sides[at]);
        side.said.hear(wire.said_by(at));
        side.heard.hear(wire.read_by(at));
        let word = side.heard.last.map(|last| last.word);
        let tolerates = side.policy.missing_notify == MissingNotify::Accept;
        let is_whole = side.heard.at == wire.read_by(at).len();
        let is_cut = wire.broke(at) == Some(Broke::Fin) && wire.unread(at) == 0 && is_whole && word.is_none();
        Truth {
            has_ended: matches!(word, Some(Word::Notify(_))) || (tolerates && is_cut),
            is_missing: side.delivered < side.heard.data,
            has_left: side.said.data >= side.accepted,
            has_notified: side.said.notify_end().is_some(),
            has_fin: wire.towards(1 - at).shut,
            // An application's own loop takes one record in each round.
            is_blocked: side.kind == Kind::Session || wire.says_wait(at),
            is_late: false,
        }
    }
}

impl Side {
    fn new(version: Version, side: usize, kind: Kind, end: Driven, policy: Policy) -> Self {
        Self {
            kind,
            end,
            policy,
            accepted: 0,
            perhaps: 0,
            delivered: 0,
            has_end: false,
            was_dropped: false,
            is_out_of_time: false,
            aborted_at: None,
            was_closed_first: false,
            said: Heard::of(version, side, 0, 0),
            heard: Heard::of(version, 1 - side, 0, 0),
        }
    }

    /// Whether it has something to say, or waits for an end, within its patience.
    // every-call-ends
    fn owes(&self) -> bool {
        let is_leaving = self.end.session().ending().writing == WriteEnd::Closing;
        !self.end.is_done() && (self.end.asked().is_some() || is_leaving)
    }

    /// Whether it must not wait any more. An application's own loop has a clock for one wait only.
    fn is_late(&self) -> bool {
        self.kind == Kind::Stream && self.is_out_of_time && self.owes()
    }

    /// Whether a write may be refused by now, apart from a transport that broke.
    fn has_ended_writing(&self, version: Version) -> bool {
        let reading = self.end.session().ending().reading;
        // RFC 5246 §7.2.1 · reply-at-once
        let replies = !version.has_independent_halves() && self.policy.reply != Reply::WhenAsked;
        let is_ended_by_peer =
            matches!(reading, ReadEnd::FatalAlert(_)) || (replies && reading == ReadEnd::CloseNotify);
        is_ended_by_peer || self.end.asked().is_some() || self.was_dropped || self.is_out_of_time
    }
}
