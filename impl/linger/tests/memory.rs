//! What a lingering transport costs in memory, as the allocator counts it.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, Read};
use std::time::Instant;

use close_notify_linger::{Engine, Limits, Lingerer, Source};

use common::{draining, shut_sockets};

/// As large as a descriptor.
struct StandIn(#[allow(dead_code, reason = "it only takes the room")] u32);

impl Read for StandIn {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Source for StandIn {
    fn reset(self) {}
}

/// What the service takes besides its transports: the scratch buffer, the wheel, and at most one
/// chunk that is not full.
const FIXED: u64 = 24 * 1024;

#[test]
fn a_transport_costs_at_most_64_bytes_at_every_number_of_them() {
    let limits = Limits { connections: u32::MAX, ..Limits::DEFAULT };
    for count in [0_u64, 1, 10, 64, 65, 1000, 4097, 18_000, 65_537, 100_000] {
        let mut kept = None;
        let used = allocation_counter::measure(|| {
            let now = Instant::now();
            let mut engine = Engine::new(limits, now).unwrap();
            for name in 0..count {
                engine.add(StandIn(name as u32), draining(1), None, now);
            }
            kept = Some(engine);
        });
        assert!(used.bytes_max <= FIXED + 64 * count, "{} bytes for {count}", used.bytes_max);
        assert_eq!(kept.unwrap().counters().lingering, count);
    }
}

#[test]
fn after_a_burst_the_memory_is_given_back() {
    let mut kept = None;
    let used = allocation_counter::measure(|| {
        let now = Instant::now();
        let mut engine = Engine::new(Limits { connections: u32::MAX, ..Limits::DEFAULT }, now).unwrap();
        for name in 0..100_000 {
            engine.add(StandIn(name), draining(1), None, now);
        }
        engine.expire_all();
        kept = Some(engine);
    });
    assert!(used.bytes_current as u64 <= FIXED, "{} bytes", used.bytes_current);
    assert!(kept.unwrap().is_empty());
}

#[test]
fn once_there_is_room_adding_and_ending_allocate_nothing() {
    let now = Instant::now();
    let mut engine = Engine::new(Limits::DEFAULT, now).unwrap();
    engine.add(StandIn(0), draining(1), None, now);
    let used = allocation_counter::measure(|| {
        for name in 1..1000 {
            let key = engine.add(StandIn(name), draining(1), None, now).unwrap();
            engine.ready(key);
            engine.turn(now, 8);
        }
    });
    assert_eq!((used.count_total, engine.counters().by_fin), (0, 999));
}

// Adding allocates in the thread that adds: all of the service's memory for a socket is counted
// here.
#[test]
fn a_real_socket_costs_the_service_no_more() {
    let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
    let pairs: Vec<_> = (0..500).map(|_| shut_sockets()).collect();
    let mut peers = Vec::with_capacity(pairs.len());
    let used = allocation_counter::measure(|| {
        for (ours, peer) in pairs {
            lingerer.add(ours, draining(1)).unwrap();
            peers.push(peer);
        }
    });
    assert!(used.bytes_max <= 64 * 500, "{} bytes", used.bytes_max);
    assert_eq!(lingerer.counters().lingering, 500);
}
