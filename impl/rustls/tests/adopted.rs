//! Streams of rustls that were read and written before they became ours: no part of a record is
//! lost.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{Read, Write};
use std::thread;

use close_notify::{
    AlertDescription, Close, Ending, FindEnding, Pipe, Policy, ReadEnd, Tls, Transport, Version, WithEnding,
    WriteEnd,
};
use common::{VERSIONS, client, client_config, hooked, server, server_config, sockets};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConnection, ServerConnection};

const PROVIDERS: [fn() -> CryptoProvider; 2] = [hooked, rustls::crypto::ring::default_provider];

/// What one side has to send.
fn sealed(connection: &mut impl Tls) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.common().wants_write() {
        connection.write_tls(&mut bytes).unwrap();
    }
    bytes
}

fn hear(connection: &mut impl Tls, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        connection.read_tls(&mut bytes).unwrap();
        connection.process_new_packets().unwrap();
    }
}

/// A client and a server of plain rustls, with their handshake done and everything read.
fn pair(version: Version, provider: fn() -> CryptoProvider) -> (ClientConnection, ServerConnection) {
    let mut client = client(client_config(version, provider()));
    let mut server = server(server_config(version, provider()));
    for _ in 0..20 {
        hear(&mut server, &sealed(&mut client));
        hear(&mut client, &sealed(&mut server));
        if !client.is_handshaking() && !server.is_handshaking() {
            return (client, server);
        }
    }
    panic!("the handshake does not end");
}

/// Every version with and without the hook.
fn each_kind() -> impl Iterator<Item = (Version, fn() -> CryptoProvider)> {
    VERSIONS.into_iter().flat_map(|version| PROVIDERS.map(|provider| (version, provider)))
}

#[test]
fn a_record_that_rustls_has_read_in_part_is_read_to_its_end() {
    for (version, provider) in each_kind() {
        let (_, mut server) = pair(version, provider);
        server.writer().write_all(b"the first record").unwrap();
        let first = sealed(&mut server);
        for split in 0..=first.len() {
            let (client, mut server) = pair(version, provider);
            let (near, mut far) = Pipe::pair(1 << 16);
            server.writer().write_all(b"the first record").unwrap();
            let first = sealed(&mut server);
            server.writer().write_all(b" and another").unwrap();
            server.send_close_notify();
            let rest = sealed(&mut server);

            let mut owned = rustls::StreamOwned::new(client, near);
            hear(&mut owned.conn, &first[..split]);
            far.write_all(&first[split..]).unwrap();
            far.write_all(&rest).unwrap();
            far.shut_write().unwrap();

            let mut ours = owned.with_ending(Policy::STRICT);
            let mut all = String::new();
            ours.read_to_string(&mut all).unwrap();
            assert_eq!(all, "the first record and another", "{version} {split}");
            assert_eq!(ours.ending().reading, ReadEnd::CloseNotify);
        }
    }
}

#[test]
fn plaintext_after_the_close_notify_is_handed_back_whole_from_the_middle_of_a_record() {
    for (version, provider) in each_kind() {
        let (_, mut server) = pair(version, provider);
        server.send_close_notify();
        let length = sealed(&mut server).len();
        for split in 0..length {
            let (client, mut server) = pair(version, provider);
            let (near, mut far) = Pipe::pair(1 << 16);
            server.send_close_notify();
            let notify = sealed(&mut server);
            let mut owned = rustls::StreamOwned::new(client, near);
            hear(&mut owned.conn, &notify[..split]);
            far.write_all(&notify[split..]).unwrap();
            far.write_all(b"\x17\x03\x03plain").unwrap();

            let (_, leftover) = owned.hand_back(Policy::STRICT).unwrap();
            assert_eq!(leftover, b"\x17\x03\x03plain", "{version} {split}");
        }
    }
}

#[test]
fn what_rustls_has_heard_before_counts() {
    for (version, provider) in each_kind() {
        let (mut client, mut server) = pair(version, provider);
        server.writer().write_all(b"data").unwrap();
        server.send_close_notify();
        hear(&mut client, &sealed(&mut server));
        let (near, far) = Pipe::pair(1 << 16);
        let mut ours = rustls::StreamOwned::new(client, near).with_ending(Policy::STRICT);
        let mut all = String::new();
        ours.read_to_string(&mut all).unwrap();
        assert_eq!(all, "data");
        assert!(ours.close(Close::Graceful).unwrap().is_clean(), "{version}");
        drop(far);
    }
}

#[test]
fn an_alert_that_rustls_has_heard_before_is_named() {
    for version in VERSIONS {
        let (client, mut server) = pair(version, hooked);
        let (near, mut far) = Pipe::pair(1 << 16);
        let mut client = rustls::StreamOwned::new(client, near);
        // A record that nobody sealed: the server answers with a fatal alert.
        let mut forged: &[u8] = &common::FORGED;
        server.read_tls(&mut forged).unwrap();
        server.process_new_packets().unwrap_err();
        far.write_all(&sealed(&mut server)).unwrap();
        assert!(client.read(&mut [0; 8]).is_err(), "{version}");
        let ending = client.with_ending(Policy::STRICT).ending();
        assert!(matches!(ending.reading, ReadEnd::FatalAlert(_)), "{version} {ending}");
    }
}

#[test]
fn an_end_before_the_first_record_is_not_known_to_be_between_two() {
    for (version, provider) in each_kind() {
        let (client, _server) = pair(version, provider);
        let (near, far) = Pipe::pair(64);
        drop(far);
        let mut ours = rustls::StreamOwned::new(client, near).with_ending(Policy::STRICT);
        ours.read(&mut [0; 8]).unwrap_err();
        assert_eq!(ours.ending().reading, ReadEnd::TruncatedInRecord, "{version}");
    }
}

#[test]
fn a_lent_stream_is_ended_and_its_parts_stay() {
    for version in VERSIONS {
        let (mut client, mut server) = pair(version, hooked);
        let (mut near, mut far) = Pipe::pair(1 << 16);
        let ending =
            rustls::Stream::new(&mut client, &mut near).close(Policy::STRICT, Close::AtOnce).unwrap();
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{version}");
        assert!(!client.wants_write());
        let mut read = vec![0; 256];
        let count = far.read(&mut read).unwrap();
        hear(&mut server, &read[..count]);
        assert_eq!(server.reader().read(&mut read).unwrap(), 0, "the server has heard close_notify");
        drop(near);
    }
}

#[test]
fn a_fresh_stream_does_its_handshake_as_ours() {
    for version in VERSIONS {
        let (near, far) = sockets();
        let peer = thread::spawn(move || {
            let server = server(server_config(version, hooked()));
            let mut server = rustls::StreamOwned::new(server, far).with_ending(Policy::STRICT);
            let mut all = String::new();
            server.read_to_string(&mut all).unwrap();
            (all, server.close(Close::Graceful).unwrap())
        });
        let client = client(client_config(version, hooked()));
        let mut client = rustls::StreamOwned::new(client, near).with_ending(Policy::STRICT);
        client.write_all(b"hello").unwrap();
        assert!(client.close(Close::Graceful).unwrap().is_clean(), "{version}");
        let (all, ending) = peer.join().unwrap();
        assert_eq!(all, "hello");
        assert!(ending.is_clean(), "{version}");
    }
}

/// The result of a call that consumes the stream.
type Only = fn(rustls::StreamOwned<ClientConnection, std::net::TcpStream>) -> std::io::Result<()>;

#[test]
fn a_call_that_consumes_its_stream_refuses_a_socket_that_does_not_block() {
    let calls: [(Only, WriteEnd); 3] = [
        (|stream| stream.close(Policy::STRICT, Close::Graceful).map(drop), WriteEnd::CloseNotifySent),
        (|stream| stream.hand_back(Policy::STRICT).map(drop), WriteEnd::CloseNotifySent),
        (
            |stream| stream.reject(AlertDescription::ACCESS_DENIED).map(drop),
            WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED),
        ),
    ];
    for version in VERSIONS {
        for (call, writing) in calls {
            let (client, _server) = pair(version, hooked);
            let (near, mut far) = sockets();
            near.set_nonblocking(true).unwrap();
            let error = call(rustls::StreamOwned::new(client, near)).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{version}");
            assert!(error.to_string().contains("the transport does not block"), "{error}");
            assert_eq!(Ending::find(&error).unwrap().writing, writing, "{version}: {error}");
            assert!(far.read_to_end(&mut Vec::new()).unwrap() > 0, "{version}");
        }
    }
}
