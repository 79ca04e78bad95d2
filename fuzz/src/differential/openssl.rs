//! OpenSSL in memory, as a careful application uses it.
//!
//! Sources: SSL_read(3), SSL_shutdown(3), SSL_get_error(3).

use std::sync::LazyLock;

use close_notify::{Role, Version};
use openssl::pkey::PKey;
use openssl::ssl::{
    Error, ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;

use super::keyed_peer::Directions;
use super::outcome::{Kind, Outcome};
use super::peer::{bytes, said};
use super::real_peer::{IDENTITY, shakes};
use super::script::Script;
use super::subject::{DATA, End, play};
use super::wire::Wire;

/// The reason code of a peer's alert is its description plus this number.
const ALERTS: i32 = 1000;

/// The outcome of the script with OpenSSL.
pub(super) fn outcome(script: &Script) -> Outcome {
    let wire = Wire::new(usize::MAX);
    let (openssl, mut keys) = connected(script, &wire);
    wire.set_chunk(script.chunk);
    let arriving = bytes(script, &mut keys);
    let (read, kind) =
        play(script, &arriving, &wire, OpenSsl { stream: openssl, has_failed: false, has_closed: false });
    Outcome { kind, read, said: said(&wire.take_written(), &mut keys) }
}

/// Both ends after their handshake.
fn connected(script: &Script, wire: &Wire) -> (SslStream<Wire>, Directions) {
    let context = Contexts::of(script.version, script.role);
    let mut ssl = Ssl::new(context).expect("a connection of OpenSSL");
    match script.role {
        Role::Client => ssl.set_connect_state(),
        Role::Server => ssl.set_accept_state(),
    }
    let mut near = SslStream::new(ssl, wire.clone()).expect("a stream of OpenSSL");
    let keys = shakes(script, wire, || near.do_handshake().is_ok());
    (near, keys)
}

struct Contexts;

impl Contexts {
    fn of(version: Version, role: Role) -> &'static SslContext {
        static ALL: LazyLock<[SslContext; 4]> = LazyLock::new(|| {
            [
                (Version::Tls12, Role::Client),
                (Version::Tls12, Role::Server),
                (Version::Tls13, Role::Client),
                (Version::Tls13, Role::Server),
            ]
            .map(|(version, role)| context(version, role))
        });
        &ALL[usize::from(version.has_independent_halves()) * 2 + usize::from(role == Role::Server)]
    }
}

fn context(version: Version, role: Role) -> SslContext {
    let mut context = SslContext::builder(SslMethod::tls()).expect("a context");
    let version = if version.has_independent_halves() { SslVersion::TLS1_3 } else { SslVersion::TLS1_2 };
    context.set_min_proto_version(Some(version)).expect("the version is spoken");
    context.set_max_proto_version(Some(version)).expect("the version is spoken");
    // The peer's identity does not matter here.
    context.set_verify(SslVerifyMode::NONE);
    context.set_options(SslOptions::NO_TICKET);
    if role == Role::Server {
        context.set_num_tickets(0).expect("no tickets");
        let certificate = X509::from_der(&IDENTITY.certificate).expect("a certificate");
        context.set_certificate(&certificate).expect("a certificate");
        let key = PKey::private_key_from_der(IDENTITY.key.secret_der()).expect("a key");
        context.set_private_key(&key).expect("the key fits");
    }
    context.build()
}

struct OpenSsl {
    stream: SslStream<Wire>,
    has_failed: bool,
    has_closed: bool,
}

impl End for OpenSsl {
    fn read(&mut self) -> (usize, Kind) {
        let (mut count, mut buffer) = (0, [0; 256]);
        loop {
            match self.stream.ssl_read(&mut buffer) {
                Ok(some) => count += some,
                Err(error) => {
                    let kind = kind(&error);
                    self.has_failed |= !matches!(kind, Kind::Nothing | Kind::Clean);
                    return (count, kind);
                }
            }
        }
    }

    fn write(&mut self) {
        // After a failure nothing is written. A write that fails does not stop reading.
        if !self.has_failed {
            let _ = self.stream.ssl_write(DATA);
        }
    }

    fn close(&mut self, _: bool) {
        // SSL_shutdown(3): not after an error that ended the connection; and its second call reads
        if !self.has_failed && !self.has_closed {
            let _ = self.stream.shutdown();
        }
        self.has_closed = true;
        self.stream.get_ref().shut();
    }
}

fn kind(error: &Error) -> Kind {
    match error.code() {
        ErrorCode::ZERO_RETURN => Kind::Clean,
        ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Kind::Nothing,
        ErrorCode::SYSCALL if error.io_error().is_some() => Kind::Reset,
        ErrorCode::SYSCALL => Kind::Truncated,
        _ => {
            let errors = error.ssl_error().map(openssl::error::ErrorStack::errors).unwrap_or_default();
            let reason = errors.first().map_or(0, openssl::error::Error::reason_code);
            let is_eof = errors.iter().any(|error| error.reason() == Some("unexpected eof while reading"));
            match u8::try_from(reason - ALERTS) {
                _ if is_eof => Kind::Truncated,
                Ok(alert) => Kind::Alert(alert),
                Err(_) => Kind::Refused,
            }
        }
    }
}
