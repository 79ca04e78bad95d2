//! Machines that only drain, sockets whose write side is shut, and deadlines that no test should
//! ever reach.
#![allow(dead_code, reason = "each test file uses only a part")]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use close_notify_core::{Draining, Event, Machine, Manner, Output, Policy, Role, Version};

/// Far enough: a test that waits for it has failed.
pub(crate) fn far() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// A machine whose last word is out, and whose transport may bring `drain_budget` bytes.
pub(crate) fn lingering_machine(drain_budget: u32) -> Machine {
    let policy = Policy { drain_budget, ..Policy::STRICT };
    let mut machine = Machine::established(Version::Tls13, Role::Server, policy);
    let steps = [
        Event::Close(Manner::Linger),
        Event::DeadlineStarted,
        Event::OutputSealed,
        Event::OutputWritten,
        Event::WriteShut,
    ];
    steps.into_iter().for_each(|event| machine.handle(event).unwrap());
    assert_eq!(machine.output(), Output::Drain);
    machine
}

/// The machine of a transport that took no last word.
pub(crate) fn failed_machine() -> Machine {
    let mut machine = Machine::established(Version::Tls13, Role::Server, Policy::STRICT);
    machine.handle(Event::WriteFailed { errno: 32 }).unwrap();
    machine.handle(Event::Close(Manner::Linger)).unwrap();
    machine.handle(Event::PendingDiscarded { bytes: 0 }).unwrap();
    machine.handle(Event::DeadlineStarted).unwrap();
    machine
}

pub(crate) fn draining(drain_budget: u32) -> Draining {
    lingering_machine(drain_budget).lingering().unwrap()
}

/// Two connected sockets on loopback, ours first.
pub(crate) fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, peer)
}

/// The same, with a last word written and our write side shut.
pub(crate) fn shut_sockets() -> (TcpStream, TcpStream) {
    let (mut ours, peer) = sockets();
    ours.write_all(LAST_WORD).unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    (ours, peer)
}

/// Stands in for a sealed alert.
pub(crate) const LAST_WORD: &[u8] = b"the last word";
