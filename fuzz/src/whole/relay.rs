//! A relay between two connections over tokio, or between one and a transport without TLS: an end
//! that was unclean on one side is never clean on the other.
//!
//! Decides how an input is read. Source: RFC 9846 §6.1, RFC 9112 §8 · no-laundering.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use close_notify::tasks::{Plain, Relayed, Stream, copy_bidirectional};
use close_notify::{Close, FirstCloser, Policy, ReadEnd, Version, WriteEnd};

use super::agree::{self, Facts};
use super::line::{Line, Net};
use super::series::policy;
use super::side::{Op, Side};
use super::tasks::{self, Action, LONG, ROUNDS};
use super::time::Clock;
use super::{ROOM, told};
use crate::choices::Choices;
use crate::lab;
use crate::pair::nature;
use crate::task::Task;
use crate::wire::{ECONNRESET, Nature};

/// The set-up of a run.
#[derive(Clone, Copy, Debug)]
struct Setting {
    versions: [Version; 2],
    /// The far side has no TLS.
    is_plain: bool,
    /// The policies of both sides. The two in the middle are the relay's: those of a proxy, or
    /// others.
    policies: [Policy; 4],
    natures: [Nature; 2],
}

impl Setting {
    fn read(choices: &mut Choices<'_>) -> Self {
        let what = choices.byte();
        let version = |bit: u8| lab::VERSIONS[usize::from(what >> bit & 1 == 0)];
        let [near, far] = [policy(choices), policy(choices)];
        let other = policy(choices);
        let relay = if what >> 3 & 1 == 0 { Policy::proxy() } else { other };
        Self {
            versions: [version(0), version(1)],
            is_plain: what >> 2 & 1 == 1,
            policies: [near, relay, relay, far],
            natures: [nature(choices.byte()), nature(choices.byte())],
        }
    }
}

pub(super) fn tell(choices: &mut Choices<'_>) -> Vec<String> {
    told(&Setting::read(choices), choices, Action::next)
}

/// Runs an input of this world. Panics if a byte is lost, an end is laundered, or a side waits
/// forever.
pub(super) fn run(choices: &mut Choices<'_>) {
    let setting = Setting::read(choices);
    let mut run = Run::new(&setting);
    while let Some((at, action)) = Action::next(choices) {
        run.act(at, action);
    }
    run.finish();
}

/// The relay's task.
struct Relay {
    copies: Option<Pin<Box<dyn Future<Output = Relayed>>>>,
    task: Task<()>,
    relayed: Option<Relayed>,
}

impl Relay {
    fn new(copies: impl Future<Output = Relayed> + 'static) -> Self {
        let task = Task::new();
        task.waker.wake_by_ref();
        Self { copies: Some(Box::pin(copies)), task, relayed: None }
    }

    fn go(&mut self) -> bool {
        let is_woken = self.task.sleeps();
        if is_woken {
            self.poll();
        }
        is_woken
    }

    fn poll(&mut self) {
        let Some(copies) = &mut self.copies else { return };
        if let Poll::Ready(relayed) = copies.as_mut().poll(&mut Context::from_waker(&self.task.waker)) {
            self.relayed = Some(relayed);
            self.copies = None;
        }
    }
}

async fn copies_streams(mut near: Stream<Line>, mut far: Stream<Line>) -> Relayed {
    copy_bidirectional(&mut near, &mut far).await.expect("a peer makes no relay fail")
}

async fn copies_plain(mut near: Stream<Line>, far: Line) -> Relayed {
    copy_bidirectional(&mut near, &mut Plain::new(far)).await.expect("a peer makes no relay fail")
}

struct Run {
    nets: [Net; 2],
    sides: [Side; 2],
    relay: Relay,
    clock: Clock,
    is_plain: bool,
    versions: [Version; 2],
}

impl Run {
    fn new(setting: &Setting) -> Self {
        let clock = Clock::new();
        let policies = setting.policies;
        let (near_net, [near, relay_near]) = Net::new(setting.natures[0]);
        let (far_net, [relay_far, far]) = Net::new(setting.natures[1]);
        let facts = |policy| Facts::new(policy, true);
        let [client, server] = lab::played_pair(setting.versions[0]);
        let near = Side::whole(0, &near_net.wire, facts(policies[0]), Stream::new(client, near, policies[0]));
        let relay_near = Stream::new(server, relay_near, policies[1]);
        let (far, relay) = if setting.is_plain {
            (
                Side::raw(1, &far_net.wire, facts(policies[3]), far),
                Relay::new(copies_plain(relay_near, relay_far)),
            )
        } else {
            let [client, server] = lab::played_pair(setting.versions[1]);
            let relay_far = Stream::new(client, relay_far, policies[2]);
            let far =
                Side::whole(1, &far_net.wire, facts(policies[3]), Stream::new(server, far, policies[3]));
            (far, Relay::new(copies_streams(relay_near, relay_far)))
        };
        let (nets, sides) = ([near_net, far_net], [near, far]);
        Self { nets, sides, relay, clock, is_plain: setting.is_plain, versions: setting.versions }
    }

    fn act(&mut self, at: usize, action: Action) {
        tasks::act(&mut self.sides[at], &self.nets[at], &mut self.clock, action);
        let wire = &self.nets[at].wire;
        // The outer end of each wire is the side's, the inner one the relay's.
        let outer = at;
        match action {
            Action::Flow => drop(self.flow(64)),
            Action::Go => drop(self.relay.go()),
            Action::Deliver(most) => (0..2).for_each(|end| wire.borrow().deliver(end, most)),
            Action::Fin => wire.borrow().forge_fin(1 - outer),
            Action::Reset => wire.borrow().forge_error(1 - outer, ECONNRESET),
            Action::Cut => wire.borrow().cut(),
            _ => {}
        }
        self.nets.iter().for_each(Net::wake);
        self.agree();
    }

    fn flow(&mut self, rounds: usize) -> bool {
        for _ in 0..rounds {
            let before = self.moved();
            for net in &self.nets {
                (0..2).for_each(|end| net.wire.borrow().deliver(end, usize::MAX));
                net.wake();
            }
            let mut went = self.relay.go();
            self.sides.iter_mut().for_each(|side| went |= side.go());
            self.nets.iter().for_each(Net::wake);
            if !went && self.moved() == before {
                return true;
            }
        }
        false
    }

    fn moved(&self) -> usize {
        self.nets.iter().map(|net| net.wire.borrow().moved()).sum()
    }

    fn rests(&mut self) {
        assert!(self.flow(ROUNDS), "a relay comes to no rest");
        let before = self.moved();
        if !self.relay.task.is_woken() && self.relay.copies.is_some() {
            self.relay.poll();
            let is_idle = self.relay.copies.is_some() && self.moved() == before;
            assert!(is_idle, "the relay had something to do, and nobody woke it");
        }
    }

    /// Both sides read what there is, end well, and then time passes: nobody waits forever.
    fn finish(&mut self) {
        self.rests();
        for _ in 0..8 {
            self.sides.iter_mut().for_each(|side| side.call(Op::Read(ROOM)));
            self.rests();
        }
        for op in [Op::Flush, Op::Close(Close::Graceful), Op::Read(ROOM), Op::Read(ROOM), Op::Read(ROOM)] {
            self.sides.iter_mut().for_each(|side| side.call(op));
            self.rests();
        }
        self.agree();
        for _ in 0..2 {
            self.clock.jump(LONG);
            self.sides.iter_mut().for_each(|side| side.call(Op::Close(Close::Graceful)));
            self.rests();
        }
        self.sides.iter_mut().for_each(Side::drops);
        self.rests();
        self.clock.jump(LONG);
        self.rests();
        self.agree();
        let is_cut = self.nets.iter().any(|net| !net.wire.borrow().is_orderly());
        assert!(is_cut || self.relay.relayed.is_some(), "both sides are gone, and the relay waits");
    }

    /// Checks that what each side got fits what the other did, and what the relay reports.
    fn agree(&self) {
        let facts = self.sides.each_ref().map(|side| side.facts);
        for (to, from) in [(0, 1), (1, 0)] {
            assert!(facts[to].got <= facts[from].taken + facts[from].in_doubt, "data that nobody wrote");
            if self.read_a_clean_end(to, &facts[to]) && !self.has_ended_both(to, &facts[to]) {
                self.was_not_laundered(&facts[to], &facts[from], from);
            }
        }
        let Some(relayed) = self.relay.relayed else { return };
        let [up, down] = relayed.bytes;
        assert!(
            facts[1].got as u64 <= up && up <= (facts[0].taken + facts[0].in_doubt) as u64,
            "{relayed:?}"
        );
        assert!(facts[0].got as u64 <= down && down <= (facts[1].taken + facts[1].in_doubt) as u64);
        self.is_truly_told(&relayed);
    }

    /// Whether the side's own close_notify has ended both directions, so that data that could not
    /// be delivered then was not wanted.
    fn has_ended_both(&self, at: usize, facts: &Facts) -> bool {
        let is_older = self.versions[at] != Version::Tls13 && !(at == 1 && self.is_plain);
        is_older && facts.ending.is_some_and(|ending| ending.first_closer != FirstCloser::Peer)
    }

    fn read_a_clean_end(&self, at: usize, facts: &Facts) -> bool {
        if at == 1 && self.is_plain {
            // On an undisturbed wire an end of the stream comes from the relay.
            return facts.at_end
                && self.nets[1].wire.borrow().is_orderly()
                && !self.nets[1].wire.borrow().is_dead(1);
        }
        facts.at_end && facts.ending.is_some_and(|ending| ending.reading == ReadEnd::CloseNotify)
    }

    // no-laundering
    fn was_not_laundered(&self, to: &Facts, from: &Facts, side: usize) {
        if side == 1 && self.is_plain {
            let touched = !self.nets[1].wire.borrow().is_orderly();
            assert!(touched || self.nets[1].wire.borrow().towards(0).shut, "an end that nobody said");
            return;
        }
        let ending = from.ending.expect("a stream knows how it ended");
        let has_notified = matches!(
            ending.writing,
            WriteEnd::CloseNotifySent | WriteEnd::Aborted { after_close_notify: true }
        );
        assert!(has_notified, "a clean end was read that the other side did not say: {ending:?}");
        if let Some(end) = &to.ending {
            agree::is_exact(to.got, end, from, &ending);
        }
    }

    /// Checks that a relay that reports everything as whole has read a clean end on each side with
    /// TLS.
    fn is_truly_told(&self, relayed: &Relayed) {
        assert_eq!(relayed.endings[1].is_none(), self.is_plain);
        let has_read_it =
            |at: usize| relayed.endings[at].is_none_or(|end| end.reading == ReadEnd::CloseNotify);
        // Up to TLS 1.2 one side's close_notify ends both directions, and the relay does not wait
        // for the other side's end.
        let has_ended_both = |at: usize| {
            let has_tls = relayed.endings[at].is_some();
            has_tls && self.versions[at] != Version::Tls13 && has_read_it(at)
        };
        let is_whole = (has_read_it(0) || has_ended_both(1)) && (has_read_it(1) || has_ended_both(0));
        assert!(!relayed.is_whole || is_whole, "a relay calls whole what is not: {relayed:?}");
        agree::is_true(&relayed.endings[0], &self.sides[0].facts);
        if !self.is_plain {
            agree::is_true(&relayed.endings[1], &self.sides[1].facts);
        }
    }
}
