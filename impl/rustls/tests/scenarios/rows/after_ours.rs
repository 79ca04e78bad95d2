//! What may come after our own last word, and what may not follow it: rows 7–14.

use std::io::ErrorKind;
use std::sync::LazyLock;

use close_notify::{AlertDescription, Close, Ending, LateData, Policy, ReadEnd, Role, Version, WriteEnd};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{Connection, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use crate::arm::{Adapter, Arm, Near, far};
use crate::common::{FORGED, sockets};
use crate::keyed_peer::{CLOSE_NOTIFY, DATA, Flight, HANDSHAKE, Peer, provider};

/// We close. After our close_notify the peer sends something, and then ends its transport. Returns
/// how our side ended, and everything that it ever sent.
fn closed_then(
    arm: Arm,
    policy: Policy,
    says: impl FnOnce(&mut Peer) + Send + 'static,
) -> (Near, Ending, Flight) {
    let (mut near, peer) = arm.meet(policy);
    let peer = far(peer, |peer| {
        let mut before = peer.hear_alert();
        says(peer);
        peer.fin();
        let mut flight = peer.hear_all();
        before.append(&mut flight.records);
        Flight { records: before, ..flight }
    });
    let ending = near.close(Close::Graceful);
    (near, ending, peer.join().unwrap())
}

/// #7
pub(crate) fn key_update(arm: Arm) {
    let (_, ending, flight) = closed_then(arm, Policy::STRICT, |peer| {
        peer.say_key_update();
        peer.say_close_notify();
    });
    // Without new keys to read with, the close_notify would have been a bad record.
    assert!(ending.is_clean(), "{ending}");
    flight.ends_with(CLOSE_NOTIFY);
}

/// A ticket of TLS 1.3 that nobody can use.
// RFC 9846 §4.6.1: lifetime, age_add, nonce, ticket, no extensions
const TICKET: [u8; 22] = [4, 0, 0, 18, 0, 0, 1, 0, 7, 7, 7, 7, 1, 9, 0, 4, 1, 2, 3, 4, 0, 0];

/// #8
pub(crate) fn tickets(arm: Arm) {
    let (near, ending, flight) = closed_then(arm, Policy::STRICT, |peer| {
        for _ in 0..3 {
            peer.say_record(HANDSHAKE, &TICKET);
        }
        peer.say_close_notify();
    });
    assert!(ending.is_clean(), "{ending}");
    flight.ends_with(CLOSE_NOTIFY);
    let Connection::Client(client) = near.session().rustls() else { panic!("a client") };
    assert_eq!(client.tls13_tickets_received(), 2 + 3, "those of the handshake, and those after our close");
}

/// #9
pub(crate) fn data(arm: Arm) {
    for late_data in [LateData::Deliver, LateData::Discard, LateData::Refuse] {
        let (mut near, ending, flight) = closed_then(arm, Policy { late_data, ..Policy::STRICT }, |peer| {
            // In one segment, because nothing more is read after late data that is refused.
            let segment = [peer.keys.send.seal(DATA, b"late"), peer.keys.close_notify()].concat();
            peer.say(&segment);
        });
        flight.ends_with(CLOSE_NOTIFY);
        match late_data {
            LateData::Deliver => {
                assert!(ending.is_clean(), "{ending}");
                assert_eq!(near.read_to_end(), b"late");
            }
            LateData::Discard => {
                assert!(!ending.is_clean() && ending.late > 0, "{ending}");
                assert_eq!(ending.reading, ReadEnd::CloseNotify);
                assert_eq!(near.read_on().0, b"");
                assert_eq!(near.read_error().kind(), ErrorKind::UnexpectedEof, "no-ok-over-a-loss");
            }
            LateData::Refuse => {
                assert_eq!(ending.reading, ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE));
                assert_eq!(near.read_on().0, b"");
            }
        }
    }
}

/// #10
pub(crate) fn renegotiation(arm: Arm) {
    let request = if arm.is_client() { hello_request() } else { client_hello() };
    let (_, ending, flight) = closed_then(arm, Policy::STRICT, move |peer| {
        peer.say_record(HANDSHAKE, &request);
        peer.say_close_notify();
    });
    assert!(ending.is_clean(), "{ending}");
    flight.ends_with(CLOSE_NOTIFY);
}

fn hello_request() -> Vec<u8> {
    vec![0; 4]
}

/// The first message of a client, without its record.
fn client_hello() -> Vec<u8> {
    let peer_of_a_server = Arm { version: Version::Tls12, role: Role::Server, adapter: Adapter::Std };
    let (mut connection, _) = peer_of_a_server.far_connection();
    let mut record = Vec::new();
    connection.write_tls(&mut record).unwrap();
    record.split_off(5)
}

/// #11
pub(crate) fn bad_records(arm: Arm) {
    let bad: [(&str, &[u8]); 3] = [
        ("a bad MAC", &FORGED),
        ("a header of another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("a record that is too long", &[23, 3, 3, 0xff, 0xff]),
    ];
    for (what, bytes) in bad {
        let (_, ending, flight) = closed_then(arm, Policy::STRICT, move |peer| peer.say(bytes));
        assert!(matches!(ending.reading, ReadEnd::Refused(_)), "{what}: {ending}");
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{what}");
        flight.ends_with(CLOSE_NOTIFY);
    }
}

/// #12
pub(crate) fn fatal_alert(arm: Arm) {
    let (_, ending, flight) = closed_then(arm, Policy::STRICT, |peer| peer.say_alert(2, 80));
    assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::INTERNAL_ERROR));
    assert!(!ending.is_clean() && !ending.may_resume(), "{ending}");
    flight.ends_with(CLOSE_NOTIFY);
}

/// #13
pub(crate) fn close_after_own_alert(arm: Arm) {
    let (mut near, peer) = arm.meet(Policy::STRICT);
    let peer = far(peer, |peer| {
        peer.fin();
        peer.hear_all()
    });
    let alert = AlertDescription::ACCESS_DENIED;
    let once = near.reject(alert);
    assert_eq!(once.writing, WriteEnd::FatalAlertSent(alert));
    for manner in [Close::Graceful, Close::Linger, Close::AtOnce] {
        assert_eq!(near.close(manner), once, "{manner}");
    }
    peer.join().unwrap().ends_with([2, alert.0]);
}

/// How many records the keys of row 14 may seal.
const LIMIT: u64 = 4;

static LIMITED: LazyLock<CryptoProvider> = LazyLock::new(|| {
    let base = provider();
    let cipher_suites = base.cipher_suites.iter().map(|&suite| limited(suite)).collect();
    close_notify::provider(CryptoProvider { cipher_suites, ..base })
});

/// The same suite with keys that are soon used up.
fn limited(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let common = |base: &CipherSuiteCommon| CipherSuiteCommon {
        suite: base.suite,
        hash_provider: base.hash_provider,
        confidentiality_limit: LIMIT,
    };
    match suite {
        SupportedCipherSuite::Tls12(base) => {
            let Tls12CipherSuite { prf_provider, kx, sign, aead_alg, .. } = *base;
            let common = common(&base.common);
            let suite = Tls12CipherSuite { common, prf_provider, kx, sign, aead_alg };
            SupportedCipherSuite::Tls12(Box::leak(Box::new(suite)))
        }
        SupportedCipherSuite::Tls13(base) => {
            let Tls13CipherSuite { hkdf_provider, aead_alg, quic, .. } = *base;
            let common = common(&base.common);
            let suite = Tls13CipherSuite { common, hkdf_provider, aead_alg, quic };
            SupportedCipherSuite::Tls13(Box::leak(Box::new(suite)))
        }
    }
}

/// #14: up to TLS 1.2 rustls closes by itself; in TLS 1.3 it takes new keys, and nothing is closed.
pub(crate) fn key_limit(arm: Arm) {
    let (mut near, mut peer) = arm.meet_over(sockets(), arm.session_with(Policy::STRICT, LIMITED.clone()));
    let records = 3 * LIMIT as usize;
    let written = (0..records).take_while(|_| near.write_all(b"a record").is_ok()).count();
    assert_eq!(written < records, !arm.is_13(), "{written}");
    assert_eq!(near.write(b"more").is_ok(), arm.is_13());
    peer.say_close_notify();
    peer.fin();
    let ending = near.close(Close::Graceful);
    assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{ending}");
    let flight = peer.hear_all();
    flight.ends_with(CLOSE_NOTIFY);
    let expected = if arm.is_13() { written * 8 + 4 } else { written * 8 };
    assert_eq!(flight.data().len(), expected, "what was taken arrived");
    let others = flight.records.iter().filter(|record| !matches!(record.content, DATA | HANDSHAKE));
    assert_eq!(others.count(), 1);
}
