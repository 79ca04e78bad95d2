//! Two ends in memory, both driven by their sessions: what each must know at the end.

mod common;

use close_notify::{FirstCloser, Manner, Output, Policy};
use common::{VERSIONS, hooked, pair_of};

fn unhooked() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[test]
fn a_graceful_close_is_clean_on_both_sides() {
    for version in VERSIONS {
        for provider in [hooked, unhooked] {
            let (mut client, mut server) = pair_of(version, provider, Policy::STRICT);
            client.session.close(Manner::Graceful).unwrap();
            client.drive();
            server.receive_all();
            server.session.close(Manner::Graceful).unwrap();
            server.drive();
            client.drive();
            assert!(client.session.ending().is_clean(), "{version} {}", client.session.ending());
            assert!(server.session.ending().is_clean(), "{version} {}", server.session.ending());
            assert_eq!(client.session.machine().output(), Output::Done);
            assert_eq!(server.session.machine().output(), Output::Done);
            assert_eq!(server.session.ending().first_closer, FirstCloser::Peer);
        }
    }
}
