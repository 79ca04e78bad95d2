//! Two ends over sockets of the kernel, which may be handed over to a lingering service: it reads
//! on after the last word, so that no reset destroys that word.
//!
//! Decides how an input is read, and what must have survived. No oracle depends on timing: the
//! kernel carries in order what was written, and a wait here is for something that must come.

mod ends;
mod setting;
mod tasks;
mod wrapped;

use std::io;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use close_notify::linger::Lingerer;
use close_notify::{Close, Policy, ReadEnd, Role, Version, WriteEnd};

use super::agree::{self, Facts};
use super::call::Call;
use super::{ROOM, shown, told};
use crate::choices::Choices;
use ends::{Begun, Made, Socketed, make};
pub(super) use ends::{Socket, sockets};
use setting::{Begin, Called, Service, Setting};

/// Longer than any end takes that must come.
const STUCK: Duration = Duration::from_secs(10);
/// How long a call may wait in the kernel for a peer that is not driven meanwhile.
const BRIEF: Duration = Duration::from_millis(1);
/// The pause between two checks for something that must come.
const PAUSE: Duration = Duration::from_micros(50);
/// The most bytes on the wire besides application data.
const BESIDE_DATA: usize = 8_000;

/// One step of a run, at one end.
#[derive(Clone, Copy, Debug)]
enum Action {
    Call(Call),
    /// A call that may wait in the kernel, with a brief patience.
    Waiting(Call),
    Drop,
}

const LONG: Call = Call::Patience(Duration::from_secs(3600));

const ACTIONS: [Action; 32] = [
    Action::Call(Call::Read(ROOM)),
    Action::Call(Call::Read(7)),
    Action::Call(Call::ReadInTwo(3)),
    Action::Call(Call::Write(30)),
    Action::Call(Call::Write(9_000)),
    Action::Call(Call::Write(16_384)),
    Action::Call(Call::WriteInParts(90, 7)),
    Action::Call(Call::WriteInParts(6_000, 1_000)),
    Action::Call(Call::Flush),
    Action::Call(Call::Close(Close::Graceful)),
    Action::Call(Call::Close(Close::Linger)),
    Action::Call(Call::Close(Close::AtOnce)),
    Action::Call(Call::Close(Close::Abort)),
    Action::Call(Call::CloseWrite),
    Action::Call(Call::Reject),
    Action::Call(Call::HandBack),
    Action::Call(Call::Confirm),
    Action::Call(Call::Look),
    Action::Call(Call::Track),
    Action::Call(Call::Patience(Duration::ZERO)),
    Action::Call(Call::Patience(BRIEF)),
    Action::Call(LONG),
    Action::Waiting(Call::Write(30)),
    Action::Waiting(Call::Close(Close::Graceful)),
    Action::Waiting(Call::Close(Close::Linger)),
    Action::Waiting(Call::CloseWrite),
    Action::Waiting(Call::Reject),
    Action::Waiting(Call::HandBack),
    Action::Waiting(Call::Look),
    Action::Waiting(Call::Confirm),
    Action::Call(Call::Close(Close::Linger)),
    Action::Drop,
];

fn next(choices: &mut Choices<'_>) -> Option<(usize, Action)> {
    let byte = choices.next_byte()?;
    Some((usize::from(byte & 1), ACTIONS[usize::from(byte >> 1) % ACTIONS.len()]))
}

pub(super) fn tell(choices: &mut Choices<'_>) -> Vec<String> {
    told(&Setting::read(choices), choices, next)
}

/// Runs an input of this world. Panics if a last word did not survive, two ends disagree, or the
/// service keeps what it should not.
pub(super) fn run(choices: &mut Choices<'_>) {
    let setting = Setting::read(choices);
    let mut run = Run::new(&setting).expect("the system has two sockets");
    while let Some((side, action)) = next(choices) {
        run.act(side, action);
    }
    run.finish();
}

/// One end of a run, and what is known about it.
struct Side {
    end: Option<Box<dyn Socketed>>,
    facts: Facts,
    /// The patience that was set last. It is set at each end before the first step.
    patience: Duration,
    /// Its application has asked for an end.
    has_closed: bool,
    /// The service has its socket, long enough to read whatever may come. The number is how much
    /// data the other side had written by then.
    lingers_from: Option<usize>,
}

impl Side {
    fn new(policy: Policy) -> Self {
        let facts = Facts::new(policy, true);
        Self { end: None, facts, patience: Duration::ZERO, has_closed: false, lingers_from: None }
    }

    fn begins(&mut self, made: Made) {
        match made {
            Ok(Begun::End(end)) => self.end = Some(end),
            Ok(Begun::Adopted(end)) => {
                self.facts.is_adopted = true;
                self.end = Some(end);
            }
            Ok(Begun::Ended(ending)) => {
                (self.facts.is_adopted, self.has_closed) = (true, true);
                ending.into_iter().for_each(|ending| self.facts.stands(ending));
            }
            Err(error) => self.facts.failed(&error),
        }
    }

    fn call(&mut self, side: usize, call: Call, buffer: &mut [u8]) {
        let Some(end) = &mut self.end else { return };
        match call {
            Call::Patience(patience) => self.patience = patience,
            Call::Close(_) | Call::CloseWrite | Call::Reject | Call::HandBack => self.has_closed = true,
            _ => {}
        }
        call.make(side, end.as_mut(), &mut self.facts, buffer);
        self.facts.stands(end.ending());
    }

    /// Makes a call that may also wait in the kernel, but not for long.
    fn waits(&mut self, side: usize, call: Call, buffer: &mut [u8]) {
        self.call(side, Call::Patience(BRIEF), buffer);
        self.set_waiting(true);
        self.call(side, call, buffer);
        self.set_waiting(false);
    }

    fn set_waiting(&mut self, waits: bool) {
        if let Some(end) = &mut self.end {
            end.waits(waits);
        }
    }
}

struct Run {
    service: Option<Lingerer>,
    is_wide: bool,
    is_narrow: bool,
    /// How many sockets the service has got so far, including those of handshakes that failed.
    handed: u64,
    sides: [Side; 2],
    buffer: Box<[u8]>,
}

impl Run {
    fn new(setting: &Setting) -> io::Result<Self> {
        let service = setting.service.spawn();
        let made = match setting.is_unix {
            true => make::<UnixStream>(setting, service.as_ref())?,
            false => make::<TcpStream>(setting, service.as_ref())?,
        };
        let mut run = Self {
            service,
            is_wide: setting.service == Service::Wide,
            is_narrow: setting.is_narrow,
            handed: 0,
            sides: setting.policies.map(Side::new),
            buffer: vec![0; ROOM].into(),
        };
        run.handed = run.added();
        for (side, made) in run.sides.iter_mut().zip(made) {
            side.begins(made);
        }
        run.is_refused_well(setting);
        (0..2).for_each(|side| run.act(side, Action::Call(LONG)));
        Ok(run)
    }

    /// Checks that a handshake that one end refuses ends at both by the alert that says why.
    // alert-survives-close
    fn is_refused_well(&self, setting: &Setting) {
        let Begin::Called(Called { refusal: Some(refusal), .. }) = setting.begin else { return };
        if matches!(setting.service, Service::Brief | Service::Narrow) {
            return;
        }
        let (role, alert) = refusal.alert();
        for (side, by) in self.sides.iter().zip([Role::Client, Role::Server]) {
            let expected = if role == by { ReadEnd::Refused(alert) } else { ReadEnd::FatalAlert(alert) };
            let is_early = setting.version == Version::Tls13 && by == Role::Client;
            match side.facts.ending {
                Some(ending) => assert_eq!(ending.reading, expected, "a handshake that is refused says why"),
                None => assert!(is_early && role == Role::Server, "a refused handshake has no end"),
            }
        }
    }

    /// How many sockets the service has got.
    fn added(&self) -> u64 {
        self.service.as_ref().map_or(0, |service| {
            let counters = service.counters();
            counters.lingering + counters.ended()
        })
    }

    fn act(&mut self, at: usize, action: Action) {
        let side = &mut self.sides[at];
        match action {
            Action::Call(call) => side.call(at, call, &mut self.buffer),
            // If there is no room, these wait forever.
            Action::Waiting(Call::Write(_) | Call::CloseWrite) if self.is_narrow => {}
            Action::Waiting(call) => side.waits(at, call, &mut self.buffer),
            Action::Drop => self.drops(at),
        }
        self.notes(at);
    }

    fn drops(&mut self, at: usize) {
        let side = &mut self.sides[at];
        side.has_closed = true;
        side.end.take().iter().for_each(|end| shown::is_brief(end));
    }

    /// Notes whether the service has got the socket of this side.
    fn notes(&mut self, at: usize) {
        let added = self.added();
        let theirs = self.sides[1 - at].facts.taken;
        let side = &mut self.sides[at];
        if added > self.handed && self.is_wide && side.patience > STUCK {
            side.lingers_from = Some(theirs);
        }
        self.handed = added;
        agree::agree(&self.sides.each_ref().map(|side| side.facts));
    }

    /// Ends the run: each side ends well as far as it can, and the second reads what the first has
    /// left.
    fn finish(mut self) {
        self.act(0, Action::Call(LONG));
        self.act(0, Action::Call(Call::Close(Close::Linger)));
        self.act(0, Action::Drop);
        self.reads_to_the_end(1);
        let drained = self.has_survived(0, 1);
        self.act(1, Action::Drop);
        self.service_is_empty(drained);
    }

    /// Reads on until the end, which must come because the peer is gone.
    fn reads_to_the_end(&mut self, at: usize) {
        let began = Instant::now();
        while self.reads(at) {
            assert!(began.elapsed() < STUCK, "no end comes: {:?}", self.sides[at].facts);
            thread::sleep(PAUSE);
        }
    }

    /// Reads what there is. Returns whether there may be more.
    fn reads(&mut self, at: usize) -> bool {
        let before = self.sides[at].facts.got;
        self.act(at, Action::Call(Call::Read(ROOM)));
        let side = &self.sides[at];
        let is_open = side.facts.ending.is_none_or(|ending| ending.reading == ReadEnd::Open);
        let has_transport = side.end.as_ref().is_some_and(|end| end.has_transport());
        side.facts.got > before || is_open && has_transport
    }

    /// Checks that a side that reads on, and has ended nothing itself, has read the last word that
    /// the service lingers for. Returns how much of its data, at least, the service has then read.
    // alert-survives-close, data-survives-close
    fn has_survived(&self, from: usize, to: usize) -> usize {
        let (near, far) = (&self.sides[from], &self.sides[to]);
        let budget = near.facts.policy.drain_budget as usize;
        let is_within = far.facts.taken + far.facts.in_doubt + BESIDE_DATA <= budget;
        let Some(before) = near.lingers_from.filter(|_| is_within && !far.has_closed) else { return 0 };
        let (Some(said), Some(heard)) = (near.facts.ending, far.facts.ending) else { return 0 };
        let expected = match said.writing {
            WriteEnd::CloseNotifySent => ReadEnd::CloseNotify,
            WriteEnd::FatalAlertSent(alert) => ReadEnd::FatalAlert(alert),
            _ => return 0,
        };
        assert_eq!(heard.reading, expected, "a last word was destroyed after the hand-over: {said:?}");
        // With little room, what was taken may not have left.
        if self.is_narrow { 0 } else { far.facts.taken - before }
    }

    /// Checks, after both ends are gone, that nothing lingers, and that all that did is counted.
    fn service_is_empty(&self, drained: usize) {
        let Some(service) = &self.service else { return };
        let counters = service.finish(Instant::now() + STUCK);
        assert_eq!((counters.lingering, counters.ended()), (0, self.handed), "{counters}");
        assert!(
            counters.drained >= drained as u64,
            "the service read {counters} of {drained} bytes that came"
        );
    }
}
