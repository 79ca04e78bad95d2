//! Handshakes that fail, seen from both ends, and what a client may know of one that did not.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use close_notify::{
    Acceptance, Acceptor, AlertDescription, Connector, Ending, FindEnding, Pipe, Policy, ReadEnd, Role,
    Stream, Transport, Version, WriteEnd,
};
use common::{VERSIONS, client_config, demanding_server_config, hooked, server_config, sockets};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

const LONG: Duration = Duration::from_secs(20);

/// A client that trusts nobody.
fn distrustful(version: Version) -> ClientConfig {
    let versions: &[_] = match version {
        Version::Tls13 => &[&rustls::version::TLS13],
        _ => &[&rustls::version::TLS12],
    };
    ClientConfig::builder_with_provider(hooked().into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

fn connect(config: ClientConfig, socket: TcpStream) -> io::Result<Stream<TcpStream>> {
    Connector::new(config, Policy::STRICT).connect("localhost".try_into().unwrap(), socket)
}

fn accept(config: ServerConfig, socket: TcpStream) -> io::Result<Stream<TcpStream>> {
    Acceptor::new(config, Policy::STRICT).accept(socket)
}

fn ending<T>(result: io::Result<T>) -> Ending {
    match result {
        Ok(_) => panic!("it does not fail"),
        Err(error) => Ending::find(&error).unwrap_or_else(|| panic!("{error:?}")),
    }
}

#[test]
fn a_client_that_refuses_the_certificate_says_so_and_the_server_reads_it() {
    for version in VERSIONS {
        let (near, far) = sockets();
        let server = thread::spawn(move || ending(accept(server_config(version, hooked()), far)));
        let client = ending(connect(distrustful(version), near));
        assert_eq!(client.writing, WriteEnd::FatalAlertSent(AlertDescription::UNKNOWN_CA), "{version}");
        let server = server.join().unwrap();
        assert_eq!(server.reading, ReadEnd::FatalAlert(AlertDescription::UNKNOWN_CA), "{version}");
    }
}

#[test]
fn a_refused_client_reads_the_alert_after_all_that_it_wrote() {
    for version in VERSIONS {
        let (near, far) = sockets();
        let server = thread::spawn(move || ending(accept(demanding_server_config(version), far)));
        let client = connect(client_config(version, hooked()), near).and_then(|mut client| {
            // TLS 1.3: for the client the handshake is done, and it writes until it reads the
            // alert.
            loop {
                client.write_all(&[7; 10_000])?;
            }
        });
        let client = ending::<()>(client);
        assert!(matches!(client.reading, ReadEnd::FatalAlert(_)), "{version}: {client}");
        let alert = server.join().unwrap().writing;
        assert!(matches!(alert, WriteEnd::FatalAlertSent(_)), "{version}: {alert}");
    }
}

#[test]
fn a_peer_that_does_not_speak_tls_gets_an_alert() {
    for version in VERSIONS {
        let (near, mut far) = sockets();
        far.write_all(b"220 ready when you are\r\n").unwrap();
        let peer = thread::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            all
        });
        let client = ending(connect(client_config(version, hooked()), near));
        assert!(matches!(client.reading, ReadEnd::Refused(_)), "{version}: {client}");
        let all = peer.join().unwrap();
        let alert = &all[all.len() - 7..];
        assert_eq!((alert[0], alert[5]), (21, 2), "{version}: a fatal alert, whole, and then the end");
    }
}

#[test]
fn a_handshake_that_hangs_ends_by_its_deadline() {
    for version in VERSIONS {
        let (near, _far) = sockets();
        let connector = Connector::new(client_config(version, hooked()), Policy::STRICT);
        let connector = connector.handshake_within(Duration::from_millis(30));
        let ending = ending(connector.connect("localhost".try_into().unwrap(), near));
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
    }
}

/// Client and server of this version, each over a socket that nobody ever answers.
fn each_shaken_alone(
    version: Version,
    patience: Duration,
    set: impl Fn(&TcpStream),
) -> [(io::Error, TcpStream); 2] {
    let (near, far) = sockets();
    set(&near);
    let connector = Connector::new(client_config(version, hooked()), Policy::STRICT);
    let connector = connector.handshake_within(patience);
    let client = connector.connect("localhost".try_into().unwrap(), near).unwrap_err();
    let (other_near, other_far) = sockets();
    set(&other_far);
    let acceptor = Acceptor::new(server_config(version, hooked()), Policy::STRICT);
    let server = acceptor.handshake_within(patience).accept(other_far).unwrap_err();
    [(client, far), (server, other_near)]
}

#[test]
fn a_socket_that_does_not_block_is_refused_with_what_to_do() {
    for version in VERSIONS {
        for patience in [LONG, Duration::MAX] {
            let set = |socket: &TcpStream| socket.set_nonblocking(true).unwrap();
            for (error, mut peer) in each_shaken_alone(version, patience, set) {
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{version}");
                assert!(error.to_string().contains("the transport does not block"), "{error}");
                assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::NotAwaited, "{version}");
                peer.read_to_end(&mut Vec::new()).unwrap();
            }
        }
    }
}

// Without a patience for the handshake, the timeout of the socket ends it.
#[cfg(unix)]
#[test]
fn a_timeout_of_the_socket_that_ends_the_handshake_is_a_timeout() {
    for version in VERSIONS {
        let set = |socket: &TcpStream| socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        for (error, mut peer) in each_shaken_alone(version, Duration::MAX, set) {
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{version}");
            assert!(error.to_string().contains("a timeout of the transport's own"), "{error}");
            assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::TimedOut, "{version}");
            peer.read_to_end(&mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn a_server_that_takes_the_client_is_known_by_its_ticket() {
    let (near, far) = sockets();
    let server = thread::spawn(move || {
        let mut server = accept(server_config(Version::Tls13, hooked()), far).unwrap();
        assert_eq!(server.confirm_accepted(LONG).unwrap(), Acceptance::Confirmed, "it has the Finished");
        server.write_all(b"hello").unwrap();
        server
    });
    let mut client = connect(client_config(Version::Tls13, hooked()), near).unwrap();
    assert_eq!(client.confirm_accepted(LONG).unwrap(), Acceptance::Confirmed);
    let mut hello = [0; 5];
    client.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello");
    drop(server.join().unwrap());
}

#[test]
fn before_tls_13_the_handshake_itself_confirms_it() {
    let (near, far) = sockets();
    let server = thread::spawn(move || accept(server_config(Version::Tls12, hooked()), far).unwrap());
    let mut client = connect(client_config(Version::Tls12, hooked()), near).unwrap();
    assert_eq!(client.confirm_accepted(LONG).unwrap(), Acceptance::Confirmed);
    drop(server.join().unwrap());
}

#[test]
fn a_client_whose_certificate_is_missing_learns_it_by_name_before_it_writes() {
    let (near, far) = sockets();
    let server = thread::spawn(move || ending(accept(demanding_server_config(Version::Tls13), far)));
    let mut client = connect(client_config(Version::Tls13, hooked()), near).unwrap();
    let refused = ending(client.confirm_accepted(LONG));
    assert_eq!(refused.reading, ReadEnd::FatalAlert(AlertDescription::CERTIFICATE_REQUIRED));
    server.join().unwrap();
}

#[test]
fn asking_before_the_handshake_is_done_ends_nothing() {
    let (near, far) = Pipe::pair(1 << 16);
    let client = ClientConnection::new(
        client_config(Version::Tls13, hooked()).into(),
        "localhost".try_into().unwrap(),
    );
    let mut client = Stream::new(client.unwrap(), near, Policy::STRICT);
    assert_eq!(client.confirm_accepted(Duration::ZERO).unwrap(), Acceptance::Unknown);
    let server = ServerConnection::new(server_config(Version::Tls13, hooked()).into()).unwrap();
    let mut server = Stream::new(server, far, Policy::STRICT);
    while server.complete_handshake().is_err() {
        let _ = client.complete_handshake();
    }
    assert_eq!(client.confirm_accepted(Duration::ZERO).unwrap(), Acceptance::Confirmed);
}

/// A transport that takes a number of bytes more, and then fails to write.
struct Breaks(Pipe, usize);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Breaks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(&bytes[..bytes.len().min(self.1)]) {
            Ok(0) => Err(io::ErrorKind::BrokenPipe.into()),
            written => written.inspect(|count| self.1 -= count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Breaks {
    fn shut_write(&mut self) -> io::Result<()> {
        self.0.shut_write()
    }

    fn reset(&mut self) -> io::Result<()> {
        self.0.reset()
    }
}

// salvage-alert: the time limit of a call does not shorten the wait for the alert
#[test]
fn asking_after_a_write_that_failed_leaves_the_alert_its_time() {
    let (client, server) = common::pair(Version::Tls13, Policy::STRICT);
    let (near, far) = Pipe::pair(50);
    let mut client = Stream::from_session(client.session, Breaks(near, 60));
    let mut server = Stream::from_session(server.session, far);
    assert_eq!(client.write(&[0; 500]).unwrap(), 500, "50 have left");
    assert_eq!(server.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "half a record");
    for _ in 0..2 {
        assert_eq!(client.confirm_accepted(Duration::ZERO).unwrap(), Acceptance::Unknown);
    }
    assert!(client.session().machine().salvages(), "it has written on, and failed");
    let _ = server.reject(AlertDescription::ACCESS_DENIED);
    let refused = ending(client.read(&mut [0; 8]));
    assert_eq!(refused.reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED));
}

#[test]
fn a_server_that_says_nothing_leaves_it_unknown_and_one_that_talks_is_kept() {
    let (near, far) = sockets();
    let mut config = server_config(Version::Tls13, hooked());
    config.send_tls13_tickets = 0;
    let server = thread::spawn(move || accept(config, far).unwrap());
    let mut client = connect(client_config(Version::Tls13, hooked()), near).unwrap();
    let mut server = server.join().unwrap();
    assert_eq!(client.confirm_accepted(Duration::from_millis(30)).unwrap(), Acceptance::Unknown);
    server.write_all(b"hello").unwrap();
    assert_eq!(client.confirm_accepted(LONG).unwrap(), Acceptance::DataCame);
    let mut hello = [0; 5];
    client.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello");
    assert!(!client.peer_closed_now().unwrap());
    drop(server);
    // The end has to travel: ask until it is there.
    assert!((0..10_000).any(|_| {
        thread::yield_now();
        client.peer_closed_now().unwrap()
    }));
    assert_eq!(client.ending().reading, ReadEnd::TruncatedAtBoundary);
}

#[tokio::test]
async fn tasks_connect_and_accept_the_same() {
    for version in VERSIONS {
        for (config, is_taken) in [(client_config(version, hooked()), true), (distrustful(version), false)] {
            let (near, far) = tokio::io::duplex(1 << 16);
            let connector = Connector::new(config, Policy::STRICT);
            let acceptor = Acceptor::new(server_config(version, hooked()), Policy::STRICT);
            let name = "localhost".try_into().unwrap();
            let (client, server) =
                tokio::join!(connector.connect_async(name, near), acceptor.accept_async(far));
            assert_eq!((client.is_ok(), server.is_ok()), (is_taken, is_taken), "{version}");
            if let Err(error) = server {
                let reading = Ending::find(&error).unwrap().reading;
                assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::UNKNOWN_CA), "{version}");
            }
        }
    }
}

#[test]
fn a_stream_says_which_end_it_is() {
    let (near, _far) = Pipe::pair(64);
    let stream = Stream::new(common::client(client_config(Version::Tls13, hooked())), near, Policy::STRICT);
    assert_eq!(stream.session().machine().role(), Role::Client);
}
