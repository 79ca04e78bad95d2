//! Two ends in memory, both driven by their sessions: what each must know at the end.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use close_notify::{
    AlertDescription, Close, Delivery, Event, FirstCloser, LateData, Manner, NotSent, Output, PeerCloses,
    Pipe, Policy, ReadEnd, Received, Reply, Session, Step, Transport, Version, WriteEnd,
};
use common::{End, FORGED, VERSIONS, fresh_pair, hooked, pair, pair_of};

fn unhooked() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// Each version, with each end as the one that is tested.
fn each_end(policy: Policy) -> impl Iterator<Item = (Version, End, End)> {
    VERSIONS.into_iter().flat_map(move |version| {
        let (client, server) = pair(version, policy);
        let (other_client, other_server) = pair(version, policy);
        [(version, client, server), (version, other_server, other_client)]
    })
}

/// Closes both ends in turn, `first` first.
fn close_both(first: &mut End, second: &mut End, manner: Manner) {
    first.session.close(manner).unwrap();
    first.drive();
    second.receive_all();
    second.session.close(manner).unwrap();
    second.drive();
    first.drive();
}

mod clean {
    use super::*;

    #[test]
    fn a_graceful_close_is_clean_on_both_sides() {
        for version in VERSIONS {
            for provider in [hooked, unhooked] {
                let (mut client, mut server) = pair_of(version, provider, Policy::STRICT);
                close_both(&mut client, &mut server, Manner::Graceful);
                assert!(client.session.ending().is_clean(), "{version} {}", client.session.ending());
                assert!(server.session.ending().is_clean(), "{version} {}", server.session.ending());
                assert_eq!(client.session.machine().output(), Output::Done);
                assert_eq!(server.session.machine().output(), Output::Done);
                assert_eq!(server.session.ending().first_closer, FirstCloser::Peer);
            }
        }
    }

    #[test]
    fn data_before_close_notify_is_read_first() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.write(&mut near.pipe, b"last words").unwrap();
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.receive_all();
            assert_eq!(far.read_all(), b"last words", "{version}");
            assert_eq!(far.session.ending().reading, ReadEnd::CloseNotify);
        }
    }

    #[test]
    fn crossing_close_notifies_are_clean() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            far.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.drive();
            near.drive();
            assert!(near.session.ending().is_clean() && far.session.ending().is_clean(), "{version}");
        }
    }

    #[test]
    fn an_answer_to_our_close_confirms_delivery_if_the_protocol_says_so() {
        let policy = Policy { peer_closes: PeerCloses::OnlyAfterUs, ..Policy::STRICT };
        for (version, mut near, mut far) in each_end(policy) {
            near.session.write(&mut near.pipe, b"upload").unwrap();
            close_both(&mut near, &mut far, Manner::Graceful);
            assert_eq!(near.session.ending().delivery, Delivery::Confirmed, "{version}");
        }
    }

    #[test]
    fn a_close_notify_is_resumed_if_the_pipe_was_full() {
        for version in VERSIONS {
            let (mut client, mut server) = pair(version, Policy::STRICT);
            let (mut narrow, mut wire) = Pipe::pair(3);
            client.session.close(Manner::AtOnce).unwrap();
            let mut record = Vec::new();
            for _ in 0..100 {
                match client.session.step(&mut narrow).unwrap() {
                    Step::Blocked => {
                        let mut part = [0; 3];
                        let count = wire.read(&mut part).unwrap();
                        record.extend(&part[..count]);
                    }
                    Step::Done => break,
                    Step::Did(_) | Step::Waits(_) | Step::Idle => {}
                }
            }
            wire.read_to_end(&mut record).unwrap();
            let mut raw = Raw(&record);
            server.session.receive(&mut &mut raw).unwrap();
            assert_eq!(server.session.ending().reading, ReadEnd::CloseNotify, "{version}");
            assert_eq!(client.session.ending().writing, WriteEnd::CloseNotifySent);
        }
    }
}

/// Bytes as a transport.
struct Raw<'a>(&'a [u8]);

impl Read for &mut Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for &mut Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Transport for &mut Raw<'_> {
    fn shut_write(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

mod after_our_close_notify {
    use super::*;

    #[test]
    fn writes_are_refused_and_put_nothing_on_the_wire() {
        for (version, mut near, far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            let sent = far.pipe.readable();
            let error = near.session.write(&mut near.pipe, b"more").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{version}");
            assert_eq!(far.pipe.readable(), sent);
        }
    }

    // rustls#959: a panic in debug builds, an alert after close_notify in others
    #[test]
    fn a_bad_record_neither_panics_nor_sends_an_alert() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            let sent = far.pipe.readable();
            far.pipe.write_all(&FORGED).unwrap();
            near.drive();
            assert_eq!(
                near.session.ending().reading,
                ReadEnd::Refused(AlertDescription::BAD_RECORD_MAC),
                "{version}"
            );
            assert_eq!(near.session.ending().writing, WriteEnd::CloseNotifySent);
            assert_eq!(far.pipe.readable(), sent, "{version}: nothing may follow close_notify");
        }
    }

    #[test]
    fn a_bad_header_neither_panics_nor_sends_an_alert() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            let sent = far.pipe.readable();
            far.pipe.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
            near.drive();
            assert!(matches!(near.session.ending().reading, ReadEnd::Refused(_)), "{version}");
            assert_eq!(far.pipe.readable(), sent);
        }
    }

    #[test]
    fn a_fatal_alert_of_the_peer_is_no_clean_end() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.session.tell(Event::Reject(AlertDescription::INTERNAL_ERROR)).unwrap();
            far.drive();
            near.drive();
            let ending = near.session.ending();
            assert_eq!(ending.reading, ReadEnd::FatalAlert(AlertDescription::INTERNAL_ERROR), "{version}");
            assert!(!ending.is_clean());
        }
    }

    #[test]
    fn late_data_is_delivered_if_the_policy_says_so() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.session.write(&mut far.pipe, b"late").unwrap();
            far.session.close(Manner::Graceful).unwrap();
            far.drive();
            near.drive();
            assert_eq!(near.read_all(), b"late", "{version}");
            assert!(near.session.ending().is_clean());
        }
    }

    #[test]
    fn late_data_is_dropped_and_counted_if_the_policy_says_so() {
        let policy = Policy { late_data: LateData::Discard, ..Policy::STRICT };
        for (version, mut near, mut far) in each_end(policy) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.session.write(&mut far.pipe, b"late").unwrap();
            far.session.close(Manner::Graceful).unwrap();
            far.drive();
            near.drive();
            assert_eq!(near.read_all(), b"", "{version}");
            assert!(near.session.ending().late > 0);
            assert!(!near.session.ending().is_clean());
        }
    }

    #[test]
    fn late_data_ends_the_wait_if_the_policy_says_so() {
        let policy = Policy { late_data: LateData::Refuse, ..Policy::STRICT };
        for (version, mut near, mut far) in each_end(policy) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            let sent = far.pipe.readable();
            far.session.write(&mut far.pipe, b"late").unwrap();
            near.drive();
            let refused = ReadEnd::Refused(AlertDescription::UNEXPECTED_MESSAGE);
            assert_eq!(near.session.ending().reading, refused, "{version}");
            assert_eq!(far.pipe.readable(), sent);
        }
    }

    // What comes after our close is kept for the application. A peer must not decide how much
    // memory that takes.
    #[test]
    fn what_is_kept_for_the_application_is_far_less_than_what_may_be_thrown_away() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            for _ in 0..20 {
                far.session.write(&mut far.pipe, &[0; 16_000]).unwrap();
                near.drive();
            }
            let ending = near.session.ending();
            assert_eq!(ending.reading, ReadEnd::OverBudget, "{version}");
            assert!(ending.drained < Policy::STRICT.keep_budget + 20_000, "{version}: {ending}");
            assert!(near.read_all().len() <= Policy::STRICT.keep_budget as usize, "{version}");
        }
    }

    #[test]
    fn an_endless_peer_meets_the_budget() {
        let policy = Policy { drain_budget: 1000, ..Policy::STRICT };
        for (version, mut near, mut far) in each_end(policy) {
            near.session.close(Manner::Graceful).unwrap();
            near.drive();
            far.session.write(&mut far.pipe, &[0; 4000]).unwrap();
            near.drive();
            assert_eq!(near.session.ending().reading, ReadEnd::OverBudget, "{version}");
            assert_eq!(near.session.machine().output(), Output::Done);
        }
    }
}

mod peer_close {
    use super::*;

    #[test]
    fn its_close_notify_ends_only_reading_in_tls_1_3() {
        let (mut client, mut server) = pair(Version::Tls13, Policy::STRICT);
        client.session.tell(Event::CloseWrite).unwrap();
        client.drive();
        server.receive_all();
        server.drive();
        assert_eq!(server.session.ending().reading, ReadEnd::CloseNotify);
        server.session.write(&mut server.pipe, b"answer").unwrap();
        client.receive_all();
        assert_eq!(client.read_all(), b"answer");
    }

    #[test]
    fn it_is_answered_at_once_in_tls_1_2() {
        let (mut client, mut server) = pair(Version::Tls12, Policy::STRICT);
        client.session.close(Manner::Graceful).unwrap();
        client.drive();
        server.receive_all();
        server.drive();
        client.drive();
        assert_eq!(server.session.ending().writing, WriteEnd::CloseNotifySent);
        assert!(client.session.ending().is_clean());
        let error = server.session.write(&mut server.pipe, b"more").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn it_is_answered_when_asked_if_the_policy_says_so() {
        let policy = Policy { reply: Reply::WhenAsked, ..Policy::STRICT };
        let (mut client, mut server) = pair(Version::Tls12, policy);
        client.session.close(Manner::Graceful).unwrap();
        client.drive();
        server.receive_all();
        server.drive();
        server.session.write(&mut server.pipe, b"more").unwrap();
        client.drive();
        assert_eq!(client.read_all(), b"more");
    }

    #[test]
    fn half_close_is_refused_in_tls_1_2() {
        let (mut client, _server) = pair(Version::Tls12, Policy::STRICT);
        let error = client.session.tell(Event::CloseWrite).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn pending_plaintext_is_discarded_by_the_reply_and_counted() {
        let (mut client, mut server) = pair(Version::Tls12, Policy::STRICT);
        let (mut full, _far) = Pipe::pair(1);
        for _ in 0..3 {
            drop(server.session.write(&mut full, &[1; 4000]));
        }
        assert!(!server.session.is_flushed());
        client.session.close(Manner::Graceful).unwrap();
        client.drive();
        server.receive_all();
        server.drive();
        assert_eq!(server.session.ending().discarded, 4000);
        assert_eq!(server.session.ending().delivery, Delivery::Lost);
    }
}

mod hand_back {
    use super::*;

    #[test]
    fn gives_back_every_byte_after_close_notify() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::HandBack).unwrap();
            near.drive();
            far.session.close(Manner::HandBack).unwrap();
            far.drive();
            assert_eq!(far.session.hand_back().unwrap(), b"", "{version}");
            far.pipe.write_all(b"plain again").unwrap();
            near.drive();
            assert_eq!(near.session.machine().output(), Output::HandBack);
            assert_eq!(near.session.hand_back().unwrap(), b"plain again");
            assert!(near.session.ending().is_clean());
        }
    }

    #[test]
    fn is_refused_without_a_close_notify_of_the_peer() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.close(Manner::HandBack).unwrap();
            near.drive();
            far.pipe.shut_write().unwrap();
            near.drive();
            let error = near.session.hand_back().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version}");
        }
    }
}

mod close {
    use super::*;

    #[test]
    fn without_waiting_is_clean_only_after_the_close_notify_of_the_peer() {
        for manner in [Manner::Linger, Manner::AtOnce] {
            for peer_closed in [false, true] {
                for (version, mut near, mut far) in each_end(Policy::STRICT) {
                    if peer_closed {
                        far.session.close(Manner::Graceful).unwrap();
                        far.drive();
                        near.receive_all();
                    }
                    near.session.close(manner).unwrap();
                    near.drive();
                    assert_eq!(near.session.ending().is_clean(), peer_closed, "{version} {manner}");
                }
            }
        }
    }
}

mod reject {
    use super::*;

    #[test]
    fn is_refused_at_once_if_keys_are_in_use_without_the_provider() {
        for version in VERSIONS {
            let (client, server) = pair_of(version, unhooked, Policy::STRICT);
            for end in [client, server] {
                let mut near = end.into_stream();
                let before = *near.session().machine();
                let error = near.reject(AlertDescription::ACCESS_DENIED).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{version}");
                assert!(error.to_string().contains("close_notify::provider"), "{error}");
                assert!(*near.session().machine() == before && near.transport().is_some());
                let misuse = near.reject(AlertDescription::CLOSE_NOTIFY).unwrap_err();
                assert_eq!(misuse.kind(), ErrorKind::InvalidInput, "{version}");
                near.abort().unwrap();
            }
        }
    }

    // Only what cannot be sealed is refused: at every step of the handshake, at both ends.
    #[test]
    fn without_the_provider_sends_the_alert_or_is_refused_at_every_step_of_the_handshake() {
        for version in VERSIONS {
            for steps in 0..12 {
                for looks_at_client in [true, false] {
                    let (mut client, mut server) = fresh_pair(version, unhooked, Policy::STRICT);
                    for _ in 0..steps {
                        drop(client.session.handshake(&mut client.pipe));
                        drop(server.session.handshake(&mut server.pipe));
                    }
                    let mut near = if looks_at_client { client } else { server }.into_stream();
                    near.set_patience(std::time::Duration::ZERO);
                    let sent = match near.reject(AlertDescription::ACCESS_DENIED) {
                        Ok(ending) => {
                            ending.writing == WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED)
                        }
                        Err(error) => error.kind() == ErrorKind::Unsupported,
                    };
                    assert!(sent, "{version} {steps} {looks_at_client} {}", near.ending());
                }
            }
        }
    }

    #[test]
    fn after_a_finished_close_returns_its_ending() {
        for version in VERSIONS {
            for provider in [hooked, unhooked] {
                let (client, _server) = pair_of(version, provider, Policy::STRICT);
                let mut client = client.into_stream();
                let ending = client.close(Close::AtOnce).unwrap();
                assert_eq!(client.reject(AlertDescription::ACCESS_DENIED).unwrap(), ending);
                match client.close_write() {
                    Ok(same) => assert!(version == Version::Tls13 && same == ending),
                    Err(error) => {
                        assert_eq!((version, error.kind()), (Version::Tls12, ErrorKind::InvalidInput))
                    }
                }
            }
        }
    }

    #[test]
    fn sends_the_alert_that_was_asked_for() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            near.session.tell(Event::Reject(AlertDescription::ACCESS_DENIED)).unwrap();
            near.drive();
            far.receive_all();
            assert_eq!(
                far.session.ending().reading,
                ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED),
                "{version}"
            );
            assert_eq!(
                near.session.ending().writing,
                WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED)
            );
        }
    }

    #[test]
    fn is_followed_by_no_close_notify() {
        for (version, mut near, far) in each_end(Policy::STRICT) {
            near.session.tell(Event::Reject(AlertDescription::ACCESS_DENIED)).unwrap();
            near.drive();
            let sent = far.pipe.readable();
            near.session.close(Manner::AtOnce).unwrap();
            near.drive();
            assert_eq!(far.pipe.readable(), sent, "{version}");
        }
    }

    #[test]
    fn works_before_there_are_keys() {
        for version in VERSIONS {
            let (mut client, mut server) = fresh_pair(version, hooked, Policy::STRICT);
            client.session.handshake(&mut client.pipe).unwrap();
            server.session.tell(Event::Reject(AlertDescription::ACCESS_DENIED)).unwrap();
            server.drive();
            client.receive_all();
            let reading = client.session.ending().reading;
            assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}");
        }
    }

    #[test]
    fn reports_that_it_cannot_be_sealed() {
        for version in VERSIONS {
            let (mut client, _server) = pair_of(version, unhooked, Policy::STRICT);
            client.session.tell(Event::Reject(AlertDescription::ACCESS_DENIED)).unwrap();
            client.drive();
            assert_eq!(client.session.ending().writing, WriteEnd::NotSent(NotSent::Unsealable), "{version}");
        }
    }

    #[test]
    fn a_violation_is_answered_with_the_alert_of_rustls() {
        for provider in [hooked, unhooked] {
            for version in VERSIONS {
                let (mut near, mut far) = pair_of(version, provider, Policy::STRICT);
                far.pipe.write_all(&FORGED).unwrap();
                near.receive_all();
                near.drive();
                far.receive_all();
                let alert = AlertDescription::BAD_RECORD_MAC;
                assert_eq!(near.session.ending().writing, WriteEnd::FatalAlertSent(alert), "{version}");
                assert_eq!(far.session.ending().reading, ReadEnd::FatalAlert(alert), "{version}");
            }
        }
    }

    #[test]
    fn a_fatal_alert_forgets_the_session() {
        for version in VERSIONS {
            let (client, mut server) = pair(version, Policy::STRICT);
            let forgotten = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&forgotten);
            let session = client.session.with_forget(move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
            let mut client = End { session, pipe: client.pipe };
            server.session.tell(Event::Reject(AlertDescription::INTERNAL_ERROR)).unwrap();
            server.drive();
            client.receive_all();
            client.drive();
            assert_eq!(forgotten.load(Ordering::Relaxed), 1, "{version}");
        }
    }
}

mod cut {
    use super::*;

    #[test]
    fn a_fin_between_records_is_a_truncation() {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            far.session.write(&mut far.pipe, b"half of it").unwrap();
            far.pipe.shut_write().unwrap();
            near.receive_all();
            assert_eq!(near.read_all(), b"half of it");
            assert_eq!(near.session.ending().reading, ReadEnd::TruncatedAtBoundary, "{version}");
        }
    }

    #[test]
    fn a_close_notify_counts_only_when_it_is_whole() {
        for version in VERSIONS {
            let (mut client, server) = pair(version, Policy::STRICT);
            client.session.close(Manner::AtOnce).unwrap();
            client.drive();
            let mut record = vec![0; server.pipe.readable()];
            let mut pipe = server.pipe;
            pipe.read_exact(&mut record).unwrap();
            for prefix in 0..record.len() {
                let (_client, mut fresh) = pair(version, Policy::STRICT);
                let mut raw = Raw(&record[..prefix]);
                let mut transport = &mut raw;
                while !matches!(fresh.session.receive(&mut transport), Ok(Received::End)) {}
                let cut = if prefix == 0 { ReadEnd::TruncatedAtBoundary } else { ReadEnd::TruncatedInRecord };
                assert_eq!(fresh.session.ending().reading, cut, "{version} {prefix}");
            }
        }
    }

    #[test]
    fn a_reset_that_a_write_saw_first_is_still_a_reset() {
        for (version, mut near, far) in each_end(Policy::STRICT) {
            let mut pipe = far.pipe;
            pipe.reset().unwrap();
            drop(pipe);
            near.session.write(&mut near.pipe, b"data").unwrap_err();
            near.receive_all();
            assert_eq!(near.session.ending().reading, ReadEnd::Reset, "{version}");
            assert_eq!(near.session.ending().delivery, Delivery::Lost);
        }
    }
}

mod handshake {
    use super::*;

    #[test]
    fn a_close_notify_in_it_is_no_clean_end() {
        for version in VERSIONS {
            let (mut client, mut server) = fresh_pair(version, hooked, Policy::STRICT);
            server.session.close(Manner::Graceful).unwrap();
            server.drive();
            client.receive_all();
            assert_eq!(client.session.ending().reading, ReadEnd::CloseNotifyInHandshake, "{version}");
        }
    }

    #[test]
    fn a_plain_answer_is_refused_at_once() {
        for version in VERSIONS {
            let (mut client, mut server) = fresh_pair(version, hooked, Policy::STRICT);
            server.pipe.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
            client.receive_all();
            client.drive();
            assert_eq!(
                client.session.ending().reading,
                ReadEnd::Refused(AlertDescription::DECODE_ERROR),
                "{version}"
            );
            assert_eq!(
                client.session.ending().writing,
                WriteEnd::FatalAlertSent(AlertDescription::DECODE_ERROR)
            );
        }
    }

    #[test]
    fn closing_in_it_neither_panics_nor_waits_forever() {
        for version in VERSIONS {
            let (mut client, mut server) = fresh_pair(version, hooked, Policy::STRICT);
            client.session.handshake(&mut client.pipe).unwrap();
            client.session.close(Manner::Graceful).unwrap();
            client.drive();
            server.receive_all();
            server.drive();
            server.pipe.write_all(&FORGED).unwrap();
            server.pipe.shut_write().unwrap();
            client.drive();
            assert_eq!(client.session.machine().output(), Output::Done, "{version}");
            assert!(!client.session.ending().is_clean());
        }
    }
}

#[test]
fn a_session_is_hooked_by_its_provider() {
    let hooks = |provider| -> Session { pair_of(Version::Tls13, provider, Policy::STRICT).0.session };
    assert!(hooks(hooked).is_hooked());
    assert!(!hooks(unhooked).is_hooked());
}
