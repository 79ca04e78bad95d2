//! Two real ends: rustls with its handshake done, driven by the adapter's session.
//!
//! The handshake runs in memory; the path begins after it. If a script has tickets, the server's
//! tickets are held back as the first units of its direction.

use std::io;
use std::sync::{Arc, LazyLock};

use close_notify::{Policy, Session, Version};
use close_notify_model::world::action::{Action, Side};
use close_notify_model::world::config::Config;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

/// Bytes of application data in a unit.
pub(crate) const PAYLOAD: usize = 64;
/// Bytes of plaintext in a unit outside TLS.
pub(crate) const PLAIN: &[u8; 16] = b"plaintext again\n";

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a name makes a certificate");
    Identity { certificate: made.cert.der().clone(), key: made.signing_key.serialize_der().into() }
});

/// A client and a server of rustls whose handshake is done.
#[derive(Debug)]
pub struct Connected {
    /// The client, which has read nothing after the handshake, and the server, which has nothing
    /// left to send.
    pub ends: [Connection; 2],
    /// The server's ticket records.
    pub tickets: Vec<u8>,
}

/// A client, a server, and the ticket records that the client has not read.
pub(crate) struct Real {
    pub(crate) sessions: [Session; 2],
    pub(crate) tickets: Vec<Vec<u8>>,
}

impl Real {
    /// Both ends of a configuration, with their handshake done. rustls seals its tickets with the
    /// handshake, so the server seals just those that the path sends.
    pub(crate) fn new(config: &Config, path: &[Action]) -> io::Result<Self> {
        let writes = path.iter().filter(|action| **action == Action::Write(Side::Server)).count();
        let tickets = writes.min(config.script(Side::Server).tickets.into());
        Ok(Self::over(config, connect(config.version, tickets)?))
    }

    /// Both ends of a configuration, over connections whose handshake is done.
    pub(crate) fn over(config: &Config, connected: Connected) -> Self {
        let [client, server] = &config.scripts;
        let [near, far] = connected.ends;
        Self {
            sessions: [
                Session::new(near, scaled(client.policy, config.version)),
                Session::new(far, scaled(server.policy, config.version)),
            ],
            tickets: records(&connected.tickets),
        }
    }
}

/// Real keys, exchanged in memory.
fn connect(version: Version, tickets: usize) -> io::Result<Connected> {
    let mut ends: [Connection; 2] =
        [client_connection(version)?.into(), server_connection(version, tickets)?.into()];
    let mut said = Vec::new();
    for turn in 0..32 {
        if turn % 2 == 0 && ends.iter().all(|end| !end.is_handshaking()) {
            return Ok(Connected { ends, tickets: said });
        }
        said = answer(&mut ends[turn % 2], &said)?;
    }
    Err(io::Error::other("the handshake in memory did not end"))
}

/// What an end sends in answer to what it received.
fn answer(end: &mut Connection, mut heard: &[u8]) -> io::Result<Vec<u8>> {
    while !heard.is_empty() {
        end.read_tls(&mut heard)?;
        end.process_new_packets().map_err(io::Error::other)?;
    }
    let mut said = Vec::new();
    while end.wants_write() {
        end.write_tls(&mut said)?;
    }
    Ok(said)
}

/// The policy with its budget in bytes. The model counts units; a unit of data is a record of
/// `data_record` bytes.
fn scaled(policy: Policy, version: Version) -> Policy {
    Policy { drain_budget: policy.drain_budget * data_record(version), ..policy }
}

/// The length on the wire of a record of [`PAYLOAD`] bytes: header, explicit nonce or content type,
/// tag.
const fn data_record(version: Version) -> u32 {
    let overhead = if version.has_independent_halves() { 5 + 1 + 16 } else { 5 + 8 + 16 };
    PAYLOAD as u32 + overhead
}

/// Cuts bytes into records at the lengths in their headers.
pub(crate) fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some(length) = record_length(bytes) {
        let (record, rest) = bytes.split_at(length.min(bytes.len()));
        records.push(record.to_vec());
        bytes = rest;
    }
    records
}

/// The length of the record that begins here, header included.
pub(crate) fn record_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<5>()?;
    Some(5 + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    static PROVIDER: LazyLock<Arc<rustls::crypto::CryptoProvider>> =
        LazyLock::new(|| Arc::new(close_notify::provider(rustls::crypto::ring::default_provider())));
    Arc::clone(&PROVIDER)
}

fn protocol(version: Version) -> &'static [&'static rustls::SupportedProtocolVersion] {
    static TLS12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static TLS13: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    if version.has_independent_halves() { &TLS13 } else { &TLS12 }
}

fn client_connection(version: Version) -> io::Result<ClientConnection> {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.certificate.clone()).map_err(io::Error::other)?;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(protocol(version))
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let name = "localhost".try_into().map_err(io::Error::other)?;
    ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
}

fn server_connection(version: Version, tickets: usize) -> io::Result<ServerConnection> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(protocol(version))
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![IDENTITY.certificate.clone()], PrivateKeyDer::Pkcs8(IDENTITY.key.clone_key()))
        .map_err(io::Error::other)?;
    config.send_tls13_tickets = tickets;
    ServerConnection::new(Arc::new(config)).map_err(io::Error::other)
}
