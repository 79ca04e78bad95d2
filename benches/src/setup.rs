//! Connections whose handshake is done, outside every measurement.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};

use close_notify::{Acceptor, Connector, Pipe, Policy, Progress, Session, Tls, Version};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};
use tokio::runtime::Runtime;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// Enough for a handshake and a close.
const PIPE: usize = 1 << 13;

/// The two configurations of a version.
#[derive(Debug)]
struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    without_tickets: Arc<ServerConfig>,
}

static TLS12: LazyLock<Configs> = LazyLock::new(|| configs(&rustls::version::TLS12));
static TLS13: LazyLock<Configs> = LazyLock::new(|| configs(&rustls::version::TLS13));

fn configs(version: &'static rustls::SupportedProtocolVersion) -> Configs {
    let provider = Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("our own certificate");
    let client = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a key");
    let with_tickets = Arc::new(server.clone());
    server.send_tls13_tickets = 0;
    Configs { client: client.into(), server: with_tickets, without_tickets: server.into() }
}

fn configs_of(version: Version) -> &'static Configs {
    if version == Version::Tls13 { &TLS13 } else { &TLS12 }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// Client and server of a version.
#[must_use]
pub fn connections(version: Version) -> (Connection, Connection) {
    let configs = configs_of(version);
    let client = ClientConnection::new(Arc::clone(&configs.client), name()).expect("a client");
    let server = ServerConnection::new(Arc::clone(&configs.server)).expect("a server");
    (client.into(), server.into())
}

/// Client and server with their handshake done and the tickets read, without any transport.
#[must_use]
pub fn established(version: Version) -> (Connection, Connection) {
    let (mut client, mut server) = connections(version);
    for _ in 0..10 {
        exchange(&mut client, &mut server);
        exchange(&mut server, &mut client);
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}

/// Client and server with their handshake done, as the types that rustls's own streams hold.
#[must_use]
pub fn own_connections(version: Version) -> (ClientConnection, ServerConnection) {
    let configs = configs_of(version);
    let mut client = ClientConnection::new(Arc::clone(&configs.client), name()).expect("a client");
    let mut server = ServerConnection::new(Arc::clone(&configs.without_tickets)).expect("a server");
    for _ in 0..10 {
        exchange(&mut client, &mut server);
        exchange(&mut server, &mut client);
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}

/// A client and a server of tokio-rustls over loopback, with their handshake done.
pub fn tokio_pair(
    runtime: &Runtime,
    listener: &TcpListener,
    version: Version,
) -> (client::TlsStream<tokio::net::TcpStream>, server::TlsStream<tokio::net::TcpStream>) {
    let configs = configs_of(version);
    let connector = TlsConnector::from(Arc::clone(&configs.client));
    let acceptor = TlsAcceptor::from(Arc::clone(&configs.without_tickets));
    let (near, far) = sockets(listener).expect("loopback");
    runtime.block_on(async {
        let (near, far) = (into_tokio(near), into_tokio(far));
        let (client, server) = tokio::join!(connector.connect(name(), near), acceptor.accept(far));
        (client.expect("a handshake"), server.expect("a handshake"))
    })
}

/// Our client and server over tokio sockets, with their handshake done by us.
pub fn our_tokio_pair(
    runtime: &Runtime,
    listener: &TcpListener,
    version: Version,
    policy: Policy,
) -> [Task; 2] {
    let configs = configs_of(version);
    let connector = Connector::new(Arc::clone(&configs.client), policy);
    let acceptor = Acceptor::new(Arc::clone(&configs.without_tickets), policy);
    let (near, far) = sockets(listener).expect("loopback");
    runtime.block_on(async {
        let (near, far) = (into_tokio(near), into_tokio(far));
        let (client, server) =
            tokio::join!(connector.connect_async(name(), near), acceptor.accept_async(far));
        [client.expect("a handshake"), server.expect("a handshake")]
    })
}

/// One of our ends in a task.
pub type Task = close_notify::tasks::Stream<tokio::net::TcpStream>;

fn into_tokio(socket: TcpStream) -> tokio::net::TcpStream {
    socket.set_nonblocking(true).expect("a socket");
    tokio::net::TcpStream::from_std(socket).expect("a runtime")
}

/// Two sessions that did their own handshake, so that their buffers are warm.
#[must_use]
pub fn sessions(version: Version, policy: Policy) -> (Session, Session) {
    let (client, server) = connections(version);
    let (mut near, mut far) = pipe();
    let mut client = Session::new(client, policy);
    let mut server = Session::new(server, policy);
    for _ in 0..20 {
        let client_is_done = matches!(client.handshake(&mut near), Ok(Progress::Done));
        let server_is_done = matches!(server.handshake(&mut far), Ok(Progress::Done));
        if client_is_done && server_is_done {
            break;
        }
    }
    while client.receive(&mut near).is_ok() {}
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}

fn exchange(from: &mut impl Tls, to: &mut impl Tls) {
    let mut wire = Vec::new();
    while from.common().wants_write() {
        from.write_tls(&mut wire).expect("a Vec takes all");
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).expect("a slice gives all");
        to.process_new_packets().expect("an honest peer");
    }
}

/// Two connected sockets on loopback, with `TCP_NODELAY`.
///
/// # Errors
///
/// Returns the system's errors.
pub fn sockets(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// Two ends in memory.
#[must_use]
pub fn pipe() -> (Pipe, Pipe) {
    Pipe::pair(PIPE)
}
