//! What fuzzers found in this crate, as connections whose peer has the keys.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

#[path = "common/mod.rs"]
mod common;
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses only a part, and clippy exempts only the tests themselves"
)]
#[path = "scenarios/keyed_peer.rs"]
mod keyed_peer;

use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;

use close_notify::{AlertDescription, Ending, FindEnding, Policy, ReadEnd, Stream, Version};
use rustls::{ClientConnection, Connection};

use common::{VERSIONS, client, client_config, hooked, server, server_config, sockets};
use keyed_peer::{ALERT, Log, Peer, provider};

/// A client with our provider, and a server that has the keys, both shaken by rustls.
fn client_and_peer(version: Version) -> (ClientConnection, std::net::TcpStream, Peer) {
    let (mut near, far) = sockets();
    let log = Arc::new(Log::default());
    let mut config = server_config(version, provider());
    config.key_log = log.clone();
    config.enable_secret_extraction = true;
    config.send_tls13_tickets = 0;
    let peer = thread::spawn(move || Peer::shake(server(config).into(), &log, far));
    let mut connection = Connection::from(client(client_config(version, hooked())));
    keyed_peer::shake(&mut connection, &mut near).unwrap();
    let Connection::Client(connection) = connection else { panic!("it was made a client") };
    (connection, near, peer.join().unwrap())
}

// RFC 9846 §6 · level-ignored-13 is our duty on our streams alone
#[test]
fn a_connection_that_rustls_drives_alone_reads_every_alert_though_its_provider_is_ours() {
    let (mut connection, mut near, mut peer) = client_and_peer(Version::Tls13);
    peer.say_alert(1, AlertDescription::HANDSHAKE_FAILURE.0);
    connection.read_tls(&mut near).unwrap();
    let refused = connection.process_new_packets().unwrap_err();
    assert_eq!(refused, rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure));
}

// RFC 9846 §6.2: what is refused is refused by name, whatever came before it in the same segment
#[test]
fn bytes_that_are_no_record_are_refused_by_an_alert_directly_after_a_warning() {
    const USER_CANCELED: [u8; 2] = [1, 90];
    for version in VERSIONS {
        let (connection, near, mut peer) = client_and_peer(version);
        let mut segment = peer.keys.send.seal(ALERT, &USER_CANCELED);
        segment.write_all(b"+OK in plain\r\n").unwrap();
        peer.say(&segment);
        peer.fin();
        let mut stream = Stream::new(connection, near, Policy::STRICT);
        let error = stream.read(&mut [0; 8]).unwrap_err();
        let ending = Ending::find(&error).unwrap();
        assert_eq!(ending.reading, ReadEnd::Refused(AlertDescription::DECODE_ERROR), "{version}");
        drop(stream);
        peer.hear_all().ends_with([2, AlertDescription::DECODE_ERROR.0]);
    }
}
