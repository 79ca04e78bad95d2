//! What calls return: no `Ok` over a loss, no `WouldBlock` over a socket that blocks, no wait that
//! nothing ends.
//!
//! The core decides each answer (`impl/core/tests/behaviour/answer.rs`). These tests check that
//! both adapters return it, whole and split, in both versions. no-ok-over-a-loss,
//! flushed-means-left, shut-means-said, every-call-ends, dead-is-not-fin.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use close_notify::framing::http::Responses;
use close_notify::tasks::Stream as Task;
use close_notify::{
    AlertDescription, Close, Delivery, Ending, Error, FindEnding, FramingState, LateData, MissingNotify,
    Pipe, Policy, ReadEnd, Stream, Transport, Version, WriteEnd,
};
use common::tasks::{once, over, sockets as task_sockets};
use common::{VERSIONS, pair, streams};
use rustix::net::sockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Long enough for anything that comes at once, and short enough to wait for.
const PATIENCE: Duration = Duration::from_millis(100);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer";

/// A client under a policy, and a server that still answers after the client's close_notify.
async fn client_under(version: Version, policy: Policy) -> (Task<DuplexStream>, Task<DuplexStream>) {
    let (near, far) = duplex(1 << 16);
    let client = common::client(common::client_config(version, common::hooked()));
    let server = common::server(common::server_config(version, common::hooked()));
    let (mut client, mut server) = (Task::new(client, near, policy), Task::new(server, far, Policy::proxy()));
    let (one, other) = tokio::join!(client.complete_handshake(), server.complete_handshake());
    one.unwrap();
    other.unwrap();
    (client, server)
}

/// Reads the question to its end, and answers after `pause`.
async fn answer(mut server: Task<DuplexStream>, pause: Duration) -> Ending {
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    tokio::time::sleep(pause).await;
    server.write_all(ANSWER).await.unwrap();
    server.close(Close::Graceful).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_after_a_shutdown_under_every_preset_however_long_it_takes() {
    for (version, &(name, policy)) in
        VERSIONS.iter().flat_map(|v| Policy::PRESETS.iter().map(move |p| (*v, p)))
    {
        let (mut client, server) = client_under(version, policy).await;
        client.set_tracker(Responses::new());
        let server = tokio::spawn(answer(server, Duration::from_secs(600)));
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap_or_else(|error| panic!("{version} {name}: {error}"));
        assert_eq!(all, ANSWER, "{version} {name}");
        assert!(client.ending().is_clean(), "{version} {name}: {}", client.ending());
        assert_eq!(client.close(Close::Graceful).await.unwrap(), client.ending());
        server.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_by_the_other_half_after_a_shutdown() {
    for version in VERSIONS {
        let (client, server) = client_under(version, Policy::https()).await;
        let (mut read, mut write) = client.into_split();
        let server = tokio::spawn(answer(server, Duration::from_secs(600)));
        write.write_all(b"question").await.unwrap();
        write.shutdown().await.unwrap();
        let mut all = Vec::new();
        read.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, ANSWER, "{version}");
        server.await.unwrap();
    }
}

// tokio's relay, over one of our streams
#[tokio::test]
async fn an_upload_goes_on_through_a_tunnel_whose_backend_ended_first() {
    for version in VERSIONS {
        let (mut client, mut server) = client_under(version, Policy::https()).await;
        let (mut inner, mut backend) = duplex(1 << 16);
        let relay = tokio::spawn(async move { tokio::io::copy_bidirectional(&mut server, &mut inner).await });
        backend.write_all(b"banner").await.unwrap();
        backend.shutdown().await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        client.write_all(&[7; 1000]).await.unwrap();
        client.shutdown().await.unwrap();
        let mut upload = Vec::new();
        backend.read_to_end(&mut upload).await.unwrap();
        assert_eq!(upload.len(), 1000, "{version}");
        assert_eq!(relay.await.unwrap().unwrap(), (1000, 6));
    }
}

#[tokio::test]
async fn reading_fails_over_data_that_came_after_our_close_and_was_thrown_away() {
    for version in VERSIONS {
        let (mut near, mut far) = client_under(version, Policy::https()).await;
        let peer = tokio::spawn(async move {
            assert_eq!(far.read(&mut [0; 1]).await.unwrap(), 0);
            far.write_all(&[7; 73]).await.unwrap();
            far.close(Close::Graceful).await.unwrap()
        });
        let ending = near.close(Close::Graceful).await.unwrap();
        let error = near.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version}: {error}");
        assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(Error::Dropped { .. })));
        assert_eq!((ending.reading, Ending::find(&error)), (ReadEnd::CloseNotify, Some(ending)));
        assert!(ending.late >= 73);
        peer.await.unwrap();
    }
}

#[test]
fn reading_of_a_blocking_stream_fails_over_data_that_was_thrown_away() {
    for version in VERSIONS {
        let policy = Policy { late_data: LateData::Discard, ..Policy::proxy() };
        let (mut near, mut far) = streams(version, policy);
        let peer = thread::spawn(move || {
            assert_eq!(far.read(&mut [0; 1]).unwrap(), 0);
            far.write_all(&[7; 73]).unwrap();
            far.close(Close::Graceful).unwrap()
        });
        near.close(Close::Graceful).unwrap();
        let error = near.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version}: {error}");
        peer.join().unwrap();
    }
}

/// A stream over a pipe so narrow that most of what `write` took waits: in records, and as
/// plaintext next to them.
async fn filled(version: Version, policy: Policy) -> (Task<DuplexStream>, Task<DuplexStream>) {
    let (mut near, far) = over(version, policy, duplex(64)).await;
    near.set_patience(Duration::from_secs(3));
    while let std::task::Poll::Ready(taken) = once(near.write(&[1; 60_000])) {
        taken.unwrap();
    }
    (near, far)
}

/// Reads everything until the end.
async fn swallow(mut far: Task<DuplexStream>) -> io::Result<usize> {
    let mut all = Vec::new();
    far.read_to_end(&mut all).await
}

// RFC 5246 §7.2.1 · reply-drops-pending, cut-is-visible
#[tokio::test(start_paused = true)]
async fn flush_and_shutdown_fail_over_what_the_answer_to_close_notify_discarded() {
    let (mut near, mut far) = filled(Version::Tls12, Policy::STRICT).await;
    far.shutdown().await.unwrap();
    let peer = tokio::spawn(swallow(far));
    assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 0);
    for error in [near.flush().await.unwrap_err(), near.shutdown().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
        assert!(Ending::find(&error).unwrap().discarded > 0, "{error}");
    }
    drop(near);
    assert!(peer.await.unwrap().unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn flush_and_shutdown_fail_at_the_fatal_alert_of_a_peer_that_read_nothing() {
    for version in VERSIONS {
        let (near, mut far) = filled(version, Policy::STRICT).await;
        let (mut read, mut write) = near.into_split();
        let peer = tokio::spawn(async move { far.reject(AlertDescription::ACCESS_DENIED).await });
        let error = read.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{error}");
        for error in [write.flush().await.unwrap_err(), write.shutdown().await.unwrap_err()] {
            assert_eq!(Ending::find(&error).unwrap().delivery, Delivery::Lost, "{version}: {error}");
        }
        drop((read, write));
        peer.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn flush_and_shutdown_end_by_the_patience_if_nobody_reads() {
    for version in VERSIONS {
        for shuts in [true, false] {
            let (mut near, far) = filled(version, Policy::STRICT).await;
            let start = tokio::time::Instant::now();
            let error =
                if shuts { near.shutdown().await } else { near.close(Close::Graceful).await.map(drop) };
            // A close reports it in the ending that it returns.
            assert_eq!(error.is_err(), shuts, "{version}");
            assert_eq!(start.elapsed().as_secs(), 3);
            assert_eq!(near.ending().reading, ReadEnd::TimedOut);
            assert_eq!(near.ending().delivery, Delivery::Lost);
            assert!(near.transport().is_none(), "a FIN would mean that this was all");
            assert!(near.flush().await.is_err());
            drop(far);
        }
    }
}

#[tokio::test]
async fn flush_and_shutdown_fail_if_a_reset_kept_bytes_from_leaving() {
    for version in VERSIONS {
        let (mut near, mut far) = over(version, Policy::STRICT, task_sockets().await).await;
        while let std::task::Poll::Ready(taken) = once(near.write(&[1; 60_000])) {
            taken.unwrap();
        }
        far.abort().unwrap();
        let error = near.shutdown().await.unwrap_err();
        assert_eq!(Ending::find(&error).unwrap().delivery, Delivery::Lost, "{version}: {error}");
        assert!(near.flush().await.is_err());
    }
}

/// The same with sockets and threads: more is written than the kernel takes.
fn filled_halves(
    version: Version,
) -> (close_notify::ReadHalf<TcpStream>, close_notify::WriteHalf<TcpStream>, Stream<TcpStream>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    // As little as the kernel allows, set before there is a window.
    sockopt::set_socket_recv_buffer_size(&listener, 1).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    sockopt::set_socket_send_buffer_size(&near, 1).unwrap();
    let far = listener.accept().unwrap().0;
    let client = common::client(common::client_config(version, common::hooked()));
    let server = common::server(common::server_config(version, common::hooked()));
    let mut near = Stream::new(client, near, Policy::STRICT);
    let mut far = Stream::new(server, far, Policy::STRICT);
    let far = thread::spawn(move || far.complete_handshake().map(|()| far).unwrap());
    near.complete_handshake().unwrap();
    near.transport().unwrap().set_nonblocking(true).unwrap();
    while let Ok(taken) = near.write(&[1; 60_000]) {
        assert!(taken > 0);
    }
    near.transport().unwrap().set_nonblocking(false).unwrap();
    let (read, write) = near.into_split().unwrap();
    (read, write, far.join().unwrap())
}

#[test]
fn a_flush_of_a_blocking_half_fails_over_what_was_lost() {
    for version in VERSIONS {
        let (mut read, mut write, mut far) = filled_halves(version);
        let flush = thread::spawn(move || write.flush().unwrap_err());
        let peer = thread::spawn(move || far.reject(AlertDescription::ACCESS_DENIED).unwrap());
        assert!(read.read(&mut [0; 8]).is_err());
        let error = flush.join().unwrap();
        assert_eq!(Ending::find(&error).unwrap().delivery, Delivery::Lost, "{version}: {error}");
        drop(read);
        peer.join().unwrap();
    }
}

/// A client whose store is full because of its looks, and a server that has answered and closed.
fn full_store(version: Version) -> (Stream<TcpStream>, Stream<TcpStream>) {
    let (mut near, mut far) = streams(version, Policy::pool());
    far.write_all(&[1; 192_000]).unwrap();
    far.close(Close::AtOnce).unwrap();
    // A look takes what is there until nothing more fits. Then it reports nothing.
    for _ in 0..100 {
        assert!(!near.peer_closed_now().unwrap(), "all of it fitted: there is nothing to test");
    }
    (near, far)
}

#[test]
fn a_close_over_a_blocking_socket_is_one_call_though_nobody_has_read() {
    for version in VERSIONS {
        let (mut near, _far) = full_store(version);
        let ending = near.close(Close::Graceful).unwrap();
        // More than the budget comes: that ends the call, and the caller need not try again.
        assert_eq!(ending.reading, ReadEnd::OverBudget, "{version}: {ending}");
    }
}

#[test]
fn a_hand_back_over_a_blocking_socket_is_one_call_though_nobody_has_read() {
    for version in VERSIONS {
        let (mut near, _far) = full_store(version);
        let error = near.hand_back().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{version}: {error}");
    }
}

// every-call-ends: the patience bounds the last word of one direction too
#[test]
fn closing_the_write_side_ends_by_the_patience_if_nobody_reads() {
    let (read, write, far) = filled_halves(Version::Tls13);
    write.handle().set_patience(PATIENCE);
    let error = write.handle().close_write().unwrap_err();
    let ending = Ending::find(&error).unwrap();
    assert_eq!((error.kind(), ending.delivery), (ErrorKind::TimedOut, Delivery::Lost), "{error}");
    drop((read, write, far));
}

// reply-at-once, every-call-ends: an answer that nobody asked for waits no longer than that, either
#[test]
fn reading_the_peers_end_answers_it_within_the_patience() {
    let (mut read, write, mut far) = filled_halves(Version::Tls12);
    write.handle().set_patience(PATIENCE);
    let peer = thread::spawn(move || {
        far.set_patience(PATIENCE);
        // Nothing is read: a close at once sends close_notify, and lets go.
        let socket = far.transport().unwrap().try_clone().unwrap();
        far.close(Close::AtOnce).unwrap();
        socket
    });
    let read_end = read.read(&mut [0; 8]);
    assert!(read_end.is_ok_and(|count| count == 0) || write.handle().ending().reading != ReadEnd::Open);
    drop(peer.join().unwrap());
}

/// A transport whose write fails once with an error of the kernel. From then on its reads return
/// the end of the stream, as on Linux.
struct Dying {
    pipe: Pipe,
    errno: Option<i32>,
    has_died: bool,
}

impl Read for Dying {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.pipe.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock && self.has_died => Ok(0),
            read => read,
        }
    }
}

impl Write for Dying {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.errno.take() {
            Some(errno) => {
                self.has_died = true;
                Err(io::Error::from_raw_os_error(errno))
            }
            None => self.pipe.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Dying {
    fn shut_write(&mut self) -> io::Result<()> {
        self.pipe.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.pipe.reset()
    }
}

// dead-is-not-fin
#[test]
fn an_end_after_a_write_that_met_a_dead_transport_is_no_fin() {
    for (version, errno) in
        VERSIONS.into_iter().flat_map(|version| [110, 103, 113].map(|errno| (version, errno)))
    {
        let policy = Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT };
        let (client, mut server) = pair(version, policy);
        server.session.write(&mut server.pipe, b"half of the answer").unwrap();
        let transport = Dying { pipe: client.pipe, errno: Some(errno), has_died: false };
        let mut near = Stream::from_session(client.session, transport);
        near.set_framing(FramingState::DelimitedByEnd);
        let error = near.write_all(b"more").unwrap_err();
        let mut all = Vec::new();
        let read = near.read_to_end(&mut all).unwrap_err();
        assert_eq!(all, b"half of the answer");
        for error in [error, read] {
            let ending = Ending::find(&error).unwrap();
            assert_eq!((ending.reading, ending.errno), (ReadEnd::TransportFailed, Some(errno)), "{error}");
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{version}: {error}");
        }
    }
}

// The kernel gives up on a peer that neither reads nor answers: TCP_USER_TIMEOUT, tcp(7)
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_the_kernel_gave_up_reads_as_failed() {
    let threads = VERSIONS.map(|version| {
        thread::spawn(move || {
            let policy = Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT };
            let (mut near, mut far) = streams(version, policy);
            sockopt::set_tcp_user_timeout(near.transport().unwrap(), 200).unwrap();
            far.write_all(b"half of the answer").unwrap();
            let error = loop {
                if let Err(error) = near.write_all(&[0; 65_536]) {
                    break error;
                }
            };
            let mut all = Vec::new();
            let read = near.read_to_end(&mut all).unwrap_err();
            for error in [error, read] {
                assert_eq!(
                    Ending::find(&error).unwrap().reading,
                    ReadEnd::TransportFailed,
                    "{version}: {error}"
                );
            }
            drop(far);
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Another implementation's tunnel, which reports its own truncation.
struct Tunnel(Pipe);

impl Read for Tunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            read => read,
        }
    }
}

impl Write for Tunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Tunnel {
    fn shut_write(&mut self) -> io::Result<()> {
        self.0.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.0.reset()
    }
}

// RFC 9112 §9.8: and between two messages it is as harmless as a FIN
#[test]
fn a_tunnel_beneath_that_was_cut_reads_as_a_truncation() {
    for version in VERSIONS {
        let (client, mut server) = pair(version, Policy::https());
        server.session.write(&mut server.pipe, ANSWER).unwrap();
        server.pipe.shut_write().unwrap();
        let mut near = Stream::from_session(client.session, Tunnel(client.pipe));
        near.set_tracker(Responses::new());
        near.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut all = Vec::new();
        near.read_to_end(&mut all).unwrap();
        assert_eq!(all, ANSWER);
        assert_eq!(near.ending().reading, ReadEnd::TruncatedAtBoundary, "{version}");
    }
}

// shut-means-said, and the result of a repeated shutdown
#[tokio::test]
async fn a_shutdown_that_is_repeated_answers_the_same() {
    for version in VERSIONS {
        let (mut near, mut far) = client_under(version, Policy::https()).await;
        near.write_all(b"all").await.unwrap();
        for _ in 0..3 {
            near.shutdown().await.unwrap();
            near.flush().await.unwrap();
        }
        assert_eq!(near.ending().writing, WriteEnd::CloseNotifySent);
        far.read_exact(&mut [0; 3]).await.unwrap();
        assert_eq!(far.read(&mut [0; 1]).await.unwrap(), 0);
        near.abort().unwrap();
        for _ in 0..2 {
            assert!(near.shutdown().await.is_err() && near.flush().await.is_err(), "{version}");
        }
    }
}
