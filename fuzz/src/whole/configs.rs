//! Configurations of both ends for every form in which a session can be kept.
//!
//! Decides why a handshake fails that must fail. All connections of a run share everything else,
//! because rustls does not offer a session under another verifier.

use std::sync::{Arc, LazyLock};

use close_notify::{AlertDescription, Role, Version};
use insecure_test_crypto::{client_config, provider_without_any_security, server_config};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ProducesTickets, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};

/// The form in which a server keeps a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// TLS 1.3, stored under the ticket.
    Stored13,
    /// TLS 1.3, in the ticket.
    Ticket13,
    /// TLS 1.2, under its session id.
    Id12,
    /// TLS 1.2, in a ticket.
    Ticket12,
}

impl Form {
    pub(super) const ALL: [Self; 4] = [Self::Stored13, Self::Ticket13, Self::Id12, Self::Ticket12];

    pub(super) const fn version(self) -> Version {
        match self {
            Self::Stored13 | Self::Ticket13 => Version::Tls13,
            Self::Id12 | Self::Ticket12 => Version::Tls12,
        }
    }

    const fn has_ticketer(self) -> bool {
        matches!(self, Self::Ticket13 | Self::Ticket12)
    }
}

/// Why a handshake fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// The two have no application protocol in common: the server refuses.
    Protocol,
    /// The client does not know the server's certificate, and refuses.
    Certificate,
}

impl Refusal {
    /// The side that refuses, and its alert.
    pub(super) const fn alert(self) -> (Role, AlertDescription) {
        match self {
            Self::Protocol => (Role::Server, AlertDescription::NO_APPLICATION_PROTOCOL),
            Self::Certificate => (Role::Client, AlertDescription(48)), // unknown_ca
        }
    }
}

/// More sessions than a run makes.
const STORED: usize = 512;
const LIFETIME: u32 = 3600;

/// The configurations of one run.
pub(super) struct Configs {
    pub(super) client: ClientConfig,
    pub(super) server: ServerConfig,
}

impl Configs {
    /// The configurations of a form, with or without the hook of [`close_notify::provider`], and
    /// with their own store.
    pub(super) fn new(form: Form, is_hooked: bool, tickets: usize) -> Self {
        let (client, server) = BASES.of(form.version(), is_hooked);
        let mut server = server.clone();
        server.send_tls13_tickets = tickets;
        server.session_storage = ServerSessionMemoryCache::new(STORED);
        if form.has_ticketer() {
            server.ticketer = Arc::new(Readable);
        }
        Self { client: client.clone(), server }
    }

    /// The same, for a connection that must fail in this way.
    pub(super) fn refusing(&self, refusal: Option<Refusal>) -> (ClientConfig, ServerConfig) {
        let (mut client, mut server) = (self.client.clone(), self.server.clone());
        match refusal {
            None => {}
            Some(Refusal::Protocol) => {
                client.alpn_protocols = vec![b"one".to_vec()];
                server.alpn_protocols = vec![b"other".to_vec()];
            }
            Some(Refusal::Certificate) => server.cert_resolver = Arc::new(Stranger(server.cert_resolver)),
        }
        (client, server)
    }
}

/// Configurations by version and hook: each keeps its own verifier as long as the process runs.
struct Bases([(ClientConfig, ServerConfig); 4]);

static BASES: LazyLock<Bases> = LazyLock::new(|| {
    let bare = provider_without_any_security();
    let hooked = close_notify::provider(provider_without_any_security());
    let make = |provider: &rustls::crypto::CryptoProvider, version| {
        let provider = Arc::new(provider.clone());
        let client = client_config(Arc::clone(&provider), version).expect("the version is spoken");
        (client, server_config(provider, version, 0).expect("the version is spoken"))
    };
    let (old, new) = (&rustls::version::TLS12, &rustls::version::TLS13);
    Bases([make(&bare, old), make(&bare, new), make(&hooked, old), make(&hooked, new)])
});

impl Bases {
    fn of(&self, version: Version, is_hooked: bool) -> (&ClientConfig, &ServerConfig) {
        let at = usize::from(is_hooked) * 2 + usize::from(version.has_independent_halves());
        let (client, server) = &self.0[at];
        (client, server)
    }
}

/// Tickets that anybody can read: the session with a word in front.
#[derive(Debug)]
struct Readable;

const WORD: &[u8] = b"ticket";

impl ProducesTickets for Readable {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        Some([WORD, plain].concat())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        cipher.strip_prefix(WORD).map(<[u8]>::to_vec)
    }
}

/// A server with a certificate that nobody knows.
#[derive(Debug)]
struct Stranger(Arc<dyn ResolvesServerCert>);

impl ResolvesServerCert for Stranger {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let known = self.0.resolve(hello)?;
        let certificate = CertificateDer::from_slice(b"stranger");
        Some(Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&known.key))))
    }
}
