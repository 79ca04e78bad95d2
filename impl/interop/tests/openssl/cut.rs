//! The transport ends without close_notify: each side can tell that from a clean end.
//!
//! Source: RFC 9846 §6.1 · cut-is-visible.

use std::io::ErrorKind;

use close_notify::{ReadEnd, WriteEnd};

use crate::lab::Setting;
use crate::peer::Ended;

#[test]
fn a_quiet_shutdown_of_openssl_is_a_truncation() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        theirs.write_all(b"half of it");
        theirs.shut_down_quietly();
        ours.read_exact(&mut [0; 10]);
        let (kind, ending) = ours.read_failure();
        assert_eq!(kind, ErrorKind::UnexpectedEof, "{}", setting.text());
        assert_eq!(ending.reading, ReadEnd::TruncatedAtBoundary);
    }
}

#[test]
fn our_abort_is_a_reset_for_openssl() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        let ending = ours.abort();
        assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false });
        let reset = Ended::Syscall(Some(ErrorKind::ConnectionReset));
        assert_eq!(theirs.read_to_end(), (Vec::new(), reset), "{}", setting.text());
    }
}

#[test]
fn a_stream_that_is_dropped_is_a_truncation_for_openssl() {
    for setting in Setting::all() {
        let (mut ours, mut theirs) = setting.connect();
        ours.write_all(b"half of it").unwrap();
        drop(ours);
        let fin = Ended::Syscall(None);
        assert_eq!(theirs.read_to_end(), (b"half of it".to_vec(), fin), "{}", setting.text());
    }
}
