//! One direction ends while the other goes on: only TLS 1.3 has that.
//!
//! Source: RFC 9846 §6.1.

use std::thread;

use close_notify::{Close, ReadEnd, Version, WriteEnd};
use openssl::ssl::{ShutdownResult, ShutdownState};

use crate::lab::Setting;
use crate::peer::Ended;

#[test]
fn openssl_answers_after_our_half_close() {
    for setting in Setting::of(Version::Tls13) {
        let (mut ours, mut theirs) = setting.connect();
        ours.write_all(b"question").unwrap();
        let half = ours.close_write();
        assert_eq!((half.reading, half.writing), (ReadEnd::Open, WriteEnd::CloseNotifySent));
        assert_eq!(theirs.read_to_end(), (b"question".to_vec(), Ended::ZeroReturn), "{}", setting.text());
        assert_eq!(theirs.shutdown_state(), ShutdownState::RECEIVED);
        let peer = thread::spawn(move || {
            theirs.write_all(&[2; 300_000]);
            theirs.shutdown()
        });
        assert_eq!(ours.read_to_end().unwrap(), [2; 300_000]);
        let ending = ours.close(Close::Graceful);
        assert!(ending.is_clean(), "{}: {ending}", setting.text());
        assert_eq!(peer.join().unwrap(), ShutdownResult::Received);
    }
}

#[test]
fn we_answer_after_the_half_close_of_openssl() {
    for setting in Setting::of(Version::Tls13) {
        let (mut ours, mut theirs) = setting.connect();
        theirs.write_all(b"question");
        assert_eq!(theirs.shutdown(), ShutdownResult::Sent);
        assert_eq!(ours.read_to_end().unwrap(), b"question");
        let half = ours.ending();
        assert_eq!((half.reading, half.writing), (ReadEnd::CloseNotify, WriteEnd::Open));
        let peer = thread::spawn(move || (theirs.read_to_end(), theirs.shutdown()));
        ours.write_all(&[3; 300_000]).unwrap();
        assert!(ours.close(Close::Graceful).is_clean());
        let ((read, ended), result) = peer.join().unwrap();
        assert_eq!((read, ended), (vec![3; 300_000], Ended::ZeroReturn), "{}", setting.text());
        assert_eq!(result, ShutdownResult::Received);
    }
}
