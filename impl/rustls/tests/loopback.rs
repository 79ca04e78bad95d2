//! Two ends over the kernel's TCP: what only real sockets show.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use close_notify::{
    AlertDescription, Close, Delivery, Ending, FindEnding, FramingState, LateData, MissingNotify, Policy,
    ReadEnd, Stream, Transport, Version, WriteEnd,
};
use common::{
    FORGED, VERSIONS, client, client_config, demanding_server_config, hooked, server, server_config, sockets,
    streams,
};

type Socket = Stream<TcpStream>;

/// Each version, with each end as the one that is tested.
fn each_end(policy: Policy) -> impl Iterator<Item = (Version, Socket, Socket)> {
    VERSIONS.into_iter().flat_map(move |version| {
        let (client, server) = streams(version, policy);
        let (other_client, other_server) = streams(version, policy);
        [(version, client, server), (version, other_server, other_client)]
    })
}

/// Reads to the end, then closes in the same manner.
fn answering(mut stream: Socket, manner: Close) -> thread::JoinHandle<(Vec<u8>, Ending)> {
    thread::spawn(move || {
        let mut all = Vec::new();
        drop(stream.read_to_end(&mut all));
        let ending = stream.close(manner).unwrap();
        (all, ending)
    })
}

#[test]
fn a_graceful_close_is_clean_on_both_sides() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let peer = answering(far, Close::Graceful);
        near.write_all(b"goodbye").unwrap();
        let ending = near.close(Close::Graceful).unwrap();
        let (read, peer_ending) = peer.join().unwrap();
        assert_eq!(read, b"goodbye");
        assert!(ending.is_clean() && peer_ending.is_clean(), "{version} {ending}; {peer_ending}");
        assert!(near.transport().is_none());
    }
}

#[test]
fn closing_twice_changes_nothing() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let peer = answering(far, Close::Graceful);
        let once = near.close(Close::Graceful).unwrap();
        assert_eq!(near.close(Close::Graceful).unwrap(), once, "{version}");
        peer.join().unwrap();
    }
}

#[test]
fn a_clean_end_reads_as_zero_again_and_again() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        far.close(Close::AtOnce).unwrap();
        for _ in 0..3 {
            assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "{version}");
        }
    }
}

#[test]
fn half_close_lets_the_answer_through() {
    let (mut near, mut far) = streams(Version::Tls13, Policy::STRICT);
    near.write_all(b"question").unwrap();
    near.close_write().unwrap();
    let mut question = String::new();
    far.read_to_string(&mut question).unwrap();
    far.write_all(b"answer").unwrap();
    let peer = thread::spawn(move || far.close(Close::Graceful).unwrap());
    let mut answer = String::new();
    near.read_to_string(&mut answer).unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    assert!(near.close(Close::Graceful).unwrap().is_clean());
    assert!(peer.join().unwrap().is_clean());
}

#[test]
fn writes_after_a_close_are_refused() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let peer = answering(far, Close::Graceful);
        near.close(Close::Graceful).unwrap();
        assert_eq!(near.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe, "{version}");
        assert!(peer.join().unwrap().0.is_empty());
    }
}

// facts: data arrives, then RST; the write takes the errno, and the end of the stream looks clean
#[test]
fn a_reset_that_reads_as_an_end_of_stream_is_a_reset() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let mut far = far;
        far.abort().unwrap();
        drop(far);
        let error = until_it_fails(&mut near);
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{version} {error}");
        let ending = Ending::find(&error).unwrap();
        assert_eq!((ending.reading, ending.errno), (ReadEnd::Reset, Some(104)), "{version}");
        assert_eq!(ending.delivery, Delivery::Lost);
    }
}

fn until_it_fails(stream: &mut Socket) -> std::io::Error {
    for _ in 0..10_000 {
        if let Err(error) = stream.write_all(&[0; 1000]) {
            return error;
        }
    }
    panic!("no write fails");
}

#[test]
fn an_abort_is_no_clean_end_for_the_peer() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        let ending = near.abort().unwrap();
        assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false }, "{version}");
        let error = far.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{version}");
    }
}

// abort-sends-no-notify: also if others have the socket, a clone or a child process
#[cfg(target_os = "linux")]
#[test]
fn an_abort_is_seen_despite_a_clone_of_the_socket() {
    for whole in [true, false] {
        for (version, mut near, mut far) in each_end(Policy::STRICT) {
            let clone = near.transport().unwrap().try_clone().unwrap();
            far.transport().unwrap().set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let ending = if whole {
                near.abort().unwrap()
            } else {
                let (read, _write) = near.into_split().unwrap();
                read.handle().abort().unwrap()
            };
            assert_eq!(ending.writing, WriteEnd::Aborted { after_close_notify: false }, "{version}");
            let error = far.read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{version}");
            drop(clone);
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_abort_of_a_task_is_seen_despite_a_clone_of_the_socket() {
    for version in VERSIONS {
        let (client, server) = common::pair(version, Policy::STRICT);
        let (near, far) = sockets();
        let clone = near.try_clone().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = tokio::net::TcpStream::from_std(near).unwrap();
        let mut near = close_notify::tasks::Stream::from_session(client.session, near);
        near.abort().unwrap();
        far.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut far = Stream::from_session(server.session, far);
        let error = far.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{version}");
        drop(clone);
    }
}

#[test]
fn an_alert_after_a_failed_write_is_salvaged() {
    let (near, far) = sockets();
    let refusing = thread::spawn(move || {
        // The server must not read all that the client writes.
        let policy = Policy { drain_budget: 256 * 1024, ..Policy::STRICT };
        let mut server = Stream::new(server(demanding_server_config(Version::Tls13)), far, policy);
        let error = server.complete_handshake().unwrap_err();
        Ending::find(&error).unwrap()
    });
    let config = client_config(Version::Tls13, hooked());
    let mut client = Stream::new(client(config), near, Policy::STRICT);
    client.complete_handshake().unwrap();
    let error = until_it_fails(&mut client);
    let alert = AlertDescription::CERTIFICATE_REQUIRED;
    assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::FatalAlert(alert), "{error}");
    assert!(error.to_string().contains("certificate_required"));
    assert_eq!(refusing.join().unwrap().writing, WriteEnd::FatalAlertSent(alert));
}

#[test]
fn a_refused_handshake_reports_the_alert_of_the_peer() {
    for version in VERSIONS {
        let (near, far) = sockets();
        let refused = thread::spawn(move || {
            let mut server = Stream::new(server(server_config(version, hooked())), far, Policy::STRICT);
            let error = match server.complete_handshake() {
                Ok(()) => server.read(&mut [0; 8]).unwrap_err(),
                Err(error) => error,
            };
            Ending::find(&error).unwrap().reading
        });
        let mut config = client_config(version, hooked());
        config.dangerous().set_certificate_verifier(distrust());
        let mut client = Stream::new(client(config), near, Policy::STRICT);
        let error = client.complete_handshake().unwrap_err();
        assert!(matches!(Ending::find(&error).unwrap().reading, ReadEnd::Refused(_)), "{version} {error}");
        let told = refused.join().unwrap();
        assert!(matches!(told, ReadEnd::FatalAlert(_)), "{version} {told}");
    }
}

/// A verifier that knows another authority.
fn distrust() -> std::sync::Arc<rustls::client::WebPkiServerVerifier> {
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(other.cert.der().clone()).unwrap();
    let provider = std::sync::Arc::new(hooked());
    rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap()
}

#[test]
fn a_rejection_outlives_unread_data() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        far.write_all(&[7; 100_000]).unwrap();
        let peer = thread::spawn(move || far.read(&mut [0; 8]).unwrap_err());
        let ending = near.reject(AlertDescription::ACCESS_DENIED).unwrap();
        assert_eq!(ending.writing, WriteEnd::FatalAlertSent(AlertDescription::ACCESS_DENIED), "{version}");
        let error = peer.join().unwrap();
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version} {error}");
    }
}

#[test]
fn lingering_saves_a_response_that_unread_data_would_destroy() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        far.write_all(b"a request that nobody reads").unwrap();
        let peer = thread::spawn(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).map(|_| all.len())
        });
        near.write_all(&vec![1; 1 << 20]).unwrap();
        near.close(Close::Linger).unwrap();
        assert_eq!(peer.join().unwrap().unwrap(), 1 << 20, "{version}");
    }
}

#[test]
fn a_peer_that_never_answers_is_waited_for_no_longer_than_agreed() {
    let reject = None;
    for close in [Some(Close::Graceful), Some(Close::Linger), reject] {
        for (version, mut near, far) in each_end(Policy::STRICT) {
            near.set_patience(Duration::from_millis(60));
            let start = Instant::now();
            let ending = match close {
                Some(close) => near.close(close).unwrap(),
                None => near.reject(AlertDescription::ACCESS_DENIED).unwrap(),
            };
            assert!(start.elapsed() < Duration::from_secs(2), "{version} {close:?}");
            assert!(near.transport().is_none());
            let timed_out = if close == Some(Close::Graceful) { ReadEnd::TimedOut } else { ending.reading };
            assert_eq!(ending.reading, timed_out);
            drop(far);
        }
    }
}

// The patience counts, whatever timeout the application has set, and the socket keeps its timeouts.
#[test]
fn a_close_neither_heeds_nor_changes_the_timeouts_of_its_socket() {
    let (short, long) = (Duration::from_millis(1), Duration::from_secs(60));
    for timeout in [short, long] {
        for (version, mut near, far) in each_end(Policy::STRICT) {
            let socket = near.transport().unwrap().try_clone().unwrap();
            socket.set_read_timeout(Some(timeout)).unwrap();
            socket.set_write_timeout(Some(timeout)).unwrap();
            let usual = (socket.read_timeout().unwrap(), socket.write_timeout().unwrap());
            near.set_patience(Duration::from_millis(60));
            let start = Instant::now();
            let ending = near.close(Close::Graceful).unwrap();
            assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
            assert!(start.elapsed() >= Duration::from_millis(50) && start.elapsed() < Duration::from_secs(2));
            assert_eq!((socket.read_timeout().unwrap(), socket.write_timeout().unwrap()), usual);
            drop(far);
        }
    }
}

#[test]
fn a_socket_that_does_not_block_returns_would_block_before_and_during_a_close() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        near.transport().unwrap().set_nonblocking(true).unwrap();
        let error = near.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{version}");
        let error = near.close(Close::Graceful).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{version}");
        assert_eq!(near.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock, "{version}");
        far.read_to_end(&mut Vec::new()).unwrap();
        assert!(far.close(Close::Graceful).unwrap().is_clean());
        assert!(near.close(Close::Graceful).unwrap().is_clean(), "{version}");
    }
}

#[test]
fn endless_patience_is_no_panic() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let peer = answering(far, Close::Graceful);
        near.set_patience(Duration::MAX);
        assert!(near.close(Close::Graceful).unwrap().is_clean(), "{version}");
        peer.join().unwrap();
    }
}

#[test]
fn a_peer_that_reads_nothing_does_not_hold_up_a_close() {
    let (mut near, far) = streams(Version::Tls13, Policy::STRICT);
    near.set_patience(Duration::from_millis(60));
    near.transport().unwrap().set_nonblocking(true).unwrap();
    while near.write(&[0; 16_384]).is_ok() {}
    near.transport().unwrap().set_nonblocking(false).unwrap();
    let ending = near.close(Close::Graceful).unwrap();
    assert!(matches!(ending.writing, WriteEnd::PartlyWritten | WriteEnd::NotSent(_)), "{ending}");
    assert_eq!(ending.delivery, Delivery::Lost);
    drop(far);
}

#[test]
fn a_bad_record_after_our_close_notify_neither_panics_nor_sends_an_alert() {
    for version in VERSIONS {
        let (mut near, far) = streams(version, Policy::STRICT);
        let mut raw = far.transport().unwrap().try_clone().unwrap();
        raw.write_all(&FORGED).unwrap();
        near.set_patience(Duration::from_millis(50));
        let ending = near.close(Close::Graceful).unwrap();
        assert_eq!(ending.reading, ReadEnd::Refused(AlertDescription::BAD_RECORD_MAC), "{version}");
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent);
        let mut wire = Vec::new();
        raw.read_to_end(&mut wire).unwrap();
        let first = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
        assert_eq!(wire.len(), first, "{version}: one record, close_notify, and then the FIN");
        drop(far);
    }
}

#[test]
fn bytes_after_close_notify_are_handed_back() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        let peer = thread::spawn(move || {
            let (mut socket, leftover) = far.hand_back().unwrap();
            socket.write_all(b"plain ").unwrap();
            socket.write_all(b"again").unwrap();
            socket.shut_write().unwrap();
            leftover
        });
        let (mut socket, mut bytes) = near.hand_back().unwrap();
        socket.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"plain again", "{version}");
        assert!(peer.join().unwrap().is_empty());
    }
}

#[test]
fn a_hand_back_fails_where_the_peer_sends_no_close_notify() {
    for (version, mut near, mut far) in each_end(Policy::STRICT) {
        shut(&far);
        let peer = thread::spawn(move || drop(far.read(&mut [0; 8])));
        let error = near.hand_back().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version}");
        peer.join().unwrap();
    }
}

/// A FIN without close_notify. Dropping would do the same, or reset if tickets are unread.
fn shut(stream: &Socket) {
    stream.transport().unwrap().shutdown(std::net::Shutdown::Write).unwrap();
}

#[test]
fn a_bare_fin_is_a_truncation_with_the_text_that_people_search_for() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        shut(&far);
        let error = near.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{version}");
        let text = "peer closed connection without sending TLS close_notify";
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_bare_fin_is_accepted_if_the_policy_and_the_framing_say_so() {
    let policy = Policy { missing_notify: MissingNotify::BetweenMessages, ..Policy::STRICT };
    for (version, mut near, far) in each_end(policy) {
        shut(&far);
        near.set_framing(FramingState::BetweenMessages);
        assert_eq!(near.read(&mut [0; 8]).unwrap(), 0, "{version}");
        near.set_framing(FramingState::InsideMessage);
        near.read(&mut [0; 8]).unwrap_err();
    }
}

// fatal-is-an-error, rst-is-not-close: that every message was whole does not make these ends clean
#[test]
fn a_reset_an_alert_or_a_timeout_between_messages_is_an_error() {
    type Ends = (fn(&mut Socket, &mut Socket), ErrorKind);
    let ends: [Ends; 4] = [
        (|_, far| assert!(!far.abort().unwrap().is_clean()), ErrorKind::ConnectionReset),
        (|_, far| send_alert(far), ErrorKind::ConnectionAborted),
        (|_, far| send_half_a_record(far), ErrorKind::UnexpectedEof),
        (|near, _| time_out(near), ErrorKind::TimedOut),
    ];
    for missing_notify in [MissingNotify::BetweenMessages, MissingNotify::Accept] {
        for (end, kind) in ends {
            for (version, mut near, mut far) in each_end(Policy { missing_notify, ..Policy::STRICT }) {
                near.set_framing(FramingState::BetweenMessages);
                end(&mut near, &mut far);
                let error = near.read(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), kind, "{version} {missing_notify} {error}");
            }
        }
    }
}

fn send_alert(stream: &mut Socket) {
    stream.set_patience(Duration::ZERO);
    stream.reject(AlertDescription::ACCESS_DENIED).unwrap();
}

fn send_half_a_record(stream: &mut Socket) {
    stream.transport().unwrap().write_all(&FORGED[..3]).unwrap();
    shut(stream);
}

fn time_out(stream: &mut Socket) {
    stream.set_patience(Duration::from_millis(20));
    stream.close(Close::Graceful).unwrap();
}

#[test]
fn late_data_is_kept_for_the_reader_after_a_close() {
    for late_data in [LateData::Deliver, LateData::Discard] {
        let policy = Policy { late_data, ..Policy::STRICT };
        let (mut near, mut far) = streams(Version::Tls13, policy);
        far.write_all(&[9; 50_000]).unwrap();
        let peer = thread::spawn(move || far.close(Close::Graceful).unwrap());
        let ending = near.close(Close::Graceful).unwrap();
        let mut all = Vec::new();
        // no-ok-over-a-loss: what was thrown away is missing from what is read
        let read = near.read_to_end(&mut all);
        assert_eq!(read.is_err(), late_data == LateData::Discard);
        let kept = if late_data == LateData::Deliver { 50_000 } else { 0 };
        assert_eq!(all.len(), kept);
        assert_eq!(ending.late > 0, late_data == LateData::Discard);
        peer.join().unwrap();
    }
}

#[test]
fn a_key_update_after_our_close_notify_gets_no_answer() {
    let (near, far) = sockets();
    let peer = thread::spawn(move || {
        let mut server =
            rustls::ServerConnection::new(server_config(Version::Tls13, hooked()).into()).unwrap();
        let mut socket = far;
        while server.is_handshaking() {
            server.complete_io(&mut socket).unwrap();
        }
        let mut reader = rustls::StreamOwned::new(server, socket);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
        reader.conn.refresh_traffic_keys().unwrap();
        reader.conn.send_close_notify();
        reader.flush().unwrap();
        let mut after = Vec::new();
        reader.sock.read_to_end(&mut after).unwrap();
        after
    });
    let mut client = Stream::new(client(client_config(Version::Tls13, hooked())), near, Policy::STRICT);
    client.complete_handshake().unwrap();
    assert!(client.close(Close::Graceful).unwrap().is_clean());
    assert!(peer.join().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn unix_sockets_close_the_same() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let config = server_config(Version::Tls12, hooked());
    let peer = thread::spawn(move || {
        let mut server = Stream::new(server(config), far, Policy::STRICT);
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
        server.close(Close::Graceful).unwrap()
    });
    let mut client = Stream::new(client(client_config(Version::Tls12, hooked())), near, Policy::STRICT);
    client.complete_handshake().unwrap();
    assert!(client.close(Close::Graceful).unwrap().is_clean());
    assert!(peer.join().unwrap().is_clean());
}

#[test]
fn a_megabyte_arrives_whole() {
    for (version, mut near, far) in each_end(Policy::STRICT) {
        let peer = answering(far, Close::Graceful);
        let data: Vec<u8> = (0..1_000_000_u32).map(|i| i as u8).collect();
        near.write_all(&data).unwrap();
        assert!(near.close(Close::Graceful).unwrap().is_clean());
        assert_eq!(peer.join().unwrap().0, data, "{version}");
    }
}

/// Writes until the socket takes no more; returns how much was taken.
fn fill(stream: &mut Socket) -> usize {
    stream.transport().unwrap().set_nonblocking(true).unwrap();
    let mut written = 0;
    while let Ok(count) = stream.write(&[7; 16_384]) {
        written += count;
    }
    stream.transport().unwrap().set_nonblocking(false).unwrap();
    written
}

#[test]
fn two_ends_that_both_have_full_buffers_close_at_once_and_lose_nothing() {
    let policy = Policy { drain_budget: u32::MAX, keep_budget: u32::MAX, ..Policy::STRICT };
    for version in VERSIONS {
        let (mut client, mut server) = streams(version, policy);
        let sent = [fill(&mut client), fill(&mut server)];
        let close = |mut stream: Socket| {
            thread::spawn(move || {
                stream.set_patience(Duration::from_secs(60));
                let ending = stream.close(Close::Graceful).unwrap();
                let mut all = Vec::new();
                stream.read_to_end(&mut all).unwrap();
                (all.len(), ending)
            })
        };
        let (near, far) = (close(client), close(server));
        let (near, far) = (near.join().unwrap(), far.join().unwrap());
        assert!(near.1.is_clean() && far.1.is_clean(), "{version}: {}; {}", near.1, far.1);
        assert_eq!([far.0, near.0], sent, "{version}");
    }
}
