//! Two ends of a connection, over memory or over loopback, of either version.
#![allow(dead_code, reason = "each test file uses only a part")]
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

pub(crate) mod tasks;

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};

use close_notify::{Pipe, Policy, Progress, Session, Stream, Version};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

/// The versions that most tests run for.
pub(crate) const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Identity { certificate: made.cert.der().clone(), key }
});

pub(crate) fn hooked() -> CryptoProvider {
    close_notify::provider(rustls::crypto::ring::default_provider())
}

fn protocol(version: Version) -> &'static [&'static SupportedProtocolVersion] {
    static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    if version == Version::Tls13 { &TLS13 } else { &TLS12 }
}

pub(crate) fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.certificate.clone()).unwrap();
    roots
}

pub(crate) fn client_config(version: Version, provider: CryptoProvider) -> ClientConfig {
    ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(protocol(version))
        .unwrap()
        .with_root_certificates(roots())
        .with_no_client_auth()
}

pub(crate) fn server_config(version: Version, provider: CryptoProvider) -> ServerConfig {
    ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(protocol(version))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key())
        .unwrap()
}

/// A server that asks for a certificate.
pub(crate) fn demanding_server_config(version: Version) -> ServerConfig {
    let provider = Arc::new(hooked());
    let roots = Arc::new(roots());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(protocol(version))
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key())
        .unwrap()
}

pub(crate) fn client(config: impl Into<Arc<ClientConfig>>) -> ClientConnection {
    ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap()
}

pub(crate) fn server(config: impl Into<Arc<ServerConfig>>) -> ServerConnection {
    ServerConnection::new(config.into()).unwrap()
}

/// One end in memory, with its half of the pipe.
pub(crate) struct End {
    pub(crate) session: Session,
    pub(crate) pipe: Pipe,
}

/// Client and server before their handshake.
pub(crate) fn fresh_pair(version: Version, provider: fn() -> CryptoProvider, policy: Policy) -> (End, End) {
    let (near, far) = Pipe::pair(1 << 18);
    let client = Session::new(client(client_config(version, provider())), policy);
    let server = Session::new(server(server_config(version, provider())), policy);
    (End { session: client, pipe: near }, End { session: server, pipe: far })
}

/// Client and server with their handshake done and the tickets read.
pub(crate) fn pair(version: Version, policy: Policy) -> (End, End) {
    pair_of(version, hooked, policy)
}

pub(crate) fn pair_of(version: Version, provider: fn() -> CryptoProvider, policy: Policy) -> (End, End) {
    let (mut client, mut server) = fresh_pair(version, provider, policy);
    for _ in 0..50 {
        let near = client.handshake();
        let far = server.handshake();
        if near && far {
            client.receive_all();
            return (client, server);
        }
    }
    panic!("the handshake does not end");
}

impl End {
    fn handshake(&mut self) -> bool {
        matches!(self.session.handshake(&mut self.pipe), Ok(Progress::Done))
    }

    /// Receives until nothing waits. It does not send what is due meanwhile.
    pub(crate) fn receive_all(&mut self) {
        for _ in 0..1000 {
            match self.session.receive(&mut self.pipe) {
                Ok(close_notify::Received::End | close_notify::Received::Full) | Err(_) => return,
                Ok(_) => {}
            }
        }
        panic!("receiving does not end");
    }

    /// Does what the machine asks for, including reading, until it can do no more. The pipe stays.
    pub(crate) fn drive(&mut self) {
        use close_notify::{Output, Step};
        for _ in 0..1000 {
            let result = match self.session.step(&mut self.pipe).unwrap() {
                Step::Did(_) => Ok(()),
                Step::Waits(Output::Drain) => self.session.drain(&mut self.pipe),
                Step::Waits(Output::AwaitPeer) => self.session.receive(&mut self.pipe).map(drop),
                Step::Waits(_) | Step::Blocked | Step::Idle | Step::Done => return,
            };
            if result.is_err() {
                return;
            }
        }
        panic!("driving does not end");
    }

    pub(crate) fn read_all(&mut self) -> Vec<u8> {
        let mut all = vec![0; 1 << 17];
        let mut count = 0;
        loop {
            match self.session.read(&mut all[count..]) {
                0 => break,
                more => count += more,
            }
        }
        all.truncate(count);
        all
    }

    pub(crate) fn into_stream(self) -> Stream<Pipe> {
        Stream::from_session(self.session, self.pipe)
    }
}

/// Two connected sockets on loopback.
pub(crate) fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    (near, far)
}

/// Client and server over loopback, with their handshake done.
pub(crate) fn streams(version: Version, policy: Policy) -> (Stream<TcpStream>, Stream<TcpStream>) {
    let (near, far) = sockets();
    let mut client = Stream::new(client(client_config(version, hooked())), near, policy);
    let server = std::thread::spawn(move || {
        let mut server = Stream::new(server(server_config(version, hooked())), far, policy);
        server.complete_handshake().unwrap();
        server
    });
    client.complete_handshake().unwrap();
    (client, server.join().unwrap())
}

/// A record that looks protected but was not sealed by anybody.
pub(crate) const FORGED: [u8; 45] = {
    let mut record = [7; 45];
    [record[0], record[1], record[2], record[3], record[4]] = [23, 3, 3, 0, 40];
    record
};
