//! Every descriptor goes back. Alone in its process, because it counts those of all threads.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]
#![cfg(target_os = "linux")]

mod common;

use std::time::{Duration, Instant};

use close_notify_linger::{Limits, Lingerer};

use common::{draining, far, shut_sockets};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whether `count` descriptors are open, now or before the deadline.
fn come_down_to(count: usize) -> bool {
    let deadline = far();
    while Instant::now() < deadline {
        if descriptors() == count {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn every_descriptor_goes_back_however_lingering_ends() {
    let before = descriptors();
    let patient = Limits { patience: Duration::from_secs(3600), ..Limits::DEFAULT };

    let lingerer = Lingerer::spawn(Limits { connections: 10, ..patient }).unwrap();
    let peers: Vec<_> = (0..100)
        .map(|_| {
            let (ours, peer) = shut_sockets();
            lingerer.add(ours, draining(1)).unwrap();
            peer
        })
        .collect();
    let counters = lingerer.counters();
    assert_eq!((counters.lingering, counters.gave_way), (10, 90));
    drop(peers);
    assert_eq!(lingerer.finish(far()).ended(), 100);
    drop(lingerer);
    assert!(come_down_to(before), "finished: {}", descriptors());

    let lingerer = Lingerer::spawn(patient).unwrap();
    let (ours, peer) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    lingerer.finish(Instant::now());
    assert!(lingerer.add(shut_sockets().0, draining(1)).is_err());
    drop((lingerer, peer));
    assert!(come_down_to(before), "past the deadline: {}", descriptors());

    let lingerer = Lingerer::spawn(patient).unwrap();
    let (ours, peer) = shut_sockets();
    lingerer.add(ours, draining(1)).unwrap();
    drop(lingerer);
    drop(peer);
    assert!(come_down_to(before), "dropped: {}", descriptors());

    drop(Lingerer::spawn(patient).unwrap());
    assert!(come_down_to(before), "unused: {}", descriptors());
}
