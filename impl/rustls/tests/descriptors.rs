//! No descriptor is left. Alone in its process, because the limit applies to the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use close_notify::linger::{Limits, Lingerer};
use close_notify::{Close, Policy, Stream, Version};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;

/// The file that shows the state of this thread.
fn own_status() -> String {
    format!("/proc/{}/stat", fs::read_link("/proc/thread-self").unwrap().display())
}

/// Whether the thread waits in the kernel, now or before the deadline.
fn sleeps(status: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if fs::read_to_string(status).unwrap().contains(") S ") {
            return true;
        }
        thread::yield_now();
    }
    false
}

/// A server and its client, which has sent nothing.
fn ends() -> (close_notify::Session, TcpStream, Stream<TcpStream>) {
    let (client, server) = common::pair(Version::Tls13, Policy::STRICT);
    let (near, far) = common::sockets();
    (server.session, far, Stream::from_session(client.session, near))
}

// data-survives-close: the halves need a copy of the descriptor; without one they linger themselves
#[tokio::test]
async fn without_a_descriptor_to_spare_every_last_response_is_read() {
    let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
    let (session, socket, whole_client) = ends();
    let mut whole = Stream::from_session(session, socket);
    let (session, socket, mut half_client) = ends();
    let mut halves = Stream::from_session(session, socket);
    let (session, socket, task_client) = ends();
    socket.set_nonblocking(true).unwrap();
    let mut task =
        close_notify::tasks::Stream::from_session(session, tokio::net::TcpStream::from_std(socket).unwrap());
    whole.set_lingerer(&lingerer);
    halves.set_lingerer(&lingerer);
    task.set_lingerer(&lingerer);
    let (mut read, mut write) = halves.into_split().unwrap();
    let (tell, told) = channel();
    let reader = thread::spawn(move || {
        tell.send(own_status()).unwrap();
        read.read(&mut [0; 8])
    });
    assert!(sleeps(&told.recv().unwrap()), "the reader waits in its half");

    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), maximum: before.maximum }).unwrap();
    assert!(whole_client.transport().unwrap().try_clone().is_err(), "none is left");
    whole.write_all(b"the last response").unwrap();
    whole.close(Close::Linger).unwrap();
    task.write_all(b"the last response").await.unwrap();
    task.shutdown().await.unwrap();
    drop(task);
    write.write_all(b"the last response").unwrap();
    let closer = thread::spawn(move || write.handle().close(Close::Linger).unwrap());
    let counted = |lingerer: &Lingerer| (lingerer.counters().lingering, lingerer.counters().not_taken);
    while counted(&lingerer) != (2, 1) {
        thread::yield_now();
    }
    half_client.write_all(&[7; 200_000]).unwrap();
    half_client.transport().unwrap().shutdown(Shutdown::Write).unwrap();
    assert!(closer.join().unwrap().drained >= 200_000);
    drop(reader.join().unwrap());
    setrlimit(Resource::Nofile, before).unwrap();

    for mut client in [whole_client, half_client, task_client] {
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        assert_eq!(all, "the last response");
    }
    assert_eq!(lingerer.finish(Instant::now() + Duration::from_secs(30)).ended(), 2);
}
