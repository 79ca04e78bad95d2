//! One run: the adversary speaks, our side is called, and after each step everything is compared.
//!
//! Decides the order of a step. `session` and `stream` decide how each adapter is called.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use close_notify::{
    Answer, Ending, Event, FramingState, Machine, MissingNotify, Output, ReadEnd, Session, WriteEnd,
};
use insecure_test_crypto::{ALERT, APPLICATION_DATA, HANDSHAKE};

use super::action::{Action, Call, Words};
use super::adversary::Adversary;
use super::flaw::Flaw;
use super::pattern;
use super::said::{LastWord, Said};
use super::session::Stepped;
use super::setup::{Adapter, Setup};
use super::story::{Ends, Leave, Story};
use super::stream::Streamed;
use super::wire::{End, News, Owned, Wire, World};
use crate::answered::{Answered, Truth};
use crate::choices::Choices;

/// How many calls of the transport may achieve nothing in one step of a run, besides two for each
/// that does.
const FRUITLESS: usize = 24;
/// What the adapter may keep in excess of its budget: a record on each side of our close, and what
/// it holds before that counts.
const KEPT: usize = 4 << 14;

/// The longest read.
const BUFFER: usize = 20_000;

thread_local! {
    /// The buffer of reads: a run allocates as little as it can.
    static READ: RefCell<[u8; BUFFER]> = const { RefCell::new([0; BUFFER]) };
    static FORGOTTEN: Cell<u32> = const { Cell::new(0) };
}

/// Lends a buffer of this length, at most [`BUFFER`].
pub(super) fn with_buffer<R>(length: usize, call: impl FnOnce(&mut [u8]) -> R) -> R {
    READ.with_borrow_mut(|buffer| call(&mut buffer[..length.min(BUFFER)]))
}

/// The adapters call this when a session must be forgotten.
pub(crate) fn forget() {
    FORGOTTEN.set(FORGOTTEN.get() + 1);
}

/// The adapter under test.
pub(crate) enum Subject {
    Session(Stepped),
    Stream(Streamed),
}

impl Subject {
    fn session(&self) -> &Session {
        match self {
            Self::Session(stepped) => stepped.session(),
            Self::Stream(streamed) => streamed.session(),
        }
    }
}

/// The state of a run: what both sides have done.
pub(crate) struct Run {
    pub(crate) setup: Setup,
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) peer: Adversary,
    pub(crate) said: Said,
    pub(crate) story: Story,
    /// The data that our application must get: offset in the peer's stream, and length.
    pub(crate) owed: Vec<(usize, usize)>,
    /// How much of that data was read.
    pub(crate) read: usize,
    /// How much of that data is due if our side refused earlier, in a run that otherwise looks the
    /// same.
    spared: Option<usize>,
    cursor: (usize, usize),
    /// How many bytes our application certainly wrote.
    pub(crate) wrote: usize,
    /// How many more it may have written.
    pub(crate) perhaps: usize,
}

/// Plays an input to its end.
pub(crate) fn play(data: &[u8]) -> Result<(), Flaw> {
    let Some(mut choices) = Choices::read(data) else { return Ok(()) };
    let setup = Setup::read(&mut choices);
    FORGOTTEN.set(0);
    let wire = Wire::new(setup.chunk, setup.room);
    wire.0.borrow_mut().framed = (setup.adapter == Adapter::Stream).then_some(0);
    let mut run = Run::new(setup, &wire);
    let mut subject = match setup.adapter {
        Adapter::Session => Subject::Session(Stepped::new(&setup, Owned(wire))),
        Adapter::Stream => Subject::Stream(Streamed::new(&setup, Owned(wire))),
    };
    while let Some(action) = Action::read(&mut choices) {
        run.step(&mut subject, action)?;
    }
    run.finish(&mut subject)
}

impl Run {
    pub(super) fn new(setup: Setup, wire: &Wire) -> Self {
        Self {
            setup,
            world: Rc::clone(&wire.0),
            peer: Adversary::new(setup.version, setup.role),
            said: Said::new(setup.version, setup.role),
            story: Story::new(&setup),
            owed: Vec::with_capacity(16),
            read: 0,
            spared: None,
            cursor: (0, 0),
            wrote: 0,
            perhaps: 0,
        }
    }

    fn step(&mut self, subject: &mut Subject, action: Action) -> Result<(), Flaw> {
        match action {
            Action::Call(call) => self.call(subject, call),
            other => {
                self.suffers(other);
                Ok(())
            }
        }
    }

    /// Applies a step of the peer or of the transport.
    pub(super) fn suffers(&mut self, action: Action) {
        match action {
            Action::Call(_) => {}
            Action::Say(words) => self.say(words),
            Action::SayPart(count) => self.say_part(count),
            Action::Room(room) => self.world.borrow_mut().room = room,
            Action::Break(errno) => self.world.borrow_mut().broken = Some(errno),
            Action::End(end) => _ = self.world.borrow_mut().end.get_or_insert(end),
            Action::ResetOver => {
                let world = &mut *self.world.borrow_mut();
                if world.end.is_none() {
                    world.end = Some(End::Reset { errno: 104 });
                    world.sent.truncate(world.given);
                }
            }
        }
    }

    fn call(&mut self, subject: &mut Subject, call: Call) -> Result<(), Flaw> {
        let (before, is_gone) = {
            let world = self.world.borrow();
            (world.calls, world.is_gone)
        };
        let fruitful = match subject {
            Subject::Session(session) => session.call(self, call)?,
            Subject::Stream(stream) => stream.call(self, call)?,
        };
        let calls = (self.world.borrow().calls - before) as usize;
        if is_gone && calls > 0 {
            return Err(Flaw::of("release", "the transport is used after its release"));
        }
        if calls > 3 * fruitful + FRUITLESS {
            return Err(Flaw::of("spin", "calls of the transport that bring nothing"));
        }
        self.judge(subject)
    }

    /// Appends what the peer says to what it has sent.
    fn say(&mut self, words: Words) {
        let world = &mut *self.world.borrow_mut();
        // After the end of its stream the peer says nothing.
        if world.end.is_some() || self.peer.is_mute {
            return;
        }
        let (peer, out) = (&mut self.peer, &mut world.sent);
        match words {
            Words::Data(length) => peer.seal(APPLICATION_DATA, pattern::piece(peer.said, length), out),
            Words::Padded(length) => {
                let mut payload = pattern::piece(peer.said, length).to_vec();
                payload.extend([APPLICATION_DATA, 0, 0, 0]);
                peer.seal(0, &payload, out);
            }
            Words::Alert(alert) => peer.seal(ALERT, &alert, out),
            Words::Record(APPLICATION_DATA, payload) => {
                peer.seal(APPLICATION_DATA, pattern::piece(peer.said, payload.len()), out);
            }
            Words::Record(content, payload) => peer.seal(content, payload, out),
            Words::Long(content, length) => peer.seal(content, &vec![0; length], out),
            Words::KeyUpdate(asks) => peer.seal(HANDSHAKE, &[24, 0, 0, 1, asks], out),
            Words::AskAgain => peer.ask_again(out),
            Words::Wrongly(wrong, alert) => peer.seal_wrongly(wrong, ALERT, &alert, out),
            Words::PlainAlert([level, description]) => {
                out.extend([ALERT, 3, 3, 0, 2, level, description]);
            }
            Words::Plaintext(bytes) => out.extend_from_slice(bytes),
            Words::Again => {
                if let Some(piece) = peer.pieces.last().filter(|piece| piece.to - piece.from < 2000) {
                    out.extend_from_within(piece.from..piece.to);
                }
            }
            Words::Flood(content, count) => (0..count).for_each(|_| peer.seal(content, &[], out)),
            Words::AlertFlood(alert, count) => (0..count).for_each(|_| peer.seal(ALERT, &alert, out)),
        }
    }

    /// Sends the first `count` bytes of a close_notify, but never its last byte.
    fn say_part(&mut self, count: usize) {
        let world = &mut *self.world.borrow_mut();
        if world.end.is_none() && !self.peer.is_mute {
            let from = world.sent.len();
            self.peer.seal_unheard(ALERT, &[1, 0], &mut world.sent);
            let most = world.sent.len() - from - 1;
            world.sent.truncate(from + count.min(most));
        }
    }

    /// Checks that the data that was read is what the peer said, in order.
    pub(crate) fn reads(&mut self, mut bytes: &[u8]) -> Result<(), Flaw> {
        self.read += bytes.len();
        while !bytes.is_empty() {
            let (range, offset) = self.cursor;
            let Some(&(at, length)) = self.owed[..self.story.ranges].get(range) else {
                return Err(Flaw::of("ignore-after-notify", "data was handed on that nobody may have"));
            };
            let count = bytes.len().min(length - offset);
            if !pattern::is_at(at + offset, &bytes[..count]) {
                return Err(Flaw::of(
                    "delivered-before-end",
                    "data was handed on that the peer did not say here",
                ));
            }
            self.cursor = if offset + count == length { (range + 1, 0) } else { (range, offset + count) };
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Checks, when an end is reported, that all data before it has been read.
    pub(crate) fn reads_end(&self) -> Result<(), Flaw> {
        if self.read == self.story.owed || Some(self.read) == self.spared {
            return Ok(());
        }
        Err(Flaw::of("delivered-before-end", "an end was reported before all data in front of it"))
    }

    /// What is true now, according to the records and to what the transport took.
    pub(super) fn truth(&self) -> Truth {
        let (world, ending) = (self.world.borrow(), self.story.ending());
        let tolerates = self.setup.policy.missing_notify == MissingNotify::Accept;
        let is_cut = ending.reading == ReadEnd::TruncatedAtBoundary;
        Truth {
            has_ended: ending.reading == ReadEnd::CloseNotify || (tolerates && is_cut),
            is_missing: ending.late > 0,
            has_left: self.said.data >= self.wrote,
            has_notified: self.said.last_word == Some(LastWord::Notify),
            has_fin: world.is_shut,
            is_blocked: world.says_wait,
            is_late: false,
        }
    }

    /// Checks the machine's answers to every call, made or not.
    fn judge_answers(&self, machine: &Machine) -> Result<(), Flaw> {
        let framing = FramingState::DelimitedByEnd;
        let claims = [
            (close_notify::Call::Read { framing }, Answered::End),
            (close_notify::Call::Flush, Answered::Flushed),
            (close_notify::Call::Shutdown, Answered::Shut),
        ];
        let truth = self.truth();
        claims
            .into_iter()
            .filter(|&(call, _)| machine.answer(call) == Answer::Done)
            .try_for_each(|(_, answered)| truth.bears(answered).map_err(Flaw::answer))
    }

    /// Checks everything that must hold at any time.
    fn judge(&mut self, subject: &mut Subject) -> Result<(), Flaw> {
        let ours = subject.session().ending();
        if ours != self.story.ending() {
            return Err(Flaw::ending(ours, self.story.ending()));
        }
        let held = self.story.owed - self.read;
        // As many bytes before our close as after it.
        if held > 2 * self.setup.policy.most_kept() as usize + KEPT {
            return Err(Flaw::of("memory", "more plaintext is kept than the policy allows"));
        }
        self.judge_bytes(&ours)?;
        self.judge_answers(subject.session().machine())
    }

    /// Checks that what was written is on the wire, reported as discarded, or lost with the
    /// transport.
    fn judge_bytes(&self, ours: &Ending) -> Result<(), Flaw> {
        let Self { wrote, perhaps, said, .. } = self;
        let accounted = said.data + ours.discarded as usize;
        if accounted > wrote + perhaps {
            return Err(Flaw::of("cut-is-visible", "more is said and discarded than was written"));
        }
        let last_word_is_out =
            matches!(ours.writing, WriteEnd::CloseNotifySent | WriteEnd::FatalAlertSent(_));
        if last_word_is_out && *perhaps == 0 && accounted < *wrote {
            return Err(Flaw::of(
                "cut-is-visible",
                "what was written is neither said nor reported as discarded",
            ));
        }
        match (ours.writing, said.last_word) {
            (WriteEnd::CloseNotifySent, Some(LastWord::Notify)) => {}
            (WriteEnd::FatalAlertSent(alert), Some(LastWord::Fatal(code))) if alert.0 == code => {}
            (WriteEnd::CloseNotifySent | WriteEnd::FatalAlertSent(_), _) => {
                return Err(Flaw::of(
                    "last-word",
                    "the last word that is reported is not the one that was said",
                ));
            }
            _ => {}
        }
        if FORGOTTEN.get() > 0 && ours.resumption.allowed {
            return Err(Flaw::of("unclean-allows-resume", "a session was forgotten that may be resumed"));
        }
        Ok(())
    }

    /// Checks at the end of the input that a close ends, and that all data is handed on.
    fn finish(&mut self, subject: &mut Subject) -> Result<(), Flaw> {
        self.world.borrow_mut().room = usize::MAX;
        self.exhaust(subject)?;
        if subject.session().machine().manner().is_closing() {
            self.call(subject, Call::DeadlinePasses)?;
            self.exhaust(subject)?;
        }
        let ending = self.story.ending();
        let must_forget = !ending.resumption.allowed;
        if must_forget != (FORGOTTEN.get() == 1) {
            return Err(Flaw::of(
                "fatal-forgets-session",
                "a session is forgotten once, where a rule says so",
            ));
        }
        let machine = subject.session().machine();
        let waits = machine.output() == Output::HandBack;
        if machine.manner().is_closing() && !self.world.borrow().is_gone && !waits {
            return Err(Flaw::of("no-mutual-wait", "a close whose deadline has passed has not ended"));
        }
        Ok(())
    }

    /// Reads and continues until neither achieves anything.
    fn exhaust(&mut self, subject: &mut Subject) -> Result<(), Flaw> {
        loop {
            let before = (self.read, self.story.at);
            self.call(subject, Call::Run)?;
            self.call(subject, Call::Read(20_000))?;
            if (self.read, self.story.at) == before {
                break;
            }
        }
        self.reads_end()
    }

    /// If our side refused what came, rustls may have done so at an earlier record than this story
    /// says: what is drained after an alert is counted in the same way. Notes the data that is due
    /// in that case.
    pub(crate) fn look_at_the_other_story(
        &mut self,
        before: Story,
        news: &[News],
        ours: &Ending,
        told: Leave,
    ) {
        if told.refuses
            || before.ending().reading == ours.reading
            || !matches!(ours.reading, ReadEnd::Refused(_))
        {
            return;
        }
        self.story = before;
        self.tell_call(news, ours, Leave { refuses: true, ..told });
        self.spared = (self.story.ending() == *ours).then_some(self.story.owed);
        self.story = before;
        self.tell_call(news, ours, told);
    }

    /// Where our side's output ends. Nothing counts as flushed while other output than data waits.
    pub(super) fn ends(&self, is_flushed: bool) -> Ends {
        let Said { data, data_ends_at, ends_at, .. } = self.said;
        let has_left = is_flushed && data >= self.wrote;
        Ends { data: has_left.then_some(data_ends_at), word: ends_at }
    }

    /// Adds one call to the story, of an adapter that takes each record as soon as it is whole.
    pub(crate) fn tell_call(&mut self, news: &[News], ours: &Ending, leave: Leave) {
        let world = self.world.borrow();
        let ends = self.ends(!leave.keeps);
        let story = &mut self.story;
        let mut deadline = leave.deadline;
        for &item in news {
            // What was read is thrown away after the last word is out, and before anything else is
            // read.
            if !item.is_of_writing() {
                story.drains_if_told(ours);
            }
            if deadline && matches!(item, News::Dropped | News::ResetByUs) {
                deadline = !story.tell(Event::DeadlinePassed);
            }
            let ended = !story.reads();
            story.hears(item, world.is_reset, ours, ends);
            if ended && matches!(item, News::Read(_)) {
                story.drains();
            }
            while story.reads()
                && let Some(record) = story.next_record(&world, &self.peer)
            {
                story.takes(record, leave, ours, &mut self.owed, &self.peer);
            }
        }
        if deadline {
            story.tell(Event::DeadlinePassed);
        }
        story.is_flushed(ends);
        story.drains_if_told(ours);
        story.discards_if_told(ours);
    }
}
