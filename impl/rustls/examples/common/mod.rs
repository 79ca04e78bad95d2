//! What the examples share: a certificate, both configurations, and a client and a server over
//! loopback.
#![allow(dead_code, reason = "every example uses its own part")]

use std::error::Error;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use close_notify::{Acceptor, Connector, Policy, Stream, tasks};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use tokio::net::{TcpListener as TokioListener, TcpStream as TokioSocket};

/// Any error. An example returns the lines that it prints, and panics if one of its claims is
/// false.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// One end of the connection.
pub(crate) type End = Stream<TcpStream>;

/// Prints the lines of an example.
pub(crate) fn print(out: Result<String>) -> Result<()> {
    print!("{}", out?);
    Ok(())
}

/// Runs an asynchronous example.
pub(crate) fn block_on(example: impl Future<Output = Result<String>>) -> Result<String> {
    tokio::runtime::Runtime::new()?.block_on(example)
}

/// A client's and a server's configuration, made for each other.
pub(crate) struct Configs {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
    /// A server configuration that requires a certificate, which the client does not have.
    pub(crate) members_only: Arc<ServerConfig>,
}

impl Configs {
    /// Makes a certificate for localhost, and a client that trusts it.
    pub(crate) fn new() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let chain: Vec<CertificateDer<'_>> = vec![made.cert.der().clone()];
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let mut roots = RootCertStore::empty();
        roots.add(chain[0].clone())?;
        let roots = Arc::new(roots);

        // The one line that this crate asks for, so that alerts can be chosen and seen.
        let provider = Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()));
        let server =
            || ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let members = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build()?;
        Ok(Self {
            client: Arc::new(
                ClientConfig::builder_with_provider(provider.clone())
                    .with_safe_default_protocol_versions()?
                    .with_root_certificates(roots)
                    .with_no_client_auth(),
            ),
            server: Arc::new(
                server()?.with_no_client_auth().with_single_cert(chain.clone(), key.clone_key())?,
            ),
            members_only: Arc::new(
                server()?.with_client_cert_verifier(members).with_single_cert(chain, key)?,
            ),
        })
    }

    pub(crate) fn connector(&self, policy: Policy) -> Connector {
        Connector::new(self.client.clone(), policy)
    }

    pub(crate) fn acceptor(&self, policy: Policy) -> Acceptor {
        Acceptor::new(self.server.clone(), policy)
    }
}

/// The name in the certificate.
pub(crate) fn localhost() -> ServerName<'static> {
    "localhost".try_into().expect("a DNS name")
}

/// A client and a server before their handshake; the first read or write does it.
pub(crate) fn client_and_server(policy: Policy) -> Result<(End, End)> {
    let configs = Configs::new()?;
    let client = ClientConnection::new(configs.client, localhost())?;
    let server = ServerConnection::new(configs.server)?;

    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    Ok((Stream::new(client, near, policy), Stream::new(server, far, policy)))
}

/// A tokio listener, and its address.
pub(crate) async fn listen() -> io::Result<(TokioListener, SocketAddr)> {
    let listener = TokioListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Connects a tokio client.
pub(crate) async fn connect(connector: &Connector, to: SocketAddr) -> io::Result<tasks::Stream<TokioSocket>> {
    connector.connect_async(localhost(), TokioSocket::connect(to).await?).await
}

/// Does what anybody on the path can do to a connection: sends a FIN without a close_notify before
/// it.
pub(crate) fn cut(end: &End) -> io::Result<()> {
    end.transport().map_or(Ok(()), |socket| socket.shutdown(Shutdown::Write))
}

/// A corked socket holds back anything smaller than a segment, so that two writes leave in one.
#[cfg(target_os = "linux")]
pub(crate) fn cork(socket: &impl std::os::fd::AsFd, corked: bool) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_cork(socket, corked)?)
}

/// Only Linux is asked for one segment; elsewhere the two writes leave as the system decides.
#[cfg(not(target_os = "linux"))]
pub(crate) fn cork<S>(_: &S, _: bool) -> io::Result<()> {
    Ok(())
}
