//! How long from the call that closes until both ends know their endings and have let go?
//!
//! Expected: over loopback some 20–30 µs, all of them the kernel's, and at most 0.75 × raw rustls,
//! because close_notify and FIN leave in one segment. In memory 1–3 µs and at most 1.10 × raw
//! rustls, with no allocation that raw rustls does not make as well. Handshakes are done outside.
//! Both ends run in one thread, except if streams block. Criterion cannot pair samples, so the
//! benches sample by themselves: `--test` runs a few rounds, `--rounds N` runs N, and `--memory`
//! runs only the part without sockets.

use std::cell::Cell;
use std::net::TcpListener;
use std::rc::Rc;
use std::thread;

use close_notify::{Close, Manner, Policy, Reply, Stream, Transport, Version};
use close_notify_benches::counted::Counted;
use close_notify_benches::paired::{Run, Variant, rounds, sample};
use close_notify_benches::{ours, raw, setup};

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
/// The behaviour of raw rustls: up to TLS 1.2 the answer leaves when the application closes, and so
/// with the FIN.
const WHEN_ASKED: Policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
const FEW: usize = 20;
const MANY: usize = 3000;
const BATCH: usize = 32;

fn main() {
    let rounds = rounds(FEW, MANY);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    if std::env::args().any(|argument| argument == "--memory") {
        return VERSIONS.into_iter().for_each(|version| memory(version, rounds));
    }
    for version in VERSIONS {
        calls(&listener, version);
        allocations(version);
        loopback(&listener, version, rounds);
        blocking(&listener, version, rounds);
        memory(version, rounds);
    }
}

/// One close with our sessions. The endings must be the expected ones.
fn ours_over<T: Transport + 'static>(version: Version, manner: Manner, (near, far): (T, T)) -> Run {
    let (client, server) = setup::sessions(version, Policy::STRICT);
    let mut near = ours::End::new(client, near);
    let mut far = ours::End::new(server, far);
    Box::new(move || {
        let (ending, far_ending) = ours::close(&mut near, &mut far, manner).expect("nothing blocks");
        assert_eq!(ending.is_clean() && far_ending.is_clean(), manner == Manner::Graceful);
        Box::new((near, far))
    })
}

fn raw_over<T: Transport + 'static>(version: Version, (near, far): (T, T)) -> Run {
    let (client, server) = setup::established(version);
    let (mut near, mut far) = ((client, Some(near)), (server, Some(far)));
    Box::new(move || {
        raw::close(&mut near, &mut far).expect("nothing blocks");
        Box::new((near, far))
    })
}

fn bare_over<T: Transport + 'static>((near, far): (T, T)) -> Run {
    Box::new(move || {
        raw::close_bare(near, far).expect("nothing blocks");
        Box::new(())
    })
}

fn streams_over(version: Version, policy: Policy, listener: &TcpListener) -> Run {
    let (near, far) = setup::sockets(listener).expect("loopback");
    near.set_nonblocking(true).expect("a socket");
    far.set_nonblocking(true).expect("a socket");
    let (client, server) = setup::sessions(version, policy);
    let mut near = Stream::from_session(client, near);
    let mut far = Stream::from_session(server, far);
    Box::new(move || {
        let (ending, far_ending) = ours::close_streams(&mut near, &mut far).expect("nothing blocks");
        assert!(ending.is_clean() && far_ending.is_clean());
        Box::new((near, far))
    })
}

/// Blocking streams, with the far one in a thread that waits for the end. Measured until both have
/// closed.
fn blocking_streams(version: Version, policy: Policy, listener: &TcpListener) -> Run {
    let (near, far) = setup::sockets(listener).expect("loopback");
    let (client, server) = setup::sessions(version, policy);
    let mut near = Stream::from_session(client, near);
    let mut far = Stream::from_session(server, far);
    let far = thread::spawn(move || ours::answer(&mut far).expect("a peer"));
    Box::new(move || {
        let ending = near.close(Close::Graceful).expect("a peer");
        let far_ending = far.join().expect("an end");
        assert!(ending.is_clean() && far_ending.is_clean());
        Box::new(near)
    })
}

fn blocking_raw(version: Version, listener: &TcpListener) -> Run {
    let (near, far) = setup::sockets(listener).expect("loopback");
    let (client, server) = setup::established(version);
    let far = thread::spawn(move || raw::answer(server, far).expect("a peer"));
    Box::new(move || {
        raw::begin(client, near).expect("a peer");
        far.join().expect("an end");
        Box::new(())
    })
}

fn blocking(listener: &TcpListener, version: Version, rounds: usize) {
    let mut variants = [
        Variant { name: "raw rustls", prepare: Box::new(|| blocking_raw(version, listener)) },
        Variant {
            name: "ours, Stream",
            prepare: Box::new(|| blocking_streams(version, Policy::STRICT, listener)),
        },
        Variant {
            name: "ours, Stream, WhenAsked",
            prepare: Box::new(|| blocking_streams(version, WHEN_ASKED, listener)),
        },
    ];
    sample(&mut variants, rounds).print(&format!("{version} over loopback, blocking, two threads"), 0);
}

fn loopback(listener: &TcpListener, version: Version, rounds: usize) {
    let sockets = || setup::sockets(listener).expect("loopback");
    let mut variants = [
        Variant { name: "raw rustls", prepare: Box::new(|| raw_over(version, sockets())) },
        Variant { name: "bare TCP", prepare: Box::new(|| bare_over(sockets())) },
        Variant {
            name: "ours, graceful",
            prepare: Box::new(|| ours_over(version, Manner::Graceful, sockets())),
        },
        Variant {
            name: "ours, Stream",
            prepare: Box::new(|| streams_over(version, Policy::STRICT, listener)),
        },
        Variant {
            name: "ours, Stream, WhenAsked",
            prepare: Box::new(|| streams_over(version, WHEN_ASKED, listener)),
        },
        Variant { name: "ours, linger", prepare: Box::new(|| ours_over(version, Manner::Linger, sockets())) },
        Variant {
            name: "ours, at once",
            prepare: Box::new(|| ours_over(version, Manner::AtOnce, sockets())),
        },
        Variant { name: "ours, reject", prepare: Box::new(|| ours_over(version, Manner::Reject, sockets())) },
        Variant { name: "ours, abort", prepare: Box::new(|| ours_over(version, Manner::Abort, sockets())) },
    ];
    sample(&mut variants, rounds).print(&format!("{version} over loopback"), 0);
}

/// In memory a close is so short that a single one would measure how cold the caches are. So a
/// sample is many closes in a row.
fn memory(version: Version, rounds: usize) {
    let mut variants = [
        Variant { name: "raw rustls", prepare: Box::new(|| many(|| raw_over(version, setup::pipe()))) },
        Variant {
            name: "ours, graceful",
            prepare: Box::new(|| many(|| ours_over(version, Manner::Graceful, setup::pipe()))),
        },
    ];
    let title = format!("{version} in memory, {BATCH} closes per sample");
    sample(&mut variants, rounds.div_ceil(BATCH)).print(&title, 0);
}

fn many(one: impl Fn() -> Run) -> Run {
    let ready: Vec<_> = (0..BATCH).map(|_| one()).collect();
    let mut leftovers = Vec::with_capacity(BATCH);
    Box::new(move || {
        leftovers.extend(ready.into_iter().map(|close| close()));
        Box::new(leftovers)
    })
}

/// Counts the system calls of both ends, including the two closes.
fn calls(listener: &TcpListener, version: Version) {
    let count = |run: &dyn Fn(Rc<Cell<u64>>) -> Run| {
        let calls = Rc::new(Cell::new(0));
        let close = run(Rc::clone(&calls));
        drop(close());
        calls.get()
    };
    let counted = |calls: Rc<Cell<u64>>| {
        let (near, far) = setup::sockets(listener).expect("loopback");
        (Counted::new(near, Rc::clone(&calls)), Counted::new(far, calls))
    };
    let raw = count(&|calls| raw_over(version, counted(calls)));
    let ours = count(&|calls| ours_over(version, Manner::Graceful, counted(calls)));
    println!("{version} system calls of both ends: raw rustls {raw}, ours {ours}");
}

/// Counts the allocations while both ends close. rustls allocates for each record that it seals;
/// ours must add none.
fn allocations(version: Version) {
    // One allocation is the box of the leftovers.
    let measured = |close: Run| allocation_counter::measure(|| drop(close())).count_total - 1;
    let raw = measured(raw_over(version, setup::pipe()));
    let ours = measured(ours_over(version, Manner::Graceful, setup::pipe()));
    println!("{version} allocations of both ends: raw rustls {raw}, ours {ours}");
    assert!(ours <= raw, "our adapter allocates during a close");
}
