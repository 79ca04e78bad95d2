//! A connection outside of any runtime, and in one after another. What waits for nothing needs no
//! runtime, and what was begun in one goes on in the next.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::time::Duration;

use close_notify::tasks::Stream;
use close_notify::{Close, Ending, FindEnding, Policy, ReadEnd, Version};
use common::tasks::{once, over, sockets};
use common::{VERSIONS, client, client_config, hooked, server, server_config};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance, timeout};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(5);

/// A runtime whose clock advances by itself whenever all tasks wait.
fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// A client, and the transport of its peer, with which the test sends what it likes. No runtime is
/// left.
fn near_and_raw(version: Version) -> (Stream<DuplexStream>, DuplexStream) {
    let (near, mut raw) = duplex(1 << 14);
    let mut near = Stream::new(client(client_config(version, hooked())), near, Policy::STRICT);
    let mut config = server_config(version, hooked());
    config.send_tls13_tickets = 0;
    let mut far = Stream::new(server(config), &mut raw, Policy::STRICT);
    paused().block_on(async {
        let (one, other) = tokio::join!(near.complete_handshake(), far.complete_handshake());
        one.and(other).unwrap();
    });
    drop(far);
    (near, raw)
}

/// A client whose alert cannot leave once it looks: its peer has sent what is not TLS, and takes
/// nothing.
fn stuck(version: Version) -> (Stream<DuplexStream>, DuplexStream) {
    let (mut near, mut raw) = near_and_raw(version);
    while once(near.write(&[7; 4096])).is_ready() {}
    assert!(once(raw.write_all(b"this is no record of TLS at all")).is_ready());
    (near, raw)
}

#[test]
fn what_waits_for_nothing_needs_no_runtime_whatever_the_peer_did() {
    for version in VERSIONS {
        let (mut near, _raw) = stuck(version);
        assert!(near.peer_closed_now().unwrap(), "{version}");
        assert!(matches!(near.ending().reading, ReadEnd::Refused(_)), "{version}");
        near.set_patience(HOUR);
        assert!(near.peer_closed_now().unwrap());
        near.set_patience(Duration::ZERO);
        // The deadline has passed, and the look ends the wait.
        assert!(near.peer_closed_now().unwrap());
        assert!(near.transport().is_none(), "{version}");

        let (mut near, _raw) = stuck(version);
        near.abort().unwrap();
        drop(near);

        let (near, _raw) = stuck(version);
        let (read, write) = near.into_split();
        assert!(read.handle().peer_closed_now().unwrap(), "{version}");
        read.handle().set_patience(HOUR);
        let mut near = read.reunite(write).unwrap();
        near.abort().unwrap();

        let (near, _raw) = stuck(version);
        let (read, write) = near.into_split();
        drop(read);
        write.handle().peer_closed_now().unwrap();
        write.handle().abort().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn what_is_dropped_outside_of_a_runtime_lingers_even_so() {
    use close_notify::linger::{Limits, Lingerer};
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (mut near, far) =
            runtime.block_on(async { over(version, Policy::STRICT, sockets().await).await });
        near.set_lingerer(&lingerer);
        runtime.block_on(near.shutdown()).unwrap();
        drop(near);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        drop(far);
    }
}

#[test]
fn a_wait_with_a_deadline_outside_of_a_runtime_reports_what_is_missing_and_loses_nothing() {
    for version in VERSIONS {
        let (mut near, _raw) = near_and_raw(version);
        let error = near.close(Close::Graceful);
        let std::task::Poll::Ready(Err(error)) = once(error) else { panic!("nothing would wake it") };
        assert!(error.to_string().contains("there is no reactor running"), "{version}: {error}");
        let ending = paused().block_on(near.close(Close::Graceful)).unwrap();
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
    }
}

#[test]
fn a_close_goes_on_in_another_runtime_though_the_first_is_gone() {
    for version in VERSIONS {
        let (mut near, _raw) = near_and_raw(version);
        let first = paused();
        assert!(first.block_on(async { once(near.close(Close::Graceful)) }).is_pending());
        drop(first);
        let ending = paused().block_on(near.close(Close::Graceful)).unwrap();
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
    }
}

#[test]
fn a_runtime_that_rests_keeps_no_task_of_another_waiting() {
    for version in VERSIONS {
        let (near, _raw) = near_and_raw(version);
        let (read, write) = near.into_split();
        let (one, other) = (paused(), paused());
        let handle = read.handle().clone();
        let close = one.spawn(async move { handle.close(Close::Graceful).await });
        one.block_on(tokio::task::yield_now());
        assert!(other.block_on(async { once(write.handle().close(Close::Graceful)) }).is_pending());
        let ending = one.block_on(async { timeout(HOUR, close).await.expect("it was not woken") });
        assert_eq!(ending.unwrap().unwrap().reading, ReadEnd::TimedOut, "{version}");
    }
}

#[test]
fn time_that_passes_in_one_runtime_has_not_passed_in_another() {
    for version in VERSIONS {
        let (mut near, _raw) = near_and_raw(version);
        paused().block_on(async {
            advance(HOUR).await;
            assert!(once(near.close(Close::Graceful)).is_pending());
        });
        paused().block_on(async {
            let start = Instant::now();
            near.close(Close::Graceful).await.unwrap();
            assert!(start.elapsed() <= PATIENCE, "{version}: {:?}", start.elapsed());
        });
    }
}

#[test]
fn a_socket_whose_runtime_is_gone_is_an_end_that_is_reported() {
    for version in VERSIONS {
        let pair = || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { over(version, Policy::STRICT, sockets().await).await })
        };
        let (mut near, far) = pair();
        let ending = paused().block_on(near.close(Close::Graceful)).unwrap();
        assert_ne!(ending.reading, ReadEnd::CloseNotify, "{version}: {ending}");
        drop(far);

        let (mut near, far) = pair();
        let error = paused().block_on(near.read(&mut [0; 8])).unwrap_err();
        assert!(Ending::find(&error).is_some(), "{version}: {error}");
        drop(far);

        let (mut near, far) = pair();
        assert!(near.peer_closed_now().unwrap(), "{version}");
        near.abort().unwrap();
        drop(far);
    }
}
