//! Fatal alerts reach the other side by name, whatever is unread.
//!
//! Source: RFC 9846 §6.2 · alert-survives-close, salvage-alert.

use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;

use close_notify::{Acceptance, AlertDescription, Ending, FindEnding, ReadEnd, Role, Version, WriteEnd};

use crate::lab::Setting;

/// A record that looks protected but was not sealed by anybody.
pub(crate) const FORGED: [u8; 45] = {
    let mut record = [7; 45];
    [record[0], record[1], record[2], record[3], record[4]] = [23, 3, 3, 0, 40];
    record
};

#[test]
fn openssl_reads_why_it_is_rejected_though_it_kept_writing() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        let (unread, is_unread) = mpsc::channel();
        let peer = thread::spawn(move || {
            theirs.write_all(&[7; 60_000]);
            unread.send(()).unwrap();
            for _ in 0..100 {
                theirs.write_all(&[7; 1000]);
            }
            theirs.read_to_end()
        });
        is_unread.recv().unwrap();
        let ending = ours.reject(AlertDescription::ACCESS_DENIED);
        assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED));
        let (read, ended) = peer.join().unwrap();
        assert!(read.is_empty());
        assert!(ended.is_because("tlsv1 alert access denied"), "{}: {ended:?}", setting.text());
    }
}

#[test]
fn the_alert_of_openssl_for_a_bad_record_is_named() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        ours.forge(&FORGED);
        let (_, ended) = theirs.read_to_end();
        assert!(ended.is_because("decryption failed or bad record mac"), "{}: {ended:?}", setting.text());
        drop(theirs);
        let (kind, ending) = ours.read_failure();
        assert_eq!(kind, ErrorKind::ConnectionAborted, "{}", setting.text());
        assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::BAD_RECORD_MAC));
    }
}

/// OpenSSL's alerts for a client without a certificate, and for one whose authority it does not
/// know.
fn refusals(version: Version) -> [(bool, AlertDescription); 2] {
    // RFC 5246 §7.4.6; RFC 9846 §4.4.2.4
    let missing = if version == Version::Tls13 {
        AlertDescription::CERTIFICATE_REQUIRED
    } else {
        AlertDescription::HANDSHAKE_FAILURE
    };
    [(false, missing), (true, AlertDescription::UNKNOWN_CA)]
}

fn demanding(version: Version) -> impl Iterator<Item = Setting> {
    Setting::of(version)
        .filter(|setting| setting.role == Role::Client)
        .map(|setting| Setting { demanding: true, ..setting })
}

// In TLS 1.3 the handshake of the client is over before the server has seen its certificate.
#[test]
fn a_client_certificate_that_openssl_refuses_is_known_by_asking() {
    for setting in demanding(Version::Tls13) {
        for (certified, alert) in refusals(setting.version) {
            let (ours, theirs) = Setting { certified, trusted: false, ..setting }.lab().handshake();
            assert!(theirs.is_err());
            let error = ours.unwrap().confirm_accepted().unwrap_err();
            assert_eq!(
                Ending::find(&error).unwrap().reading,
                ReadEnd::FatalAlert(alert),
                "{}: {error}",
                setting.text()
            );
        }
    }
}

#[test]
fn a_client_certificate_that_openssl_refuses_is_known_after_a_failed_write() {
    for setting in demanding(Version::Tls13) {
        for (certified, alert) in refusals(setting.version) {
            let (ours, theirs) = Setting { certified, trusted: false, ..setting }.lab().handshake();
            drop(theirs);
            let mut ours = ours.unwrap();
            let failed = (0..10_000).find_map(|_| ours.write_all(&[0; 1000]).err());
            let error = failed.expect("OpenSSL has let go of its socket");
            assert_eq!(
                Ending::find(&error).unwrap().reading,
                ReadEnd::FatalAlert(alert),
                "{}: {error}",
                setting.text()
            );
        }
    }
}

#[test]
fn up_to_tls_12_the_handshake_says_that_openssl_refuses_a_client_certificate() {
    for setting in demanding(Version::Tls12) {
        for (certified, alert) in refusals(setting.version) {
            let (ours, _) = Setting { certified, trusted: false, ..setting }.lab().handshake();
            let error = ours.err().unwrap();
            assert_eq!(
                Ending::find(&error).unwrap().reading,
                ReadEnd::FatalAlert(alert),
                "{}: {error}",
                setting.text()
            );
        }
    }
}

#[test]
fn a_client_certificate_that_openssl_takes_is_confirmed() {
    for version in [Version::Tls12, Version::Tls13] {
        for setting in demanding(version) {
            let (ours, theirs) = Setting { certified: true, ..setting }.lab().handshake();
            assert_eq!(ours.unwrap().confirm_accepted().unwrap(), Acceptance::Confirmed);
            drop(theirs);
        }
    }
}

#[test]
fn our_server_knows_that_openssl_refuses_its_certificate() {
    for setting in Setting::all().filter(|setting| setting.role == Role::Server) {
        let (ours, theirs) = Setting { trusted: false, ..setting }.lab().handshake();
        assert!(theirs.is_err());
        let error = ours.err().unwrap();
        let ending = Ending::find(&error).unwrap();
        assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::UNKNOWN_CA), "{}", setting.text());
    }
}
