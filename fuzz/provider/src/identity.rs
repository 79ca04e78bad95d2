//! The server's identity: a certificate that anybody could have made, and configurations that
//! accept it.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert, StoresServerSessions};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureAlgorithm,
    SignatureScheme, SupportedProtocolVersion,
};

use crate::SCHEME;
use crate::hash::State;

const CERTIFICATE: &[u8] = b"anyone";

/// A client of one version that accepts the certificate of [`server_config`] and resumes no
/// session.
///
/// # Errors
///
/// Returns rustls's error if the provider does not support the version.
pub fn client_config(
    provider: Arc<CryptoProvider>,
    version: &'static SupportedProtocolVersion,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// A server of one version that sends `tickets` tickets after its handshake, for sessions that it
/// does not keep.
///
/// # Errors
///
/// Returns rustls's error if the provider does not support the version.
pub fn server_config(
    provider: Arc<CryptoProvider>,
    version: &'static SupportedProtocolVersion,
    tickets: usize,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Anyone));
    config.send_tls13_tickets = tickets;
    config.session_storage = Arc::new(Forgetful);
    Ok(config)
}

/// Presents the certificate as a server, and verifies it as a client.
#[derive(Debug)]
struct Anyone;

impl ResolvesServerCert for Anyone {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = Arc::new(Sums);
        Some(Arc::new(CertifiedKey::new(vec![CertificateDer::from_slice(CERTIFICATE)], key)))
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let known = end_entity.as_ref() == CERTIFICATE;
        known.then(ServerCertVerified::assertion).ok_or(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let valid = signed.signature() == signature(message);
        valid.then(HandshakeSignatureValid::assertion).ok_or(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_tls12_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

/// Accepts every session, so that tickets are sent, and keeps none.
#[derive(Debug)]
struct Forgetful;

impl StoresServerSessions for Forgetful {
    fn put(&self, _key: Vec<u8>, _value: Vec<u8>) -> bool {
        true
    }

    fn get(&self, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn take(&self, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn can_cache(&self) -> bool {
        true
    }
}

fn signature(message: &[u8]) -> [u8; 8] {
    let [sum] = State::new().with(message).words();
    sum.to_le_bytes()
}

/// Signs without a key.
#[derive(Debug)]
struct Sums;

impl SigningKey for Sums {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SCHEME).then(|| Box::new(Self) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Sums {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(signature(message).to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

/// There are no private keys to load.
#[derive(Debug)]
pub(crate) struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("this stand-in has no private keys: use its server_config".to_string()))
    }
}
