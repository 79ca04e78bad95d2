//! What the examples share: a certificate, both configurations, and a client and a server over loopback.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use close_notify::{Policy, Stream};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// One end of the connection.
pub(crate) type End = Stream<TcpStream>;

/// Client and server, before their handshake: the first read or write does it.
pub(crate) fn client_and_server() -> Result<(End, End), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;

    let provider = Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()));
    let client_config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server_config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    let client = ClientConnection::new(Arc::new(client_config), "localhost".try_into()?)?;
    let server = ServerConnection::new(Arc::new(server_config))?;

    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    Ok((Stream::new(client, near, Policy::STRICT), Stream::new(server, far, Policy::STRICT)))
}
