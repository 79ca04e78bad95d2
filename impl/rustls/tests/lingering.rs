//! What is left to TCP alone goes to the service, and the peer gets to read every last word.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests: clippy knows the tests alone")]

mod common;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use close_notify::linger::{Limits, Lingerer};
use close_notify::{
    Acceptor, AlertDescription, Connector, Ending, FindEnding, Manner, Policy, ReadEnd, WriteEnd,
};
use common::tasks;
use common::{VERSIONS, client_config, hooked, streams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn a_lingering_close_is_done_at_once_and_its_socket_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let (mut near, mut far) = streams(version, Policy::STRICT);
        near.set_lingerer(&lingerer);
        far.write_all(&[7; 50_000]).unwrap();
        near.write_all(b"the last response").unwrap();
        let ending = near.close(Manner::Linger).unwrap();
        assert_eq!(ending.writing, WriteEnd::CloseNotifySent, "{version}");
        assert!(near.transport().is_none());
        assert_eq!(lingerer.counters().lingering, 1);
        drop(near);

        let mut all = String::new();
        far.read_to_string(&mut all).unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(far);
        let counters = lingerer.finish(soon());
        assert_eq!((counters.by_fin + counters.reset, counters.ended()), (1, 1), "{counters}");
        assert!(counters.drained >= 50_000, "{counters}");
    }
}

#[test]
fn a_rejection_is_read_though_the_peer_writes_on() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let (mut near, mut far) = streams(version, Policy::STRICT);
        near.set_lingerer(&lingerer);
        far.write_all(&[7; 50_000]).unwrap();
        near.reject(AlertDescription::ACCESS_DENIED).unwrap();
        assert_eq!(lingerer.counters().lingering, 1);
        drop(near);
        drop(far.write_all(&[7; 10_000]));
        let error = far.read(&mut [0; 8]).unwrap_err();
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(far);
        assert_eq!(lingerer.finish(soon()).ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_behind_its_shutdown_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        server.write_all(b"the last response").await.unwrap();
        // As HTTP libraries do.
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(client);
        assert_eq!(lingerer.finish_async(soon()).await.ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_in_the_middle_of_a_request_lingers() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        // More was read of the socket than this: it stands in our own buffer, and nobody wants it.
        server.read_exact(&mut [0; 10]).await.unwrap();
        server.write_all(b"the last response").await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 1, "{version}");
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "the last response", "{version}");
        drop(client);
        assert_eq!(lingerer.finish_async(soon()).await.ended(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_has_read_more_than_its_budget_does_not_linger() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) =
            tasks::streams(version, Policy { drain_budget: 100, ..Policy::STRICT }).await;
        server.set_lingerer(&lingerer);
        client.write_all(&[7; 50_000]).await.unwrap();
        server.read_exact(&mut [0; 10]).await.unwrap();
        server.shutdown().await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 0, "{version}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_before_its_last_word_does_not_linger() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn_tokio(Limits::DEFAULT).unwrap();
        let (mut client, mut server) = tasks::streams(version, Policy::STRICT).await;
        server.set_lingerer(&lingerer);
        server.write_all(b"half of it").await.unwrap();
        drop(server);
        assert_eq!(lingerer.counters().lingering, 0, "{version}");
        let mut all = Vec::new();
        let error = client.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(all, b"half of it");
        assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::TruncatedAtBoundary, "{version}");
    }
}

#[test]
fn a_handshake_that_fails_is_done_once_its_alert_has_left() {
    for version in VERSIONS {
        let lingerer = Lingerer::spawn(Limits::DEFAULT).unwrap();
        let acceptor = Acceptor::new(common::demanding_server_config(version), Policy::STRICT);
        // Without the service it would wait for as long as the client does nothing.
        let acceptor = acceptor.handshake_within(Duration::MAX).with_lingerer(&lingerer);
        let (near, far) = common::sockets();
        let (tell, told) = std::sync::mpsc::channel();
        let client = std::thread::spawn(move || {
            let connector = Connector::new(client_config(version, hooked()), Policy::STRICT);
            let client = connector.connect("localhost".try_into().unwrap(), near);
            told.recv().unwrap();
            client.and_then(|mut client| client.read(&mut [0; 8]).map(|_| ())).unwrap_err()
        });
        let error = acceptor.accept(far).unwrap_err();
        assert!(
            matches!(Ending::find(&error).unwrap().writing, WriteEnd::FatalAlertSent(_)),
            "{version}: {error}"
        );
        tell.send(()).unwrap();
        let error = client.join().unwrap();
        assert!(
            matches!(Ending::find(&error).unwrap().reading, ReadEnd::FatalAlert(_)),
            "{version}: {error}"
        );
        assert_eq!(lingerer.finish(soon()).ended(), 1);
    }
}
