//! A call that waits takes no processor time. Alone in its process, because it counts the time of
//! all threads.
//!
//! A wait that spins is found by two counts: the calls of its transport while nothing happens, and
//! the processor time compared with the elapsed time. The second has a wide margin, and also sees
//! what spins below the transport.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use close_notify::{Close, Policy, ReadEnd, Stream, Transport, Version};

use common::{VERSIONS, client, client_config, hooked, server, server_config, sockets};

/// How long to wait.
const WAIT: Duration = Duration::from_secs(1);
/// How much processor time all waits may take together, in hundredths of one core.
const PERCENT: u128 = 10;
/// The calls that a wait for one event may make. A wait that spins makes thousands.
const CALLS: u32 = 12;

/// A socket that counts its calls.
struct Counted {
    socket: TcpStream,
    calls: Arc<AtomicU32>,
}

impl Counted {
    fn counted(&mut self) -> &mut TcpStream {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &mut self.socket
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.counted().read(buffer)
    }
}

impl Write for Counted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.counted().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.counted().flush()
    }
}

impl Transport for Counted {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        self.counted().read_by(buffer, deadline)
    }

    fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        self.counted().write_by(bytes, deadline)
    }

    fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
        self.counted().wait_for_room(input, deadline)
    }

    fn write_last(&mut self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        self.counted().write_last(bytes, deadline)
    }

    fn shut_write(&mut self) -> io::Result<()> {
        self.counted().shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.counted().reset()
    }
}

/// A server whose calls are counted, and its client. What the client sends is read.
fn pair(version: Version) -> (Stream<Counted>, Stream<TcpStream>, Arc<AtomicU32>) {
    let (far, socket) = sockets();
    let calls = Arc::new(AtomicU32::new(0));
    let near = Counted { socket, calls: Arc::clone(&calls) };
    let mut near = Stream::new(server(server_config(version, hooked())), near, Policy::STRICT);
    let far = thread::spawn(move || {
        let mut far = Stream::new(client(client_config(version, hooked())), far, Policy::STRICT);
        far.complete_handshake().unwrap();
        far
    });
    near.complete_handshake().unwrap();
    (near, far.join().unwrap(), calls)
}

/// What to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wait {
    /// A silent peer's close_notify.
    Graceful,
    /// The end of a silent peer's transport.
    Linger,
}

/// Waits for the whole patience; returns the calls of the transport meanwhile. The peer is silent,
/// and stays.
fn wait(wait: Wait, version: Version) -> u32 {
    let (mut near, far, calls) = pair(version);
    near.set_patience(WAIT);
    let before = calls.load(Ordering::Relaxed);
    let start = Instant::now();
    let ending = near.close(if wait == Wait::Linger { Close::Linger } else { Close::Graceful }).unwrap();
    assert!(start.elapsed() >= WAIT / 2, "{wait:?} was no wait: {ending}");
    if wait == Wait::Graceful {
        assert_eq!(ending.reading, ReadEnd::TimedOut);
    }
    drop(far);
    calls.load(Ordering::Relaxed) - before
}

/// Two halves that wait in two threads, until a third thread aborts.
fn halves(version: Version) {
    let (near, far) = common::streams(version, Policy::STRICT);
    let (mut read, mut write) = near.into_split().unwrap();
    let handle = read.handle().clone();
    let reader = thread::spawn(move || read.read(&mut [0; 8]).unwrap_err());
    let writer = thread::spawn(move || while write.write(&[0; 16_384]).is_ok() {});
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    never.recv_timeout(WAIT).unwrap_err();
    handle.abort().unwrap();
    reader.join().unwrap();
    writer.join().unwrap();
    drop(far);
}

/// Tasks that wait for a silent peer.
fn tasks(version: Version) {
    use close_notify::tasks::Stream;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for manner in [Close::Graceful, Close::Linger] {
            let (near, far) = tokio::io::duplex(1 << 16);
            let mut near = Stream::new(client(client_config(version, hooked())), near, Policy::STRICT);
            let mut far = Stream::new(server(server_config(version, hooked())), far, Policy::STRICT);
            let (one, other) = tokio::join!(near.complete_handshake(), far.complete_handshake());
            one.and(other).unwrap();
            near.set_patience(WAIT);
            near.close(manner).await.unwrap();
        }
    });
}

/// The processor time of this process, including threads that have ended, in steps of a hundredth
/// of a second, by proc(5).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}

#[test]
fn a_wait_is_idle() {
    let (before, start) = (processor_time(), Instant::now());
    thread::scope(|scope| {
        for version in VERSIONS {
            scope.spawn(move || halves(version));
            scope.spawn(move || tasks(version));
        }
        let waits = [
            (Wait::Graceful, Version::Tls12),
            (Wait::Graceful, Version::Tls13),
            (Wait::Linger, Version::Tls12),
            (Wait::Linger, Version::Tls13),
        ];
        for (kind, version) in waits {
            scope.spawn(move || {
                let calls = wait(kind, version);
                assert!(calls <= CALLS, "{kind:?} in {version}: {calls} calls");
            });
        }
    });
    let (taken, passed) = (processor_time() - before, start.elapsed());
    assert!(taken.as_millis() * 100 <= passed.as_millis() * PERCENT, "{taken:?} of {passed:?}");
}
