//! Both ends of one connection, with a queue of units in each direction.

use std::collections::VecDeque;

use close_notify_core::{
    AlertDescription, AlertLevel, Event, FirstCloser, LateData, Machine, Manner, Output, PeerCloses, Policy,
    ReadEnd, Reply, Version, WriteEnd,
};

use crate::common::*;

/// What one end sends to the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Data,
    Alert(AlertDescription),
    Fin,
    Rst,
}

impl Unit {
    const NOTIFY: Self = Self::Alert(AlertDescription::CLOSE_NOTIFY);

    fn event(self) -> Event {
        match self {
            Self::Data => data(100),
            Self::Alert(AlertDescription::CLOSE_NOTIFY) => CLOSE_NOTIFY,
            Self::Alert(description) => Event::PeerAlert { level: AlertLevel::FATAL, description },
            Self::Fin => EOF,
            Self::Rst => RESET,
        }
    }
}

/// One end: its machine, what is in flight to it, and everything it ever sent.
struct End {
    machine: Machine,
    inbox: VecDeque<Unit>,
    sent: Vec<Unit>,
    delivered: usize,
}

impl End {
    fn new(version: Version, policy: Policy) -> Self {
        Self { machine: open_with(version, policy), inbox: VecDeque::new(), sent: Vec::new(), delivered: 0 }
    }

    /// Does what is due, and returns what that sends.
    fn work(&mut self) -> Vec<Unit> {
        let mut out = Vec::new();
        for output in drive(&mut self.machine) {
            match output {
                Output::SendCloseNotify { .. } => out.push(Unit::NOTIFY),
                Output::SendAlert { alert } => out.push(Unit::Alert(alert)),
                Output::ShutWrite => out.push(Unit::Fin),
                Output::CloseTransport if !self.sent.contains(&Unit::Fin) && !out.contains(&Unit::Fin) => {
                    out.push(Unit::Fin);
                }
                Output::ResetTransport => out.push(Unit::Rst),
                Output::CloseTransport
                | Output::Idle
                | Output::DiscardPending
                | Output::ForgetSession
                | Output::StartDeadline
                | Output::AwaitPeer
                | Output::Drain
                | Output::HandBack
                | Output::Done => {}
            }
        }
        self.sent.extend(&out);
        out
    }

    /// Receives one unit. A lingering end reads raw bytes, a released one nothing.
    fn take(&mut self) {
        let Some(unit) = self.inbox.pop_front() else { return };
        let draining = self.machine.output() == Output::Drain && !matches!(unit, Unit::Fin | Unit::Rst);
        self.delivered += usize::from(unit == Unit::Data && self.machine.delivers_data() && !draining);
        if self.machine.output() != Output::Done {
            let event = if draining { Event::Drained { bytes: 100 } } else { unit.event() };
            self.machine = after(self.machine, &[event]);
        }
    }
}

struct Pair {
    a: End,
    b: End,
}

impl Pair {
    fn new(version: Version, policy: Policy) -> Self {
        Self { a: End::new(version, policy), b: End::new(version, policy) }
    }

    fn write(&mut self) {
        self.a.machine = after(self.a.machine, &[Event::Write]);
        self.a.sent.push(Unit::Data);
        self.b.inbox.push_back(Unit::Data);
    }

    fn work(&mut self) {
        let (from_a, from_b) = (self.a.work(), self.b.work());
        self.b.inbox.extend(from_a);
        self.a.inbox.extend(from_b);
    }

    /// Lets everything arrive. Each end closes gracefully after it has seen the other's end.
    fn settle(&mut self) {
        for _ in 0..12 {
            self.work();
            self.a.take();
            self.b.take();
            for end in [&mut self.a, &mut self.b] {
                let seen = end.machine.recv_state().has_ended() && !end.machine.manner().is_closing();
                if seen {
                    end.machine = after(end.machine, &[GRACEFUL]);
                }
            }
        }
        self.work();
    }

    fn notifies(&self) -> [usize; 2] {
        [&self.a, &self.b].map(|end| end.sent.iter().filter(|&&unit| unit == Unit::NOTIFY).count())
    }

    fn endings(&self) -> [close_notify_core::Ending; 2] {
        [self.a.machine.ending(), self.b.machine.ending()]
    }
}

fn policies() -> impl Iterator<Item = Policy> {
    let each =
        |&late_data| Reply::ALL.iter().map(move |&reply| Policy { late_data, reply, ..Policy::STRICT });
    LateData::ALL.iter().flat_map(each)
}

// RFC 9846 §6.1, RFC 5246 §7.2.1 · notify-before-fin, one-notify, delivered-before-end,
// no-mutual-wait; #1, #19
#[test]
fn a_graceful_close_is_clean_at_both_ends() {
    for &version in Version::ALL {
        for policy in policies() {
            let mut pair = Pair::new(version, policy);
            pair.write();
            pair.a.machine = after(pair.a.machine, &[GRACEFUL]);
            pair.settle();
            assert_eq!(pair.b.delivered, 1);
            assert!(pair.endings().iter().all(|ending| ending.is_clean()), "{version} {policy:?}");
            assert_eq!(pair.notifies(), [1, 1]);
            assert_eq!([pair.a.machine.output(), pair.b.machine.output()], [Output::Done; 2]);
            assert_eq!(pair.a.sent, [Unit::Data, Unit::NOTIFY, Unit::Fin]);
        }
    }
}

// RFC 9846 §6.1, RFC 5246 §7.2.1 · no-mutual-wait, crossed-confirms-nothing; #6
#[test]
fn crossing_close_notifies_are_clean_at_both_ends() {
    for &version in Version::ALL {
        for policy in policies() {
            let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..policy };
            let mut pair = Pair::new(version, policy);
            pair.a.machine = after(pair.a.machine, &[GRACEFUL]);
            pair.b.machine = after(pair.b.machine, &[GRACEFUL]);
            pair.settle();
            assert!(pair.endings().iter().all(|ending| ending.is_clean()));
            assert_eq!(pair.notifies(), [1, 1]);
            assert_eq!([pair.a.machine.output(), pair.b.machine.output()], [Output::Done; 2]);
        }
    }
}

// RFC 9112 §9.6 · alert-survives-close, no-mutual-wait; #44
#[test]
fn a_rejection_reaches_a_peer_that_reads() {
    for &version in Version::ALL {
        let mut pair = Pair::new(version, Policy::STRICT);
        pair.write();
        pair.b.machine = after(pair.b.machine, &[Event::Reject(AlertDescription::CERTIFICATE_REQUIRED)]);
        pair.settle();
        let [a, b] = pair.endings();
        assert_eq!(a.reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
        assert_eq!(b.writing, WriteEnd::FatalAlertSent(AlertDescription::CERTIFICATE_REQUIRED));
        assert_eq!(pair.notifies(), [0, 0]);
        assert_eq!([pair.a.machine.output(), pair.b.machine.output()], [Output::Done; 2]);
        assert!(!a.resumption.allowed && !b.resumption.allowed);
    }
}

// RFC 9846 §6.1 · abort-sends-no-notify, rst-is-not-close; #49
#[test]
fn an_abort_never_reads_as_a_clean_end() {
    for &version in Version::ALL {
        let mut pair = Pair::new(version, Policy::STRICT);
        pair.a.machine = after(pair.a.machine, &[Event::Close(Manner::Abort)]);
        pair.settle();
        assert_eq!(pair.endings()[1].reading, ReadEnd::Reset);
        assert_eq!(pair.a.sent, [Unit::Rst]);
    }
}

// RFC 9846 §6.1 · data-survives-close, no-wait-needed; #45: a peer that lingers reads no
// close_notify
#[test]
fn a_lingering_close_delivers_and_ends_with_the_peers_fin() {
    for &version in Version::ALL {
        let mut pair = Pair::new(version, Policy::STRICT);
        pair.write();
        pair.a.machine = after(pair.a.machine, &[Event::Close(Manner::Linger)]);
        pair.settle();
        let [a, b] = pair.endings();
        assert_eq!((a.reading, a.drained), (ReadEnd::NotAwaited, 100));
        assert!(b.is_clean() && pair.b.delivered == 1);
        assert_eq!([pair.a.machine.output(), pair.b.machine.output()], [Output::Done; 2]);
    }
}

// RFC 4511 §4.14.3.1 · wait-before-handback, handback-exact; #55
#[test]
fn both_may_ask_for_the_hand_back_at_once() {
    for &version in Version::ALL {
        let mut pair = Pair::new(version, Policy::STRICT);
        let ask = Event::Close(Manner::HandBack);
        (pair.a.machine, pair.b.machine) = (after(pair.a.machine, &[ask]), after(pair.b.machine, &[ask]));
        pair.settle();
        assert_eq!(pair.a.sent, [Unit::NOTIFY]);
        assert_eq!(pair.b.sent, [Unit::NOTIFY]);
        assert!(pair.endings().iter().all(|ending| ending.is_clean()));
    }
}

// RFC 9846 §6.1 · fin-is-not-close: an attacker without keys can end the transport and nothing
// else; #34
#[test]
fn an_injected_fin_is_clean_for_nobody() {
    for &version in Version::ALL {
        let mut pair = Pair::new(version, Policy::STRICT);
        pair.write();
        pair.b.inbox.push_front(Unit::Fin);
        pair.b.inbox.truncate(1);
        pair.settle();
        assert_eq!(pair.endings()[1].reading, ReadEnd::TruncatedAtBoundary);
        assert_eq!(pair.endings()[1].first_closer, FirstCloser::Peer);
        assert!(!pair.endings()[1].is_clean());
        assert_eq!(pair.b.delivered, 0);
    }
}
