//! A relay launders nothing: each end of the upstream, as the downstream sees it.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use close_notify::tasks::{Plain, Relayed, Stream, copy_bidirectional};
use close_notify::{AlertDescription, Close, Ending, FindEnding, MissingNotify, Policy, ReadEnd, Version};
use common::VERSIONS;
use common::tasks::{sockets, streams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

type Tls = Stream<TcpStream>;

/// A client and a server with a relay between them.
async fn relayed(version: Version, policy: Policy) -> (Tls, Tls, JoinHandle<Relayed>) {
    let (client, mut downstream) = streams(version, Policy::STRICT).await;
    let (mut upstream, server) = streams(version, policy).await;
    let relay =
        tokio::spawn(async move { copy_bidirectional(&mut downstream, &mut upstream).await.unwrap() });
    (client, server, relay)
}

#[tokio::test]
async fn a_clean_end_stays_clean_both_ways() {
    for version in VERSIONS {
        let (mut client, mut server, relay) = relayed(version, Policy::STRICT).await;
        client.write_all(&[1; 100_000]).await.unwrap();
        server.read_exact(&mut vec![0; 100_000]).await.unwrap();
        server.write_all(&[2; 70_000]).await.unwrap();
        let server = tokio::spawn(async move { server.close(Close::Graceful).await.unwrap() });
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, vec![2; 70_000]);
        assert!(client.close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        assert!(server.await.unwrap().is_clean(), "{version}");
        let relayed = relay.await.unwrap();
        assert!(relayed.is_whole, "{relayed:?}");
        assert_eq!(relayed.bytes, [100_000, 70_000]);
        assert!(relayed.endings.iter().all(|ending| ending.unwrap().is_clean()), "{relayed:?}");
    }
}

#[tokio::test]
async fn in_tls_13_a_direction_ends_alone() {
    let (mut client, mut server, relay) = relayed(Version::Tls13, Policy::STRICT).await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    server.write_all(b"answer").await.unwrap();
    server.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    assert!(relay.await.unwrap().is_whole);
}

/// What the client reads if the server ends in this way after some data.
async fn seen_by_the_client(version: Version, policy: Policy, end: impl AsyncFnOnce(Tls)) -> Ending {
    let (mut client, mut server, relay) = relayed(version, policy).await;
    server.write_all(b"half of it").await.unwrap();
    client.read_exact(&mut [0; 10]).await.unwrap();
    end(server).await;
    let error = client.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert!(!relay.await.unwrap().is_whole);
    Ending::find(&error).unwrap()
}

#[tokio::test]
async fn a_truncated_upstream_resets_the_downstream() {
    for version in VERSIONS {
        let ending = seen_by_the_client(version, Policy::STRICT, async |server| {
            drop(server);
        })
        .await;
        assert_eq!(ending.reading, ReadEnd::Reset, "{version}");
    }
}

#[tokio::test]
async fn a_truncation_that_the_policy_tolerates_is_not_passed_on_as_an_end() {
    let lenient = Policy { missing_notify: MissingNotify::Accept, ..Policy::STRICT };
    for version in VERSIONS {
        let ending = seen_by_the_client(version, lenient, async |server| drop(server)).await;
        assert_eq!(ending.reading, ReadEnd::Reset, "{version}");
    }
}

#[tokio::test]
async fn a_reset_upstream_resets_the_downstream() {
    for version in VERSIONS {
        let ending = seen_by_the_client(version, Policy::STRICT, async |mut server| {
            server.abort().unwrap();
        })
        .await;
        assert_eq!(ending.reading, ReadEnd::Reset, "{version}");
    }
}

#[tokio::test]
async fn an_alert_of_the_upstream_is_no_end_for_the_downstream() {
    for version in VERSIONS {
        let ending = seen_by_the_client(version, Policy::STRICT, async |mut server| {
            server.reject(AlertDescription::INTERNAL_ERROR).await.unwrap();
        })
        .await;
        assert_eq!(ending.reading, ReadEnd::Reset, "{version}");
    }
}

#[tokio::test]
async fn a_truncated_client_resets_the_backend_without_tls() {
    for version in VERSIONS {
        let (mut client, mut downstream) = streams(version, Policy::STRICT).await;
        let (upstream, mut backend) = sockets().await;
        let relay = tokio::spawn(async move {
            copy_bidirectional(&mut downstream, &mut Plain::new(upstream)).await.unwrap()
        });
        client.write_all(b"half of it").await.unwrap();
        backend.read_exact(&mut [0; 10]).await.unwrap();
        drop(client);
        let error = backend.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{version}");
        assert!(!relay.await.unwrap().is_whole);
    }
}

#[tokio::test]
async fn the_fin_of_a_backend_without_tls_becomes_a_close_notify() {
    for version in VERSIONS {
        let (mut client, mut downstream) = streams(version, Policy::STRICT).await;
        let (upstream, mut backend) = sockets().await;
        let relay = tokio::spawn(async move {
            copy_bidirectional(&mut downstream, &mut Plain::new(upstream)).await.unwrap()
        });
        backend.write_all(b"all of it").await.unwrap();
        drop(backend);
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "all of it");
        assert!(client.close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        assert!(relay.await.unwrap().is_whole);
    }
}
