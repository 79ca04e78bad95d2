//! The hook in the record protection: which alert is sealed, and what an opened record contains.
//!
//! rustls 0.23 seals only alerts of its own choice and does not report warnings that it swallows.
//! It counts a close_notify as a fatal alert, after which a bad record is a bug in rustls
//! (rustls#959). The hook cures all three at the place where records are sealed and opened, which a
//! `CryptoProvider` may wrap. The keys stay where they are.
//!
//! Decides nothing about closing. Leaves to [`engine`](crate::engine) what to order and how to
//! interpret what was seen. rustls seals and opens records inside the calls that we make, on the
//! same thread. So the order and the observation are kept in a thread-local during one call, and a
//! connection that other code drives is not affected.
//! Sources: rustls 0.23.46 `common_state.rs`, `record_layer.rs`; RFC 9846 §6 · level-ignored-13.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage, Tls12AeadAlgorithm,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

/// Level and description, as in an alert.
pub(crate) type AlertBytes = [u8; 2];

/// The content of an alert record: usually one alert, and at most as much as fits here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AlertPayload {
    bytes: [u8; Self::MOST],
    length: u8,
}

impl AlertPayload {
    /// A longer record is left to rustls, which refuses it.
    const MOST: usize = 16;

    pub(crate) fn new(payload: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MOST];
        bytes.get_mut(..payload.len())?.copy_from_slice(payload);
        Some(Self { bytes, length: u8::try_from(payload.len()).ok()? })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl From<AlertBytes> for AlertPayload {
    fn from([level, description]: AlertBytes) -> Self {
        let mut bytes = [0; Self::MOST];
        [bytes[0], bytes[1]] = [level, description];
        Self { bytes, length: 2 }
    }
}

/// What was opened in one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opened {
    Nothing,
    Alert(AlertPayload),
    Other,
}

/// What the hook saw in one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The alert that was sealed last.
    pub(crate) sealed: Option<AlertBytes>,
    /// The record that was opened last.
    pub(crate) opened: Opened,
}

#[derive(Clone, Copy)]
struct Scope {
    order: Option<AlertBytes>,
    /// Records are opened for us. Other code that drives a connection reads what arrived.
    listens: bool,
    /// The next alert is the end of one that began in another record: rustls must not read it
    /// alone.
    holds_part: bool,
    /// The handshake is done, and this crate counts warnings.
    is_established: bool,
    seen: Seen,
}

impl Scope {
    const IDLE: Self = Self {
        order: None,
        listens: false,
        holds_part: false,
        is_established: false,
        seen: Seen { sealed: None, opened: Opened::Nothing },
    };
}

thread_local! {
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::IDLE) };
}

/// The suites that are already wrapped. Suites live forever, so each is wrapped once.
static WRAPPED: Mutex<Vec<(SupportedCipherSuite, SupportedCipherSuite)>> = Mutex::new(Vec::new());

/// Adds this crate's hook to the cipher suites of a provider. A connection needs it to be closed in
/// every manner.
///
/// Use the returned provider in place of `base` when you build a configuration, or install it as
/// the default of the process. A [`Session`](crate::Session) also works without it, but less
/// precisely: see [`Session::is_hooked`](crate::Session::is_hooked).
///
/// The suites of a provider are wrapped once and kept for the life of the process.
///
/// # Examples
///
/// Once for the process; configurations are then built as usual:
///
/// ```
/// use rustls::{ClientConfig, RootCertStore};
/// let base = rustls::crypto::ring::default_provider(); // or that of aws_lc_rs
/// close_notify::provider(base).install_default().expect("no other was installed before");
/// let roots = RootCertStore::empty(); // fill it: rustls-native-certs, webpki-roots, or a file
/// let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
/// ```
///
/// For one configuration:
///
/// ```
/// use rustls::ServerConfig;
/// # fn example(
/// #     chain: Vec<rustls::pki_types::CertificateDer<'static>>,
/// #     key: rustls::pki_types::PrivateKeyDer<'static>,
/// # ) -> Result<(), rustls::Error> {
/// let provider = close_notify::provider(rustls::crypto::ring::default_provider());
/// let config = ServerConfig::builder_with_provider(provider.into())
///     .with_safe_default_protocol_versions()?
///     .with_no_client_auth()
///     .with_single_cert(chain, key)?;
/// # drop(config);
/// # Ok(())
/// # }
/// # let _ = example;
/// ```
#[must_use]
pub fn provider(base: CryptoProvider) -> CryptoProvider {
    let cipher_suites = base.cipher_suites.iter().map(|&suite| wrapped(suite)).collect();
    CryptoProvider { cipher_suites, ..base }
}

/// Whether records of this suite pass through our hook.
pub(crate) fn is_hooked(suite: SupportedCipherSuite) -> bool {
    let known = WRAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().any(|&(_, ours)| is_same(ours, suite))
}

/// Makes one call into rustls. `order` replaces the next alert or data that rustls seals.
pub(crate) fn watch<R>(order: Option<AlertBytes>, call: impl FnOnce() -> R) -> (R, Seen) {
    scoped(Scope { order, ..Scope::IDLE }, call)
}

/// Makes one call into rustls that opens a record, after the handshake or not, while a part of an
/// alert is held or not.
pub(crate) fn listen<R>(is_established: bool, holds_part: bool, call: impl FnOnce() -> R) -> (R, Seen) {
    scoped(Scope { listens: true, is_established, holds_part, ..Scope::IDLE }, call)
}

/// Whether a record was opened in the current call.
pub(crate) fn has_opened() -> bool {
    SCOPE.get().seen.opened != Opened::Nothing
}

fn scoped<R>(scope: Scope, call: impl FnOnce() -> R) -> (R, Seen) {
    SCOPE.set(scope);
    let result = call();
    (result, SCOPE.replace(Scope::IDLE).seen)
}

fn is_same(one: SupportedCipherSuite, other: SupportedCipherSuite) -> bool {
    match (one, other) {
        (SupportedCipherSuite::Tls12(one), SupportedCipherSuite::Tls12(other)) => std::ptr::eq(one, other),
        (SupportedCipherSuite::Tls13(one), SupportedCipherSuite::Tls13(other)) => std::ptr::eq(one, other),
        (SupportedCipherSuite::Tls12(_), SupportedCipherSuite::Tls13(_))
        | (SupportedCipherSuite::Tls13(_), SupportedCipherSuite::Tls12(_)) => false,
    }
}

fn wrapped(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let mut known = WRAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&(_, ours)) = known.iter().find(|(base, ours)| is_same(*base, suite) || is_same(*ours, suite))
    {
        return ours;
    }
    let ours = match suite {
        SupportedCipherSuite::Tls12(base) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(wrapped_12(base))))
        }
        SupportedCipherSuite::Tls13(base) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(wrapped_13(base))))
        }
    };
    known.push((suite, ours));
    ours
}

fn wrapped_12(base: &'static Tls12CipherSuite) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: common(&base.common),
        prf_provider: base.prf_provider,
        kx: base.kx,
        sign: base.sign,
        aead_alg: Box::leak(Box::new(Hooked(base.aead_alg))),
    }
}

fn wrapped_13(base: &'static Tls13CipherSuite) -> Tls13CipherSuite {
    Tls13CipherSuite {
        common: common(&base.common),
        hkdf_provider: base.hkdf_provider,
        aead_alg: Box::leak(Box::new(Hooked(base.aead_alg))),
        quic: base.quic,
    }
}

fn common(base: &rustls::crypto::CipherSuiteCommon) -> rustls::crypto::CipherSuiteCommon {
    rustls::crypto::CipherSuiteCommon {
        suite: base.suite,
        hash_provider: base.hash_provider,
        confidentiality_limit: base.confidentiality_limit,
    }
}

/// An algorithm whose sealers and openers pass through our hook.
struct Hooked<A>(A);

impl Tls12AeadAlgorithm for Hooked<&'static dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Sealer(self.0.encrypter(key, iv, extra)))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Opener { inner: self.0.decrypter(key, iv), is_misread: |_| false })
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

impl Tls13AeadAlgorithm for Hooked<&'static dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Sealer(self.0.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Opener { inner: self.0.decrypter(key, iv), is_misread: is_read_by_level })
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

struct Sealer(Box<dyn MessageEncrypter>);

impl MessageEncrypter for Sealer {
    fn encrypt(&mut self, plain: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let mut scope = SCOPE.get();
        let replaceable = matches!(plain.typ, ContentType::Alert | ContentType::ApplicationData);
        if let (Some(alert), true) = (scope.order, replaceable) {
            scope.order = None;
            scope.seen.sealed = Some(alert);
            SCOPE.set(scope);
            let payload = OutboundChunks::Single(&alert);
            let version = plain.version;
            return self.0.encrypt(OutboundPlainMessage { typ: ContentType::Alert, version, payload }, seq);
        }
        if let (ContentType::Alert, OutboundChunks::Single([level, description])) =
            (plain.typ, &plain.payload)
        {
            scope.seen.sealed = Some([*level, *description]);
            SCOPE.set(scope);
        }
        self.0.encrypt(plain, seq)
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.0.encrypted_payload_len(payload_len)
    }
}

struct Opener {
    inner: Box<dyn MessageDecrypter>,
    /// Which alerts rustls would misread: they are visible only here.
    is_misread: fn(AlertBytes) -> bool,
}

impl MessageDecrypter for Opener {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = self.inner.decrypt(message, seq)?;
        let mut scope = SCOPE.get();
        if !scope.listens {
            return Ok(plain);
        }
        let alerts = if plain.typ == ContentType::Alert { AlertPayload::new(plain.payload) } else { None };
        let (opened, plain) = match alerts {
            Some(alerts) if scope.holds_part || self.hides(plain.payload, scope.is_established) => {
                (Opened::Alert(alerts), empty_data(plain))
            }
            Some(alerts) => (Opened::Alert(alerts), plain),
            None => (Opened::Other, plain),
        };
        scope.seen.opened = opened;
        SCOPE.set(scope);
        Ok(plain)
    }
}

impl Opener {
    /// Whether rustls would misread this alert record, or refuse one that a policy may allow.
    fn hides(&self, payload: &[u8], is_established: bool) -> bool {
        match *payload {
            [level, description] => {
                let alert = [level, description];
                (self.is_misread)(alert) || (is_established && is_warning(alert))
            }
            _ => true,
        }
    }
}

const WARNING: u8 = 1;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

// RFC 9846 §6 · level-ignored-13: rustls 0.23 still reads the level
fn is_read_by_level([level, description]: AlertBytes) -> bool {
    match description {
        CLOSE_NOTIFY => !matches!(level, WARNING | FATAL),
        USER_CANCELED => level != WARNING,
        _ => level != FATAL,
    }
}

// RFC 5246 §7.2.2 · warning-may-continue: the policy says how many; rustls survives four, and no
// more
fn is_warning([level, description]: AlertBytes) -> bool {
    level == WARNING && description != CLOSE_NOTIFY
}

/// What rustls sees instead of a hidden alert: a record without data.
fn empty_data(plain: InboundPlainMessage<'_>) -> InboundPlainMessage<'_> {
    InboundPlainMessage { typ: ContentType::ApplicationData, payload: &plain.payload[..0], ..plain }
}
