//! What is left to TCP alone goes to the service, and the peer gets to read every last word.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use close_notify::linger::{Counters, Limits, Lingerer};
use close_notify::tasks::Irresettable;
use close_notify::{
    Acceptor, AlertDescription, Close, Connector, Ending, FindEnding, FramingState, Manner, Policy, ReadEnd,
    Severity, Stream, Transport, TransportEnd, Version, WriteEnd,
};
use common::tasks;
use common::{VERSIONS, client_config, hooked, streams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn a_lingering_close_is_done_at_once_and_its_socket_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let (mut near, mut far) = streams(version, Policy::STRICT);
        near.set_lingerer(&lingerer);
        far.write_all(&[7; 50_000]).unwrap();
        near.write_all(b"the last response").unwrap();
        let ending = near.close(Close::Linger).unwrap();
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{version}");
        assert!(near.transport().is_none());
        assert_eq!(lingerer.counters().lingering, 1);
        drop(near);

        let mut all = String::new();
        far.read_to_string(&mut all).unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(far);
        let counters = lingerer.finish(soon());
        assert_eq!((counters.by_fin + counters.reset, counters.ended()), (1, 1), "{counters}");
        assert!(counters.drained >= 50_000, "{counters}");
    }
}

/// A client writes this much before it reads anything, and the server reads none of it.
const UPLOAD: usize = 8 << 20;
const LAST_RESPONSE: &[u8] = b"413, and why";
const PATIENT: Duration = Duration::from_secs(60);

/// Checks that a client that wrote its whole upload then reads what the server said last.
fn assert_learned(rejected: bool, read: io::Result<usize>, all: &[u8]) {
    if rejected {
        let reading = Ending::find(&read.unwrap_err()).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED));
    } else {
        read.unwrap();
        assert_eq!(all, LAST_RESPONSE);
    }
}

// RFC 9112 §9.6 · alert-survives-close, data-survives-close: Python, wget, Go and Java write before
// they read
#[test]
fn a_client_that_writes_all_before_it_reads_learns_what_was_said_last() {
    for (version, rejects) in VERSIONS.into_iter().flat_map(|version| [(version, true), (version, false)]) {
        for in_service in [false, true] {
            let limits = Limits { patience: PATIENT, ..Limits::DEFAULT };
            let lingerer = Lingerer::spawn(limits).unwrap();
            let (mut server, mut client) = streams(version, Policy::https());
            server.set_patience(PATIENT);
            if in_service {
                server.set_lingerer(&lingerer);
            }
            let client = thread::spawn(move || {
                client.write_all(&vec![7; UPLOAD]).unwrap();
                let mut all = Vec::new();
                let read = client.read_to_end(&mut all);
                assert_learned(rejects, read, &all);
            });
            let ending = if rejects {
                server.reject(AlertDescription::ACCESS_DENIED).unwrap()
            } else {
                server.write_all(LAST_RESPONSE).unwrap();
                server.close(Close::Linger).unwrap()
            };
            client.join().unwrap();
            let end = if in_service { TransportEnd::HandedOver } else { TransportEnd::PeerFin };
            assert_eq!(ending.transport, end, "{version}: {ending}");
            assert_eq!(lingerer.finish(soon()).ended(), u64::from(in_service));
        }
    }
}

#[tokio::test]
async fn a_client_that_writes_all_before_it_reads_learns_what_a_task_said_last() {
    for (version, rejects) in VERSIONS.into_iter().flat_map(|version| [(version, true), (version, false)]) {
        let (mut client, mut server) = tasks::streams(version, Policy::https()).await;
        server.set_patience(PATIENT);
        let client = tokio::spawn(async move {
            client.write_all(&vec![7; UPLOAD]).await.unwrap();
            let mut all = Vec::new();
            let read = client.read_to_end(&mut all).await;
            assert_learned(rejects, read, &all);
        });
        let ending = if rejects {
            server.reject(AlertDescription::ACCESS_DENIED).await.unwrap()
        } else {
            server.write_all(LAST_RESPONSE).await.unwrap();
            server.close(Close::Linger).await.unwrap()
        };
        client.await.unwrap();
        assert_eq!(ending.transport, TransportEnd::PeerFin, "{version}: {ending}");
    }
}

#[test]
fn the_ending_says_what_cut_a_lingering_short_and_a_log_gets_it() {
    let between = FramingState::BetweenMessages;
    for version in VERSIONS {
        let little = Policy { drain_budget: 100, ..Policy::https() };
        for rejects in [true, false] {
            let (mut near, mut far) = streams(version, little);
            far.write_all(&[7; 50_000]).unwrap();
            let over = if rejects {
                near.reject(AlertDescription::ACCESS_DENIED)
            } else {
                near.close(Close::Linger)
            };
            let over = over.unwrap();
            assert_eq!(over.transport, TransportEnd::OverBudget, "{version}: {over}");
            assert!(
                over.to_string().contains("closing may have destroyed what we said"),
                "{version}: {over}"
            );
            assert_eq!(over.severity(between), Severity::Warn, "{version}: {over}");
        }
        let (mut near, _silent) = streams(version, Policy::https());
        near.set_patience(Duration::from_millis(20));
        let late = near.close(Close::Linger).unwrap();
        assert_eq!(late.transport, TransportEnd::TimedOut, "{version}: {late}");
        assert_eq!(late.severity(between), Severity::Info, "{version}: {late}");
    }
}

#[test]
fn a_rejection_is_read_though_the_peer_writes_on() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let (mut near, mut far) = streams(version, Policy::STRICT);
        near.set_lingerer(&lingerer);
        far.write_all(&[7; 50_000]).unwrap();
        near.reject(AlertDescription::ACCESS_DENIED).unwrap();
        assert_eq!(lingerer.counters().lingering, 1);
        drop(near);
        drop(far.write_all(&[7; 10_000]));
        let error = far.read(&mut [0; 8]).unwrap_err();
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(far);
        assert_eq!(lingerer.finish(soon()).ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_after_its_shutdown_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        server.write_all(b"the last response").await.unwrap();
        // As HTTP libraries do.
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(client);
        assert_eq!(lingerer.finish_async(soon()).await.ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_in_the_middle_of_a_request_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        // More was read from the socket than this: it is in our own buffer, and nobody wants it.
        server.read_exact(&mut [0; 10]).await.unwrap();
        server.write_all(b"the last response").await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(client);
        assert_eq!(lingerer.finish_async(soon()).await.ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_has_read_more_than_its_budget_does_not_linger() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) =
            tasks::streams(version, Policy { drain_budget: 100, ..Policy::STRICT }).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        server.read_exact(&mut [0; 10]).await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 0, "{version}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_before_its_last_word_does_not_linger() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        server.write_all(b"half of it").await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 0, "{version}");
        let mut all = Vec::new();
        let error = client.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(all, b"half of it");
        assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::TruncatedAtBoundary, "{version}");
    }
}

#[test]
fn a_handshake_that_fails_is_done_once_its_alert_has_left() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let acceptor = Acceptor::new(common::demanding_server_config(version), Policy::STRICT);
        // Without the service it would wait for as long as the client does nothing.
        let acceptor = acceptor.handshake_within(Duration::MAX).with_lingerer(&lingerer);
        let (near, far) = common::sockets();
        let (tell, told) = std::sync::mpsc::channel();
        let client = thread::spawn(move || {
            let connector = Connector::new(client_config(version, hooked()), Policy::STRICT);
            let client = connector.connect("localhost".try_into().unwrap(), near);
            told.recv().unwrap();
            client.and_then(|mut client| client.read(&mut [0; 8]).map(|_| ())).unwrap_err()
        });
        let error = acceptor.accept(far).unwrap_err();
        assert!(
            matches!(Ending::find(&error).unwrap().writing, WriteEnd::FatalAlertSent(_)),
            "{version}: {error}"
        );
        tell.send(()).unwrap();
        let error = client.join().unwrap();
        assert!(
            matches!(Ending::find(&error).unwrap().reading, ReadEnd::FatalAlert(_)),
            "{version}: {error}"
        );
        assert_eq!(lingerer.finish(soon()).ended(), 1);
    }
}

// alert-survives-close, data-survives-close: what the service does not take lingers as without a
// service
mod a_transport_that_the_service_cannot_take {
    use super::*;

    /// The counters of the service once one transport could not be taken.
    const NOT_TAKEN: Counters = Counters { not_taken: 1, ..EMPTY };
    const EMPTY: Counters = Counters {
        lingering: 0,
        by_fin: 0,
        reset: 0,
        timed_out: 0,
        over_budget: 0,
        gave_way: 0,
        drained: 0,
        not_taken: 0,
    };
    const ALERT: AlertDescription = AlertDescription::ACCESS_DENIED;
    /// More than a stream reads from its socket at once.
    const UNREAD: usize = 100_000;

    /// A socket in a wrapper that does not give it up.
    struct Wrapped(TcpStream);

    impl Read for Wrapped {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Wrapped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Wrapped {
        fn read_by(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
            self.0.read_by(buffer, deadline)
        }

        fn write_by(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
            self.0.write_by(bytes, deadline)
        }

        fn wait_for_room(&mut self, input: bool, deadline: Option<Instant>) -> io::Result<()> {
            self.0.wait_for_room(input, deadline)
        }

        fn shut_write(&mut self) -> io::Result<()> {
            self.0.shut_write()
        }

        fn reset(&mut self) -> io::Result<()> {
            self.0.reset()
        }
    }

    /// A server over the given transport, and its client, which has sent what nobody reads and has
    /// ended its stream.
    fn unread<T: Transport>(
        version: Version,
        transport: impl FnOnce(TcpStream) -> T,
    ) -> (Stream<T>, Stream<TcpStream>) {
        let (client, server) = common::pair(version, Policy::STRICT);
        let (near, far) = common::sockets();
        let mut client = Stream::from_session(client.session, near);
        let writer = thread::spawn(move || {
            client.write_all(&[7; UNREAD]).unwrap();
            client.transport().unwrap().shutdown(Shutdown::Write).unwrap();
            client
        });
        (Stream::from_session(server.session, transport(far)), writer.join().unwrap())
    }

    /// Checks that the last word was sent, and that the client reads it whole.
    fn is_read(ending: Ending, mut client: Stream<TcpStream>, manner: Manner) {
        assert!(ending.drained as usize >= UNREAD, "it lingers in its stream: {ending}");
        let mut all = String::new();
        match client.read_to_string(&mut all) {
            Ok(_) => assert_eq!(manner, Manner::Linger),
            Err(error) => assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::FatalAlert(ALERT)),
        }
        assert_eq!(all, "the last response", "{manner}");
    }

    fn lingers_in_its_stream<T: Transport>(
        lingerer: &Lingerer,
        (mut server, client): (Stream<T>, Stream<TcpStream>),
        manner: Manner,
    ) {
        server.set_lingerer(lingerer);
        server.write_all(b"the last response").unwrap();
        let ending =
            if manner == Manner::Reject { server.reject(ALERT) } else { server.close(Close::Linger) };
        assert!(server.transport().is_none());
        is_read(ending.unwrap(), client, manner);
        assert_eq!(lingerer.counters(), NOT_TAKEN, "asked once, and counted once");
    }

    #[test]
    fn lingers_in_its_stream_if_it_gives_up_no_socket() {
        for version in VERSIONS {
            for manner in [Manner::Linger, Manner::Reject] {
                let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
                lingers_in_its_stream(&lingerer, unread(version, Wrapped), manner);
            }
        }
    }

    #[test]
    fn lingers_in_its_stream_if_it_is_lent() {
        for version in VERSIONS {
            for manner in [Manner::Linger, Manner::Reject] {
                let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
                let mut lent = None;
                lingers_in_its_stream(&lingerer, unread(version, |socket| lent.insert(socket)), manner);
            }
        }
    }

    #[test]
    fn lingers_in_its_stream_if_the_service_has_ended() {
        for version in VERSIONS {
            for manner in [Manner::Linger, Manner::Reject] {
                let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
                lingerer.finish(soon());
                lingers_in_its_stream(&lingerer, unread(version, |socket| socket), manner);
            }
        }
    }

    #[test]
    fn lingers_in_its_halves_if_the_service_has_ended() {
        for version in VERSIONS {
            let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
            lingerer.finish(soon());
            let (mut server, client) = unread(version, |socket| socket);
            server.set_lingerer(&lingerer);
            server.write_all(b"the last response").unwrap();
            let (read, _write) = server.into_split().unwrap();
            is_read(read.handle().close(Close::Linger).unwrap(), client, Manner::Linger);
            assert_eq!(lingerer.counters(), NOT_TAKEN);
        }
    }

    #[test]
    fn keeps_a_failed_handshake_until_its_alert_is_read() {
        for version in VERSIONS {
            let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
            let (mut near, far) = common::sockets();
            near.write_all(&[b'G'; UNREAD]).unwrap();
            near.shutdown(Shutdown::Write).unwrap();
            let config = common::server_config(version, hooked());
            let acceptor = Acceptor::new(config, Policy::STRICT).with_lingerer(&lingerer);
            let error = acceptor.accept(Wrapped(far)).unwrap_err();
            let ending = Ending::find(&error).unwrap();
            assert!(matches!(ending.writing, WriteEnd::FatalAlertSent(_)), "{error}");
            assert!(ending.drained > 0, "it lingers in its stream: {error}");
            let mut alert = Vec::new();
            near.read_to_end(&mut alert).unwrap();
            assert_eq!((alert[0], alert.len()), (21, 7), "{version}");
            assert_eq!(lingerer.counters(), NOT_TAKEN);
        }
    }

    /// The same in tasks.
    async fn unread_in_tasks(
        version: Version,
    ) -> (close_notify::tasks::Stream<Irresettable<tokio::net::TcpStream>>, Stream<TcpStream>) {
        let (client, server) = common::pair(version, Policy::STRICT);
        let (near, far) = common::sockets();
        far.set_nonblocking(true).unwrap();
        let far = Irresettable(tokio::net::TcpStream::from_std(far).unwrap());
        let mut client = Stream::from_session(client.session, near);
        client.write_all(&[7; UNREAD]).unwrap();
        client.transport().unwrap().shutdown(Shutdown::Write).unwrap();
        (close_notify::tasks::Stream::from_session(server.session, far), client)
    }

    #[tokio::test]
    async fn lingers_in_its_task() {
        for version in VERSIONS {
            for manner in [Manner::Linger, Manner::Reject] {
                let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
                let (mut server, client) = unread_in_tasks(version).await;
                server.set_lingerer(&lingerer);
                server.write_all(b"the last response").await.unwrap();
                let ending = match manner {
                    Manner::Reject => server.reject(ALERT).await,
                    _ => server.close(Close::Linger).await,
                };
                is_read(ending.unwrap(), client, manner);
                drop(server);
                assert_eq!(lingerer.counters(), NOT_TAKEN, "asked once, and counted once");
            }
        }
    }

    #[tokio::test]
    async fn is_counted_if_its_stream_is_dropped() {
        for version in VERSIONS {
            let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
            let (mut server, _client) = unread_in_tasks(version).await;
            server.set_lingerer(&lingerer);
            server.write_all(b"the last response").await.unwrap();
            server.shutdown().await.unwrap();
            drop(server);
            assert_eq!(lingerer.counters(), NOT_TAKEN, "{version}");
        }
    }
}
