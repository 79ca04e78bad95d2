//! The configuration of both ends of a test, and connections between them.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use close_notify::{Acceptor, ClientGuard, Connector, Policy, Role, ServerGuard, Version};
use openssl::pkey::PKey;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslSession, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::ours::{Ours, Over, Side};
use crate::peer::Peer;

/// No wait of a test is longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Identity { certificate: made.cert.der().clone(), key }
});

/// The configuration of both sides of a test. It may be changed before the first connection.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) version: Version,
    /// Our end's role.
    pub(crate) role: Role,
    pub(crate) over: Over,
    pub(crate) policy: Policy,
    /// Whether a guard keeps our sessions.
    pub(crate) guarded: bool,
    /// Whether our server seals its sessions into tickets, and stores none.
    pub(crate) ticketer: bool,
    /// Whether OpenSSL trusts our certificate.
    pub(crate) trusted: bool,
    /// Whether OpenSSL's server asks for a certificate.
    pub(crate) demanding: bool,
    /// Whether our client has a certificate.
    pub(crate) certified: bool,
}

impl Setting {
    /// Settings for this version: both roles, over both kinds of streams.
    pub(crate) fn of(version: Version) -> impl Iterator<Item = Self> {
        let roles = [Role::Client, Role::Server].into_iter();
        let both = roles.flat_map(|role| [(role, Over::Std), (role, Over::Tokio)]);
        both.map(move |(role, over)| Self {
            version,
            role,
            over,
            policy: Policy::STRICT,
            guarded: false,
            ticketer: false,
            trusted: true,
            demanding: false,
            certified: false,
        })
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Version::Tls12, Version::Tls13].into_iter().flat_map(Self::of)
    }

    pub(crate) fn lab(self) -> Lab {
        let session = Arc::default();
        let ours = if self.role == Role::Client { self.client() } else { self.server() };
        let theirs = self.theirs(&session);
        Lab { setting: self, ours, theirs, session }
    }

    /// A connection whose handshake is done.
    pub(crate) fn connect(self) -> (Ours, Peer) {
        self.lab().connect()
    }

    pub(crate) fn text(self) -> String {
        format!("our {:?} of {} over {:?}, ticketer {}", self.role, self.version, self.over, self.ticketer)
    }

    fn client(self) -> Side {
        let mut roots = RootCertStore::empty();
        roots.add(IDENTITY.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.protocol())
            .unwrap()
            .with_root_certificates(roots);
        let config = if self.certified {
            let chain = vec![IDENTITY.certificate.clone()];
            config.with_client_auth_cert(chain, IDENTITY.key.clone_key()).unwrap()
        } else {
            config.with_no_client_auth()
        };
        let connector = Connector::new(config, self.policy);
        Side::Client(if self.guarded { connector.with_guard(ClientGuard::new()) } else { connector })
    }

    fn server(self) -> Side {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.protocol())
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key())
            .unwrap();
        if self.ticketer {
            config.ticketer = rustls::crypto::ring::Ticketer::new().unwrap();
        }
        let acceptor = Acceptor::new(config, self.policy);
        Side::Server(if self.guarded { acceptor.with_guard(ServerGuard::new()) } else { acceptor })
    }

    fn protocol(self) -> &'static [&'static SupportedProtocolVersion] {
        static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
        static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
        if self.version == Version::Tls13 { &TLS13 } else { &TLS12 }
    }

    fn theirs(self, session: &Arc<Mutex<Vec<u8>>>) -> SslContext {
        let mut context = SslContext::builder(SslMethod::tls()).unwrap();
        let version = if self.version == Version::Tls13 { SslVersion::TLS1_3 } else { SslVersion::TLS1_2 };
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        self.trust(&mut context);
        if self.role == Role::Client {
            context.set_certificate(&X509::from_der(&IDENTITY.certificate).unwrap()).unwrap();
            context.set_private_key(&PKey::private_key_from_der(IDENTITY.key.secret_der()).unwrap()).unwrap();
            context.set_session_id_context(b"interop").unwrap();
        } else {
            context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
            let last = Arc::clone(session);
            context.set_new_session_callback(move |_, session| {
                *last.lock().unwrap() = session.to_der().unwrap();
            });
        }
        context.build()
    }

    fn trust(self, context: &mut SslContextBuilder) {
        let mut store = X509StoreBuilder::new().unwrap();
        if self.trusted {
            store.add_cert(X509::from_der(&IDENTITY.certificate).unwrap()).unwrap();
        }
        context.set_cert_store(store.build());
        context.set_verify(match (self.role, self.demanding) {
            (Role::Server, _) => SslVerifyMode::PEER,
            (Role::Client, true) => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
            (Role::Client, false) => SslVerifyMode::NONE,
        });
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(close_notify::provider(rustls::crypto::ring::default_provider()))
}

/// What all connections of a test share.
pub(crate) struct Lab {
    pub(crate) setting: Setting,
    ours: Side,
    theirs: SslContext,
    /// The last session that OpenSSL's client got, as it was then. What happens to its connection
    /// later does not change it.
    session: Arc<Mutex<Vec<u8>>>,
}

impl Lab {
    /// A connection whose handshake is done. OpenSSL's client offers its last session, if it has
    /// one.
    pub(crate) fn connect(&self) -> (Ours, Peer) {
        let (ours, theirs) = self.handshake();
        let theirs = theirs.unwrap_or_else(|error| panic!("{}: {error}", self.setting.text()));
        let ours = ours.unwrap_or_else(|error| panic!("{}: {error}", self.setting.text()));
        settled(ours, theirs)
    }

    /// Does the same for a handshake that may fail.
    pub(crate) fn handshake(&self) -> (io::Result<Ours>, Result<Peer, openssl::ssl::Error>) {
        let (near, far) = sockets();
        let peer = Peer::new(self.ssl(), far);
        let peer = thread::spawn(move || peer.shake_hands());
        let ours = Ours::shake_hands(&self.ours, self.setting.over, near);
        (ours, peer.join().unwrap())
    }

    fn ssl(&self) -> Ssl {
        let mut ssl = Ssl::new(&self.theirs).unwrap();
        if self.setting.role == Role::Client {
            ssl.set_accept_state();
            return ssl;
        }
        ssl.set_connect_state();
        ssl.set_hostname("localhost").unwrap();
        let last = self.session.lock().unwrap();
        if !last.is_empty() {
            offer(&mut ssl, &SslSession::from_der(&last).unwrap());
        }
        ssl
    }
}

#[allow(unsafe_code, reason = "SSL_set_session wants a session of the same context")]
fn offer(ssl: &mut Ssl, session: &SslSession) {
    // SAFETY: a lab has only one context, and the session comes from it.
    unsafe { ssl.set_session(session) }.unwrap();
}

/// Sends one byte each way. Both ends then have everything that belongs to the handshake, tickets
/// too, and nothing is unread.
fn settled(mut ours: Ours, mut theirs: Peer) -> (Ours, Peer) {
    theirs.write_all(b"!");
    ours.read_exact(&mut [0]);
    ours.write_all(b"!").unwrap();
    theirs.read_exact(&mut [0]);
    (ours, theirs)
}

fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    for socket in [&near, &far] {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
    }
    (near, far)
}
