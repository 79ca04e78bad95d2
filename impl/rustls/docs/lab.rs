// Helpers for the examples in the docs, hidden from their readers: a certificate, connections,
// sockets.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// A client's and a server's configuration, as an application has them.
pub fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let provider = Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()));
    let client = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a key");
    (Arc::new(client), Arc::new(server))
}

/// A TLS 1.3 client and server that have completed the handshake and read its tickets.
pub fn connections() -> (ClientConnection, ServerConnection) {
    let (client, server) = configs();
    let name = "localhost".try_into().expect("a name");
    let mut client = ClientConnection::new(client, name).expect("a client");
    let mut server = ServerConnection::new(server).expect("a server");
    for _ in 0..10 {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).expect("memory");
        }
        let mut unread = &flight[..];
        while !unread.is_empty() {
            server.read_tls(&mut unread).expect("memory");
            server.process_new_packets().expect("a flight of the client");
        }
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).expect("memory");
        }
        let mut unread = &flight[..];
        while !unread.is_empty() {
            client.read_tls(&mut unread).expect("memory");
            client.process_new_packets().expect("a flight of the server");
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}

/// Two sockets over loopback.
pub fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    (near, listener.accept().expect("its other end").0)
}

/// This crate's streams at both ends of a connection over loopback.
pub fn streams(policy: close_notify::Policy) -> [close_notify::Stream<TcpStream>; 2] {
    let (client, server) = connections();
    let (near, far) = sockets();
    [close_notify::Stream::new(client, near, policy), close_notify::Stream::new(server, far, policy)]
}
