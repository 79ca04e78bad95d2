//! TLS ends and the transport goes on in plaintext, with OpenSSL at its other end.
//!
//! Source: RFC 9846 §6.1; bytes after a close_notify do not belong to TLS.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use openssl::ssl::ShutdownResult;

use crate::lab::Setting;
use crate::peer::Ended;

// A stack that reads ahead throws away what follows a close_notify in the same segment.
#[test]
fn plain_bytes_in_the_segment_of_openssls_close_notify_are_handed_back() {
    for setting in Setting::all() {
        let (ours, mut theirs) = setting.connect();
        theirs.cork();
        assert_eq!(theirs.shutdown(), ShutdownResult::Sent);
        theirs.uncork(b"plain ");
        let peer = thread::spawn(move || {
            let result = theirs.shutdown();
            theirs.socket().write_all(b"again").unwrap();
            theirs.socket().shutdown(Shutdown::Write).unwrap();
            let mut plain = Vec::new();
            theirs.socket().read_to_end(&mut plain).unwrap();
            (result, plain)
        });
        let (mut socket, mut bytes) = ours.hand_back();
        assert!(bytes.starts_with(b"plain "), "{}: {bytes:?}", setting.text());
        socket.write_all(b"plain too").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        socket.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"plain again");
        assert_eq!(peer.join().unwrap(), (ShutdownResult::Received, b"plain too".to_vec()));
    }
}

#[test]
fn we_end_tls_first_and_openssl_reads_on_in_plaintext() {
    for setting in Setting::all() {
        let (ours, mut theirs) = setting.connect();
        let peer = thread::spawn(move || {
            let (_, ended) = theirs.read_to_end();
            theirs.shutdown();
            let mut plain = [0; 5];
            theirs.socket().read_exact(&mut plain).unwrap();
            (ended, plain)
        });
        let (mut socket, leftover) = ours.hand_back();
        assert!(leftover.is_empty());
        socket.write_all(b"plain").unwrap();
        assert_eq!(peer.join().unwrap(), (Ended::ZeroReturn, *b"plain"), "{}", setting.text());
    }
}
