//! The service as a tokio task, over tokio sockets.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]
#![cfg(feature = "tokio")]

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use close_notify_linger::{Counters, Limits, Lingerer};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};

use common::{LAST_WORD, draining, far, shut_sockets};

const PATIENT: Limits = Limits { patience: Duration::from_secs(60), ..Limits::DEFAULT };
const SHORT: Duration = Duration::from_millis(20);

/// One thread: if the service blocked it, no test would end.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A tokio socket that lingers; returns its peer.
fn lingering(lingerer: &Lingerer) -> TcpStream {
    let (ours, peer) = shut_sockets();
    ours.set_nonblocking(true).unwrap();
    let ours = tokio::net::TcpStream::from_std(ours).unwrap();
    lingerer.add(ours.into_std().unwrap(), draining(1000)).unwrap();
    peer
}

#[test]
fn every_end_reaches_the_task_too() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let mut peers: Vec<_> = (0..300).map(|_| lingering(&lingerer)).collect();
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.read_exact(&mut [0; LAST_WORD.len()]).unwrap();
            peer.write_all(&[7; 1001][..1000 + number % 2]).unwrap();
        }
        while lingerer.counters().over_budget < 150 {
            tokio::task::yield_now().await;
        }
        drop(peers);
        let ended = Counters { by_fin: 150, over_budget: 150, drained: 300_150, ..Counters::default() };
        assert_eq!(lingerer.finish_async(far()).await, ended);
    });
}

#[test]
fn a_silent_peer_is_timed_out() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(Limits { patience: SHORT, ..PATIENT }).unwrap();
        let _peer = lingering(&lingerer);
        assert_eq!(lingerer.finish_async(far()).await.timed_out, 1);
    });
}

#[test]
fn a_deadline_that_is_sooner_than_the_others_is_kept() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let _silent = lingering(&lingerer);
        tokio::task::yield_now().await;
        lingerer.add_until(shut_sockets().0, draining(1), Instant::now() + SHORT).unwrap();
        while lingerer.counters().timed_out + lingerer.counters().reset == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(lingerer.counters().lingering, 1);
    });
}

#[test]
fn finish_closes_stragglers_at_its_deadline() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let _peer = lingering(&lingerer);
        assert_eq!(lingerer.finish_async(Instant::now() + SHORT).await.timed_out, 1);
        let refused = io::Error::from(lingerer.add(shut_sockets().0, draining(1)).unwrap_err());
        assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
    });
}

// A call that blocks the only thread of its runtime still ends by its deadline.
#[test]
fn finish_that_blocks_the_runtime_keeps_its_deadline() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let _peer = lingering(&lingerer);
        assert_eq!(lingerer.finish(Instant::now() + SHORT).timed_out, 1);
    });
}

#[test]
fn a_service_in_a_thread_is_waited_for_without_blocking() {
    runtime().block_on(async {
        let lingerer = Lingerer::spawn(PATIENT).unwrap();
        drop(lingering(&lingerer));
        assert_eq!(lingerer.finish_async(far()).await.ended(), 1);
    });
}

#[test]
fn a_runtime_that_ends_lets_go_of_what_lingers() {
    let runtime = runtime();
    let (lingerer, mut peer) = runtime.block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let peer = lingering(&lingerer);
        (lingerer, peer)
    });
    drop(runtime);
    assert_eq!(lingerer.counters(), Counters { gave_way: 1, ..Counters::default() });
    let mut read = Vec::new();
    peer.read_to_end(&mut read).unwrap();
    assert_eq!(read, LAST_WORD);
    assert_eq!(lingerer.finish(far()).gave_way, 1);
}

#[test]
fn it_runs_on_many_threads() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let lingerer = Lingerer::spawn_tokio(PATIENT).unwrap();
        let adds: Vec<_> = (0..4)
            .map(|_| {
                let lingerer = lingerer.clone();
                tokio::spawn(async move { (0..50).for_each(|_| drop(lingering(&lingerer))) })
            })
            .collect();
        for add in adds {
            add.await.unwrap();
        }
        assert_eq!(lingerer.finish_async(far()).await.ended(), 200);
    });
}

// Processor time, not elapsed time: a busy machine makes it smaller, and a task that spins uses all
// of the wait.
#[test]
fn a_task_that_waits_does_not_spin() {
    let wait = Duration::from_millis(500);
    let spent = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    };
    runtime().block_on(async {
        let lingerer = Lingerer::spawn_tokio(Limits { patience: wait, ..PATIENT }).unwrap();
        let _peer = lingering(&lingerer);
        let before = spent();
        assert_eq!(lingerer.finish_async(far()).await.timed_out, 1);
        assert!(spent() - before < wait / 5);
    });
}

#[test]
fn outside_of_a_runtime_it_is_unsupported() {
    assert_eq!(Lingerer::spawn_tokio(PATIENT).unwrap_err().kind(), ErrorKind::Unsupported);
}
