//! A peer with real keys, for stacks without a recorded handshake: rustls, which logs its secrets.

use std::sync::{Arc, LazyLock};

use close_notify::{Role, Version};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

use super::keyed_peer::{Directions, Log, feed, provider, read_record};
use super::peer::Seal;
use super::script::Script;
use super::wire::Wire;

/// The server's certificate and key.
pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

pub(super) static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Identity { certificate: made.cert.der().clone(), key }
});

/// Does the handshake with another end. Each call of `goes_on` advances that end, and returns
/// whether its handshake is done.
pub(super) fn shakes(script: &Script, wire: &Wire, mut goes_on: impl FnMut() -> bool) -> Directions {
    let (mut far, log) = peer(script.version, script.role);
    for _ in 0..8 {
        // Neither end reports that it waits: both are called again until they are done.
        let is_done = goes_on();
        let mut written = &wire.take_written()[..];
        while let Ok(record) = read_record(&mut written) {
            feed(&mut far, &record).expect("the other end keeps to the protocol");
        }
        let mut answer = Vec::new();
        while far.wants_write() {
            far.write_tls(&mut answer).expect("a Vec takes every byte");
        }
        wire.arrive(&answer);
        if is_done && !far.is_handshaking() && answer.is_empty() {
            return Directions::of(far, &log);
        }
    }
    panic!("a handshake ends")
}

/// rustls as the other end, and the log of its secrets.
fn peer(version: Version, ours: Role) -> (Connection, Arc<Log>) {
    let log = Arc::new(Log::default());
    let version =
        if version.has_independent_halves() { &rustls::version::TLS13 } else { &rustls::version::TLS12 };
    let connection = match ours {
        Role::Client => {
            let mut config = ServerConfig::builder_with_provider(provider().into())
                .with_protocol_versions(&[version])
                .expect("the version is spoken")
                .with_no_client_auth()
                .with_single_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key())
                .expect("the key fits");
            config.key_log = log.clone();
            config.enable_secret_extraction = true;
            config.send_tls13_tickets = 0;
            ServerConnection::new(config.into()).expect("a server").into()
        }
        Role::Server => {
            let mut roots = RootCertStore::empty();
            roots.add(IDENTITY.certificate.clone()).expect("a certificate");
            let mut config = ClientConfig::builder_with_provider(provider().into())
                .with_protocol_versions(&[version])
                .expect("the version is spoken")
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.key_log = log.clone();
            config.enable_secret_extraction = true;
            let name = "localhost".try_into().expect("a name");
            ClientConnection::new(config.into(), name).expect("a client").into()
        }
    };
    (connection, log)
}

impl Seal for Directions {
    fn seal(&mut self, content: u8, payload: &[u8], out: &mut Vec<u8>) {
        out.extend(self.send.seal(content, payload));
    }

    fn update_ours(&mut self) {
        self.send.update();
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let record = self.recv.open(record);
        Some((record.content, record.payload))
    }

    fn update_theirs(&mut self) {
        self.recv.update();
    }
}
