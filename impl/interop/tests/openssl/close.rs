//! Both directions end by close_notify, in either order.

use std::io::Read;
use std::thread;

use close_notify::{Close, Delivery, FirstCloser, PeerCloses, Policy, Version};
use openssl::ssl::{ShutdownResult, ShutdownState};

use crate::lab::Setting;
use crate::peer::Ended;

const BOTH: ShutdownState = ShutdownState::SENT.union(ShutdownState::RECEIVED);

// RFC 9846 §6.1 · notify-before-fin, cut-is-visible
#[test]
fn openssl_closes_first_and_both_know_a_clean_end() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        theirs.write_all(b"goodbye");
        assert_eq!(theirs.shutdown(), ShutdownResult::Sent, "{}", setting.text());
        assert_eq!(theirs.shutdown_state(), ShutdownState::SENT);
        let peer = thread::spawn(move || (theirs.shutdown(), theirs.shutdown_state()));
        assert_eq!(ours.read_to_end().unwrap(), b"goodbye");
        let ending = ours.close(Close::Graceful);
        assert!(ending.is_clean(), "{}: {ending}", setting.text());
        assert_eq!(ending.first_closer, FirstCloser::Peer);
        assert_eq!(peer.join().unwrap(), (ShutdownResult::Received, BOTH), "{}", setting.text());
    }
}

// RFC 9846 §6.1 · notify-before-fin, cut-is-visible
#[test]
fn we_close_first_and_both_know_a_clean_end() {
    let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..Policy::STRICT };
    for setting in Setting::all() {
        let setting = Setting { policy, ..setting };
        let (mut ours, mut theirs) = setting.connect();
        let peer = thread::spawn(move || {
            let read = theirs.read_to_end();
            let before = theirs.shutdown_state();
            let result = theirs.shutdown();
            let fin = theirs.socket().read(&mut [0; 8]);
            (read, before, result, theirs.shutdown_state(), fin.unwrap())
        });
        ours.write_all(b"goodbye").unwrap();
        let ending = ours.close(Close::Graceful);
        assert!(ending.is_clean(), "{}: {ending}", setting.text());
        assert_eq!((ending.first_closer, ending.delivery), (FirstCloser::Us, Delivery::Confirmed));
        let ((read, ended), before, result, after, fin) = peer.join().unwrap();
        assert_eq!((read.as_slice(), ended), (b"goodbye".as_slice(), Ended::ZeroReturn));
        // OpenSSL's second call is its first here: it has our close_notify already.
        assert_eq!((before, result, after), (ShutdownState::RECEIVED, ShutdownResult::Received, BOTH));
        assert_eq!(fin, 0, "after our close_notify comes a FIN, and no reset");
    }
}

#[test]
fn close_notifys_that_may_cross_are_a_clean_end_on_both_sides() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        let peer = thread::spawn(move || {
            let first = theirs.shutdown();
            let all = if first == ShutdownResult::Sent { theirs.shutdown() } else { first };
            (all, theirs.shutdown_state())
        });
        let ending = ours.close(Close::Graceful);
        assert!(ending.is_clean(), "{}: {ending}", setting.text());
        assert_eq!(peer.join().unwrap(), (ShutdownResult::Received, BOTH));
    }
}

// RFC 9293 §3.10.4: a transport that is closed over unread data resets, and may destroy what was
// sent
#[test]
fn lingering_saves_a_response_to_openssl_that_unread_data_would_destroy() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        theirs.write_all(b"a request that nobody reads");
        let peer = thread::spawn(move || theirs.read_to_end());
        ours.write_all(&vec![1; 1 << 20]).unwrap();
        ours.close(Close::Linger);
        let (read, ended) = peer.join().unwrap();
        assert_eq!((read.len(), ended), (1 << 20, Ended::ZeroReturn), "{}", setting.text());
    }
}

#[test]
fn with_at_once_openssl_reads_all_and_a_clean_end() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        let peer = thread::spawn(move || theirs.read_to_end());
        ours.write_all(&[1; 100_000]).unwrap();
        ours.close(Close::AtOnce);
        let (read, ended) = peer.join().unwrap();
        assert_eq!((read.len(), ended), (100_000, Ended::ZeroReturn), "{}", setting.text());
    }
}

// RFC 5246 §7.2.1: the peer's close_notify ends our writing too, up to TLS 1.2
#[test]
fn up_to_tls_12_the_close_notify_of_openssl_is_answered_by_reading_it() {
    for setting in Setting::of(Version::Tls12) {
        let (mut ours, mut theirs) = setting.connect();
        assert_eq!(theirs.shutdown(), ShutdownResult::Sent);
        assert!(ours.read_to_end().unwrap().is_empty());
        assert_eq!(theirs.shutdown(), ShutdownResult::Received, "{}", setting.text());
        ours.write_all(b"too late").unwrap_err();
        assert!(ours.close(Close::Graceful).is_clean());
    }
}
