//! A `CryptoProvider` for rustls 0.23 that protects nothing. **Tests and fuzzers only.**
//!
//! A handshake costs a few microseconds with it, every run repeats to the byte, and a fuzzer that
//! knows the keys of a direction can seal any record under them. Nothing here resists an attacker:
//! keys are exchanged in the clear, signatures are sums, and records are sealed by a checksum and
//! stay readable.
//!
//! Decides nothing about closing. It keeps those properties of real cryptography that matter to a
//! close: the lengths of records; that a record is opened only by its own key, at its own place and
//! as its own type; and that an empty, an oversized and a torn record fare as with real ciphers.
//! Sources: RFC 9846 §5.2, RFC 5246 §6.2.3.3 and RFC 5288 §3 for the shape of records; rustls
//! 0.23.46 `crypto`.
//!
//! | part | stand-in |
//! | --- | --- |
//! | `hash` | 32 bytes from a multiply-and-rotate walk; HMAC, HKDF and PRF over it are rustls's own |
//! | `kx` | both sides send a number; the secret is their sum |
//! | `identity` | a certificate of four bytes, a signature that is a hash, a verifier that checks both |
//! | `cipher` | payload as it is, and a tag of 16 bytes over key, place, type and payload |
//! | `random` | a sequence that [`reseed`] starts again |

mod cipher;
mod hash;
mod identity;
mod keys;
mod kx;
mod random;

use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, KeyExchangeAlgorithm, WebPkiSupportedAlgorithms};
use rustls::{CipherSuite, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

pub use cipher::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};
pub use identity::{client_config, server_config};
pub use keys::{Keys, Opened, keys_made_by};
pub use random::reseed;

/// The provider. It has no security at all.
#[must_use]
pub fn provider_without_any_security() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![SupportedCipherSuite::Tls13(&TLS13), SupportedCipherSuite::Tls12(&TLS12)],
        kx_groups: vec![&kx::Sum],
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: &[], mapping: &[] },
        secure_random: &random::Sequence,
        key_provider: &identity::NoKeys,
    }
}

/// More records than any run seals.
const LIMIT: u64 = 1 << 24;
pub(crate) const SCHEME: SignatureScheme = SignatureScheme::ED25519;

static TLS13: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &hash::Walk,
        confidentiality_limit: LIMIT,
    },
    hkdf_provider: &HkdfUsingHmac(&hash::Walk),
    aead_alg: &cipher::Readable,
    quic: None,
};

static TLS12: Tls12CipherSuite = Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        hash_provider: &hash::Walk,
        confidentiality_limit: LIMIT,
    },
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: &[SCHEME],
    aead_alg: &cipher::Readable,
    prf_provider: &PrfUsingHmac(&hash::Walk),
};
