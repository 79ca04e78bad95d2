//! Every connection gives back what it took, however it ended: descriptors, memory, threads. Alone
//! in its process, because it counts those of all threads.
//!
//! The near end is tested; the far one answers as fits. Each is a client half of the time.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::alloc::System;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use close_notify::{AlertDescription, Close, Policy, ReadEnd, Role, Stream, Version, WriteEnd};
use rustls::{ClientConfig, Connection, ServerConfig};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use common::{VERSIONS, client, client_config, hooked, server, server_config};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The number of connections of all ways together.
const CONNECTIONS: usize = 10_000;
/// How many are open at a time, in tasks.
const BATCH: usize = 50;
/// How much memory may differ after all connections of one way. A single stream that is forgotten
/// takes at least 2 kB.
const BYTES: isize = 1024;
/// How much resident memory may differ at the end: 10,000 connections that are kept are 100 MB.
const PAGES: usize = (8 << 20) / 4096;

/// How a connection ends, as the near end does or suffers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Graceful,
    Linger,
    AtOnce,
    Abort,
    Reject,
    HalfClose,
    HandBack,
    Dropped,
    Halves,
    PeerFin,
    PeerReset,
    PeerSilent,
    NoHandshake,
    CutInHandshake,
}

impl Way {
    const ALL: [Self; 14] = [
        Self::Graceful,
        Self::Linger,
        Self::AtOnce,
        Self::Abort,
        Self::Reject,
        Self::HalfClose,
        Self::HandBack,
        Self::Dropped,
        Self::Halves,
        Self::PeerFin,
        Self::PeerReset,
        Self::PeerSilent,
        Self::NoHandshake,
        Self::CutInHandshake,
    ];

    /// What the far end does with its socket before TLS. The connection then has no far end.
    fn spoil(self, socket: &mut TcpStream) -> bool {
        match self {
            Self::NoHandshake => socket.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap(),
            Self::CutInHandshake => socket.shutdown(Shutdown::Write).unwrap(),
            _ => return false,
        }
        true
    }
}

/// The shortest patience that works: a wait that ends a little early counts as ended.
const SILENCE: Duration = Duration::from_millis(5);

/// Both ends of a connection, for threads or for tasks.
macro_rules! ends {
    ($near:ident, $far:ident, $stream:ty, $split:ident $(, $async:ident, $await:tt)?) => {
        /// Ends a connection, and checks how it ended.
        $($async)? fn $near(way: Way, mut stream: $stream) {
            if matches!(way, Way::NoHandshake | Way::CutInHandshake) {
                stream.complete_handshake()$(.$await)?.unwrap_err();
                return;
            }
            stream.write_all(b"hello")$(.$await)?.unwrap();
            let mut all = Vec::new();
            match way {
                Way::Graceful => assert!(stream.close(Close::Graceful)$(.$await)?.unwrap().is_clean()),
                Way::Linger => {
                    let ending = stream.close(Close::Linger)$(.$await)?.unwrap();
                    assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
                }
                Way::AtOnce => {
                    let ending = stream.close(Close::AtOnce)$(.$await)?.unwrap();
                    assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
                }
                Way::Abort => {
                    let ending = stream.abort().unwrap();
                    assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false });
                }
                Way::Reject => {
                    let alert = AlertDescription::ACCESS_DENIED;
                    let ending = stream.reject(alert)$(.$await)?.unwrap();
                    assert_eq!(ending.writing, WriteEnd::FatalAlertSent(alert));
                }
                Way::HalfClose => {
                    let half = stream.close_write()$(.$await)?;
                    assert_eq!(half.is_ok(), stream.session().machine().version() == Version::Tls13);
                    if half.is_ok() {
                        stream.read_to_end(&mut all)$(.$await)?.unwrap();
                    }
                    assert!(stream.close(Close::Graceful)$(.$await)?.unwrap().is_clean());
                }
                Way::HandBack => drop(stream.hand_back()$(.$await)?.unwrap()),
                Way::Dropped => drop(stream),
                Way::Halves => {
                    let (read, write) = $split(stream);
                    let handle = read.handle().clone();
                    drop(read);
                    assert!(handle.close(Close::Graceful)$(.$await)?.unwrap().is_clean());
                    drop(write);
                }
                Way::PeerFin | Way::PeerReset => {
                    stream.read_to_end(&mut all)$(.$await)?.unwrap_err();
                    let reset = stream.ending().reading == ReadEnd::Reset;
                    assert_eq!(reset, way == Way::PeerReset);
                }
                Way::PeerSilent => {
                    stream.set_patience(SILENCE);
                    let ending = stream.close(Close::Graceful)$(.$await)?.unwrap();
                    assert_eq!(ending.reading, ReadEnd::TimedOut);
                }
                Way::NoHandshake | Way::CutInHandshake => {}
            }
        }

        /// Answers. The returned stream is dropped once the near end is done.
        $($async)? fn $far(way: Way, mut stream: $stream) -> Option<$stream> {
            if stream.read_exact(&mut [0; 5])$(.$await)?.is_err() {
                // A reset overtook it.
                return None;
            }
            match way {
                Way::PeerSilent => return Some(stream),
                Way::PeerFin => {
                    let socket = stream.transport().unwrap();
                    rustix::net::shutdown(socket, rustix::net::Shutdown::Write).unwrap();
                    return Some(stream);
                }
                Way::PeerReset => drop(stream.abort().unwrap()),
                Way::HandBack => drop(stream.hand_back()$(.$await)?.unwrap()),
                _ => {
                    // Any end will do: the near end has judged it.
                    drop(stream.read_to_end(&mut Vec::new())$(.$await)?);
                    drop(stream.close(Close::Graceful)$(.$await)?);
                }
            }
            None
        }
    };
}

ends!(near, far, Stream<TcpStream>, split);
ends!(near_task, far_task, close_notify::tasks::Stream<tokio::net::TcpStream>, split_task, async, await);

type Halves = (close_notify::ReadHalf<TcpStream>, close_notify::WriteHalf<TcpStream>);

fn split(stream: Stream<TcpStream>) -> Halves {
    stream.into_split().unwrap()
}

type TaskHalves = (
    close_notify::tasks::ReadHalf<tokio::net::TcpStream>,
    close_notify::tasks::WriteHalf<tokio::net::TcpStream>,
);

fn split_task(stream: close_notify::tasks::Stream<tokio::net::TcpStream>) -> TaskHalves {
    stream.into_split()
}

/// What both sides of many connections share.
struct Lab {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Lab {
    fn new(version: Version) -> Self {
        let client = client_config(version, hooked()).into();
        let server = server_config(version, hooked()).into();
        Self { client, server }
    }

    fn connection(&self, role: Role) -> Connection {
        match role {
            Role::Client => client(self.client.clone()).into(),
            Role::Server => server(self.server.clone()).into(),
        }
    }
}

/// The roles of the near end and of the far one.
fn roles(number: usize) -> [Role; 2] {
    if number.is_multiple_of(2) { [Role::Client, Role::Server] } else { [Role::Server, Role::Client] }
}

/// One connection after the other, each end in a thread.
fn over_threads(way: Way, version: Version, count: usize) {
    let lab = Lab::new(version);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ended = ended;
            for number in 0..count {
                let (mut socket, _) = listener.accept().unwrap();
                socket.set_nodelay(true).unwrap();
                let held = if way.spoil(&mut socket) {
                    drop(socket.read_to_end(&mut Vec::new()));
                    drop(socket);
                    None
                } else {
                    far(way, Stream::new(lab.connection(roles(number)[1]), socket, Policy::STRICT))
                };
                ended.recv().unwrap();
                drop(held);
            }
        });
        for number in 0..count {
            let socket = TcpStream::connect(address).unwrap();
            socket.set_nodelay(true).unwrap();
            near(way, Stream::new(lab.connection(roles(number)[0]), socket, Policy::STRICT));
            end.send(()).unwrap();
        }
    });
}

/// Batches of connections, each in its task.
fn over_tasks(way: Way, version: Version, count: usize) {
    let lab = Arc::new(Lab::new(version));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        for from in (0..count).step_by(BATCH) {
            let mut tasks = Vec::new();
            for number in from..count.min(from + BATCH) {
                let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (far, _) = listener.accept().await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                tasks.push(tokio::spawn(both_tasks(way, lab.clone(), roles(number), near, far)));
            }
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
}

async fn both_tasks(
    way: Way,
    lab: Arc<Lab>,
    [one, other]: [Role; 2],
    near: tokio::net::TcpStream,
    far: tokio::net::TcpStream,
) {
    use close_notify::tasks::Stream;
    let near = near_task(way, Stream::new(lab.connection(one), near, Policy::STRICT));
    let far = async {
        let mut socket = far.into_std().unwrap();
        let is_spoilt = way.spoil(&mut socket);
        let mut socket = tokio::net::TcpStream::from_std(socket).unwrap();
        if is_spoilt {
            drop(socket.read_to_end(&mut Vec::new()).await);
            return None;
        }
        far_task(way, Stream::new(lab.connection(other), socket, Policy::STRICT)).await
    };
    drop(tokio::join!(near, far));
}

/// What this process holds.
#[derive(Clone, Copy, Debug)]
struct Standing {
    descriptors: usize,
    threads: usize,
    bytes: isize,
}

impl Standing {
    fn now() -> Self {
        let entries = |folder| std::fs::read_dir(folder).unwrap().count();
        let [descriptors, threads] = ["/proc/self/fd", "/proc/self/task"].map(entries);
        let counted = ALLOCATOR.stats();
        let bytes = counted.bytes_allocated.wrapping_sub(counted.bytes_deallocated) as isize;
        Self { descriptors, threads, bytes }
    }

    /// Whether no more is held than before. A thread that was joined may still be listed for a
    /// moment.
    fn is_back_at(self, start: Self) -> bool {
        let kept = self.bytes - start.bytes;
        self.descriptors <= start.descriptors && self.threads <= start.threads && kept <= BYTES
    }

    fn once_back_at(start: Self) -> Self {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let now = Self::now();
            if now.is_back_at(start) || Instant::now() > deadline {
                return now;
            }
            thread::yield_now();
        }
    }
}

/// The pages that this process has in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

fn end_connections(way: Way, count: usize) {
    for version in VERSIONS {
        over_threads(way, version, count);
        over_tasks(way, version, count);
    }
}

#[test]
fn ten_thousand_connections_give_back_what_they_took_however_they_ended() {
    // What is made once for the whole process is made here.
    Way::ALL.into_iter().for_each(|way| end_connections(way, 2));
    let count = CONNECTIONS.div_ceil(Way::ALL.len() * VERSIONS.len() * 2);
    let (start, pages) = (Standing::now(), resident());
    for way in Way::ALL {
        let before = Standing::now();
        end_connections(way, count);
        let after = Standing::once_back_at(before);
        assert!(after.is_back_at(before), "{way:?}: {before:?}, then {after:?}");
    }
    let end = Standing::now();
    assert!(end.is_back_at(start), "{start:?}, then {end:?}");
    assert!(resident() <= pages + PAGES, "{pages} pages, then {}", resident());
}
