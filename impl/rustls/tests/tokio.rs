//! What only tasks show: cancels, halves in separate tasks, wake-ups, streams of tokio-rustls.
#![allow(clippy::unwrap_used, reason = "test helpers: clippy exempts only the tests themselves")]

mod common;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use close_notify::tasks::{Stream, Transport, WithEnding};
use close_notify::{AlertDescription, Close, Ending, FindEnding, Policy, ReadEnd, Version, WriteEnd};
use common::tasks::{once, over, pipes, sockets};
use common::{VERSIONS, client, client_config, hooked, server_config};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpStream;

async fn streams(version: Version) -> (Stream<TcpStream>, Stream<TcpStream>) {
    over(version, Policy::STRICT, sockets().await).await
}

#[tokio::test]
async fn a_graceful_close_is_clean_on_both_sides() {
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        near.write_all(b"hello").await.unwrap();
        let peer = tokio::spawn(async move {
            let mut all = String::new();
            far.read_to_string(&mut all).await.unwrap();
            (all, far.close(Close::Graceful).await.unwrap())
        });
        assert!(near.close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        let (all, ending) = peer.await.unwrap();
        assert_eq!(all, "hello");
        assert!(ending.is_clean(), "{version}");
    }
}

#[tokio::test]
async fn a_close_that_is_cancelled_at_every_await_goes_on() {
    for version in VERSIONS {
        // A pipe of one byte: every byte is a separate wait.
        let (mut near, mut far) = pipes(version, 1).await;
        let mut endings = [None, None];
        for turn in 0..10_000 {
            let (stream, ending) =
                if turn % 2 == 0 { (&mut near, &mut endings[0]) } else { (&mut far, &mut endings[1]) };
            if ending.is_none()
                && let Poll::Ready(ended) = once(stream.close(Close::Graceful))
            {
                *ending = Some(ended.unwrap());
            }
            tokio::task::yield_now().await;
        }
        for ending in endings {
            assert!(ending.unwrap_or_else(|| panic!("{near:?} {far:?}")).is_clean(), "{version}");
        }
    }
}

#[tokio::test]
async fn an_abort_frees_both_halves() {
    for version in VERSIONS {
        let (near, far) = pipes(version, 64).await;
        let (mut read, mut write) = near.into_split();
        let handle = read.handle().clone();
        let writer = tokio::spawn(async move { write.write_all(&[7; 1 << 20]).await.unwrap_err() });
        let reader = tokio::spawn(async move { read.read(&mut [0; 8]).await.unwrap_err() });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!writer.is_finished() && !reader.is_finished());
        handle.abort().unwrap();
        for error in [writer.await.unwrap(), reader.await.unwrap()] {
            assert!(matches!(Ending::find(&error).unwrap().writing, WriteEnd::Aborted { .. }), "{error}");
        }
        drop(far);
    }
}

#[tokio::test]
async fn a_graceful_close_ends_a_write_that_waits_and_says_what_is_lost() {
    for version in VERSIONS {
        let (near, mut far) = pipes(version, 64).await;
        let (read, mut write) = near.into_split();
        let writer = tokio::spawn(async move {
            let mut written = 0;
            loop {
                match write.write(&[7; 4096]).await {
                    Ok(count) => written += count,
                    Err(error) => return (written, error.kind()),
                }
            }
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!writer.is_finished());
        let closer = tokio::spawn(async move { read.handle().close(Close::Graceful).await.unwrap() });
        let (written, kind) = writer.await.unwrap();
        assert_eq!(kind, io::ErrorKind::BrokenPipe, "a write after our own close is refused");
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), written, "what was taken leaves before the close_notify");
        assert!(far.close(Close::Graceful).await.unwrap().is_clean(), "{version}");
        assert!(closer.await.unwrap().is_clean(), "{version}");
    }
}

#[tokio::test]
async fn poll_shutdown_says_close_notify_and_reading_goes_on() {
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        near.shutdown().await.unwrap();
        assert_eq!(near.ending().writing, WriteEnd::CloseNotifySent, "{version}");
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        if version == Version::Tls13 {
            far.write_all(b"the answer").await.unwrap();
        }
        far.shutdown().await.unwrap();
        let mut all = String::new();
        near.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, if version == Version::Tls13 { "the answer" } else { "" });
        assert!(near.ending().is_clean() && far.ending().is_clean(), "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_costs_the_patience_and_no_more() {
    for version in VERSIONS {
        let (mut near, far) = pipes(version, 1 << 16).await;
        let start = tokio::time::Instant::now();
        near.set_patience(Duration::from_secs(3));
        let ending = near.close(Close::Graceful).await.unwrap();
        assert_eq!(ending.reading, ReadEnd::TimedOut, "{version}");
        assert_eq!(start.elapsed().as_secs(), 3);
        drop(far);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_hangs_ends_by_its_deadline() {
    let (near, far) = duplex(1 << 16);
    let mut client = Stream::new(client(client_config(Version::Tls13, hooked())), near, Policy::STRICT);
    let error = client.complete_handshake_within(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!(Ending::find(&error).unwrap().reading, ReadEnd::TimedOut, "{error}");
    assert!(client.transport().is_none());
    drop(far);
}

#[tokio::test]
async fn a_stream_of_tokio_rustls_ends_as_ours_in_the_middle_of_its_use() {
    for version in VERSIONS {
        let (near, far) = sockets().await;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client_config(version, hooked())));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server_config(version, hooked())));
        let name = "localhost".try_into().unwrap();
        let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.write_all(&[7; 40_000]).await.unwrap();
        client.flush().await.unwrap();
        // Read in part: rustls holds a piece of the next record.
        server.read_exact(&mut [0; 100]).await.unwrap();

        let mut server = server.with_ending(Policy::STRICT);
        let peer = tokio::spawn(async move {
            let mut all = Vec::new();
            server.read_to_end(&mut all).await.unwrap();
            (all.len(), server.close(Close::Graceful).await.unwrap())
        });
        assert!(client.close(Policy::STRICT, Close::Graceful).await.unwrap().is_clean(), "{version}");
        let (length, ending) = peer.await.unwrap();
        assert_eq!(length, 39_900);
        assert!(ending.is_clean(), "{version}");
    }
}

#[tokio::test]
async fn a_rejection_is_read_by_name_though_the_client_wrote_more() {
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        near.write_all(&[7; 100_000]).await.unwrap();
        let server = tokio::spawn(async move { far.reject(AlertDescription::ACCESS_DENIED).await.unwrap() });
        let error = loop {
            if let Err(error) = near.write_all(&[7; 10_000]).await {
                break error;
            }
        };
        let reading = Ending::find(&error).unwrap_or_else(|| panic!("{error:?}")).reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(near);
        server.await.unwrap();
    }
}

/// A pipe whose writes fail from some moment on, while it can still be read.
struct Broken {
    pipe: DuplexStream,
    fails: Arc<AtomicBool>,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, to)
    }
}

impl AsyncWrite for Broken {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.fails.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.pipe).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

impl Transport for Broken {
    fn reset(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// salvage-alert: a task that is polled again has not forgotten what it waits for
#[tokio::test]
async fn a_failed_write_waits_for_the_alert_however_often_it_is_polled() {
    for version in VERSIONS {
        let fails = Arc::new(AtomicBool::new(false));
        let (near, far) = duplex(1 << 16);
        let near = Broken { pipe: near, fails: Arc::clone(&fails) };
        let (mut near, mut far) =
            over(version, Policy::STRICT, (near, Broken { pipe: far, fails: Arc::default() })).await;
        fails.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            assert!(once(near.write(b"refused")).is_pending(), "{version}");
        }
        assert!(once(near.flush()).is_pending(), "{version}");
        let server = tokio::spawn(async move { far.reject(AlertDescription::ACCESS_DENIED).await.unwrap() });
        let error = near.write(b"refused").await.unwrap_err();
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(near);
        server.await.unwrap();
    }
}

// salvage-alert: a flush that finds a last word in its way waits for the alert like any write
#[tokio::test]
async fn a_flush_after_a_last_word_that_failed_waits_for_the_alert() {
    for version in VERSIONS {
        let fails = Arc::new(AtomicBool::new(false));
        let (near, far) = duplex(8);
        let near = Broken { pipe: near, fails: Arc::clone(&fails) };
        let (mut near, mut far) =
            over(version, Policy::STRICT, (near, Broken { pipe: far, fails: Arc::default() })).await;
        assert!(once(near.shutdown()).is_pending(), "{version}: there is no room for a close_notify");
        fails.store(true, Ordering::Relaxed);
        assert!(once(near.flush()).is_pending(), "{version}");
        let server = tokio::spawn(async move { far.reject(AlertDescription::ACCESS_DENIED).await.unwrap() });
        let error = near.flush().await.unwrap_err();
        let reading = Ending::find(&error).unwrap().reading;
        assert_eq!(reading, ReadEnd::FatalAlert(AlertDescription::ACCESS_DENIED), "{version}: {error}");
        drop(near);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn the_transport_comes_back_with_what_came_after_the_close_notify() {
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        let peer = tokio::spawn(async move {
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
            let (mut socket, leftover) = far.hand_back().await.unwrap();
            assert_eq!(leftover, b"");
            socket.write_all(b"220 plain again").await.unwrap();
        });
        let (mut socket, mut leftover) = near.hand_back().await.unwrap();
        socket.read_to_end(&mut leftover).await.unwrap();
        assert_eq!(leftover, b"220 plain again", "{version}");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn the_tracker_can_be_asked_while_the_stream_or_its_halves_have_it() {
    use close_notify::framing::http::{Requests, Responses};
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        assert!(near.tracker::<Responses>().is_none());
        near.set_tracker(Responses::new());
        near.write_all(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(near.tracker::<Responses>().map(Responses::owed), Some(2), "{version}");
        let (mut read, write) = near.into_split();
        far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        read.read_exact(&mut [0; 27]).await.unwrap();
        assert!(once(read.read(&mut [0; 8])).is_pending());
        let handle = write.handle();
        assert_eq!(handle.with_tracker::<Responses, _>(|responses| responses.owed()), Some(1));
        assert_eq!(handle.with_tracker(|requests: &Requests| requests.is_switched()), None);
        let near = read.reunite(write).unwrap();
        assert_eq!(near.tracker::<Responses>().map(Responses::owed), Some(1));
    }
}

#[tokio::test]
async fn an_idle_peer_that_has_closed_is_noticed_at_once() {
    for version in VERSIONS {
        let (mut near, mut far) = streams(version).await;
        assert!(!near.peer_closed_now().unwrap(), "{version}");
        far.shutdown().await.unwrap();
        near.transport().unwrap().readable().await.unwrap();
        assert!(near.peer_closed_now().unwrap(), "{version}");
        assert_eq!(near.ending().reading, ReadEnd::CloseNotify);
    }
}

#[tokio::test]
async fn a_codec_runs_on_it_and_ends_as_the_connection_does() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
    for version in VERSIONS {
        let (near, far) = streams(version).await;
        let (mut near, mut far) = (Framed::new(near, LinesCodec::new()), Framed::new(far, LinesCodec::new()));
        near.send("one line").await.unwrap();
        assert_eq!(far.next().await.unwrap().unwrap(), "one line");
        // The codec's close is a shutdown: it says close_notify.
        SinkExt::<&str>::close(&mut near).await.unwrap();
        assert!(far.next().await.is_none(), "{version}");

        let (near, far) = streams(version).await;
        let mut far = Framed::new(far, LinesCodec::new());
        drop(near);
        let Some(Err(LinesCodecError::Io(error))) = far.next().await else { panic!("a cut is an error") };
        assert!(Ending::find(&error).is_some(), "{version}: {error}");
    }
}

/// Everything of the crate in scope.
mod with_a_glob {
    use close_notify::*;

    #[tokio::test]
    async fn tokio_is_still_the_runtime() {
        tokio::task::yield_now().await;
        assert_eq!(Policy::default(), Policy::STRICT);
    }
}
